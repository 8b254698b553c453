"""Every write tool, staged twice: one and the same plan, and nothing but reads on the way."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from devskyy_mcp.app import installed_packs
from devskyy_mcp.capability import Registry
from devskyy_mcp.db.database import Database
from devskyy_mcp.db.tables import change_sets
from tests.fakes.demo import Demo, demo
from tests.specimens.writes import ARGUMENTS

TOOLS = sorted(name for name, tool in Registry(installed_packs()).tools.items() if tool.stages)


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Demo]:
    """One for all: what a tool's arguments need is made anew or found, and staging changes nothing."""
    async with demo(tmp_path_factory.mktemp("staging"), calls_burst=1000) as made:
        yield made


def test_each_write_tool_has_arguments() -> None:
    assert sorted(ARGUMENTS) == TOOLS


@pytest.mark.requirement("changes:deterministic")
@pytest.mark.parametrize("tool", TOOLS)
async def test_staged_twice_is_one_plan_and_only_reads(desk: Demo, tool: str) -> None:
    arguments = await ARGUMENTS[tool](desk)
    desk.shop.requests.clear()
    shown = [await desk.do(tool, **arguments, preview=True) for _ in range(2)]
    assert [one["state"] for one in shown] == ["proposed", "proposed"]
    async with desk.app.services.get(Database).read() as conn:
        query = change_sets.select().where(change_sets.c.id.in_([one["change"] for one in shown]))
        rows = (await conn.execute(query)).mappings().all()
    assert len(rows) == 2
    assert rows[0]["plan_hash"] == rows[1]["plan_hash"]
    assert desk.writes == []
