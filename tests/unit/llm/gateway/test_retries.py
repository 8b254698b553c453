"""What is tried again, by whom, and what goes to another model."""

from __future__ import annotations

import pytest

from devskyy_mcp.app import App
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code
from devskyy_mcp.llm.asking import Answer, Unanswered, Want
from devskyy_mcp.llm.gateway import Gateway
from devskyy_mcp.llm.port import Event, Kind, Start, TextDelta
from tests.fakes.llm.scripted import Told, asked, run, said, started

from .asks import ANY, ask, error, ledger

# ---- trying again --------------------------------------------------------------------------------------------------


@pytest.mark.requirement("llm:retries")
@pytest.mark.parametrize("kind", ["rate_limit", "overloaded", "server", "connection", "timeout", "truncated"])
async def test_what_may_pass_is_tried_again_and_each_call_is_booked(app: App, told: Told, kind: Kind) -> None:
    status = 503 if kind in {"overloaded", "server"} else None
    wait = 0.01 if kind in {"rate_limit", "overloaded"} else None
    told.say("openai", [error(kind, status=status, retry_after=wait)], said())
    answer = await asked(app, lambda ctx: ask(ctx, want=Want(only=("openai/gpt-6-luna",), deadline_s=20)))
    assert [one.error for one in answer.attempts] == [kind, None]
    free = kind in {"rate_limit", "overloaded", "server"}
    assert answer.attempts[0].booked == ("nothing" if free else "worst_case")
    first, second = await ledger(app)
    assert first[0] == ("failed" if free else "not_taken")
    assert first[2] == (None if free else first[1])
    assert second[0] == "done"
    assert answer.total_usd == pytest.approx(sum(one.cost_usd or 0 for one in answer.attempts))


@pytest.mark.requirement("llm:retries")
@pytest.mark.parametrize("kind", ["auth", "permission", "not_found", "bad_request", "content_filter", "protocol"])
async def test_what_will_not_pass_goes_to_another(app: App, told: Told, kind: Kind) -> None:
    told.say("openai", [error(kind, status=400)])
    told.say("anthropic", said("Other"))
    only = Want(only=("openai/gpt-6.1-terra", "anthropic/claude-sonnet-5-5"), prefer=("openai",))
    answer = await asked(app, lambda ctx: ask(ctx, want=only))
    assert [one.model for one in answer.attempts] == ["openai/gpt-6.1-terra", "anthropic/claude-sonnet-5-5"]
    assert any(one.model == "openai/gpt-6.1-terra" for one in answer.choice.passed_over)


@pytest.mark.requirement("llm:retries")
async def test_nothing_is_tried_again_once_something_was_seen(app: App, told: Told) -> None:
    told.say("openai", [Start("m"), TextDelta("Half"), error("connection")])
    seen: list[Event] = []

    async def sink(event: Event) -> None:
        seen.append(event)

    async def fails(ctx: Context) -> Unanswered:
        with pytest.raises(Unanswered) as raised:
            await ask(ctx, want=ANY, sink=sink)
        return raised.value

    job, token = await started(app)
    found: list[Unanswered] = []

    async def twice(ctx: Context) -> None:
        found.append(await fails(ctx))
        found.append(await fails(ctx))

    await run(app, job, token, twice)
    for refused in found:
        assert refused.kind == "connection"
        assert refused.partial is not None
        assert refused.partial.text == "Half"
        assert refused.attempts[0].booked == "worst_case"
        assert refused.code is Code.UPSTREAM_UNREACHABLE
    assert len(told.asked) == 1
    assert len(seen) == 2


@pytest.mark.requirement("llm:retries")
async def test_what_nobody_has_seen_is_tried_again_even_in_the_middle(app: App, told: Told) -> None:
    told.say("openai", [Start("m"), TextDelta("Half")], said("Whole"))
    answer = await asked(app, ask)
    assert [one.error for one in answer.attempts] == ["truncated", None]
    assert answer.turn.text == "Whole"


@pytest.mark.requirement("llm:retries")
async def test_tries_end_and_every_one_is_told(app: App, told: Told) -> None:
    for name in ("openai", "anthropic"):
        told.say(name, *[[error("server", status=500)]] * 2)
    want = Want(prefer=("openai", "anthropic", "google"), tries=4, deadline_s=20)
    names = ("openai/gpt-6.1-terra", "anthropic/claude-sonnet-5-5")
    with pytest.raises(Unanswered) as raised:
        await asked(app, lambda ctx: ask(ctx, want=want))
    assert [one.model for one in raised.value.attempts] == [names[0], names[0], names[1], names[1]]
    assert raised.value.details["kind"] == "server"


@pytest.mark.requirement("llm:retries")
async def test_an_adapter_that_breaks_is_a_provider_that_speaks_nonsense(app: App, told: Told) -> None:
    def broken() -> None:
        raise KeyError("hunter2")

    told.say("openai", [broken])
    with pytest.raises(Unanswered) as raised:
        await asked(app, lambda ctx: ask(ctx, want=Want(only=("openai/gpt-6-luna",))))
    assert raised.value.kind == "protocol"
    assert "hunter2" not in str(raised.value.as_dict())


async def test_a_provider_that_fails_in_a_row_is_left_alone(app: App, told: Told) -> None:
    told.say("openai", *[[error("connection")]] * 5)
    told.say("anthropic", *[said()] * 4)
    want = Want(prefer=("openai", "anthropic/claude-sonnet-5-5"), tries=3, deadline_s=30)
    answers: list[Answer] = []

    async def often(ctx: Context) -> None:
        answers.extend([await ask(ctx, f"step-{number}", want) for number in range(4)])

    await asked(app, often)
    assert [len(answer.attempts) for answer in answers] == [3, 3, 2, 1]
    assert [answer.provider for answer in answers] == ["anthropic"] * 4
    why = {one.model: one.why for one in answers[-1].choice.passed_over}
    assert "has not answered of late" in why["openai/gpt-6.1-terra"]
    gateway = app.services.get(Gateway)
    assert "openai" in gateway.pulse.down()
