"""Scopes that a request lacks, told before it is dispatched: as HTTP 403, which has hosts ask their person for more.

Requests of 2026-07-28 say in headers what they are, and the SDK refuses those whose body says otherwise; of older ones,
and where a tool calls another by its name, the body is read. Whatever gets past this meets the same check on the road.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.shared.inbound import MCP_METHOD_HEADER, MCP_NAME_HEADER, NAME_BEARING_METHODS, decode_header_value
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope

from ...app import App
from ...capability import authorize
from ...context import Principal
from ...errors import Code, Refused
from ...reading import Reader
from ..challenge import CHALLENGES, Challenges
from ..strict_json import BigBodies
from .caller import PRINCIPAL

BODY_LIMIT = 4 * 1024 * 1024


@dataclass
class NotAllowed(Exception):
    """A request that is answered here. ``id`` is its own, None where it has none; ``headers`` the challenge."""

    refused: Refused
    id: str | int | None
    headers: Mapping[str, str]


def owner(principal: Principal) -> AuthenticatedUser:
    """The principal as the SDK compares it: a session belongs to whoever opened it, others are told there is none."""
    return _owner(principal.client, principal.id)


@lru_cache(maxsize=4096)
def _owner(client: str, subject: str) -> AuthenticatedUser:
    return AuthenticatedUser(AccessToken(token="", client_id=client, scopes=[], subject=subject))


class StepUp:
    """The check for one app, behind the door."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def checked(self, scope: Scope, receive: Receive) -> Receive:
        """The stream of the body, read or not, for a request that may go on.

        Raises:
            NotAllowed: when its principal lacks a scope.
        """
        headers = {name: value for name, value in scope["headers"] if name in _HEADERS}
        method = headers.get(_METHOD, b"").decode("latin-1")
        if method and method not in NAME_BEARING_METHODS:
            return receive  # whatever the body says: the SDK refuses it where that is another method
        name = decode_header_value(headers.get(_NAME, b"").decode("latin-1")) if method else None
        principal: Principal = scope[PRINCIPAL]
        refused = self._refusal(principal, method, name, None) if name else None
        body = b""
        if refused is not None or not name or self._stands_for_others(method, name):
            messages = await _read(receive)
            body = b"".join(message.get("body", b"") for message in messages)
            receive = _again(messages, receive)
        requests = _requests(body) if body else []
        for request in requests:
            refused = refused or self._refusal(principal, *_what(request))
        if refused is None:
            return receive
        given = requests[0].get("id") if len(requests) == 1 else None
        challenges: Challenges = scope[CHALLENGES]
        challenge = challenges.headers(challenges.explained(refused, scope), scope)
        raise NotAllowed(refused, given if isinstance(given, str | int) else None, challenge)

    def _stands_for_others(self, method: str, name: str) -> bool:
        tool = self._app.registry.tools.get(name)
        return method == "tools/call" and tool is not None and bool(tool.policy.proxies)

    def _refusal(self, principal: Principal, method: str, name: str, inner: str | None) -> Refused | None:
        try:
            self._check(principal, method, name, inner)
        except Refused as refused:
            if refused.code is Code.FORBIDDEN and refused.details.get("needed_scopes"):
                return refused
        return None

    def _check(self, principal: Principal, method: str, name: str, inner: str | None) -> None:
        registry = self._app.registry
        if method == "tools/call":
            tool, target = registry.tools.get(name), registry.tools.get(inner or "")
            if tool is not None and tool.policy.proxies and target is not None:
                authorize(principal, target, tool)
            elif tool is not None:
                authorize(principal, tool)
        elif method == "prompts/get" and name in registry.prompts:
            Reader(self._app.road, principal, "http").check_prompt(name)
        elif method == "resources/read":
            Reader(self._app.road, principal, "http").check(name)


_METHOD, _NAME = MCP_METHOD_HEADER.encode(), MCP_NAME_HEADER.encode()
_HEADERS = frozenset({_METHOD, _NAME})


async def strictly(receive: Receive, bodies: BigBodies, principal: str) -> Receive:
    """The stream of a body that has one meaning; what is too large is left to the SDK to refuse.

    Raises:
        Refused: as ``BigBodies.parse`` does.
        ClientDisconnect: when the caller goes away before its end.
    """
    messages = await _read(receive)
    body = b"".join(message.get("body", b"") for message in messages)
    if messages[-1]["type"] == "http.disconnect":
        raise ClientDisconnect
    if len(body) <= BODY_LIMIT:
        await bodies.parse(body, principal)
    return _again(messages, receive)


async def _read(receive: Receive) -> list[Message]:
    """The body as it came, as far as the SDK would read it."""
    messages: list[Message] = []
    size, more = 0, True
    while more and size <= BODY_LIMIT:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)
    return messages


def _again(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def stream() -> Message:
        message = next(waiting, None)
        return message if message is not None else await receive()

    return stream


def _requests(body: bytes) -> list[Mapping[str, Any]]:
    """The requests in the body; what is none is the SDK's to refuse."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return []
    given = cast("list[Any]", found) if isinstance(found, list) else [found]
    return [cast("Mapping[str, Any]", one) for one in given if isinstance(one, dict)]


def _what(request: Mapping[str, Any]) -> tuple[str, str, str | None]:
    """Its method, the name that it bears, and the name of the tool that the tool is to call."""
    method, params = request.get("method"), request.get("params")
    if not isinstance(method, str) or not isinstance(params, dict):
        return "", "", None
    given = cast("dict[str, Any]", params)
    name, arguments = given.get(NAME_BEARING_METHODS.get(method, "")), given.get("arguments")
    inner: Any = cast("dict[str, Any]", arguments).get("name") if isinstance(arguments, dict) else None
    return method, name if isinstance(name, str) else "", inner if isinstance(inner, str) else None
