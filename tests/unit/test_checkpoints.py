"""Signed checkpoints: what shows even when the whole chain was written anew; and the lawful purge of old rows."""

from __future__ import annotations

import json
import time
from base64 import b64decode
from pathlib import Path
from typing import Any

import anyio
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.exc import IntegrityError

from devskyy_mcp.db import Database
from devskyy_mcp.db.tables import audit, audit_checkpoints, audit_head, settings
from devskyy_mcp.guard import checkpoints as module
from devskyy_mcp.guard.audit import HASHED, AuditLog, chain_hash
from devskyy_mcp.guard.audit_check import Verdict, verify
from devskyy_mcp.guard.checkpoints import Checkpoints, verify_signed
from tests.fakes.audit import db, record, written
from tests.unit.test_audit_check import drop_triggers

__all__ = ["db"]


async def _filled(db: Database, file: Path, *parts: int) -> Checkpoints:
    """An audit with a checkpoint behind each part of so many rows."""
    log = AuditLog(db)
    made = Checkpoints(db, log, file)
    for rows in parts:
        async with db.begin() as conn:
            await log.append(conn, *(record(number) for number in range(rows)))
        assert await made.make(now=True) is not None
    return made


async def _write_anew(db: Database, seq: int) -> None:
    """Edit a row and then the whole rest of the chain and its head, as whoever owns the database can."""
    async with db.begin() as conn:
        await drop_triggers(conn)
        await conn.execute(audit.update().where(audit.c.seq == seq).values(principal="somebody else"))
        rows = (await conn.execute(audit.select().order_by(audit.c.seq))).mappings().all()
        last = "0" * 64
        for row in rows:
            before, last = last, chain_hash(last, {name: row[name] for name in HASHED})
            await conn.execute(audit.update().where(audit.c.seq == row["seq"]).values(prev_hash=before, hash=last))
        await conn.execute(audit_head.update().where(audit_head.c.id == 1).values(hash=last))


@pytest.mark.requirement("audit:checkpoints")
async def test_a_chain_that_was_written_anew_is_told_between_two_checkpoints(db: Database, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    await _filled(db, file, 5, 5, 5)
    assert await verify_signed(db, file) == Verdict(True, 15, checkpoints=3)
    await _write_anew(db, 7)
    assert (await verify(db)).ok  # the chain alone can't tell
    verdict = await verify_signed(db)
    assert (verdict.ok, verdict.rows, verdict.first_bad_seq) == (False, 5, 6)
    assert "from 6 to 10 were written anew" in verdict.reason
    async with db.begin() as conn:
        await conn.execute(audit_checkpoints.delete())
    assert (await verify_signed(db)).ok
    assert not (await verify_signed(db, file)).ok  # which is what the file is for


@pytest.mark.requirement("audit:checkpoints")
async def test_an_end_that_was_cut_off_with_its_head_is_told_by_the_file(db: Database, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    await _filled(db, file, 4, 6)
    async with db.begin() as conn:
        await drop_triggers(conn)
        await conn.execute(audit.delete().where(audit.c.seq > 4))
        kept = (await conn.execute(sa.select(audit.c.hash).where(audit.c.seq == 4))).scalar()
        await conn.execute(audit_head.update().where(audit_head.c.id == 1).values(seq=4, hash=kept))
        await conn.execute(audit_checkpoints.delete().where(audit_checkpoints.c.seq > 4))
    assert (await verify(db)).ok
    verdict = await verify_signed(db, file)
    assert (verdict.ok, verdict.rows, verdict.first_bad_seq) == (False, 4, 5)
    assert "from row 5 on: row 10 was signed" in verdict.reason


@pytest.mark.requirement("audit:checkpoints")
@pytest.mark.parametrize("column", ["seq", "hash", "at", "signature"])
async def test_a_checkpoint_that_was_edited_is_told(db: Database, tmp_path: Path, column: str) -> None:
    await _filled(db, tmp_path / "audit.jsonl", 3)
    values: dict[str, Any] = {"seq": 2, "hash": "1" * 64, "at": 1, "signature": "AAAA"}
    async with db.begin() as conn:
        await conn.execute(audit_checkpoints.update().values({column: values[column]}))
    verdict = await verify_signed(db)
    assert not verdict.ok
    assert "not signed by this database's key" in verdict.reason


@pytest.mark.requirement("audit:checkpoints")
@pytest.mark.parametrize("line", ["{", "[]", '{"kind": "checkpoint"}', "null"])
async def test_a_line_that_nobody_signed_is_told(db: Database, tmp_path: Path, line: str) -> None:
    file = tmp_path / "audit.jsonl"
    await _filled(db, file, 3)
    file.write_text(file.read_text() + line + "\n")
    assert not (await verify_signed(db, file)).ok


@pytest.mark.requirement("audit:checkpoints")
async def test_the_file_can_be_checked_without_the_server(db: Database, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    await _filled(db, file, 3)
    line = json.loads(file.read_text())
    message = f"devskyy audit checkpoint v1|{line['seq']}|{line['hash']}|{line['at']}".encode()
    Ed25519PublicKey.from_public_bytes(b64decode(line["public_key"])).verify(b64decode(line["signature"]), message)
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.requirement("audit:checkpoints")
async def test_one_is_made_when_enough_is_new(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devskyy_mcp.guard.audit.CHECKPOINT_ROWS", 10)
    monkeypatch.setattr(module, "CHECKPOINT_ROWS", 10)
    made = await _filled(db, tmp_path / "audit.jsonl", 3)
    assert await made.make(now=True) is None  # nothing is new
    log = made._audit  # pyright: ignore[reportPrivateUsage] # the one that tells
    async with db.begin() as conn:
        await log.append(conn, *(record(number) for number in range(6)))
    assert await made.make() is None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(made.run)
        async with db.begin() as conn:
            await log.append(conn, *(record(number) for number in range(4)))
        while len(await _checkpoints(db)) < 2:
            await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()
    assert await _checkpoints(db) == [3, 13]
    monkeypatch.setattr(module, "SECONDS", 0)
    async with db.begin() as conn:
        await log.append(conn, record())
    last = await made.make()  # by time
    assert last is not None
    assert last.seq == 14


@pytest.mark.requirement("audit:checkpoints")
async def test_a_file_that_can_not_be_written_stops_nothing(
    db: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "folder").mkdir()
    await _filled(db, tmp_path / "folder", 3)
    assert "can't be written to its file" in caplog.text
    assert (await verify_signed(db)).checkpoints == 1


@pytest.mark.requirement("audit:retention")
async def test_old_rows_are_purged_up_to_a_checkpoint_and_the_rest_is_proven(db: Database, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    made = await _filled(db, file, 5, 5)
    between = time.time_ns() // 1000
    async with db.begin() as conn:
        await made._audit.append(conn, *(record(number) for number in range(5)))  # pyright: ignore[reportPrivateUsage] # as above
    await made.make(now=True)
    assert await made.purge(between) == 10
    assert await made.purge(between) == 0
    assert await written(db) == 5
    assert await verify_signed(db, file) == Verdict(True, 5, checkpoints=3)
    for start in (1, 11, 12):
        assert (await verify(db, start)).ok
    with pytest.raises(IntegrityError):
        async with db.begin() as conn:
            await conn.execute(audit.delete().where(audit.c.seq == 11))
    async with db.begin() as conn:
        await drop_triggers(conn)
        await conn.execute(audit.update().where(audit.c.seq == 11).values(code="x"))
    assert (await verify_signed(db, file)).first_bad_seq == 11


@pytest.mark.requirement("audit:retention")
async def test_a_purge_that_nobody_signed_is_told(db: Database, tmp_path: Path) -> None:
    made = await _filled(db, tmp_path / "audit.jsonl", 5, 5)
    (first, row_hash) = 5, ""
    async with db.begin() as conn:
        row_hash = (await conn.execute(sa.select(audit.c.hash).where(audit.c.seq == first))).scalar()
        await conn.execute(audit_head.insert().values(id=2, seq=first, hash=row_hash))
        await conn.execute(audit.delete().where(audit.c.seq <= first))
    assert "no purge of them was signed" in (await verify_signed(db)).reason
    checkpoint = made.signer.signed("checkpoint", first, str(row_hash), 1)
    async with db.begin() as conn:  # a checkpoint's signature is none for a purge
        await conn.execute(settings.insert().values(key=module.PURGE, value=checkpoint.as_dict(), updated_at=1))
    assert "no purge of them was signed" in (await verify_signed(db)).reason


@pytest.mark.requirement("audit:retention")
async def test_without_an_old_checkpoint_nothing_is_purged(db: Database, tmp_path: Path) -> None:
    made = await _filled(db, tmp_path / "audit.jsonl", 5)
    assert await made.purge(1) == 0
    assert await written(db) == 5


async def _checkpoints(db: Database) -> list[int]:
    async with db.read() as conn:
        query = sa.select(audit_checkpoints.c.seq).order_by(audit_checkpoints.c.seq)
        return [int(seq) for seq in (await conn.execute(query)).scalars()]
