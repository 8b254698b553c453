"""Keeping finished work tidy: jobs past their deadline end, old events, jobs and claims go."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import anyio

from ..config import Settings
from ..context import Services
from ..db.database import Database
from ..errors import Refused
from . import store
from .events import Events
from .run import too_late

if TYPE_CHECKING:
    from .engine import Engine

log = logging.getLogger(__name__)
OVERDUE_EVERY = 15.0
PURGE_EVERY = 3600.0
CLAIMS_KEPT = timedelta(hours=1)
AT_ONCE = 500
"""Rows deleted per transaction, so that nobody else waits long."""


class Tidy:
    """Runs beside the worker."""

    def __init__(self, services: Services, engine: Engine) -> None:
        self.settings = services.get(Settings)
        self.db = services.get(Database)
        self.events = services.get(Events)
        self.engine = engine

    async def run(self) -> None:
        """Tidy until cancelled."""
        purged = -PURGE_EVERY
        while True:
            try:
                await self.end_overdue()
                if anyio.current_time() - purged >= PURGE_EVERY:
                    await self.purge()
                    purged = anyio.current_time()
            except Refused as refused:
                log.warning("tidying waits: %s", refused.message)
            except Exception as error:  # the engine's own, of a database that is away; its text may hold anything
                log.warning("tidying waits (%s)", type(error).__name__)
            await anyio.sleep(OVERDUE_EVERY)

    async def end_overdue(self) -> None:
        """Fail the jobs that waited past their deadline."""
        async with self.db.read() as conn:
            late = await store.overdue(conn)
        for job in late:
            async with self.db.begin() as conn:
                ended = await store.move(
                    conn, job, store.WAITING_STATES, "failed", error=too_late(), finished_at=store.now()
                )
                if ended:
                    await self.events.append(conn, job, "state", {"state": "failed"})
            await self.events.notify(job)

    async def purge(self) -> None:
        """Delete finished claims, and events and jobs that are older than the settings keep them."""
        now = datetime.now(UTC)
        await self.engine.forget((now - CLAIMS_KEPT).isoformat())
        for what, days in (("events", self.settings.keep_events_days), ("jobs", self.settings.keep_jobs_days)):
            before = int((now - timedelta(days=days)).timestamp() * 1_000_000)
            gone = AT_ONCE
            while gone == AT_ONCE:
                async with self.db.begin() as conn:
                    gone = await store.purge(conn, what, before, AT_ONCE)
