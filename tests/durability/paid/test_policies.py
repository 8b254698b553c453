"""What job policies and queues promise, with real workers: rates, priorities, deadlines, attempts, stopping."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any

import anyio
import pytest
import sqlalchemy as sa

from devskyy_mcp.app import App, local_principal
from devskyy_mcp.db.database import Database
from devskyy_mcp.invoke import Call
from devskyy_mcp.jobs import runs
from devskyy_mcp.jobs.model import JobView
from devskyy_mcp.jobs.service import Jobs
from devskyy_mcp.jobs.worker import Worker

from .processes import Place, ProviderServer, Running, desk, place
from .renders import RATE

ME = local_principal()
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180), pytest.mark.requirement("jobs:policies")]


@pytest.fixture
def provider() -> Generator[ProviderServer]:
    server = ProviderServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def here(tmp_path: Path, database_url: str, provider: ProviderServer) -> Place:
    database = Database(database_url, migrate=True)
    await database.open()
    await database.close()
    return place(tmp_path, database_url, provider.url)


@pytest.fixture
async def app(here: Place) -> AsyncGenerator[App]:
    async with desk(here) as made:
        yield made


@pytest.fixture
def workers(here: Place) -> Generator[list[Running]]:
    """Two workers, to be started; on SQLite the second waits for the first."""
    made = [Running(here), Running(here)]
    yield made
    for one in made:
        if one.process is not None:
            one.kill()


async def submit(app: App, tool: str, **given: Any) -> str:
    return (await app.road.invoke(Call(ME, tool, given, "cli"))).data["job"]


async def settled(app: App, job: str, seconds: float = 60) -> JobView:
    view = await app.services.get(Jobs).wait(ME, job, seconds)
    assert view.state not in {"queued", "running"}, view
    return view


async def reached(app: App, job: str, state: str) -> None:
    with anyio.fail_after(60):
        while (await app.services.get(Jobs).get(ME, job)).state != state:
            await anyio.sleep(0.02)


async def test_a_storm_of_429_is_waited_out(app: App, provider: ProviderServer, workers: list[Running]) -> None:
    provider.harm(list=["429"] * 6, key=["429"] * 3)
    prompts = [f"storm {number}" for number in range(4)]
    jobs = [
        await submit(app, "renders_make", prompt=prompt, kind=("list", "key")[number % 2], seconds=0)
        for number, prompt in enumerate(prompts)
    ]
    for one in workers:
        one.start()
    assert [(await settled(app, job)).state for job in jobs] == ["succeeded"] * 4
    seen = provider.seen()
    assert sorted(seen["prompts"]) == prompts
    assert seen["refused"] == 9
    for prompt in prompts:
        at = sorted(at for told in ("refusals", "taken") for who, at in seen[told] if who == prompt)
        assert all(later - sooner >= 1 for sooner, later in itertools.pairwise(at)), "Retry-After was one second"


async def test_a_rate_holds_over_all_workers(app: App, workers: list[Running]) -> None:
    jobs = [await submit(app, "renders_rated", number=number) for number in range(18)]
    for one in workers:
        one.start()
    for job in jobs:
        assert (await settled(app, job)).state == "succeeded"
    most, seconds = RATE
    claims = "dbos.workflow_status" if app.services.get(Database).dialect == "postgresql" else "workflow_status"
    query = sa.text(f"SELECT started_at_epoch_ms FROM {claims} WHERE queue_name = 'rated'")  # our own words
    async with app.services.get(Database).read() as conn:
        began = sorted((await conn.execute(query)).scalars())
    assert len(began) == 18
    for first, after in zip(began, began[most:], strict=False):
        assert after - first >= seconds * 1000 - 1, "more began than may within the period"


async def test_urgent_jobs_go_first(app: App, workers: list[Running]) -> None:
    later = [await submit(app, "renders_someday", number=number) for number in range(4)]
    sooner = [await submit(app, "renders_urgent", number=number) for number in range(3)]
    workers[0].start()
    began: dict[str, int] = {}
    for job in (*later, *sooner):
        result = (await settled(app, job)).result
        assert result is not None
        began[job] = int(result["task"])
    assert sorted(began, key=lambda job: began[job]) == [*sooner, *later]


async def test_deadlines_while_running_and_while_waiting(app: App, workers: list[Running]) -> None:
    waits = await submit(app, "renders_hasty", seconds=0)
    await anyio.sleep(1.6)  # nobody has come for it
    workers[0].start()
    assert (await settled(app, waits)).error == (await _late(app)).error


async def _late(app: App) -> JobView:
    """A job that ran out of its time while it ran."""
    began = time.monotonic()
    job = await submit(app, "renders_hasty", seconds=50)
    view = await settled(app, job)
    assert view.state == "failed"
    assert time.monotonic() - began < 20
    assert view.error is not None
    assert view.error["code"] == "timeout"
    assert view.started_at is not None
    return view


async def test_cancelled_while_running_and_while_waiting(app: App, workers: list[Running]) -> None:
    jobs = app.services.get(Jobs)
    waits = await submit(app, "renders_someday", number=1)
    assert (await jobs.cancel(ME, waits)).state == "cancelled"
    runs = await submit(app, "renders_make", prompt="long", kind="list", seconds=100)
    workers[0].start()
    await reached(app, runs, "running")
    await jobs.cancel(ME, runs)
    assert (await settled(app, runs, 20)).state == "cancelled"
    assert (await jobs.get(ME, waits)).started_at is None


async def test_a_job_under_which_processes_die_is_given_up(app: App) -> None:
    job = await submit(app, "renders_hasty", seconds=0)
    database, worker = app.services.get(Database), Worker(app.services)
    async with database.begin() as conn:
        token = await runs.hand(conn, [job])
    for number in range(3):  # each start, and no more of it: as of a process that dies
        async with database.begin() as conn:
            assert job in await runs.start(conn, [(job, token)], f"dead {number}")
    assert await worker.run_job(job, token)
    view = await app.services.get(Jobs).get(ME, job)
    assert view.state == "failed"
    assert view.error is not None
    assert view.error["message"] == "The server stopped 3 times while it worked on this, so it was given up."
