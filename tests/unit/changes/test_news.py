"""Two apps on one database, as two processes are: they share nothing else."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
import sqlalchemy as sa

from devskyy_mcp.app import App, build
from devskyy_mcp.changes import store
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Refused
from devskyy_mcp.invoke import Call
from tests.fakes.notes import Notes
from tests.fakes.packs import changes_pack, notes_pack
from tests.fakes.postgres import database_url, postgres_server, postgres_url
from tests.fakes.served import settings_for

from .conftest import ADA

__all__ = ["database_url", "postgres_server", "postgres_url"]


@dataclass
class Pair:
    mine: App
    theirs: App
    notes: Notes
    heard: list[str]

    async def write(self, app: App, title: str) -> str:
        return (await app.road.invoke(Call(ADA, "notes_create", {"title": title}, "cli"))).data["change"]

    async def hear(self, number: int) -> list[str]:
        """What was told once it is so many, and that it stays so."""
        with anyio.fail_after(3):  # less than the look that needs no wake-up
            while len(self.heard) < number:
                await anyio.sleep(0.01)
        await anyio.sleep(0.3)
        return self.heard


@pytest.fixture
async def pair(tmp_path: Path, database_url: str) -> AsyncGenerator[Pair]:
    db = Database(database_url, migrate=True)
    await db.open()
    await db.close()
    notes = Notes("one")

    def make() -> App:
        settings = settings_for(tmp_path, database_url=database_url, settle_after=0.05)
        return build(settings, [notes_pack(notes), changes_pack()])

    async with AsyncExitStack() as stack:
        mine = await stack.enter_async_context(make().running(eager=True))
        theirs = await stack.enter_async_context(make().running(eager=False))
        heard: list[str] = []
        await anyio.sleep(0.3)
        mine.changes.on_written.append(heard.append)
        yield Pair(mine, theirs, notes, heard)


@pytest.mark.requirement("events:changes")
async def test_each_change_is_told_once_whoever_carries_it_out(pair: Pair) -> None:
    written = [await pair.write(app, str(number)) for number, app in enumerate([pair.theirs, pair.mine] * 3)]
    assert sorted(await pair.hear(6)) == sorted(written)


@pytest.mark.requirement("events:changes")
async def test_a_lost_connection_loses_no_change(pair: Pair) -> None:
    db = pair.mine.services.get(Database)
    first = await pair.write(pair.theirs, "before")
    await pair.hear(1)
    if db.dialect == "postgresql":
        async with db.read() as conn:
            cut = (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
            )
            await conn.execute(sa.text(cut + "pg_backend_pid()"))
        await anyio.sleep(0.1)  # the server only asks them to end
    second = await pair.write(pair.theirs, "while nobody listens")
    assert await pair.hear(2) == [first, second]


@pytest.mark.requirement("events:changes")
async def test_a_change_that_becomes_visible_late_is_told(pair: Pair) -> None:
    """Its time of finishing lies before that of a change which has been told already."""
    theirs = pair.theirs
    late = await pair.write(theirs, "late")
    await pair.hear(1)
    pair.heard.clear()
    news = pair.mine.changes.news
    news._seen.pop(late)  # pyright: ignore[reportPrivateUsage] # as if it had not been visible
    last = await pair.write(theirs, "last")
    assert await pair.hear(2) == [late, last]


@pytest.mark.requirement("events:changes")
async def test_what_another_process_finds_out_later_is_told(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    from devskyy_mcp.changes import commit

    monkeypatch.setattr(commit, "LOOKS", ())
    monkeypatch.setattr(commit, "FENCE", 0)
    pair.notes.faults = ["lost"]
    with pytest.raises(Refused):
        await pair.write(pair.theirs, "lost answer")
    db = pair.mine.services.get(Database)
    async with db.read() as conn:
        [change] = (await conn.execute(sa.select(store.change_sets.c.id))).scalars()
    assert await pair.hear(1) == [change]
