"""Nothing is sent that may go beyond what may be spent, whoever set the limit; unknown prices are assumed high."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from devskyy_mcp.app import App
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.llm import prices
from devskyy_mcp.llm.asking import Answer, Want
from devskyy_mcp.llm.gateway import Gateway
from devskyy_mcp.llm.port import Usage
from tests.fakes.llm.scripted import Told, asked, hello, said

from .conftest import Apps

ONE = ("openai/gpt-6.1-terra",)
pytestmark = pytest.mark.requirement("llm:budgets")


def want(**more: Any) -> Want:
    return replace(Want(only=ONE, deadline_s=20), **more)


async def ask(ctx: Context, step: str, wanted: Want) -> Answer:
    return await ctx.get(Gateway).ask(ctx, step, wanted, hello())


async def spending(app: App, number: int, wanted: Want) -> tuple[list[Answer], Refused]:
    """Answers until a call is refused, at most so many."""
    answers: list[Answer] = []

    async def on(ctx: Context) -> None:
        for step in range(number):
            answer = await ask(ctx, f"step-{step}", wanted)
            answers.append(answer)

    with pytest.raises(Refused) as raised:
        await asked(app, on)
    return answers, raised.value


async def worst(app: App, told: Told) -> float:
    """What one of these calls may cost at most."""
    told.say("openai", said())
    answer = await asked(app, lambda ctx: ask(ctx, "first", want()))
    assert answer.choice.estimate_usd is not None
    return answer.choice.estimate_usd


async def test_what_the_ask_may_cost(app: App, told: Told) -> None:
    cap = (await worst(app, told)) * 0.9
    sent = len(told.asked)
    _, refused = await spending(app, 1, want(max_usd=cap))
    assert refused.code is Code.OVER_BUDGET
    assert "Nothing was sent" in refused.message
    assert refused.details["estimate_usd"] > cap
    assert len(told.asked) == sent


async def test_retries_count_too(app: App, told: Told) -> None:
    from devskyy_mcp.llm.port import LLMError

    cap = (await worst(app, told)) * 1.5
    told.say("openai", [LLMError("connection", "It broke.")])
    _, refused = await spending(app, 1, want(max_usd=cap))
    assert refused.code is Code.OVER_BUDGET


async def test_what_a_run_may_cost(app: App, told: Told) -> None:
    highest = await worst(app, told)
    used = Usage(input=1000, output=100)
    told.say_always(said(usage=used))
    cost = float(prices.listed("openai", "gpt-6.1-terra", used) or 0)
    answers, refused = await spending(app, 10, want(job_usd=highest + 2.5 * cost))
    assert refused.code is Code.OVER_BUDGET
    assert len(answers) == 3, "each reserves the worst and is booked at what it did cost"
    answers, refused = await spending(app, 10, want(job_usd=highest + 2.5 * cost))
    assert len(answers) == 3, "another run has its own"


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("budget_month_usd", "BUDGET_MONTH_USD"),
        ("budget_principal_month_usd", "BUDGET_PRINCIPAL_MONTH_USD"),
        ("budget_agent_month_usd", "BUDGET_AGENT_MONTH_USD"),
    ],
)
async def test_what_may_be_spent_in_a_month(apps: Apps, told: Told, setting: str, named: str) -> None:
    highest = await worst(apps(), told)
    used = Usage(input=1000, output=100)
    told.say_always(said(usage=used))
    cost = float(prices.listed("openai", "gpt-6.1-terra", used) or 0)
    first = 0 if setting == "budget_agent_month_usd" else cost
    app = apps(**{setting: highest + first + 1.5 * cost})
    wanted = want(agent="price-strategist")
    answers, refused = await spending(app, 10, wanted)
    assert refused.code is Code.OVER_BUDGET
    assert named in refused.hint
    assert len(answers) == 2
    if setting == "budget_agent_month_usd":
        assert "price-strategist" in refused.message
        other = await asked(app, lambda ctx: ask(ctx, "other", want(agent="drop-launcher")))
        assert other.state == "done"


async def test_two_at_once_do_not_both_fit_where_one_does(app: App, told: Told) -> None:
    highest = await worst(app, told)
    refused_one = anyio.Event()
    told.say_always([refused_one, *said()])  # what is promised is not spent before the other has asked
    told.asked.clear()
    found: list[object] = []

    async def both(ctx: Context) -> None:
        async def one(step: str) -> None:
            try:
                found.append((await ask(ctx, step, want(job_usd=highest * 1.5))).state)
            except Refused as refused:
                found.append(refused.code)
                refused_one.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one, "a")
            tasks.start_soon(one, "b")

    await asked(app, both)
    assert set(found) == {"done", Code.OVER_BUDGET}
    assert len(told.asked) == 1


async def test_no_known_price_is_null_and_counts_by_an_assumption(apps: Apps, told: Told) -> None:
    wanted = want(only=("openai/gpt-6.2-sol",))
    told.say("openai", said(usage=Usage(input=1000, output=100)))
    app = apps()
    answer = await asked(app, lambda ctx: ask(ctx, "first", wanted))
    assert (answer.cost_usd, answer.total_usd, answer.booked) == (None, None, "assumed")
    assert answer.choice.estimate_usd is None
    assert "No price of openai/gpt-6.2-sol is known" in answer.warnings[0]
    _, refused = await spending(apps(budget_month_usd=0.2), 1, wanted)
    assert refused.code is Code.OVER_BUDGET, "4096 tokens out are taken for $0.31"


async def test_the_operators_price_is_the_price(apps: Apps, told: Told, tmp_path: Path) -> None:
    file = tmp_path / "models.toml"
    file.write_text('[openai."gpt-6.2-sol"]\nprice = { input = 2.5, output = 10, cache_read = 0.5 }\n')
    told.say("openai", said(usage=Usage(input=1_000_000, cache_read=1_000_000, output=90_000, reasoning=10_000)))
    app = apps(llm_models_file=file)
    answer = await asked(app, lambda ctx: ask(ctx, "first", want(only=("openai/gpt-6.2-sol",))))
    assert (answer.cost_usd, answer.booked, answer.warnings) == (2.5 + 0.5 + 1.0, "exact", ())
