"""How often a request finds its agent, by words and by meaning, and what the agents' files cost the start."""

from __future__ import annotations

import importlib.util
import tempfile
import time
from pathlib import Path

from devskyy_mcp.agents import compiled
from devskyy_mcp.agents.catalogue import SHOWN, Agents, own_folder
from devskyy_mcp.agents.finding import AgentIndex
from devskyy_mcp.agents.loading import sources
from devskyy_mcp.app import build
from devskyy_mcp.config import Settings
from devskyy_mcp.find.encoder import NEEDED, encoder
from tests.find.routed import FILE, PARTS, Figures, measure, requests

from .measure import Row, p95

GOALS = {"first": 0.78, "three": 0.93, "nobody": 0.80}
"""With the extra [find], on the half that nothing was improved by."""


async def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        app = build(Settings.model_validate({"data_dir": folder}))
        agents = app.services.get(Agents)
        rows = _checking(set(app.registry.tools), Path(folder))
        if not FILE.exists():
            return [*rows, Row("finding agents", f"there is no {FILE.name} with requests", "", None)]
        rows += _rows("by words", AgentIndex(agents, by=lambda: None), {})
        if any(importlib.util.find_spec(name) is None for name in NEEDED):
            return [*rows, Row("finding agents by meaning", "the extra [find] is not installed", "", None)]
        cache = app.settings.cache_dir / "find"
        return [*rows, *_rows("with [find]", AgentIndex(agents, cache / "agents", encoder), GOALS)]


def _checking(tools: set[str], folder: Path) -> list[Row]:
    """CPU time of reading all files: the first time, and once they are known."""
    files = sources(own_folder(), SHOWN)
    took: list[float] = []
    for _ in range(2):
        compiled.forget()
        before = time.process_time()
        compiled.compiled(files, tools, folder / "cache")
        took.append((time.process_time() - before) * 1000)
    figure = f"{took[0]:.0f}, then {took[1]:.1f} ms CPU"
    return [Row(f"{len(files)} agents' files at a start: checked, then known", figure, "", None)]


def _rows(how: str, index: AgentIndex, goals: dict[str, float]) -> list[Row]:
    rows: list[Row] = []
    for part in PARTS:
        asked = requests(part)
        if not asked:
            continue
        found = measure(index, asked)
        took = p95(found.cpu)
        rows += [
            _row(f"agent first, {how}, {part} (n = {len(found.first)})", found.first, goals.get("first")),
            _row(f"agent among three, {how}, {part}", found.three, goals.get("three")),
            _row(f"super agent first, {how}, {part}", found.above, None),
            _row(f"for nobody and so told, {how}, {part} (n = {len(found.nobody)})", found.nobody, goals.get("nobody")),
            _row(f"turned away though there is an agent, {how}, {part}", found.wrongly, None),
            Row(f"finding an agent {how}, {part}, p95", f"{took:.1f} ms CPU", "≤ 25 ms", took <= 25),
        ]
    return rows


def _row(what: str, values: list[bool], goal: float | None) -> Row:
    share = Figures.share(values)
    return Row(what, f"{share:.3f}", f"≥ {goal:.2f}" if goal else "", share >= goal if goal else None)
