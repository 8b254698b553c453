"""Timing side by side: a busy machine slows both sides of a pair down, so that ratios and differences hold."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

Work = Callable[[], Awaitable[object]]


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


@dataclass(frozen=True)
class Costs:
    """Microseconds of each work in each round; what a work leaves to do later is in them."""

    rounds: Mapping[str, list[float]]

    def us(self, name: str) -> float:
        """The median over the rounds."""
        return statistics.median(self.rounds[name])

    def ratio(self, name: str, beside: str) -> float:
        """The median of the rounds' own ratios."""
        return statistics.median(mine / its for mine, its in zip(self.rounds[name], self.rounds[beside], strict=True))

    def added(self, name: str, beside: str) -> float:
        """The median of the rounds' own differences, in milliseconds."""
        pairs = zip(self.rounds[name], self.rounds[beside], strict=True)
        return statistics.median(mine - its for mine, its in pairs) / 1000

    def beside(self, name: str, other: str) -> str:
        return f"{self.us(name):.0f} / {self.us(other):.0f} µs = {self.ratio(name, other):.2f}×"


async def nothing() -> None:
    """Settles what leaves nothing to do."""


async def cpu(works: Mapping[str, Work], times: int, settle: Work = nothing, rounds: int = 15) -> Costs:
    """CPU time, all threads of this process. See ``side_by_side``."""
    return await side_by_side(works, times, settle, rounds, time.process_time_ns)


async def wall(works: Mapping[str, Work], times: int, settle: Work = nothing, rounds: int = 15) -> Costs:
    """Time on the wall. See ``side_by_side``."""
    return await side_by_side(works, times, settle, rounds, time.perf_counter_ns)


async def side_by_side(
    works: Mapping[str, Work], times: int, settle: Work, rounds: int, clock: Callable[[], int]
) -> Costs:
    """Run the works in turn, ``times`` each, round after round.

    Args:
        works: what is run, by name.
        times: calls of one work in a round.
        settle: does what the works have left for later (the audit's writing); it counts with the work before it.
        rounds: how many; one more comes first, to warm up.
        clock: nanoseconds.
    """
    found: dict[str, list[float]] = {name: [] for name in works}
    order = list(works)
    for number in range(-1, rounds):
        for name in order if number % 2 else reversed(order):
            gc.collect()
            work, started = works[name], clock()
            for _ in range(times):
                await work()
            await settle()
            if number >= 0:
                found[name].append((clock() - started) / times / 1000)
    return Costs(found)


async def single_us(work: Work, times: int) -> float:
    """Median microseconds on the wall that the caller of one ``work`` waits."""
    found: list[int] = []
    for _ in range(times):
        started = time.perf_counter_ns()
        await work()
        found.append(time.perf_counter_ns() - started)
    return statistics.median(found) / 1000


def p95(found: Sequence[float]) -> float:
    """What 95 of 100 stay within."""
    return statistics.quantiles(found, n=20, method="inclusive")[-1]
