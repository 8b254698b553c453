"""Reliefs of photos that no test has seen: how many are good, and what one costs."""

from __future__ import annotations

import secrets
import statistics
import time

from devskyy_mcp.errors import Refused
from devskyy_tools.studio.relief.stages import make
from tests.fakes.photos import CATEGORIES, NEGATIVES, draw
from tests.unit.studio.relief.judging import judge

from .measure import Row

COUNT = 10


async def run() -> list[Row]:
    first = secrets.randbelow(1_000_000)
    photos = [draw(seed) for seed in range(first, first + COUNT)]
    failed = judge(photos)
    costs: list[float] = []
    for photo in photos:
        before = time.process_time()
        try:
            make(photo.content, None, CATEGORIES[photo.parameters["garment"]], 70)
        except Refused:
            continue
        costs.append(time.process_time() - before)
    taken = [name for name, picture in NEGATIVES.items() if _is_taken(picture(first).content)]
    why = "".join(f"; {name}: {', '.join(wrong)}" for name, wrong in failed.items())
    cost, most, good = statistics.median(costs), max(costs), COUNT - len(failed)
    return [
        Row(f"good reliefs of {COUNT} photos, seeds from {first}", f"{good}{why}", "≥ 9", good >= 9),
        Row("CPU time of one, both files (median, most)", f"{cost:.2f} s, {most:.2f} s", "≤ 3 s", most <= 3),
        Row(f"of {len(NEGATIVES)} photos that can't work are taken", ", ".join(taken) or "none", "none", not taken),
    ]


def _is_taken(content: bytes) -> bool:
    try:
        make(content, None, "top", 70)
    except Refused:
        return False
    return True
