"""Carries out big change sets as jobs: chunk by chunk, each read anew before it is sent, resumable at any moment.

The journal is the only memory. A chunk is marked as sent in the transaction that writes what became of the one before;
what was marked and has no outcome is looked up, and sent again only when it surely never took effect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import anyio

from ..errors import Code, Refused
from ..http import leaving_by
from . import commit, locks, operations, pages, store
from .chunks import Chunks, Patience
from .model import SETTLED, JournalOp, Op, Outcome, System, refs
from .news import FINISHED
from .rows import Record
from .view import state_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from ..capability import Capability
    from ..context import Context
    from ..db.database import Database
    from ..db.wake import Wake
    from ..guard.audit import AuditLog
    from ..guard.brake import Brake
    from .asking import JobStarter

T = TypeVar("T")
Alive = Callable[["AsyncConnection"], Awaitable[None]]
Known = list[tuple[Op, Outcome]]

SECOND = 1_000_000
AHEAD = 2
"""Chunks that are read from, or written to, the journal while as many as the system takes at once are at the system."""
WINDOW = 500
"""Operations read from the journal at once."""
TRIES = 10
"""How often one operation may be marked as sent, each time after it was proved that it had no effect."""
GRACE = 60.0
"""Seconds beyond the system's longest run in which lost answers are looked for; then the settle loop goes on."""
DATABASE_PAUSES = (0.2, 1.0, 3.0, 10.0, 20.0)
_NEEDS = {"code": "skipped", "message": "What this needs was not made."}
_STOPPED = {"code": str(Code.CANCELLED), "message": "The job was cancelled before this was sent."}


class Tools(NamedTuple):
    """What big sets are carried out with; ``systems`` finds a System by its name, ``wake`` tells other processes,
    ``brake`` says whether anything may be sent.
    """

    db: Database
    audit: AuditLog
    systems: Callable[[str], System]
    wake: Wake
    brake: Brake


async def start(
    tools: Tools, jobs: JobStarter, ctx: Context, capability: Capability, row: Mapping[str, Any], record: Record
) -> str | None:
    """Hand a proposal to a job: decision, locks, audit intent and the job's row in one transaction.

    Returns:
        The job's id, to be announced; None when somebody else decided first.

    Raises:
        Refused: CONFLICT when an object is being written by another change, WRITES_STOPPED while writes are stopped;
            nothing has changed then.
    """
    change: str = row["id"]
    keys: list[str] = []
    after, number = 0, 0
    async with tools.db.read() as conn:
        while window := await pages.in_order(conn, change, after, WINDOW):
            keys += (f"{item.op.system}:{key}" for item in window for key in _keys(tools, item.op))
            after, number = window[-1].op.seq, number + len(window)
    async with tools.db.begin() as conn:
        await tools.brake.check(conn)
        decided = {"decided_at": store.now(), "approved_by": row["approved_by"]}
        if not await store.move_set(conn, change, ["proposed"], "applying", **decided):
            return None
        holder = await locks.lock(conn, keys, change)
        if holder:
            raise commit.conflict(holder)
        by = {"approved_by": row["approved_by"]} if row["approved_by"] else {}
        await tools.audit.append(conn, record(row, "intent", "ok", {"ops": number, **by}))
        return (await jobs.submit(ctx, capability, {}, conn=conn, change=change)).job


def _keys(tools: Tools, op: Op) -> list[str]:
    return tools.systems(op.system).object_keys(op)


async def carry_out(tools: Tools, ctx: Context, row: Mapping[str, Any], alive: Alive, record: Record) -> None:
    """Carry out, or go on with, a set that ``start`` has handed over.

    Cancelled, it ends the chunks that are under way. Where the job was asked to stop, the rest is told as not sent;
    otherwise (the process ends) the set is left to be gone on with.
    """
    if row["state"] != "applying":
        return
    run = Run(tools, ctx, row, alive, record)
    work = asyncio.ensure_future(run.run())
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        run.stopping.set()
        # A chunk that has left must get its outcome written, whoever cancels, and how often.
        with anyio.CancelScope(shield=True):
            while not work.done():
                try:
                    await asyncio.wait([work])
                except asyncio.CancelledError:
                    continue
        if not work.cancelled() and (error := work.exception()) is not None:
            raise error from None
        raise


class Run:
    """One process's work on one set."""

    def __init__(self, tools: Tools, ctx: Context, row: Mapping[str, Any], alive: Alive, record: Record) -> None:
        self.tools = tools
        self.ctx = ctx
        self.row = row
        self.change: str = row["id"]
        self.alive = alive
        self.record = record
        self.stopping = anyio.Event()
        self.patience = Patience(self.stopping)
        self.broken: BaseException | None = None
        self.slots = anyio.CapacityLimiter(1)
        self.done = self.total = 0

    async def run(self) -> None:
        async with self.tools.db.read() as conn:
            counts = await pages.counts(conn, self.change)
        self.total = sum(counts.values())
        self.done = sum(number for state, number in counts.items() if state in SETTLED)
        await self._find_lost(wait=False)
        while not self.stopping.is_set():
            if not (await self._send_staged() or await self._find_lost(wait=True) or await self._skip_orphans()):
                break
        await self.finish()

    # ---- sending -------------------------------------------------------------------------------------------------

    async def _send_staged(self) -> int:
        """Send all that is staged and needs nothing that is not there yet; the number that was tried."""
        chunks = Chunks(self.tools.db, self.change, self._groups, WINDOW)
        first = await chunks.next()
        if first is None:
            return 0
        width = self.tools.systems(first[0].system).in_flight
        self.slots = anyio.CapacityLimiter(width)
        async with anyio.create_task_group() as tasks:
            for number in range(width + AHEAD):
                tasks.start_soon(self._work, chunks, None if number else first)
        if self.broken is not None:
            raise self.broken
        return chunks.taken

    def _groups(self, ops: Sequence[Op]) -> list[list[Op]]:
        names = dict.fromkeys(op.system for op in ops)
        return [
            group
            for name in names
            for group in self.tools.systems(name).groups([op for op in ops if op.system == name])
        ]

    async def _work(self, chunks: Chunks, group: list[Op] | None) -> None:
        """One of those that work off the chunks; an error of one lets the others end their chunks."""
        known: Known = []
        try:
            try:
                while not self.stopping.is_set() and (group := group or await chunks.next()):
                    known = await self._chunk(group, known)
                    group = None
            finally:
                await self._flush(known)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # what ends a superseded run is no Exception
            self.broken = self.broken or error
            self.stopping.set()

    async def _chunk(self, group: list[Op], known: Known) -> Known:
        """Read, compare and send one chunk; what became of it is written with the next one's mark."""
        system = self.tools.systems(group[0].system)
        known = await self._held(known)
        verdicts = await self._check(system, group, known)
        if verdicts is None:
            return []
        ready: list[Op] = []
        for op, verdict in zip(group, verdicts, strict=True):
            if verdict is None:
                ready.append(op)
            else:
                known.append((op, verdict))
        if not ready:
            await self._flush(known)
            return []
        since = await self.mark(ready, known)
        if since is None:
            return []
        async with self.slots:
            if store.now() - since > commit.FENCE * SECOND / 2:  # others were slow at the system
                since = await self._mark_anew(ready)
            found = await self.sent(system, ready, since)
        never = [op for op, outcome in found if outcome.state == "not_sent"]
        if never:
            error = next(outcome.error for _, outcome in found if outcome.state == "not_sent") or {}
            await self._write(lambda conn: pages.stage_again(conn, self.change, never))
            await self.patience.wait(error)
        found = [pair for pair in found if pair[1].state != "not_sent"]
        await self._tell(found)
        return found

    async def _held(self, known: Known) -> Known:
        """Wait while writes are stopped; what is known so far is written first. What is left to be written."""
        if await self.tools.brake.state() is None:
            return known
        await self._flush(known)
        await self.ctx.progress(self.done, self.total, f"{self.done} of {self.total} done; writes are stopped")
        await self.tools.brake.wait(self.stopping)
        return []

    async def _check(self, system: System, group: list[Op], known: Known) -> list[Outcome | None] | None:
        """How the chunk's objects are now; waits while they can't be read. None when the work ends meanwhile."""
        while not self.stopping.is_set():
            try:
                async with self.slots:
                    verdicts = await system.check(group)
            except Refused as refused:
                await self._flush(known)
                known.clear()
                await self.patience.wait(refused.as_dict(), worth_it=bool(refused.retryable))
                continue
            self.patience.over()
            return verdicts
        await self._flush(known)
        return None

    async def mark(self, ready: list[Op], known: Known) -> int | None:
        """Write what is known so far and the chunk as sent; when that was, or None when it is not for us to send, or
        not now.
        """

        async def write(conn: AsyncConnection) -> int | None:
            await operations.write_outcomes(conn, self.change, known, only=commit.OPEN)
            if await self.tools.brake.state_in(conn) is not None:
                return None
            at = store.now()
            marked = await operations.mark_sent(conn, self.change, [op.seq for op in ready])
            return at if marked == len(ready) else None

        return await self._write(write)

    async def _mark_anew(self, ready: list[Op]) -> int:
        """Give the chunk, which is marked and has waited for its turn, the time from which it may leave."""
        at = store.now()
        await self._write(lambda conn: pages.mark_again(conn, self.change, [op.seq for op in ready], at))
        return at

    async def sent(self, system: System, ready: list[Op], since: int) -> Known:
        """Send a chunk that was marked, and look for answers that are lost."""
        if store.now() - since > commit.FENCE * SECOND:  # stood still: another process may be at it by now
            late = {"code": str(Code.TIMEOUT), "message": "The server stood still; this was not sent."}
            return [(op, Outcome("not_sent", error=late)) for op in ready]
        with leaving_by(since / SECOND + commit.FENCE):
            outcomes = await system.send(self.change, ready)
        outcomes = await commit.look_again(self.change, system, ready, outcomes)
        return list(zip(ready, outcomes, strict=True))

    async def _flush(self, known: Known) -> None:
        if known:
            await self._write(lambda conn: operations.write_outcomes(conn, self.change, known, only=commit.OPEN))
            await self._tell([pair for pair in known if pair[1].state == "skipped"])

    async def _tell(self, found: Known) -> None:
        self.done += sum(1 for _, outcome in found if outcome.state in SETTLED)
        await self.ctx.progress(self.done, self.total, f"{self.done} of {self.total} done")

    async def _write(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """One transaction of this run; waits for a database that is away for a moment."""
        for pause in DATABASE_PAUSES:
            try:
                return await self._transaction(work)
            except Refused as refused:
                if not refused.retryable:
                    raise
                await anyio.sleep(pause)
        return await self._transaction(work)

    async def _transaction(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async with self.tools.db.begin() as conn:
            await self.alive(conn)
            return await work(conn)

    # ---- what is left --------------------------------------------------------------------------------------------

    async def _find_lost(self, *, wait: bool) -> bool:
        """Look for what was sent and has no outcome, until it is found, or surely absent; whether any was."""
        while not self.stopping.is_set():
            async with self.tools.db.read() as conn:
                lost = await pages.of_states(conn, self.change, ["sent", "unknown"], limit=WINDOW)
                tries = await pages.attempts_of(conn, self.change, [item.op.seq for item in lost])
            found, absent, latest = await self._look(lost)
            again = [op for op in absent if tries[op.seq] < TRIES]
            never = {"code": "not_sent", "message": "This never arrived, however often it was tried."}
            found += [(op, Outcome("not_sent", error=never)) for op in absent if tries[op.seq] >= TRIES]

            async def write(conn: AsyncConnection, found: Known = found, again: list[Op] = again) -> None:
                await operations.write_outcomes(conn, self.change, found, only=commit.OPEN)
                await pages.stage_again(conn, self.change, again)

            if found or again:
                await self._write(write)
                await self._tell(found)
                return True
            if not lost or not wait or store.now() > latest:
                return False
            with anyio.move_on_after(min(5.0, (latest - store.now()) / SECOND)):
                await self.stopping.wait()
        return False

    async def _look(self, lost: Sequence[JournalOp]) -> tuple[Known, list[Op], int]:
        """What was found, what is surely absent, and until when (µs) it is worth looking for the rest."""
        found: Known = []
        absent: list[Op] = []
        latest = 0
        for name in dict.fromkeys(item.op.system for item in lost):
            system = self.tools.systems(name)
            mine = [item for item in lost if item.op.system == name]
            for item, outcome in zip(mine, await system.look(mine), strict=True):
                quiet = (item.sent_at or 0) + int((commit.FENCE + system.quiet_after) * SECOND)
                latest = max(latest, quiet + int(GRACE * SECOND))
                if outcome.state == "not_sent" and store.now() > quiet:
                    absent.append(item.op)
                elif outcome.state in SETTLED and outcome.state != "not_sent":
                    found.append((item.op, outcome))
        return found, absent, latest

    async def _skip_orphans(self) -> bool:
        """Skip what needs an object that was not made; whether there was any."""
        async with self.tools.db.read() as conn:
            left = await pages.of_states(conn, self.change, ["staged"], limit=WINDOW)
            states = await pages.states_of(conn, self.change, [seq for item in left for seq in refs(item.op)])
        vain = [item.op for item in left if any(states.get(seq) in SETTLED for seq in refs(item.op))]
        if not vain:
            return False
        await self._flush([(op, Outcome("skipped", error=_NEEDS)) for op in vain])
        return True

    async def finish(self) -> None:
        """Write what the set has come to; a set that is stopped only because the process ends stays as it is."""
        error = self.patience.gave_up
        if self.stopping.is_set() and error is None:
            async with self.tools.db.read() as conn:
                job = await pages.job_of(conn, self.change)
            if job is None or not job[1]:
                return
            error = _STOPPED

        async def write(conn: AsyncConnection) -> None:
            if error is not None:
                await pages.close_staged(conn, self.change, error)
            tallies = await pages.tallies(conn, self.change)
            state = state_of(tallies)
            settled = state != "unknown"
            values = {"finished_at": store.now(), "outcome": {"tallies": [list(one) for one in tallies]}}
            moved = await store.move_set(conn, self.change, ["applying"], state, **(values if settled else {}))
            if moved and settled:
                await locks.unlock(conn, self.change)
                await self.tools.wake.announce(conn, FINISHED)
            if moved:
                told = {} if state == "applied" else {"state": state}
                await self.tools.audit.append(conn, self.record(self.row, "outcome", state, told))

        await self._write(write)
        await self.tools.wake.ring(FINISHED)
