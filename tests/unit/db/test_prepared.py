"""Prepared statements do the same on both databases, and on SQLite no thread is visited for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from devskyy_mcp.db import Database
from devskyy_mcp.db.one_hop import Connection
from devskyy_mcp.db.prepared import Prepared, padded, together
from devskyy_mcp.db.tables import settings

pytestmark = [pytest.mark.anyio, pytest.mark.requirement("db:prepared")]
INSERT = Prepared(settings.insert())
READ = Prepared(settings.select().where(settings.c.key == sa.bindparam("of")))
UPDATE = Prepared(
    settings.update()
    .where(settings.c.key == sa.bindparam("of"), settings.c.updated_at == 1)
    .values(value=sa.bindparam("new", type_=settings.c.value.type))
)


def row(key: str, value: Any = None) -> dict[str, Any]:
    return {"key": key, "value": value, "updated_at": 1}


async def test_they_write_count_and_read_as_the_column_types_say(database: Database) -> None:
    value = {"text": "ä", "list": [1, 2.5, None], "yes": True}
    async with database.begin() as conn:
        assert await INSERT.run(conn, row("one", value)) == 1
        await INSERT.run(conn, *(row(f"many{number}", [number]) for number in range(3)))
        assert await UPDATE.run(conn, {"of": "many1", "new": "changed"}) == 1
        assert await UPDATE.run(conn, {"of": "nobody", "new": "changed"}) == 0
        assert await READ.read(conn, {"of": "one"}) == [row("one", value)]
    async with database.read() as conn:
        assert await READ.read(conn, {"of": "many1"}) == [row("many1", "changed")]
        assert await READ.read(conn, {"of": "nobody"}) == []
        rows = (await conn.execute(sa.select(settings.c.value).where(settings.c.key == "many2"))).scalars().all()
    assert rows == [[2]]


async def test_a_broken_constraint_is_told_as_by_any_other_statement(database: Database) -> None:
    async with database.begin() as conn:
        await INSERT.run(conn, row("one", 1))
    with pytest.raises(IntegrityError):
        async with database.begin() as conn:
            await INSERT.run(conn, row("one", 2))
    async with database.begin() as conn:  # what failed has left nothing behind
        assert await READ.read(conn, {"of": "one"}) == [row("one", 1)]


async def test_several_go_together_and_each_tells_its_number(database: Database) -> None:
    async with database.begin() as conn:
        await INSERT.run(conn, row("old", 1), row("older", 2))
    asked: list[str] = []
    async with database.begin() as conn:

        def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
            asked.append(statement)

        event.listen(conn.sync_connection, "before_cursor_execute", note)
        new, changed, none = (INSERT, row("new", [3])), {"of": "old", "new": 7}, {"of": "nobody", "new": 7}
        assert await together(conn, new, (UPDATE, changed), (UPDATE, none)) == [1, 1, 0]
        if database.dialect == "postgresql":
            assert len(asked) == 1
        found = [(await READ.read(conn, {"of": key}))[0]["value"] for key in ("new", "old", "older")]
    assert found == [[3], 7, 2]


async def test_only_what_may_wait_visits_the_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(tmp_path / "db.sqlite")
    await database.open()
    visits: list[str] = []
    visit = Connection.visit

    async def counted(self: Connection, method: Any, sql: str, parameters: Any) -> Any:
        visits.append(sql)
        return await visit(self, method, sql, parameters)

    monkeypatch.setattr(Connection, "visit", counted)
    async with database.begin() as conn:
        await INSERT.run(conn, row("one", 1))
        await READ.read(conn, {"of": "one"})
    assert visits == ["BEGIN IMMEDIATE"]
    async with database.read() as conn:  # it may meet a lock: never where everybody else would wait with it
        await READ.read(conn, {"of": "one"})
    assert len(visits) == 2
    await database.close()


def test_padding_makes_few_lengths() -> None:
    assert padded([1]) == [1]
    assert padded([1, 2]) == [1, 2, 1, 1, 1, 1, 1, 1]
    assert len(padded(list(range(9)))) == 64
    assert padded(list(range(600))) == list(range(600))
