"""Databases to measure on: SQLite files, and a real Postgres that is started for the measurement."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Awaitable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from devskyy_mcp.db.database import Database
from tests.fakes.postgres import started


class New(Protocol):
    """Makes an empty database of a kind, ``sqlite`` or ``postgresql``, with our tables or without; its address."""

    def __call__(self, kind: str, *, tables: bool = True) -> Awaitable[str]: ...


@contextmanager
def databases() -> Generator[New]:
    numbers = itertools.count(1)
    with tempfile.TemporaryDirectory() as folder, started() as server:
        # As it is shipped: the tests' server does not wait for the disk.
        server.psql("ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf();")

        async def new(kind: str, *, tables: bool = True) -> str:
            name = f"bench_{next(numbers)}"
            if kind == "sqlite":
                url = f"sqlite:///{Path(folder, name)}.db"
            else:
                server.psql(f"CREATE DATABASE {name};")
                url = server.get_uri(database=name)
            if tables:
                database = Database(url, migrate=True)
                await database.open()
                await database.close()
            return url

        yield new
