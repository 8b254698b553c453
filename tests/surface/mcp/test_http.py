"""MCP's HTTP part by itself: who is let in, which profile, how large, and how sessions end."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from .world import World, listening

META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
HEADERS = {
    "accept": "application/json, text/event-stream",
    "content-type": "application/json",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/list",
}
BODY: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": META}}


async def post(url: str, *, body: Any = None, **headers: str) -> httpx.Response:
    content = body if isinstance(body, str | bytes) else json.dumps(body or BODY)
    given = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    async with httpx.AsyncClient(timeout=10) as client:
        return await client.post(url, content=content, headers=given)


def names(answer: httpx.Response) -> set[str]:
    return {tool["name"] for tool in answer.json()["result"]["tools"]}


@pytest.mark.requirement("mcp:profiles")
async def test_the_profile_follows_from_address_or_header(world: World) -> None:
    async with listening(world) as url:
        default, full = await post(url), await post(f"{url}/full")
        by_header = await post(url, x_devskyy_profile="full")
        narrowed = await post(f"{url}/full", x_devskyy_profile="default")
        wrong = await post(url, x_devskyy_profile="everything")
    assert names(default) == names(narrowed)
    assert names(full) == names(by_header) == set(world.app.registry.tools)
    assert names(default) < names(full)
    assert wrong.status_code == 400
    assert "default, full" in wrong.json()["error"]["message"]


@pytest.mark.requirement("mcp:fails-closed")
async def test_nobody_is_let_in_without_a_principal(world: World) -> None:
    async with listening(world, None) as url:
        answer = await post(url)
    assert answer.status_code == 401
    assert answer.json()["error"]["data"]["code"] == "unauthenticated"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 421),
        ({"host": "evil.example:80"}, 421),
        ({"host": "127.0.0.1.evil.example"}, 421),
        ({"host": "127.0.0.1:1"}, 421),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"content_type": "text/plain"}, 400),
        ({"content_type": "application/x-www-form-urlencoded"}, 400),
    ],
)
@pytest.mark.requirement("mcp:loopback")
async def test_web_pages_and_foreign_names_are_turned_away(world: World, headers: dict[str, str], status: int) -> None:
    async with listening(world) as url:
        answer = await post(url, **headers)
        assert (await post(url)).status_code == 200
    assert answer.status_code == status


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "null", '"x"', "{}", "[" * 100_000, json.dumps([BODY, BODY]), b"\xff\xfe", '{"jsonrpc":"2.0"}'],
    ids=lambda body: str(body[:12]),
)
@pytest.mark.parametrize("version", ["2026-07-28", "2025-11-25", "1999-01-01"])
@pytest.mark.requirement("mcp:hostile-input")
async def test_broken_bodies_are_refused_and_nothing_breaks(world: World, body: Any, version: str) -> None:
    async with listening(world) as url:
        content = body if body else "\n"
        answer = await post(url, body=content, mcp_protocol_version=version)
        assert 400 <= answer.status_code < 500
        assert (await post(url)).status_code == 200


@pytest.mark.requirement("mcp:hostile-input")
async def test_a_body_over_four_mebibytes_is_refused_before_it_is_read(world: World) -> None:
    async with listening(world) as url:
        answer = await post(url, body=b"x" * (4 * 1024 * 1024 + 1))
    assert answer.status_code == 413


@pytest.mark.requirement("mcp:sessions")
async def test_sessions_belong_to_the_handshake_era_and_end(world: World) -> None:
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    opening = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
    async with listening(world) as url, httpx.AsyncClient(timeout=10) as client:
        modern = await post(url)
        old = {**HEADERS, "mcp-protocol-version": "2025-11-25"}
        opened = await client.post(url, json=opening, headers=old)
        session = {**old, "mcp-session-id": opened.headers["mcp-session-id"]}
        assert (await client.delete(url, headers=session)).status_code == 200
        gone = await client.post(url, json=BODY, headers=session)
    assert "mcp-session-id" not in modern.headers
    assert gone.status_code == 404
