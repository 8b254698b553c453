"""Asking a model inside a job: the answer, kept for whoever starts again, and the books."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import anyio
import pytest

from devskyy_mcp.app import App
from devskyy_mcp.context import Context
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.jobs.model import Job
from devskyy_mcp.jobs.run import Run
from devskyy_mcp.jobs.service import Jobs
from devskyy_mcp.llm.asking import Answer, Unanswered, Want
from devskyy_mcp.llm.gateway import Gateway
from devskyy_mcp.llm.port import Event, Kind, LLMError, Message, Start, Text, TextDelta, Tool, ToolCall, Usage, Used
from tests.fakes.llm.scripted import ME, Told, asked, forever, hello, native, run, said, started

from .conftest import Apps

OPENAI = Want(only=("openai",))
ANY = Want(prefer=("openai", "anthropic"), deadline_s=20)


async def ask(ctx: Context, step: str = "draft", want: Want = OPENAI, **more: Any) -> Answer:
    return await ctx.get(Gateway).ask(ctx, step, want, more.pop("request", hello()), **more)


async def rows(app: App) -> list[dict[str, Any]]:
    """The calls that are kept, opened, in the order they were made."""
    from devskyy_mcp.db.tables import llm_calls
    from devskyy_mcp.db.vault import vault_of

    async with app.services.get(Database).read() as conn:
        found = (await conn.execute(llm_calls.select().order_by(llm_calls.c.created_at, llm_calls.c.id))).mappings()
        return await vault_of(conn).open_rows(conn, "llm_calls", found)


async def ledger(app: App) -> list[tuple[str, int | None, int | None]]:
    """State, estimate and cost of each paid operation."""
    from sqlalchemy import select

    from devskyy_mcp.db.tables import change_ops

    o = change_ops.c
    async with app.services.get(Database).read() as conn:
        found = await conn.execute(select(o.state, o.estimate, o.cost).order_by(o.sent_at, o.change_id))
        return [tuple(row) for row in found]


def error(kind: Kind, **more: Any) -> LLMError:
    return LLMError(kind, f"It went wrong: {kind}.", **more)


# ---- the answer ----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("llm:kept")
async def test_an_answer_its_cost_and_its_reasons(app: App, told: Told) -> None:
    usage = Usage(input=800_000, cache_read=200_000, output=90_000, reasoning=10_000)
    told.say("openai", said("Silk is back", usage=usage))
    events: list[Event] = []

    async def sink(event: Event) -> None:
        events.append(event)

    answer = await asked(app, lambda ctx: ask(ctx, sink=sink))
    assert (answer.state, answer.turn.text, answer.kept) == ("done", "Silkisback", False)
    assert answer.choice.name == "openai/gpt-6.1-terra"
    assert answer.booked == "exact"
    from devskyy_mcp.llm import prices

    assert answer.cost_usd == answer.total_usd == float(prices.listed("openai", "gpt-6.1-terra", usage) or 0)
    assert answer.choice.estimate_usd is not None
    assert any("tier" in why for why in answer.choice.because)
    assert {one.model for one in answer.choice.passed_over} >= {"anthropic/claude-sonnet-5-5", "openai/gpt-6-luna"}
    assert [type(event).__name__ for event in events] == ["Start", *["TextDelta"] * 3, "Used", "Stop"]
    (row,) = await rows(app)
    assert (row["state"], row["tokens_in"], row["tokens_cached"], row["tokens_out"]) == (
        "done", 1_000_000, 200_000, 100_000,
    )  # fmt: skip
    ((state, estimate, cost),) = await ledger(app)
    assert (state, cost) == ("done", round(answer.cost_usd * 1_000_000))
    assert estimate is not None
    assert row["estimate"] == estimate


@pytest.mark.requirement("llm:kept")
async def test_a_job_that_starts_again_gets_the_same_answer(app: App, told: Told) -> None:
    turn = {"items": [{"type": "reasoning", "encrypted_content": "x"}]}
    told.say("openai", said("Once", native=native("openai", turn)))
    answers: list[Answer] = []
    job, token = await started(app)

    async def and_die(ctx: Context) -> None:
        answers.append(await ask(ctx))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await run(app, job, token, and_die)

    async def again(ctx: Context) -> None:
        answers.append(await ask(ctx))
        answers.append(await ask(ctx))

    view = await run(app, job, token, again)
    assert view.state == "succeeded", view
    assert len(told.asked) == 1
    first, *later = answers
    assert [one.kept for one in answers] == [False, True, True]
    assert all(one.turn == first.turn for one in later)
    assert first.turn.native == {"openai": turn}
    assert all(one.choice == first.choice for one in later)
    assert all(one.cost_usd == first.cost_usd for one in later)
    assert view.cost_usd == first.cost_usd


async def test_native_turns_go_to_their_own_provider_alone(app: App, told: Told) -> None:
    told.say("openai", said())
    told.say("anthropic", said())
    call = ToolCall("call_1", "look", "{}")
    before = Message("assistant", (Text("Hm."), call), {"openai": {"id": 1}, "anthropic": {"id": 2}})
    request = hello()
    request = type(request)("", (*request.messages, before, *request.messages), extra={"openai": {"a": 1}, "groq": {}})

    async def both(ctx: Context) -> None:
        await ask(ctx, "one", request=request)
        await ask(ctx, "two", Want(only=("anthropic",)), request=request)

    await asked(app, both)
    (_, first), (_, second) = told.asked
    assert (first.messages[1].native, second.messages[1].native) == ({"openai": {"id": 1}}, {"anthropic": {"id": 2}})
    assert (first.extra, second.extra) == ({"openai": {"a": 1}}, {})
    assert first.messages[1].blocks == before.blocks
    assert first.model == "gpt-6.1-terra"


async def test_a_watcher_that_fails_costs_no_answer(app: App, told: Told, caplog: pytest.LogCaptureFixture) -> None:
    told.say("openai", said("Still here"))

    async def sink(event: Event) -> None:
        raise RuntimeError("hunter2")

    answer = await asked(app, lambda ctx: ask(ctx, sink=sink))
    assert answer.turn.text == "Stillhere"
    assert "a sink of a model's answer" in caplog.text
    assert "hunter2" not in caplog.text


async def test_asks_of_one_job_side_by_side(app: App, told: Told) -> None:
    names = ("openai", "anthropic", "mistral")
    for name in names:
        told.say(name, said(name))
    answers: dict[str, Answer] = {}

    async def drafts(ctx: Context) -> None:
        async def one(name: str) -> None:
            answers[name] = await ask(ctx, f"draft-{name}", Want(only=(name,)))

        async with anyio.create_task_group() as tasks:
            for name in names:
                tasks.start_soon(one, name)

    await asked(app, drafts)
    assert {name: answer.turn.text for name, answer in answers.items()} == {name: name for name in names}
    assert [state for state, *_ in await ledger(app)] == ["done"] * 3


async def test_the_journal_and_the_books_hold_no_word_of_it(app: App, told: Told) -> None:
    from sqlalchemy import text

    told.say("openai", said("answerword"))
    await asked(app, lambda ctx: ask(ctx, request=hello("promptword for ada@example.com")))
    async with app.services.get(Database).read() as conn:
        for table in ("llm_calls", "change_ops", "change_sets", "audit", "job_steps", "jobs"):
            found = str((await conn.execute(text(f"SELECT * FROM {table}"))).all())  # our own names
            assert "promptword" not in found
            assert "answerword" not in found
            assert "ada@example.com" not in found
    from devskyy_mcp.changes import operations

    async with app.services.get(Database).read() as conn:
        (item,) = await operations.read_ops(conn, (await rows(app))[0]["id"])
    assert "promptword" not in str(item.op.body)
    assert len(item.op.body["request_sha256"]) == 64


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


# ---- what can't be asked ---------------------------------------------------------------------------------------------


async def _refused(app: App, want: Want, **more: Any) -> Refused:
    with pytest.raises(Refused) as raised:
        await asked(app, lambda ctx: ask(ctx, want=want, **more))
    assert not await ledger(app)
    return raised.value


@pytest.mark.requirement("llm:bad-input")
async def test_without_any_key_nothing_is_asked(apps: Apps) -> None:
    bare = {f"{name}_api_key": None for name in ("openai", "anthropic", "google", "mistral", "cohere", "groq")}
    refused = await _refused(apps(**bare), Want())
    assert refused.code is Code.NOT_CONFIGURED
    assert "ANTHROPIC_API_KEY" in refused.hint


@pytest.mark.requirement("llm:bad-input")
async def test_a_provider_that_is_switched_off_is_passed_over(apps: Apps, told: Told) -> None:
    app = apps(enable_openai=False)
    told.say("anthropic", said())
    answer = await asked(app, lambda ctx: ask(ctx, want=Want(prefer=("openai", "anthropic"))))
    why = {one.model: one.why for one in answer.choice.passed_over}
    assert "ENABLE_OPENAI" in why["openai/gpt-6.1-terra"]


@pytest.mark.requirement("llm:bad-input")
async def test_an_unknown_model_is_named(app: App) -> None:
    refused = await _refused(app, Want(only=("openai/gpt-99",)))
    assert refused.code is Code.NOT_FOUND
    assert "gpt-99" in refused.message


@pytest.mark.requirement("llm:bad-input")
async def test_two_megabytes_go_to_a_model_that_takes_them_or_to_none(app: App, told: Told) -> None:
    words = "silk dress " * 190_000
    told.say("anthropic", said())
    answer = await asked(
        app, lambda ctx: ask(ctx, want=Want(prefer=("mistral", "cohere", "anthropic")), request=hello(words))
    )
    assert told.asked[0][1].messages[0].blocks[0].text == words  # type: ignore[union-attr]
    assert answer.provider in {"anthropic", "mistral"}
    why = {one.model: one.why for one in answer.choice.passed_over}
    assert "context" in why["cohere/command-a-03-2025"]
    with pytest.raises(Refused) as raised:
        await asked(app, lambda ctx: ask(ctx, want=Want(only=("groq", "cohere")), request=hello(words)))
    assert raised.value.code is Code.TOO_LARGE


async def test_needs_are_seen_in_the_request(app: App, told: Told) -> None:
    from devskyy_mcp.llm.port import Image, Output

    schema = {"type": "object"}
    request = hello(tools=(Tool("look", "Look.", schema),), output=Output("plan", schema))
    request = replace(request, messages=(Message("user", (Image(b"x", "image/png"),)),))
    told.say_always(said())
    answer = await asked(app, lambda ctx: ask(ctx, want=Want(prefer=("groq", "cohere", "mistral")), request=request))
    assert answer.provider == "mistral"
    why = {one.model: one.why for one in answer.choice.passed_over}
    assert why["cohere/command-a-03-2025"] == "it has no vision"
    assert "together with tools" in why["groq/meta-llama/llama-4-maverick-17b-128e-instruct"]


async def test_a_server_that_only_reads_asks_nothing(apps: Apps) -> None:
    refused = await _refused(apps(read_only=True), OPENAI)
    assert refused.code is Code.WRITES_STOPPED


async def test_what_the_round_table_has_learned_counts(app: App, told: Told) -> None:
    from collections.abc import Mapping

    from devskyy_mcp.llm.asking import Learned

    class Table:
        async def scores(self, kind: str) -> Mapping[str, float]:
            return {"anthropic/claude-sonnet-5-5": 0.99} if kind == "product-copy" else {}

    table: Learned = Table()
    app.services.put(Learned, table)
    told.say_always(said())
    usual = await asked(app, lambda ctx: ask(ctx, want=Want()))
    copy = await asked(app, lambda ctx: ask(ctx, want=Want(kind="product-copy")))
    assert usual.provider != "anthropic"
    assert copy.choice.name == "anthropic/claude-sonnet-5-5"
    assert "chance of 99%" in copy.choice.because[1]


async def test_calls_go_with_their_changes(app: App, told: Told) -> None:
    from devskyy_mcp.jobs import retention

    told.say("openai", said())
    await asked(app, ask)
    (row,) = await rows(app)
    async with app.services.get(Database).begin() as conn:
        assert await retention.delete_sets(conn, [row["id"]], 100)
    assert await rows(app) == []


async def test_while_writes_are_stopped_nothing_is_asked_and_no_longer_waited_than_there_is_time(app: App) -> None:
    from devskyy_mcp.guard.brake import Brake

    await app.services.get(Brake).stop("Ada", ME.id, "cli")
    refused = await _refused(app, Want(only=("openai",), deadline_s=0.3))
    assert refused.code is Code.WRITES_STOPPED
    assert "Ada" in refused.message
