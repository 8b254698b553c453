"""Where an answer ends: cut anywhere, given up, and what is left of connections."""

from __future__ import annotations

import re
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, cast

import anyio
import pytest

from devskyy_mcp.llm.folding import fold
from devskyy_mcp.llm.port import LLMError, Name, TextDelta, Turn
from tests.fakes.llm.server import MODEL, TOKENS, Answer, Asked, Called, Fault, Refusal, wire

from .asking import FAR, ORDERS, PROVIDERS, Desk, request

LONG = Answer(("One, ", "two, ", "three."), (Called("orders_list", {"limit": 3}),), ("Let me see.",))
SILENT = Answer(("One, ", "two, ", "three."), fault=Fault("silence"))


def frames(name: Name) -> tuple[int, int]:
    """How many events the long answer has, and how many make it whole."""
    body = b'{"model": "m", "stream": true}'
    asked = Asked(name, "answer", "/v1/models/m:streamGenerateContent", "", {}, body, 0)
    spoken = wire(name).answer(LONG, asked)
    return len(spoken.events), spoken.needed or len(spoken.events)


@pytest.mark.requirement("llm:whole")
@pytest.mark.parametrize("harm", ["truncated", "dropped"])
@pytest.mark.parametrize(
    ("name", "after"), [(name, after) for name in PROVIDERS for after in range(1, frames(name)[1])]
)
async def test_an_answer_cut_anywhere_is_never_taken_for_whole(desk: Desk, name: Name, after: int, harm: Any) -> None:
    cut = Answer(LONG.text, LONG.calls, LONG.reasoning, fault=Fault(harm, after))
    error = await desk.error(name, cut, tools=(ORDERS,))
    assert error.kind == ("truncated" if harm == "truncated" else "connection")
    partial = cast("Turn", error.partial)
    assert "One, two, three.".startswith(partial.text)
    assert partial.stop is None


@pytest.mark.parametrize("name", PROVIDERS)
async def test_an_answer_that_is_whole_is_taken_though_the_end_of_the_body_is_missing(desk: Desk, name: Name) -> None:
    whole = Answer(LONG.text, LONG.calls, LONG.reasoning, fault=Fault("dropped", frames(name)[1]))
    turn = await desk.turn(name, whole, tools=(ORDERS,))
    assert turn.text == "One, two, three."
    assert turn.stop is not None


@pytest.mark.requirement("llm:given-up")
@pytest.mark.parametrize("name", PROVIDERS)
async def test_closing_gives_the_answer_up_and_closes_its_connection(desk: Desk, name: Name) -> None:
    desk.models.script[:] = [Answer(SILENT.text, fault=Fault("silence", frames(name)[0] // 2))]
    stream: Any = (await desk.adapter(name)).stream(request(name), anyio.current_time() + FAR)
    async with aclosing(stream):
        async for event in stream:
            if isinstance(event, TextDelta):
                break
    with anyio.fail_after(10):
        await desk.models.asked[-1].gone.wait()


@pytest.mark.requirement("llm:given-up")
@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("harm", ["silence", "mute"])
async def test_cancelling_closes_the_connection(desk: Desk, name: Name, harm: Any) -> None:
    desk.models.script[:] = [Answer(SILENT.text, fault=Fault(harm))]
    adapter, known = await desk.adapter(name), len(desk.models.asked)

    async def ask() -> None:
        async for _ in adapter.stream(request(name), anyio.current_time() + FAR):
            pass

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            while len(desk.models.asked) == known:
                await anyio.sleep(0.005)
            tasks.cancel_scope.cancel()
        await desk.models.asked[-1].gone.wait()


@pytest.mark.parametrize("name", PROVIDERS)
async def test_a_deadline_that_has_passed_is_a_timeout(desk: Desk, name: Name) -> None:
    assert (await desk.error(name, Answer("Late."), left=-1)).kind == "timeout"


@pytest.mark.parametrize("name", PROVIDERS)
async def test_the_next_call_goes_by_the_same_connection(desk: Desk, name: Name) -> None:
    for _ in range(3):
        await desk.turn(name, Answer(("Yes", ".")))
    first, second, third = (asked.peer for asked in desk.models.asked[-3:])
    assert first == second == third


@pytest.mark.requirement("llm:no-retries")
@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("kind", ["rate_limit", "server", "overloaded", "timeout"])
async def test_clients_try_nothing_again(desk: Desk, name: Name, kind: Any) -> None:
    known = len(desk.models.asked)
    await desk.error(name, Refusal(kind, "0"), Answer("Second."))
    assert len(desk.models.asked) == known + 1
    assert len(desk.models.script) == 1


@pytest.mark.parametrize("name", PROVIDERS)
async def test_retry_after_may_be_a_date(desk: Desk, name: Name) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    wait = (await desk.error(name, Refusal("rate_limit", until))).retry_after
    assert wait is not None
    assert 0 < wait <= 100


@pytest.mark.parametrize("name", PROVIDERS)
async def test_nobody_listens(desk: Desk, name: Name) -> None:
    from devskyy_mcp.llm.providers import load
    from tests.fakes.served import settings_for
    from tests.fakes.upstream import closed_port

    address = {f"{name}_url": f"http://127.0.0.1:{closed_port()}"}
    adapter = await load(name, settings_for(desk.folder, **desk.models.settings(name) | address))
    try:
        until = anyio.current_time() + FAR
        for asking in (adapter.models(until), fold(adapter.stream(request(name), until))):
            with pytest.raises(LLMError) as caught:
                await asking
            assert caught.value.kind == "connection"
    finally:
        await adapter.aclose()


@pytest.mark.parametrize("name", PROVIDERS)
async def test_models_and_tokens_are_asked_for(desk: Desk, name: Name) -> None:
    adapter, until = await desk.adapter(name), anyio.current_time() + FAR
    desk.models.script.clear()
    assert [model.id for model in await adapter.models(until)] == [MODEL]
    counts = adapter.caps(request(name).model).count
    assert await adapter.count(request(name, tools=(ORDERS,)), until) == (TOKENS if counts else None)


@pytest.mark.parametrize("name", PROVIDERS)
async def test_listing_models_fails_as_asking_does(desk: Desk, name: Name) -> None:
    adapter = await desk.adapter(name)
    for kind in ("auth", "rate_limit", "server"):
        desk.models.script[:] = [Refusal(kind)]
        with pytest.raises(LLMError) as caught:
            await adapter.models(anyio.current_time() + FAR)
        assert caught.value.kind == kind


@pytest.mark.parametrize("name", PROVIDERS)
async def test_calls_at_the_same_time_get_their_own_answers(desk: Desk, name: Name) -> None:
    adapter, until = await desk.adapter(name), anyio.current_time() + FAR
    desk.models.script.clear()
    texts: dict[str, str] = {}

    def say(asked: Asked) -> Answer:
        number = re.findall(r"number (\d+)", str(asked.body))[0]
        return Answer(tuple(f"{number} " for _ in range(5)))

    async def ask(number: str) -> None:
        texts[number] = (await fold(adapter.stream(request(name, f"number {number}"), until))).text

    desk.models.always = say
    try:
        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(ask, str(number))
    finally:
        desk.models.always = None
    assert texts == {str(number): f"{number} " * 5 for number in range(20)}
