"""Changing keys, and looking at what they hold, beside running servers. Loads SQLAlchemy.

Rotation seals the data keys anew, a handful of rows; the values stay as they are. What was written before there were
keys is sealed on the way, some rows per transaction: whoever is interrupted starts again and goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from devskyy_mcp.errors import Refused

from ..tables import data_keys, metadata
from .columns import SEALED, Sealed
from .vault import LOCK, ROOT, SEALED_ROOT, Vault, is_sealed, key_of, lost, vault_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from ..database import Database

ROWS_AT_ONCE = 500
FAULTS_TOLD = 20
PLAIN = "not sealed"
Place = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Keys:
    """What the database's keys are sealed by.

    Args:
        by_kid: how many of them, by the id of the ring's key.
        missing: those of the ids that are not on the ring.
        newest: the ring's first.
    """

    by_kid: dict[str, int]
    missing: list[str]
    newest: str


@dataclass(slots=True)
class Found:
    """What was seen of every sealed column.

    Args:
        counts: values by table and column, and there by the id of the ring's key, or ``PLAIN``.
        faults: "table.column of row: why", the first 20.
        failed: how many values can't be opened, or were never sealed where all of them are.
        unsealed: how many were never sealed, by table and column; the audit's apart, which never change.
    """

    counts: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    faults: list[str] = field(default_factory=list[str])
    failed: int = 0
    unsealed: Counter[str] = field(default_factory=Counter[str])

    def fail(self, why: str) -> None:
        self.failed += 1
        if len(self.faults) < FAULTS_TOLD:
            self.faults.append(why)


async def look(db: Database) -> Keys:
    """Count the database's keys by what seals them."""
    async with db.read() as conn:
        query = sa.select(data_keys.c.kid, sa.func.count()).group_by(data_keys.c.kid)
        by_kid = {kid: int(number) for kid, number in (await conn.execute(query)).all()}
    ring = db.vault.keyring
    return Keys(by_kid, [kid for kid in by_kid if ring.key(kid) is None], ring.newest)


async def rewrap(db: Database) -> int:
    """Seal every data key by the ring's newest key; how many were sealed by another.

    From then on servers seal new data keys by it too.

    Raises:
        Refused: NOT_CONFIGURED when one is sealed by a key that is not on the ring; then nothing is changed.
    """
    vault = db.vault
    newest = vault.keyring.newest
    async with db.begin() as conn:
        await _lock(conn)
        rows = (await conn.execute(data_keys.select().where(data_keys.c.kid != newest))).all()
        for row in rows:
            key = vault.unwrap(row.kid, row.id, row.wrapped)
            if key is None:
                raise lost(row.kid, vault.keyring)
            values = {"kid": newest, "wrapped": vault.wrap(newest, row.id, key)}
            await conn.execute(data_keys.update().where(data_keys.c.id == row.id).values(**values))
    return len(rows)


async def _lock(conn: AsyncConnection) -> None:
    """Keep others from making or sealing keys until the transaction ends."""
    if conn.dialect.name == "postgresql":
        await conn.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))


async def seal_rest(db: Database) -> int:
    """Seal what was written before there were keys; how many rows that were. From then on nothing unsealed is used, on
    any server: there what is not sealed was put there from elsewhere, and is left as it is for ``verify`` to tell.
    """
    if db.vault.strict:
        return 0
    sealed = 0
    for name, rule in SEALED.items():
        if rule.fixed:
            continue
        place: Place | None = None
        while True:
            async with db.begin() as conn:
                rows = await _page(conn, name, rule, place, lock=True)
                sealed += await _seal_page(conn, name, rule, rows)
            if len(rows) < ROWS_AT_ONCE:
                break
            place = _place(name, rows[-1])
    if sealed and db.dialect == "sqlite":
        async with db.read() as conn:  # what was plain stands in the journal yet, where no reader needs it any more
            await conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    await _be_strict(db)
    return sealed


async def _be_strict(db: Database) -> None:
    """Write down that nothing is unsealed any more."""
    async with db.begin() as conn:
        await _lock(conn)
        row = (await conn.execute(data_keys.select().where(data_keys.c.id == ROOT))).one_or_none()
        key = db.vault.unwrap(row.kid, ROOT, row.wrapped) if row else None
        if row and key:
            values = {"id": SEALED_ROOT, "wrapped": db.vault.wrap(row.kid, SEALED_ROOT, key)}
            await conn.execute(data_keys.update().where(data_keys.c.id == ROOT).values(**values))
    async with db.read() as conn:
        await db.vault.load(conn)


async def _seal_page(conn: AsyncConnection, name: str, rule: Sealed, rows: Sequence[Mapping[str, Any]]) -> int:
    table, vault, sealed = metadata.tables[name], vault_of(conn), 0
    for row in rows:
        plain = {column: row[column] for column in rule.columns if row[column] and not is_sealed(row[column])}
        marks = {column: row[column] for column in rule.marks if row[column] != _marked(vault, row[column])}
        if plain or marks:
            values = vault.seal_values(name, rule.row_id(row), {**plain, **marks})
            same = [table.c[column.name] == row[column.name] for column in table.primary_key]
            await conn.execute(table.update().where(*same).values(**values))
            sealed += 1
    return sealed


def _marked(vault: Vault, value: str | None) -> str | None:
    return vault.mark(value) if value else value


async def verify(db: Database) -> Found:
    """Open every sealed value."""
    found = Found()
    async with db.read() as conn:
        kids = {row.id: row.kid for row in await conn.execute(sa.select(data_keys.c.id, data_keys.c.kid))}
    for name, rule in SEALED.items():
        for column in rule.columns:
            found.counts[f"{name}.{column}"] = Counter()
        async for row in _rows(db, name, rule):
            await _try(db, name, rule, row, kids, found)
    return found


async def _try(
    db: Database, name: str, rule: Sealed, row: Mapping[str, Any], kids: dict[str, str], found: Found
) -> None:
    vault, row_id = db.vault, rule.row_id(row)
    for column in rule.columns:
        value = row[column]
        if not value or value == "{}":
            continue
        if not is_sealed(value):
            found.counts[f"{name}.{column}"][PLAIN] += 1
            if not rule.fixed:
                found.unsealed[f"{name}.{column}"] += 1
            if vault.strict and not rule.fixed:
                found.fail(f"{name}.{column} of {row_id}: it is not sealed, and was put there from elsewhere.")
            continue
        try:
            if not vault.knows(key_of(value)):
                async with db.read() as conn:
                    await vault.learn(conn, [key_of(value)])
            vault.open(name, column, row_id, value)
            found.counts[f"{name}.{column}"][kids.get(key_of(value), "a newer one")] += 1
        except Refused as refused:
            found.fail(f"{name}.{column} of {row_id}: {refused.message}")


async def _rows(db: Database, name: str, rule: Sealed) -> AsyncGenerator[Mapping[str, Any]]:
    place: Place | None = None
    while True:
        async with db.read() as conn:
            rows = await _page(conn, name, rule, place)
        for row in rows:
            yield row
        if len(rows) < ROWS_AT_ONCE:
            return
        place = _place(name, rows[-1])


async def _page(
    conn: AsyncConnection, name: str, rule: Sealed, after: Place | None, *, lock: bool = False
) -> Sequence[Mapping[str, Any]]:
    """Rows in the order of the primary key, behind a place; with ``lock`` nobody else changes them meanwhile."""
    table = metadata.tables[name]
    key = list(table.primary_key)
    wanted = dict.fromkeys([*(column.name for column in key), *rule.key, *rule.columns, *rule.marks])
    query = sa.select(*(table.c[one] for one in wanted)).order_by(*key).limit(ROWS_AT_ONCE)
    if after is not None:
        query = query.where(sa.tuple_(*key) > after)
    rows = (await conn.execute(query.with_for_update() if lock else query)).mappings().all()
    return [{str(column): value for column, value in row.items()} for row in rows]


def _place(name: str, row: Mapping[str, Any]) -> Place:
    return tuple(row[column.name] for column in metadata.tables[name].primary_key)
