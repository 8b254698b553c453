"""A provider's stand-in for each test, and a place where processes meet."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import get_args

import pytest

from devskyy_mcp.app import App
from devskyy_mcp.db.database import Database

from .place import ModelPlace, Name, StandIn, model_place

NAMES: tuple[Name, ...] = get_args(Name)


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> Name:
    return request.param


@pytest.fixture
def provider(name: Name) -> Generator[StandIn]:
    server = StandIn(name)
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def here(tmp_path: Path, database_url: str, name: Name, provider: StandIn) -> ModelPlace:
    database = Database(database_url, migrate=True)
    await database.open()
    await database.close()
    return model_place(tmp_path, database_url, name, provider.url)


@pytest.fixture
async def app(here: ModelPlace) -> AsyncGenerator[App]:
    """Takes jobs in and runs none."""
    async with here.app(worker="off").running(eager=False) as made:
        yield made
