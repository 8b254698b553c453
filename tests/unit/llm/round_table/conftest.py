from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.app import App
from devskyy_mcp.config import Settings
from devskyy_mcp.db.database import Database
from devskyy_mcp.llm import trying
from tests.fakes.llm.scripted import KEYS
from tests.fakes.llm.voices import Voices, table_app

Apps = Callable[..., App]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trying, "BACKOFF", 0.01)


@pytest.fixture
def voices() -> Voices:
    return Voices()


@pytest.fixture
async def apps(tmp_path: Path, database_url: str, voices: Voices) -> AsyncGenerator[Apps]:
    """Makes apps on one database, SQLite and Postgres, with other settings each; ``only`` names the providers."""
    database = Database(database_url, migrate=True)
    await database.open()
    await database.close()
    async with AsyncExitStack() as stack:

        def make(*only: str, **more: Any) -> App:
            keys = {name: key for name, key in KEYS.items() if not only or name.removesuffix("_api_key") in only}
            given = {"environment": "test", "data_dir": tmp_path, "database_url": database_url, "worker": "off"}
            settings = Settings(_env_file=None, **{**given, **keys, **more})  # pyright: ignore[reportCallIssue] # pydantic-settings takes it
            app = table_app(settings, voices)
            stack.push_async_callback(app.close)
            return app

        yield make


@pytest.fixture
def app(apps: Apps) -> App:
    return apps()
