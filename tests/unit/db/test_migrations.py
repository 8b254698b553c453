from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.exc import CompileError

from devskyy_mcp.db import Database
from devskyy_mcp.db.schema import HEAD, MIGRATIONS, alembic_config
from devskyy_mcp.errors import Code, Refused

# Beyond what Alembic compares: triggers, functions, constraint names, keys' order, first rows.
WHOLE: dict[str, list[str]] = {
    "sqlite": ["SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"],
    "postgresql": [
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype <> 'n'",
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
        "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
        "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns "
        "WHERE table_schema = 'public'",
    ],
}


def schema_of(connection: sa.Connection) -> set[Any]:
    rows = [
        *connection.exec_driver_sql("SELECT * FROM audit_head"),
        *connection.exec_driver_sql("SELECT * FROM alembic_version"),
    ]
    for query in WHOLE[connection.dialect.name]:
        rows += connection.exec_driver_sql(query)
    # SQLite keeps the statement's own spaces, and Alembic's differ from create_all's.
    return {
        tuple(
            " ".join(part.split()).replace("( ", "(").replace(" )", ")") if isinstance(part, str) else part
            for part in row
        )
        for row in rows
    }


def tables_of(connection: sa.Connection) -> set[str]:
    return set(sa.inspect(connection).get_table_names())


@pytest.mark.requirement("db:migrations")
async def test_a_new_database_equals_a_migrated_one(database: Database) -> None:
    async with database.begin() as conn:
        created = await conn.run_sync(schema_of)
        await conn.run_sync(lambda sync: command.downgrade(alembic_config(sync), "base"))
        assert await conn.run_sync(tables_of) == {"alembic_version"}
        await conn.run_sync(lambda sync: command.upgrade(alembic_config(sync), "head"))
        migrated = await conn.run_sync(schema_of)
        await conn.run_sync(lambda sync: command.check(alembic_config(sync)))
    assert len(created) > 15
    assert migrated == created


@pytest.mark.requirement("db:migrations")
async def test_up_down_up_and_the_tables_are_those_declared(database_url: str) -> None:
    db = Database(database_url, migrate=True)
    await db.open()
    async with db.begin() as conn:
        for _ in range(2):
            await conn.run_sync(lambda sync: command.downgrade(alembic_config(sync), "base"))
            await conn.run_sync(lambda sync: command.upgrade(alembic_config(sync), "head"))
        await conn.run_sync(lambda sync: command.check(alembic_config(sync)))
    await db.close()
    await db.open()  # it stands at HEAD
    await db.close()


@pytest.mark.requirement("db:migrations")
def test_the_constant_head_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]


@pytest.mark.requirement("db:migrations")
async def test_a_failed_migration_leaves_nothing_behind(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    db = Database(database_url, migrate=True)
    # The creation breaks at its very last statement.
    monkeypatch.setattr("devskyy_mcp.db.schema._version", sa.table("alembic_version", sa.column("unknown")))
    with pytest.raises(CompileError):
        await db.open()
    monkeypatch.undo()
    await db.open()
    await db.close()


@pytest.mark.requirement("db:migrations")
async def test_an_older_database_is_migrated_when_that_is_allowed(database_url: str) -> None:
    db = Database(database_url, migrate=True)
    async with db.begin() as conn:
        await conn.run_sync(lambda sync: command.downgrade(alembic_config(sync), "base"))
        await conn.exec_driver_sql("DROP TABLE alembic_version")
    await db.close()
    await db.open()
    async with db.read() as conn:
        assert "change_ops" in await conn.run_sync(tables_of)
    await db.close()


@pytest.mark.requirement("db:migrations")
async def test_a_server_does_not_start_on_a_database_that_is_behind(database_url: str) -> None:
    db = Database(database_url, migrate=False)
    with pytest.raises(Refused) as caught:
        await db.open()
    assert caught.value.code is Code.NOT_CONFIGURED
    assert "devskyy migrate" in caught.value.hint
    await (owner := Database(database_url, migrate=True)).open()
    await owner.close()
    await db.open()
    await db.close()


@pytest.mark.requirement("db:migrations")
async def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    async with database.begin() as conn:
        await conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    await database.close()
    with pytest.raises(Refused, match="newer version of DevSkyy"):
        await database.open()


@pytest.mark.requirement("db:migrations")
def test_who_migrates_by_default() -> None:
    assert Database("app.db")._migrate  # pyright: ignore[reportPrivateUsage] # the default itself
    assert not Database("postgresql://h/d")._migrate  # pyright: ignore[reportPrivateUsage] # the default itself
