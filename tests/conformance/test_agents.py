"""The agents as a host sees them, with the Inspector as the host: over HTTP and stdio, in both eras of the protocol."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import pytest

from devskyy_mcp.agents.catalogue import own_folder
from devskyy_mcp.agents.model import SUPERS

from .suite import command, connected, inspect, install, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
FILES = {file.stem for file in own_folder().rglob("*.md")} - {"README"}
TRANSPORTS = ("http", "stdio")
ERAS = ("modern", "legacy")
BRIEFS: dict[str, tuple[list[str], str]] = {
    "price-strategist": (["scope=all coats", "goal=margin"], '- scope: "all coats"'),
    "order-concierge": (["request=Where is it?", "order_id=7"], '- order_id: "7"'),
    "sales-analyst": (["question=Why was July so good?"], '- question: "Why was July so good?"'),
    "commerce": (["request=Sell more."], "Sell more."),
}
"""Some agents and a super agent: their arguments, and what the task then says."""


@pytest.fixture(scope="module")
def url() -> Generator[str]:
    install()
    with serving("catalogue") as address:
        yield f"{address}/full"


def target(url: str, transport: str) -> list[str]:
    return [url] if transport == "http" else command("catalogue", "stdio")


@pytest.mark.requirement("agents:prompts")
@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_all_are_listed_and_some_fetched(url: str, transport: str, era: str) -> None:
    where = target(url, transport)
    listed, _ = inspect(where, era, "prompts/list")
    named = {prompt["name"]: prompt for prompt in listed["prompts"]}
    assert len(FILES) == 60
    assert named.keys() >= FILES
    assert all(" · " in named[name]["title"] for name in FILES - set(SUPERS))
    assert all(named[name]["description"] for name in FILES)
    for name, (given, said) in BRIEFS.items():
        got, _ = inspect(where, era, "prompts/get", "--prompt-args", *given, "--prompt-name", name)
        contents = [message["content"] for message in got["messages"]]
        assert said in contents[-1]["text"], name
        if name not in SUPERS:
            assert [content["type"] for content in contents] == ["text", "resource", "text"]
            assert contents[1]["resource"]["uri"] == "devskyy://brand-guide"


@pytest.mark.requirement("agents:completion")
@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_arguments_are_completed(url: str, transport: str, era: str) -> None:
    with connected(target(url, transport), era) as say:

        def offered(kind: str, ref: str, name: str, typed: str) -> list[str]:
            words = ("--complete-ref-type", kind, "--complete-ref", ref, "--complete-arg-name", name)
            return say("prompts/complete", *words, "--complete-arg-value", typed)["values"]

        collections = offered("ref/prompt", "price-strategist", "scope", "black")
        assert [one.split(" ", 1)[1] for one in collections] == ["BLACK ROSE"]
        assert offered("ref/prompt", "price-strategist", "goal", "m") == ["margin"]
        orders = offered("ref/prompt", "order-concierge", "order_id", "")
        assert orders
        assert all(one.split(" ")[0].isdecimal() for one in orders)
        assert offered("ref/resource", "agent://{super}/{name}", "name", "price-") == ["price-strategist"]


@pytest.mark.requirement("agents:resources")
@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_files_are_resources(url: str, transport: str, era: str) -> None:
    where = target(url, transport)
    listed, _ = inspect(where, era, "resources/list")
    uris = {one["uri"] for one in listed["resources"]}
    assert {"agent://index", "devskyy://brand-guide", "skill://price-strategist/SKILL.md"} <= uris

    def read(uri: str) -> str:
        found: Any = inspect(where, era, "resources/read", "--uri", uri)[0]
        return found["contents"][0]["text"]

    above = json.loads(read("agent://index"))["supers"]
    assert {one["name"] for one in above} | {agent["name"] for one in above for agent in one["agents"]} == FILES
    assert read("agent://commerce/price-strategist").startswith("# Commerce · Price strategist")
    assert read("skill://price-strategist/SKILL.md").startswith('---\nname: "price-strategist"')


@pytest.mark.requirement("agents:skills")
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_inspector_verifies_every_skill(url: str, transport: str) -> None:
    """SEP-2640, which the older era of the protocol knows nothing of."""
    with connected(target(url, transport), "modern") as say:
        listed = say("skills/list")["skills"]
        got = say("skills/get", listed[0]["uri"])["skill"]
    assert {one["uri"] for one in listed} == {f"skill://{name}/SKILL.md" for name in FILES - set(SUPERS)}
    assert got["uri"] == listed[0]["uri"]
