"""What has ended goes when its time has come; what is unfinished stays, however old."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from devskyy_mcp.app import App, build, local_principal
from devskyy_mcp.assets.store import Asset, Assets
from devskyy_mcp.changes.model import Op
from devskyy_mcp.changes.operations import insert_ops
from devskyy_mcp.changes.store import insert_set
from devskyy_mcp.config import Settings
from devskyy_mcp.db.database import Database
from devskyy_mcp.db.tables import change_ops, change_sets, job_events, job_steps, jobs
from devskyy_mcp.db.vault import vault_of
from devskyy_mcp.errors import Refused
from devskyy_mcp.jobs import runs, store, tidy
from devskyy_mcp.jobs.engine import Engine
from devskyy_mcp.jobs.model import ENDED, UNFINISHED
from devskyy_mcp.jobs.tidy import Tidy
from devskyy_tools.woocommerce.pack import pack
from devskyy_tools.wordpress.pack import pack as wordpress
from tests.unit.test_listing import change_set

ME = local_principal()
DAY = 24 * 3600 * 1_000_000


@pytest.fixture
async def app(tmp_path: Path, database_url: str) -> AsyncGenerator[App]:
    given = {"data_dir": tmp_path, "database_url": database_url, "environment": "test", "worker": "off"}
    made = build(Settings(_env_file=None, **given), [wordpress, pack])  # pyright: ignore[reportCallIssue, reportArgumentType] # pydantic-settings takes it
    database = Database(database_url, migrate=True)
    await database.open()
    await database.close()
    async with made.running(eager=False):
        yield made


async def nothing(_job: str, _token: int) -> bool:
    return True


def tidy_of(app: App) -> Tidy:
    return Tidy(app.services, Engine(app.services.get(Database).dsn, "test", nothing, [], 1))


async def add(conn: AsyncConnection, name: str, state: str, age: float, events: int = 2, **more: Any) -> None:
    """A job made so many days ago, ended then if it has, with events and one step."""
    at = store.now() - int(age * DAY)
    row: dict[str, Any] = {
        "id": name,
        "principal": ME.id,
        "caller": [ME.id, ME.kind, [], ME.name],
        "surface": "cli",
        "tool": "renders_make",
        "arguments": {},
        "queue": "default",
        "priority": 100,
        "state": state,
        "request_hash": name,
        "created_at": at,
        "finished_at": at if state in ENDED else None,
        "deadline_at": at + DAY,
    }
    await conn.execute(jobs.insert(), vault_of(conn).seal_row("jobs", {**row, **more}))
    rows: list[dict[str, Any]] = [
        {"job_id": name, "seq": number, "kind": "log", "data": {}, "at": at} for number in range(1, events + 1)
    ]
    await conn.execute(job_events.insert(), rows)
    await runs.add_step(conn, name, "poll", True)


async def paid(conn: AsyncConnection, name: str, age: float, state: str = "applied") -> None:
    """A change set of one paid operation."""
    await insert_set(conn, change_set(name, store.now() - int(age * DAY), state))
    op = Op("renders", "create", "tasks", None, {})
    op.estimate = 1
    await insert_ops(conn, name, [op], {0})


async def ids(app: App, column: Any) -> set[str]:
    async with app.services.get(Database).read() as conn:
        return set((await conn.execute(sa.select(column).distinct())).scalars())


@pytest.mark.requirement("jobs:retention")
async def test_what_ended_long_ago_goes(app: App) -> None:
    async with app.services.get(Database).begin() as conn:
        for state in (*ENDED, *UNFINISHED):
            for age in (1, 31, 401):
                await add(conn, f"{state} {age}", state, age)
        await add(conn, "old, ended today", "succeeded", 900, finished_at=store.now())
    unfinished = {f"{state} {age}" for state in UNFINISHED for age in (1, 31, 401)}
    now, kept = store.now(), {"old, ended today", *unfinished}
    sweep = tidy_of(app)
    await sweep.purge_details(now - 30 * DAY)
    assert await ids(app, job_events.c.job_id) == kept | {f"{state} 1" for state in ENDED}
    assert await ids(app, job_steps.c.job_id) == kept | {f"{state} 1" for state in ENDED}
    assert len(await ids(app, jobs.c.id)) == 22
    await sweep.purge_jobs(now - 400 * DAY)
    assert await ids(app, jobs.c.id) == kept | {f"{state} {age}" for state in ENDED for age in (1, 31)}
    assert await ids(app, job_events.c.job_id) == kept | {f"{state} 1" for state in ENDED}


@pytest.mark.requirement("jobs:retention")
async def test_large_numbers_go_in_small_transactions(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidy, "AT_ONCE", 4)
    monkeypatch.setattr(tidy, "ROWS_AT_ONCE", 10)
    async with app.services.get(Database).begin() as conn:
        for number in range(30):
            await add(conn, f"job {number}", "succeeded", 500, events=13)
            await paid(conn, f"chg {number}", 500)
    largest = 0

    def count(_conn: Any, cursor: Any, *_more: Any) -> None:
        nonlocal largest
        largest = max(largest, cursor.rowcount)

    engine = app.services.get(Database)._writes  # pyright: ignore[reportPrivateUsage] # there is no other way to see each statement
    assert engine is not None
    event.listen(engine.sync_engine, "after_cursor_execute", count)
    sweep = tidy_of(app)
    await sweep.purge_jobs(store.now() - 400 * DAY)
    await sweep.purge_sets(store.now() - 400 * DAY)
    assert not await ids(app, jobs.c.id)
    assert not await ids(app, job_events.c.job_id)
    assert not await ids(app, change_ops.c.change_id)
    assert not await ids(app, change_sets.c.id)
    assert largest == 10


@pytest.mark.requirement("jobs:retention")
async def test_paid_calls_of_unfinished_jobs_stay(app: App) -> None:
    async with app.services.get(Database).begin() as conn:
        await add(conn, "job_parked", "needs_review", 500)
        await add(conn, "job_done", "succeeded", 500)
        await add(conn, "job_carries", "queued", 500, change_id="chg_carried")
        for change in ("job_parked.one", "job_parked.two", "job_done.one", "job_gone.one", "chg_carried"):
            await paid(conn, change, 500)
        await paid(conn, "job_new.one", 1)
        for state in ("applying", "unknown", "needs_review", "proposed"):
            await paid(conn, f"chg_{state}", 500, state)
        await paid(conn, "chg_expired", 500, "expired")
    sweep = tidy_of(app)
    await sweep.purge_jobs(store.now() - 400 * DAY)
    still_in_journal = await ids(app, change_sets.c.id)
    assert "job_done.one" in still_in_journal
    await sweep.purge_sets(store.now() - 400 * DAY)
    open_sets = {f"chg_{state}" for state in ("applying", "unknown", "needs_review", "proposed")}
    left = {"job_parked.one", "job_parked.two", "chg_carried", "job_new.one", *open_sets}
    assert await ids(app, change_sets.c.id) == left
    assert await ids(app, change_ops.c.change_id) == left


@pytest.mark.requirement("jobs:retention")
async def test_an_exported_file_goes_with_the_last_job_that_has_it(app: App) -> None:
    assets = app.services.get(Assets)
    kept: list[Asset] = []
    for number in range(2):
        file = assets.workshop(f"job {number}") / "catalog.csv"
        file.parent.mkdir(parents=True)
        file.write_text(str(number))
        kept.append(await assets.keep(file, "catalog.csv", "text/csv", "export"))
    async with app.services.get(Database).begin() as conn:
        for name, age, asset in (("a", 500, kept[0]), ("b", 500, kept[1]), ("c", 3, kept[1])):
            await add(conn, name, "succeeded", age, tool="woo_catalog_export", result={"asset": asset.id})
    sweep = tidy_of(app)
    await sweep.purge_jobs(store.now() - 400 * DAY)
    assert await ids(app, jobs.c.id) == {"c"}
    with pytest.raises(Refused):
        await assets.get(kept[0].id)
    assert not assets.path(kept[0]).exists()
    assert assets.path(await assets.get(kept[1].id)).read_text() == "1"
    await sweep.purge_jobs(store.now())
    assert not assets.path(kept[1]).exists()
