"""Deleting what has been kept long enough, a little per transaction. Times are microseconds.

Jobs go by when they ended, change sets by when they came to their end. What is unfinished stays, however old, and with
it the paid calls that tell its next run what was sent already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, or_, select, tuple_

from ..db.tables import change_ops, change_sets, job_events, job_steps, jobs, llm_calls
from ..db.vault import vault_of
from .model import ENDED, UNFINISHED
from .store import PAID_SEPARATOR

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

c = jobs.c
Place = tuple[int, str]
"""A row's time and id: where a walk through old rows goes on."""
START: Place = (0, "")
RESULTS_AT_ONCE = 200
AT_END = ("applied", "partial", "failed", "declined", "expired", "stale")


async def ended_before(conn: AsyncConnection, before: int, after: Place, limit: int) -> list[dict[str, Any]]:
    """Jobs that ended before that time, the oldest first, behind a place: id, finished_at, tool, result."""
    query = (
        select(c.id, c.finished_at, c.tool, c.result)
        .where(c.finished_at < before, tuple_(c.finished_at, c.id) > after, c.state.in_(sorted(ENDED)))
        .order_by(c.finished_at, c.id)
        .limit(limit)
    )
    return await vault_of(conn).open_rows(conn, jobs.name, (await conn.execute(query)).mappings())


async def is_shared(conn: AsyncConnection, row: Mapping[str, Any], key: str, value: str) -> bool:
    """Whether a later job of the same tool has the same value there in its result; earlier ones are gone by then."""
    place: Place = (row["finished_at"], row["id"])
    while True:  # results are sealed, so the database can't look into them
        query = (
            select(c.id, c.finished_at, c.result)
            .where(c.tool == row["tool"], tuple_(c.finished_at, c.id) > place, c.result.is_not(None))
            .order_by(c.finished_at, c.id)
            .limit(RESULTS_AT_ONCE)
        )
        found = await vault_of(conn).open_rows(conn, jobs.name, (await conn.execute(query)).mappings())
        if any(one["result"].get(key) == value for one in found):
            return True
        if len(found) < RESULTS_AT_ONCE:
            return False
        place = (found[-1]["finished_at"], found[-1]["id"])


async def has_details(conn: AsyncConnection, ids: Sequence[str]) -> bool:
    """Whether any of these jobs has events or results of steps."""
    for table in (job_events, job_steps):
        if (await conn.execute(select(table.c.job_id).where(table.c.job_id.in_(ids)).limit(1))).first():
            return True
    return False


async def delete_details(conn: AsyncConnection, ids: Sequence[str], limit: int) -> int:
    """Delete events and results of steps of these jobs, at most so many of each; how many that were."""
    gone = 0
    for table, key in ((job_events, job_events.c.seq), (job_steps, job_steps.c.name)):
        some = select(table.c.job_id, key).where(table.c.job_id.in_(ids)).limit(limit)
        gone += (await conn.execute(delete(table).where(tuple_(table.c.job_id, key).in_(some)))).rowcount
    return gone


async def delete_jobs(conn: AsyncConnection, ids: Sequence[str]) -> None:
    await conn.execute(delete(jobs).where(c.id.in_(ids), c.state.in_(sorted(ENDED))))


async def old_sets(conn: AsyncConnection, before: int, after: Place, limit: int) -> list[Place]:
    """Change sets that came to their end before that time, the oldest first, behind a place: created_at, id."""
    s = change_sets.c
    query = (
        select(s.created_at, s.id)
        .where(
            s.created_at < before,
            or_(s.finished_at.is_(None), s.finished_at < before),
            tuple_(s.created_at, s.id) > after,
            s.state.in_(AT_END),
        )
        .order_by(s.created_at, s.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in await conn.execute(query)]


async def needed(conn: AsyncConnection, ids: Sequence[str]) -> set[str]:
    """Those of the change sets that an unfinished job carries out, or that say what it has paid for."""
    of_job = {change: change.split(PAID_SEPARATOR, 1)[0] for change in ids}
    query = select(c.id, c.change_id).where(
        or_(c.change_id.in_(ids), c.id.in_(sorted(set(of_job.values())))), c.state.in_(UNFINISHED)
    )
    found = {key for row in await conn.execute(query) for key in row if key}
    return {change for change, job in of_job.items() if change in found or job in found}


async def delete_sets(conn: AsyncConnection, ids: Sequence[str], limit: int) -> bool:
    """Delete change sets, at most so many of their operations; whether all of it is gone."""
    o = change_ops.c
    some = select(o.change_id, o.seq).where(o.change_id.in_(ids)).limit(limit)
    gone = (await conn.execute(delete(change_ops).where(tuple_(o.change_id, o.seq).in_(some)))).rowcount
    if gone == limit:
        return False
    await conn.execute(delete(llm_calls).where(llm_calls.c.id.in_(ids)))
    await conn.execute(delete(change_sets).where(change_sets.c.id.in_(ids)))
    return True
