"""Requests with the agents that are right, and how well they are found.

``agents.jsonl`` has a line each: {"request", "super": name or null, "agent": name or null, "part"}, and "also": name
for a second wish; null is for nobody. By part ``dev`` examples, weights and floors may be improved, by others nothing:
``held`` is the other half of it; ``apart`` was written from a list of the agents' jobs, without a look at any example.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from devskyy_mcp.agents.finding import AgentIndex

FILE = Path(__file__).with_name("agents.jsonl")
Part = Literal["dev", "held", "apart"]
PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True, slots=True)
class Request:
    request: str
    super: str | None
    agent: str | None
    part: Part
    also: str | None = None


def requests(part: Part) -> list[Request]:
    """The requests of one part; none where nobody has written any."""
    lines = FILE.read_text(encoding="utf-8").splitlines() if FILE.exists() else []
    found = [Request(**json.loads(line)) for line in lines if line.strip()]
    return [one for one in found if one.part == part]


@dataclass
class Figures:
    """Per request whether it went right; times in milliseconds."""

    first: list[bool] = field(default_factory=list[bool])
    three: list[bool] = field(default_factory=list[bool])
    above: list[bool] = field(default_factory=list[bool])
    nobody: list[bool] = field(default_factory=list[bool])
    wrongly: list[bool] = field(default_factory=list[bool])
    both: list[bool] = field(default_factory=list[bool])
    cpu: list[float] = field(default_factory=list[float])

    @staticmethod
    def share(values: list[bool]) -> float:
        return sum(values) / len(values) if values else 0.0


def measure(index: AgentIndex, asked: Iterable[Request]) -> Figures:
    """Find the agent of each request."""
    found = Figures()
    index.search("warm up", 1)
    for one in asked:
        before = time.thread_time()
        result = index.search(one.request, 3)
        found.cpu.append((time.thread_time() - before) * 1000)
        names = [hit.name for hit in result.agents]
        if one.agent is None:
            found.nobody.append(not result.fits)
            continue
        if one.also is not None:
            found.both.append({one.agent, one.also} <= set(names))
            continue
        found.first.append(names[:1] == [one.agent])
        found.three.append(one.agent in names)
        found.above.append(result.supers[0].name == one.super)
        found.wrongly.append(not result.fits)
    return found
