"""Steps that are free to repeat: which failures are tried again, how often, and that not all come back together."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from devskyy_mcp.context import Services
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.jobs.events import Events

from .conftest import Two

JOBS = 20
pytestmark = pytest.mark.requirement("jobs:policies")


def busy(retry_after: float | None = None) -> Refused:
    return Refused(Code.UPSTREAM_UNREACHABLE, "It is busy.", retryable=True, retry_after=retry_after)


async def run_of(two: Two, job: str) -> Any:
    """A run of a job that is under way."""
    from devskyy_mcp.jobs import store
    from devskyy_mcp.jobs.run import Run

    await two.here.add(job, "user:ada")
    await two.here.start(job)
    services = Services()
    services.put(Database, two.db)
    services.put(Events, two.events)
    async with two.db.read() as conn:
        row = await store.read(conn, job)
    assert row is not None

    async def no_end(_ended: Any) -> bool:
        raise AssertionError

    return Run(services, row, no_end)


def failing(times: int, error: Callable[[], Exception], at: list[float]) -> Callable[[], Any]:
    """Work that fails so often and then gives how often it was tried; when each try came goes into ``at``."""

    async def work() -> int:
        at.append(time.monotonic())
        if len(at) <= times:
            raise error()
        return len(at)

    return work


async def tried_together(two: Two, times: int, error: Callable[[], Exception]) -> list[list[float]]:
    """The pauses of many jobs that fail at the same moment, so often each."""
    runs = [await run_of(two, f"job_{number}") for number in range(JOBS)]
    tries: list[list[float]] = [[] for _ in runs]
    async with anyio.create_task_group() as tasks:
        for run, at in zip(runs, tries, strict=True):
            tasks.start_soon(run.step, "poll", failing(times, error, at))
    assert {len(at) for at in tries} == {times + 1}
    return [[later - sooner for sooner, later in itertools.pairwise(at)] for at in tries]


async def test_jobs_that_fail_together_do_not_come_back_together(two: Two) -> None:
    pauses = await tried_together(two, 3, busy)
    for number, longest in enumerate((0.5, 1, 2)):
        found = sorted(pause[number] for pause in pauses)
        assert found[-1] < longest + 0.5
        assert found[-1] - found[0] > longest / 5, "twenty pauses drawn at random lie apart"
    means = [sum(pause[number] for pause in pauses) / JOBS for number in range(3)]
    assert means[0] < means[2], "pauses grow"


async def test_what_the_other_side_asks_for_is_the_least(two: Two) -> None:
    pauses = [pause[0] for pause in await tried_together(two, 1, lambda: busy(retry_after=0.4))]
    assert min(pauses) >= 0.4
    assert max(pauses) - min(pauses) > 0.02


async def test_only_what_may_pass_is_tried_again(two: Two) -> None:
    run = await run_of(two, "job_a")
    for error in (ValueError("x"), Refused(Code.UPSTREAM_REFUSED, "No.")):
        at: list[float] = []
        with pytest.raises(type(error)):
            await run.step("poll", failing(1, lambda error=error: error, at))
        assert len(at) == 1
    at = []
    with pytest.raises(Refused):
        await run.step("poll", failing(5, busy, at), retries=1)
    assert len(at) == 2
    with pytest.raises(TimeoutError):
        await run.step("poll", anyio.sleep, 60, retries=0, timeout=0.01)
    at = []
    assert await run.step("poll", failing(1, ConnectionResetError, at)) == 2
    assert await run.step("poll", failing(0, busy, at)) == 2, "a step that is done is not done again"
    assert len(at) == 2
