"""Jobs in the database. Every function takes the connection of its caller's transaction; times are microseconds."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, literal, select, tuple_

from ..changes.store import REPEAT_WINDOW, now
from ..db.tables import Json, change_ops, change_sets, job_events, job_steps, jobs
from ..db.vault import vault_of
from ..errors import Code, Refused
from .model import JOB_ID, PARKED

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


c = jobs.c
JOBS, EVENTS, STEPS = jobs.name, job_events.name, job_steps.name
_ALPHABET = "23456789abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
_INSERT = jobs.insert()
e = job_events.c
_LAST = select(func.coalesce(func.max(e.seq), 0)).where(e.job_id == bindparam("job"))
_LAST_AT = select(e.at).where(e.job_id == bindparam("job")).order_by(e.seq.desc()).limit(1)
_ADD_EVENT = job_events.insert().from_select(
    ["job_id", "seq", "kind", "data", "at"],
    select(
        bindparam("job", type_=job_events.c.job_id.type),
        _LAST.scalar_subquery() + literal(1),
        bindparam("kind", type_=job_events.c.kind.type),
        bindparam("data", type_=Json),
        bindparam("at", type_=job_events.c.at.type),
    ),
)
_READ_EVENTS = (
    select(e.job_id, e.seq, e.kind, e.data, e.at)
    .where(e.job_id == bindparam("job"), e.seq > bindparam("after"))
    .order_by(e.seq)
    .limit(bindparam("most"))
)
_READ = jobs.select().where(c.id == bindparam("job"))
_READ_LOCKED = _READ.with_for_update()
PAID_SEPARATOR = "."
"""Between a job's id and a step's name in the id of the change set that stands for the paid call."""
BUDGET = 0x6465_7662  # key of an advisory lock
LISTED = (c.id, c.tool, c.state, c.progress, c.error, c.change_id, c.created_at, c.started_at, c.finished_at, c.attempt)


def new_id() -> str:
    """An id that nobody can guess: on MCP it is the task's, and knowing it is half of what reading it takes."""
    return "job_" + "".join(secrets.choice(_ALPHABET) for _ in range(20))


async def insert(conn: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Write a new job.

    Raises:
        Refused: CONFLICT when another call with the same idempotency key came first.
    """
    from sqlalchemy.exc import IntegrityError

    try:
        await conn.execute(_INSERT, vault_of(conn).seal_row(JOBS, row))
    except IntegrityError:
        raise Refused(
            Code.CONFLICT,
            "A call with this idempotency key is under way.",
            "Repeat the call in a moment to get its job.",
            retryable=True,
            retry_after=1,
        ) from None


async def read(conn: AsyncConnection, job: str, *, lock: bool = False) -> dict[str, Any] | None:
    """The job's row; with ``lock`` nobody else moves it before the caller's transaction ends."""
    if not JOB_ID.fullmatch(job):  # what can't be an id may be anything, also what no database takes
        return None
    return await _one(conn, _READ_LOCKED if lock else _READ, {"job": job})


async def _one(conn: AsyncConnection, query: Any, given: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
    found = (await conn.execute(query, given)).mappings().first()
    return (await vault_of(conn).open_rows(conn, JOBS, [found]))[0] if found else None


async def find_key(conn: AsyncConnection, principal: str, key: str) -> dict[str, Any] | None:
    marked = vault_of(conn).mark(key)
    return await _one(conn, jobs.select().where(c.principal == principal, c.idempotency_key == marked))


async def find_repeat(conn: AsyncConnection, principal: str, request_hash: str, *, finished: bool) -> str | None:
    """A job of the same principal, tool and arguments: not ended or, with ``finished``, succeeded lately."""
    since = now() - REPEAT_WINDOW * 1_000_000
    marked = vault_of(conn).mark(request_hash)
    states = ["queued", "running", *PARKED, *(["succeeded"] if finished else [])]
    query = (
        select(c.id)
        .where(c.principal == principal, c.created_at >= since, c.request_hash == marked, c.state.in_(states))
        .order_by(c.created_at.desc())
        .limit(1)
    )
    return (await conn.execute(query)).scalar()


async def move(
    conn: AsyncConnection, job: str, old: Sequence[str], new: str, *, attempt: int | None = None, **values: Any
) -> bool:
    """Compare and swap the state, for the start ``attempt`` only if one is named; False when it is somebody else's."""
    stored = vault_of(conn).seal_values(JOBS, job, values)
    statement = jobs.update().where(c.id == job, c.state.in_(old)).values(state=new, **stored)
    if attempt is not None:
        statement = statement.where(c.attempt == attempt)
    return (await conn.execute(statement)).rowcount == 1


async def ask_to_cancel(conn: AsyncConnection, job: str) -> bool:
    """Note that a running job is to stop; its worker sees it."""
    statement = jobs.update().where(c.id == job, c.state == "running", c.cancel_at.is_(None)).values(cancel_at=now())
    return (await conn.execute(statement)).rowcount == 1


async def page(
    conn: AsyncConnection,
    principal: str | None,
    *,
    limit: int,
    state: str | None = None,
    tool: str | None = None,
    before: tuple[int, str] | None = None,
) -> list[dict[str, Any]]:
    """The newest jobs, whole pages by keyset: those created before the last one of the page before (time, id)."""
    query = select(*LISTED)
    if principal is not None:
        query = query.where(c.principal == principal)
    if state is not None:
        query = query.where(c.state == state)
    if tool is not None:
        query = query.where(c.tool == tool)
    if before is not None:
        query = query.where(tuple_(c.created_at, c.id) < before)
    rows = (await conn.execute(query.order_by(c.created_at.desc(), c.id.desc()).limit(limit))).mappings()
    return await vault_of(conn).open_rows(conn, JOBS, rows)


async def money(conn: AsyncConnection, job: str) -> tuple[int | None, int | None]:
    """What the job's paid calls were thought to cost, and did cost as far as known, in millionths of a US dollar."""
    o = change_ops.c
    query = select(func.sum(o.estimate), func.sum(o.cost)).where(*_paid_by(job), o.state.not_in(["failed", "not_sent"]))
    estimate, cost = (await conn.execute(query)).one()
    return (None if estimate is None else int(estimate), None if cost is None else int(cost))


async def write_cost(conn: AsyncConnection, change: str, cost: int) -> None:
    """What a paid call did cost, in millionths of a US dollar, told after its outcome."""
    await conn.execute(change_ops.update().where(change_ops.c.change_id == change).values(cost=cost))


async def paid_calls(conn: AsyncConnection, job: str, limit: int, state: str | None = None) -> list[dict[str, Any]]:
    """The job's paid calls, the oldest first: change_id, seq, label, state, object_id, estimate, cost."""
    o = change_ops.c
    query = select(o.change_id, o.seq, o.label, o.state, o.object_id, o.estimate, o.cost).where(*_paid_by(job))
    if state is not None:
        query = query.where(o.state == state)
    rows = (await conn.execute(query.order_by(o.sent_at, o.change_id).limit(limit))).mappings()
    return await vault_of(conn).open_rows(conn, change_ops.name, rows)


def _paid_by(job: str) -> tuple[Any, Any]:
    o = change_ops.c
    return o.change_id >= job + PAID_SEPARATOR, o.change_id < job + chr(ord(PAID_SEPARATOR) + 1)


async def spent(conn: AsyncConnection, since: int, principal: str | None) -> int:
    """What paid calls since then did cost, or are thought to where that is not known, in millionths of a US dollar."""
    o, s = change_ops.c, change_sets.c
    query = select(func.coalesce(func.sum(func.coalesce(o.cost, o.estimate)), 0)).where(
        o.estimate.is_not(None), o.sent_at >= since, o.state.not_in(["failed", "not_sent", "staged"])
    )
    if principal is not None:
        query = query.join(change_sets, s.id == o.change_id).where(s.principal == principal)
    return int((await conn.execute(query)).scalar() or 0)


async def lock_budget(conn: AsyncConnection) -> None:
    """Let nobody else check the budget until the transaction ends: two that fit each alone may not fit together."""
    if conn.dialect.name == "postgresql":
        await conn.execute(select(func.pg_advisory_xact_lock(BUDGET)))


async def add_events(conn: AsyncConnection, events: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
    """Add events: job, kind, data."""
    at, vault = now(), vault_of(conn)
    rows = [
        {"job": job, "kind": kind, "data": vault.seal(EVENTS, "data", f"{job}|{kind}|{at}", dict(data)), "at": at}
        for job, kind, data in events
    ]
    await conn.execute(_ADD_EVENT, rows)


async def read_events(conn: AsyncConnection, job: str, after: int, limit: int) -> list[dict[str, Any]]:
    """Events behind the number ``after``: job_id, seq, kind, data, at."""
    rows = (await conn.execute(_READ_EVENTS, {"job": job, "after": after, "most": limit})).mappings()
    return await vault_of(conn).open_rows(conn, EVENTS, rows)


async def last_event(conn: AsyncConnection, job: str) -> int:
    """The number of the job's newest event; 0 for none."""
    return int((await conn.execute(_LAST, {"job": job})).scalar() or 0)


async def last_change(conn: AsyncConnection, job: str) -> int | None:
    """When the job's newest event was; None when its events are gone."""
    return (await conn.execute(_LAST_AT, {"job": job})).scalar()
