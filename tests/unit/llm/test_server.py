"""The loopback server as another process uses it, and what it says of a test's own mistakes."""

from __future__ import annotations

from typing import Any

import anyio
import httpx2
import pytest

from devskyy_mcp.llm.folding import fold
from devskyy_mcp.llm.port import LLMError
from tests.fakes.llm.server import Answer, Asked, speaking

from .asking import FAR, ORDERS, PROVIDERS, Desk, request

SCRIPT: list[dict[str, Any]] = [
    {
        "text": ["Five ", "orders."],
        "calls": [{"name": "orders_list", "arguments": {"limit": 5}}],
        "usage": {"input": 3},
    },
    {"kind": "overloaded", "retry_after": "2"},
    {"text": "Six.", "fault": {"harm": "truncated"}},
]


async def test_a_script_comes_by_wire(desk: Desk) -> None:
    name, models = PROVIDERS[0], desk.models
    models.script.clear()
    adapter, until = await desk.adapter(name), anyio.current_time() + FAR
    async with httpx2.AsyncClient(base_url=models.address, trust_env=False) as http:
        assert (await http.post("/_say", json=SCRIPT)).status_code == 204
        turn = await fold(adapter.stream(request(name, tools=(ORDERS,)), until))
        kinds: list[str] = []
        for _ in range(2):
            with pytest.raises(LLMError) as caught:
                await fold(adapter.stream(request(name), until))
            kinds.append(caught.value.kind)
        seen = (await http.get("/_asked")).json()
    assert turn.text == "Five orders."
    assert turn.calls[0].arguments == {"limit": 5}
    assert turn.usage.input == 3
    assert kinds == ["overloaded", "truncated"]
    assert [one["provider"] for one in seen["asked"]][-3:] == [name] * 3
    assert not seen["faults"]


@pytest.mark.parametrize("name", PROVIDERS)
async def test_a_model_may_answer_by_what_it_is_asked(desk: Desk, name: Any) -> None:
    desk.models.script.clear()

    def echo(asked: Asked) -> Answer:
        return Answer(str("How many" in str(asked.body)))

    desk.models.always = echo
    try:
        turn = await fold((await desk.adapter(name)).stream(request(name), anyio.current_time() + FAR))
    finally:
        desk.models.always = None
    assert turn.text == "True"


async def ask_in_vain() -> None:
    async with speaking() as models, httpx2.AsyncClient(trust_env=False) as http:
        headers = {"authorization": f"Bearer {models.settings('openai')['openai_api_key']}"}
        assert (await http.post(models.url("openai") + "/responses", json={}, headers=headers)).status_code == 501


async def test_a_test_that_says_nothing_fails() -> None:
    with pytest.raises(AssertionError, match="nothing to say to openai"):
        await ask_in_vain()
