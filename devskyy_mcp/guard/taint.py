"""Who has read text of customers or the web lately: what leaves the shop in their name then needs a person.

The mark lies in the database, since several processes may act for one principal (stdio servers on one file, servers
behind a balancer), and a cache may forget. It is written before the text is handed over, at most once in five minutes
and principal; reading it costs one query, and only for what the gate is about.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio

from ..db.database import Database
from ..errors import Refused

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

SPARE = 300.0
"""Seconds that a mark is written for beyond its time, so that not every read has to write it anew."""
KEPT = 10_000
"""Principals whose marks are kept in process."""
AGAIN_AFTER = 1.0


class Taints:
    """Args: ``seconds`` that a mark holds at least; ``clock`` gives seconds since the epoch."""

    def __init__(self, db: Database, seconds: float, clock: Callable[[], float] = time.time) -> None:
        self._db = db
        self._seconds = seconds
        self._spare = min(SPARE, seconds)
        self._clock = clock
        self._until: dict[str, float] = {}
        self._unsaved: dict[str, float] = {}
        self._waiting = anyio.Event()

    async def mark(self, principal: str) -> None:
        """Remember that the principal is about to read such text.

        Where the database can't be written this process remembers it alone, and goes on trying (``run``); meanwhile
        nothing can be sent from elsewhere either, since no intent could be written.
        """
        at = self._clock()
        if self._until.get(principal, 0.0) >= at + self._seconds:
            return
        until = self._until_here(principal, at + self._seconds + self._spare)
        try:
            await self._save({principal: until})
        except Refused:
            self._unsaved[principal] = until
            self._waiting.set()

    async def marked(self, principal: str) -> bool:
        """Whether the principal has read such text lately; yes where nobody can tell."""
        at = self._clock()
        if self._until.get(principal, 0.0) > at:
            return True
        try:
            async with self._db.read() as conn:
                until = await _read(conn, principal)
        except Refused:
            return True
        if until <= at:
            return False
        self._until_here(principal, until)
        return True

    async def run(self) -> None:
        """Write the marks that could not be written, as soon as they can; without end."""
        while True:
            await self._waiting.wait()
            self._waiting = anyio.Event()
            unsaved, self._unsaved = self._unsaved, {}
            try:
                await self._save(unsaved)
            except Refused:
                self._unsaved = {**unsaved, **self._unsaved}
                self._waiting.set()
                await anyio.sleep(AGAIN_AFTER)

    def _until_here(self, principal: str, until: float) -> float:
        if len(self._until) >= KEPT:
            at = self._clock()
            self._until = {name: kept for name, kept in self._until.items() if kept > at}
            while len(self._until) >= KEPT:  # the database has them all
                del self._until[next(iter(self._until))]
        self._until[principal] = until
        return until

    async def _save(self, marks: dict[str, float]) -> None:
        from sqlalchemy import text

        write = text(
            "INSERT INTO taints (principal, until_at) VALUES (:principal, :until_at) "
            "ON CONFLICT (principal) DO UPDATE SET until_at = excluded.until_at "
            "WHERE taints.until_at < excluded.until_at"
        )
        rows = [{"principal": name, "until_at": int(until * 1_000_000)} for name, until in sorted(marks.items())]
        async with self._db.begin() as conn:
            await conn.execute(text("DELETE FROM taints WHERE until_at < :at"), {"at": int(self._clock() * 1_000_000)})
            await conn.execute(write, rows)


async def _read(conn: AsyncConnection, principal: str) -> float:
    """Until when the mark holds, in seconds since the epoch; 0 where there is none."""
    from sqlalchemy import text

    found = await conn.execute(
        text("SELECT until_at FROM taints WHERE principal = :principal"), {"principal": principal}
    )
    return (found.scalar() or 0) / 1_000_000
