"""Timing in CPU time, since the wall clock of a busy machine tells little."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio


@dataclass
class Row:
    """One line of the table: what was measured, the figure in words, the goal in words, whether it was met."""

    what: str
    figure: str
    goal: str
    met: bool | None

    def line(self) -> str:
        mark = {True: "yes", False: "NO", None: ""}[self.met]
        return f"| {self.what} | {self.figure} | {self.goal} | {mark} |"


async def cpu_us(work: Callable[[], Awaitable[object]], times: int, rounds: int = 7) -> float:
    """Median over the rounds of the CPU microseconds one ``work`` takes."""
    for _ in range(min(times, 50)):
        await work()
    found: list[float] = []
    for _ in range(rounds):
        gc.collect()
        await anyio.sleep(0.3)  # what goes on beside calls (audit) has its turn, and its own time
        started = time.process_time_ns()
        for _ in range(times):
            await work()
        found.append((time.process_time_ns() - started) / times / 1000)
    return statistics.median(found)


async def wall_ms(work: Callable[[], Awaitable[object]], times: int) -> float:
    """Median wall milliseconds of one ``work``."""
    found: list[float] = []
    for _ in range(times):
        started = time.perf_counter_ns()
        await work()
        found.append((time.perf_counter_ns() - started) / 1e6)
    return statistics.median(found)
