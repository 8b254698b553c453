"""The journal in the database: the operations of change sets.

Every function takes the connection of its caller's transaction. Times are microseconds since the epoch, UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, or_

from ..db.prepared import Prepared, Step, named, padded, parameters, together
from ..db.tables import change_ops, change_sets
from ..db.vault import vault_of
from .model import MET, JournalOp, Op, Outcome, fill, plain
from .store import move_set, now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from ..db.vault import Vault

OPS = change_ops.name
ROWS_AT_ONCE = 500
_INSERT_OPS = Prepared(change_ops.insert())
_READ_OPS = change_ops.select().where(change_ops.c.change_id == bindparam("change")).order_by(change_ops.c.seq)


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
    numbers = named("seq", padded(seqs))
    return await _mark_statement(len(numbers)).run(conn, {"of": change, "at": now(), **numbers})


@lru_cache
def _mark_statement(number: int) -> Prepared:
    c = change_ops.c
    return Prepared(
        change_ops.update()
        .where(c.change_id == bindparam("of"), c.seq.in_(parameters("seq", number, c.seq)), c.state == "staged")
        .values(state="sent", sent_at=bindparam("at"), attempts=c.attempts + 1)
    )


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


async def reopen(conn: AsyncConnection, change: str) -> None:
    """Make a set whose ops were surely not sent into a proposal again."""
    c = change_ops.c
    await conn.execute(
        change_ops.update()
        .where(c.change_id == change, c.state == "not_sent")
        .values(state="staged", error=None, settled_at=None)
    )
    await move_set(conn, change, ["failed"], "proposed", finished_at=None)


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
