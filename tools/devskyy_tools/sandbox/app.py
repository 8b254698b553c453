"""The ASGI app: reads a request, lets queued faults have their way, and gives it to the shop."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import Message, Receive, Scope, Send

from devskyy_tools.sandbox import serving
from devskyy_tools.sandbox.envelope import Upload
from devskyy_tools.sandbox.faults import ERROR_PAGE, Fault, Faults
from devskyy_tools.sandbox.seed import sow
from devskyy_tools.sandbox.serving import Answer, Asked
from devskyy_tools.sandbox.site import Site
from devskyy_tools.sandbox.store import Store

KEPT_REQUESTS = 10_000


@dataclass(slots=True)
class Seen:
    """One request in the log; status is 0 when no answer left. size is the request body's bytes."""

    method: str
    path: str
    query: str
    size: int
    status: int = 0


@dataclass(slots=True)
class Sandbox:
    """What `app.state.sandbox` holds: the request log, the fault queue, the store and the shop's address."""

    store: Store
    site: Site
    faults: Faults
    latency: float
    served: bool
    requests: deque[Seen] = field(default_factory=lambda: deque[Seen](maxlen=KEPT_REQUESTS))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        path = unquote(scope.get("raw_path", b"").split(b"?")[0].decode() or scope["path"])
        shown = path.removeprefix("/wp-json") or "/"
        seen = Seen(request.method, shown, request.url.query, len(body))
        self.requests.append(seen)
        faults = self.faults.take(request.method, shown)
        delay = self.latency + sum(fault.seconds for fault in faults if fault.kind == "latency")
        if delay:
            await anyio.sleep(delay)
        response = await self._answer(request, path, body, faults, receive)
        if response is None:
            await _hang_up(send)
            return
        seen.status = response.status_code
        await response(scope, receive, send)

    async def _answer(
        self, request: Request, path: str, body: bytes, faults: list[Fault], receive: Receive
    ) -> Response | None:
        by_kind = {fault.kind: fault for fault in faults}
        if fault := by_kind.get("status"):
            headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else None
            return Response(ERROR_PAGE, fault.status, headers, "text/html")
        if "html" in by_kind:
            return Response(ERROR_PAGE, 200, None, "text/html; charset=UTF-8")
        if "lost_before" in by_kind:
            return await self._lost(receive, "timeout")
        answer = serving.answer(self.store, self.site, await _asked(request, path, body))
        if "lost_after" in by_kind:
            return await self._lost(receive, "timeout")
        if "drop" in by_kind:
            return await self._lost(receive, "drop")
        return _response(answer, truncated="truncated" in by_kind)

    async def _lost(self, receive: Receive, how: Literal["timeout", "drop"]) -> None:
        """Let the client see a dead connection: in process by the error it would get, on a socket by silence."""
        if not self.served:
            import httpx2

            if how == "drop":
                raise httpx2.RemoteProtocolError("Server disconnected without sending a response.")
            raise httpx2.ReadTimeout("The read operation timed out")
        while how == "timeout":
            message: Message = await receive()
            if message["type"] == "http.disconnect":
                return


async def _hang_up(send: Send) -> None:
    """Promise a body and send none, on which the server closes the socket."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000000")]})


async def _asked(request: Request, path: str, body: bytes) -> Asked:
    kind = request.headers.get("content-type", "")
    form: list[tuple[str, Any]] = []
    files: dict[str, Upload] = {}
    if kind.startswith("multipart/form-data"):
        async with request.form() as parts:
            for name, part in parts.multi_items():
                if isinstance(part, str):
                    form.append((name, part))
                else:
                    files[name] = Upload(part.filename or "", await part.read(), part.content_type or "")
    return Asked(
        method=request.headers.get("x-http-method-override", request.method).upper(),
        path=path,
        scheme=request.url.scheme,
        host=request.headers.get("host", ""),
        query=request.url.query,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        form=form,
        files=files,
    )


def _response(answer: Answer, *, truncated: bool) -> Response:
    if isinstance(answer.content, bytes):
        return Response(answer.content, answer.status, answer.headers)
    text = json.dumps(answer.content, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(text[: len(text) // 2] if truncated else text, answer.status, answer.headers)


def create_sandbox(
    path: Path | None = None,
    *,
    faults: Faults | None = None,
    seed: bool = True,
    latency: float = 0.0,
    environment: Literal["local", "production"] = "local",
    url: str = "http://sandbox.test",
    served: bool = False,
    plugin: bool = True,
) -> Starlette:
    """Open the demo shop and return it as an ASGI app.

    Args:
        path: its SQLite file, which several processes may open and which survives restarts; None keeps it in memory.
        faults: what shall go wrong; more can be queued later on `app.state.sandbox.faults`.
        seed: fill a new shop with the demo brand; without it there are only the users, keys and settings.
        latency: seconds added to every answer.
        environment: WP_ENVIRONMENT_TYPE; anything but local silently ignores application passwords over http.
        url: the stored site address, from which all links and picture addresses are built.
        served: True behind a real socket, where a lost answer is silence instead of an exception in the client.
        plugin: whether DevSkyy's own plugin is active on it.
    """
    store = Store(path)
    sow(store, goods=seed)
    sandbox = Sandbox(store, Site(url.rstrip("/"), environment, plugin=plugin), faults or Faults(), latency, served)
    app = Starlette(routes=[Mount("/", app=sandbox)])
    app.state.sandbox = sandbox
    return app
