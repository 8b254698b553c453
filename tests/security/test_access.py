"""How long an access lasts: elsewhere, on open sockets, in stored jobs, and while the database is away."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from websockets import Subprotocol
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from devskyy_mcp.app import build
from devskyy_mcp.auth import standing
from devskyy_mcp.auth.api_keys import ApiKeys
from devskyy_mcp.auth.grants import Grants
from devskyy_mcp.auth.people import People
from devskyy_mcp.auth.scopes import within
from devskyy_mcp.auth.sessions import Sessions
from devskyy_mcp.auth.signing import SigningKeys
from devskyy_mcp.auth.standing import FRESH, PATIENCE, SNAPSHOT, Standings
from devskyy_mcp.auth.still import still
from devskyy_mcp.context import Principal
from devskyy_mcp.errors import Code, Refused, Unconfirmed
from devskyy_mcp.surfaces.http import create_http
from devskyy_tools.sandbox import create_sandbox
from devskyy_tools.shop.client import ShopClient
from tests.fakes.demo import LOGIN
from tests.fakes.people import person
from tests.fakes.served import Site, served, settings_for, site
from tests.fakes.tokens import bearing, claims, client, grant, token

BY = "os:0:root"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Table:
    """What a lookup finds; it may refuse, or never answer."""

    def __init__(self) -> None:
        self.most: frozenset[str] | None = frozenset({"catalog:write"})
        self.asked = 0
        self.broken: Exception | None = None
        self.frozen = asyncio.Event()
        self.frozen.set()

    async def look(self, _sid: str) -> frozenset[str] | None:
        self.asked += 1
        await self.frozen.wait()
        if self.broken:
            raise self.broken
        return self.most


# ---- looked up at most every five seconds, and not at all for a while ------------------------------------------------


@pytest.mark.requirement("auth:revocation")
async def test_an_access_is_looked_up_every_five_seconds_at_most_and_once_for_all_who_wait() -> None:
    clock, table = Clock(), Table()
    standings = Standings({"grant": table.look}, clock)
    found = await asyncio.gather(*(standings.of("grant", "g") for _ in range(50)))
    assert table.asked == 1
    assert {one.most for one in found if one} == {frozenset({"catalog:write"})}
    clock.now = FRESH - 0.1
    assert await standings.of("grant", "g") is found[0]
    assert table.asked == 1
    ended: list[str] = []
    standings.on_ended.append(ended.append)
    table.most = None
    clock.now = FRESH
    assert await standings.of("grant", "g") is None
    assert ended == ["g"]


@pytest.mark.requirement("auth:fail-modes")
@pytest.mark.parametrize("how", ["refuses", "is frozen"])
async def test_while_the_database_is_away_a_snapshot_of_a_minute_reads_and_nothing_writes(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "PATIENCE", PATIENCE)
    clock, table = Clock(), Table()
    standings = Standings({"grant": table.look}, clock)
    assert await standings.of("grant", "g")
    if how == "refuses":
        table.broken = Refused(Code.UPSTREAM_UNREACHABLE, "The database does not answer.")
    else:
        table.frozen.clear()
    clock.now = SNAPSHOT
    before = time.monotonic()
    found = await standings.of("grant", "g")
    assert time.monotonic() - before < 1
    assert found is not None
    assert (found.most, found.confirmed) == (frozenset({"catalog:write"}), False)
    with pytest.raises(Unconfirmed) as refused:
        await standings.of("grant", "never seen")
    assert (refused.value.http_status, refused.value.retryable) == (503, True)
    clock.now = SNAPSHOT + 0.1
    with pytest.raises(Unconfirmed):
        await standings.of("grant", "g")
    table.broken = None
    table.frozen.set()
    clock.now += 2
    with anyio.fail_after(5):
        while not ((found := await standings.of("grant", "g")) and found.confirmed):
            clock.now += 1
            await anyio.sleep(0)


@pytest.mark.requirement("auth:fail-modes")
async def test_a_call_that_cant_be_confirmed_reads_and_is_told_503_for_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with site(tmp_path, auth_mode="embedded") as shop:
        await client(shop.app)
        headers = bearing(await token(shop.app, await person(shop.app), ["*"]))
        assert (await shop.call_with(headers, "notes_list")).status_code == 200
        standings = shop.app.services.get(Standings)
        table = Table()
        table.broken = Refused(Code.UPSTREAM_UNREACHABLE, "The database does not answer.")
        monkeypatch.setattr(standings, "_lookups", {"grant": table.look})
        standings.doubt()
        before = time.monotonic()
        assert (await shop.call_with(headers, "notes_list")).status_code == 200
        refused = await shop.call_with(headers, "notes_update", note=1, title="x")
        assert time.monotonic() - before < 2
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert refused.json()["retryable"] is True
        assert shop.notes.requests == []


# ---- in other processes ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("auth:revocation")
async def test_another_server_takes_a_revoked_token_for_five_seconds_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with site(tmp_path, auth_mode="embedded") as shop:
        await client(shop.app)
        user = await person(shop.app)
        sid = await grant(shop.app, user, ["*"])
        text = await shop.app.services.get(SigningKeys).sign(claims(shop.app, user, sid, ["*"]))
        clock = Clock()
        standings = shop.app.services.get(Standings)
        monkeypatch.setattr(standings, "_clock", clock)
        assert (await shop.call_with(bearing(text), "notes_list")).status_code == 200
        other = build(settings_for(tmp_path, auth_mode="embedded"), [])
        async with other.running(eager=False):
            await other.services.get(Grants).revoke(sid)
        assert (await shop.call_with(bearing(text), "notes_list")).status_code == 200
        clock.now = FRESH
        assert (await shop.call_with(bearing(text), "notes_list")).status_code == 401


# ---- on open sockets -------------------------------------------------------------------------------------------------


@asynccontextmanager
async def opened(shop: Site, *protocols: str, origin: str | None = None, **headers: str) -> AsyncGenerator[Any]:
    given: dict[str, Any] = {"origin": origin} if origin else {}
    offered = [Subprotocol(name) for name in ("devskyy.v1", *protocols)]
    address = f"{shop.url.replace('http:', 'ws:')}/api/v1/ws"
    with anyio.fail_after(20):
        async with connect(address, subprotocols=offered, proxy=None, additional_headers=headers, **given) as socket:
            yield socket


async def ask(socket: ClientConnection, tool: str, **arguments: Any) -> dict[str, Any]:
    await socket.send(json.dumps({"id": 1, "call": tool, "arguments": arguments}))
    while True:
        heard = json.loads(await socket.recv())
        if heard.get("id") == 1 and "progress" not in heard:
            return heard


async def closed_with(socket: ClientConnection) -> int:
    with anyio.fail_after(10):
        with suppress(ConnectionClosed):
            while True:
                await socket.recv()
        return socket.close_code or 0


@pytest.fixture
async def port(tmp_path: Path) -> AsyncGenerator[Site]:
    async with served(tmp_path, auth_mode="embedded") as made:
        await client(made.app)
        yield made


@pytest.mark.requirement("auth:sockets")
async def test_a_socket_ends_with_the_grant_the_key_or_the_session_that_opened_it(port: Site) -> None:
    user = await person(port.app)
    services = port.app.services
    sid = await grant(port.app, user, ["*"])
    text = await services.get(SigningKeys).sign(claims(port.app, user, sid, ["*"]))
    async with opened(port, **bearing(text)) as socket:
        assert "result" in await ask(socket, "notes_list")
        await services.get(Grants).revoke(sid)
        assert await closed_with(socket) == 4401
    key, text = await services.get(ApiKeys).create(user, "k", ["notes:read"], BY)
    async with opened(port, **bearing(text)) as socket:
        assert "result" in await ask(socket, "notes_list")
        await services.get(ApiKeys).revoke(key.id, BY)
        assert await closed_with(socket) == 4401
    cookie = await services.get(Sessions).open(user, ["pwd"], "a browser", "127.0.0.1")
    headers = {"Cookie": f"dsk_session={cookie}", "Origin": port.url}
    csrf = (await port.http.get("/api/v1/me", headers=headers)).json()["csrf"]
    made = await port.http.post("/api/v1/ws-tickets", headers={**headers, "X-CSRF-Token": csrf})
    assert made.status_code == 201
    ticket = f"ticket.{made.json()['ticket']}"
    async with opened(port, ticket, origin=port.url, Cookie=headers["Cookie"]) as socket:
        assert "result" in await ask(socket, "notes_list")
        session = await services.get(Sessions).of(cookie)
        assert session
        await services.get(Sessions).end(session.id, user.id)
        services.get(Standings).doubt()  # as after five seconds
        await socket.send(json.dumps({"id": 1, "call": "notes_list"}))
        assert await closed_with(socket) == 4401


@pytest.mark.requirement("auth:sockets")
async def test_a_scope_that_is_taken_away_is_gone_on_an_open_socket(port: Site) -> None:
    user = await person(port.app)
    await person(port.app, login="other@example.com")
    async with opened(port, **bearing(await token(port.app, user, ["*"]))) as socket:
        assert "result" in await ask(socket, "notes_update", note=1, title="x")
        await port.app.services.get(People).set_role(user.id, "analyst", BY)
        assert (await ask(socket, "notes_update", note=1, title="y"))["error"]["code"] == "forbidden"


@pytest.mark.requirement("auth:sockets")
@pytest.mark.parametrize("headers", [{}, {"Cookie": "session"}, {"Origin": "https://evil.example"}])
async def test_a_cookie_alone_or_another_page_opens_no_socket(port: Site, headers: dict[str, str]) -> None:
    from websockets.exceptions import InvalidStatus

    user = await person(port.app)
    cookie = await port.app.services.get(Sessions).open(user, ["pwd"], "a browser", "127.0.0.1")
    given = dict(headers)
    origin = given.pop("Origin", port.url)
    if "Cookie" in given:
        given["Cookie"] = f"dsk_session={cookie}"
    with pytest.raises(InvalidStatus) as refused:
        async with opened(port, origin=origin, **given):
            pass
    assert refused.value.response.status_code in {401, 403}


# ---- in stored jobs --------------------------------------------------------------------------------------------------


@pytest.mark.requirement("auth:jobs")
async def test_what_runs_later_runs_only_for_who_may_still_do_it(tmp_path: Path) -> None:
    async with site(tmp_path, auth_mode="embedded") as shop:
        services, people = shop.app.services, shop.app.services.get(People)
        await person(shop.app, login="other@example.com")
        user = await person(shop.app, name="Eve", login="eve@example.com")
        eve = Principal(f"user:{user.id}", "user", frozenset({"*"}), "Eve")
        assert (await still(services, eve)).may("audit:read")
        await people.set_role(user.id, "editor", BY)
        left = await still(services, eve)
        assert left.scopes == within({"*"}, left.scopes)
        assert (left.may("catalog:write"), left.may("orders:read")) == (True, False)
        await people.set_active(user.id, BY, active=False)
        with pytest.raises(Refused) as refused:
            await still(services, eve)
        assert refused.value.code == Code.FORBIDDEN
        with pytest.raises(Refused):
            await still(services, Principal("user:usr_gone", "user", frozenset({"*"})))
        await client(shop.app, "robot", ["catalog:read"])
        robot = await still(services, Principal("client:robot", "client", frozenset({"catalog:write"})))
        assert robot.scopes == {"catalog:read"}
        with pytest.raises(Refused):
            await still(services, Principal("client:gone", "client", frozenset({"catalog:read"})))
        local = Principal("os:0:root", "os", frozenset({"*"}))
        assert await still(services, local) is local


# ---- upstream --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("auth:no-passthrough")
async def test_the_shop_never_sees_what_the_caller_showed(tmp_path: Path) -> None:
    import httpx2

    from devskyy_mcp.http import Upstream
    from devskyy_tools.shop.signing import signer

    box = create_sandbox()
    seen: list[bytes] = []

    async def recording(scope: Any, receive: Any, send: Any) -> None:
        async def heard() -> Any:
            message = await receive()
            seen.append(message.get("body", b""))
            return message

        seen.append(repr([scope["headers"], scope["path"], scope.get("query_string")]).encode())
        await box(scope, heard, send)

    app = build(settings_for(tmp_path, auth_mode="embedded", worker="off"))
    transport = httpx2.ASGITransport(app=recording)
    upstream = Upstream("The demo shop", "http://demo.localhost", transport=transport, auth=signer(LOGIN))
    app.services.put(ShopClient, ShopClient(upstream))
    asgi = create_http(app)
    async with asgi.router.lifespan_context(asgi):
        await client(app)
        user = await person(app)
        text = await token(app, user, ["*"])
        _, key = await app.services.get(ApiKeys).create(user, "k", ["*"], BY)
        inside = httpx2.ASGITransport(app=asgi)
        async with httpx2.AsyncClient(transport=inside, base_url="http://127.0.0.1:8000") as http:
            for shown in (text, key):
                headers = bearing(shown)
                answer = await http.post("/api/v1/tools/woo_products_list", json={}, headers=headers)
                assert answer.status_code == 200, answer.text
                body = {"name": "A coat", "regular_price": "10.00"}
                await http.post("/api/v1/tools/woo_products_create", json=body, headers=headers)
    everything = b"\n".join(seen)
    assert len(seen) > 2
    for shown in (text, key):
        assert shown.encode() not in everything
        assert shown.split(".")[-1][-30:].encode() not in everything
    box.state.sandbox.store.close()
