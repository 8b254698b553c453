"""Calls of models in the database. Each function takes the connection of its caller's transaction; money is in
millionths of a US dollar, times in microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, func, literal_column, select

from ..changes.store import now
from ..db.tables import jobs, llm_calls
from ..db.vault import vault_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

c = llm_calls.c
CALLS = llm_calls.name
OPEN = "sent"
_OF_STEP = select(*c).where(c.job_id == bindparam("job"), c.step == bindparam("step")).order_by(c.number)
_INSERT = llm_calls.insert()
_BOOKED = func.coalesce(c.cost, c.estimate)
_ALIVE = select(jobs.c.id).where(
    jobs.c.id == bindparam("job"), jobs.c.attempt == bindparam("run"), jobs.c.state == "running"
)


async def of_step(conn: AsyncConnection, job: str, step: str) -> list[dict[str, Any]]:
    """The calls that this step of the job has made, the first one first."""
    rows = (await conn.execute(_OF_STEP, {"job": job, "step": step})).mappings()
    return await vault_of(conn).open_rows(conn, CALLS, rows)


async def insert(conn: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Note a call as on its way; one that was noted and surely never left is on its way again."""
    again = llm_calls.update().where(c.id == row["id"]).values(state=OPEN, run=row["run"], created_at=row["created_at"])
    if (await conn.execute(again)).rowcount == 0:
        await conn.execute(_INSERT, vault_of(conn).seal_row(CALLS, row))


async def finish(conn: AsyncConnection, call: str, values: Mapping[str, Any]) -> bool:
    """Write how a call ended; False when it is ended already."""
    stored = vault_of(conn).seal_values(CALLS, call, {**values, "finished_at": now()})
    statement = llm_calls.update().where(c.id == call, c.state == OPEN).values(**stored)
    return (await conn.execute(statement)).rowcount == 1


async def read(conn: AsyncConnection, call: str) -> dict[str, Any] | None:
    rows = (await conn.execute(select(*c).where(c.id == call))).mappings()
    found = await vault_of(conn).open_rows(conn, CALLS, rows)
    return found[0] if found else None


async def is_under_way(conn: AsyncConnection, row: Mapping[str, Any]) -> bool:
    """Whether the run of the job that sent the call still goes on."""
    given = {"job": row["job_id"], "run": row["run"]}
    return (await conn.execute(_ALIVE, given)).scalar() is not None


async def spent_by_agent(conn: AsyncConnection, agent: str, since: int) -> int:
    query = select(func.coalesce(func.sum(_BOOKED), 0)).where(c.agent == agent, c.created_at >= since)
    return int((await conn.execute(query)).scalar() or 0)


async def spent_by_job(conn: AsyncConnection, job: str, step: str | None = None) -> int:
    """What the calls of a job cost, or may, as far as is known; with ``step`` those of one ask."""
    query = select(func.coalesce(func.sum(_BOOKED), 0)).where(c.job_id == job)
    if step is not None:
        query = query.where(c.step == step)
    return int((await conn.execute(query)).scalar() or 0)


async def lately(conn: AsyncConnection, since: int, limit: int) -> Sequence[Any]:
    """The newest ended calls: provider, model, state, error, first_ms, total_ms."""
    query = (
        select(c.provider, c.model, c.state, c.error, c.first_ms, c.total_ms)
        .where(c.created_at >= since, c.state != OPEN)
        .order_by(c.created_at.desc(), c.id.desc())
        .limit(limit)
    )
    return (await conn.execute(query)).all()


DAY = 86_400_000_000
GROUPS: dict[str, tuple[Any, ...]] = {
    "provider": (c.provider,),
    "model": (c.provider, c.model),
    "agent": (c.agent,),
    "kind": (c.kind,),
    "principal": (c.principal,),
    "day": (literal_column(f"created_at - created_at % {DAY}").label("day"),),  # bound, it would be another one each
    "all": (),
}


async def usage(
    conn: AsyncConnection, by: str, since: int, until: int, principal: str | None, limit: int
) -> list[dict[str, Any]]:
    """Sums over a time, by what ``GROUPS`` names, the dearest first: calls, errors, unknown (price), tokens_in,
    tokens_cached, tokens_out, cost, reserved.
    """
    keys = GROUPS[by]
    known = case((c.booked == "assumed", 0), else_=_BOOKED)
    cost = func.coalesce(func.sum(known), 0).label("cost")
    query = (
        select(
            *keys,
            func.count().label("calls"),
            func.sum(case((c.state.in_(["failed", "lost"]), 1), else_=0)).label("errors"),
            func.sum(case((c.booked == "assumed", 1), else_=0)).label("unknown"),
            func.coalesce(func.sum(c.tokens_in), 0).label("tokens_in"),
            func.coalesce(func.sum(c.tokens_cached), 0).label("tokens_cached"),
            func.coalesce(func.sum(c.tokens_out), 0).label("tokens_out"),
            cost,
            func.coalesce(func.sum(_BOOKED), 0).label("reserved"),
        )
        .where(c.created_at >= since, c.created_at < until)
        .group_by(*keys)
        .order_by(cost.desc(), *keys)
        .limit(limit)
    )
    if principal is not None:
        query = query.where(c.principal == principal)
    return [dict(row) for row in (await conn.execute(query)).mappings()]
