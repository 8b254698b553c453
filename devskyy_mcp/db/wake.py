"""Wake-ups: telling other processes on the same database that there is something new to read.

A wake-up only says "look again": the rows are the truth, so a lost, doubled or late one does no harm. With Postgres it
is NOTIFY, in the writer's own transaction; with a SQLite file it is the file's own change counter. Where a pooler
stands before Postgres, LISTEN is not possible: then Redis carries it, and without Redis readers look every quarter of a
second.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import quote

import anyio

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from .dsn import Dsn

log = logging.getLogger(__name__)
CHANNEL = "devskyy"
_NOTIFY = "SELECT pg_notify($1, key) FROM unnest($2::text[]) AS key"
FILE_EVERY = 0.05
"""Seconds between looks at a SQLite file's counter; one look takes 5 µs."""
BLIND_EVERY = 0.25
PING_EVERY = 15.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
LISTENER = "devskyy listener"


class Relay(Protocol):
    """What carries wake-ups where the database can't: the cache port, when Redis is behind it."""

    async def publish(self, channel: str, message: bytes) -> None: ...

    async def messages(self, channel: str, ring: Bells) -> None:
        """Ring for each message, and for all after a gap; ends when the connection is lost."""
        ...


class Bell:
    """Rings for one reader. What rings between two waits is not lost."""

    def __init__(self) -> None:
        self._rung = anyio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, seconds: float) -> bool:
        """Wait for the next ring, at most so long; whether it rang."""
        with anyio.move_on_after(seconds):
            await self._rung.wait()
        rang = self._rung.is_set()
        self._rung = anyio.Event()
        return rang


class Bells:
    """The readers of this process, by what they wait for; an empty key waits for everything."""

    def __init__(self) -> None:
        self._bells: dict[str, set[Bell]] = {}

    def ring(self, key: str) -> None:
        for one in (key, ""):
            for bell in self._bells.get(one, ()):
                bell.ring()

    def ring_all(self) -> None:
        for bells in self._bells.values():
            for bell in bells:
                bell.ring()

    def add(self, key: str) -> Bell:
        bell = Bell()
        self._bells.setdefault(key, set()).add(bell)
        return bell

    def remove(self, key: str, bell: Bell) -> None:
        bells = self._bells[key]
        bells.discard(bell)
        if not bells:
            del self._bells[key]

    def __bool__(self) -> bool:
        return bool(self._bells)


class Wake:
    """Wake-ups of one process. It listens only while somebody waits.

    Args:
        dsn: the database.
        direct: address for LISTEN when ``dsn`` leads through a pooler; None when there is none.
        relay: carries wake-ups where LISTEN is not possible; None when nothing does.
    """

    def __init__(self, dsn: Dsn, direct: Dsn | None = None, relay: Relay | None = None) -> None:
        self._dsn = direct if dsn.pooled and direct is not None else dsn
        self._notifies = dsn.dialect == "postgresql"
        self._relay = relay if self._dsn.pooled else None
        self._bells = Bells()
        self._listening: asyncio.Task[None] | None = None

    @contextmanager
    def watch(self, key: str = "") -> Generator[Bell]:
        """A bell that rings when something with that key is new; without a key, for everything."""
        bell = self._bells.add(key)
        if self._listening is None or self._listening.done():
            self._listening = asyncio.get_running_loop().create_task(self._listen())
        try:
            yield bell
        finally:
            self._bells.remove(key, bell)
            if not self._bells:
                self._stop()

    async def announce(self, conn: AsyncConnection, *keys: str) -> None:
        """Wake readers elsewhere when the transaction commits. ``ring`` is still needed for those of this process."""
        if self._notifies and self._relay is None:
            await conn.exec_driver_sql(_NOTIFY, (CHANNEL, list(keys)))

    async def ring(self, key: str) -> None:
        """Wake readers: those of this process, and through the relay those of others. After the commit."""
        self._bells.ring(key)
        if self._relay is not None:
            try:
                await self._relay.publish(CHANNEL, key.encode())
            except Exception as error:  # what was committed stays so: readers look by themselves, only later
                log.warning("wake-ups: not passed on (%s)", type(error).__name__)

    async def aclose(self) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            self._listening = None

    async def _listen(self) -> None:
        clock = asyncio.get_running_loop().time
        pause = FIRST_PAUSE
        while True:
            started = clock()
            try:
                await self._hear()
                why = "connection lost"
            except Exception as error:  # whatever a driver raises: without wake-ups readers go on, only later
                why = type(error).__name__
            # Whatever was said while nobody listened is read now.
            self._bells.ring_all()
            if clock() - started > PING_EVERY:
                pause = FIRST_PAUSE
            elif pause > FIRST_PAUSE:
                log.warning("wake-ups: none for %.1f s (%s)", pause, why)
            await anyio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _hear(self) -> None:
        """Ring until the connection is lost."""
        if self._dsn.path is not None:
            await self._watch_file(str(self._dsn.path))
        elif self._relay is not None:
            await self._relay.messages(CHANNEL, self._bells)
        elif self._dsn.pooled:
            while True:
                await anyio.sleep(BLIND_EVERY)
                self._bells.ring_all()
        else:
            await self._listen_to_postgres()

    async def _watch_file(self, path: str) -> None:
        import sqlite3

        address = f"file:{quote(path)}?mode=ro"
        # Without a timeout: the wait for a lock would hold up the event loop.
        with closing(sqlite3.connect(address, timeout=0, uri=True, isolation_level=None)) as file:
            before: tuple[int] | None = None
            while True:
                now = file.execute("PRAGMA data_version").fetchone()
                if now != before:
                    before = now
                    self._bells.ring_all()
                await anyio.sleep(FILE_EVERY)

    async def _listen_to_postgres(self) -> None:
        import asyncpg  # pyright: ignore[reportMissingTypeStubs] # it has none

        lost = asyncio.Event()

        def notified(_connection: Any, _pid: int, _channel: str, key: object) -> None:
            self._bells.ring(str(key))

        def terminated(_connection: Any) -> None:
            lost.set()

        connection: Any = await cast("Any", asyncpg).connect(
            self._dsn.driver_url, timeout=5, command_timeout=5, server_settings={"application_name": LISTENER}
        )
        try:
            connection.add_termination_listener(terminated)
            await connection.add_listener(CHANNEL, notified)
            self._bells.ring_all()
            while not lost.is_set():
                with anyio.move_on_after(PING_EVERY):
                    await lost.wait()
                    return
                await connection.execute("SELECT 1")
        finally:
            connection.terminate()
