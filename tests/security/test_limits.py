"""Limits of principals, tools and addresses, and the end of senders that drip."""

from __future__ import annotations

from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import httpx2
import pytest
from websockets import Subprotocol
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from devskyy_mcp.db.cache import Rate, open_cache
from devskyy_mcp.errors import Refused
from devskyy_mcp.guard.limits import AtOnce
from devskyy_mcp.guard.loopback import ADDRESS_LIMIT, LONGEST_HEADER, MOST_HEADERS
from devskyy_mcp.surfaces import together
from devskyy_mcp.surfaces.mcp.http import SESSIONS_EACH
from devskyy_mcp.surfaces.ws import MESSAGES, SOCKETS
from tests.fakes.people import person
from tests.fakes.served import Site, served, site
from tests.fakes.tokens import bearing, client, token
from tests.fakes.valkey import Valkey, valkey, valkey_server

__all__ = ["valkey", "valkey_server"]


@pytest.mark.requirement("limits:layers")
@pytest.mark.parametrize("kind", ["memory", "redis"])
async def test_several_keys_count_together_or_not_at_all(kind: str, request: pytest.FixtureRequest) -> None:
    server: Valkey | None = request.getfixturevalue("valkey") if kind == "redis" else None
    cache = open_cache(server.url if server else None)
    wide, narrow = Rate("wide", 0.001, 5), Rate("narrow", 0.001, 2)
    counts = [await cache.hits((wide, narrow)) for _ in range(4)]
    assert [(both[0].left, both[1].left) for both in counts] == [(4, 1), (3, 0), (3, 0), (3, 0)]
    assert [both[1].wait > 0 for both in counts] == [False, False, True, True]
    assert [(await cache.hits((wide,)))[0].left for _ in range(3)] == [2, 1, 0]
    await cache.aclose()


@pytest.mark.requirement("limits:layers")
async def test_a_call_is_told_what_is_left_and_when_to_come_again(tmp_path: Path) -> None:
    async with site(tmp_path, calls_per_second=0.5, calls_burst=4) as shop:
        first = await shop.call("notes_update", note=1, title="a")
        assert first.headers["ratelimit-policy"] == '"principal";q=4;w=8, "tool";q=2;w=8'
        assert first.headers["ratelimit"] == '"principal";r=3;t=2, "tool";r=1;t=4'
        await shop.call("notes_update", note=1, title="b")
        third = await shop.call("notes_update", note=1, title="c")
        assert third.status_code == 429
        assert 1 <= int(third.headers["retry-after"]) <= 4
        assert third.json()["code"] == "rate_limited"
        assert (await shop.call("notes_list")).status_code == 200, "another tool, and what was refused did not count"


@pytest.mark.requirement("limits:layers")
async def test_mcp_hosts_are_told_what_is_left_in_the_same_words(tmp_path: Path) -> None:
    meta: dict[str, Any] = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params: dict[str, Any] = {"name": "notes_update", "arguments": {"note": 1, "title": "a"}, "_meta": meta}
    headers = {
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": "notes_update",
    }
    request: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    async with site(tmp_path, calls_per_second=0.5, calls_burst=4) as shop:
        answer = await shop.http.post("/mcp", json=request, headers=headers)
        assert answer.json()["result"]["structuredContent"]["change"]
        assert answer.headers["ratelimit-policy"] == '"principal";q=4;w=8, "tool";q=2;w=8'
        assert answer.headers["ratelimit"] == '"principal";r=3;t=2, "tool";r=1;t=4'


@pytest.mark.requirement("limits:layers")
async def test_an_address_without_sign_in_is_limited_before_it_is_looked_at(tmp_path: Path) -> None:
    given: dict[str, Any] = {"auth_mode": "embedded", "address_per_second": 0.01, "address_burst": 3}
    async with site(tmp_path, **given) as shop:
        wrong = {"Authorization": "Bearer x.y.z"}
        seen = [(await shop.http.get("/api/v1/tools", headers=wrong)).status_code for _ in range(5)]
        assert seen == [401, 401, 401, 429, 429]
        assert (await shop.http.get("/login")).status_code == 429
        assert (await shop.http.get("/health/live")).status_code == 200


def test_only_so_many_at_once() -> None:
    two = AtOnce(2, "calls are under way")
    with two("ada"), two("ada"):
        with pytest.raises(Refused), two("ada"):
            pass
        with two("bob"):
            pass
    with two("ada"):
        pass


# ---- heads ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("limits:heads")
@pytest.mark.parametrize("path", ["/api/v1/tools", "/mcp", "/login", "/oauth/jwks.json"])
async def test_heads_that_are_too_large_are_told_so(path: str, tmp_path: Path) -> None:
    async with site(tmp_path, auth_mode="embedded") as shop:
        much = {f"x-{number}": "y" for number in range(MOST_HEADERS)}
        long = {"x-long": "y" * (LONGEST_HEADER + 1)}
        for query, headers in (("", much), ("", long), (f"?q={'y' * ADDRESS_LIMIT}", {})):
            answer = await shop.http.get(path + query, headers=headers)
            assert answer.status_code == 431
            assert (answer.json()["code"], bool(answer.json()["hint"])) == ("too_large", True)
        few = {f"x-{number}": "y" for number in range(MOST_HEADERS // 2)}
        fits = {**few, "x-long": "y" * LONGEST_HEADER}
        assert (await shop.http.get(path, headers=fits)).status_code not in {431, 500}


# ---- sockets and sessions of one principal --------------------------------------------------------------------------


def socket_to(shop: Site, proof: dict[str, str]) -> connect:
    address = f"{shop.url.replace('http:', 'ws:')}/api/v1/ws"
    return connect(address, subprotocols=[Subprotocol("devskyy.v1")], proxy=None, additional_headers=proof)


async def two_people(shop: Site) -> list[dict[str, str]]:
    """The headers of programs of two people who may do everything."""
    await client(shop.app)
    people = [await person(shop.app), await person(shop.app, login="bo@example.com")]
    return [bearing(await token(shop.app, user, ["*"])) for user in people]


@pytest.mark.requirement("limits:sockets")
async def test_one_person_has_so_many_sockets_and_takes_none_of_others(tmp_path: Path) -> None:
    async with served(tmp_path, auth_mode="embedded") as shop, AsyncExitStack() as sockets:
        ada, bo = await two_people(shop)
        mine = [await sockets.enter_async_context(socket_to(shop, ada)) for _ in range(SOCKETS)]
        with pytest.raises(InvalidStatus) as refused:
            await sockets.enter_async_context(socket_to(shop, ada))
        assert refused.value.response.status_code == 429
        assert refused.value.response.headers["retry-after"] == "1"
        await sockets.enter_async_context(socket_to(shop, bo))
        await mine[0].close()
        with anyio.fail_after(10):
            while not await answered(shop, ada):  # until the server has noticed
                pass


async def answered(shop: Site, proof: dict[str, str]) -> bool:
    try:
        async with socket_to(shop, proof):
            return True
    except InvalidStatus:
        return False


@pytest.mark.requirement("limits:sockets")
async def test_a_socket_that_sends_too_much_is_closed(tmp_path: Path) -> None:
    async with served(tmp_path, auth_mode="none") as shop, socket_to(shop, {}) as socket:
        with anyio.fail_after(60):
            answers = await flood(socket)
        assert answers >= MESSAGES[1] - 1
        assert socket.close_code == 1008
        with anyio.fail_after(10):
            while not await answered(shop, {}):  # all its sockets count together, and 50 a second are free again
                pass


async def flood(socket: ClientConnection) -> int:
    """Send rubbish until the other side has enough; how much of it was answered."""
    answers = 0
    with suppress(ConnectionClosed):
        while True:
            await socket.send("{")
            await socket.recv()
            answers += 1
    return answers


async def session_of(shop: Site, proof: dict[str, str]) -> httpx2.Response:
    """The answer to a host that begins a session of the handshake era."""
    hello: dict[str, Any] = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    }
    opening: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
    accept = {"accept": "application/json, text/event-stream"}
    return await shop.http.post("/mcp", json=opening, headers={**proof, **accept})


@pytest.mark.requirement("limits:sessions")
async def test_one_person_has_so_many_mcp_sessions_and_takes_none_of_others(tmp_path: Path) -> None:
    async with site(tmp_path, auth_mode="embedded", calls_burst=1000) as shop:
        ada, bo = await two_people(shop)
        opened = [await session_of(shop, ada) for _ in range(SESSIONS_EACH)]
        assert {answer.status_code for answer in opened} == {200}
        assert (await session_of(shop, ada)).status_code == 503
        assert (await session_of(shop, bo)).status_code == 200
        mine = {**ada, "mcp-session-id": opened[0].headers["mcp-session-id"]}
        assert (await shop.http.delete("/mcp", headers=mine)).status_code == 200
        assert (await session_of(shop, ada)).status_code == 200


# ---- slow senders ---------------------------------------------------------------------------------------------------


async def ended(stream: anyio.abc.ByteReceiveStream) -> bool:
    """Once the other side has closed the connection, after whatever it said."""
    try:
        while True:
            await stream.receive()
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        return True


@pytest.mark.requirement("limits:slow-senders")
@pytest.mark.parametrize("sent", [b"GET / HT", b"POST /mcp HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\n"
                                  b"Content-Length: 9999\r\n\r\n{"])  # fmt: skip
async def test_who_drips_is_cut_off(sent: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"HEAD_SECONDS": 0.2, "IDLE_SECONDS": 0.2, "LOOK_EVERY": 0.05}.items():
        monkeypatch.setattr(together, name, value)
    async with served(tmp_path, auth_mode="none") as shop:
        port = int(shop.url.rstrip("/").rsplit(":", 1)[1])
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(sent.replace(b"HOST", f"127.0.0.1:{port}".encode()))
            with anyio.fail_after(5):
                assert await ended(stream)
