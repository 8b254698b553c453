"""The one loop that finds out what became of writes whose answer was lost, whether by a timeout or by a crash.

It runs at start and every minute. It only reads from the systems; it never sends a write again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import anyio

from ..errors import Refused
from . import commit, locks, operations, store
from .model import SETTLED, JournalOp, Op, Outcome, System
from .news import FINISHED
from .view import set_state

if TYPE_CHECKING:
    from ..db.database import Database
    from ..db.wake import Wake
    from ..guard.audit import AuditLog, AuditRecord

log = logging.getLogger(__name__)
EVERY = 60.0
SECOND = 1_000_000
DECIDED = SETTLED | {"needs_review"}
KEEP_IMAGES = 90 * 24 * 3600 * SECOND


class Settler:
    """Args: ``abandoned_after`` is the age in seconds at which an applying set that shows no progress counts as
    abandoned by its process; ``active`` holds the sets this process is working on; ``wake`` tells other processes.
    """

    def __init__(
        self,
        db: Database,
        audit: AuditLog,
        systems: Callable[[str], System],
        active: set[str],
        abandoned_after: float,
        wake: Wake,
        on_settled: Callable[[str], None] = lambda _change: None,
    ) -> None:
        self.db = db
        self.audit = audit
        self.systems = systems
        self.active = active
        self.abandoned_after = abandoned_after
        self.wake = wake
        self.on_settled = on_settled

    async def run(self) -> None:
        """Settle now and then every minute, or sooner while something is open, until cancelled."""
        while True:
            try:
                still_open = await self.settle()
                await self.tidy()
            except Refused as refused:
                log.warning("settling waits: %s", refused.code)
                still_open = 1
            await anyio.sleep(min(EVERY, self.abandoned_after / 2) if still_open else EVERY)

    async def settle(self) -> int:
        """Look at every abandoned or unknown set once; the number that is still open afterwards."""
        async with self.db.read() as conn:
            changes = await store.open_sets(conn)
        still_open = 0
        for change in changes:
            if change in self.active or not await self.settle_one(change):
                still_open += 1
        return still_open

    async def settle_one(self, change: str) -> bool:
        """Look at the set once, unless somebody is still at it; whether nothing of it is open any more."""
        async with self.db.read() as conn:
            row = await store.read_set(conn, change)
            ops = await operations.read_ops(conn, change)
        if row is None:
            return True
        last = max([row["decided_at"] or 0, *(item.sent_at or 0 for item in ops)])
        if store.now() - last < self.abandoned_after * SECOND:
            return False
        lost = [item for item in ops if item.state in {"sent", "unknown"}]
        found = [(item.op, outcome) for item, outcome in await self._look(lost) if outcome.state in DECIDED]
        never = {"code": "not_sent", "message": "The server stopped before this was sent."}
        found += [(item.op, Outcome("not_sent", error=never)) for item in ops if item.state == "staged"]
        return await self._write(change, row, found)

    async def _look(self, lost: Sequence[JournalOp]) -> list[tuple[JournalOp, Outcome]]:
        pairs: list[tuple[JournalOp, Outcome]] = []
        for name in dict.fromkeys(item.op.system for item in lost):
            system = self.systems(name)
            mine = [item for item in lost if item.op.system == name]
            for item, outcome in zip(mine, await self._seen(system, mine), strict=True):
                quiet = store.now() - (item.sent_at or 0) > (commit.FENCE + system.quiet_after) * SECOND
                if outcome.state == "not_sent" and not quiet:
                    outcome = Outcome("unknown")  # it may still take effect
                elif outcome.state == "unknown" and quiet and not system.proves_absence:
                    outcome = Outcome("needs_review", error=outcome.error)  # only a person can find out
                pairs.append((item, outcome))
        return pairs

    async def _seen(self, system: System, mine: Sequence[JournalOp]) -> list[Outcome]:
        return await commit.understood(system.look(mine), [item.op for item in mine])

    async def _write(self, change: str, row: dict[str, object], found: list[tuple[Op, Outcome]]) -> bool:
        async with self.db.begin() as conn:
            await operations.write_outcomes(conn, change, found, only=["staged", "sent", "unknown"])
            state = set_state((item.op, item.outcome) for item in await operations.read_ops(conn, change))
            done = state != "unknown"
            values = {"finished_at": store.now()} if done else {}
            moved = await store.move_set(conn, change, ["applying", "unknown"], state, **values)
            if moved and done:
                await locks.unlock(conn, change)
                await self.audit.append(conn, self._record(row, change, state))
                await self.wake.announce(conn, FINISHED)
        if moved and done:
            self.on_settled(change)
            await self.wake.ring(FINISHED)
        return done

    def _record(self, row: dict[str, object], change: str, state: str) -> AuditRecord:
        from ..guard.audit import AuditRecord

        return AuditRecord(
            principal=str(row["principal"]),
            surface="settle",
            capability=str(row["tool"]),
            effect="write",
            change_id=change,
            phase="outcome",
            code=state,
            arguments_sha256=str(row["request_hash"]),
            detail={"settled": True},
        )

    async def tidy(self) -> None:
        """Let expired proposals go and before-images older than 90 days: they hold customers' data."""
        async with self.db.begin() as conn:
            await operations.expire(conn, store.now(), store.now() - KEEP_IMAGES)
