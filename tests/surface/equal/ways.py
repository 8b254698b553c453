"""Each surface as a function from a tool and its arguments to ``{"result": …}`` or ``{"error": …}``."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import anyio
import httpx2
from anyio.streams.buffered import BufferedByteReceiveStream
from starlette.applications import Starlette

from devskyy_mcp.app import App, build
from devskyy_mcp.config import Settings
from devskyy_mcp.errors import EXIT_STATUS, HTTP_STATUS, Code
from devskyy_mcp.guard.trust import HEADER, UNTRUSTED
from devskyy_mcp.guard.trust import META as META_TRUST
from devskyy_mcp.http import Upstream
from devskyy_mcp.surfaces import commands
from devskyy_mcp.surfaces.http import create_http
from devskyy_tools import sandbox
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.connection import DEMO_FILE
from devskyy_tools.shop.signing import signer
from tests.fakes.demo import LOGIN

from .inputs import Case

Answer = dict[str, Any]
Way = Callable[[Case], Awaitable[Answer]]
ROOT = Path(__file__).parents[3]
URL = "http://127.0.0.1:8000"
BURST = 100_000
META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
MODERN = {"mcp-protocol-version": "2026-07-28"}
ACCEPT = "application/json, text/event-stream"
HELLO: dict[str, Any] = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "equal", "version": "1"},
}
COMMON = ["--output=json", "--wait=0"]
"""Flags of every command line: the others do not wait for the end of a job either."""
LINE_LIMIT = 16 * 1024 * 1024
"""Bytes of one answer on stdio."""


class Site:
    """The demo shop of one folder; apps come and go over it. Jobs stay as they are: no worker runs them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.box = sandbox.create_sandbox(folder / DEMO_FILE)

    def app(self, **more: Any) -> App:
        given: dict[str, Any] = {
            "environment": "test",
            "data_dir": self.folder,
            "calls_burst": BURST,
            "worker": "off",
            "host_wait": 0,
        }
        app = build(Settings(**{**given, **more}))
        # As the demo shop is connected by itself, but opened once and not with every app.
        transport = httpx2.ASGITransport(app=self.box)
        upstream = Upstream("The demo shop", "http://demo.localhost", transport=transport, auth=signer(LOGIN))
        app.services.put(ShopClient, ShopClient(upstream))
        return app

    def close(self) -> None:
        self.box.state.sandbox.store.close()


@asynccontextmanager
async def opened(folder: Path) -> AsyncGenerator[Site]:
    site = Site(folder)
    try:
        yield site
    finally:
        site.close()


# ---- MCP -----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def stdio(folder: Path) -> AsyncGenerator[Way]:
    """A real process, kept open."""
    command = [sys.executable, "-m", "devskyy_mcp", "stdio", "--profile", "full"]
    async with await anyio.open_process(command, stderr=None, cwd=folder, env=process_env(folder)) as process:
        assert process.stdin
        assert process.stdout
        sending, lines = process.stdin, BufferedByteReceiveStream(process.stdout)

        async def call(case: Case) -> Answer:
            await sending.send(json.dumps(_tools_call(case, _meta=META)).encode() + b"\n")
            while True:
                message = json.loads(await lines.receive_until(b"\n", LINE_LIMIT))
                if message.get("id") == 1:
                    return _of_rpc(message)

        try:
            yield call
            await sending.aclose()  # its host has gone: it writes its audit and ends
            with anyio.fail_after(20):
                assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()


@asynccontextmanager
async def modern(folder: Path) -> AsyncGenerator[Way]:
    """MCP of 2026-07-28 over HTTP: each request for itself."""
    async with served(folder) as (_, http):
        yield modern_over(http)


def modern_over(http: httpx2.AsyncClient) -> Way:
    async def call(case: Case) -> Answer:
        headers = {**MODERN, "mcp-method": "tools/call", "mcp-name": case.tool}
        return _of_rpc(await post(http, _tools_call(case, _meta=META), headers))

    return call


@asynccontextmanager
async def legacy(folder: Path) -> AsyncGenerator[Way]:
    """MCP of 2025-11-25 over HTTP: one session."""
    async with served(folder) as (_, http):
        yield await legacy_over(http)


async def legacy_over(http: httpx2.AsyncClient) -> Way:
    opening = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": HELLO}
    hello = await http.post("/mcp/full", json=opening, headers={"accept": ACCEPT})
    session = {"mcp-session-id": hello.headers["mcp-session-id"], "mcp-protocol-version": "2025-11-25"}
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert (await http.post("/mcp/full", json=ready, headers={"accept": ACCEPT, **session})).status_code == 202

    async def call(case: Case) -> Answer:
        return _of_rpc(await post(http, _tools_call(case), session))

    return call


async def post(http: httpx2.AsyncClient, body: Any, headers: dict[str, str], path: str = "/mcp/full") -> Any:
    """The response to an MCP request, whether it comes as JSON or as the last event of a stream."""
    answer = await http.post(path, json=body, headers={"accept": ACCEPT, **headers})
    if answer.headers["content-type"].startswith("application/json"):
        return answer.json()
    data = [line[6:] for line in answer.text.split("\n") if line.startswith("data: {")]
    return json.loads(data[-1])


def _tools_call(case: Case, **more: Any) -> dict[str, Any]:
    params = {"name": case.tool, "arguments": case.arguments, **more}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def _of_rpc(message: Any) -> Answer:
    if "error" in message:
        return {"error": message["error"].get("data", message["error"])}
    result = message["result"]
    content = result["structuredContent"]
    if result.get("isError"):
        return {"error": content["error"]}
    return _labelled(content, result.get("_meta", {}).get(META_TRUST))


def _labelled(result: Any, trust: str | None) -> Answer:
    return {"result": result, **({"trust": trust} if trust else {})}


# ---- REST and WebSocket --------------------------------------------------------------------------------------------


@asynccontextmanager
async def rest(folder: Path) -> AsyncGenerator[Way]:
    """POST to the tool's address."""
    async with served(folder) as (_, http):
        yield rest_over(http)


def rest_over(http: httpx2.AsyncClient) -> Way:
    async def call(case: Case) -> Answer:
        answer = await http.post(f"/api/v1/tools/{case.tool}", json=case.arguments)
        if answer.status_code in {200, 202}:
            return _labelled(answer.json(), answer.headers.get(HEADER))
        return {"error": _of_problem(answer)}

    return call


def _of_problem(answer: httpx2.Response) -> dict[str, Any]:
    """A problem document as the error that the other surfaces send."""
    problem = answer.json()
    assert answer.status_code == problem["status"] == HTTP_STATUS[Code(problem["code"])]
    details = dict(problem.get("details", {}))
    details |= {name: problem[known] for name, known in _PROBLEM.items() if known in problem}
    error = {name: problem[name] for name in ("code", "hint", "retryable", "retry_after") if name in problem}
    return {**error, "message": problem["detail"], **({"details": details} if details else {})}


_PROBLEM = {"problems": "errors", "change": "change"}


@asynccontextmanager
async def websocket(folder: Path) -> AsyncGenerator[Way]:
    """One socket, kept open."""
    async with served(folder) as (asgi, _), socket_to(asgi) as call:
        yield call


@asynccontextmanager
async def socket_to(asgi: Starlette) -> AsyncGenerator[Way]:
    """A WebSocket without a socket, straight into the app."""
    scope: dict[str, Any] = {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": "/api/v1/ws",
        "raw_path": b"/api/v1/ws",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:8000")],
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50_000),
        "subprotocols": ["devskyy.v1"],
    }
    to_app, receive = anyio.create_memory_object_stream[Any](1)
    sent, from_app = anyio.create_memory_object_stream[Any](1_000)

    async def call(case: Case) -> Answer:
        asked = json.dumps({"id": 1, "call": case.tool, "arguments": case.arguments})
        await to_app.send({"type": "websocket.receive", "text": asked})
        while True:
            answer = json.loads((await from_app.receive())["text"])
            if answer.pop("id", None) == 1 and "progress" not in answer:
                return answer

    async with anyio.create_task_group() as tasks, to_app, receive, sent, from_app:
        tasks.start_soon(asgi, scope, receive.receive, sent.send)
        await to_app.send({"type": "websocket.connect"})
        assert (await from_app.receive())["type"] == "websocket.accept"
        yield call
        await to_app.send({"type": "websocket.disconnect", "code": 1000})


@asynccontextmanager
async def served(folder: Path) -> AsyncGenerator[tuple[Starlette, httpx2.AsyncClient]]:
    """A server over that folder's shop, and a client of it."""
    async with opened(folder) as site:
        asgi = create_http(site.app())
        async with over(asgi) as http:
            yield asgi, http


@asynccontextmanager
async def over(asgi: Starlette) -> AsyncGenerator[httpx2.AsyncClient]:
    """Run the server; requests go straight into it."""
    transport = httpx2.ASGITransport(app=asgi)
    async with (
        asgi.router.lifespan_context(asgi),
        httpx2.AsyncClient(transport=transport, base_url=URL, trust_env=False) as http,
    ):
        yield http


# ---- command line --------------------------------------------------------------------------------------------------


@asynccontextmanager
async def cli(folder: Path) -> AsyncGenerator[Way]:
    """``devskyy call`` as the command's own function, each time with a new app."""
    async with opened(folder) as site:
        yield cli_over(site.app)


def cli_over(make_app: Callable[[], App]) -> Way:
    async def call(case: Case) -> Answer:
        with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
            status = await commands.call(make_app(), case.tool, words_of(case))
        return of_command(status, out.getvalue(), err.getvalue())

    return call


def words_of(case: Case) -> list[str]:
    """The words after ``devskyy call NAME``."""
    if not case.words:
        return [*COMMON, f"--json={json.dumps(case.arguments)}"]
    return [*COMMON, *(f"--{name}={_word(value)}" for name, value in case.arguments.items())]


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def of_command(status: int, out: str, err: str) -> Answer:
    if status == 0:
        return _labelled(json.loads(out), UNTRUSTED if f"trust: {UNTRUSTED}" in err else None)
    assert out == ""
    error = json.loads(err)["error"]
    assert status == EXIT_STATUS[Code(error["code"])]
    return {"error": error}


def process_env(folder: Path) -> dict[str, str]:
    """The environment of a DevSkyy process over that folder, with nothing of the tester's own settings."""
    return {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'tools'}",
        "ENVIRONMENT": "test",
        "DEVSKYY_DATA_DIR": str(folder),
        "ENCRYPTION_MASTER_KEY": os.environ["ENCRYPTION_MASTER_KEY"],
        "DEVSKYY_CALLS_BURST": str(BURST),
        "DEVSKYY_WORKER": "off",
        "DEVSKYY_HOST_WAIT": "0",
        "LOG_LEVEL": "ERROR",
    }


WAYS = {"stdio": stdio, "modern": modern, "legacy": legacy, "rest": rest, "ws": websocket, "cli": cli}
SURFACES = {"stdio": "stdio", "modern": "http", "legacy": "http", "rest": "rest", "ws": "ws", "cli": "cli"}
"""What the audit calls each of them."""
