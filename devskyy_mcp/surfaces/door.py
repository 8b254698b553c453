"""The door: outermost of all, for MCP, REST, WebSocket and pages alike.

First whether the request may come in at all (names, sites, bodies), then who calls; on the way out security headers.
"""

from __future__ import annotations

import logging
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..auth.throttle import network
from ..context import Principal
from ..errors import Code, Refused, unforeseen
from ..guard.limits import ALLOWANCE, AddressLimits, Allowance, RequestLimits, too_many
from ..guard.loopback import HEADERS, OPEN_PATHS, Headers, Rules, is_file, is_open_to_all, is_page
from .callers import Callers
from .challenge import CHALLENGES, Challenges
from .rest.openapi import API
from .rest.problem import of_status, problem_response

log = logging.getLogger(__name__)
Pairs = list[tuple[bytes, bytes]]

HARDENING: Pairs = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
    (b"cache-control", b"no-store"),
]
HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
PREFLIGHT_SECONDS = b"600"
_METHODS = b"GET, POST, DELETE"
_ASKED = (
    b"authorization, content-type, idempotency-key, if-none-match, last-event-id, mcp-method, mcp-name, "
    b"mcp-protocol-version, mcp-session-id, prefer, x-csrf-token, x-devskyy-profile"
)
_EXPOSED = b"ETag, Location, Mcp-Session-Id, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate"


class Door:
    """What passes has ``scope["devskyy.principal"]``, but for pages and open paths. Nothing that went wrong inside
    leaves as a stack or a text.
    """

    def __init__(
        self,
        inside: ASGIApp,
        rules: Rules,
        callers: Callers,
        challenges: Challenges,
        addresses: AddressLimits,
        requests: RequestLimits,
    ) -> None:
        self.inside = inside
        self.requests = requests
        self.addresses = addresses
        self.rules = rules
        self.callers = callers
        self.challenges = challenges
        self._headers = HARDENING + ([HTTPS_ONLY] if rules.settings.base_url.startswith("https:") else [])
        self._names = frozenset(name for name, _ in self._headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.inside(scope, receive, send)
            return
        started = False
        shared: Pairs = []

        async def sent(message: Message) -> None:
            nonlocal started
            kind = message["type"]
            if kind == "http.response.start" or kind == "websocket.http.response.start":
                started = True
                self._harden(message, scope, shared)
            elif kind in {"websocket.accept", "websocket.close"}:
                started = True
            await send(message)

        try:
            scope[CHALLENGES] = self.challenges
            scope[HEADERS] = headers = self.rules.check(scope)
            shared += self._shared(scope, headers)
            if shared and _asks_first(scope, headers):
                await _allow(sent)
                return
            await self._enter(scope, headers)
            await self._pass(scope, receive, sent)
        except Refused as refused:
            await self._turn_away(scope, receive, sent, refused)
        except HTTPException as error:  # the router's: no such path, or not with this method
            await of_status(error.status_code, dict(error.headers or {}))(scope, receive, sent)
        except ClientDisconnect:  # in the middle of its body: nothing went wrong here
            if not started:
                await self._turn_away(scope, receive, sent, Refused(Code.CANCELLED, "The caller went away."))
        except Exception as error:
            refused = unforeseen(scope["path"], error)
            log.debug("the incident's trace", exc_info=error)
            if not started:
                await self._turn_away(scope, receive, sent, refused)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        principal: Principal | None = scope.get("devskyy.principal")
        if principal is None:
            await self.inside(scope, receive, send)
            return
        end_turn = await self.requests.begin(principal.id)
        try:
            await self.inside(scope, receive, send)
        finally:
            end_turn()

    async def _enter(self, scope: Scope, headers: Headers) -> None:
        """Say in the scope who calls, or count what comes without anybody."""
        path: str = scope["path"]
        if is_page(path) or is_open_to_all(path):
            await self._count(scope)
        elif is_file(scope):
            await self._visit(scope, headers)
        elif path not in OPEN_PATHS:
            principal = self.callers.at_once(scope, headers)
            scope["devskyy.principal"] = principal or await self._caller(scope, headers)

    async def _visit(self, scope: Scope, headers: Headers) -> None:
        """Who asks for a file, by what counts for REST; or nobody: a page of another site, or without any proof."""
        if self.rules.comes_from_afar(scope, headers):
            await self._count(scope)
            return
        asked = {**scope, "path": f"{API}{scope['path']}"}
        try:
            scope["devskyy.principal"] = self.callers.at_once(asked, headers) or await self._caller(asked, headers)
        except Refused as refused:
            if refused.code is not Code.UNAUTHENTICATED or b"authorization" in headers:
                raise

    async def _caller(self, scope: Scope, headers: Headers) -> Principal:
        """The caller; one whose proof is wrong counts against the address, before the next proof is looked at."""
        if wait := self.addresses.left_out(_address(scope)):
            raise too_many(wait)
        try:
            return await self.callers.of(scope, headers)
        except Refused as refused:
            if refused.code is Code.UNAUTHENTICATED:
                await self._count(scope)
            raise

    async def _count(self, scope: Scope) -> None:
        scope[ALLOWANCE] = allowance = await self.addresses.hit(_address(scope))
        allowance.enforce()

    def _shared(self, scope: Scope, headers: Headers) -> Pairs:
        """What lets a page of another origin read the answer (Fetch Standard §3.2); empty for none.

        Dashboards may send cookies; what is open to all is open without them.
        """
        origin = headers.get(b"origin")
        if origin is None or scope["type"] != "http":
            return []
        if is_open_to_all(scope["path"]):
            return [(b"access-control-allow-origin", b"*"), (b"cross-origin-resource-policy", b"cross-origin")]
        if origin.lower() not in self.rules.dashboards or is_page(scope["path"]):
            return []
        return [
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-credentials", b"true"),
            (b"access-control-expose-headers", _EXPOSED),
            (b"cross-origin-resource-policy", b"cross-origin"),
            (b"vary", b"Origin"),
        ]

    def _harden(self, message: Message, scope: Scope, shared: Pairs) -> None:
        allowance: Allowance | None = scope.get(ALLOWANCE)
        given: Pairs = [*message.get("headers", ()), *shared, *(allowance.headers if allowance is not None else ())]
        names = {name for name, _ in given}  # in lower case, as ASGI has them
        if names.isdisjoint(self._names):
            message["headers"] = given + self._headers
        else:
            message["headers"] = given + [header for header in self._headers if header[0] not in names]

    async def _turn_away(self, scope: Scope, receive: Receive, send: Send, refused: Refused) -> None:
        if scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
            headers = self.challenges.headers(refused, scope)
            await problem_response(refused, headers=headers)(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": refused.message[:100]})


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return network(client[0]) if client else ""


def _asks_first(scope: Scope, headers: Headers) -> bool:
    return scope["method"] == "OPTIONS" and b"access-control-request-method" in headers


async def _allow(send: Send) -> None:
    """The answer to a preflight."""
    asked: Pairs = [
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-allow-headers", _ASKED),
        (b"access-control-max-age", PREFLIGHT_SECONDS),
    ]
    await send({"type": "http.response.start", "status": HTTPStatus.NO_CONTENT, "headers": asked})
    await send({"type": "http.response.body", "body": b""})
