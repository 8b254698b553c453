"""What 50 logins at once do to the calls of others in the same process, bursts and calm by turns."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import anyio

from devskyy_mcp.app import App
from devskyy_mcp.auth.passwords import Busy
from devskyy_mcp.auth.people import People
from devskyy_mcp.errors import Refused
from devskyy_mcp.invoke import Call

from .catalogue import ME, app_of
from .measure import Row

AT_ONCE = 50
ROUNDS = 8
CALM = 1.5
"""Seconds of calls alone before each burst."""
PAUSE = 0.002
"""Seconds between two calls, so that the loop also waits as a server's does."""
LIMIT = 50.0
PASSWORD = "four words nobody guesses"


async def run() -> list[Row]:
    """p99 of a call alone and beside bursts of logins."""
    with tempfile.TemporaryDirectory() as folder:
        app = app_of(Path(folder), 25)
        async with app.running(eager=False):
            people = app.services.get(People)
            await people.hasher.hash(PASSWORD)
            alone: list[float] = []
            beside: list[float] = []
            done = 0
            for number in range(ROUNDS):
                with anyio.move_on_after(CALM):
                    await _calls(app, alone)
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(_calls, app, beside)
                    done += await _burst(people, number)
                    tasks.cancel_scope.cancel()
    rise = p99(beside) - p99(alone)
    answered = f"{done / ROUNDS:.0f} of {AT_ONCE} looked at, the others told to come back"
    figure = f"{p99(alone):.1f} → {p99(beside):.1f} ms, {rise:+.1f} ms; {answered}"
    return [Row(f"p99 of a call beside {AT_ONCE} logins at once", figure, f"≤ +{LIMIT:.0f} ms", rise <= LIMIT)]


async def _calls(app: App, taken: list[float]) -> None:
    """One call after another; appends the milliseconds of each, from when it was due: a busy loop takes it late."""
    while True:
        due = time.perf_counter() + PAUSE
        await anyio.sleep(PAUSE)
        await app.road.invoke(Call(ME, "noop_1_run", {}, "rest"))
        taken.append((time.perf_counter() - due) * 1000)


async def _burst(people: People, number: int) -> int:
    """All at once, each another login from another address; how many were looked at."""
    looked_at = 0

    async def one(index: int) -> None:
        nonlocal looked_at
        try:
            await people.authenticate(f"somebody-{number}-{index}", PASSWORD, f"198.51.{number}.{index}")
        except Busy:
            return
        except Refused:
            looked_at += 1

    async with anyio.create_task_group() as tasks:
        for index in range(AT_ONCE):
            tasks.start_soon(one, index)
    return looked_at


def p99(found: Sequence[float]) -> float:
    return statistics.quantiles(found, n=100, method="inclusive")[-1]
