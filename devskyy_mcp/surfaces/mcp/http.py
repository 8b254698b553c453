"""Streamable HTTP: /mcp lists the default profile, /mcp/full everything.

Modern requests are stateless; handshake-era ones belong to a session of this process.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
from mcp.server.auth.middleware.bearer_auth import AuthorizationContext
from mcp.server.streamable_http import StreamableHTTPServerTransport
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import INVALID_REQUEST, PARSE_ERROR
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from ...app import App
from ...auth.bearers import Bearers
from ...config import Settings
from ...context import Principal
from ...db.cache import Cache
from ...errors import Code, Refused
from ..challenge import CHALLENGES
from ..strict_json import BigBodies
from .caller import PRINCIPAL, PROFILE, PROFILES, from_request
from .results import refusal_text
from .server import Surface
from .step_up import BODY_LIMIT, NotAllowed, StepUp, owner, strictly

PROFILE_HEADER = b"x-devskyy-profile"
MOST_SESSIONS = 1_000
SESSION_IDLE_SECONDS = 30 * 60.0
SESSIONS_EACH = 100


class _Sessions(StreamableHTTPSessionManager):
    """Nobody alone can take all the sessions there are; who has too many is answered 503, as when none are left."""

    def _admit_session(self, requestor: AuthorizationContext | None) -> StreamableHTTPServerTransport | None:
        if sum(owner == requestor for owner in self._session_owners.values()) >= SESSIONS_EACH:
            return None
        return super()._admit_session(requestor)


class McpHttp:
    """The MCP part of an HTTP server: ``routes`` to mount, ``running`` to enter in its lifespan, once."""

    def __init__(self, app: App) -> None:
        self._settings = app.settings
        self._services = app.services
        self._security = TransportSecuritySettings()
        self.surface = Surface(app, from_request)
        self._step_up = StepUp(app)
        self._bodies = BigBodies(app.services.get(Cache))
        parts = self.surface.raw
        self._manager = _Sessions(
            self.surface.server,
            event_store=parts.event_store if parts else None,
            retry_interval=parts.retry_interval if parts else None,
            json_response=False,  # JSON answers would drop progress and questions on the handshake wire
            stateless=False,
            security_settings=self._security,
            max_request_body_size=BODY_LIMIT,
            max_sessions=MOST_SESSIONS,
            session_idle_timeout=SESSION_IDLE_SECONDS,
        )
        self.routes: list[BaseRoute] = [
            Route("/mcp", endpoint=_Endpoint(self, "default"), name="mcp"),
            Route("/mcp/full", endpoint=_Endpoint(self, "full"), name="mcp-full"),
        ]
        self._port = app.settings.port
        self._allow(app.settings)

    def _allow(self, settings: Settings) -> None:
        self._security.allowed_hosts = settings.allowed_hosts
        self._security.allowed_origins = [*settings.allowed_origins, *settings.cors_origins]

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        async with self.surface.announcer.running(), self._manager.run():
            yield

    async def serve(self, scope: Scope, receive: Receive, send: Send, profile: str) -> None:
        """Answer one request. The scope must have ``devskyy.principal``; without it nobody is let in."""
        bound = (scope.get("server") or ("", None))[1]
        if bound not in {None, self._port}:
            # Port 0, or uvicorn's own --port: only the server's socket knows which one it is.
            self._port = bound
            self._allow(self._settings.model_copy(update={"port": bound}))
        wanted = next((value.decode("latin-1") for name, value in scope["headers"] if name == PROFILE_HEADER), profile)
        if wanted not in PROFILES:
            said = Refused(Code.INVALID_ARGUMENTS, f"X-DevSkyy-Profile must be one of {', '.join(PROFILES)}.")
            await _refuse(send, 400, said)
        elif scope.get(PRINCIPAL) is None:
            await _refuse(send, 401, Refused(Code.UNAUTHENTICATED, "Nobody is signed in."))
        else:
            principal: Principal = scope[PRINCIPAL]
            if scope["method"] == "POST":
                try:
                    receive = await strictly(receive, self._bodies, principal.id)
                except Refused as refused:
                    early = refused.code is Code.RATE_LIMITED
                    await _refuse(send, 429 if early else 400, refused, rpc=INVALID_REQUEST if early else PARSE_ERROR)
                    return
            # Without the door there is no challenge to send, and the road's refusal says as much.
            if scope["method"] == "POST" and "*" not in principal.scopes and CHALLENGES in scope:
                try:
                    receive = await self._step_up.checked(scope, receive)
                except NotAllowed as refusal:
                    await _refuse(send, refusal.refused.http_status, refusal.refused, refusal.id, refusal.headers)
                    return
            scope[PROFILE], scope["user"] = wanted, owner(principal)
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the SDK answer; a stream of events ends with the access of whoever listens."""
        principal: Principal = scope[PRINCIPAL]
        if not (principal.sid or principal.until) or not _is_stream(scope):
            await self._manager.handle_request(scope, receive, send)
            return
        bearers, over = self._services.get(Bearers), False

        async def watch() -> None:
            nonlocal over
            await bearers.ended(principal)
            over = True
            tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch)
            await self._manager.handle_request(scope, receive, send)
            tasks.cancel_scope.cancel()
        if over:
            await send({"type": "http.response.body", "body": b""})


def _is_stream(scope: Scope) -> bool:
    """Whether the request stays open for events: GET of older hosts, ``subscriptions/listen`` of newer ones."""
    return scope["method"] == "GET" or (b"mcp-method", b"subscriptions/listen") in scope["headers"]


class _Endpoint:
    def __init__(self, http: McpHttp, profile: str) -> None:
        self._http = http
        self._profile = profile

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._http.serve(scope, receive, send, self._profile)


async def _refuse(
    send: Send,
    status: int,
    refused: Refused,
    given: str | int | None = None,
    more: Mapping[str, str] | None = None,
    rpc: int = INVALID_REQUEST,
) -> None:
    error = {"code": rpc, "message": refusal_text(refused), "data": refused.as_dict()}
    body: dict[str, Any] = {"jsonrpc": "2.0", "id": given, "error": error}
    headers = [(b"content-type", b"application/json")]
    headers += [(name.lower().encode(), value.encode()) for name, value in (more or {}).items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def mcp_http(app: App) -> McpHttp:
    """MCP over HTTP for this app; import this only where HTTP is served."""
    return McpHttp(app)
