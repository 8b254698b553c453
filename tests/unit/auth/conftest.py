from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from devskyy_mcp.auth.people import People, User
from devskyy_mcp.auth.sessions import Sessions
from devskyy_mcp.db import Database
from devskyy_mcp.db.cache import MemoryCache
from devskyy_mcp.guard.audit import AuditLog
from tests.fakes.people import PASSWORD, Clock


class Plain:
    """stand-in"""

    def seal(self, table: str, column: str, row_id: str, value: str) -> str:
        return f"{table}.{column}.{row_id}:{value}"

    def open(self, table: str, column: str, row_id: str, sealed: str) -> str:
        prefix = f"{table}.{column}.{row_id}:"
        assert sealed.startswith(prefix)
        return sealed.removeprefix(prefix)

    def derive(self, purpose: str) -> bytes:
        return purpose.encode().ljust(32, b".")


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
    yield People(database, Plain(), audit, MemoryCache(), clock)
    await audit.close()


@pytest.fixture
def sessions(database: Database, people: People, clock: Clock) -> Sessions:
    return Sessions(database, people.vault, people, clock)


@pytest.fixture
async def ada(people: People) -> User:
    return await people.add("Ada@Example.com", "Ada", "owner", PASSWORD, "os:0:root")
