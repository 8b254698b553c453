"""Calls that nobody waits for any more: lost with their process, cancelled, or overtaken by another."""

from __future__ import annotations

from typing import cast

import anyio
import pytest

from devskyy_mcp.app import App
from devskyy_mcp.context import Context
from devskyy_mcp.jobs.model import Job
from devskyy_mcp.jobs.run import Run
from devskyy_mcp.jobs.service import Jobs
from devskyy_mcp.llm.asking import Answer, Want
from devskyy_mcp.llm.port import Event, Start, TextDelta, Usage, Used
from tests.fakes.llm.scripted import ME, Told, asked, forever, run, said, started

from .asks import OPENAI, ask, ledger, rows

# ---- lost and given up -----------------------------------------------------------------------------------------------


async def _die_while_asking(app: App, told: Told, want: Want = OPENAI) -> tuple[str, int]:
    """A job whose process vanishes while the answer is under way."""

    class Vanished(BaseException):
        pass

    def vanish() -> None:
        raise Vanished

    told.say("openai", [Start("m"), TextDelta("Half"), vanish])
    job, token = await started(app)
    with pytest.raises(BaseException) as raised:  # a group of one
        await run(app, job, token, lambda ctx: ask(ctx, want=want))
    assert "Vanished" in repr(raised.value)
    return job, token


@pytest.mark.requirement("llm:lost")
async def test_a_call_that_was_under_way_is_lost_and_booked_at_its_worst(app: App, told: Told) -> None:
    job, token = await _die_while_asking(app, told)
    assert [row["state"] for row in await rows(app)] == ["sent"]
    found: list[Answer] = []

    async def again(ctx: Context) -> None:
        found.append(await ask(ctx))
        found.append(await ask(ctx))
        told.say("openai", said("Anew"))
        found.append(await ask(ctx, "draft-again"))

    view = await run(app, job, token, again)
    assert view.state == "succeeded", view
    lost, same, anew = found
    assert (lost.state, same.state, anew.state) == ("lost", "lost", "done")
    assert lost.booked == "worst_case"
    assert lost.cost_usd == lost.choice.estimate_usd
    assert lost.attempts[0].error == "lost"
    assert "most that it can have cost" in lost.warnings[0]
    assert len(told.asked) == 2
    (first, estimate, cost), (second, *_) = await ledger(app)
    assert (first, second) == ("not_taken", "done")
    assert cost == estimate
    assert view.cost_usd == pytest.approx((lost.cost_usd or 0) + (anew.cost_usd or 0))


@pytest.mark.requirement("llm:lost")
async def test_a_lost_call_is_asked_again_where_the_caller_wants_that(app: App, told: Told) -> None:
    want = Want(only=("openai",), lost="again")
    job, token = await _die_while_asking(app, told, want)
    told.say("openai", said("Anew"))
    found: list[Answer] = []

    async def again(ctx: Context) -> None:
        found.append(await ask(ctx, want=want))

    await run(app, job, token, again)
    assert found[0].turn.text == "Anew"
    assert [one.error for one in found[0].attempts] == ["lost", None]
    assert found[0].total_usd == pytest.approx(sum(one.cost_usd or 0 for one in found[0].attempts))


@pytest.mark.requirement("llm:cancelled")
async def test_a_cancelled_ask_gives_its_call_up_and_books_it(app: App, told: Told) -> None:
    said_some = anyio.Event()
    told.say("openai", [Start("m"), Used(Usage(input=10)), TextDelta("Ha"), said_some.set, forever()])

    async def cancelled(ctx: Context) -> None:
        async with anyio.create_task_group() as tasks:

            async def asking() -> None:
                await ask(ctx)

            tasks.start_soon(asking)
            await said_some.wait()
            tasks.cancel_scope.cancel()

    with anyio.fail_after(20):
        await asked(app, cancelled)
    assert told.given_up == 1
    (row,) = await rows(app)
    assert (row["state"], row["error"], row["booked"]) == ("failed", "cancelled", "worst_case")
    assert row["cost"] == row["estimate"]
    assert row["answer"]["turn"]["text"] == "Ha"
    assert [op[0] for op in await ledger(app)] == ["not_taken"]


@pytest.mark.requirement("llm:cancelled")
async def test_a_cancelled_job_ends_soon_though_its_model_goes_on(app: App, told: Told) -> None:
    told.say("openai", [Start("m"), TextDelta("Ha"), forever()])
    job, token = await started(app)
    runs: list[Run] = []
    begun = anyio.Event()

    async def handler(ctx: Context) -> None:
        runs.append(cast("Run", ctx.get(Job)))

        async def sink(event: Event) -> None:
            if isinstance(event, TextDelta):
                begun.set()

        await ask(ctx, sink=sink)

    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run, app, job, token, handler)
            await begun.wait()
            runs[0].stop("cancelled")
    view = await app.services.get(Jobs).get(ME, job)
    assert view.state == "cancelled"
    assert told.given_up == 1
    assert [op[0] for op in await ledger(app)] == ["not_taken"]


# ---- hedging ---------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("llm:hedge")
async def test_a_silent_model_is_hedged_and_the_slower_one_given_up(app: App, told: Told) -> None:
    told.say("openai", [Start("m"), forever()])
    told.say("anthropic", said("Quick"))
    seen: list[Event] = []

    async def sink(event: Event) -> None:
        seen.append(event)

    want = Want(only=("openai/gpt-6.1-terra", "anthropic/claude-sonnet-5-5"), prefer=("openai",), hedge_s=0.05)
    answer = await asked(app, lambda ctx: ask(ctx, want=want, sink=sink))
    assert answer.provider == "anthropic"
    assert {(one.model, one.error) for one in answer.attempts} == {
        ("openai/gpt-6.1-terra", "cancelled"), ("anthropic/claude-sonnet-5-5", None),
    }  # fmt: skip
    assert told.given_up == 1
    assert [event.text for event in seen if isinstance(event, TextDelta)] == ["Quick"]
    assert [event.model for event in seen if isinstance(event, Start)] == ["answered-by"]
    assert answer.total_usd == pytest.approx(sum(one.cost_usd or 0 for one in answer.attempts))


async def test_a_model_that_speaks_in_time_is_not_hedged(app: App, told: Told) -> None:
    told.say("openai", said())
    answer = await asked(app, lambda ctx: ask(ctx, want=Want(prefer=("openai",), hedge_s=10)))
    assert len(answer.attempts) == 1
    assert told.models == ["openai/gpt-6.1-terra"]
