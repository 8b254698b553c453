"""Asking a model inside a job: the answer, kept for whoever starts again, the books, and what is not asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anyio
import pytest

from devskyy_mcp.app import App
from devskyy_mcp.context import Context
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.llm.asking import Answer, Want
from devskyy_mcp.llm.port import Event, Message, Text, Tool, ToolCall, Usage
from tests.fakes.llm.scripted import ME, Told, asked, hello, native, run, said, started

from .asks import OPENAI, ask, ledger, rows
from .conftest import Apps

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
