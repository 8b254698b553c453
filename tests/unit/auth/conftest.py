from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from devskyy_mcp.auth.people import People, User
from devskyy_mcp.auth.sessions import Sessions
from devskyy_mcp.db import Database
from devskyy_mcp.db.cache import MemoryCache
from devskyy_mcp.guard.audit import AuditLog
from tests.fakes.people import PASSWORD, Clock


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    """An open, empty database, on SQLite and on Postgres."""
    db = Database(database_url, migrate=True)
    await db.open()
    yield db
    await db.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def people(database: Database, clock: Clock) -> AsyncGenerator[People]:
    audit = AuditLog(database)
    yield People(database, audit, MemoryCache(), clock)
    await audit.close()


@pytest.fixture
def sessions(database: Database, clock: Clock) -> Sessions:
    return Sessions(database, clock)


@pytest.fixture
async def ada(people: People) -> User:
    return await people.add("Ada@Example.com", "Ada", "owner", PASSWORD, "os:0:root")
