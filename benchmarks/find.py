"""How often the right tool is found for what people say, and how long that takes."""

from __future__ import annotations

import importlib.util
import resource
import tempfile
import time
from pathlib import Path

from devskyy_mcp.find.encoder import NEEDED, encoder
from tests.find.asked import Figures, asked, indexes, measure

from .measure import Row, p95


async def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        words, meaning = indexes(Path(folder), encoder)
        rows = _rows("by words", measure(words, asked()), {5: 0.70})
        if any(importlib.util.find_spec(name) is None for name in NEEDED):
            return [*rows, Row("finding by meaning", "the extra [find] is not installed", "", None)]
        before, small = time.process_time(), _megabytes()
        meaning.search("warm up", 1, [])
        made, size = time.process_time() - before, _megabytes() - small
        rows += _rows("with [find]", measure(meaning, asked()), {5: 0.88, 10: 0.93})
        _, kept = indexes(Path(folder), encoder)
        before = time.process_time()
        kept.search("warm up", 1, [])
        again = time.process_time() - before
    return [
        *rows,
        Row("all tools' vectors: made, then read", f"{made:.1f} s, then {again * 1000:.0f} ms of CPU time", "", None),
        Row("memory that the encoder takes", f"{size} MB", "", None),
    ]


def _megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _rows(how: str, figures: Figures, goals: dict[int, float]) -> list[Row]:
    rows = [
        Row(
            f"requests whose tool is among the first {within}, {how} (n = {len(figures.places)})",
            f"{figures.hit(within):.3f}",
            f"≥ {goals[within]:.2f}" if within in goals else "",
            figures.hit(within) >= goals[within] if within in goals else None,
        )
        for within in (1, 5, 10)
    ]
    took = f"{p95(figures.cpu):.1f} ms CPU, {p95(figures.wall):.1f} ms wall"
    return [*rows, Row(f"finding a tool {how}, p95", took, "≤ 25 ms", p95(figures.cpu) <= 25)]
