"""The journal in the database: who may write an object now, and who has written it lately.

Every function takes the connection of its caller's transaction. Times are microseconds since the epoch, UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam

from ..db.prepared import SIZES, Prepared, Step, named, padded, parameters, together
from ..db.tables import change_ops, object_locks
from ..db.vault import vault_of
from .store import insert_set, now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

LOCK_CHUNK = SIZES[-1]
_UNLOCK = Prepared(object_locks.delete().where(object_locks.c.holder == bindparam("locked_by")))


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
        step = statement, {"by": holder, "at": now(), **named("key", chunk)}
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
    rows = [{"key": key, "holder": by, "until_at": at} for key in parameters("key", number, c.key)]
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
            some = named("id", padded(ids[start : start + LOCK_CHUNK]))
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
            c.object_id.in_(parameters("id", number, c.object_id)),
            c.settled_at >= bindparam("since"),
        )
        .limit(1)
    )
