"""The agents on every surface: the same prompts, completed and fetched, and what bad input says."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx2
import mcp_types as types
import pytest
import yaml
from mcp.shared.exceptions import MCPError
from pydantic import TypeAdapter

from devskyy_mcp.agents.catalogue import Agents
from devskyy_mcp.agents.finding import AgentIndex
from devskyy_mcp.app import App
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Principal
from devskyy_mcp.surfaces.http import create_http
from tests.fakes.demo import demo
from tests.fakes.jobs import Press
from tests.fakes.notes import Notes
from tests.fakes.packs import Waiting
from tests.surface.equal.ways import process_env

from .world import WAYS, World, host

every_way = pytest.mark.parametrize("way", WAYS, ids="-".join)
AGENT = "price-strategist"
GIVEN = {"scope": "all coats", "goal": "margin"}
READER = Principal("client:reader", "client", frozenset({"agents:read"}), "reader")


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[World]:
    async with demo(tmp_path_factory.mktemp("demo"), calls_burst=10_000) as desk:
        words = AgentIndex(desk.app.services.get(Agents), by=lambda: None)
        desk.app.services.put(AgentIndex, words)  # meanings take seconds to make, and tests of their own have them
        yield World(desk.app, Notes(), Waiting(), Press())


def names_of(app: App) -> set[str]:
    agents = app.services.get(Agents)
    return {*agents.supers, *agents.agents}


@every_way
@pytest.mark.requirement("agents:prompts")
async def test_all_are_prompts_with_titles_that_sort(world: World, way: tuple[str, str]) -> None:
    async with host(world, way) as client:
        listed = {prompt.name: prompt for prompt in (await client.list_prompts()).prompts}
    assert len(names_of(world.app)) == 60
    assert names_of(world.app) <= listed.keys()
    assert listed[AGENT].title == "Commerce · Price strategist"
    arguments = {one.name: one.required for one in listed[AGENT].arguments or ()}
    assert arguments == {"scope": True, "goal": True, "floor_margin": False}


@every_way
@pytest.mark.requirement("agents:prompts")
async def test_a_prompt_has_instructions_the_brand_guide_and_the_task(world: World, way: tuple[str, str]) -> None:
    async with host(world, way) as client:
        got = await client.get_prompt(AGENT, GIVEN)
        above = await client.get_prompt("commerce", {"request": "Sell more."})
    told: Any = [message.content for message in got.messages]
    assert [one.type for one in told] == ["text", "resource", "text"]
    assert told[0].text.startswith("# Commerce · Price strategist")
    assert "woo_products_list" in told[0].text
    assert (str(told[1].resource.uri), told[1].resource.mime_type) == ("devskyy://brand-guide", "text/markdown")
    assert '- scope: "all coats"' in told[2].text
    team: Any = above.messages[0].content
    assert f"**{AGENT}**" in team.text


@every_way
@pytest.mark.requirement("agents:completion")
async def test_arguments_are_completed_from_their_values_and_the_shop(world: World, way: tuple[str, str]) -> None:
    async def offered(name: str, argument: str, typed: str) -> list[str]:
        ref = types.PromptReference(type="ref/prompt", name=name)
        return (await client.complete(ref, {"name": argument, "value": typed})).completion.values

    async with host(world, way) as client:
        assert await offered(AGENT, "goal", "m") == ["margin"]
        assert await offered(AGENT, "goal", "") == ["margin", "volume", "clearance", "cost_pass_through", "tidy_up"]
        collections = await offered(AGENT, "scope", "black")
        orders = await offered("order-concierge", "order_id", "")
        assert await offered(AGENT, "floor_margin", "5") == []
    assert [one.split(" ", 1)[1] for one in collections] == ["BLACK ROSE"]
    assert orders
    assert all(one.split(" ")[0].isdecimal() for one in orders)


async def test_completion_shows_nobody_what_they_may_not_see(world: World) -> None:
    ref = types.PromptReference(type="ref/prompt", name="order-concierge")
    async with host(world, ("memory", "modern"), principal=READER) as client:
        assert (await client.complete(ref, {"name": "order_id", "value": ""})).completion.values == []
        text: Any = (await client.get_prompt("order-concierge", {"request": "x"})).messages[0].content
    assert "Not allowed to whom you work for: " in text.text


@every_way
@pytest.mark.requirement("agents:resources")
async def test_the_index_and_each_file_are_resources(world: World, way: tuple[str, str]) -> None:
    async with host(world, way) as client:
        listed: Any = (await client.read_resource("agent://index")).contents[0]
        above: Any = (await client.read_resource("agent://commerce")).contents[0]
        one: Any = (await client.read_resource(f"agent://commerce/{AGENT}")).contents[0]
        guide: Any = (await client.read_resource("devskyy://brand-guide")).contents[0]
        for wrong in ("agent://comerce", f"agent://support/{AGENT}", "agent://commerce/price-strateg"):
            with pytest.raises(MCPError):
                await client.read_resource(wrong)
    found = json.loads(listed.text)["supers"]
    assert {agent["uri"] for above in found for agent in above["agents"]} == {
        agent.uri for agent in world.app.services.get(Agents).agents.values()
    }
    assert above.text.startswith("# Commerce")
    assert (one.mime_type, one.text.startswith("# Commerce · Price strategist")) == ("text/markdown", True)
    assert "## Voice" in guide.text


@every_way
@pytest.mark.requirement("agents:skills")
async def test_each_agent_is_a_skill_whose_digest_and_front_matter_are_right(
    world: World, way: tuple[str, str]
) -> None:
    """SEP-2640: entries of skills/list and skills/get are the same, and true of what resources/read gives."""
    anything = TypeAdapter[Any](Any)
    async with host(world, way) as client:
        send = client.session.send_request
        listed = await send(types.Request(method="skills/list", params=types.PaginatedRequestParams()), anything)
        assert len(listed["skills"]) == 54
        for entry in listed["skills"][:5]:
            params = types.ReadResourceRequestParams(uri=entry["uri"])
            assert (await send(types.Request(method="skills/get", params=params), anything))["skill"] == entry
            read: Any = (await client.read_resource(entry["uri"])).contents[0]
            content = read.text.encode()
            (file,) = entry["resources"]
            assert file["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
            assert (file["uri"], file["size"]) == (entry["uri"], len(content))
            assert yaml.safe_load(read.text.split("---")[1]) == entry["frontmatter"]
        for wrong in ("skill://none/SKILL.md", "skill://commerce", "x"):
            params = types.ReadResourceRequestParams(uri=wrong)
            with pytest.raises(MCPError) as caught:
                await send(types.Request(method="skills/get", params=params), anything)
            assert caught.value.error.code == types.INVALID_PARAMS


BAD: list[tuple[str, dict[str, str], str, str]] = [
    ("price-strategy", GIVEN, "not_found", "There is no prompt called 'price-strategy'"),
    (AGENT, {}, "invalid_arguments", "scope is required; goal is required"),
    (AGENT, {**GIVEN, "scop": "x"}, "invalid_arguments", "scop is not an argument of price-strategist (did you mean"),
    (AGENT, {**GIVEN, "goal": "more"}, "invalid_arguments", "goal must be one of margin, volume"),
    (AGENT, {**GIVEN, "scope": "x" * 2_000_000}, "too_large", "at most 10,000 characters"),
]


@pytest.mark.parametrize(("name", "given", "code", "said"), BAD, ids=lambda value: str(value)[:24])
@pytest.mark.requirement("agents:bad-input")
async def test_bad_input_to_a_prompt_says_what_is_right(
    world: World, name: str, given: dict[str, str], code: str, said: str
) -> None:
    async with host(world, ("memory", "modern")) as client:
        with pytest.raises(MCPError) as caught:
            await client.get_prompt(name, given)
    assert caught.value.error.data["code"] == code
    assert said in caught.value.error.message
    assert len(caught.value.error.message) < 600


# ---- REST and the command line --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
async def http(world: World) -> AsyncGenerator[httpx2.AsyncClient]:
    site = create_http(world.app)
    transport = httpx2.ASGITransport(app=site)
    async with (
        site.router.lifespan_context(site),
        httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", trust_env=False) as client,
    ):
        yield client


@pytest.mark.requirement("agents:rest")
async def test_rest_lists_shows_finds_and_briefs(world: World, http: httpx2.AsyncClient) -> None:
    prompts = (await http.get("/api/v1/prompts")).json()["prompts"]
    assert names_of(world.app) <= {prompt["name"] for prompt in prompts}
    listed = (await http.get("/api/v1/agents")).json()["supers"]
    assert sum(len(above["agents"]) for above in listed) == 54
    one = (await http.get(f"/api/v1/agents/{AGENT}")).json()
    assert (one["super"], one["text"].startswith("# Commerce · Price strategist")) == ("commerce", True)
    assert (await http.get("/api/v1/agents/commerce")).json()["uri"] == "agent://commerce"
    missing = await http.get("/api/v1/agents/price-strategy")
    assert (missing.status_code, AGENT in missing.json()["hint"]) == (404, True)
    found = (await http.post("/api/v1/agents/find", json={"request": "the coats should cost more"})).json()
    assert found["agents"][0]["name"] == AGENT
    brief = (await http.post(f"/api/v1/agents/{AGENT}/brief", json={"arguments": GIVEN})).json()["brief"]
    prompt = (await http.post(f"/api/v1/prompts/{AGENT}", json=GIVEN)).json()["messages"]
    parts = [message["content"] for message in prompt]
    assert brief == "\n\n".join(part.get("text") or part["resource"]["text"] for part in parts)
    large = await http.post(f"/api/v1/agents/{AGENT}/brief", json={"arguments": {**GIVEN, "scope": "x" * 2_000_000}})
    assert large.status_code in {413, 422}
    guide = (await http.get("/api/v1/brand-guide")).json()
    assert guide["unwritten"] == []


@pytest.mark.requirement("agents:cli")
def test_the_command_line_and_stdio_have_the_same(world: World, tmp_path: Path) -> None:
    def devskyy(*words: str) -> str:
        command = [sys.executable, "-m", "devskyy_mcp", *words]
        done = subprocess.run(
            command, env=process_env(tmp_path), cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return done.stdout

    listed = json.loads(devskyy("agents", "list", "--json"))
    named = {above["name"] for above in listed["supers"]}
    assert named | {agent["name"] for above in listed["supers"] for agent in above["agents"]} == names_of(world.app)
    assert devskyy("agents", "show", AGENT).startswith("# Commerce · Price strategist")
    meta: dict[str, Any] = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    asked: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "prompts/list", "params": {"_meta": meta}}
    command, pipe = [sys.executable, "-m", "devskyy_mcp", "stdio"], subprocess.PIPE
    with subprocess.Popen(command, env=process_env(tmp_path), cwd=tmp_path, stdin=pipe, stdout=pipe) as host:
        assert host.stdin
        assert host.stdout
        host.stdin.write(json.dumps(asked).encode() + b"\n")
        host.stdin.flush()
        answer = json.loads(host.stdout.readline())
        host.stdin.close()
    assert names_of(world.app) <= {prompt["name"] for prompt in answer["result"]["prompts"]}


@pytest.mark.requirement("agents:light")
def test_listing_prompts_reads_no_yaml_and_loads_no_model(tmp_path: Path) -> None:
    """Once the files have been checked: by an earlier start, or the test before."""
    code = (
        "import sys; from pathlib import Path; from devskyy_mcp.app import build; "
        "from devskyy_mcp.config import Settings; "
        f"settings = Settings(data_dir=Path({str(tmp_path)!r})); build(settings); "
        "heavy = {'yaml', 'jsonschema', 'numpy', 'sqlalchemy', 'devskyy_mcp.agents.model'} & sys.modules.keys(); "
        "print(sorted(heavy))"
    )
    command = [sys.executable, "-c", code]
    subprocess.run(command, env=process_env(tmp_path), capture_output=True, check=True)
    done = subprocess.run(command, env=process_env(tmp_path), capture_output=True, check=True)
    assert done.stdout.strip() == b"[]", done.stdout
    assert Settings(data_dir=tmp_path).cache_dir.is_dir()
