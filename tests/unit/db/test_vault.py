from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import anyio
import pytest
import sqlalchemy as sa

from devskyy_mcp.db import Database
from devskyy_mcp.db.tables import data_keys, users
from devskyy_mcp.db.vault import Keyring, Vault, vault_of
from devskyy_mcp.db.vault import vault as module
from devskyy_mcp.db.vault.rotation import look, rewrap, seal_rest
from devskyy_mcp.errors import Code, Refused
from tests.fakes.unsealed import as_before_keys

ROW: dict[str, Any] = {
    "id": "chg_1",
    "arguments": {"email": "ada@example.com"},
    "summary": {},
    "reasons": [],
    "outcome": None,
}


@pytest.mark.requirement("vault:sealed")
async def test_a_row_is_sealed_and_opened_and_what_is_empty_stays(database: Database) -> None:
    stored = database.vault.seal_row("change_sets", {**ROW, "idempotency_key": "ada@example.com"})
    assert stored["arguments"].startswith("v1.")
    assert (stored["summary"], stored["reasons"], stored["outcome"]) == ({}, [], None)
    assert stored["idempotency_key"] == database.vault.mark("ada@example.com")
    async with database.read() as conn:
        assert vault_of(conn) is database.vault
        (opened,) = await database.vault.open_rows(conn, "change_sets", [stored])
    assert opened["arguments"] == ROW["arguments"]


@pytest.mark.requirement("vault:sealed")
@pytest.mark.parametrize("value", [1, 1.5, "v1.0123456789ab.x", "\0\ud800", {"a": [None, True]}, "é" * 70_000])
async def test_any_json_comes_back_as_it_was(database: Database, value: Any) -> None:
    sealed = database.vault.seal("jobs", "result", "job_1", value)
    assert database.vault.open("jobs", "result", "job_1", sealed) == value
    assert sealed != database.vault.seal("jobs", "result", "job_1", value)


@pytest.mark.requirement("vault:sealed")
async def test_marks_and_derived_keys_are_the_databases_own(database: Database, tmp_path: Path) -> None:
    vault = database.vault
    assert vault.mark("ada@example.com") == vault.mark(vault.mark("ada@example.com")) != vault.mark("ada@example.org")
    assert len(vault.derive("one")) == 32
    assert vault.derive("one") != vault.derive("other")
    other = Database(tmp_path / "other.db")
    await other.open()
    assert other.vault.mark("ada@example.com") != vault.mark("ada@example.com")
    assert other.vault.derive("one") != vault.derive("one")
    await other.close()


@pytest.mark.requirement("vault:shared")
async def test_servers_that_start_at_once_agree(database_url: str) -> None:
    servers = [Database(database_url, migrate=True) for _ in range(4)]
    async with anyio.create_task_group() as tasks:
        for server in servers:
            tasks.start_soon(server.open)
    assert len({server.vault.derive("agreed") for server in servers}) == 1
    sealed = [server.vault.seal("jobs", "error", "job_1", "text") for server in servers]
    for server in servers:
        rows = [{"id": "job_1", "error": one} for one in sealed]
        async with server.read() as conn:
            opened = await server.vault.open_rows(conn, "jobs", rows)
        assert [row["error"] for row in opened] == ["text"] * 4
        await server.close()


USER: dict[str, Any] = {
    "id": "usr_1",
    "login_hash": "hash",
    "login": "ada",
    "name": "Ada",
    "role": "owner",
    "state": "active",
    "recovery": [],
    "created_at": 1,
    "changed_at": 1,
}
PLAIN: dict[str, Any] = {"id": "job_1", "error": {"code": "from before"}}


async def opened(database: Database) -> Any:
    async with database.read() as conn:
        return (await database.vault.open_rows(conn, "jobs", [PLAIN]))[0]["error"]


@pytest.mark.requirement("vault:strict")
async def test_a_new_database_uses_nothing_unsealed(database_url: str) -> None:
    for _ in range(2):  # and remembers
        database = Database(database_url, migrate=True)
        await database.open()
        assert database.vault.strict
        with pytest.raises(Refused, match=r"jobs\.error") as caught:
            await opened(database)
        assert caught.value.code is Code.INTERNAL
        await database.close()


@pytest.mark.requirement("vault:strict")
async def test_one_from_before_keys_does_until_all_is_sealed_and_every_server_hears_of_it(database_url: str) -> None:
    first, second = Database(database_url, migrate=True), Database(database_url, migrate=True)
    await as_before_keys(first)
    await first.open()
    await second.open()
    assert await opened(first) == await opened(second) == PLAIN["error"]
    assert await seal_rest(first) == 0
    for server in (first, second):
        with pytest.raises(Refused, match="not sealed"):
            await opened(server)
        await server.close()


@pytest.mark.requirement("vault:strict")
async def test_keys_are_made_for_what_was_there_before_them(database_url: str) -> None:
    database = Database(database_url, migrate=True)
    await database.open()
    async with database.begin() as conn:
        await conn.execute(data_keys.delete())
        await conn.execute(users.insert().values(**USER))
    await database.close()
    later = Database(database_url, migrate=True)
    await later.open()
    assert not later.vault.strict
    async with later.read() as conn:
        rows = await later.vault.open_rows(conn, "users", (await conn.execute(users.select())).mappings().all())
    assert rows[0]["login"] == "ada"
    assert await seal_rest(later) == 1
    assert later.vault.strict
    await later.close()


@pytest.mark.requirement("vault:rotate")
async def test_servers_go_on_while_keys_are_rotated_and_data_keys_come_and_go(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_SEALS", 20)  # a new data key every moment
    old, both = Keyring("an old key"), Keyring("a new key,an old key")
    first = Database(database_url, migrate=True, keys=old)
    await first.open()
    second = Database(database_url, migrate=True, keys=both)
    await second.open()
    stored: list[dict[str, Any]] = []

    async def write(server: Database) -> None:
        for number in range(100):
            async with server.begin() as conn:
                row = {"id": f"job_{number}", "error": {"at": number}}
                stored.append(vault_of(conn).seal_row("jobs", row))
            await anyio.sleep(0)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write, first)  # it does not have the new key, and must not meet it before the rotation
        tasks.start_soon(write, second)
    assert (await look(second)).by_kid.keys() == {old.newest}
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write, second)
        tasks.start_soon(rewrap, second)
    found = await look(second)
    assert found.by_kid.keys() == {both.newest}
    assert found.by_kid[both.newest] > 10
    last = Database(database_url, migrate=True, keys=Keyring("a new key"))
    await last.open()
    async with last.read() as conn:
        opened = await last.vault.open_rows(conn, "jobs", stored)
    assert [row["error"]["at"] for row in opened] == [int(row["id"][4:]) for row in stored]
    for server in (first, second, last):
        await server.close()


@pytest.mark.requirement("vault:shared")
async def test_a_data_key_is_used_for_a_day(database_url: str) -> None:
    now = 1_000_000.0
    database = Database(database_url, migrate=True)
    database.vault = Vault(Keyring("a key"), lambda: now)
    await database.open()
    before = database.vault.seal("jobs", "error", "1", 1)
    now += 3600
    async with database.begin():
        assert module.key_of(database.vault.seal("jobs", "error", "1", 1)) == module.key_of(before)
    now += 24 * 3600
    async with database.begin():
        after = database.vault.seal("jobs", "error", "1", 1)
    assert module.key_of(after) != module.key_of(before)
    assert database.vault.open("jobs", "error", "1", before) == 1
    await database.close()


@pytest.mark.requirement("vault:lost")
async def test_a_database_whose_key_is_not_there_is_refused_in_words(database_url: str) -> None:
    first = Database(database_url, migrate=True, keys=Keyring("a key"))
    await first.open()
    sealed = first.vault.seal("jobs", "error", "1", "x")
    await first.close()
    other = Database(database_url, migrate=True, keys=Keyring("another key"))
    with pytest.raises(Refused) as caught:
        await other.open()
    assert caught.value.code is Code.NOT_CONFIGURED
    assert first.vault.keyring.newest in caught.value.message
    assert "a key" not in str(caught.value)
    with pytest.raises(Refused, match="does not have"):
        other.vault.open("jobs", "error", "1", sealed)


@pytest.mark.requirement("vault:bound")
async def test_a_data_key_that_was_altered_is_told(database: Database) -> None:
    async with database.begin() as conn:
        rows = (await conn.execute(data_keys.select().order_by(data_keys.c.id))).all()
        await conn.execute(data_keys.update().where(data_keys.c.id == rows[0].id).values(wrapped=rows[1].wrapped))
    with pytest.raises(Refused, match=r"data_keys\.wrapped"):
        await Database(database.dsn.path or database.dsn.url, migrate=True).open()


@pytest.mark.requirement("vault:keyring")
async def test_without_a_key_one_is_made_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENCRYPTION_MASTER_KEY")
    database = Database(tmp_path / "new" / "app.db")
    await database.open()
    file = tmp_path / "new" / "master.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text().strip()) >= 40
    assert file.read_bytes().strip() not in (tmp_path / "new" / "app.db").read_bytes()
    ring = database.vault.keyring
    before = ring.newest
    running = Keyring(None, file)
    assert running.kids == [before]
    added = ring.add()
    assert ring.kids == [added, before]
    assert running.key(added) is not None  # read again for a key that it does not know
    await database.close()


@pytest.mark.requirement("vault:keyring")
async def test_postgres_without_a_key_is_refused(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENCRYPTION_MASTER_KEY")
    with pytest.raises(Refused, match="ENCRYPTION_MASTER_KEY is not set"):
        await Database(postgres_url, migrate=True).open()


@pytest.mark.requirement("vault:keyring")
@pytest.mark.parametrize("given", [" , ,", "\n"])
def test_a_key_ring_without_a_key_is_refused(given: str) -> None:
    with pytest.raises(Refused, match="holds no key"):
        Keyring(given).newest  # noqa: B018 # asked for


@pytest.mark.requirement("vault:keyring")
def test_keys_of_the_environment_are_not_added_to_by_us() -> None:
    with pytest.raises(Refused, match="only you can change"):
        Keyring(os.environ["ENCRYPTION_MASTER_KEY"]).add()


@pytest.mark.requirement("vault:sealed")
async def test_nothing_is_kept_of_a_data_key_whose_transaction_fails(database: Database) -> None:
    vault = Vault(Keyring.usual(None))

    async def make_and_fail() -> None:
        async with database.begin() as conn:
            await conn.execute(sa.delete(data_keys))
            await vault.make(conn)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await make_and_fail()
    assert vault.due
