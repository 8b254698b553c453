from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.app import App
from devskyy_mcp.config import Settings
from devskyy_mcp.db.database import Database
from devskyy_mcp.llm import trying
from tests.fakes.llm.scripted import KEYS, Told, asking_app

Apps = Callable[..., App]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trying, "BACKOFF", 0.01)


@pytest.fixture
def told() -> Generator[Told]:
    told = Told()
    yield told
    left = {name: len(script) for name, script in told.scripts.items() if script}
    assert not left, f"answers that nobody asked for: {left}"


@pytest.fixture
async def apps(tmp_path: Path, database_url: str, told: Told) -> AsyncGenerator[Apps]:
    """Makes apps on one database, SQLite and Postgres, with other settings each."""
    database = Database(database_url, migrate=True)
    await database.open()
    await database.close()
    async with AsyncExitStack() as stack:

        def make(**more: Any) -> App:
            given = {"environment": "test", "data_dir": tmp_path, "database_url": database_url, "worker": "off"}
            settings = Settings(_env_file=None, **{**given, **KEYS, **more})  # pyright: ignore[reportCallIssue] # pydantic-settings takes it
            app = asking_app(settings, told)
            stack.push_async_callback(app.close)
            return app

        yield make


@pytest.fixture
def app(apps: Apps) -> App:
    return apps()
