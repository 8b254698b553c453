"""Lets runs go on once the change that they wait for is decided: at once where it is decided here, and by looking now
and then for what was decided elsewhere, has expired, or was decided while this process died.
"""

from __future__ import annotations

import anyio

from ...changes.service import Changes
from ...context import Services
from ...db.database import Database
from ...jobs.service import Jobs

EVERY = 15.0


class Waiting:
    """Args: ``services`` of this process."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def decided(self, change: str) -> None:
        """A person has decided; told by ``Changes``."""
        from .journal import waiting

        async with self._services.get(Database).read() as conn:
            found = await waiting(conn, change)
        for run, _ in found:
            await self._services.get(Jobs).go_on(run)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await anyio.sleep(EVERY)
            await self.look()

    async def look(self) -> None:
        """Let go on what waits for nothing any more. A run waits for the last change that it has named."""
        from ...changes.store import now
        from .journal import waiting

        async with self._services.get(Database).read() as conn:
            found = dict(await waiting(conn))
        changes = self._services.get(Changes)
        for run, change in found.items():
            row = await changes.journal.row_of(change, None)
            if row["state"] != "proposed" or row["expires_at"] < now():
                await self._services.get(Jobs).go_on(run)
