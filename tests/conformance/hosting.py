"""The smallest HTTP server around the MCP routes, for tests that are about MCP alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from devskyy_mcp.app import App
from devskyy_mcp.context import ALL_SCOPES, Principal
from devskyy_mcp.surfaces.mcp.caller import PRINCIPAL
from devskyy_mcp.surfaces.mcp.http import mcp_http

LOCAL = Principal("local", "local", ALL_SCOPES, "local user")


class AsPrincipal:
    """What the real server's outer middleware does: says who calls."""

    def __init__(self, app: Starlette, principal: Principal | None) -> None:
        self.app = app
        self.principal = principal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.principal is not None:
            scope[PRINCIPAL] = self.principal
        await self.app(scope, receive, send)


def http_app(app: App, principal: Principal | None = LOCAL) -> AsPrincipal:
    mcp = mcp_http(app)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with app.running(eager=True), mcp.running():
            yield

    return AsPrincipal(Starlette(routes=mcp.routes, lifespan=lifespan), principal)
