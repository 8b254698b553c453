"""The official suite on both wires, and the Inspector as a second implementation of the client."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from .suite import ERAS, EVERYTHING, WIRES, WITHOUT_FIXTURES, command, conformance, inspect, install, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
EXPECTED = {"2025-11-25": 84, "2026-07-28": 152}
EXPECTED_EVERYTHING = 234
TASKS = {
    "tasks-capability-negotiation",
    "tasks-dispatch-and-envelope",
    "tasks-lifecycle",
    "tasks-mrtr-composition",
    "tasks-mrtr-input",
    "tasks-request-headers",
    "tasks-request-state-removal",
    "tasks-required-task-error",
    "tasks-wire-fields",
}
SKILLS = frozenset({"sep-2640-skills-enumeration", "sep-2640-skills-manifest"})
EXPECTED_SKILLS = 38
TRANSPORTS = ("http", "stdio")


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    install()


@pytest.fixture(scope="module")
def fixtures_url(installed: None) -> Generator[str]:
    with serving("fixtures") as url:
        yield url


@pytest.fixture(scope="module")
def catalogue_url(installed: None) -> Generator[str]:
    with serving("catalogue") as url:
        yield url


@pytest.mark.requirement("mcp:conformance")
@pytest.mark.parametrize("wire", WIRES)
def test_every_scenario_passes(fixtures_url: str, wire: str) -> None:
    outcome = conformance(fixtures_url, wire)
    assert outcome.problems == []
    assert outcome.status == 0
    assert outcome.passed >= EXPECTED[wire], outcome.checks


@pytest.mark.requirement("mcp:conformance")
def test_the_whole_suite_passes_with_the_extensions_and_without_a_baseline(fixtures_url: str) -> None:
    outcome = conformance(fixtures_url, EVERYTHING)
    assert outcome.problems == []
    assert outcome.status == 0
    assert outcome.passed >= EXPECTED_EVERYTHING, outcome.checks
    assert {name for name in TASKS if outcome.checks[name]["SUCCESS"]} == TASKS


@pytest.mark.requirement("mcp:conformance-catalogue")
@pytest.mark.parametrize("wire", WIRES)
def test_the_real_catalogue_passes_what_needs_no_fixtures(catalogue_url: str, wire: str) -> None:
    outcome = conformance(catalogue_url, wire, WITHOUT_FIXTURES)
    assert outcome.problems == []
    assert outcome.passed > 10


@pytest.mark.requirement("agents:skills")
def test_agents_are_skills_as_the_suite_wants_them(catalogue_url: str) -> None:
    outcome = conformance(catalogue_url, EVERYTHING, SKILLS)
    assert outcome.problems == []
    assert outcome.passed >= EXPECTED_SKILLS, outcome.checks


@pytest.mark.requirement("mcp:inspector-strict")
def test_the_inspector_finds_no_fault_in_the_real_tools(catalogue_url: str) -> None:
    listed, said = inspect([f"{catalogue_url}/full"], "modern", "tools/list", "--strict")
    assert listed["tools"], said


@pytest.mark.requirement("mcp:inspector")
@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_inspector_calls_tools(fixtures_url: str, transport: str, era: str) -> None:
    target = [fixtures_url] if transport == "http" else command("fixtures", "stdio")
    called, _ = inspect(target, era, "tools/call", "--tool-name", "test_simple_text")
    assert called["content"][0]["text"] == "This is a simple text response for testing."
