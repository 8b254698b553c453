"""What may be spent in a month, by all, a person or an agent: a run ends at it with what it has, and says which."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from devskyy_mcp.jobs.model import JobView
from devskyy_mcp.llm.port import Usage
from tests.fakes.llm.server import Answer, Asked

from .bed import Bed, bed, calls

pytestmark = pytest.mark.requirement("runs:budgets")
ONE_STEP = 0.005
"""US dollars: more than a first question may cost at most, and less than what it took and a second one may cost."""
BUDGETS = {
    "budget_month_usd": ("this server may spend", "raise BUDGET_MONTH_USD"),
    "budget_principal_month_usd": ("you may spend", "raise BUDGET_PRINCIPAL_MONTH_USD"),
    "budget_agent_month_usd": ("the agent shop-hand may cost in a month", "raise BUDGET_AGENT_MONTH_USD"),
}
every_budget = pytest.mark.parametrize("budget", BUDGETS)


def busy(here: Bed) -> None:
    """A model that looks at one more product each time, without end."""

    def say(_asked: Asked) -> Answer:
        looks = calls(("woo_products_list", {"limit": len(here.models.asked)}))
        return replace(looks, usage=Usage(input=2_000, output=1_500))

    here.models.always = say


def right(run: dict[str, Any], budget: str) -> None:
    assert (run["outcome"], run["limit"]) == ("stopped", "budget")
    assert all(words in run["why"] for words in BUDGETS[budget]), run["why"]
    assert "about $0.00," not in run["why"]


async def spent(here: Bed) -> tuple[int, float]:
    """Calls and dollars in the books."""
    total = (await here.desk.do("llm_usage_report", since="2020-01-01T00:00:00Z"))["total"]
    return total["calls"], total["cost_usd"] or 0.0


@every_budget
async def test_before_it_begins(tmp_path: Path, budget: str) -> None:
    async with bed(tmp_path, **{budget: 0.001}) as here:
        busy(here)
        run = await here.run()
        right(run, budget)
        assert (run["done"], run["spent"]["usd"], await spent(here)) == ([], 0, (0, 0))
        assert here.models.asked == []


@every_budget
async def test_in_the_middle(tmp_path: Path, budget: str) -> None:
    async with bed(tmp_path, **{budget: ONE_STEP}) as here:
        busy(here)
        run = await here.run()
        right(run, budget)
        assert run["done"] == ["woo_products_list: ok"]
        number, dollars = await spent(here)
        assert number == 1
        assert run["spent"]["usd"] == pytest.approx(dollars)
        assert 0 < dollars < ONE_STEP


@every_budget
async def test_two_runs_do_not_share_the_last_cents(tmp_path: Path, budget: str) -> None:
    async with bed(tmp_path, **{budget: ONE_STEP}) as here:
        busy(here)
        jobs = [await here.start(f"Number {number}.") for number in range(2)]
        views: list[JobView] = []

        async def go(job: str) -> None:
            views.append(await here.go(job))

        async with anyio.create_task_group() as tasks:
            for job in jobs:
                tasks.start_soon(go, job)
        runs = [view.result for view in views if view.result is not None]
        assert len(runs) == 2
        for run in runs:
            right(run, budget)
        assert sorted(run["spent"]["steps"] for run in runs) == [0, 1]
        number, dollars = await spent(here)
        assert number == len(here.models.asked) == 1
        assert dollars < ONE_STEP


async def test_a_runs_own_limit_is_told_from_a_months(tmp_path: Path) -> None:
    async with bed(tmp_path, budget_agent_month_usd=5) as here:  # as many dollars as the run's own limit says
        busy(here)
        run = await here.run(caps={"usd": ONE_STEP})
        assert (run["limit"], run["spent"]["steps"]) == ("usd", 1)
        assert "Raise the run's own limit." in run["why"]


async def test_notes_that_can_not_be_paid_end_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from devskyy_mcp.agents.runs import question

    async def long(_questions: question.Questions, _request: Any) -> bool:
        return len(here.models.asked) > 0

    monkeypatch.setattr(question.Questions, "too_long", long)
    async with bed(tmp_path, budget_month_usd=ONE_STEP) as here:
        busy(here)
        run = await here.run()
        right(run, "budget_month_usd")
        assert run["done"] == ["woo_products_list: ok"]
