from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from websockets import Subprotocol
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.fakes.served import Site, served

PROTOCOL = "devskyy.v1"
REAL = {"wordpress_url": "https://shop.example", "wordpress_username": "ada", "wordpress_app_password": "secret"}


@pytest.fixture
async def port(tmp_path: Path) -> AsyncGenerator[Site]:
    async with served(tmp_path) as made:
        yield made


@asynccontextmanager
async def opened(
    site: Site, *protocols: str, origin: str | None = None, **headers: str
) -> AsyncGenerator[ClientConnection]:
    address = site.url.replace("http:", "ws:") + "/api/v1/ws"
    offered = [Subprotocol(name) for name in protocols or (PROTOCOL,)]
    given: dict[str, Any] = {"origin": origin} if origin is not None else {}
    with anyio.fail_after(20):
        async with connect(
            address, subprotocols=offered, proxy=None, additional_headers=headers, max_size=None, **given
        ) as socket:
            yield socket


async def say(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def hear(socket: ClientConnection) -> dict[str, Any]:
    with anyio.fail_after(10):
        return json.loads(await socket.recv())


async def answer(socket: ClientConnection, **message: Any) -> dict[str, Any]:
    await say(socket, **message)
    while True:
        heard = await hear(socket)
        if heard.get("id") == message.get("id") and "progress" not in heard:
            return heard


@pytest.mark.requirement("ws:calls")
async def test_a_call_is_answered_with_the_same_result_as_over_rest(port: Site) -> None:
    async with opened(port) as socket:
        assert socket.subprotocol == PROTOCOL
        heard = await answer(socket, id=1, call="notes_list", arguments={"limit": 1})
        assert heard == {"id": 1, "result": (await port.call("notes_list", limit=1)).json()}
        assert (await answer(socket, id="b", call="notes_list"))["result"]["total"] == 2


@pytest.mark.requirement("ws:calls")
async def test_refusals_have_the_same_codes_as_over_rest(port: Site) -> None:
    calls: list[tuple[str, dict[str, Any]]] = [
        ("notes_nothing", {}),
        ("notes_list", {"limit": "x"}),
        ("notes_show", {"note": 99}),
        ("notes_busy", {}),
        ("notes_break", {}),
    ]
    async with opened(port) as socket:
        for number, (name, arguments) in enumerate(calls):
            heard = await answer(socket, id=number, call=name, arguments=arguments)
            assert heard["error"]["code"] == (await port.call(name, **arguments)).json()["code"]
            assert "hunter2" not in str(heard)


@pytest.mark.requirement("ws:calls")
async def test_a_key_carries_a_write_out_once_and_a_person_is_waited_for(port: Site) -> None:
    async with opened(port) as socket:
        first = await answer(socket, id=1, call="notes_create", arguments={"title": "new"}, key="k")
        again = await answer(socket, id=2, call="notes_create", arguments={"title": "new"}, key="k")
        assert first["result"]["change"] == again["result"]["change"]
        assert len(port.notes.requests) == 1
        waits = await answer(socket, id=3, call="notes_burn", arguments={"note": 1})
        assert waits["result"]["state"] == "waits_for_person"
        assert len(port.notes.requests) == 1


@pytest.mark.requirement("ws:events")
async def test_every_socket_is_told_of_a_change_wherever_it_was_made(port: Site) -> None:
    async with opened(port) as one, opened(port) as two:
        await answer(one, id=0, call="notes_list")
        await answer(two, id=0, call="notes_list")
        change = (await port.call("notes_update", note=1, title="x")).json()["change"]
        for socket in (one, two):
            assert await hear(socket) == {"event": "change", "change": change}
    await port.call("notes_update", note=1, title="y")


@pytest.mark.requirement("ws:progress")
async def test_progress_comes_before_the_result(port: Site) -> None:
    async with opened(port) as socket:
        await say(socket, id=1, call="notes_wait")
        assert await hear(socket) == {"id": 1, "progress": {"done": 1, "total": 2, "message": "waiting"}}
        port.waiting.go.set()
        assert await hear(socket) == {"id": 1, "progress": {"done": 2, "total": 2, "message": "done"}}
        assert await hear(socket) == {"id": 1, "result": {"text": "went"}}


@pytest.mark.requirement("ws:cancel")
async def test_a_call_can_be_cancelled_and_others_go_on(port: Site) -> None:
    async with opened(port) as socket:
        await say(socket, id=1, call="notes_wait")
        await hear(socket)
        assert (await answer(socket, id=2, call="notes_list"))["result"]["total"] == 2
        await say(socket, cancel=1)
        heard = await hear(socket)
        assert (heard["id"], heard["error"]["code"]) == (1, "cancelled")
        with anyio.fail_after(5):
            await port.waiting.cancelled.wait()
        await say(socket, cancel=1)
        assert (await answer(socket, id=1, call="notes_list"))["result"]["total"] == 2


@pytest.mark.requirement("ws:cancel")
async def test_reads_end_with_their_socket(port: Site) -> None:
    listeners = len(port.app.changes.on_written)
    async with opened(port) as socket:
        await say(socket, id=1, call="notes_wait")
        await hear(socket)
        assert len(port.app.changes.on_written) == listeners + 1
    with anyio.fail_after(5):
        await port.waiting.cancelled.wait()
    assert len(port.app.changes.on_written) == listeners


@pytest.mark.requirement("ws:limits")
async def test_at_most_eight_calls_run_at_once(port: Site) -> None:
    async with opened(port) as socket:
        for number in range(8):
            await say(socket, id=number, call="notes_wait")
            assert "progress" in await hear(socket)
        heard = await answer(socket, id=8, call="notes_list")
        assert (heard["error"]["code"], heard["error"]["retryable"]) == ("rate_limited", True)
        assert (await answer(socket, id=0, call="notes_list"))["error"]["code"] == "invalid_arguments"
        await say(socket, cancel=3)
        assert (await hear(socket))["id"] == 3
        assert "result" in await answer(socket, id=9, call="notes_list")


@pytest.mark.requirement("ws:limits")
async def test_a_message_over_a_mebibyte_ends_the_socket(port: Site) -> None:
    async with opened(port) as socket:
        await socket.send(json.dumps({"id": 1, "call": "notes_echo", "arguments": {"text": "x" * 1_100_000}}))
        with pytest.raises(ConnectionClosed) as closed, anyio.fail_after(10):
            await socket.recv()
        assert closed.value.rcvd
        assert closed.value.rcvd.code == 1009
    assert (await port.call("notes_list")).status_code == 200


NONSENSE: list[str | bytes] = [
    "",
    "{",
    "[]",
    "1",
    '"x"',
    "{}",
    '{"id": 1}',
    '{"call": "notes_list"}',
    '{"id": null, "call": "notes_list"}',
    '{"id": 1.5, "call": "notes_list"}',
    '{"id": true, "call": "notes_list"}',
    '{"id": [1], "call": "notes_list"}',
    '{"id": 1, "call": 5}',
    '{"id": 1, "call": "notes_list", "arguments": []}',
    '{"id": 1, "call": "notes_list", "arguments": "x"}',
    '{"id": 1, "call": "notes_list", "extra": 1}',
    '{"id": 1, "id": 2, "call": "notes_list"}',
    '{"id": 1, "call": "notes_list", "key": ""}',
    '{"id": 1, "call": "notes_list", "key": 5}',
    '{"cancel": {}}',
    '{"id": 1, "call": "notes_list", "arguments": {"limit": NaN}}',
    '{"id": 1, "call": "notes_echo", "arguments": {"text": "\\ud800"}}',
    '{"a":' * 5_000 + "1" + "}" * 5_000,
    b"\xff\xfe",
]


@pytest.mark.requirement("ws:hostile")
async def test_nonsense_is_answered_and_the_socket_lives_on(port: Site) -> None:
    async with opened(port) as socket:
        for message in NONSENSE:
            await socket.send(message)
            heard = await hear(socket)
            assert heard["error"]["code"] == "invalid_arguments", message
        assert (await answer(socket, id="next", call="notes_list"))["result"]["total"] == 2


# ---- who may connect -------------------------------------------------------------------------------------------------


async def turned_away(site: Site, *protocols: str, origin: str | None = None, **headers: str) -> int:
    with pytest.raises(InvalidStatus) as refused:
        async with opened(site, *protocols, origin=origin, **headers):
            pass
    return refused.value.response.status_code


@pytest.mark.requirement("ws:origin")
async def test_pages_of_others_can_not_connect(port: Site) -> None:
    for origin in ("http://evil.example", "null", "http://127.0.0.1:3000", port.url + ".evil.example", ""):
        assert await turned_away(port, origin=origin) == 403
    assert await turned_away(port, **{"Sec-Fetch-Site": "cross-site"}) == 403
    async with opened(port, origin=port.url) as socket:
        assert "result" in await answer(socket, id=1, call="notes_list")


@pytest.mark.requirement("ws:origin")
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:{port}", "localhost.:{port}", "127.0.0.1:1"])
async def test_a_rebound_name_can_not_connect(port: Site, host: str) -> None:
    number = int(port.url.rsplit(":", 1)[1])
    lines = [
        "GET /api/v1/ws HTTP/1.1",
        f"Host: {host.format(port=number)}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"Sec-WebSocket-Protocol: {PROTOCOL}",
    ]
    async with await anyio.connect_tcp("127.0.0.1", number) as stream:
        await stream.send(("\r\n".join(lines) + "\r\n\r\n").encode())
        with anyio.fail_after(10):
            assert (await stream.receive()).startswith(b"HTTP/1.1 403 ")


@pytest.mark.requirement("ws:login")
async def test_the_subprotocol_is_needed(port: Site) -> None:
    assert await turned_away(port, "other.v1") == 400


@pytest.mark.requirement("ws:login")
async def test_a_real_shop_asks_for_the_key_or_a_ticket_that_is_good_once(tmp_path: Path) -> None:
    async with served(tmp_path, **REAL) as shop:
        login = {"Authorization": f"Bearer {shop.key}"}
        assert await turned_away(shop) == 401
        assert await turned_away(shop, PROTOCOL, "ticket.") == 401
        assert await turned_away(shop, PROTOCOL, f"ticket.{shop.key}") == 401
        assert await turned_away(shop, Authorization=f"Bearer {shop.key}x") == 401
        assert (await shop.http.post("/api/v1/ws-tickets")).status_code == 401
        async with opened(shop, **login) as socket:
            assert "result" in await answer(socket, id=1, call="notes_list")
        issued = await shop.http.post("/api/v1/ws-tickets", headers={**login, "Origin": shop.url})
        assert (issued.status_code, issued.json()["expires_in"]) == (201, 30)
        ticket = f"ticket.{issued.json()['ticket']}"
        async with opened(shop, PROTOCOL, ticket, origin=shop.url) as socket:
            assert socket.subprotocol == PROTOCOL
            assert "result" in await answer(socket, id=1, call="notes_list")
        assert await turned_away(shop, PROTOCOL, ticket) == 401
