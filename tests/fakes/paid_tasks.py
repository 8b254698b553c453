"""What the servers that stand in for providers of paid tasks have in common: tasks, their files, and what goes wrong.

Over their wire only; ``/_seen`` and ``/_faults`` are for tests in other processes.
"""

from __future__ import annotations

import asyncio
import struct
import time
import zlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import anyio
import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from devskyy_mcp.guard.ssrf import fetch_public
from devskyy_tools.studio.providers.downloads import LARGEST, Downloads

from .models3d import glb, usdz
from .site import Rerouted

FBX = b"Kaydara FBX Binary  \0\x1a\0" + b"\0" * 64
LOST_AFTER = 0.05
Json = dict[str, Any]


def glb_of(words: str) -> bytes:
    """A triangle that no other words have: they are in a chunk of their own, as the format allows."""
    text = words.encode()
    text += b" " * (-len(text) % 4)
    whole = glb() + struct.pack("<I4s", len(text), b"WORD") + text
    return whole[:8] + struct.pack("<I", len(whole)) + whole[12:]


def png() -> bytes:
    """One grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b"")


@dataclass
class PaidTask:
    """A task that somebody is charged for. ``states`` are told one after the other, the last for ever."""

    id: str
    action: str
    body: Json
    at: float
    states: list[str]
    extra: Json = field(default_factory=dict[str, Any])


@dataclass
class TaskServer:
    """The common part. ``faults`` is what to do with the next requests: ``submit``, ``poll``, ``file`` and ``list``.

    A submission may be ``lost`` (taken, answered by a gateway's page), ``hang`` (taken, never answered), ``cut``
    (taken, half an answer), ``page`` (not taken, answered 200 with HTML), or what the provider's own server adds. A
    file may be ``slow``, ``cut`` (fewer bytes than were told), ``short`` (a whole answer with half a model),
    ``oversize``, ``page``, ``403``, ``private``. ``states`` are those of the next tasks, one list each.
    """

    key: str
    files: str
    faults: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    states: list[list[str]] = field(default_factory=list[list[str]])
    extras: list[Json] = field(default_factory=list[Json])
    tasks: dict[str, PaidTask] = field(default_factory=dict[str, PaidTask])
    sent: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    fetched: list[str] = field(default_factory=list[str])

    usual: ClassVar[tuple[str, ...]] = ()

    def fault(self, where: str) -> str:
        waiting = self.faults.get(where, [])
        return waiting.pop(0) if waiting else ""

    def take(self, action: str, body: Json) -> PaidTask:
        """A new task, which costs."""
        states = self.states.pop(0) if self.states else list(self.usual)
        extra = self.extras.pop(0) if self.extras else {}
        task = PaidTask(f"{action}-{len(self.tasks)}", action, body, time.time(), states, extra)
        self.tasks[task.id] = task
        return task

    def step(self, task: PaidTask) -> str:
        return task.states.pop(0) if len(task.states) > 1 else task.states[0]

    def paid(self, words: str) -> int:
        """How many tasks were made of a prompt."""
        return sum(1 for task in self.tasks.values() if task.body.get("prompt") == words)

    async def after(self, request: Request, fault: str, answer: Json) -> Response:
        """The answer to a submission that was taken, as the fault leaves it."""
        while fault == "hang" and not await request.is_disconnected():
            await asyncio.sleep(0.02)
        if fault == "lost":
            await asyncio.sleep(LOST_AFTER)
            return Response("<html>Bad gateway</html>", 502, media_type="text/html")
        if fault == "cut":
            return Response('{"code": 0, "da', media_type="application/json")
        return JSONResponse(answer)

    def url(self, name: str) -> str:
        """Where a file lies, by a signed address."""
        if self.faults.get("file", [])[:1] == ["private"]:
            return "https://10.0.0.8/model.glb"
        return f"{self.files}/{name}?X-Amz-Signature=0123456789abcdef"

    async def file(self, request: Request) -> Response:
        name = request.path_params["name"]
        self.fetched.append(name)
        fault = self.fault("file")
        task = self.tasks.get(name.rpartition(".")[0].removeprefix("poster-"))
        content, kind = self._content(name, task)
        if fault == "403":
            return Response("<Error>Request has expired</Error>", 403)
        if fault == "page":
            return Response("<html>Sign in</html>", media_type="text/html")
        if fault == "short":
            return Response(content[: len(content) // 2], media_type=kind)
        if fault in {"slow", "cut", "oversize"}:
            return StreamingResponse(_spoilt(content, fault), media_type=kind, headers=_told(content, fault))
        return Response(content, media_type=kind)

    def _content(self, name: str, task: PaidTask | None) -> tuple[bytes, str]:
        match name.rpartition(".")[2]:
            case "png":
                return png(), "image/png"
            case "usdz":
                return usdz(), "application/zip"
            case "fbx":
                return FBX, "application/octet-stream"
            case _:
                return glb_of(task.id if task else name), "model/gltf-binary"

    async def live(self, _request: Request) -> Response:
        return Response("ok")

    async def seen(self, _request: Request) -> Response:
        tasks = [{"id": one.id, "action": one.action, "body": one.body} for one in self.tasks.values()]
        return JSONResponse({"tasks": tasks, "fetched": self.fetched, "sent": self.sent})

    async def harm(self, request: Request) -> Response:
        self.faults.update(await request.json())
        return Response(status_code=204)

    def routes(self) -> list[Route]:
        raise NotImplementedError

    def app(self) -> Starlette:
        common = [
            Route("/files/{name}", self.file),
            Route("/_seen", self.seen),
            Route("/_faults", self.harm, methods=["POST"]),
            Route("/health/live", self.live),
        ]
        return Starlette(routes=[*common, *self.routes()])


async def _spoilt(content: bytes, fault: str) -> AsyncGenerator[bytes]:
    if fault == "oversize":
        for _ in range(64):
            yield content[:12] + b"\0" * 65_536
        return
    half = len(content) // 2
    yield content[:half]
    if fault == "slow":
        await anyio.sleep(0.3)
        yield content[half:]


def _told(content: bytes, fault: str) -> Mapping[str, str]:
    return {"content-length": str(len(content))} if fault == "cut" else {}


async def anywhere(_host: str, _port: int) -> list[str]:
    """A public address for each name; the network of these tests leads it to loopback."""
    return ["1.1.1.1"]


def downloads(port: int, largest: int = LARGEST) -> Downloads:
    """Downloads that go through all checks of addresses, by a network that ends at a port of loopback."""
    transport: httpx2.AsyncBaseTransport = Rerouted(port)
    return Downloads(partial(fetch_public, resolve=anywhere, transport=transport), largest)
