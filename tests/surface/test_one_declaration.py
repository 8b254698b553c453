"""One declaration, made while everything runs, and every surface has the tool; nothing else is edited."""
# No `from __future__ import annotations` here: the declarations are local, so their annotations must be values.

import argparse
import inspect
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx2
import pytest
from mcp import Client
from pydantic import BaseModel, Field

from devskyy_mcp.app import App, local_principal
from devskyy_mcp.capability import Pack, Registry, Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.surfaces import office
from devskyy_mcp.surfaces.http import create_http
from devskyy_mcp.surfaces.mcp.caller import Caller, fixed
from devskyy_mcp.surfaces.mcp.server import Surface
from devskyy_tools.shop.collections import PRODUCTS
from devskyy_tools.shop.session import Shop

from .equal.inputs import Case
from .equal.ways import (
    META,
    MODERN,
    Site,
    Way,
    cli_over,
    legacy_over,
    modern_over,
    opened,
    over,
    post,
    rest_over,
    socket_to,
)

LINES = 20
Declare = Callable[[Registry], None]


def declare_read(registry: Registry) -> None:
    class Greeting(BaseModel):
        text: str

    greetings = Toolset("greetings", timeout=5)

    @greetings.tool("read", scopes="catalog:read", core=True)
    async def play_greetings_say(
        ctx: Context, name: Annotated[str, Field(description="Whom to greet.", max_length=40)] = "you"
    ) -> Greeting:
        """Say hello to a seamstress."""
        return Greeting(text=f"Hello {name}.")

    registry.add(Pack("greetings", [greetings]))


def declare_write(registry: Registry) -> None:
    windows = Toolset("windows", timeout=20)

    @windows.tool("write", scopes="catalog:write")
    async def play_windows_dress(ctx: Context, product_id: int) -> None:
        """Put a product into the shop window."""
        await ctx.get(Shop).update(PRODUCTS, product_id, {"featured": True})

    registry.add(Pack("windows", [windows]))


@dataclass
class Running:
    """One server with all its surfaces, and a host that it has as a child process would."""

    site: Site
    app: App
    http: httpx2.AsyncClient
    ways: dict[str, Way]
    stdio: Client
    make_cli: Callable[[], App]

    async def listed(self) -> dict[str, set[str]]:
        """The names that each surface lists."""
        found = {f"http {path}": await _post_list(self.http, path) for path in ("/mcp", "/mcp/full")}
        rest = (await self.http.get("/api/v1/tools")).json()["tools"]
        described = (await self.http.get("/api/v1/openapi.json")).json()["paths"]
        return found | {
            "stdio": {tool.name for tool in (await self.stdio.list_tools()).tools},
            "rest": {tool["name"] for tool in rest},
            "openapi": {path.rsplit("/", 1)[1] for path in described if path.startswith("/api/v1/tools/")},
        }


async def _post_list(http: httpx2.AsyncClient, path: str) -> set[str]:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": META}}
    answer = await post(http, body, {**MODERN, "mcp-method": "tools/list"}, path)
    return {tool["name"] for tool in answer["result"]["tools"]}


@asynccontextmanager
async def running(folder: Path, declare: Declare) -> AsyncGenerator[Running]:
    async with opened(folder) as site:

        def declared() -> App:
            app = site.app()
            declare(app.registry)
            return app

        app = site.app()
        asgi = create_http(app)
        host = Surface(app, fixed(Caller(local_principal(), "full", "stdio")))
        async with (
            over(asgi) as http,
            socket_to(asgi) as socket,
            host.announcer.running(),
            Client(host.server, cache=None) as stdio,
        ):

            async def by_stdio(case: Case) -> Any:
                found = await stdio.call_tool(case.tool, case.arguments)
                return {"result": found.structured_content}

            ways = {
                "stdio": by_stdio,
                "modern": modern_over(http),
                "legacy": await legacy_over(http),
                "rest": rest_over(http),
                "ws": socket,
                "cli": cli_over(declared),
            }
            yield Running(site, app, http, ways, stdio, declared)


CASES = [
    (declare_read, "play_greetings_say", {"name": "Ada"}, {"text": "Hello Ada."}, "greet a seamstress"),
    (declare_write, "play_windows_dress", {"product_id": 12, "preview": True}, {"state": "proposed"}, "shop window"),
]


@pytest.mark.requirement("surfaces:one-declaration")
@pytest.mark.parametrize(("declare", "name", "arguments", "expected", "words"), CASES)
async def test_one_declaration_is_on_every_surface(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    declare: Declare,
    name: str,
    arguments: dict[str, Any],
    expected: dict[str, Any],
    words: str,
) -> None:
    assert len(inspect.getsource(declare).splitlines()) <= LINES
    async with running(tmp_path, declare) as world:
        before = await world.listed()
        assert not any(name in names for names in before.values())

        declare(world.app.registry)

        core = world.app.registry.tool(name).policy.core
        now = await world.listed()
        assert {where for where, names in now.items() if name in names} == {
            where for where in now if core or where != "http /mcp"
        }
        for way, call in world.ways.items():
            told = (await call(Case(name, arguments, True)))["result"]
            assert told.items() >= expected.items(), way
            found = (await call(Case("tools_find", {"query": words}, True)))["result"]["tools"]
            assert name in [tool["name"] for tool in found], way
        asked = argparse.Namespace(search=[name], json=False)
        assert await office.tools(world.make_cli(), asked) == 0
        assert name in capsys.readouterr().out
        assert {one.method for one in world.site.box.state.sandbox.requests} <= {"GET"}
