from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from devskyy_mcp.db import Database, Dsn
from devskyy_mcp.db.tables import settings

FRESH = """
import asyncio, sys
from devskyy_mcp.db import Database
assert "sqlalchemy" not in sys.modules and "alembic" not in sys.modules and "asyncpg" not in sys.modules
async def main():
    db = Database(sys.argv[1], migrate=True)
    print("ready", flush=True); sys.stdin.readline()
    await db.open()
    assert "alembic" not in sys.modules
    async with db.read() as conn:
        assert (await conn.exec_driver_sql("SELECT count(*) FROM audit_head")).scalar() == 1
    await db.close()
asyncio.run(main())
"""


def setting(key: str, value: Any = None) -> sa.Insert:
    return sa.insert(settings).values(key=key, value={"is": value}, updated_at=1)


async def keys(db: Database) -> list[str]:
    async with db.read() as conn:
        return list((await conn.execute(sa.select(settings.c.key).order_by(settings.c.key))).scalars())


@pytest.mark.requirement("db:start")
def test_three_processes_start_on_one_empty_database(database_url: str) -> None:
    racers = [
        subprocess.Popen([sys.executable, "-c", FRESH, database_url], stdin=-1, stdout=-1, stderr=-1, text=True)
        for _ in range(3)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    for racer in racers:
        _, errors = racer.communicate(timeout=60)
        assert (racer.returncode, errors) == (0, "")


@pytest.mark.requirement("db:transactions")
async def test_a_block_commits_whole_or_not_at_all(database: Database) -> None:
    async with database.begin() as conn:
        await conn.execute(setting("kept", {"price": "30.0", "none": None}))

    async def break_off() -> None:
        async with database.begin() as conn:
            await conn.execute(setting("lost"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await break_off()
    with anyio.CancelScope() as scope:
        async with database.begin() as conn:
            await conn.execute(setting("cancelled"))
            scope.cancel()
            await anyio.lowlevel.checkpoint()
    assert await keys(database) == ["kept"]
    async with database.read() as conn:
        value = (await conn.execute(sa.select(settings.c.value))).scalar_one()
    assert value == {"is": {"price": "30.0", "none": None}}


@pytest.mark.requirement("db:transactions")
async def test_a_broken_constraint_is_left_to_the_caller(database: Database) -> None:
    async with database.begin() as conn:
        await conn.execute(setting("a"))
    with pytest.raises(IntegrityError):
        async with database.begin() as conn:
            await conn.execute(setting("a"))
    async with database.begin() as conn:
        await conn.execute(setting("b"))
    assert await keys(database) == ["a", "b"]


@pytest.mark.requirement("db:transactions")
async def test_readers_do_not_wait_for_a_writer_nor_see_its_half(database: Database) -> None:
    with anyio.fail_after(5):
        async with database.begin() as conn:
            await conn.execute(setting("half"))
            assert await keys(database) == []
    assert await keys(database) == ["half"]


@pytest.mark.requirement("db:transactions")
async def test_many_writers_lose_no_update(database: Database) -> None:
    async with database.begin() as conn:
        await conn.execute(setting("n", 0))

    async def add_one() -> None:
        async with database.begin() as conn:
            row = await conn.execute(sa.select(settings.c.updated_at).with_for_update())
            await conn.execute(sa.update(settings).values(updated_at=row.scalar_one() + 1))

    async with anyio.create_task_group() as tasks:
        for _ in range(60):  # three times the pool
            tasks.start_soon(add_one)
    async with database.read() as conn:
        assert (await conn.execute(sa.select(settings.c.updated_at))).scalar_one() == 61


@pytest.mark.requirement("db:start")
async def test_opening_happens_once_however_many_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import devskyy_mcp.db.engine as engine

    made: list[Dsn] = []
    make_engine = engine.make_engine

    def counted(dsn: Dsn, **more: Any) -> AsyncEngine:
        made.append(dsn)
        return make_engine(dsn, **more)

    monkeypatch.setattr(engine, "make_engine", counted)
    await (first := Database(tmp_path / "new" / "app.db")).open()
    await first.close()
    made.clear()
    db = Database(tmp_path / "new" / "app.db")
    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(db.open)
    assert len(made) == 1
    await db.close()
    assert await keys(db) == []  # a closed database opens again
    await db.close()


@pytest.mark.requirement("db:sqlite")
async def test_every_sqlite_connection_is_durable_and_checks_keys(tmp_path: Path) -> None:
    db = Database(tmp_path / "secret" / "app.db")
    async with db.read() as first, db.read() as second:
        for conn in (first, second):
            pragmas = [
                (await conn.exec_driver_sql(f"PRAGMA {name}")).scalar()
                for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
            ]
            assert pragmas == ["wal", 2, 30000, 1]
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0
    assert (tmp_path / "secret" / "app.db").stat().st_mode & 0o077 == 0
    await db.close()


@pytest.mark.requirement("db:sqlite")
async def test_two_processes_write_in_turn(tmp_path: Path) -> None:
    """Two Database objects share nothing but the file, as two processes do."""
    first, second = Database(tmp_path / "app.db"), Database(tmp_path / "app.db")
    await first.open()
    inside, entered = anyio.Event(), anyio.Event()

    async def other() -> None:
        await inside.wait()
        entered.set()
        async with second.begin() as conn:
            await conn.execute(setting("after", await keys(second)))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(other)
        async with first.begin() as conn:
            inside.set()
            await entered.wait()
            await conn.execute(setting("before"))
    async with first.read() as conn:
        seen = (await conn.execute(sa.select(settings.c.value).where(settings.c.key == "after"))).scalar_one()
    assert seen == {"is": ["before"]}
    await first.close()
    await second.close()


@pytest.mark.requirement("db:transactions")
async def test_cancelling_at_any_step_loses_no_connection_and_no_lock(database: Database) -> None:
    async def work() -> None:
        async with database.begin() as conn:
            await conn.execute(sa.delete(settings))
            await conn.execute(setting("a"))
        await keys(database)

    for steps in range(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            for _ in range(steps):
                await anyio.lowlevel.checkpoint()
                await anyio.sleep(0.0003)  # lets the driver's thread or the server get on
            tasks.cancel_scope.cancel()
    reads = database._reads  # pyright: ignore[reportPrivateUsage] # the pool below the surface
    assert reads is not None
    with anyio.fail_after(5):
        while "Current Checked out connections: 0" not in reads.pool.status():
            await anyio.sleep(0.01)  # closing goes on in the background
        await work()
    assert await keys(database) == ["a"]
