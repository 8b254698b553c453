"""Commit a plan: the intent durable first, then each request sent once, then what became of it.

A single op costs two transactions: (1) set, ops with their before-images marked as sent, locks and audit intent; (2)
outcome,
audit, unlock. With more groups than are in flight at once, one more per further group.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import anyio

from ..errors import Code, Refused, unforeseen
from ..guard.logs import heard
from ..http import leaving_by
from . import locks, operations, store
from .model import MET, JournalOp, Op, Outcome, System, fill, refs
from .news import FINISHED
from .stage import Unit
from .view import set_state

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from ..context import Context
    from ..db.database import Database
    from ..db.prepared import Step
    from ..db.wake import Wake
    from ..guard.audit import AuditLog, AuditRecord
    from ..guard.brake import Brake

FENCE = 8.0
"""Seconds after its intent was written in which a request may still leave: a process that was stopped longer must not
send. The settle loop waits as much longer before it says that something was not sent."""
OPEN = ("staged", "sent", "unknown")
GUESSED = (*OPEN, "not_sent", "failed")
LOOKS = (0.5, 1.0, 2.0)
"""Pauses before each look at the system after an answer was lost, in seconds; the settle loop goes on from there."""


class Overtaken(Exception):
    """Another change of ours wrote one of the objects after this plan was staged: stage again."""


@dataclass
class Draft:
    """A plan on its way to be committed. ``proposal``: it is stored already, as one that waits to be carried out.
    ``guard`` runs first in the intent's transaction and may raise: then nothing is written and nothing sent.
    """

    ctx: Context
    row: dict[str, Any]
    unit: Unit
    staged_at: int
    proposal: bool = False
    repeatable: bool = False
    guard: Callable[[AsyncConnection], Awaitable[None]] | None = None
    change: str = ""
    intended_at: int = 0
    outcomes: dict[int, Outcome] = field(default_factory=dict[int, Outcome])
    state: str = ""
    """What the set came to, where the journal surely has all as it is here; empty where it must be asked."""

    def __post_init__(self) -> None:
        self.change = self.row["id"]

    def told(self) -> list[JournalOp]:
        """The ops as the journal has them."""
        return [self._told(op, self.outcomes[op.seq]) for op in self.unit.ops]

    def _told(self, op: Op, outcome: Outcome) -> JournalOp:
        known = str(op.target) if isinstance(op.target, int | str) else None
        outcome = replace(outcome, object_id=outcome.object_id or known, undo=outcome.undo or op.undo)
        return JournalOp(self.change, op, outcome.state, self.intended_at, outcome, 1)


class Committer:
    """Sends plans. ``systems`` finds a System by name; ``active`` holds the ids this process is working on; ``wake``
    tells other processes of what is finished; ``brake`` says whether anything may be sent.
    """

    def __init__(
        self,
        db: Database,
        audit: AuditLog,
        systems: Callable[[str], System],
        wake: Wake,
        active: set[str],
        brake: Brake,
    ) -> None:
        self.db = db
        self.audit = audit
        self.systems = systems
        self.wake = wake
        self.active = active
        self.brake = brake

    async def commit(self, draft: Draft, record: Callable[..., AuditRecord]) -> str | None:
        """Commit the draft; outcomes are in ``draft.outcomes`` afterwards.

        Returns:
            None when it was committed here, else the id of the change that did the same before.

        Raises:
            Refused: CONFLICT when an object is being written by another change, WRITES_STOPPED while writes are
                stopped; nothing was sent.
            Overtaken: when the plan must be staged again; nothing was sent.
        """
        waves = _waves(draft.unit.ops)
        plan = [self._groups(wave) for wave in waves]
        width = self._system(plan[0][0]).in_flight
        first = {op.seq for group in plan[0][:width] for op in group}
        self.active.add(draft.change)
        try:
            with anyio.CancelScope(shield=True):
                async with self.db.begin() as conn:
                    repeated = await self._intend(conn, draft, first, record)
                if repeated:
                    return repeated
                await self._send_all(draft, plan, first)
                await self._finish(draft, record)
        finally:
            self.active.discard(draft.change)
        return None

    async def _intend(
        self, conn: AsyncConnection, draft: Draft, first: set[int], record: Callable[..., AuditRecord]
    ) -> str | None:
        row, ops = draft.row, draft.unit.ops
        draft.intended_at = store.now()
        await self.brake.check(conn)
        if draft.guard is not None:
            await draft.guard(conn)
        if draft.repeatable:
            repeated = await store.find_repeat(conn, row["principal"], row["request_hash"])
            if repeated:
                return repeated
        if draft.proposal:
            values = {name: row[name] for name in ("decided_at", "approved_by")}
            if not await store.move_set(conn, draft.change, ["proposed"], "applying", **values):
                return draft.change
        await self._lock(conn, draft, None if draft.proposal else {**row, "state": "applying"})
        if draft.proposal:
            await operations.mark_sent(conn, draft.change, sorted(first))
        else:
            await operations.insert_ops(conn, draft.change, ops, first)
        await self.audit.append(conn, record(phase="intent", code="ok", detail={"ops": len(ops)}))
        return None

    async def _lock(self, conn: AsyncConnection, draft: Draft, new: dict[str, Any] | None) -> None:
        keys = [f"{op.system}:{key}" for op in draft.unit.ops for key in self.systems(op.system).object_keys(op)]
        holder = await locks.lock(conn, keys, draft.change, new)
        if holder:
            raise conflict(holder)
        for system in {op.system for op in draft.unit.ops}:
            objects = [
                (op.collection, str(op.target))
                for op in draft.unit.ops
                if op.system == system and op.target is not None and not refs(op)
            ]
            if objects and await locks.written_since(conn, system, objects, draft.staged_at):
                raise Overtaken

    def _system(self, group: Sequence[Op]) -> System:
        return self.systems(group[0].system)

    def _groups(self, wave: Sequence[Op]) -> list[list[Op]]:
        names = dict.fromkeys(op.system for op in wave)
        return [
            group for name in names for group in self.systems(name).groups([op for op in wave if op.system == name])
        ]

    async def _send_all(self, draft: Draft, plan: list[list[list[Op]]], first: set[int]) -> None:
        written: set[int] = set()
        total = len(draft.unit.ops)

        async def work(queue: list[list[Op]]) -> None:
            while queue:
                group = self._ready(draft, queue.pop(0))
                if not group:
                    continue
                since = draft.intended_at
                if not all(op.seq in first for op in group):
                    since = await self._mark(draft, group, written)
                await self._send(draft, group, since)
                await draft.ctx.progress(len(draft.outcomes), total, f"{len(draft.outcomes)} of {total} done")

        for wave in plan:
            queue = list(wave)
            width = min(self._system(wave[0]).in_flight, len(queue))
            if width == 1:
                await work(queue)
                continue
            async with anyio.create_task_group() as tasks:
                for _ in range(width):
                    tasks.start_soon(work, queue)

    def _ready(self, draft: Draft, group: Sequence[Op]) -> list[Op]:
        """The ops of the group whose needs are met, with their Refs filled; the others are skipped."""
        ids = {seq: outcome.object_id for seq, outcome in draft.outcomes.items() if outcome.object_id}
        ready: list[Op] = []
        for op in group:
            if all(draft.outcomes[seq].state in MET and seq in ids for seq in refs(op)):
                ready.append(_filled(op, ids))
            else:
                reason = {"code": "skipped", "message": "What this needs was not made."}
                draft.outcomes[op.seq] = Outcome("skipped", error=reason)
        return ready

    async def _mark(self, draft: Draft, group: Sequence[Op], written: set[int]) -> int:
        """Write what is known so far and the group as sent; the time of that, 0 when the group was given up meanwhile:
        this process stood still, and another one's settle loop has told that these were not sent.
        """
        ready = [seq for seq in draft.outcomes if seq not in written]
        async with self.db.begin() as conn:
            await self._write(conn, draft, ready)
            at = store.now()
            marked = await operations.mark_sent(conn, draft.change, [op.seq for op in group])
        written.update(ready)
        return at if marked == len(group) else 0

    async def _write(
        self, conn: AsyncConnection, draft: Draft, seqs: Sequence[int], *more: Step
    ) -> tuple[bool, list[int]]:
        """Write outcomes, and what goes with them; what the system answered to this process is truer than what a settle
        loop has inferred. Whether all of them surely went in, and what each of the others touched.
        """
        by_seq = {op.seq: op for op in draft.unit.ops}
        known = [seq for seq in seqs if draft.outcomes[seq].state not in {"unknown", "not_sent"}]
        guessed = [(by_seq[seq], draft.outcomes[seq]) for seq in seqs if seq not in known]
        number = 0
        if guessed:
            number = (await operations.write_outcomes(conn, draft.change, guessed, only=OPEN))[0]
        rows = [(by_seq[seq], draft.outcomes[seq]) for seq in known]
        found, *others = await operations.write_outcomes(conn, draft.change, rows, *more, only=GUESSED)
        return number + found == len(seqs), others

    async def _send(self, draft: Draft, group: list[Op], since: int) -> None:
        system = self._system(group)
        if store.now() - since > FENCE * 1_000_000:
            late = {"code": str(Code.TIMEOUT), "message": "The server stood still; this was not sent."}
            outcomes = [Outcome("not_sent", error=late) for _ in group]
        else:  # and until the connection stands, it may stand still yet
            with leaving_by(since / 1_000_000 + FENCE):
                outcomes = await understood(system.send(draft.change, group), group)
        outcomes = await look_again(draft.change, system, group, outcomes)
        for op, outcome in zip(group, outcomes, strict=True):
            draft.outcomes[op.seq] = outcome

    async def _finish(self, draft: Draft, record: Callable[..., AuditRecord]) -> None:
        state = set_state((op, draft.outcomes[op.seq]) for op in draft.unit.ops if op.seq in draft.outcomes)
        open_still = state == "unknown"
        async with self.db.begin() as conn:
            values: dict[str, Any] = {} if open_still else {"finished_at": store.now()}
            # A settle loop may have moved it while this process stood still.
            old = ["applying"] if open_still else ["applying", "unknown", "partial", "failed"]
            closing = [store.moving(conn, draft.change, old, state, values)]
            if not open_still:
                closing.append(locks.unlocking(draft.change))
            all_in, (moved, *_) = await self._write(conn, draft, list(draft.outcomes), *closing)
            if not open_still:
                await self.wake.announce(conn, FINISHED)
            failed = {} if state == "applied" else {"state": state}
            await self.audit.append(conn, record(phase="outcome", code=state, detail=failed))
        if all_in and moved and len(draft.outcomes) == len(draft.unit.ops):
            draft.state = state
        await self.wake.ring(FINISHED)


async def understood(work: Awaitable[list[Outcome]], group: Sequence[Op]) -> list[Outcome]:
    """What the system made of its answer. One that it can't make sense of is as good as lost: it was sent."""
    try:
        return await work
    except Refused:
        raise
    except Exception as error:
        refused = unforeseen(group[0].label, error, heard())
        return [Outcome("unknown", error=refused.as_dict()) for _ in group]


async def look_again(change: str, system: System, group: Sequence[Op], outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Look for lost answers a few times; what is found counts, what is not found stays unknown."""
    known = list(outcomes)
    for pause in LOOKS:
        lost = [index for index, outcome in enumerate(known) if outcome.state == "unknown"]
        if not lost:
            break
        await anyio.sleep(pause)
        asked = [JournalOp(change, group[index], "unknown", store.now(), known[index]) for index in lost]
        looked = await understood(system.look(asked), [item.op for item in asked])
        for index, found in zip(lost, looked, strict=True):
            if found.state not in {"unknown", "not_sent"}:
                known[index] = found
    return known


def conflict(holder: str) -> Refused:
    """The refusal of a plan one of whose objects is being written by the change ``holder``."""
    return Refused(
        Code.CONFLICT,
        f"Another change ({holder}) is being written to one of these objects.",
        f"Look at it with changes_show({holder}) and try again when it is settled.",
        retryable=True,
        retry_after=2,
        details={"change": holder},
    )


def _filled(op: Op, ids: Mapping[int, str]) -> Op:
    if not refs(op):
        return op
    op.target = fill(op.target, ids)
    op.parent = fill(op.parent, ids)
    op.body = fill(op.body, ids)
    return op


def _waves(ops: Sequence[Op]) -> list[list[Op]]:
    """Ops in waves: each needs only what earlier waves made."""
    level: dict[int, int] = {}
    for op in ops:
        level[op.seq] = 1 + max((level[seq] for seq in refs(op)), default=-1)
    return [[op for op in ops if level[op.seq] == number] for number in range(max(level.values()) + 1)]
