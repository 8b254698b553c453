"""What settings switch off is in no list; who calls it is told what would bring it back. Agents stay, and say so."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.shared.exceptions import MCPError

from devskyy_mcp.agents import brief
from devskyy_mcp.agents.catalogue import Agents
from devskyy_mcp.app import local_principal
from devskyy_mcp.llm.port import NAMES, Name
from devskyy_mcp.surfaces.http import create_http
from tests.fakes.demo import Demo, demo
from tests.fakes.jobs import Press
from tests.fakes.llm.server import speaking
from tests.fakes.notes import Notes
from tests.fakes.packs import Waiting
from tests.surface.mcp.world import World, host
from tests.unit.agents.runs.bed import bed, delivers

FLAGS = {
    "enable_round_table": ("round_table_", "round_table_start"),
    "enable_ab_testing": ("experiments_", "experiments_create"),
}
pytestmark = pytest.mark.requirement("flags:off")


@asynccontextmanager
async def rest(desk: Demo) -> AsyncGenerator[httpx2.AsyncClient]:
    site = create_http(desk.app)
    transport = httpx2.ASGITransport(app=site)
    async with (
        site.router.lifespan_context(site),
        httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", trust_env=False) as client,
    ):
        yield client


@pytest.mark.parametrize("flag", FLAGS)
async def test_a_feature_that_is_off(tmp_path: Path, flag: str) -> None:
    prefix, tool = FLAGS[flag]
    variable = flag.upper()
    off: dict[str, Any] = {flag: False, "calls_burst": 10_000}
    async with demo(tmp_path, **off) as desk:
        async with host(World(desk.app, Notes(), Waiting(), Press()), ("memory", "modern")) as client:
            listed = [one.name for one in (await client.list_tools()).tools]
            with pytest.raises(MCPError) as caught:
                await client.call_tool(tool, {})
        async with rest(desk) as http:
            shown = [one["name"] for one in (await http.get("/api/v1/tools")).json()["tools"]]
            answer = await http.post(f"/api/v1/tools/{tool}", json={})
            api = (await http.get("/api/v1/openapi.json")).text
        assert len(listed) > 200
        assert not [name for name in (*listed, *shown) if name.startswith(prefix)]
        assert f'"{tool}"' not in api
        said: Any = caught.value.error.data
        assert said["message"] == f"{tool} is switched off on this server."
        assert variable in said["hint"]
        assert (answer.status_code, answer.json()["detail"]) == (404, f"{tool} is switched off on this server.")
        assert answer.json()["hint"] == f"{variable}=true in its settings brings it back."
        agents = desk.app.services.get(Agents)
        lame = [agent for agent in agents.agents.values() if any(name.startswith(prefix) for name in agent.tools)]
        assert lame or prefix == "round_table_"
        assert len(agents.agents) == 54
        for agent in lame:
            if agent.away:
                assert variable in agent.away
                continue
            told = brief.instructions(agent, local_principal(), desk.app.registry)
            (line,) = [one for one in told.splitlines() if "Switched off on this server" in one]
            assert prefix in line


@pytest.mark.parametrize("name", NAMES)
async def test_a_provider_that_is_off_is_never_asked(tmp_path: Path, name: Name) -> None:
    other: Name = "anthropic" if name != "anthropic" else "openai"
    async with bed(tmp_path, name, other, **{f"enable_{name}": False}) as here:
        here.models.always = lambda _asked: delivers()
        run = await here.run()
        assert run["outcome"] == "delivered"
        assert {one.provider for one in here.models.asked} == {other}
        models = (await here.desk.do("llm_models_list"))["models"]
        whys = {one["why"] for one in models if one["model"].startswith(f"{name}/")}
        assert whys == {f"it is switched off (ENABLE_{name.upper()})"}


@pytest.mark.parametrize("name", NAMES)
async def test_the_only_provider_is_off(tmp_path: Path, name: Name) -> None:
    off: dict[str, Any] = {f"enable_{name}": False}
    async with speaking() as models, demo(tmp_path, **models.settings(name), **off) as desk:
        refused = await desk.refused("agents_run", agent="sales-analyst", request="How was the week?")
        assert refused.code == "not_configured"
        assert f"set ENABLE_{name.upper()} to true" in refused.hint
        assert models.asked == []
