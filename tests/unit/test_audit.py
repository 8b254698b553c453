from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devskyy_mcp.db import Database
from devskyy_mcp.db.tables import audit
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard import audit as module
from devskyy_mcp.guard.audit import AuditLog, AuditRecord, canonical
from devskyy_mcp.guard.audit_check import Verdict, verify
from tests.fakes.audit import db, record, written

__all__ = ["db"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def until_written(db: Database, rows: int) -> None:
    with anyio.fail_after(10):
        while await written(db) < rows:
            await anyio.sleep(0.01)


@pytest.mark.requirement("audit:group_commit")
async def test_reads_reach_the_disk_by_themselves(db: Database) -> None:
    log = AuditLog(db)
    log.add(record(1))
    await until_written(db, 1)
    for number in range(2, 303):  # a second burst, larger than a group
        log.add(record(number))
    await until_written(db, 302)
    assert await verify(db) == Verdict(True, 302)
    await log.close()


@pytest.mark.requirement("audit:group_commit")
async def test_a_full_group_does_not_wait_for_the_window(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WINDOW", 3600)
    log = AuditLog(db)
    for number in range(module.GROUP - 1):
        log.add(record(number))
    for _ in range(5):
        await anyio.lowlevel.checkpoint()
    assert await written(db) == 0
    log.add(record())
    await until_written(db, module.GROUP)
    log.add(record())
    await log.close()  # does not wait for the window either
    assert await written(db) == module.GROUP + 1


@pytest.mark.requirement("audit:group_commit")
async def test_a_burst_is_few_commits(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    commits: list[int] = []
    append = AuditLog.append

    async def counted(self: AuditLog, conn: AsyncConnection, *records: AuditRecord) -> int:
        commits.append(len(records))
        return await append(self, conn, *records)

    monkeypatch.setattr(AuditLog, "append", counted)
    log = AuditLog(db)
    for number in range(1200):
        log.add(record(number))
    await log.flush()
    assert commits == [500, 500, 200]
    await log.close()


@pytest.mark.requirement("audit:group_commit")
async def test_adding_costs_at_most_five_microseconds(tmp_path: Path) -> None:
    log = AuditLog(database := Database(tmp_path / "app.db"))
    line = record()
    rounds: list[float] = []
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(1000):
            log.add(line)
        rounds.append((time.perf_counter() - began) / 1000)
    assert statistics.median(rounds) <= 5e-6
    await log.close()
    await database.close()


@pytest.mark.requirement("audit:with_the_write")
async def test_a_writes_record_shares_its_fate(db: Database) -> None:
    log = AuditLog(db)

    async def broken() -> None:
        async with db.begin() as conn:
            await log.append(conn, record(phase="intent", effect="write"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await broken()
    assert await written(db) == 0
    async with db.begin() as conn:
        assert await log.append(conn, record(phase="intent"), record(phase="decision")) == 2
    assert await verify(db) == Verdict(True, 2)


@pytest.mark.requirement("audit:with_the_write")
async def test_many_writers_make_one_chain(db: Database) -> None:
    log = AuditLog(db)

    async def write(number: int) -> None:
        async with db.begin() as conn:
            await log.append(conn, record(number, phase="intent"))

    async with anyio.create_task_group() as tasks:
        for number in range(40):
            tasks.start_soon(write, number)
            log.add(record(number))
    await log.close()
    assert await verify(db) == Verdict(True, 80)


PROCESS = """
import asyncio, sys
from devskyy_mcp.db import Database
from devskyy_mcp.guard.audit import AuditLog, AuditRecord
assert "sqlalchemy" not in sys.modules
async def main():
    db = Database(sys.argv[1]); log = AuditLog(db)
    for number in range(15):
        log.add(AuditRecord("os:1:ada", "cli", "woo_products_list", "read"))
        async with db.begin() as conn:
            await log.append(conn, AuditRecord("os:1:ada", "cli", "woo_products_update", "write", "intent"))
    await log.close(); await db.close()
asyncio.run(main())
"""


@pytest.mark.requirement("audit:with_the_write")
async def test_several_processes_make_one_chain(database_url: str) -> None:
    db = Database(database_url, migrate=True)
    await db.open()
    processes = [
        subprocess.Popen([sys.executable, "-c", PROCESS, database_url], stderr=-1, text=True) for _ in range(3)
    ]
    for process in processes:
        _, errors = await anyio.to_thread.run_sync(process.communicate)
        assert (process.returncode, errors) == (0, "")
    assert await verify(db) == Verdict(True, 90)
    await db.close()


class Away(Database):
    """Refuses to begin until it is back."""

    away = True

    def begin(self) -> Any:
        if self.away:
            raise Refused(Code.UPSTREAM_UNREACHABLE, "The database does not answer.")
        return super().begin()


@pytest.mark.requirement("audit:never_dropped")
async def test_records_wait_for_the_database_and_then_calls_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(module, "MOST_WAITING", 250)
    db = Away(tmp_path / "app.db")
    log = AuditLog(db)
    for number in range(250):
        log.add(record(number))
    with pytest.raises(Refused) as caught:
        log.add(record())
    assert (caught.value.code, caught.value.retryable) == (Code.UPSTREAM_UNREACHABLE, True)
    with pytest.raises(Refused):
        await log.flush()
    db.away = False
    await until_written(db, 250)
    log.add(record())
    await log.close()
    assert await verify(db) == Verdict(True, 251)
    await db.close()


@pytest.mark.requirement("audit:never_dropped")
async def test_closing_says_when_records_are_lost(tmp_path: Path) -> None:
    log = AuditLog(Away(tmp_path / "app.db"))
    log.add(record())
    with pytest.raises(Refused), anyio.fail_after(5):
        await log.close()


@pytest.mark.requirement("audit:never_dropped")
async def test_hostile_names_do_not_stop_a_group(db: Database) -> None:
    log = AuditLog(db)
    detail = {"nul": "\0", "half": "\ud800", "price": 1.5, "nan": float("nan"), "deep": [{"x": (1.0, object)}], 3: None}
    log.add(record(capability="x\0\ud800" + "y" * 5000, principal="\udfff", detail=detail))
    await log.flush()
    assert await verify(db) == Verdict(True, 1)
    async with db.read() as conn:
        row = (await conn.execute(sa.select(audit))).one()
    assert row.capability.startswith("x\ufffd?y")
    assert len(row.capability) == 200
    assert '"price":"1.5"' in db.vault.open("audit", "detail", "1", row.detail)
    await log.close()


@pytest.mark.requirement("audit:chain")
def test_one_spelling_per_value() -> None:
    assert canonical({"b": 1, "a": [1.0, True, None, "é"]}) == '{"a":["1.0",true,null,"\\u00e9"],"b":1}'
