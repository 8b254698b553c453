"""Reads and counts change sets of any size: a page costs as much in a set of 10,000 operations as in one of 20.

Every function takes the connection of its caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, or_, select

from ..db.tables import change_ops, jobs
from . import operations, store
from .model import MET, JournalOp, Op, refs
from .view import Tally

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

c = change_ops.c


async def counts(conn: AsyncConnection, change: str) -> dict[str, int]:
    """How many operations are in each state; read off an index alone."""
    query = select(c.state, func.count()).where(c.change_id == change).group_by(c.state)
    return {state: int(number) for state, number in (await conn.execute(query)).all()}


async def tallies(conn: AsyncConnection, change: str) -> list[Tally]:
    """The set counted by what its view needs; this reads every row, so the result is kept when the set is settled."""
    took = or_(c.state == "done", and_(c.state == "not_taken", or_(c.kind == "create", c.inverse.is_not(None))))
    did, lasts = case((took, 1), else_=0), case((c.undo_reason.is_(None), 0), else_=1)
    query = select(c.kind, c.state, did, lasts, func.count()).where(c.change_id == change)
    rows = (await conn.execute(query.group_by(c.kind, c.state, did, lasts))).all()
    return [
        Tally(kind, state, took=bool(tooks), lasts=bool(last), number=int(number))
        for kind, state, tooks, last, number in rows
    ]


async def in_order(conn: AsyncConnection, change: str, after: int, limit: int) -> list[JournalOp]:
    """Operations behind number ``after``, in the plan's order."""
    query = change_ops.select().where(c.change_id == change, c.seq > after).order_by(c.seq).limit(limit)
    return await _ops(conn, change, query)


async def of_states(
    conn: AsyncConnection, change: str, states: Sequence[str], *, after: int = 0, offset: int = 0, limit: int
) -> list[JournalOp]:
    """Operations in one of the states, in the plan's order."""
    numbers = (
        select(c.seq)
        .where(c.change_id == change, c.state.in_(states), c.seq > after)
        .order_by(c.seq)
        .limit(limit)
        .offset(offset)
    )
    found = list((await conn.execute(numbers)).scalars())
    if not found:
        return []
    query = change_ops.select().where(c.change_id == change, c.seq.in_(found)).order_by(c.seq)
    return await _ops(conn, change, query)


async def outcomes(
    conn: AsyncConnection, change: str, by_state: Mapping[str, int], page: int, size: int
) -> list[JournalOp]:
    """One page of a set that is being or was carried out; what did not go well comes first."""
    others = [state for state in by_state if state != "done"]
    first = sum(by_state[state] for state in others)
    offset = (page - 1) * size
    found = await of_states(conn, change, others, offset=offset, limit=size) if offset < first else []
    if len(found) < size:
        found += await of_states(conn, change, ["done"], offset=max(0, offset - first), limit=size - len(found))
    return found


async def _ops(conn: AsyncConnection, change: str, query: Any) -> list[JournalOp]:
    rows = await operations.opened(conn, (await conn.execute(query)).mappings().all())
    found = [operations.journal_op(row, {}) for row in rows]
    needs = {seq for item in found for seq in refs(item.op)}
    if not needs:
        return found
    met = and_(c.seq.in_(needs), c.state.in_(MET), c.object_id.is_not(None))
    made = select(c.seq, c.object_id).where(c.change_id == change, met)
    ids = {int(seq): str(made_id) for seq, made_id in (await conn.execute(made)).all()}
    return [operations.journal_op(row, ids) for row in rows]


async def states_of(conn: AsyncConnection, change: str, seqs: Sequence[int]) -> dict[int, str]:
    """The states of some operations."""
    query = select(c.seq, c.state).where(c.change_id == change, c.seq.in_(seqs))
    return {int(seq): str(state) for seq, state in (await conn.execute(query)).all()}


async def mark_again(conn: AsyncConnection, change: str, seqs: Sequence[int], at: int) -> None:
    """Put the time at which operations were marked as sent to ``at``; they must not have left yet."""
    statement = change_ops.update().where(c.change_id == change, c.seq.in_(seqs), c.state == "sent")
    await conn.execute(statement.values(sent_at=at))


async def stage_again(conn: AsyncConnection, change: str, ops: Sequence[Op]) -> None:
    """Put operations that surely never took effect back among those still to be sent."""
    statement = (
        change_ops.update()
        .where(c.change_id == change, c.seq.in_([op.seq for op in ops]), c.state.in_(["sent", "unknown"]))
        .values(state="staged", sent_at=None, settled_at=None, error=None)
    )
    await conn.execute(statement)


async def close_staged(conn: AsyncConnection, change: str, error: Mapping[str, Any]) -> None:
    """Say of all that is still to be sent that it was not."""
    values = {"state": "not_sent", "error": dict(error), "settled_at": store.now()}
    await operations.rewrite(conn, (c.change_id == change, c.state == "staged"), values)


async def attempts_of(conn: AsyncConnection, change: str, seqs: Sequence[int]) -> dict[int, int]:
    """How often each of the operations was marked as on its way."""
    query = select(c.seq, c.attempts).where(c.change_id == change, c.seq.in_(seqs))
    return {seq: int(number) for seq, number in (await conn.execute(query)).all()}


async def job_of(conn: AsyncConnection, change: str) -> tuple[str, bool] | None:
    """The job that carries the set out, and whether somebody asked it to stop; None where there is none."""
    query = (
        select(jobs.c.id, jobs.c.cancel_at)
        .where(jobs.c.change_id == change)
        .order_by(jobs.c.created_at.desc())
        .limit(1)
    )
    found = (await conn.execute(query)).first()
    return (found[0], found[1] is not None) if found else None
