"""Workers of their own: started, told to stop, and what they leave for others."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Collection, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from devskyy_mcp.app import App, build, local_principal
from devskyy_mcp.config import Settings
from devskyy_mcp.db.budget import say_connections
from devskyy_mcp.db.database import Database
from devskyy_mcp.invoke import Call
from devskyy_mcp.jobs.model import ENDED
from devskyy_mcp.jobs.service import Jobs
from tests.durability.paid.processes import Place, ProviderServer, Running, desk, place

ME = local_principal()
STOPS_WITHIN = 10
"""Seconds."""


@pytest.fixture(scope="module")
def provider() -> Generator[ProviderServer]:
    server = ProviderServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def here(tmp_path: Path, postgres_url: str, provider: ProviderServer) -> Place:
    await _create(postgres_url)
    return place(tmp_path / "data", postgres_url, provider.url)


async def _create(url: str) -> None:
    database = Database(url, migrate=True)
    await database.open()
    await database.close()


async def start(app: App, tool: str, **arguments: Any) -> str:
    return (await app.road.invoke(Call(ME, tool, arguments, "cli"))).data["job"]


async def ended(app: App, jobs: list[str], seconds: float, awaited: Collection[str] = ENDED) -> dict[str, str]:
    """The jobs' states when all are over, or are what is awaited, or after that time."""
    service = app.services.get(Jobs)
    give_up = time.monotonic() + seconds
    while True:
        states = {job: (await service.get(ME, job)).state for job in jobs}
        if set(awaited).issuperset(states.values()) or time.monotonic() > give_up:
            return states
        await anyio.sleep(0.1)


@asynccontextmanager
async def workers(here: Place, number: int) -> AsyncGenerator[list[Running]]:
    running = [Running(here) for _ in range(number)]
    try:
        for one in running:
            one.start()
        yield running
    finally:
        for one in running:
            if one.process is not None:
                one.kill()


@pytest.mark.slow
@pytest.mark.requirement("cluster:worker")
async def test_the_command_runs_jobs_until_it_is_told_to_stop(tmp_path: Path, database_url: str) -> None:
    await _create(database_url)
    given = {"DEVSKYY_DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": database_url, "DEVSKYY_WORKER": "off"}
    said = (tmp_path / "said").open("w+")
    process = subprocess.Popen(
        [sys.executable, "-m", "devskyy_mcp", "worker"], cwd=tmp_path, env={**os.environ, **given}, stderr=said
    )
    try:
        settings = Settings(database_url=database_url, data_dir=tmp_path / "data", worker="off", environment="test")  # pyright: ignore[reportArgumentType] # a str becomes a secret
        async with build(settings).running(eager=False) as app:
            job = await start(app, "woo_catalog_export")
            assert await ended(app, [job], 40) == {job: "succeeded"}
        process.send_signal(signal.SIGTERM)
        assert await anyio.to_thread.run_sync(process.wait, STOPS_WITHIN) == 0
    finally:
        process.kill()
        process.wait()
        said.seek(0)
        lines = said.read()
        said.close()
    kind = "sqlite" if database_url.startswith("sqlite") else "postgresql"
    assert f"on {kind} runs up to 20 jobs at once" in lines
    assert ("opens at most 26 connections (20 for calls, 5 for jobs, 1 to listen)" in lines) is (kind == "postgresql")
    assert "Traceback" not in lines
    assert "WARNING" not in lines


@pytest.mark.slow
@pytest.mark.requirement("cluster:worker")
async def test_a_stopped_worker_hands_its_jobs_back(here: Place, provider: ProviderServer) -> None:
    async with desk(here) as app, workers(here, 1) as (first,):
        jobs = [await start(app, "renders_make", prompt=f"back {n}", seconds=3) for n in range(5)]
        assert set((await ended(app, jobs, 20, ["running"])).values()) == {"running"}
        began = time.monotonic()
        first.signal(signal.SIGTERM)
        await anyio.to_thread.run_sync(first.wait, STOPS_WITHIN)
        assert time.monotonic() - began < STOPS_WITHIN
        assert set((await ended(app, jobs, 0)).values()) == {"queued"}
        first.start()
        began = time.monotonic()
        assert set((await ended(app, jobs, 30)).values()) == {"succeeded"}
        assert time.monotonic() - began < 14, "they were not free before they counted as a dead worker's"
    assert [provider.submitted(f"back {n}") for n in range(5)] == [1] * 5


@pytest.mark.slow
@pytest.mark.requirement("cluster:worker")
async def test_what_a_worker_claims_while_it_stops_is_not_lost(
    tmp_path: Path, postgres_url: str, provider: ProviderServer
) -> None:
    await _create(postgres_url)
    one_at_a_time = place(tmp_path / "data", postgres_url, provider.url, worker_concurrency=1)
    async with desk(one_at_a_time) as app, workers(one_at_a_time, 1) as (worker,):
        provider.harm(list=["hang"])
        slow = await start(app, "renders_make", prompt="slow", seconds=0)
        assert await ended(app, [slow], 20, ["running"]) == {slow: "running"}
        jobs = [await start(app, "renders_nothing", number=number) for number in range(40)]
        while provider.submitted("slow") == 0 or await _handed(app) < len(jobs):
            await anyio.sleep(0.02)
        worker.signal(signal.SIGTERM)  # the paid call under way is waited for
        await anyio.to_thread.run_sync(worker.wait, STOPS_WITHIN)
        open_claims = await _column(app, "SELECT workflow_uuid FROM dbos.workflow_status WHERE status = 'ENQUEUED'")
        waiting = await _column(app, "SELECT id || ':' || handed_at FROM jobs WHERE handed_at > 0 AND state = 'queued'")
        assert set(waiting) <= set(open_claims)
        assert await _column(app, "SELECT id FROM jobs WHERE handed_at IS NULL"), "nothing was claimed while it stopped"
        worker.start()
        assert set((await ended(app, [slow, *jobs], 40)).values()) == {"succeeded"}
    assert provider.submitted("slow") == 1


async def _handed(app: App) -> int:
    return len(await _column(app, "SELECT id FROM jobs WHERE handed_at IS NOT NULL AND tool = 'renders_nothing'"))


async def _column(app: App, query: str) -> list[Any]:
    async with app.services.get(Database).read() as conn:
        return list((await conn.exec_driver_sql(query)).scalars())


@pytest.mark.requirement("cluster:connections")
@pytest.mark.parametrize(
    ("pool", "works", "words", "warned"),
    [
        (20, True, "at most 26 connections (20 for calls, 5 for jobs, 1 to listen)", False),
        (20, False, "at most 21 connections (20 for calls, 1 to listen)", False),
        (90, False, "at most 91 connections", True),
    ],
)
async def test_the_connections_that_may_be_opened_are_told(
    postgres_url: str, caplog: pytest.LogCaptureFixture, pool: int, works: bool, words: str, warned: bool
) -> None:
    caplog.set_level(logging.INFO)
    database = Database(postgres_url, migrate=True, pool_size=pool)
    await say_connections(database, pool, works=works)
    await database.close()
    assert words in caplog.text
    assert "the server allows 100" in caplog.text
    assert ("lower DATABASE_POOL_SIZE" in caplog.text) is warned


@pytest.mark.requirement("cluster:connections")
async def test_through_a_pooler_only_what_goes_past_it_counts(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    pooled = postgres_url + "&pgbouncer=true"
    for direct, words in (
        (postgres_url, "6 connections (5 for jobs, 1 to listen)"),
        (None, "0 connections (all through"),
    ):
        database = Database(pooled, migrate=True, direct=direct)
        await say_connections(database, 20, works=True)
        await database.close()
        assert words in caplog.text


@pytest.mark.requirement("cluster:connections")
async def test_a_pool_has_as_many_connections_as_set(postgres_url: str) -> None:
    database = Database(postgres_url, migrate=True, pool_size=3)
    most = now = 0

    async def use() -> None:
        nonlocal most, now
        async with database.read() as conn:
            now += 1
            most = max(most, now)
            await conn.exec_driver_sql("SELECT pg_sleep(0.1)")
            now -= 1

    async with anyio.create_task_group() as tasks:
        for _ in range(9):
            tasks.start_soon(use)
    await database.close()
    assert most == 3
