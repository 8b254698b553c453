"""SQLite connections that visit their thread once per statement, or not at all. Import it inside functions only: it
loads the driver.

aiosqlite goes there four times for each statement that SQLAlchemy runs (cursor, execute, fetch, close), and the switch
between threads costs more than the statement: of a few rows that are found by their keys, several times as much. Such
a statement runs where it is asked for (``at_once``). What waits for a lock or for the disk (BEGIN, COMMIT) never does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import aiosqlite

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


def connect(database: str, **options: Any) -> aiosqlite.Connection:
    """A connection to be awaited, for SQLAlchemy's ``async_creator_fn``."""
    connection = Connection(partial(sqlite3.connect, database, **options), iter_chunk_size=64)
    # As SQLAlchemy does with connections that it makes itself: a forgotten one must not keep the process.
    connection._thread.daemon = True  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    return connection


class Connection(aiosqlite.Connection):
    """The driver's connection with cursors of ours."""

    def cursor(self) -> Any:  # the driver's are made in the thread; both are entered before use
        return Cursor(self)

    async def visit(self, method: Any, sql: str, parameters: Any) -> tuple[Any, int, int | None, list[Any]]:
        """Run one statement in the thread: description, rowcount, lastrowid and rows."""
        return await self._execute(self.run, method, sql, parameters)  # pyright: ignore[reportUnknownMemberType] # untyped there

    async def rollback(self) -> None:
        # A read has nothing to roll back. A statement that is cancelled has lost its connection: that is not asked.
        if self._conn.in_transaction:
            await super().rollback()

    def run(self, method: Any, sql: str, parameters: Any) -> tuple[Any, int, int | None, list[Any]]:
        cursor = self._conn.cursor()
        try:
            method(cursor, sql, parameters)
            rows: list[Any] = cursor.fetchall() if cursor.description else []
            return cursor.description, cursor.rowcount, cursor.lastrowid, rows
        finally:
            cursor.close()


class Cursor:
    """What SQLAlchemy uses of a cursor. Rows come with the statement; afterwards the thread is not needed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Cursor:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        await self._take(sqlite3.Cursor.execute, sql, parameters)

    async def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> None:
        await self._take(sqlite3.Cursor.executemany, sql, parameters)

    async def fetchall(self) -> list[Any]:
        return self._rows

    async def close(self) -> None:
        """Nothing is open."""

    async def _take(self, method: Any, sql: str, parameters: Any) -> None:
        given = await self._connection.visit(method, sql, parameters)
        self.description, self.rowcount, self.lastrowid, self._rows = given


def at_once(conn: AsyncConnection, sql: str, values: Sequence[Any]) -> tuple[int, list[Any]] | None:
    """Run a statement that takes some 20 µs right here: rowcount and rows.

    None when it has not run and must be sent the ordinary way: outside a write transaction, where it might wait for a
    lock; on another database; and where it failed, so that the error comes in SQLAlchemy's words.
    """
    proxy: Any = conn.sync_connection
    lite = proxy.connection.driver_connection
    if not isinstance(lite, Connection) or not lite.in_transaction:
        return None
    try:
        _, number, _, rows = lite.run(sqlite3.Cursor.execute, sql, values)
    except sqlite3.Error:
        return None
    return number, rows
