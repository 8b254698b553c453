"""What a job costs: from the call to the start of its handler, and no-op jobs a second beside bare dbos."""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from pydantic import BaseModel

from devskyy_mcp.app import App, build
from devskyy_mcp.capability import JobPolicy, Pack, Toolset
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context
from devskyy_mcp.db.database import Database
from devskyy_mcp.invoke import Call

from .catalogue import ME
from .databases import databases
from .measure import Row, p95

JOBS = 1000
CONCURRENCY = 50
ONES = 100
ROUNDS = 3
LATENCY_MS = 250
GOALS = {"sqlite": 100, "postgresql": 150}
tools = Toolset("nothings", timeout=30)
processes = multiprocessing.get_context("spawn")


class Began(BaseModel):
    at: int


@tools.tool("read", scopes="noop:read", job=JobPolicy())
async def nothings_run(ctx: Context, number: int) -> Began:  # noqa: ARG001 # so that no two calls are the same
    """Note when it began, and nothing else."""
    return Began(at=time.time_ns() // 1000)


def app_over(folder: Path, url: str, worker: str) -> App:
    settings = Settings.model_validate(
        {
            "data_dir": folder,
            "database_url": url,
            "worker": worker,
            "worker_concurrency": CONCURRENCY,
            "calls_per_second": 1e9,
            "calls_burst": 10**9,
        }
    )
    return build(settings, [Pack("nothings", [tools])])


def work(folder: Path, url: str) -> None:
    """Entry of a process that only runs jobs."""
    anyio.run(_work, folder, url)


async def _work(folder: Path, url: str) -> None:
    async with app_over(folder, url, "on").running(eager=True):
        await anyio.sleep_forever()


def bare(url: str, jobs: int, pipe: Connection) -> None:
    """Entry of a process in which dbos alone runs so many no-ops that wait in its queue; sends how many a second."""
    import dbos

    config: dbos.DBOSConfig = {
        "name": "bare",
        "system_database_url": url.replace("postgresql://", "postgresql+psycopg://", 1),
        "application_version": "1",
        "log_level": "ERROR",
        "use_listen_notify": False,
        "sys_db_pool_size": 5,
    }
    began: list[float] = []

    async def nothing(number: int) -> int:
        began.append(time.perf_counter())
        return number

    dbos.DBOS(config=config)
    dbos.DBOS.workflow(name="nothing")(nothing)
    if url.startswith("sqlite"):
        _use_wal(url)
    dbos.DBOS.launch()
    client = dbos.DBOSClient(system_database_url=config["system_database_url"] or "", use_listen_notify=False)
    for number in range(jobs):
        client.enqueue({"workflow_name": "nothing", "queue_name": "bare", "app_version": "1"}, number)
    dbos.DBOS.register_queue("bare", worker_concurrency=CONCURRENCY, polling_interval_sec=0.1)
    while dbos.DBOS.list_workflows(status=["ENQUEUED", "PENDING"], limit=1):
        time.sleep(0.02)
    pipe.send(jobs / (time.perf_counter() - began[0]))
    client.destroy()
    dbos.DBOS.destroy()


def _use_wal(url: str) -> None:
    import sqlite3

    with sqlite3.connect(url.removeprefix("sqlite:///")) as file:
        file.execute("PRAGMA journal_mode=WAL")


@contextmanager
def process(*arguments: Any, target: Any = work) -> Generator[Any]:
    one = processes.Process(target=target, args=arguments, daemon=True)
    one.start()
    try:
        yield one
    finally:
        one.kill()
        one.join()


@asynccontextmanager
async def running(folder: Path, url: str, worker: str) -> AsyncGenerator[App]:
    async with app_over(folder, url, worker).running(eager=worker == "on") as app:
        yield app


async def submit(app: App, numbers: range) -> list[str]:
    found: list[str] = []
    for number in numbers:
        result = await app.road.invoke(Call(ME, "nothings_run", {"number": number}, "bench"))
        found.append(result.data["job"])
    return found


async def ended(app: App, count: int) -> list[dict[str, Any]]:
    """The rows of all jobs, once so many have ended."""
    import sqlalchemy as sa

    from devskyy_mcp.db.tables import jobs

    c = jobs.c
    number = sa.select(sa.func.count()).where(c.state == "succeeded")
    with anyio.fail_after(300):
        while True:
            async with app.services.get(Database).read() as conn:
                if (await conn.execute(number)).scalar_one() >= count:
                    rows = (await conn.execute(sa.select(c.id, c.created_at, c.finished_at, c.result))).mappings()
                    return [dict(row) for row in rows]
            await anyio.sleep(0.1)


async def latency(folder: Path, url: str, *, same_process: bool) -> list[float]:
    """Milliseconds from the call to the handler's first line, one job after the other, the worker warm."""
    async with running(folder, url, "on" if same_process else "off") as app:
        if same_process:
            return await _one_by_one(app)
        with process(folder, url):
            return await _one_by_one(app)


async def _one_by_one(app: App) -> list[float]:
    await submit(app, range(1))
    await ended(app, 1)
    mine: set[str] = set()
    for number in range(1, ONES + 1):
        mine.update(await submit(app, range(number, number + 1)))
        await anyio.sleep(0.05 + 0.0037 * (number % 13))  # never in step with anybody's polling
    rows = await ended(app, ONES + 1)
    return [(row["result"]["at"] - row["created_at"]) / 1000 for row in rows if row["id"] in mine]


async def rate(folder: Path, url: str) -> float:
    """No-op jobs a second, from the first handler's start to the last job's end; all wait when the worker comes."""
    async with running(folder, url, "off") as app:
        await submit(app, range(JOBS))
        with process(folder, url):
            rows = await ended(app, JOBS)
    seconds = (max(row["finished_at"] for row in rows) - min(row["result"]["at"] for row in rows)) / 1e6
    return JOBS / seconds


async def bare_rate(url: str) -> float:
    ours, theirs = processes.Pipe(duplex=False)
    with process(url, JOBS, theirs, target=bare):
        return await anyio.to_thread.run_sync(ours.recv)


async def run() -> list[Row]:
    """The figures of this file's subject, on SQLite and on Postgres."""
    rows: list[Row] = []
    with databases() as new:
        for kind, goal in GOALS.items():
            for same in (False, True):
                with tempfile.TemporaryDirectory() as folder:
                    found = await latency(Path(folder), await new(kind), same_process=same)
                where = "the same process" if same else "another process"
                figure = f"median {statistics.median(found):.0f} ms, p95 {p95(found):.0f} ms"
                met = p95(found) <= LATENCY_MS
                what = f"{kind}: call to start of a job, worker in {where}"
                rows.append(Row(what, figure, f"p95 ≤ {LATENCY_MS} ms", met))
            mine: list[float] = []
            beside: list[float] = []
            for _ in range(ROUNDS):
                with tempfile.TemporaryDirectory() as folder:
                    mine.append(await rate(Path(folder), await new(kind)))
                beside.append(await bare_rate(await new(kind, tables=False)))
            ratio = statistics.median(one / other for one, other in zip(mine, beside, strict=True))
            figure = f"{statistics.median(mine):.0f}/s, bare dbos {statistics.median(beside):.0f}/s = {ratio:.2f}×"
            rows.append(Row(f"{kind}: no-op jobs", figure, f"≥ {goal}/s", statistics.median(mine) >= goal))
    return rows
