from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from devskyy_mcp.db.database import Database
from devskyy_mcp.db.wake import LISTENER, Wake
from devskyy_mcp.jobs.events import Events
from tests.fakes.elsewhere import Hands, There, elsewhere
from tests.fakes.postgres import database_url, postgres_server, postgres_url

__all__ = ["database_url", "postgres_server", "postgres_url"]


@dataclass
class Two:
    """This process and another one on the same database."""

    url: str
    db: Database
    wake: Wake
    events: Events
    here: Hands
    there: There

    async def listeners(self) -> int:
        """Connections that only listen; on SQLite there are none."""
        from sqlalchemy import text

        if self.db.dialect == "sqlite":
            return 0
        query = text(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = :name AND datname = current_database()"
        )
        async with self.db.read() as conn:
            return int((await conn.execute(query, {"name": LISTENER})).scalar_one())

    async def cut(self) -> None:
        """Let the server end every connection to the database but the one that says so; nothing on SQLite."""
        from sqlalchemy import text

        if self.db.dialect == "sqlite":
            return
        query = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        async with self.db.read() as conn:
            await conn.execute(query)


@asynccontextmanager
async def _two(url: str) -> AsyncGenerator[Two]:
    db = Database(url, migrate=True)
    await db.open()
    wake = Wake(db.dsn)
    events = Events(db, wake)
    async with elsewhere(url) as there:
        yield Two(url, db, wake, events, Hands(db, events), there)
    await wake.aclose()
    await db.close()


@pytest.fixture
async def two(database_url: str) -> AsyncGenerator[Two]:
    async with _two(database_url) as made:
        yield made


@pytest.fixture
async def two_on_postgres(postgres_url: str) -> AsyncGenerator[Two]:
    async with _two(postgres_url) as made:
        yield made
