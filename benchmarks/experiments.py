"""What an assignment and a batch of exposures cost; how often a test without a difference says that there is one."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from devskyy_mcp.app import App, build, local_principal
from devskyy_mcp.config import Settings
from devskyy_mcp.experiments.analysis import FEWEST_EVENTS
from devskyy_mcp.experiments.assignment import Assigner
from devskyy_mcp.experiments.sequential import bounds, equal_looks, inflation
from devskyy_mcp.experiments.statistics import WINSORISED, Arm, difference, estimate, sample_size
from devskyy_mcp.invoke import Call

from .measure import Row

UNITS = [f"customer-{number}" for number in range(200_000)]
SEEDS = (101, 102, 103, 104, 105)
RUNS, LOOKS, EACH = 2_000, 20, 1_000
SPENT_EACH = 300
"""Visitors of each variant between two looks."""
BATCHES = 20


async def run() -> list[Row]:
    """The figures of this file's subject."""
    spent = _assigning()
    wrong, naive = _crossed(0.03, 0.03, EACH)
    money = _spent()
    planned = sample_size("rate", 0.03, 0.2, 0.0, 0.05, 0.8, inflation(0.05, 0.8, LOOKS))
    found, _ = _crossed(0.03, 0.036, -(-planned // LOOKS))
    return [
        Row("assigning a unit", f"{spent:.2f} µs", "≤ 2 µs", spent <= 2),
        Row("A/A tests that find something, 10,000 runs, 20 looks", f"{wrong:.4f}", "≤ .06", wrong <= 0.06),
        Row("the same of revenue per visitor, winsorised, 5,000 runs", f"{money:.4f}", "≤ .06", money <= 0.06),
        Row("the same, were each look read as if it were the only one", f"{naive:.4f}", "", None),
        Row(f"power at +20 % of 3 %, planned for .8: {planned:,} each", f"{found:.4f}", "", None),
        *await _counting(),
    ]


def _assigning() -> float:
    assign = Assigner("hero", ["a", "b", "c"], [3334, 3333, 3333])
    best = float("inf")
    for _ in range(5):
        started = time.process_time_ns()
        for unit in UNITS:
            assign(unit)
        best = min(best, (time.process_time_ns() - started) / len(UNITS) / 1000)
    return best


def _crossed(base: float, other: float, each: int) -> tuple[float, float]:
    """The share of runs that cross a bound, and that cross 1.96 at any look."""
    limits, n = np.array(bounds(0.05, equal_looks(LOOKS), last=True)), each * np.arange(1, LOOKS + 1)
    bounded = naive = 0
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        p, q = (random.binomial(each, rate, (RUNS, LOOKS)).cumsum(1) / n for rate in (base, other))
        z = np.abs(q - p) / np.sqrt((p * (1 - p) + q * (1 - q)) / n)
        bounded += int((z >= limits).any(1).sum())
        naive += int((z >= 1.96).any(1).sum())
    return bounded / (RUNS * len(SEEDS)), naive / (RUNS * len(SEEDS))


def _spent() -> float:
    """The same share where 3 % of visitors spend, log-normally (sigma 1): early looks have some ten orders."""
    limits = bounds(0.05, equal_looks(LOOKS), last=True)
    found = 0
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        for _ in range(RUNS // 2):
            shape = (2, SPENT_EACH * LOOKS)
            spent = np.where(random.random(shape) < 0.03, np.exp(random.normal(4, 1, shape)), 0.0)
            found += any(_differs(spent[:, : SPENT_EACH * (at + 1)], limit) for at, limit in enumerate(limits))
    return found / (RUNS // 2 * len(SEEDS))


def _differs(spent: np.ndarray[Any, Any], limit: float) -> bool:
    if (spent > 0).sum(1).min() < FEWEST_EVENTS:
        return False
    above = np.sort(spent[spent > 0])
    spent = np.minimum(spent, above[min(len(above) - 1, int(WINSORISED * len(above)))])
    arms = [estimate("mean", Arm(len(one), float(one.sum()), float((one**2).sum()))) for one in spent]
    return abs(difference(*arms).z) >= limit


async def _counting() -> list[Row]:
    """Through the whole road, as REST calls it; SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        settings: dict[str, Any] = {"data_dir": Path(folder), "calls_burst": 100_000, "confirm_writes": "risky"}
        app = build(Settings(_env_file=None, **settings))  # pyright: ignore[reportCallIssue] # pydantic-settings takes it
        try:
            await _do(app, "experiments_create", **DESIGN)
            assigned = await _each(app, "experiments_assign", 1)
            one, many = [await _each(app, "experiments_expose", size) for size in (1, 1000)]
        finally:
            await app.close()
    return [
        Row("a call that assigns one unit", f"{assigned:.2f} ms CPU", "", None),
        Row("a call that exposes one unit", f"{one:.2f} ms CPU", "", None),
        Row("a call that exposes 1,000", f"{many:.1f} ms CPU, {many:.1f} µs each", "", None),
    ]


DESIGN: dict[str, Any] = {
    "name": "hero",
    "hypothesis": "A shorter title sells more dresses",
    "variants": [{"key": "old", "percent": 50.0}, {"key": "new", "percent": 50.0}],
    "metric": {"name": "order", "kind": "rate", "base": 0.03},
    "mde": 0.2,
}


async def _each(app: App, tool: str, size: int) -> float:
    """Milliseconds of a call."""
    started = time.process_time_ns()
    for number in range(BATCHES):
        units = [f"{tool}-{size}-{number}-{one}" for one in range(size)]
        await _do(app, tool, experiment="hero", units=units)
    return (time.process_time_ns() - started) / BATCHES / 1e6


async def _do(app: App, tool: str, **arguments: Any) -> None:
    await app.road.invoke(Call(local_principal(), tool, arguments, "rest"))
