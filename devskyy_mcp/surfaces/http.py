"""The HTTP app: MCP, REST, WebSocket, health and the approval page behind one door."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from ..app import App, build
from ..config import Settings
from ..db.cache import Cache, MemoryCache
from ..errors import Code, Refused
from ..guard.limits import AddressLimits, AtOnce, RequestLimits
from ..guard.local_key import local_key
from ..guard.loopback import Rules
from ..ops.health import HealthChecks, report
from . import challenge, oauth, people, ws
from .approvals import Approvals
from .callers import LocalCallers, SignedInCallers
from .door import Door
from .rest import assets, files, more, tools
from .rest.calls import Endpoint, Refusing, json_response
from .rest.openapi import openapi
from .strict_json import BigBodies

API = tools.API


def create_http(app: App | None = None) -> Starlette:
    """The server as an ASGI app. Its lifespan runs ``app``, so serve it once.

    Args:
        app: by default built from the environment with all installed packs.

    Raises:
        Refused: NOT_CONFIGURED when others could reach it without signing in, or under no address of its own; when it
            has no usable data folder.
    """
    from .mcp.http import mcp_http

    app = app or build()
    _check_reach(app.settings)
    rules = Rules(app.settings, local_key(app.settings.data_dir))
    callers = LocalCallers(app, rules) if app.settings.sign_in == "none" else SignedInCallers(app, rules)
    mcp = mcp_http(app)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with app.running(eager=True), mcp.running():
            yield

    site = Starlette(
        # The router tries them in order, so the most used come first.
        routes=[
            _route(f"{API}/tools/{{name}}", tools.call_tool, "POST"),
            *mcp.routes,
            *_api(),
            *_health(),
            Route("/assets/{asset}/{name}", Refusing(files.serve), methods=["GET", "HEAD"]),
            *Approvals(app, rules).routes,
            *people.routes(app),
            *oauth.routes(app),
            *challenge.routes(app),
        ],
        lifespan=lifespan,
    )
    # In the place of Starlette's own layers: the door answers whatever goes wrong inside.
    limits = app.road.limits
    site.middleware_stack = Door(
        site.router,
        rules,
        callers,
        challenge.Challenges(app),
        app.services.get(AddressLimits),
        RequestLimits(limits.rate, limits.burst),
    )
    site.state.devskyy, site.state.rules = app, rules
    site.state.sockets, site.state.messages = AtOnce(ws.SOCKETS, "sockets are open"), MemoryCache()
    site.state.bodies = BigBodies(app.services.get(Cache))
    return site


def _check_reach(settings: Settings) -> None:
    if settings.sign_in == "none" and not settings.loopback:
        raise Refused(
            Code.NOT_CONFIGURED,
            "Without sign-in (AUTH_MODE=none) this server listens on this machine only.",
            "Set DEVSKYY_HOST=127.0.0.1, or leave AUTH_MODE unset so that callers have to sign in.",
        )
    if settings.sign_in == "external" and not settings.auth_issuer:
        raise Refused(
            Code.NOT_CONFIGURED,
            "AUTH_MODE=external needs the identity provider's issuer.",
            "Set AUTH_ISSUER to it, to the letter, as its discovery document has it.",
        )
    if settings.host in {"0.0.0.0", "::", ""} and not settings.public_url:  # noqa: S104 # refused, not bound
        raise Refused(
            Code.NOT_CONFIGURED,
            f"DEVSKYY_HOST={settings.host} is no address that people can use.",
            "Set DEVSKYY_PUBLIC_URL to the one they do, e.g. https://mcp.example.com; tokens and links carry it.",
        )


def _api() -> list[BaseRoute]:
    return [
        _route(f"{API}/tools/{{name}}", tools.read_tool),
        _route(f"{API}/tools", tools.list_tools),
        _route(f"{API}/tools/{{name}}/schema", tools.describe_tool),
        *(_route(API + path, more.shortcut(tool, method), method) for method, path, tool in more.SHORTCUTS),
        _route(f"{API}/prompts", more.list_prompts),
        _route(f"{API}/prompts/{{name}}", more.get_prompt, "POST"),
        _route(f"{API}/agents", more.list_agents),
        _route(f"{API}/agents/{{name}}", more.get_agent),
        _route(f"{API}/resources", more.list_resources),
        _route(f"{API}/resources/read", more.read_resource),
        _route(f"{API}/assets", assets.upload, "POST"),
        _route(f"{API}/openapi.json", _Document().answer),
        _route(f"{API}/ws-tickets", more.ws_ticket, "POST"),
        _route(f"{API}/me", more.me),
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
    return json_response({"status": "ready" if state.ok else "not ready"}, 200 if state.ok else 503)


async def _favicon(_: Request) -> Response:
    return Response(status_code=204)
