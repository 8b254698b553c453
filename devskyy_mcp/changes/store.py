"""The journal in the database: change sets. Their operations are in ``operations``, locks on objects in ``locks``.

Every function takes the connection of its caller's transaction. Times are microseconds since the epoch, UTC.
"""

from __future__ import annotations

import secrets
import string
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, or_

from ..db.prepared import Prepared, Step, together
from ..db.tables import change_ops, change_sets, change_undoes, jobs
from ..db.vault import vault_of
from ..errors import Code, Refused

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


SETS = change_sets.name
_ALPHABET = string.ascii_letters + string.digits
REPEAT_WINDOW = 600
"""Seconds in which the same create by the same principal is taken for a host's retry."""
LIKELY = 5
"""Open proposals of one plan, as previews leave them, of which one may be the one that is wanted."""
# What every write sends.
_INSERT_SET = Prepared(change_sets.insert())
_READ_SET = Prepared(change_sets.select().where(change_sets.c.id == bindparam("change")))
_FINISHED = (
    change_sets.select()
    .with_only_columns(change_sets.c.id, change_sets.c.finished_at)
    .where(change_sets.c.finished_at > bindparam("since"))
    .order_by(change_sets.c.finished_at)
)


def now() -> int:
    return time.time_ns() // 1000


def new_id() -> str:
    """An id nobody can guess, short enough for a model to copy."""
    return "chg_" + "".join(secrets.choice(_ALPHABET) for _ in range(12))


async def insert_set(conn: AsyncConnection, row: Mapping[str, Any], *more: Step) -> list[int]:
    """Write a new set, and what else goes with it; how many rows each wrote.

    Raises:
        Refused: CONFLICT when another call with the same idempotency key came first.
    """
    from sqlalchemy.exc import IntegrityError

    several: list[str] = row["summary"].get("undoes", [])
    try:
        written = await together(conn, (_INSERT_SET, vault_of(conn).seal_row(SETS, row)), *more)
        if several:
            await conn.execute(change_undoes.insert(), [{"change_id": row["id"], "undoes": one} for one in several])
        return written
    except IntegrityError:
        raise _under_way() from None


async def read_set(conn: AsyncConnection, change: str) -> dict[str, Any] | None:
    return await _one(conn, await _READ_SET.read(conn, {"change": change}))


async def _one(conn: AsyncConnection, found: Sequence[Mapping[Any, Any]]) -> dict[str, Any] | None:
    return (await vault_of(conn).open_rows(conn, SETS, found[:1]))[0] if found else None


async def move_set(conn: AsyncConnection, change: str, old: Sequence[str], new: str, **values: Any) -> bool:
    """Compare and swap the state; False when somebody else moved it first."""
    return await together(conn, moving(conn, change, old, new, values)) == [1]


def moving(conn: AsyncConnection, change: str, old: Sequence[str], new: str, values: Mapping[str, Any]) -> Step:
    """What ``move_set`` sends."""
    stored = vault_of(conn).seal_values(SETS, change, values)
    known = {f"new_{name}": value for name, value in stored.items()}
    return _move_statement(tuple(values), tuple(old)), {"of": change, "new_state": new, **known}


@lru_cache(maxsize=64)
def _move_statement(names: tuple[str, ...], old: tuple[str, ...]) -> Prepared:
    c = change_sets.c
    new = {name: bindparam(f"new_{name}", type_=c[name].type) for name in ("state", *names)}
    states = or_(*(c.state == state for state in old))
    return Prepared(change_sets.update().where(c.id == bindparam("of"), states).values(**new))


MAKES = ("create", "act")
"""Kinds of ops that a repetition would do a second time; an update that is done already is no op at all."""


async def find_repeat(
    conn: AsyncConnection, principal: str, request_hash: str, kinds: Sequence[str] = MAKES
) -> str | None:
    """A set of the same principal, tool and arguments that was carried out lately and not taken back since.

    Args:
        conn: the caller's transaction.
        principal: whose call it is.
        request_hash: of tool and arguments.
        kinds: it counts only if it has an op of one of these kinds.
    """
    from sqlalchemy import select

    c = change_sets.c
    later = change_sets.alias("later")
    made = select(change_ops.c.seq).where(change_ops.c.change_id == c.id, change_ops.c.kind.in_(kinds))
    among = select(change_undoes.c.change_id).where(change_undoes.c.undoes == c.id)
    undone = select(later.c.id).where(
        or_(later.c.undoes == c.id, later.c.id.in_(among)), later.c.state.in_(["applying", "applied", "partial"])
    )
    query = (
        select(c.id)
        .where(
            c.principal == principal,
            c.request_hash == vault_of(conn).mark(request_hash),
            c.decided_at >= now() - REPEAT_WINDOW * 1_000_000,
            c.state.in_(["applying", "applied", "partial", "unknown"]),
            made.exists(),
            ~undone.exists(),
        )
        .order_by(c.created_at.desc())
        .limit(1)
    )
    return (await conn.execute(query)).scalar()


async def find_key(conn: AsyncConnection, principal: str, key: str) -> dict[str, Any] | None:
    c = change_sets.c
    query = change_sets.select().where(c.principal == principal, c.idempotency_key == vault_of(conn).mark(key))
    return await _one(conn, (await conn.execute(query)).mappings().all())


async def find_waiting(conn: AsyncConnection, row: Mapping[str, Any]) -> str | None:
    """The open proposal that is the same as the row in plan and in why a person must agree, so that a host's second
    call shows one question, not two.

    With a key it is one that has none yet, such as a preview's, and it gets this one: who repeats the call afterwards
    is told what became of it, and nothing is planned anew.

    Raises:
        Refused: CONFLICT when another call with the same idempotency key came first.
    """
    from sqlalchemy.exc import IntegrityError

    c = change_sets.c
    key = row["idempotency_key"]
    query = change_sets.select().where(
        c.principal == row["principal"],
        c.request_hash == vault_of(conn).mark(row["request_hash"]),
        c.plan_hash == vault_of(conn).mark(row["plan_hash"]),
        c.state == "proposed",
        c.expires_at > now(),
    )
    if key is not None:
        query = query.where(c.idempotency_key.is_(None))
    rows = (await conn.execute(query.order_by(c.created_at.desc()).limit(LIKELY))).mappings().all()
    same = [one["id"] for one in await vault_of(conn).open_rows(conn, SETS, rows) if _asks_all(one, row)]
    if key is None or not same:
        return same[0] if same else None
    unclaimed = change_sets.update().where(c.id == same[0], c.idempotency_key.is_(None), c.state == "proposed")
    try:
        claimed = await conn.execute(unclaimed.values(idempotency_key=vault_of(conn).mark(key)))
    except IntegrityError:
        raise _under_way() from None
    return same[0] if claimed.rowcount == 1 else None


def _asks_all(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether the proposal says each reason for a person's yes that the other has."""
    asks = set(wanted["summary"].get("asks", ())) <= set(there["summary"].get("asks", ()))
    return asks and set(wanted["reasons"]) <= set(there["reasons"])


def _under_way() -> Refused:
    return Refused(
        Code.CONFLICT,
        "A call with this idempotency key is under way.",
        "Repeat the call in a moment to get its outcome.",
        retryable=True,
        retry_after=1,
    )


async def list_sets(
    conn: AsyncConnection,
    principal: str | None,
    limit: int,
    state: str | None,
    before: tuple[int, str] | None = None,
) -> list[dict[str, Any]]:
    """The newest sets, by keyset: those created before the last one of the page before (time, id)."""
    from sqlalchemy import tuple_

    c = change_sets.c
    query = change_sets.select().with_only_columns(
        c.id, c.state, c.tool, c.principal, c.created_at, c.undoes, c.approved_by
    )
    if principal is not None:
        query = query.where(c.principal == principal)
    if state is not None:
        query = query.where(c.state == state)
    if before is not None:
        query = query.where(tuple_(c.created_at, c.id) < before)
    rows = (await conn.execute(query.order_by(c.created_at.desc(), c.id.desc()).limit(limit))).mappings().all()
    return await vault_of(conn).open_rows(conn, SETS, rows)


ENDED_JOBS = ("succeeded", "failed", "cancelled")


async def open_sets(conn: AsyncConnection, limit: int = 200) -> list[str]:
    """Sets that nobody may be working on any more; one that a job carries out is the job's until that has ended."""
    from sqlalchemy import select

    c = change_sets.c
    at_work = select(jobs.c.id).where(jobs.c.change_id == c.id, jobs.c.state.not_in(ENDED_JOBS)).exists()
    query = select(c.id).where(c.state.in_(["applying", "unknown"]), ~at_work).order_by(c.created_at).limit(limit)
    return list((await conn.execute(query)).scalars())


async def finished_since(conn: AsyncConnection, since: int) -> list[tuple[str, int]]:
    """Sets that were finished after then, with the time, oldest first."""
    return [(row.id, row.finished_at) for row in await conn.execute(_FINISHED, {"since": since})]
