"""The HTTP app: MCP, REST, WebSocket, health and the approval page behind one door."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..app import App, build
from ..errors import Code, Refused
from ..guard.local_key import Tickets, local_key
from ..guard.loopback import Rules
from ..invoke import unforeseen
from ..ops.health import HealthChecks, report
from . import oauth, people, ws
from .approvals import Approvals
from .rest import assets, more, tools
from .rest.calls import Endpoint, Refusing, json_response
from .rest.openapi import openapi
from .rest.problem import of_status, problem_response

log = logging.getLogger(__name__)
API = tools.API
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
    (b"cache-control", b"no-store"),
]


def create_http(app: App | None = None) -> Starlette:
    """The server as an ASGI app. Its lifespan runs ``app``, so serve it once.

    Args:
        app: by default built from the environment with all installed packs.

    Raises:
        Refused: NOT_CONFIGURED when it would listen beyond this machine, or has no usable data folder.
    """
    from .mcp.http import mcp_http

    app = app or build()
    if not app.settings.loopback:
        raise Refused(
            Code.NOT_CONFIGURED,
            "This server has no sign-in yet, so it listens on this machine only.",
            "Set DEVSKYY_HOST=127.0.0.1; to reach it from elsewhere put a proxy with its own login in front.",
        )
    key = local_key(app.settings.data_dir)
    rules = Rules(app.settings, key, Tickets(key))
    mcp = mcp_http(app)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with app.running(eager=True), mcp.running():
            yield

    site = Starlette(
        # The router tries them in order, so the most used come first.
        routes=[
            *mcp.routes,
            *_api(),
            *_health(),
            *Approvals(app, rules).routes,
            *people.routes(app),
            *oauth.routes(app),
        ],
        middleware=[Middleware(Door, rules=rules)],
        exception_handlers={HTTPException: _unrouted},
        lifespan=lifespan,
    )
    site.state.devskyy, site.state.rules = app, rules
    return site


def _api() -> list[BaseRoute]:
    return [
        _route(f"{API}/tools/{{name}}", tools.call_tool, "POST"),
        _route(f"{API}/tools/{{name}}", tools.read_tool),
        _route(f"{API}/tools", tools.list_tools),
        _route(f"{API}/tools/{{name}}/schema", tools.describe_tool),
        *(_route(API + path, more.shortcut(tool, method), method) for method, path, tool in more.SHORTCUTS),
        _route(f"{API}/prompts", more.list_prompts),
        _route(f"{API}/prompts/{{name}}", more.get_prompt, "POST"),
        _route(f"{API}/resources", more.list_resources),
        _route(f"{API}/resources/read", more.read_resource),
        _route(f"{API}/assets", assets.upload, "POST"),
        _route(f"{API}/openapi.json", _Document().answer),
        _route(f"{API}/ws-tickets", more.ws_ticket, "POST"),
        WebSocketRoute(f"{API}/ws", ws.websocket),
    ]


def _route(path: str, endpoint: Endpoint, method: str = "GET") -> Route:
    return Route(path, Refusing(endpoint), methods=[method])


class _Document:
    """The OpenAPI document, made once per set of scopes and registry generation."""

    def __init__(self) -> None:
        self._made: tuple[Any, bytes] = (None, b"")

    async def answer(self, request: Request) -> Response:
        app, principal = tools.app_of(request), tools.principal_of(request)
        key = (principal.scopes, app.registry.generation)
        if self._made[0] != key:
            self._made = (key, tools.dumps(openapi(app.registry.visible(principal))))
        return tools.tagged(request, self._made[1])


# ---- health ------------------------------------------------------------------------------------------------------


def _health() -> list[BaseRoute]:
    return [
        _route("/health", _whole_health),
        Route("/health/live", _live),
        _route("/health/ready", _ready),
        Route("/favicon.ico", _favicon),
    ]


async def _whole_health(request: Request) -> Response:
    rules: Rules = request.app.state.rules
    mode = rules.settings.sign_in
    auth = f"sign-in {mode}" if mode != "none" else "local key" if rules.keyed else "loopback, no login"
    return json_response(await report(tools.app_of(request).services, auth))


async def _live(_: Request) -> Response:
    return json_response({"status": "alive"})


async def _ready(request: Request) -> Response:
    state = await tools.app_of(request).services.get(HealthChecks).state("database")
    return json_response(
        {"status": "ready" if state.ok else "not ready", "database": state.words}, 200 if state.ok else 503
    )


async def _favicon(_: Request) -> Response:
    return Response(status_code=204)


# ---- the door ----------------------------------------------------------------------------------------------------


class Door:
    """Outermost: applies the rules before anything else runs, and puts the security headers on every answer.

    What passes has ``scope["devskyy.principal"]``. Nothing that went wrong inside leaves as a stack or a text.
    """

    def __init__(self, inside: ASGIApp, rules: Rules) -> None:
        self.inside = inside
        self.rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.inside(scope, receive, send)
            return
        started = False

        async def sent(message: Message) -> None:
            nonlocal started
            kind = message["type"]
            if kind == "http.response.start" or kind == "websocket.http.response.start":
                started = True
                _harden(message)
            elif kind in {"websocket.accept", "websocket.close"}:
                started = True
            await send(message)

        try:
            principal = self.rules.admit(scope)
            if principal is not None:
                scope["devskyy.principal"] = principal
            await self.inside(scope, receive, sent)
        except Refused as refused:
            await _turn_away(scope, receive, sent, refused)
        except Exception as error:
            refused = unforeseen(scope["path"], error)
            log.debug("the incident's trace", exc_info=error)
            if not started:
                await _turn_away(scope, receive, sent, refused)


def _harden(message: Message) -> None:
    given: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
    names = {name.lower() for name, _ in given}
    message["headers"] = given + [header for header in _HEADERS if header[0] not in names]


async def _turn_away(scope: Scope, receive: Receive, send: Send, refused: Refused) -> None:
    if scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
        await problem_response(refused)(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": refused.message})


async def _unrouted(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return of_status(error.status_code, dict(error.headers or {}))
