"""A provider as the System that paid operations go to (``devskyy_mcp.jobs.ledger``)."""

from __future__ import annotations

import time
from collections.abc import Sequence

from devskyy_mcp.changes.model import JournalOp, Op, Outcome
from devskyy_mcp.changes.one_way import OneWay
from devskyy_mcp.context import Services
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Refused

from .port import MILLION, NO_WAY_BACK, Provider


class PaidTasks(OneWay):
    """The System of one provider."""

    no_way_back = NO_WAY_BACK
    # ``look`` itself says when only a person can find out: a provider that is away now may tell later.
    proves_absence = True

    def __init__(self, provider: Provider, services: Services) -> None:
        self.provider = provider
        self.name = provider.about.name
        self.quiet_after = provider.quiet_after
        self._services = services

    async def send(self, change: str, ops: Sequence[Op]) -> list[Outcome]:
        return [await self.provider.submit(change, op) for op in ops]

    async def look(self, ops: Sequence[JournalOp]) -> list[Outcome]:
        return [await self._look(item) for item in ops]

    async def _look(self, item: JournalOp) -> Outcome:
        async def taken(action: str, task: str) -> bool:
            from devskyy_mcp.changes import locks

            async with self._services.get(Database).read() as conn:
                holder = await locks.written_since(conn, self.name, [(action, task)], 0)
            return holder not in {None, item.change}

        try:
            found = await self.provider.find(item, taken)
        except Refused:
            return Outcome("unknown", error=item.outcome.error)
        if found.state != "unknown":
            return found
        from devskyy_mcp.changes import commit  # with the database's driver, which start must not load

        waited = time.time() - (item.sent_at or 0) / MILLION
        quiet = waited > commit.FENCE + self.quiet_after
        return Outcome("needs_review" if quiet else "unknown", error=item.outcome.error)
