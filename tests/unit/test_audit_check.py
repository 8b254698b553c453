from __future__ import annotations

import random
from typing import Any, cast

import anyio
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from devskyy_mcp.db import Database
from devskyy_mcp.db.tables import audit, audit_head
from devskyy_mcp.errors import Refused
from devskyy_mcp.guard import audit as writing
from devskyy_mcp.guard import audit_check
from devskyy_mcp.guard.audit import AuditLog
from devskyy_mcp.guard.audit_check import Verdict, verify
from tests.fakes.audit import ROWS, db, fill, record, written

__all__ = ["db"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.requirement("audit:append_only")
@pytest.mark.parametrize("statement", ["UPDATE audit SET code = 'ok'", "DELETE FROM audit WHERE seq = 60"])
async def test_the_database_refuses_to_change_a_row(db: Database, statement: str) -> None:
    await fill(db)

    async def attack() -> None:
        async with db.begin() as conn:
            await conn.exec_driver_sql(statement)

    with pytest.raises(IntegrityError, match="append-only"):
        await attack()
    assert await verify(db) == Verdict(True, ROWS)


async def drop_triggers(conn: AsyncConnection) -> None:
    if conn.dialect.name == "sqlite":
        await conn.exec_driver_sql("DROP TRIGGER audit_no_update")
        await conn.exec_driver_sql("DROP TRIGGER audit_no_delete")
    else:
        await conn.exec_driver_sql("DROP TRIGGER audit_no_change ON audit")
        await conn.exec_driver_sql("DROP TRIGGER audit_no_delete ON audit")


def another(value: Any, chance: random.Random) -> Any:
    """Some other value of the same kind, mostly as little different as can be."""
    if value is None:
        return chance.choice(["", "chg_1", "0"])
    if isinstance(value, int):
        return value + chance.choice([-1, 1, 1 << 32, -value - 1])
    place = chance.randrange(len(value) + 1)
    edits: list[str] = [
        value[:place] + chance.choice("0a \n{") + value[place:],
        value[: max(place - 1, 0)] + value[place:],
        value.swapcase(),
        value.replace(":", ": "),
        "",
    ]
    return chance.choice([edit for edit in edits if edit != value])


async def edit(conn: AsyncConnection, chance: random.Random) -> tuple[str, int]:
    """Change one column of one row, cut, insert or swap; says what, and which row is the first that is wrong."""
    seq = chance.randrange(1, ROWS + 1)
    column = chance.choice([*audit.c.keys(), "delete", "insert", "swap", "head", "kind"])
    row = (await conn.execute(sa.select(audit).where(audit.c.seq == seq))).mappings().one()
    here = audit.c.seq == seq
    if column == "delete":
        await conn.execute(sa.delete(audit).where(here))
    elif column == "insert":
        new = chance.choice([0, -7, ROWS + 1, ROWS + 5])
        await conn.execute(sa.insert(audit).values(**{**row, "seq": new}))
        seq = new if new < 1 else ROWS + 1
    elif column == "swap":
        other = chance.choice([number for number in range(1, ROWS + 1) if number != seq])
        for number, to in ((seq, 1000), (other, seq), (1000, other)):
            await conn.execute(sa.update(audit).where(audit.c.seq == number).values(seq=to))
        seq = min(seq, other)
    elif column == "head":
        seq = await edit_head(conn, chance)
    elif column == "seq":
        new = chance.choice([0, ROWS + 1, ROWS + 99, -seq])
        await conn.execute(sa.update(audit).where(here).values(seq=new))
        seq = min(seq, new)
    elif column == "kind":
        column = await edit_kind(conn, seq, chance)
    else:
        nullable = audit.c[column].nullable and row[column] is not None and chance.random() < 0.5
        value = None if nullable else another(row[column], chance)
        await conn.execute(sa.update(audit).where(here).values({column: value}))
    return column, seq


async def edit_head(conn: AsyncConnection, chance: random.Random) -> int:
    """Cut the end off, or edit the head row; says which row is the first that can't be vouched for."""
    cut = chance.randrange(1, ROWS + 1)
    match chance.choice(["cut", "back", "forth", "hash", "gone"]):
        case "cut":
            await conn.execute(sa.delete(audit).where(audit.c.seq >= cut))
            return cut
        case "back":
            await conn.execute(sa.update(audit_head).values(seq=cut - 1))
            return cut
        case "forth":
            await conn.execute(sa.update(audit_head).values(seq=ROWS + cut))
            return ROWS + 1
        case "hash":
            await conn.execute(sa.update(audit_head).values(hash="f" * 64))
            return ROWS
        case _:
            await conn.execute(sa.delete(audit_head))
            return ROWS + 1


async def edit_kind(conn: AsyncConnection, seq: int, chance: random.Random) -> str:
    """Change the kind of a value where SQLite allows it; on Postgres, an ordinary edit."""
    if conn.dialect.name == "sqlite":
        change = chance.choice(
            ["detail = CAST(detail AS BLOB)", "code = CAST(x'ff' AS TEXT)", "at = at + 0.5", "at = 'x'"]
        )
    else:
        change = "code = 'OK'"
    await conn.exec_driver_sql(f"UPDATE audit SET {change} WHERE seq = {seq}")
    return change


@pytest.mark.requirement("audit:tamper")
async def test_each_of_many_edits_is_found_at_its_row(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 on SQLite, 50 on Postgres; each is rolled back, so that the next one meets a whole chain."""
    monkeypatch.setattr(audit_check, "PAGE", 25)
    await fill(db)
    chance = random.Random(20261122)
    kinds: set[str] = set()

    class Within:
        """A database whose readers look from inside the attacker's transaction."""

        def __init__(self, conn: AsyncConnection) -> None:
            self.conn = conn

        async def __aenter__(self) -> AsyncConnection:
            return self.conn

        async def __aexit__(self, *_: object) -> None:
            return None

        def read(self) -> Within:
            return self

    async def attack() -> None:
        async with db.begin() as conn:
            await drop_triggers(conn)
            kind, seq = await edit(conn, chance)
            verdict = await verify(cast("Database", Within(conn)))
            assert (verdict.ok, verdict.first_bad_seq) == (False, seq), (kind, verdict)
            assert verdict.reason
            kinds.add(kind)
            raise ZeroDivisionError

    for _ in range(500 if db.dialect == "sqlite" else 50):
        with pytest.raises(ZeroDivisionError):
            await attack()
    assert len(kinds) >= (22 if db.dialect == "sqlite" else 15)
    assert await verify(db) == Verdict(True, ROWS)


@pytest.mark.requirement("audit:tamper")
async def test_checking_from_the_middle(db: Database) -> None:
    await fill(db)
    for start, rows in ((1, ROWS), (2, ROWS - 1), (ROWS, 1), (ROWS + 1, 0), (-3, ROWS)):
        assert await verify(db, start) == Verdict(True, rows)
    assert (await verify(db, ROWS + 2)).first_bad_seq == ROWS + 1
    async with db.begin() as conn:
        await drop_triggers(conn)
        await conn.execute(sa.update(audit).where(audit.c.seq == 20).values(code="forbidden"))
    assert await verify(db, 21) == Verdict(True, ROWS - 20)
    assert await verify(db, 5) == Verdict(False, 15, 20, "Row 20 was edited.")


@pytest.mark.requirement("audit:tamper")
async def test_an_empty_audit_is_whole(db: Database) -> None:
    assert await verify(db) == Verdict(True, 0)


@pytest.mark.requirement("audit:tamper")
async def test_checking_while_others_write(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_check, "PAGE", 7)
    log = AuditLog(db)
    verdicts: list[Verdict] = []

    async def write() -> None:
        for number in range(60):
            async with db.begin() as conn:
                await log.append(conn, record(number))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write)
        while await written(db) < 60:
            verdicts.append(await verify(db))
    assert verdicts
    assert all(verdict.ok for verdict in verdicts)


@pytest.mark.requirement("audit:chain")
async def test_without_a_head_row_nothing_is_written(db: Database) -> None:
    async with db.begin() as conn:
        await conn.execute(sa.delete(audit_head))
    with pytest.raises(Refused, match="head row is gone"):
        await fill(db)
    assert await written(db) == 0


@pytest.mark.requirement("audit:chain")
@pytest.mark.parametrize("change", ["surface", "detail", "at"])
async def test_every_field_is_in_the_hash(db: Database, change: str) -> None:
    hashes: list[str] = []
    values: dict[str, Any] = {"surface": "ws", "detail": {"rows": 1}, "at": 8}
    for more in ({}, {change: values[change]}):
        row = writing._row(db.vault, 1, record(1, **{"at": 7, "detail": {}, **more}))  # pyright: ignore[reportPrivateUsage] # what is hashed
        hashes.append(writing.chain_hash("0" * 64, row))
    assert hashes[0] != hashes[1]
