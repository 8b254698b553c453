"""What people ask for, with the tools that are right, and how well a search finds them.

requests.txt is what the goals are measured with; by tuning.txt phrases and ranking may be improved.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import p95
from devskyy_mcp.app import build
from devskyy_mcp.capability import Registry
from devskyy_mcp.config import Settings
from devskyy_mcp.find.encoder import Encoder
from devskyy_mcp.find.tools import ToolIndex

HERE = Path(__file__).parent
DEEP = 99


class Asked(NamedTuple):
    request: str
    tools: frozenset[str]


def asked(file: str = "requests.txt") -> list[Asked]:
    lines = (HERE / file).read_text(encoding="utf-8").splitlines()
    pairs = [line.split("|") for line in lines if line and not line.startswith("#")]
    return [Asked(request.strip(), frozenset(tools.split())) for request, tools in pairs]


@dataclass
class Figures:
    """Where the first right tool stood for each request (0 first), and the milliseconds that each search took."""

    places: list[int]
    cpu: list[float]
    wall: list[float]

    def hit(self, within: int) -> float:
        return sum(place < within for place in self.places) / len(self.places)

    def words(self) -> str:
        hits = ", ".join(f"hit@{within} {self.hit(within):.3f}" for within in (1, 5, 10))
        return f"{hits}, p95 {p95(self.cpu):.1f} ms CPU, {p95(self.wall):.1f} ms wall (n = {len(self.places)})"


def measure(index: ToolIndex, requests: Iterable[Asked]) -> Figures:
    """Search for each request among all tools. Requests whose tools are all missing are left out."""
    names, found = list(index.registry.tools), Figures([], [], [])
    index.search("warm up", DEEP, names)
    for request, tools in requests:
        if not tools & set(names):
            continue
        cpu, wall = time.thread_time(), time.perf_counter()
        ranked = index.search(request, DEEP, names)
        found.wall.append((time.perf_counter() - wall) * 1000)
        found.cpu.append((time.thread_time() - cpu) * 1000)
        found.places.append(next((place for place, name in enumerate(ranked) if name in tools), DEEP))
    return found


def indexes(folder: Path, encoder: Callable[[], Encoder | None]) -> tuple[ToolIndex, ToolIndex]:
    """Over all tools: by words alone, and by meaning too."""
    registry: Registry = build(Settings.model_validate({"data_dir": folder})).registry
    return ToolIndex(registry, by=lambda: None), ToolIndex(registry, folder / "find", by=encoder)
