"""A server beside the demo shop, on SQLite and on Postgres."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.app import database_of
from devskyy_mcp.config import Settings
from tests.fakes.demo import Demo, demo


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncGenerator[Demo]:
    settings: dict[str, Any] = {"data_dir": tmp_path, "database_url": database_url}
    db = database_of(Settings(_env_file=None, **settings), migrate=True)  # pyright: ignore[reportCallIssue]
    await db.open()
    await db.close()
    async with demo(tmp_path, database_url=database_url, calls_burst=1000) as made:
        yield made


@pytest.fixture
async def light(tmp_path: Path) -> AsyncGenerator[Demo]:
    """The same on SQLite alone, for what no database decides."""
    async with demo(tmp_path, calls_burst=1000) as made:
        yield made
