"""Callers over HTTP that don't read what they are sent: they hold up nobody, cost no memory, and are cut off."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import uvicorn
from mcp import Client
from mcp.server.subscriptions import ResourceUpdated
from starlette.applications import Starlette

from devskyy_mcp import invoke
from devskyy_mcp.surfaces import together
from devskyy_mcp.surfaces.mcp.events import Announcer
from devskyy_mcp.surfaces.mcp.http import mcp_http
from tests.conformance.hosting import AsPrincipal

from .test_events import subscribe, until
from .test_http import HEADERS, META
from .world import ADA, World, make_world

LONG = 16_000
URI = f"devskyy://notes/{'n' * LONG}"
ENOUGH = 400
"""Events that no system's buffers hold: some 6 MB."""
MORE = 2_000
OLD = {**HEADERS, "mcp-protocol-version": "2025-11-25"}
HELLO: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}


@dataclass
class Served:
    """A server under DevSkyy's own HTTP protocol; ``connections`` are uvicorn's."""

    port: int
    announcer: Announcer
    connections: set[Any]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    async def frozen(self, body: Any, headers: dict[str, str], method: str = "POST") -> tuple[socket.socket, Any]:
        """A caller who sends a request, reads how its answer begins, and then nothing more; and its connection here."""
        before = set(self.connections)
        caller = socket.socket()
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        caller.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(caller, ("127.0.0.1", self.port))
        content = json.dumps(body) if body else ""
        lines = [f"{method} /mcp/full HTTP/1.1", f"host: 127.0.0.1:{self.port}", f"content-length: {len(content)}"]
        head = "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items())])
        await loop.sock_sendall(caller, f"{head}\r\n\r\n{content}".encode())
        assert (await loop.sock_recv(caller, 12)).endswith(b" 200")
        [connection] = self.connections - before
        return caller, connection


@asynccontextmanager
async def serving(world: World) -> AsyncGenerator[Served]:
    mcp = mcp_http(world.app)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with world.app.running(eager=False), mcp.running():
            yield

    asgi = AsPrincipal(Starlette(routes=mcp.routes, lifespan=lifespan), ADA)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        world.app.settings.port = port = listener.getsockname()[1]
        options: dict[str, Any] = {"http": together.Protocol, "timeout_graceful_shutdown": 1}
        server = uvicorn.Server(uvicorn.Config(asgi, log_level="critical", **options))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listener])
            await until(lambda: server.started)
            try:
                yield Served(port, mcp.surface.announcer, server.server_state.connections)
            finally:
                server.should_exit = True


def resident() -> int:
    """Bytes of memory that this process uses."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def frozen_listener(server: Served, era: str) -> tuple[socket.socket, Any]:
    """A host that listens to the resource and does not read."""
    if era == "modern":
        wanted = {"notifications": {"resourceSubscriptions": [URI]}, "_meta": META}
        listen = {"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": wanted}
        return await server.frozen(listen, {**HEADERS, "mcp-method": "subscriptions/listen"})
    async with httpx.AsyncClient(timeout=10) as client:
        opened = await client.post(server.url, json=HELLO, headers=OLD)
        session = {**OLD, "mcp-session-id": opened.headers["mcp-session-id"]}
        wants = {"jsonrpc": "2.0", "id": 2, "method": "resources/subscribe", "params": {"uri": URI}}
        for said in ({"jsonrpc": "2.0", "method": "notifications/initialized"}, wants):
            await client.post(server.url, json=said, headers=session)
    return await server.frozen(None, session, "GET")


@pytest.mark.parametrize("era", ["modern", "legacy"])
@pytest.mark.requirement("fail:unread")
async def test_a_stream_that_is_not_read_holds_up_no_other_and_is_ended(
    world: World, era: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = 0

    async def listen(message: Any) -> None:
        nonlocal heard
        heard += 1

    async with serving(world) as server:
        caller, connection = await frozen_listener(server, era)
        async with Client(server.url, mode="legacy", message_handler=listen, cache=None) as reading:
            await subscribe(reading, URI)
            for number in range(ENOUGH):
                server.announcer.tell(ResourceUpdated(URI))
                await until(lambda number=number: heard > number)
            assert connection.transport.sent() is not None, "something waits for who does not read"
            at_first = resident()
            for _ in range(MORE):
                server.announcer.tell(ResourceUpdated(URI))
                await anyio.sleep(0)
            assert connection in server.connections
            assert resident() - at_first < MORE * LONG / 4
            for name, seconds in {"UNREAD_SECONDS": 0.2, "LOOK_EVERY": 0.05}.items():
                monkeypatch.setattr(together, name, seconds)
            await until(lambda: connection not in server.connections)
            assert not (await reading.call_tool("notes_list")).is_error
    caller.close()


def _nothing(_result: object) -> int:
    """The size of every result."""
    return 0


@pytest.mark.requirement("fail:unread")
async def test_an_answer_that_is_not_read_holds_up_no_other_and_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invoke, "size_of", _nothing)  # nothing is cut
    world = make_world(tmp_path, *(["x" * 80_000] * 50))
    async with serving(world) as server, httpx.AsyncClient(timeout=10) as client:
        opened = await client.post(server.url, json=HELLO, headers=OLD)
        session = {**OLD, "mcp-session-id": opened.headers["mcp-session-id"]}
        call = {"jsonrpc": "2.0", "id": 3, "method": "tools/call"}
        big = {**call, "params": {"name": "notes_list", "arguments": {"limit": 100}}}
        caller, connection = await server.frozen(big, session)
        await until(lambda: connection.transport.sent() is not None)
        small = {**call, "id": 4, "params": {"name": "notes_echo", "arguments": {"text": "here"}}}
        assert "here" in (await client.post(server.url, json=small, headers=session)).text
        for name, seconds in {"UNREAD_SECONDS": 0.2, "LOOK_EVERY": 0.05}.items():
            monkeypatch.setattr(together, name, seconds)
        await until(lambda: connection not in server.connections)
    caller.close()


@pytest.mark.requirement("fail:unread")
async def test_who_reads_slowly_gets_the_whole_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "LOOK_EVERY", 3600)  # the test looks itself
    monkeypatch.setattr(invoke, "size_of", _nothing)  # nothing is cut
    world = make_world(tmp_path, *(["x" * 80_000] * 50))
    loop = asyncio.get_running_loop()
    async with serving(world) as server:
        meta = {**META, "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"}}
        given = {"name": "notes_list", "arguments": {"limit": 100}, "_meta": meta}
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": given}
        headers = {**HEADERS, "mcp-method": "tools/call", "mcp-name": "notes_list", "connection": "close"}
        caller, connection = await server.frozen(call, headers)
        await until(lambda: connection.transport.sent() is not None)
        now, looks, got = loop.time(), 0, b""
        while connection in server.connections:
            assert not connection._is_unread(now), "the caller has taken something since"
            now, looks, sent = now + together.UNREAD_SECONDS + 1, looks + 1, connection.transport.sent()
            while connection in server.connections and connection.transport.sent() == sent:
                got += await loop.sock_recv(caller, 65536)
                await anyio.sleep(0)
        while block := await loop.sock_recv(caller, 65536):
            got += block
    assert looks > 1
    assert json.loads(got.partition(b"\r\n\r\n")[2])["result"]["structuredContent"]["total"] == 50
    caller.close()
