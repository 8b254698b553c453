from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from devskyy_mcp.db import Database
from tests.fakes.valkey import own_valkey, valkey, valkey_server

__all__ = ["own_valkey", "valkey", "valkey_server"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    """An open, empty database, on SQLite and on Postgres."""
    db = Database(database_url, migrate=True)
    await db.open()
    yield db
    await db.close()
