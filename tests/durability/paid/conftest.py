"""A provider for all tests here, and a place where processes meet."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from devskyy_mcp.app import App
from devskyy_mcp.db.database import Database

from .processes import Place, ProviderServer, Running, desk, place


@pytest.fixture(scope="package")
def provider() -> Generator[ProviderServer]:
    server = ProviderServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def here(tmp_path: Path, database_url: str, provider: ProviderServer) -> Place:
    """On SQLite and on Postgres."""
    database = Database(database_url, migrate=True)
    await database.open()
    await database.close()
    return place(tmp_path, database_url, provider.url)


@pytest.fixture
async def app(here: Place) -> AsyncGenerator[App]:
    """Takes jobs in and runs none."""
    async with desk(here) as made:
        yield made


@pytest.fixture
def worker(here: Place) -> Generator[Callable[..., Running]]:
    """Starts workers; killed at the end."""
    with ExitStack() as stack:

        def start() -> Running:
            one = Running(here)
            one.start()
            stack.callback(lambda: one.process is None or one.kill())
            return one

        yield start
