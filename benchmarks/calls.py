"""What a call costs: the road, REST beside a bare route, MCP beside the bare SDK."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import mcp.types as types
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from devskyy_mcp.app import App
from devskyy_mcp.invoke import Call
from devskyy_mcp.surfaces.http import create_http

from .catalogue import ME, app_of
from .measure import Row, cpu, single_us

META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
HOST = "127.0.0.1:8000"


async def request(asgi: Any, path: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> bytes:
    """One POST straight into an ASGI app, in a task of its own as a server runs it; the answer's body."""
    sent = {"host": HOST, "content-type": "application/json", **(headers or {})}
    content = json.dumps(body).encode()
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", 8000),
    }
    parts: list[bytes] = []
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await anyio.sleep_forever()
        asked = True
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200, message
        else:
            parts.append(message.get("body", b""))

    await asyncio.create_task(asgi(scope, receive, send))
    return b"".join(parts)


async def rpc(
    asgi: Any,
    path: str,
    method: str,
    name: str = "",
    arguments: dict[str, Any] | None = None,
    more: dict[str, str] | None = None,
) -> bytes:
    """One modern MCP request; ``more`` are headers."""
    params: dict[str, Any] = {"_meta": META}
    headers = {
        **(more or {}),
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": method,
    }
    if name:
        params |= {"name": name, "arguments": arguments or {}}
        headers["mcp-name"] = name
    return await request(asgi, path, {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, headers)


@asynccontextmanager
async def served(number: int) -> AsyncGenerator[tuple[App, Starlette]]:
    """DevSkyy over HTTP, in process."""
    with tempfile.TemporaryDirectory() as folder:
        app = app_of(Path(folder), number)
        asgi = create_http(app)
        async with asgi.router.lifespan_context(asgi):
            yield app, asgi


@asynccontextmanager
async def bare(number: int) -> AsyncGenerator[Starlette]:
    """The SDK's low-level server with the same tools and nothing behind them."""
    schema = {"type": "object", "properties": {"number": {"type": "integer"}, "text": {"type": "string"}}}
    tools = [
        types.Tool(name=f"noop_{index}_run", description="Do nothing.", input_schema=schema) for index in range(number)
    ]

    async def list_tools(_ctx: Any, _params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=tools)

    async def call_tool(_ctx: Any, _params: Any) -> types.CallToolResult:
        text = types.TextContent(type="text", text="ok: yes")
        return types.CallToolResult(content=[text], structured_content={"ok": True})

    server: Server[Any] = Server(
        "bare", on_list_tools=list_tools, on_call_tool=call_tool, get_tool_input_schema=lambda _name: schema
    )
    security = TransportSecuritySettings(allowed_hosts=[HOST], allowed_origins=[])
    manager = StreamableHTTPSessionManager(app=server, json_response=False, security_settings=security)
    asgi = Starlette(routes=[Route("/mcp", endpoint=StreamableHTTPASGIApp(manager))])
    async with manager.run():
        yield asgi


async def route(request: Request) -> JSONResponse:
    """What there is to beat: a route that reads JSON and answers with some."""
    await request.json()
    return JSONResponse({"ok": True})


async def run() -> list[Row]:
    """The figures of this file's subject. Our side counts with all of its audit, written and committed."""
    given = {"number": 2, "text": "x"}
    plain = Starlette(routes=[Route("/x", route, methods=["POST"])])
    async with served(150) as (app, asgi), bare(150) as sdk, served(10) as (few, small):

        async def road() -> None:
            await app.road.invoke(Call(ME, "noop_7_run", given, "bench"))

        async def settle() -> None:
            await app.road.audit.flush()
            await few.road.audit.flush()

        http = await cpu(
            {
                "invoke": road,
                "route": lambda: request(plain, "/x", given),
                "rest": lambda: request(asgi, "/api/v1/tools/noop_7_run", given),
            },
            500,
            settle,
        )
        mcp = await cpu(
            {
                "ours": lambda: rpc(asgi, "/mcp", "tools/call", "noop_7_run", given),
                "sdk": lambda: rpc(sdk, "/mcp", "tools/call", "noop_7_run", given),
                "few": lambda: rpc(small, "/mcp", "tools/call", "noop_7_run", given),
            },
            300,
            settle,
        )
        listing = (await cpu({"list": lambda: rpc(asgi, "/mcp", "tools/list")}, 50, settle)).us("list")
        waited = await single_us(road, 3000)
    ours, few_ratio, rest = mcp.ratio("ours", "sdk"), mcp.ratio("ours", "few"), http.ratio("rest", "route")
    return [
        Row("invoke of a no-op, all policy on: what its caller waits", f"{waited:.0f} µs", "≤ 60 µs", waited <= 60),
        Row("the same, CPU with its part of the audit's writing", f"{http.us('invoke'):.0f} µs", "", None),
        Row("REST call beside a bare route", http.beside("rest", "route"), "≤ 3×", rest <= 3),
        Row("tools/call beside the bare SDK", mcp.beside("ours", "sdk"), "≤ 1.25×", ours <= 1.25),
        Row("tools/call at 150 tools beside 10", f"{few_ratio:.2f}×", "≤ 1.05×", few_ratio <= 1.05),
        Row("tools/list, 25 tools", f"{listing / 1000:.2f} ms", "≤ 1.5 ms", listing <= 1500),
    ]
