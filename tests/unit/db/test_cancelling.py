from __future__ import annotations

import asyncio
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
import sqlalchemy as sa

from devskyy_mcp.db.database import Database


@pytest.mark.requirement("db:cancelling")
async def test_cancelling_at_any_moment_leaves_nothing_behind_that_could_keep_the_process(tmp_path: Path) -> None:
    database = Database(tmp_path / "shop.db")
    before = asyncio.all_tasks()

    async def use() -> None:
        async with database.read() as conn:
            await conn.execute(sa.text("SELECT 1"))
        async with database.begin() as conn:
            await conn.execute(sa.text("SELECT 1"))

    for moment in range(40):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(use)
            for _ in range(moment):
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        if moment % 4 == 0:
            await database.close()
    await database.close()
    left = asyncio.all_tasks() - before
    assert not left, left
