"""Agents are found by what people say; what none is for is said to be for none."""

from __future__ import annotations

from pathlib import Path

import pytest

from devskyy_mcp.agents.catalogue import Agents
from devskyy_mcp.agents.finding import AgentIndex
from devskyy_mcp.agents.loading import load, sources
from devskyy_mcp.capability import Registry
from devskyy_mcp.find.encoder import Encoder, encoder

from .test_loading import FILES, brand, known

SAID = [
    ("could you raise the prices of all coats", "price-clerk"),
    ("a customer asks where her order is", "parcel-clerk"),
    ("let people turn the handbag in 3d", "model-clerk"),
]
NOBODY = ("what is the weather in Lyon tomorrow", "solve x squared plus two", "book me a dentist")


@pytest.fixture(scope="module")
def registry() -> Registry:
    from devskyy_mcp.app import installed_packs

    return Registry(installed_packs())


def agents_of(registry: Registry, *folders: Path) -> Agents:
    found = [source for folder in folders for source in sources(folder, str(folder))]
    return Agents(load(found, known().keys()), registry)


def index(registry: Registry, folder: Path, by: Encoder | None) -> AgentIndex:
    return AgentIndex(agents_of(registry, FILES), folder / "find/agents", lambda: by)


@pytest.mark.requirement("agents:find")
@pytest.mark.parametrize("how", ["words", "meaning"])
def test_the_right_agent_comes_first_and_says_why(registry: Registry, tmp_path: Path, how: str) -> None:
    found = index(registry, tmp_path, encoder() if how == "meaning" else None)
    for request, name in SAID:
        result = found.search(request, 3)
        assert (result.agents[0].name, result.fits, result.by) == (name, True, how), request
        assert result.agents[0].like
        assert result.supers[0].name == ("support" if name == "parcel-clerk" else "commerce")
        scores = [hit.score for hit in result.agents]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)


@pytest.mark.requirement("agents:find")
@pytest.mark.parametrize("how", ["words", "meaning"])
def test_what_no_agent_is_for_fits_none(registry: Registry, tmp_path: Path, how: str) -> None:
    found = index(registry, tmp_path, encoder() if how == "meaning" else None)
    for request in NOBODY:
        assert not found.search(request, 3).fits, (request, found.search(request, 3))
    assert not found.search("?!", 3).fits


@pytest.mark.requirement("agents:brand")
def test_a_brands_phrases_route_to_an_agent(registry: Registry, tmp_path: Path) -> None:
    own = brand(tmp_path, phrases_toml='parcel-clerk = ["paczka zgubiona", "gdzie jest paczka"]\n')
    without = AgentIndex(agents_of(registry, FILES), by=lambda: None)
    given = AgentIndex(agents_of(registry, FILES, own), by=lambda: None)
    assert not without.search("moja paczka jest zgubiona", 3).fits
    assert given.search("moja paczka jest zgubiona", 3).agents[0].name == "parcel-clerk"


def test_vectors_are_kept(registry: Registry, tmp_path: Path) -> None:
    made = encoder()
    assert made is not None
    index(registry, tmp_path, made).search("raise the prices", 1)
    (kept,) = (tmp_path / "find/agents").glob("*.npy")
    written = kept.stat().st_mtime_ns
    index(registry, tmp_path, made).search("raise the prices", 1)
    assert kept.stat().st_mtime_ns == written
