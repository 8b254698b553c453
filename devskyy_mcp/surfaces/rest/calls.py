"""One REST request as one call on the road, and its answer."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ...context import Principal
from ...errors import Code, Refused
from ...guard.limits import ALLOWANCE
from ...guard.loopback import BODY_LIMIT, HEADERS, too_large
from ...guard.trust import HEADER, UNTRUSTED
from ...invoke import Call, Result
from ..strict_json import an_object
from .problem import problem_response

if TYPE_CHECKING:
    from ...app import App

KEY_LIMIT = 200
LONGEST_WAIT = 50.0
"""Seconds that a job's end is waited for, however long the caller would."""
_PREFERRED = re.compile(r"(?:^|[,;])\s*wait\s*=\s*(\d{1,6})\b", re.IGNORECASE)
Endpoint = Callable[[Request], Awaitable[Response]]


def app_of(request: Request) -> App:
    return request.app.state.devskyy


def principal_of(request: Request) -> Principal:
    """Whom the door has let in; it lets nobody in without one."""
    return request.scope["devskyy.principal"]


class Refusing:
    """The endpoint as an ASGI app of its own, its refusals as problem documents.

    Starlette would wrap a function's route in three more calls; a route of this must name its methods.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._endpoint(Request(scope, receive))
        except Refused as refused:
            challenges = scope["devskyy.challenges"]  # the door's
            refused = challenges.explained(refused, scope)
            response = problem_response(refused, headers=challenges.headers(refused, scope))
        await response(scope, receive, send)


async def body_of(request: Request, limit: int = BODY_LIMIT) -> bytes:
    """The whole body.

    Raises:
        Refused: TOO_LARGE above ``limit`` bytes, whatever length was announced; CANCELLED when the caller goes away.
    """
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise Refused(Code.CANCELLED, "The caller went away.")
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        chunks.append(chunk)
        more = message.get("more_body", False)
    return b"".join(chunks)


async def arguments_of(request: Request) -> dict[str, Any]:
    """The JSON object in the body; an empty body is an empty object."""
    body = await body_of(request)
    if not body:
        return {}
    return an_object(await request.app.state.bodies.parse(body, request.scope["devskyy.principal"].id))


def dumps(data: Any) -> bytes:
    return to_json(data, inf_nan_mode="null")  # JSON has no other word for them


def json_response(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(dumps(data), status, headers, "application/json")


def label(*, untrusted: bool) -> dict[str, str]:
    """The header of what holds text that customers or the web wrote."""
    return {HEADER: UNTRUSTED} if untrusted else {}


def tagged(request: Request, body: bytes, media_type: str = "application/json", *, untrusted: bool = False) -> Response:
    """The body with its ETag, or 304 when the caller has it already."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", **label(untrusted=untrusted)}
    known = {item.strip().removeprefix("W/") for item in request.headers.get("if-none-match", "").split(",")}
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, media_type)


async def invoke(request: Request, name: str, arguments: Mapping[str, Any]) -> Result:
    """Carry out the call; a read ends when its caller goes away.

    Raises:
        Refused: whatever the road refuses.
    """
    app = app_of(request)
    call = Call(principal_of(request), name, arguments, "rest", key=_key(request), wait=_wait(request))
    capability = app.registry.tools.get(name)
    watchers: list[asyncio.Task[None]] = []
    if capability is not None and not capability.policy.writes:
        call.on_slow = lambda: watchers.append(asyncio.create_task(_watch(request, call)))
    try:
        return await app.road.invoke(call)
    finally:
        for watcher in watchers:
            watcher.cancel()
        request.scope[ALLOWANCE] = call.allowance  # the door tells


async def _watch(request: Request, call: Call) -> None:
    """Cancel the call when its caller goes away."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    if call.scope is not None:
        call.scope.cancel()


def _wait(request: Request) -> float:
    """Seconds after ``Prefer: wait=N`` (RFC 7240 §4.3), as far as they are granted."""
    prefer: bytes | None = request.scope[HEADERS].get(b"prefer")
    given = _PREFERRED.search(prefer.decode("latin-1")) if prefer else None
    return min(float(given[1]), LONGEST_WAIT) if given else 0


def _key(request: Request) -> str | None:
    key: bytes | None = request.scope[HEADERS].get(b"idempotency-key")
    if key is None:
        return None
    if not 0 < len(key) <= KEY_LIMIT:
        raise Refused(Code.INVALID_ARGUMENTS, f"Idempotency-Key must have 1 to {KEY_LIMIT} characters.")
    return key.decode("latin-1")
