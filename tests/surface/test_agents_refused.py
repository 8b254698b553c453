"""What no run of an agent could do is refused at once, on every surface, in the same words, with what to do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devskyy_mcp.surfaces.http import create_http
from tests.fakes.jobs import Press
from tests.fakes.llm.server import Answer as Said
from tests.fakes.llm.server import Fault, Refusal
from tests.fakes.notes import Notes
from tests.fakes.packs import Waiting
from tests.surface.equal.ways import process_env
from tests.surface.mcp.world import World, error_of, host
from tests.unit.agents.runs.bed import Bed, bed

pytestmark = pytest.mark.requirement("runs:bad-input")
HAND = "shop-hand"
WRONG: list[tuple[dict[str, Any], str, str, str]] = [
    ({"agent": HAND, "request": " "}, "invalid_arguments", "Nothing is wanted.", "Give a request, or arguments"),
    (
        {"agent": "shop-hnd", "request": "x"},
        "not_found",
        "There is no agent called 'shop-hnd'.",
        "Did you mean shop-hand?",
    ),
    ({"agent": HAND, "arguments": {"prodct": "x"}}, "invalid_arguments", "did you mean product?", "takes: product."),
    ({"agent": HAND, "arguments": {"product": "x" * 20_000}}, "too_large", "at most 10,000 characters", ""),
    ({"agent": HAND, "request": "x" * 9_000}, "invalid_arguments", "at most 8000 characters", ""),
    ({"agent": HAND, "request": "x" * 2_000_000}, "too_large", "larger than 512 KiB", "Split the work"),
    ({"agent": HAND, "request": "x", "caps": {"usd": 0}}, "invalid_arguments", "caps.usd should be greater than 0", ""),
]


async def said(here: Bed, given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The refusal over MCP and over REST."""
    world = World(here.desk.app, Notes(), Waiting(), Press())
    async with host(world, ("memory", "modern")) as client:
        over_mcp = error_of(await client.call_tool("agents_run", given))
    site = create_http(here.desk.app)
    transport = httpx2.ASGITransport(app=site)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", trust_env=False) as http:
        answer = await http.post("/api/v1/tools/agents_run", json=given)
    assert answer.status_code >= 400, answer.text
    return over_mcp, answer.json()


@pytest.mark.parametrize(("given", "code", "message", "hint"), WRONG, ids=lambda value: str(value)[:30])
async def test_what_is_wrong_with_a_call(
    tmp_path: Path, given: dict[str, Any], code: str, message: str, hint: str
) -> None:
    async with bed(tmp_path) as here:
        over_mcp, over_rest = await said(here, given)
        assert (over_mcp["code"], over_rest["code"]) == (code, code)
        assert message in over_mcp["message"]
        assert message in over_rest["detail"]
        assert hint in over_rest.get("hint", "")
        assert len(json.dumps(over_rest)) < 2_000
        assert (await here.desk.do("jobs_list"))["jobs"] == []
        assert here.models.asked == []


async def test_no_key(tmp_path: Path) -> None:
    async with bed(tmp_path, worker="on", anthropic_api_key=None) as here:
        over_mcp, over_rest = await said(here, {"agent": HAND, "request": "x"})
        assert over_mcp["code"] == over_rest["code"] == "not_configured"
        assert "No provider of language models is set up" in over_rest["detail"]
        for words in ("such as ANTHROPIC_API_KEY", "agents_brief gives a host's own model"):
            assert words in over_rest["hint"]
            assert words in over_mcp["hint"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("price-strategist", "Look."), ["No provider of language models is set up", "ANTHROPIC_API_KEY"]),
        (("price-stratgist", "Look."), ["There is no agent called 'price-stratgist'", "Did you mean price-strategist"]),
        (("price-strategist", "--argument", "scope"), ["--argument scope has no value."]),
        (("price-strategist",), ["Nothing is wanted."]),
    ],
)
def test_at_the_command_line(tmp_path: Path, words: tuple[str, ...], said: list[str]) -> None:
    command = [sys.executable, "-m", "devskyy_mcp", "agents", "run", *words]
    done = subprocess.run(
        command,
        env={**process_env(tmp_path), "DEVSKYY_WORKER": "on"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode not in {0, 1}, done.stderr
    for one in said:
        assert one in done.stderr


# ---- what only shows when a model is asked ---------------------------------------------------------------------------


async def test_a_wrong_key(tmp_path: Path) -> None:
    async with bed(tmp_path, anthropic_api_key="wrong") as here:
        here.models.always = lambda _asked: Said("never said")
        run = await here.run()
        assert (run["outcome"], run["limit"]) == ("stopped", "model")
        assert "Anthropic does not take the API key. Correct the provider's key in the settings" in run["why"]


async def test_a_model_that_the_provider_does_not_know(tmp_path: Path) -> None:
    async with bed(tmp_path) as here:
        here.models.always = lambda _asked: Refusal("not_found")
        run = await here.run()
        assert (run["outcome"], run["limit"]) == ("stopped", "model")
        assert "llm_models_list shows the models that can be asked" in run["why"]


async def test_cancelled_in_the_middle_of_an_answer(tmp_path: Path) -> None:
    import anyio

    async with bed(tmp_path, worker="on") as here:
        here.models.always = lambda _asked: Said("word " * 50, fault=Fault("silence", 3))
        async with here.desk.app.running(eager=True):
            job = await here.start()
            with anyio.fail_after(60):
                while not here.models.asked:
                    await anyio.sleep(0.05)
                await here.desk.do("jobs_cancel", job=job)
                while (view := await here.view(job)).state != "cancelled":
                    await anyio.sleep(0.05)
                with anyio.fail_after(10):
                    await here.models.asked[0].gone.wait()
            assert len(here.models.asked) == 1
            total = (await here.desk.do("llm_usage_report", since="2020-01-01T00:00:00Z"))["total"]
            assert (total["calls"], total["cost_usd"] > 0) == (1, True), "what it may have cost is in the books"
            assert view.result is None
