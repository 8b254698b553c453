"""What happened to jobs, numbered per job from 1 without a gap: the number is the cursor to go on from.

The table is the truth. Wake-ups only shorten the wait; a reader that gets none looks again every five seconds.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio

from ..db.database import Database
from ..db.wake import Bell, Wake
from ..errors import Code, Refused
from .model import ENDED, Event, EventKind

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

AT_ONCE = 200
SAFETY = 5.0
WORK = "work"
"""What workers wait for: a job that is to be run."""
AWAY = 1.0
"""Seconds between tries while the database does not answer."""


class Events:
    """Writes and follows events; every process on the database sees the same."""

    def __init__(self, db: Database, wake: Wake) -> None:
        self.db = db
        self.wake = wake

    async def append(self, conn: AsyncConnection, job: str, kind: EventKind, data: dict[str, Any]) -> None:
        """Add an event inside the caller's transaction, which has written the job's row: that keeps writers in line."""
        await self.append_all(conn, [(job, kind, data)])

    async def append_all(self, conn: AsyncConnection, events: Sequence[tuple[str, EventKind, dict[str, Any]]]) -> None:
        """Add events (job, kind, data); as ``append``."""
        from . import store

        await store.add_events(conn, events)
        keys = list(dict.fromkeys(job for job, _, _ in events))
        if any(kind == "state" and data["state"] == "queued" for _, kind, data in events):
            keys.append(WORK)
        await self.wake.announce(conn, *keys)

    async def notify(self, job: str, *, work: bool = False) -> None:
        """Wake the job's readers, after the commit; with ``work`` the workers too."""
        await self.wake.ring(job)
        if work:
            await self.wake.ring(WORK)

    async def read(self, job: str, after: int = 0, limit: int = AT_ONCE) -> list[Event]:
        """The events behind the cursor, oldest first."""
        from . import store

        async with self.db.read() as conn:
            rows = await store.read_events(conn, job, after, limit)
        return [Event(job=row.pop("job_id"), **row) for row in rows]

    async def last(self, job: str) -> int:
        """The number of the job's newest event; 0 for none."""
        from . import store

        async with self.db.read() as conn:
            return await store.last_event(conn, job)

    @asynccontextmanager
    async def following(self, job: str, after: int | None = None) -> AsyncGenerator[AsyncIterator[Event]]:
        """The events behind the cursor and those to come, each once, in order; ends with the job.

        While the database is away it waits.

        Args:
            job: whose events.
            after: the last event's number that the reader has; 0 for all, None for those from now on.
        """
        with self.wake.watch(job) as bell:
            following = self._follow(job, await self.last(job) if after is None else after, bell)
            try:
                yield following
            finally:
                await following.aclose()

    async def _follow(self, job: str, seq: int, bell: Bell) -> AsyncGenerator[Event]:
        rang = False
        while True:
            try:
                found = await self.read(job, seq)
                if not (found or rang) and await self._over(job, seq):
                    return
            except Refused as refused:
                if refused.code is not Code.UPSTREAM_UNREACHABLE:
                    raise
                await anyio.sleep(AWAY)
                continue
            for event in found:
                seq = event.seq
                yield event
                if event.kind == "state" and event.data["state"] in ENDED:
                    return
            if len(found) < AT_ONCE:
                rang = await bell.wait(SAFETY)

    async def _over(self, job: str, seq: int) -> bool:
        """Whether nothing comes any more: the job ended before the cursor, or was tidied away."""
        from . import store

        async with self.db.read() as conn:
            row = await store.read(conn, job)
        return row is None or (row["state"] in ENDED and seq >= await self.last(job))
