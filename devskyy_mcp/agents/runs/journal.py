"""What happened in a run: events that are only ever added, each naming the digest of the one before.

The events are the run's whole state: whoever starts it again reads them and goes on behind the last.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import anyio

from ...errors import Code, Refused
from ...jobs.model import Job

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from ...context import Context
    from ...db.database import Database
    from ...jobs.run import Run

Kind = Literal["begun", "changed", "turn", "call", "waits", "result", "note", "summary", "ended"]
"""``begun``: the task, instructions and limits. ``changed``: those of the agent's file, which was changed since.
``turn``: a model's answer. ``call``: a tool is about to be called. ``waits``: for a person, on a change. ``result``:
what the call gave. ``note``: what the server told the model. ``summary``: stands for the turns before. ``ended``: how.
"""
FIRST = ""


@dataclass(frozen=True, slots=True)
class Event:
    """``seq`` counts from 1 without a gap; ``at`` in microseconds since 1970 UTC; ``digest`` is what the next names."""

    seq: int
    kind: Kind
    data: dict[str, Any]
    at: int
    digest: str


class Journal:
    """Adds events to one run, for as long as this process runs it."""

    def __init__(self, ctx: Context) -> None:
        self.run = cast("Run", ctx.get(Job))
        self._lock = anyio.Lock()
        self._last = 0
        self._digest = FIRST

    async def open(self) -> list[Event]:
        """What happened so far.

        Raises:
            Refused: CONFLICT when an event is not as it was written.
        """
        found = await read(self.run.db, self.run.id)
        if found:
            self._last, self._digest = found[-1].seq, found[-1].digest
        return found

    async def add(self, kind: Kind, data: Mapping[str, Any], ref: str | None = None) -> Event:
        """Add an event; durable when it returns.

        Raises:
            Superseded: when another process runs the job now.
        """
        from ...db.tables import run_events
        from ...db.vault import vault_of

        async with self._lock:
            seq, at = self._last + 1, time.time_ns() // 1000
            payload = dict(data)
            row: dict[str, Any] = {
                "run": self.run.id,
                "seq": seq,
                "kind": kind,
                "ref": ref,
                "payload": payload,
                "at": at,
            }
            row["hash_prev"] = self._digest
            async with self.run.writing() as conn:
                await conn.execute(run_events.insert().values(vault_of(conn).seal_row(run_events.name, row)))
            self._last, self._digest = seq, _digest(row)
            return Event(seq, kind, payload, at, self._digest)


async def read(db: Database, run: str) -> list[Event]:
    """All events of a run, the first one first.

    Raises:
        Refused: CONFLICT when an event is not as it was written.
    """
    from ...db.tables import run_events
    from ...db.vault import vault_of

    query = run_events.select().where(run_events.c.run == run).order_by(run_events.c.seq)
    async with db.read() as conn:
        rows = await vault_of(conn).open_rows(conn, run_events.name, (await conn.execute(query)).mappings())
    found: list[Event] = []
    digest = FIRST
    for row in rows:
        if row["hash_prev"] != digest or row["seq"] != len(found) + 1:
            raise Refused(Code.CONFLICT, f"Event {row['seq']} of {run} does not follow from the one before.")
        digest = _digest(row)
        found.append(Event(row["seq"], row["kind"], row["payload"] or {}, row["at"], digest))
    return found


def _digest(row: Mapping[str, Any]) -> str:
    told = [row[name] for name in ("run", "seq", "kind", "ref", "payload", "at", "hash_prev")]
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


async def waiting(conn: AsyncConnection, change: str | None = None) -> list[tuple[str, str]]:
    """Runs that wait for a person, and the changes they have waited for, the last one last; of ``change`` alone."""
    from sqlalchemy import select

    from ...db.tables import jobs, run_events

    query = (
        select(run_events.c.run, run_events.c.ref)
        .join(jobs, jobs.c.id == run_events.c.run)
        .where(jobs.c.state == "input_required", run_events.c.ref.is_not(None))
    )
    if change is not None:
        query = query.where(run_events.c.ref == change)
    query = query.order_by(run_events.c.run, run_events.c.seq)
    return [(row[0], row[1]) for row in await conn.execute(query)]
