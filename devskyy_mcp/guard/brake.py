"""Stops all writes: by a person, for every process on the database, or by the setting READ_ONLY for this one.

Whoever is about to send looks in the transaction of the intent, so that nothing is begun after a stop was written. What
was begun before ends as it would have; what waits longer than a commit looks here at most a second late.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import anyio

from ..db.database import Database
from ..errors import Code, Refused
from .audit import AuditLog, AuditRecord, now_us

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from ..db.prepared import Prepared

KEY = "writes_stopped"
FRESH = 1.0
"""Seconds for which it is believed that nothing has changed."""
RESUME = "An owner resumes them: `devskyy resume-writes` at a terminal, or the page /approvals/writes."


@dataclass(frozen=True, slots=True)
class Stop:
    """That no write is sent: since when (microseconds since 1970 UTC) and by whom, as the journal names people; neither
    where the setting READ_ONLY says so.
    """

    by: str = ""
    at: int = 0

    @property
    def since(self) -> str:
        """The time in words, UTC; empty for READ_ONLY."""
        return datetime.fromtimestamp(self.at / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if self.at else ""


class Brake:
    """Whether writes are stopped, and stopping and resuming them.

    Args:
        db: has the stop.
        audit: is told of it.
        read_only: whether READ_ONLY is set.
        named: puts a person's name in the place of their id.
    """

    def __init__(
        self, db: Database, audit: AuditLog, named: Callable[[str], Awaitable[str]], *, read_only: bool = False
    ) -> None:
        self.db = db
        self.audit = audit
        self.named = named
        self.read_only = read_only
        self._known: Stop | None = None
        self._until = 0.0

    async def state(self) -> Stop | None:
        """The stop as it was at most a second ago; the last that was known where the database does not tell."""
        if self.read_only:
            return Stop()
        if self._until < time.monotonic():
            try:
                async with self.db.read() as conn:
                    await self.state_in(conn)
            except Refused:
                pass  # then nothing can be written either
        return self._known

    async def state_in(self, conn: AsyncConnection) -> Stop | None:
        """The stop as the transaction sees it."""
        if self.read_only:
            return Stop()
        rows = await _statement().read(conn, {})
        value: dict[str, Any] = rows[0]["value"] if rows else {}
        self._known = Stop(value["by"], value["at"]) if value else None
        self._until = time.monotonic() + FRESH
        return self._known

    async def check(self, conn: AsyncConnection | None = None) -> None:
        """Raise Refused WRITES_STOPPED while writes are stopped; exactly where a transaction is given."""
        stop = await (self.state_in(conn) if conn is not None else self.state())
        if stop is not None:
            raise await self.refusal(stop)

    async def refusal(self, stop: Stop) -> Refused:
        """What a write is told, with who stopped it and when."""
        if not stop.at:
            return Refused(
                Code.WRITES_STOPPED,
                "This server only reads (READ_ONLY); nothing was sent.",
                "Previews still work. Whoever runs the server can unset READ_ONLY and start it again.",
            )
        return Refused(
            Code.WRITES_STOPPED,
            f"Writes were stopped by {await self.named(stop.by)} at {stop.since}; nothing was sent.",
            f"Previews still work. {RESUME}",
            details={"stopped_at": stop.since},
        )

    async def wait(self, ending: anyio.Event | None = None) -> None:
        """Wait until writes go on again, or ``ending`` is set; with READ_ONLY as long as this process runs."""
        ending = ending or anyio.Event()
        while not ending.is_set() and await self.state() is not None:
            with anyio.move_on_after(FRESH):
                await ending.wait()

    async def stop(self, by: str, principal: str, surface: str) -> Stop:
        """Stop all writes of every process; a stop that holds already stays as it is.

        Args:
            by: whom refusals name.
            principal: for the audit.
            surface: for the audit.
        """
        stop = Stop(by, now_us())
        row = {"key": KEY, "value": {"by": by, "at": stop.at}, "updated_at": stop.at}
        async with self.db.begin() as conn:
            if not await _insertion(conn.dialect.name).run(conn, row):  # somebody was first
                return await self._held(conn) or stop
            await self.audit.append(
                conn, AuditRecord(principal, surface, "stop_writes", "write", "decision", "stopped")
            )
        self._until = 0.0
        return stop

    async def resume(self, principal: str, surface: str) -> bool:
        """Let writes go on; whether they were stopped.

        Raises:
            Refused: WRITES_STOPPED where READ_ONLY stops them.
        """
        from ..db.tables import settings

        if self.read_only:
            raise await self.refusal(Stop())
        async with self.db.begin() as conn:
            if await self._held(conn) is None:
                return False
            await conn.execute(settings.delete().where(settings.c.key == KEY))
            await self.audit.append(
                conn, AuditRecord(principal, surface, "resume_writes", "write", "decision", "resumed")
            )
        self._until = 0.0
        return True

    async def _held(self, conn: AsyncConnection) -> Stop | None:
        stop = await self.state_in(conn)
        return stop if stop and stop.at else None


@lru_cache
def _insertion(dialect: str) -> Prepared:
    from sqlalchemy import bindparam
    from sqlalchemy.dialects import postgresql, sqlite

    from ..db.prepared import Prepared
    from ..db.tables import settings

    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    values = {column.key: bindparam(column.key, type_=column.type) for column in settings.c}
    return Prepared(insert(settings).values(values).on_conflict_do_nothing())


@lru_cache(maxsize=1)
def _statement() -> Prepared:
    from sqlalchemy import select

    from ..db.prepared import Prepared
    from ..db.tables import settings

    return Prepared(select(settings.c.value).where(settings.c.key == KEY))
