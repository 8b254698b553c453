"""Each tool has phrases, each phrase a tool; and nobody has written the answers into them."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from devskyy_mcp.app import build
from devskyy_mcp.config import Settings
from scripts.token_budget import listing

from .asked import asked

PACKS = Path(__file__).parents[2] / "tools/devskyy_tools"
LEAST = 3
ALIKE = 0.6
"""Share of words that a phrase and a request may have in common."""


@pytest.fixture(scope="module")
def phrases() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for file in sorted(PACKS.glob("*/phrases.toml")):
        given = tomllib.loads(file.read_text(encoding="utf-8"))
        assert not given.keys() & found.keys(), f"{file} repeats a tool"
        found |= given
    return found


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Per tool what hosts list of it."""
    app = build(Settings.model_validate({"data_dir": tmp_path_factory.mktemp("data")}))
    assert {pack.name for pack in app.registry.packs if pack.toolsets and pack.phrases is None} == set()
    return {tool.name: listing([tool])[0] for tool in app.registry.tools.values()}


@pytest.mark.requirement("find:phrases")
def test_each_tool_has_phrases_and_each_phrase_a_tool(phrases: dict[str, list[str]], tools: dict[str, str]) -> None:
    assert {name for name in tools if len(phrases.get(name, ())) < LEAST} == set(), "write phrases.toml of the pack"
    assert phrases.keys() - tools.keys() == set(), "these phrases have no tool"


def test_a_phrase_stands_for_one_tool(phrases: dict[str, list[str]]) -> None:
    said = Counter(phrase.lower() for some in phrases.values() for phrase in some)
    assert [phrase for phrase, times in said.items() if times > 1] == []


@pytest.mark.requirement("find:phrases")
def test_phrases_cost_hosts_no_token(phrases: dict[str, list[str]], tools: dict[str, str]) -> None:
    listed = json.dumps(tools).lower()
    assert [one for some in phrases.values() for one in some if len(one.split()) > 3 and one.lower() in listed] == []


@pytest.mark.parametrize("file", ["requests.txt", "tuning.txt"])
def test_requests_name_tools_and_no_phrase_repeats_one(
    file: str, phrases: dict[str, list[str]], tools: dict[str, str]
) -> None:
    requests = asked(file)
    assert {tool for one in requests for tool in one.tools} - tools.keys() == set()
    assert len({one.request for one in requests}) == len(requests)
    said = [(phrase, set(phrase.lower().split())) for some in phrases.values() for phrase in some]
    for one in requests:
        words = set(one.request.lower().split())
        assert [phrase for phrase, mine in said if len(mine & words) > ALIKE * len(mine | words)] == [], one.request
