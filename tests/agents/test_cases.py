"""Every agent does its work on the demo shop: to a deliverable by its schema, in which SQL finds every figure true."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from devskyy_mcp.agents.model import SUPERS
from devskyy_mcp.llm.port import NAMES, Name
from tests.agents.cases import frame
from tests.agents.cases.frame import Case

FILES = sorted(path.stem for path in Path(frame.__file__).parent.glob("*.py") if path.stem.split("_")[0] in SUPERS)
CASES: list[Case] = [case for name in FILES for case in import_module(f"tests.agents.cases.{name}").CASES]
AGENTS = Path(__file__).parents[2] / "agents"
BLIND: set[Name] = {"cohere"}
"""Whose models see no pictures."""


def provider(number: int, agent: str) -> Name:
    """Each agent's model is another provider's than its neighbour's."""
    [file] = AGENTS.glob(f"*/{agent}.md")
    name = NAMES[number % len(NAMES)]
    return NAMES[(number + 1) % len(NAMES)] if name in BLIND and "vision]" in file.read_text() else name


@pytest.mark.requirement("agents:deliver")
@pytest.mark.parametrize(
    ("case", "speaks"),
    [(case, provider(number, case.agent)) for number, case in enumerate(CASES)],
    ids=[case.agent for case in CASES],
)
async def test_an_agent_delivers_what_the_shop_says(case: Case, speaks: Name, tmp_path: Path) -> None:
    async with frame.played(case, speaks, tmp_path) as (shop, agent, run):
        assert run.end["outcome"] == "delivered", f"{run.end.get('limit')}: {run.end.get('why')}"
        assert len(run.used) >= 3
        facts = frame.facts_of(shop, case, run)
        problems = frame.judge(agent, case, facts, run.seen)
        assert not problems, "\n".join(problems)
        if case.after:
            await case.after(facts)
        for falsify in case.falsify:
            assert frame.check_fails(case, facts, run, falsify), f"nobody notices that {falsify} is false"
        assert case.falsify


def test_each_agent_has_one_case() -> None:
    assert sorted(case.agent for case in CASES) == sorted(path.stem for path in AGENTS.glob("*/*.md"))
    assert len(CASES) == 54
