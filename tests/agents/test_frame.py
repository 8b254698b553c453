"""What drives the agents' cases sees what is wrong with one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from devskyy_mcp.agents.catalogue import Agents
from tests.agents.cases import frame
from tests.agents.cases.analytics import SALES
from tests.agents.cases.frame import Case, Seen, Step
from tests.fakes.demo import demo


async def problems(tmp_path: Path, case: Case) -> list[str]:
    async with demo(tmp_path) as shop:
        agent = shop.app.services.get(Agents).get(case.agent)
        seen = await frame.drive(shop, agent, case)
        found = frame.judge(agent, case, frame.facts_of(shop, case, seen), seen)
        seen.before.close()
        return found


async def test_a_figure_that_no_check_covers_is_told(tmp_path: Path) -> None:
    found = await problems(tmp_path, replace(SALES, checks=SALES.checks[:1]))
    assert found[0] == "drivers[0].key is covered by no check"
    assert all("drivers" in one for one in found)


async def test_a_wrong_figure_and_a_wrong_shape_are_told(tmp_path: Path) -> None:
    def wrong(seen: Seen) -> frame.Json:
        told = SALES.deliver(seen)
        return told | {"now": told["now"] | {"orders": 1_000_000}, "currency": "euro"}

    shape, figure = await problems(tmp_path, replace(SALES, deliver=wrong))
    assert shape.startswith("currency: 'euro' does not match")
    assert figure.startswith("now.orders is 1000000, and ")


async def test_another_agents_tool_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="none of sales-analyst's tools"):
        await problems(tmp_path, replace(SALES, steps=[Step("woo_products_list")]))
