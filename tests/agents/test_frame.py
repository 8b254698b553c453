"""What drives the agents' cases sees what is wrong with one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.agents.cases import frame
from tests.agents.cases.analytics import SALES
from tests.agents.cases.frame import Case, Seen, Step


async def problems(tmp_path: Path, case: Case) -> list[str]:
    async with frame.played(case, "anthropic", tmp_path) as (shop, agent, run):
        return frame.judge(agent, case, frame.facts_of(shop, case, run), run.seen)


async def test_a_figure_that_no_check_covers_is_told(tmp_path: Path) -> None:
    found = await problems(tmp_path, replace(SALES, checks=SALES.checks[:1]))
    assert found[0] == "drivers[0].key is covered by no check"
    assert all("drivers" in one for one in found)


async def test_a_wrong_figure_is_told(tmp_path: Path) -> None:
    def wrong(seen: Seen) -> frame.Json:
        told = SALES.deliver(seen)
        return told | {"now": told["now"] | {"orders": 1_000_000}}

    [figure] = await problems(tmp_path, replace(SALES, deliver=wrong))
    assert figure.startswith("now.orders is 1000000, and ")


async def test_a_wrong_shape_is_refused_by_the_run(tmp_path: Path) -> None:
    def wrong(seen: Seen) -> frame.Json:
        return SALES.deliver(seen) | {"currency": "euro"}

    with pytest.raises(AssertionError, match="currency: 'euro' does not match"):
        await problems(tmp_path, replace(SALES, deliver=wrong))


async def test_another_agents_tool_is_not_offered(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="the agent has no woo_products_list"):
        await problems(tmp_path, replace(SALES, steps=[Step("woo_products_list")]))
