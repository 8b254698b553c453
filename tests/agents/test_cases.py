"""Every agent does its work on the demo shop: to a deliverable by its schema, in which SQL finds every figure true."""

from __future__ import annotations

from contextlib import AsyncExitStack
from importlib import import_module
from pathlib import Path

import pytest

from devskyy_mcp.agents.catalogue import Agents
from devskyy_mcp.agents.model import SUPERS
from devskyy_tools.sandbox.seed.history import COST_FIELD
from tests.agents.cases import frame
from tests.agents.cases.frame import Case
from tests.fakes.demo import demo

FILES = sorted(path.stem for path in Path(frame.__file__).parent.glob("*.py") if path.stem.split("_")[0] in SUPERS)
CASES: list[Case] = [case for name in FILES for case in import_module(f"tests.agents.cases.{name}").CASES]


@pytest.mark.requirement("agents:deliver")
@pytest.mark.parametrize("case", CASES, ids=[case.agent for case in CASES])
async def test_an_agent_delivers_what_the_shop_says(case: Case, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        beside = await stack.enter_async_context(case.around()) if case.around else {}
        shop = await stack.enter_async_context(demo(tmp_path, shop_cost_field=COST_FIELD, **beside))
        agent = shop.app.services.get(Agents).get(case.agent)
        seen = await frame.drive(shop, agent, case)
        stack.callback(seen.before.close)
        assert len({tool for tool, _ in seen.results}) >= 3
        facts = frame.facts_of(shop, case, seen)
        problems = frame.judge(agent, case, facts, seen)
        assert not problems, "\n".join(problems)
        if case.after:
            await case.after(facts)
        for falsify in case.falsify:
            assert frame.check_fails(case, facts, seen, falsify), f"nobody notices that {falsify} is false"
        assert case.falsify


def test_no_agent_has_two_cases() -> None:
    names = [case.agent for case in CASES]
    assert len(names) == len(set(names))
