"""Every tool, for every role, on every surface: what is answered follows from the one policy.

No call does anything: each has an argument that no tool takes, which is refused after the scopes were looked at.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets import Subprotocol
from websockets.asyncio.client import connect

from devskyy_mcp.app import App, build, local_principal
from devskyy_mcp.auth.scopes import ROLES, Role, covers, of_role
from devskyy_mcp.capability import Capability
from devskyy_mcp.context import Principal
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.invoke import Call
from devskyy_mcp.surfaces.http import create_http
from tests.fakes.people import person
from tests.fakes.served import listening, settings_for
from tests.fakes.tokens import bearing, client, token

MODERN = "2026-07-28"
META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}
ACCEPT = {"Accept": "application/json, text/event-stream"}
NOTHING = {"no_such_argument": 1}
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "matrix", "version": "1"}}


@dataclass
class World:
    app: App
    http: httpx2.AsyncClient
    tokens: dict[Role, str]

    def allowed(self, role: Role) -> set[str]:
        """The policy: all scopes of the tool are the role's."""
        return {
            tool.name
            for tool in self.app.registry.tools.values()
            if all(covers(of_role(role), scope) for scope in tool.policy.scopes)
        }

    @property
    def tools(self) -> list[Capability]:
        return [tool for _, tool in sorted(self.app.registry.tools.items())]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World]:
    settings = settings_for(tmp_path, port=0, auth_mode="embedded", calls_burst=100_000, worker="off")
    app = build(settings)
    async with listening(create_http(app)) as http:
        await client(app)
        tokens: dict[Role, str] = {}
        for role in ROLES:
            user = await person(app, role, f"{role}@example.com", role)
            tokens[role] = await token(app, user, ["*"])
        yield World(app, http, tokens)


def answers(got: set[str], expected: set[str]) -> None:
    assert sorted(got - expected) == [], "let in against the policy"
    assert sorted(expected - got) == [], "kept out against the policy"


def challenged(answer: httpx2.Response, tool: Capability) -> None:
    """The one challenge names all that the operation needs, and says in words what to do."""
    header = answer.headers["www-authenticate"]
    assert header.startswith('Bearer error="insufficient_scope"')
    scopes = header.partition('scope="')[2].partition('"')[0].split()
    assert tool.policy.scopes <= {*scopes}
    assert 'resource_metadata="' in header
    assert "/connect?scope=" in header


@pytest.mark.requirement("auth:matrix")
@pytest.mark.parametrize("role", ROLES)
async def test_rest(world: World, role: Role) -> None:
    got: set[str] = set()
    for tool in world.tools:
        answer = await world.http.post(f"/api/v1/tools/{tool.name}", json=NOTHING, headers=bearing(world.tokens[role]))
        if answer.status_code == 403:
            challenged(answer, tool)
        else:
            assert answer.json()["code"] == "invalid_arguments", answer.text
            got.add(tool.name)
    answers(got, world.allowed(role))


async def _mcp(world: World, role: Role, message: dict[str, Any], **headers: str) -> httpx2.Response:
    return await world.http.post(
        "/mcp/full", json=message, headers={**ACCEPT, **bearing(world.tokens[role]), **headers}
    )


def _call(name: str, arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
    params = {"name": name, "arguments": arguments, **more}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def _refused_arguments(answer: httpx2.Response) -> bool:
    assert answer.status_code == 200, answer.text
    text = answer.text
    body = json.loads(text if text.startswith("{") else text.partition("data: ")[2].splitlines()[0])
    result = body.get("result") or body
    return "invalid_arguments" in json.dumps(result)


@pytest.mark.requirement("auth:matrix")
@pytest.mark.requirement("auth:step-up")
@pytest.mark.parametrize("role", ROLES)
async def test_mcp_with_headers(world: World, role: Role) -> None:
    got: set[str] = set()
    for tool in world.tools:
        headers = {"mcp-protocol-version": MODERN, "mcp-method": "tools/call", "mcp-name": tool.name}
        answer = await _mcp(world, role, _call(tool.name, NOTHING, _meta=META), **headers)
        if answer.status_code == 403:
            challenged(answer, tool)
            assert answer.json()["id"] == 1
        else:
            assert _refused_arguments(answer)
            got.add(tool.name)
    answers(got, world.allowed(role))


@pytest.mark.requirement("auth:matrix")
@pytest.mark.requirement("auth:step-up")
@pytest.mark.parametrize("role", ROLES)
async def test_mcp_of_older_hosts_by_the_body(world: World, role: Role) -> None:
    hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": HELLO}
    opened = await _mcp(world, role, hello)
    session = {"mcp-session-id": opened.headers["mcp-session-id"], "mcp-protocol-version": "2025-11-25"}
    await _mcp(world, role, {"jsonrpc": "2.0", "method": "notifications/initialized"}, **session)
    got: set[str] = set()
    for tool in world.tools:
        answer = await _mcp(world, role, _call(tool.name, NOTHING), **session)
        if answer.status_code == 403:
            challenged(answer, tool)
        else:
            assert _refused_arguments(answer)
            got.add(tool.name)
    answers(got, world.allowed(role))


@pytest.mark.requirement("auth:matrix")
@pytest.mark.requirement("auth:step-up")
@pytest.mark.parametrize("role", ROLES)
async def test_mcp_through_the_tools_that_call_others(world: World, role: Role) -> None:
    got: set[str] = set()
    proxied = [tool for tool in world.tools if not tool.policy.proxies]
    for tool in proxied:
        proxy = "tools_call" if tool.policy.writes else "tools_read"
        headers = {"mcp-protocol-version": MODERN, "mcp-method": "tools/call", "mcp-name": proxy}
        inner = {"name": tool.name, "arguments": NOTHING}
        answer = await _mcp(world, role, _call(proxy, inner, _meta=META), **headers)
        if answer.status_code == 403:
            challenged(answer, tool)
        else:
            assert _refused_arguments(answer)
            got.add(tool.name)
    answers(got, world.allowed(role) & {tool.name for tool in proxied})


@pytest.mark.requirement("auth:matrix")
@pytest.mark.parametrize("role", ROLES)
async def test_websocket(world: World, role: Role) -> None:
    address = f"{str(world.http.base_url).replace('http:', 'ws:')}/api/v1/ws"
    got: set[str] = set()
    async with connect(
        address,
        subprotocols=[Subprotocol("devskyy.v1")],
        proxy=None,
        additional_headers=bearing(world.tokens[role]),
    ) as socket:
        for tool in world.tools:
            await socket.send(json.dumps({"id": tool.name, "call": tool.name, "arguments": NOTHING}))
            code = json.loads(await socket.recv())["error"]["code"]
            assert code in {"forbidden", "invalid_arguments"}
            if code == "invalid_arguments":
                got.add(tool.name)
    answers(got, world.allowed(role))


@pytest.mark.requirement("auth:matrix")
async def test_this_machines_user_on_stdio_and_the_command_line(world: World) -> None:
    for surface in ("stdio", "cli"):
        for tool in world.tools:
            with pytest.raises(Refused) as refused:
                await world.app.road.invoke(Call(local_principal(), tool.name, NOTHING, surface))
            assert refused.value.code == Code.INVALID_ARGUMENTS


@pytest.mark.requirement("auth:lists")
@pytest.mark.parametrize("role", ROLES)
async def test_lists_show_what_may_be_called_and_nothing_else(world: World, role: Role) -> None:
    tools, headers = world.app.registry.tools, bearing(world.tokens[role])
    # What only a page calls is told to hosts that show pages.
    expected = {name for name in world.allowed(role) if (view := tools[name].policy.view) is None or view.for_model}
    listed = (await world.http.get("/api/v1/tools", headers=headers)).json()["tools"]
    answers({tool["name"] for tool in listed}, expected)
    document = (await world.http.get("/api/v1/openapi.json", headers=headers)).json()
    paths = {path.rpartition("/")[2] for path in document["paths"] if path.startswith("/api/v1/tools/")}
    answers({name for name in paths if name in world.app.registry.tools}, expected)
    modern = {"mcp-protocol-version": MODERN, "mcp-method": "tools/list"}
    message: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": META}}
    answer = await _mcp(world, role, message, **modern)
    answers({tool["name"] for tool in answer.json()["result"]["tools"]}, expected)
    principal = Principal("user:x", "user", of_role(role))
    for noun in ("product", "order", "customer", "audit", "page"):
        call = Call(principal, "tools_find", {"query": noun}, "http")
        found = json.dumps((await world.app.road.invoke(call)).data)
        assert not [name for name in world.app.registry.tools if name not in expected and f'"{name}"' in found]


@pytest.mark.requirement("auth:lists")
@pytest.mark.parametrize("role", ROLES)
async def test_prompts_and_resources_are_cut_too(world: World, role: Role) -> None:
    headers, registry = bearing(world.tokens[role]), world.app.registry
    most = of_role(role)
    prompts = (await world.http.get("/api/v1/prompts", headers=headers)).json()["prompts"]
    may = {name for name, one in registry.prompts.items() if all(covers(most, scope) for scope in one.scopes)}
    answers({prompt["name"] for prompt in prompts}, may)
    listed = (await world.http.get("/api/v1/resources", headers=headers)).json()
    uris = {one["uri"] for one in listed["resources"]} | {one["uri_template"] for one in listed["resource_templates"]}
    may = {uri for uri, one in registry.resources.items() if all(covers(most, scope) for scope in one.scopes)}
    answers(uris, may)
    for uri in set(registry.resources) - may:
        answer = await world.http.get(
            "/api/v1/resources/read", params={"uri": uri.replace("{", "").replace("}", "")}, headers=headers
        )
        assert answer.status_code == 403, uri
