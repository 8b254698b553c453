"""Runs of jobs in the database, for whoever carries them out, as ``store`` is for whoever looks at jobs.

A run names the start it belongs to (``attempt``): a process that was thought dead changes nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, exists, func, literal, select, tuple_, update

from ..changes.store import now
from ..db.prepared import padded
from ..db.tables import Json, executors, job_steps, jobs
from ..db.vault import vault_of
from .model import PARKED

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from ..db.vault import Vault

c = jobs.c
JOBS, STEPS = jobs.name, job_steps.name
_OURS = tuple_(c.id, c.handed_at).in_(bindparam("pairs", expanding=True)), c.state.in_(["queued", "running"])
# Rows are always locked in the order of their ids, so that no two transactions wait for each other.
_START = (
    update(jobs)
    .where(c.id.in_(select(c.id).where(*_OURS).order_by(c.id).with_for_update()))
    .values(
        state="running",
        attempt=c.attempt + 1,
        lost=c.lost + case((c.state == "running", 1), else_=0),
        executor=bindparam("by"),
        started_at=func.coalesce(c.started_at, bindparam("now")),
    )
    .returning(*c)
)
_STARTED = (
    select(c.id, c.attempt)
    .where(c.id.in_(bindparam("ids", expanding=True)), c.state == "running")
    .order_by(c.id)
    .with_for_update()
)
_END = (
    update(jobs)
    .where(c.id == bindparam("job"))
    .values(
        state=bindparam("new"),
        progress=bindparam("far", type_=Json),
        result=bindparam("gave", type_=Json),
        error=bindparam("why", type_=Json),
        finished_at=bindparam("now"),
    )
)
_ALIVE = select(c.id).where(c.id == bindparam("job"), c.attempt == bindparam("run"), c.state == "running")
_PROGRESS = (
    update(jobs)
    .where(c.id == bindparam("job"), c.attempt == bindparam("run"), c.state == "running")
    .values(progress=bindparam("far", type_=Json))
)
_STEPS = job_steps.select().where(job_steps.c.job_id == bindparam("job"))
_WAITING = c.state == "queued", c.handed_at.is_(None)
WAITING_STATES = ("queued", *sorted(PARKED))
RESCUER = 0x6465_7673  # key of an advisory lock


@dataclass(frozen=True, slots=True)
class Ended:
    """How the run ``attempt`` of a job came to its end."""

    job: str
    attempt: int
    state: str
    progress: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None


async def waiting(conn: AsyncConnection, limit: int, *, lock: bool = True) -> list[tuple[str, str, int]]:
    """Jobs that no worker was handed yet, the most urgent first: id, queue, priority. With ``lock`` they are the
    caller's until its transaction ends, and what another one holds is skipped.
    """
    query = select(c.id, c.queue, c.priority).where(*_WAITING).order_by(c.priority, c.created_at).limit(limit)
    rows = (await conn.execute(query.with_for_update(skip_locked=True) if lock else query)).all()
    return [(row[0], row[1], row[2]) for row in rows]


async def hand(conn: AsyncConnection, ids: Sequence[str]) -> int:
    """Note that these go to the workers; the token that their starts must name."""
    token = now()
    await conn.execute(update(jobs).where(c.id.in_(ids)).values(handed_at=token))
    return token


async def has_work(conn: AsyncConnection) -> bool:
    """Whether anything is to be run, or was being run when its process vanished."""
    return bool((await conn.execute(select(exists().where(c.state.in_(["queued", "running"]))))).scalar())


async def start(conn: AsyncConnection, claims: Sequence[tuple[str, int]], executor: str) -> dict[str, dict[str, Any]]:
    """Begin a run of each job (id, token); the rows of those that are still to be run under their token, by id."""
    given = {"pairs": padded(claims), "by": executor, "now": now()}
    rows = (await conn.execute(_START, given)).mappings()
    return {row["id"]: row for row in await vault_of(conn).open_rows(conn, JOBS, rows)}


async def end(conn: AsyncConnection, ends: Sequence[Ended]) -> list[bool]:
    """Write how runs ended; for each whether the job was still that run's own."""
    given = {"ids": padded([one.job for one in ends])}
    running = {(row[0], row[1]) for row in await conn.execute(_STARTED, given)}
    mine = [(one.job, one.attempt) in running for one in ends]
    rows = [_ended(vault_of(conn), one) for one, still in zip(ends, mine, strict=True) if still]
    if rows:
        await conn.execute(_END, rows)
    return mine


def _ended(vault: Vault, one: Ended) -> dict[str, Any]:
    values = {"progress": one.progress, "result": one.result, "error": one.error}
    stored = vault.seal_values(JOBS, one.job, values)
    said = {"far": stored["progress"], "gave": stored["result"], "why": stored["error"]}
    return {"job": one.job, "new": one.state, **said, "now": now()}


async def unhand(conn: AsyncConnection, job: str, token: int) -> bool:
    """Let a job that was handed under this token, and did not end, be handed anew."""
    statement = (
        update(jobs)
        .where(c.id == job, c.handed_at == token, c.state.in_(["queued", "running"]))
        .values(state="queued", handed_at=None, executor=None)
    )
    return (await conn.execute(statement)).rowcount == 1


async def held_by(conn: AsyncConnection, executor: str, before: int) -> list[tuple[str, int]]:
    """Jobs that run at this executor by what is written, and their tokens from before that time."""
    query = select(c.id, c.handed_at).where(c.state == "running", c.executor == executor, c.handed_at < before)
    return [(row[0], row[1]) for row in await conn.execute(query)]


async def is_alive(conn: AsyncConnection, job: str, attempt: int) -> bool:
    """Whether this run is still the job's own. On Postgres it stays so until the transaction ends."""
    query = _ALIVE.with_for_update(read=True)
    return (await conn.execute(query, {"job": job, "run": attempt})).scalar() is not None


async def write_progress(conn: AsyncConnection, job: str, attempt: int, progress: Mapping[str, Any]) -> bool:
    given = {"job": job, "run": attempt, "far": vault_of(conn).seal(JOBS, "progress", job, dict(progress))}
    return (await conn.execute(_PROGRESS, given)).rowcount == 1


async def read_steps(conn: AsyncConnection, job: str) -> dict[str, Any]:
    """What the job's finished steps gave, by name."""
    rows = (await conn.execute(_STEPS, {"job": job})).mappings()
    return {row["name"]: row["value"] for row in await vault_of(conn).open_rows(conn, STEPS, rows)}


async def add_step(conn: AsyncConnection, job: str, name: str, value: Any) -> None:
    row = {"job_id": job, "name": name, "value": {"value": value}, "at": now()}
    await conn.execute(job_steps.insert(), vault_of(conn).seal_row(STEPS, row))


async def to_stop(conn: AsyncConnection, executor: str) -> list[str]:
    """Jobs of this executor that somebody wants cancelled."""
    query = select(c.id).where(c.state == "running", c.executor == executor, c.cancel_at.is_not(None))
    return list((await conn.execute(query)).scalars())


async def is_unwanted(conn: AsyncConnection, job: str) -> bool:
    """Whether somebody wants the job cancelled. Nobody else moves it until the transaction ends."""
    query = select(c.cancel_at).where(c.id == job).with_for_update()
    return (await conn.execute(query)).scalar() is not None


async def overdue(conn: AsyncConnection) -> list[str]:
    """Jobs past their deadline that nothing works on."""
    query = select(c.id).where(c.state.in_(WAITING_STATES), c.deadline_at < now()).limit(500)
    return list((await conn.execute(query)).scalars())


async def beat(conn: AsyncConnection, executor: str) -> None:
    """Say that the executor lives, by the database's clock."""
    at = _clock(conn)
    found = await conn.execute(update(executors).where(executors.c.id == executor).values(beat_at=at))
    if found.rowcount == 0:
        await conn.execute(executors.insert().values(id=executor, started_at=at, beat_at=at))


async def dead_executors(conn: AsyncConnection, silent: float) -> list[str]:
    """Executors that have not said for so many seconds that they live."""
    query = select(executors.c.id).where(executors.c.beat_at < _clock(conn) - int(silent * 1_000_000))
    return list((await conn.execute(query)).scalars())


async def only_rescuer(conn: AsyncConnection) -> bool:
    """Whether no other process looks after dead executors now; until the transaction ends. Postgres only."""
    return bool((await conn.execute(select(func.pg_try_advisory_xact_lock(RESCUER)))).scalar())


async def forget_executor(conn: AsyncConnection, executor: str) -> None:
    await conn.execute(executors.delete().where(executors.c.id == executor))


def _clock(conn: AsyncConnection) -> Any:
    """Microseconds by one clock for all machines: the database's, where it has one."""
    if conn.dialect.name != "postgresql":
        return literal(now())
    return func.floor(func.extract("epoch", func.clock_timestamp()) * 1_000_000)
