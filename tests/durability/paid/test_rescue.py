"""A worker that stands still or dies while another lives, and a database that goes away meanwhile."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import suppress

import anyio
import pytest
from sqlalchemy import text

from devskyy_mcp.app import App
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Refused
from devskyy_mcp.jobs.model import JobView
from devskyy_mcp.jobs.service import Jobs

from .processes import ProviderServer, Running
from .test_faults import ME, ended, make

Start = Callable[..., Running]
RESCUED = 25.0
on_postgres = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


async def running(app: App, jobs: list[str]) -> None:
    """Wait until all are under way."""
    with anyio.fail_after(30):
        for job in jobs:
            while (await app.services.get(Jobs).get(ME, job)).state != "running":
                await anyio.sleep(0.05)


@on_postgres
@pytest.mark.slow
@pytest.mark.timeout(150)
@pytest.mark.requirement("jobs:rescue")
async def test_a_dead_workers_jobs_go_on_elsewhere(app: App, worker: Start, provider: ProviderServer) -> None:
    first = worker()
    jobs = [await make(app, f"rescue {number}", seconds=3) for number in range(4)]
    await running(app, jobs)
    worker()
    await anyio.sleep(2)
    first.kill()
    died = time.monotonic()
    for number, job in enumerate(jobs):
        assert (await ended(app, job, 60)).state == "succeeded"
        assert provider.submitted(f"rescue {number}") == 1
    assert time.monotonic() - died < RESCUED + 5


@on_postgres
@pytest.mark.slow
@pytest.mark.timeout(150)
@pytest.mark.requirement("jobs:zombie")
async def test_what_a_stopped_worker_does_late_changes_nothing(
    app: App, worker: Start, provider: ProviderServer
) -> None:
    first = worker()
    jobs = [await make(app, f"zombie {number}", seconds=4) for number in range(4)]
    await running(app, jobs)
    first.signal(signal.SIGSTOP)
    worker()
    views = [await ended(app, job, 60) for job in jobs]
    assert [view.state for view in views] == ["succeeded"] * 4
    first.signal(signal.SIGCONT)
    late = await make(app, "after the zombie")
    assert (await ended(app, late)).state == "succeeded"
    await anyio.sleep(2)
    jobs_now = [await app.services.get(Jobs).get(ME, job) for job in jobs]
    assert jobs_now == views
    assert [provider.submitted(f"zombie {number}") for number in range(4)] == [1] * 4
    events = app.services.get(Jobs).events
    for job in jobs:
        states = [event.data["state"] for event in await events.read(job) if event.kind == "state"]
        assert states[:3] == ["queued", "running", "running"]
        assert states.index("succeeded") == len(states) - 1


@on_postgres
@pytest.mark.slow
@pytest.mark.timeout(200)
@pytest.mark.requirement("jobs:rescue")
async def test_a_database_that_restarts_during_a_rescue_loses_no_job(
    app: App, worker: Start, provider: ProviderServer
) -> None:
    first = worker()
    jobs = [await make(app, f"restart {number}", seconds=2) for number in range(4)]
    await running(app, jobs)
    second = worker()
    await anyio.sleep(2)
    first.kill()
    for _ in range(20):  # every connection of everybody, again and again, while the rescue is due
        await cut_all(app)
        await anyio.sleep(1)
    for number, job in enumerate(jobs):
        assert (await patiently(app, job)).state == "succeeded"
        assert provider.submitted(f"restart {number}") == 1
    assert second.process is not None
    assert second.process.is_alive()


async def cut_all(app: App) -> None:
    """What a restart of the server does to its clients: their connections are gone."""
    query = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    with suppress(Refused):
        async with app.services.get(Database).read() as conn:
            await conn.execute(text(query))


async def patiently(app: App, job: str) -> JobView:
    """As ``ended``, by a caller who asks again while the database is away."""
    while True:
        with suppress(Refused):
            return await ended(app, job, 60)
        await anyio.sleep(0.5)


@pytest.mark.requirement("jobs:takeover")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_one_process_is_the_worker_of_a_file_and_the_next_takes_over(
    app: App, worker: Start, provider: ProviderServer
) -> None:
    first = worker()
    job = await make(app, "takeover", seconds=2)
    await running(app, [job])
    worker()
    first.kill()
    died = time.monotonic()
    view = await ended(app, job)
    assert view.state == "succeeded"
    assert time.monotonic() - died < 15
    assert provider.submitted("takeover") == 1
