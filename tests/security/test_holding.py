"""Connections that hold on to the server without using it, and callers that would keep others waiting."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import httpx2
import pytest
from websockets import Subprotocol
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from devskyy_mcp.db.cache import MemoryCache
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard import limits
from devskyy_mcp.guard.limits import CallLimits, Turns
from devskyy_mcp.guard.logs import set_up
from devskyy_mcp.surfaces import strict_json, together
from devskyy_mcp.surfaces.strict_json import BIG, BIG_RATE, BigBodies
from devskyy_mcp.surfaces.together import Protocol
from tests.fakes.served import listening, make_asgi, served, settings_for, site

STRANGER = "127.0.0.9"
HALF_A_FORM = (
    b"POST /login HTTP/1.1\r\nHost: HOST\r\nContent-Length: 900\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nlogin="
)


@asynccontextmanager
async def connection(http: httpx2.AsyncClient) -> AsyncGenerator[anyio.abc.SocketStream]:
    port = http.base_url.port
    assert port
    async with await anyio.connect_tcp("127.0.0.1", port, local_host=STRANGER) as stream:
        yield stream


async def hold(http: httpx2.AsyncClient, number: int, kept: AsyncExitStack, said: bytes) -> None:
    for _ in range(number):
        stream = await kept.enter_async_context(connection(http))
        await stream.send(said)


@pytest.mark.requirement("limits:connections")
@pytest.mark.parametrize("said", [b"GET /health/live HT", HALF_A_FORM])
async def test_connections_that_ask_nothing_make_room(
    said: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "CLOSED_AT_ONCE", 5)
    async with listening(make_asgi(str(tmp_path)), limit_concurrency=80) as http, AsyncExitStack() as kept:
        said = said.replace(b"HOST", http.base_url.netloc)
        for _ in range(5):
            await hold(http, 20, kept, said)
            async with httpx2.AsyncClient(base_url=http.base_url, trust_env=False) as another:
                assert (await another.get("/health/live")).status_code == 200
            assert (await http.get("/health/live")).status_code == 200


@pytest.mark.requirement("limits:connections")
async def test_one_address_has_so_many_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "MOST_OF_ONE", 5)
    async with listening(make_asgi(str(tmp_path)), proxy_headers=False) as http, AsyncExitStack() as kept:
        await hold(http, 5, kept, b"GET /")
        with anyio.fail_after(5):
            async with connection(http) as sixth:
                with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                    await sixth.receive()
        assert (await http.get("/health/live")).status_code == 200, "another address"


@pytest.mark.requirement("limits:readers")
async def test_who_does_not_read_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"UNREAD_SECONDS": 0.2, "LOOK_EVERY": 0.05}.items():
        monkeypatch.setattr(together, name, value)
    lost, before = anyio.Event(), Protocol.connection_lost

    def seen(self: Protocol, exc: Exception | None) -> None:
        before(self, exc)
        if self.client and self.client[0] == STRANGER:
            lost.set()

    monkeypatch.setattr(Protocol, "connection_lost", seen)
    async with listening(make_asgi(str(tmp_path))) as http:
        asked = b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: " + http.base_url.netloc + b"\r\n\r\n"
        with socket.socket() as link:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            link.bind((STRANGER, 0))
            link.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(link, ("127.0.0.1", http.base_url.port))
            await loop.sock_sendall(link, asked * 500)
            with anyio.fail_after(30):
                await lost.wait()
        assert (await http.get("/health/live")).status_code == 200


# ---- turns ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("limits:turns")
async def test_few_calls_of_one_begin_at_a_time_and_others_do_not_wait() -> None:
    turns = Turns()
    mine = [await turns.begin("ada") for _ in range(limits.AT_A_TIME)]
    order: list[int] = []

    async def more(number: int) -> None:
        end = await turns.begin("ada")
        order.append(number)
        end()

    async with anyio.create_task_group() as tasks:
        for number in range(3):
            tasks.start_soon(more, number)
        await anyio.wait_all_tasks_blocked()
        assert order == []
        with anyio.fail_after(1):
            (await turns.begin("bo"))()
        mine[0]()
        mine[0]()  # twice is once
        await anyio.wait_all_tasks_blocked()
    assert order == [0, 1, 2]
    for end in mine:
        end()
    assert not turns._begun  # pyright: ignore[reportPrivateUsage] # nothing is left of who has gone
    assert not turns._waiting  # pyright: ignore[reportPrivateUsage] # as above


@pytest.mark.requirement("limits:turns")
async def test_a_call_that_takes_long_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TURN_SECONDS", 0.01)
    turns = Turns()
    with anyio.fail_after(5):
        ends = [await turns.begin("ada") for _ in range(limits.AT_A_TIME * 3)]
    for end in ends:
        end()


async def test_whoever_is_cancelled_while_waiting_takes_no_turn() -> None:
    counted = CallLimits(1e9, 100)
    ends = [await counted.begin("ada") for _ in range(limits.AT_A_TIME)]
    with anyio.move_on_after(0):
        await counted.begin("ada")
    for end in ends:
        end()
    with anyio.fail_after(1):
        for end in [await counted.begin("ada") for _ in range(limits.AT_A_TIME)]:
            end()
    with counted.running("ada"):
        assert counted.running._now == {"ada": 1}  # pyright: ignore[reportPrivateUsage] # the others were counted off


# ---- large bodies ---------------------------------------------------------------------------------------------------


@pytest.mark.requirement("limits:big-bodies")
async def test_large_bodies_of_one_are_counted_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with site(tmp_path, auth_mode="none", calls_burst=10_000) as shop:
        body = json.dumps({"note": 1, "title": "x" * BIG})
        sent: dict[str, Any] = {"content": body, "headers": {"content-type": "application/json"}}
        for path in ("/api/v1/tools/notes_update", "/mcp"):
            answers = [(await shop.http.post(path, **sent)).status_code for _ in range(BIG_RATE[1])]
            if path != "/mcp":
                assert 429 not in answers
        read: list[int] = []

        def parsed(text: bytes) -> None:
            read.append(len(text))

        monkeypatch.setattr(strict_json, "parse", parsed)
        for path in ("/api/v1/tools/notes_update", "/mcp"):
            answer = await shop.http.post(path, **sent)
            assert answer.status_code == 429
            assert "rate_limited" in answer.text
        assert read == []
        monkeypatch.undo()
        assert (await shop.call("notes_list")).status_code == 200, "small ones go on"


async def test_a_large_body_is_read_as_a_small_one_is() -> None:
    bodies = BigBodies(MemoryCache())
    value = {"a": ["ü" * 1000] * 200}
    assert await bodies.parse(json.dumps(value), "ada") == value
    with pytest.raises(Refused) as refused:
        await bodies.parse(b'{"a": 1, "a": 2' + b" " * BIG + b"}", "bo")
    assert refused.value.code is Code.INVALID_ARGUMENTS


# ---- the log --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("logs:strangers")
async def test_strangers_do_not_fill_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    uvicorn = logging.getLogger("uvicorn.error")
    kept = uvicorn.filters[:]
    set_up(settings_for(tmp_path / "log"))
    try:
        async with served(tmp_path, auth_mode="embedded") as shop:
            caplog.set_level(logging.INFO)
            caplog.clear()
            port = int(shop.url.rstrip("/").rsplit(":", 1)[1])
            for _ in range(3):
                with pytest.raises(InvalidStatus):
                    async with connect(
                        f"ws://127.0.0.1:{port}/api/v1/ws", subprotocols=[Subprotocol("devskyy.v1")], proxy=None
                    ):
                        pass
                async with await anyio.connect_tcp("127.0.0.1", port) as stream:
                    await stream.send(b"\x00\x01\r\n\r\n")
                    await stream.receive()
            assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []
    finally:
        uvicorn.filters[:] = kept
