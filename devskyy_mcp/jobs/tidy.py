"""Keeping finished work tidy: jobs past their deadline end, old events, jobs and claims go."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import anyio

from ..auth.server.tidy import purge as purge_sign_in
from ..capability import Registry
from ..config import Settings
from ..context import Services
from ..db.database import Database
from ..errors import Refused
from ..guard.checkpoints import Checkpoints
from . import retention, runs, store
from .events import Events
from .run import too_late
from .service import Jobs

if TYPE_CHECKING:
    from .engine import Engine

log = logging.getLogger(__name__)
OVERDUE_EVERY = 15.0
PURGE_EVERY = 3600.0
CLAIMS_KEPT = timedelta(hours=1)
AT_ONCE = 200
"""Jobs or change sets deleted per transaction, so that nobody else waits long."""
ROWS_AT_ONCE = 2000
"""Rows of theirs deleted per transaction."""


class Tidy:
    """Runs beside the worker."""

    def __init__(self, services: Services, engine: Engine) -> None:
        self.settings = services.get(Settings)
        self.db = services.get(Database)
        self.events = services.get(Events)
        self.engine = engine
        self.services = services
        self._details_purged = retention.START
        # A queue's rate is counted over the claims of its period.
        periods = [queue.rate[1] for pack in services.get(Registry).packs for queue in pack.queues if queue.rate]
        self._claims_kept = max([CLAIMS_KEPT, *(timedelta(seconds=2 * period) for period in periods)])

    async def run(self) -> None:
        """Tidy until cancelled."""
        purged = -PURGE_EVERY
        while True:
            try:
                await end_overdue(self.db, self.events)
                if anyio.current_time() - purged >= PURGE_EVERY:
                    await self.purge()
                    purged = anyio.current_time()
            except Refused as refused:
                log.warning("tidying waits: %s", refused.message)
            except Exception as error:  # the engine's own, of a database that is away; its text may hold anything
                log.warning("tidying waits (%s)", type(error).__name__)
            await anyio.sleep(OVERDUE_EVERY)

    async def purge(self) -> None:
        """Delete finished claims, and what is older than the settings keep it."""
        now = datetime.now(UTC)
        await self.engine.forget((now - self._claims_kept).isoformat())
        await self.purge_details(_before(now, self.settings.keep_events_days))
        await self.purge_jobs(_before(now, self.settings.keep_jobs_days))
        await self.purge_sets(_before(now, self.settings.keep_changes_days))
        if self.settings.keep_audit_days is not None:
            await self.services.get(Checkpoints).purge(_before(now, self.settings.keep_audit_days))
        await purge_sign_in(self.db)

    async def purge_details(self, before: int) -> None:
        """Delete events and step results of jobs that ended before that time, going on where the last time ended."""
        while found := await self._ended(before, self._details_purged):
            ids = [row["id"] for row in found]
            async with self.db.read() as conn:
                some = await retention.has_details(conn, ids)
            if some:
                await self._delete_details(ids)
            self._details_purged = (found[-1]["finished_at"], found[-1]["id"])

    async def purge_jobs(self, before: int) -> None:
        """Delete jobs that ended before that time, with all they have left behind."""
        while found := await self._ended(before, retention.START):
            ids = [row["id"] for row in found]
            for row in found:  # files first: of a row that is gone nobody would find them any more
                await self.services.get(Jobs).drop_leavings(row)
            await self._delete_details(ids)
            async with self.db.begin() as conn:
                await retention.delete_jobs(conn, ids)

    async def purge_sets(self, before: int) -> None:
        """Delete change sets that came to their end before that time."""
        after = retention.START
        while True:
            async with self.db.read() as conn:
                found = await retention.old_sets(conn, before, after, AT_ONCE)
            if not found:
                return
            after, gone = found[-1], False
            while not gone:
                async with self.db.begin() as conn:
                    ids = [change for _, change in found]
                    kept = await retention.needed(conn, ids)
                    gone = await retention.delete_sets(conn, [one for one in ids if one not in kept], ROWS_AT_ONCE)

    async def _ended(self, before: int, after: retention.Place) -> list[dict[str, Any]]:
        async with self.db.read() as conn:
            return await retention.ended_before(conn, before, after, AT_ONCE)

    async def _delete_details(self, ids: list[str]) -> None:
        gone = ROWS_AT_ONCE
        while gone >= ROWS_AT_ONCE:
            async with self.db.begin() as conn:
                gone = await retention.delete_details(conn, ids, ROWS_AT_ONCE)


async def end_overdue(db: Database, events: Events) -> None:
    """Fail the jobs that waited past their deadline."""
    async with db.read() as conn:
        late = await runs.overdue(conn)
    for job in late:
        async with db.begin() as conn:
            ended = await store.move(
                conn, job, runs.WAITING_STATES, "failed", error=too_late(), question=None, finished_at=store.now()
            )
            if ended:
                await events.append(conn, job, "state", {"state": "failed"})
        await events.notify(job)


def _before(now: datetime, days: int) -> int:
    return int((now - timedelta(days=days)).timestamp() * 1_000_000)
