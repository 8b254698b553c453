"""The journal in the database: change sets, their operations, and locks on objects.

Every function takes the connection of its caller's transaction. Times are microseconds since the epoch, UTC.
"""

from __future__ import annotations

import secrets
import string
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, or_

from ..db.prepared import SIZES, Prepared, Step, padded, together
from ..db.tables import change_ops, change_sets, change_undoes, jobs, object_locks
from ..db.vault import vault_of
from ..errors import Code, Refused
from .model import MET, JournalOp, Op, Outcome, fill, plain

if TYPE_CHECKING:
    from sqlalchemy import Column
    from sqlalchemy.ext.asyncio import AsyncConnection

    from ..db.vault import Vault

SETS, OPS = change_sets.name, change_ops.name
_ALPHABET = string.ascii_letters + string.digits
LOCK_CHUNK = SIZES[-1]
ROWS_AT_ONCE = 500
REPEAT_WINDOW = 600
"""Seconds in which the same create by the same principal is taken for a host's retry."""
# What every write sends.
_INSERT_SET = Prepared(change_sets.insert())
_INSERT_OPS = Prepared(change_ops.insert())
_READ_SET = Prepared(change_sets.select().where(change_sets.c.id == bindparam("change")))
_READ_OPS = change_ops.select().where(change_ops.c.change_id == bindparam("change")).order_by(change_ops.c.seq)
_FINISHED = (
    change_sets.select()
    .with_only_columns(change_sets.c.id, change_sets.c.finished_at)
    .where(change_sets.c.finished_at > bindparam("since"))
    .order_by(change_sets.c.finished_at)
)
_UNLOCK = Prepared(object_locks.delete().where(object_locks.c.holder == bindparam("locked_by")))


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
        raise Refused(
            Code.CONFLICT,
            "A call with this idempotency key is under way.",
            "Repeat the call in a moment to get its outcome.",
            retryable=True,
            retry_after=1,
        ) from None


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


async def insert_ops(conn: AsyncConnection, change: str, ops: Sequence[Op], sent: set[int]) -> None:
    """Write the ops' rows; those in ``sent`` are marked as on their way, in this same transaction."""
    at = now()
    rows = [
        {
            "change_id": change,
            "seq": op.seq,
            "system": op.system,
            "kind": op.kind,
            "collection": op.collection,
            "object_id": None if op.target is None or not isinstance(op.target, int | str) else str(op.target),
            "ref": None if op.target is None or isinstance(op.target, int | str) else str(op.target),
            "parent": plain(op.parent),
            "label": op.label,
            "body": plain(op.body),
            "before": plain(op.before),
            "after": None,
            "inverse": None,
            "state": "sent" if op.seq in sent else "staged",
            "error": None,
            "notes": _notes(op, ()),
            "undo_reason": op.undo or None,
            "sent_at": at if op.seq in sent else None,
            "settled_at": None,
            "attempts": 1 if op.seq in sent else 0,
            "estimate": op.estimate,
            "cost": None,
        }
        for op in ops
    ]
    vault = vault_of(conn)
    for start in range(0, len(rows), ROWS_AT_ONCE):  # others get their turn in between
        await _INSERT_OPS.run(conn, *(vault.seal_row(OPS, row) for row in rows[start : start + ROWS_AT_ONCE]))


async def mark_sent(conn: AsyncConnection, change: str, seqs: Sequence[int]) -> int:
    """Mark staged ops as on their way; the number that were still staged."""
    numbers = _named("seq", padded(seqs))
    return await _mark_statement(len(numbers)).run(conn, {"of": change, "at": now(), **numbers})


@lru_cache
def _mark_statement(number: int) -> Prepared:
    c = change_ops.c
    return Prepared(
        change_ops.update()
        .where(c.change_id == bindparam("of"), c.seq.in_(_binds("seq", number, c.seq)), c.state == "staged")
        .values(state="sent", sent_at=bindparam("at"), attempts=c.attempts + 1)
    )


def _named(name: str, values: Sequence[Any]) -> dict[str, Any]:
    return {f"{name}_{number}": value for number, value in enumerate(values)}


def _binds(name: str, number: int, column: Column[Any]) -> list[Any]:
    return [bindparam(f"{name}_{one}", type_=column.type) for one in range(number)]


async def reopen(conn: AsyncConnection, change: str) -> None:
    """Make a set whose ops were surely not sent into a proposal again."""
    c = change_ops.c
    await conn.execute(
        change_ops.update()
        .where(c.change_id == change, c.state == "not_sent")
        .values(state="staged", error=None, settled_at=None)
    )
    await move_set(conn, change, ["failed"], "proposed", finished_at=None)


@lru_cache(maxsize=32)
def _outcome_statement(only: tuple[str, ...]) -> Prepared:
    """The update that is carried out for all rows, so that each row may say only what it knows."""
    c = change_ops.c
    return Prepared(
        change_ops.update()
        .where(c.change_id == bindparam("of"), c.seq == bindparam("at"), or_(*(c.state == state for state in only)))
        .values(
            state=bindparam("now_state"),
            after=bindparam("now_after", type_=c.after.type),
            inverse=bindparam("now_inverse", type_=c.inverse.type),
            error=bindparam("now_error", type_=c.error.type),
            notes=bindparam("now_notes", type_=c.notes.type),
            settled_at=bindparam("now_settled", type_=c.settled_at.type),
            object_id=func.coalesce(bindparam("now_id", type_=c.object_id.type), c.object_id),
            undo_reason=func.coalesce(bindparam("now_undo", type_=c.undo_reason.type), c.undo_reason),
            cost=func.coalesce(bindparam("now_cost", type_=c.cost.type), c.cost),
        )
    )


async def write_outcomes(
    conn: AsyncConnection, change: str, outcomes: Sequence[tuple[Op, Outcome]], *more: Step, only: Sequence[str]
) -> list[int]:
    """Write what became of ops that are still in one of the states ``only``, and what else goes with it; the number
    that were (-1 where the database does not tell it of many), and of the rows that each of the others wrote.
    """
    at, vault = now(), vault_of(conn)
    rows = [_outcome_row(vault, change, op, outcome, at) for op, outcome in outcomes]
    statement = _outcome_statement(tuple(only))
    if len(rows) == 1:
        return await together(conn, (statement, rows[0]), *more)
    number = await statement.run(conn, *rows) if rows else 0
    return [number, *(await together(conn, *more) if more else ())]


def _outcome_row(vault: Vault, change: str, op: Op, outcome: Outcome, at: int) -> dict[str, Any]:
    values = {
        "after": plain(outcome.after) or None,
        "inverse": plain(outcome.inverse),
        "error": outcome.error,
        "notes": _notes(op, outcome.notes),
        "undo_reason": outcome.undo or None,
    }
    stored = vault.seal_values(OPS, f"{change}|{op.seq}", values)
    return {
        "of": change,
        "at": op.seq,
        "now_state": outcome.state,
        "now_after": stored["after"],
        "now_inverse": stored["inverse"],
        "now_error": stored["error"],
        "now_notes": stored["notes"],
        "now_settled": None if outcome.state in {"sent", "unknown", "staged"} else at,
        "now_id": outcome.object_id,
        "now_undo": stored["undo_reason"],
        "now_cost": outcome.cost,
    }


def _notes(op: Op, said: Sequence[str]) -> dict[str, Any] | None:
    notes = {"warnings": op.warnings, "effects": op.effects, "asks": op.asks, "note": op.note, "said": list(said)}
    return {name: said for name, said in notes.items() if said} or None


async def rewrite(conn: AsyncConnection, which: Sequence[Any], values: Mapping[str, Any]) -> None:
    """Give every operation that meets the conditions the same values, sealed for each by itself."""
    from sqlalchemy import select

    c, vault = change_ops.c, vault_of(conn)
    found = (await conn.execute(select(c.change_id, c.seq).where(*which))).all()
    new = {name: bindparam(f"new_{name}", type_=c[name].type) for name in values}
    statement = change_ops.update().where(c.change_id == bindparam("of"), c.seq == bindparam("at"), *which).values(new)
    for start in range(0, len(found), ROWS_AT_ONCE):
        rows: list[dict[str, Any]] = []
        for change, seq in found[start : start + ROWS_AT_ONCE]:
            sealed = vault.seal_values(OPS, f"{change}|{seq}", values)
            rows.append({"of": change, "at": seq, **{f"new_{name}": value for name, value in sealed.items()}})
        await conn.execute(statement, rows)


async def read_ops(conn: AsyncConnection, change: str) -> list[JournalOp]:
    rows = await opened(conn, (await conn.execute(_READ_OPS, {"change": change})).mappings().all())
    ids = {row["seq"]: row["object_id"] for row in rows if row["object_id"] and row["state"] in MET}
    return [journal_op(row, ids) for row in rows]


async def opened(conn: AsyncConnection, rows: Sequence[Mapping[Any, Any]]) -> list[dict[str, Any]]:
    """Operations' rows as they were written."""
    return await vault_of(conn).open_rows(conn, OPS, rows)


def journal_op(row: Mapping[Any, Any], ids: Mapping[int, str]) -> JournalOp:
    said: dict[str, Any] = row["notes"] or {}
    target: Any = row["object_id"] if row["kind"] != "create" else None
    if target is None and row["ref"]:
        target = fill({"$ref": int(row["ref"][1:])}, ids)
    op = Op(
        system=row["system"],
        kind=row["kind"],
        collection=row["collection"],
        target=int(target) if isinstance(target, str) and target.isdigit() else target,
        body=fill(row["body"] or {}, ids),
        before=row["before"] or {},
        parent=fill(row["parent"] or {}, ids),
        label=row["label"] or "",
        undo=row["undo_reason"] or "",
        effects=said.get("effects", []),
        asks=said.get("asks", []),
        warnings=said.get("warnings", []),
        note=said.get("note", {}),
        seq=row["seq"],
        estimate=row["estimate"],
    )
    outcome = Outcome(
        row["state"],
        object_id=row["object_id"],
        after=row["after"] or {},
        inverse=row["inverse"],
        undo=row["undo_reason"] or "",
        error=row["error"],
        notes=said.get("said", []),
        cost=row["cost"],
    )
    return JournalOp(row["change_id"], op, row["state"], row["sent_at"], outcome, row["attempts"])


async def lock(
    conn: AsyncConnection, keys: Sequence[str], holder: str, row: Mapping[str, Any] | None = None
) -> str | None:
    """Take the locks, all or none (the caller rolls back); the id of the change that holds one of them, if any.

    Args:
        conn: the caller's transaction.
        keys: of the objects.
        holder: the change's id.
        row: of the change, where it is a new one, to be written with them.

    Raises:
        Refused: as ``insert_set``.
    """
    mark = vault_of(conn).mark
    ordered = sorted({mark(key) for key in keys})  # a key may hold what the shop keeps unique: a customer's e-mail
    if row is not None and not ordered:
        await insert_set(conn, row)
    for start in range(0, len(ordered), LOCK_CHUNK):
        chunk = ordered[start : start + LOCK_CHUNK]
        statement = _lock_statement(conn.dialect.name, len(chunk))
        step = statement, {"by": holder, "at": now(), **_named("key", chunk)}
        taken = await (together(conn, step) if row is None or start else insert_set(conn, row, step))
        if taken[-1] != len(chunk):
            c = object_locks.c
            query = (
                object_locks.select().with_only_columns(c.holder).where(c.key.in_(chunk), c.holder != holder).limit(1)
            )
            return (await conn.execute(query)).scalar() or "another change"
    return None


@lru_cache
def _lock_statement(dialect: str, number: int) -> Prepared:
    from sqlalchemy.dialects import postgresql, sqlite

    c = object_locks.c
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    by, at = bindparam("by", type_=c.holder.type), bindparam("at", type_=c.until_at.type)
    rows = [{"key": key, "holder": by, "until_at": at} for key in _binds("key", number, c.key)]
    return Prepared(insert(object_locks).values(rows).on_conflict_do_nothing())


async def unlock(conn: AsyncConnection, holder: str) -> None:
    await together(conn, unlocking(holder))


def unlocking(holder: str) -> Step:
    """What ``unlock`` sends."""
    return _UNLOCK, {"locked_by": holder}


async def written_since(
    conn: AsyncConnection, system: str, objects: Sequence[tuple[str, str]], since: int
) -> str | None:
    """The change of ours that wrote one of the objects (collection, id) since then, if any."""
    for collection in dict.fromkeys(collection for collection, _ in objects):
        ids = [one for other, one in objects if other == collection]
        for start in range(0, len(ids), LOCK_CHUNK):
            some = _named("id", padded(ids[start : start + LOCK_CHUNK]))
            given = {"of": system, "at": collection, "since": since, **some}
            found = await _written_statement(len(some)).read(conn, given)
            if found:
                return found[0]["change_id"]
    return None


@lru_cache
def _written_statement(number: int) -> Prepared:
    c = change_ops.c
    return Prepared(
        change_ops.select()
        .with_only_columns(c.change_id)
        .where(
            c.system == bindparam("of"),
            c.collection == bindparam("at"),
            c.object_id.in_(_binds("id", number, c.object_id)),
            c.settled_at >= bindparam("since"),
        )
        .limit(1)
    )


async def find_waiting(
    conn: AsyncConnection, principal: str, request_hash: str, plan_hash: str, key: str | None = None
) -> str | None:
    """The open proposal for the very same plan, so that a host's second call shows one question, not two.

    With a key it is one that has none yet, such as a preview's, and it gets this one: who repeats the call afterwards
    is told what became of it, and nothing is planned anew.
    """
    c = change_sets.c
    query = (
        change_sets.select()
        .with_only_columns(c.id)
        .where(
            c.principal == principal,
            c.request_hash == vault_of(conn).mark(request_hash),
            c.plan_hash == vault_of(conn).mark(plan_hash),
            c.state == "proposed",
            c.expires_at > now(),
        )
        .limit(1)
    )
    if key is None:
        return (await conn.execute(query)).scalar()
    found = (await conn.execute(query.where(c.idempotency_key.is_(None)))).scalar()
    if found:
        given = {"idempotency_key": vault_of(conn).mark(key)}
        await conn.execute(change_sets.update().where(c.id == found).values(given))
    return found


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


async def expire(conn: AsyncConnection, at: int, images_before: int) -> None:
    """Mark proposals past their time as expired; empty bodies and images of sets that finished before
    ``images_before``.
    """
    from sqlalchemy import select

    sets, ops = change_sets.c, change_ops.c
    await conn.execute(
        change_sets.update().where(sets.state == "proposed", sets.expires_at < at).values(state="expired")
    )
    old = select(sets.id).where(sets.created_at < images_before, sets.state.not_in(["applying", "unknown"]))
    empty: dict[str, Any] = {
        "body": {},
        "before": {},
        "after": None,
        "inverse": None,
        "undo_reason": "its before-image has expired",
    }
    await rewrite(conn, (ops.change_id.in_(old), ops.inverse.is_not(None)), empty)
