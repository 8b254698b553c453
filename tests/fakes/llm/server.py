"""The server, and what it is told to say: the same for all providers, whose files put it in their words.

``python -m tests.fakes.llm.server PORT`` serves it in a process of its own; ``POST /_say`` takes a list of answers as
JSON, ``GET /_asked`` gives what was asked.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any, Literal, Protocol, cast

import anyio
import uvicorn
from pydantic import TypeAdapter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from devskyy_mcp.llm.port import NAMES, Kind, Name, Reason, Usage

Asking = Literal["answer", "count", "models"]
Harm = Literal["truncated", "error", "dropped", "silence", "garbage", "mute", "page", "gateway", "moved"]
PAGES: dict[Harm, int] = {"page": 200, "gateway": 502}
SIGNATURE = "+vv8/f7/c2lnbmVk"
"""What the provider signs its thinking with, base64; it comes back unchanged or the next call is refused."""


@dataclass(frozen=True)
class Called:
    """A tool that is called: ``arguments`` as JSON, or a text that is not."""

    name: str
    arguments: dict[str, Any] | str = field(default_factory=dict[str, Any])
    id: str = "call_1"

    @property
    def text(self) -> str:
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)


@dataclass(frozen=True)
class Refusal:
    """Instead of an answer: an HTTP status with the provider's error."""

    kind: Kind
    retry_after: str = ""
    """The value of Retry-After, if any."""


@dataclass(frozen=True)
class Fault:
    """What breaks an answer that has begun.

    - ``truncated``: the body ends as if all were said. - ``error``: the provider's own error in the stream.
    - ``dropped``: the connection breaks. - ``silence``: nothing more comes.
    - ``garbage``: the next event is half of its JSON.
    - ``mute``: not even headers come. - ``page``: an HTML page with status 200. - ``gateway``: one with status 502.
    - ``moved``: a redirect to somebody else.

    ``after``: events that come first; half of them where it is not said.
    """

    harm: Harm
    after: int | None = None


@dataclass(frozen=True)
class Answer:
    """What a model says. ``text`` comes in these pieces; ``calls`` after it. ``stop`` follows from ``calls``."""

    text: str | tuple[str, ...] = ()
    calls: tuple[Called, ...] = ()
    reasoning: tuple[str, ...] = ()
    stop: Reason | None = None
    wait: float = 0.0
    """Seconds before anything of it is said."""
    usage: Usage = field(default_factory=lambda: Usage(input=11, output=7))
    fault: Fault | None = None

    @property
    def pieces(self) -> tuple[str, ...]:
        return (self.text,) if isinstance(self.text, str) else self.text

    @property
    def reason(self) -> Reason:
        return self.stop or ("tool" if self.calls else "end")


@dataclass(frozen=True)
class Spoken:
    """An answer in a provider's words: the body's events, of which ``needed`` make it whole (all, if 0)."""

    events: list[bytes]
    needed: int = 0
    media: str = "text/event-stream"
    status: int = 200


class Wire(Protocol):
    """How one provider speaks: ``tests/fakes/llm/<provider>.py`` has one called ``WIRE``. What is said
    here goes for most of them.
    """

    name: Name
    key: str
    """The only key that it takes."""
    base: str = ""
    """What follows the server's address in the setting of the address, as ``/v1``."""
    kinds: tuple[Kind, ...]
    """What its refusals can be told apart by."""

    paths: Mapping[tuple[str, str], Asking] = {}
    """What is asked for, by method and path."""

    def authorised(self, headers: Mapping[str, str]) -> bool:
        return headers.get("authorization") == f"Bearer {self.key}"

    def asking(self, method: str, path: str) -> Asking | None:
        """What is asked for, by the path behind the server's own part of it."""
        return self.paths.get((method, path))

    def model(self, asked: Asked) -> str:
        return asked.body["model"]

    def answer(self, answer: Answer, asked: Asked) -> Spoken:
        """The answer as a stream of events, with their ends of line."""
        ...

    def broken(self) -> bytes:
        """The event of an error inside a stream."""
        ...

    def refusal(self, kind: Kind) -> tuple[int, Any]:
        """Status and body."""
        ...

    def headers(self, number: int) -> dict[str, str]:
        """That every answer has: the id of the request."""
        ...

    def count(self, asked: Asked) -> Any:
        """The answer to a question for tokens."""
        ...

    def models(self) -> Any:
        """The answer to a question for models; one of them is called ``MODEL``."""
        ...

    def results(self, body: Any) -> list[str]:
        """What the tools gave that the request tells of, in order."""
        ...


MODEL = "model-of-the-loopback"
TOKENS = 42
"""What every count gives."""


@dataclass
class Asked:
    """A request as it came over the wire. ``gone`` is set when its connection is."""

    provider: Name
    asking: Asking
    path: str
    query: str
    headers: dict[str, str]
    raw: bytes
    peer: int
    """The port of the connection it came by."""
    gone: anyio.Event = field(default_factory=anyio.Event)

    @cached_property
    def body(self) -> Any:
        return json.loads(self.raw or b"null")

    @property
    def results(self) -> list[str]:
        return wire(self.provider).results(self.body)


Step = Answer | Refusal
Scripted = Callable[[Asked], Step]


def wire(name: Name) -> Wire:
    return cast("Wire", import_module(f"tests.fakes.llm.{name}").WIRE)


def spoken_by(name: Name) -> bool:
    """Whether the provider's wire is here."""
    from importlib.util import find_spec

    return find_spec(f"tests.fakes.llm.{name}") is not None


@dataclass
class Models:
    """The server. Answers are taken from ``script`` in turn, then from ``always``; without both it is an error."""

    address: str = ""
    script: list[Step] = field(default_factory=list[Step])
    always: Scripted | None = None
    asked: list[Asked] = field(default_factory=list[Asked])
    faults: list[str] = field(default_factory=list[str])
    """What was asked and could not be answered: the test's own mistake."""

    def say(self, *steps: Step) -> None:
        self.script.extend(steps)

    def url(self, name: Name) -> str:
        """What the provider's setting of its address says."""
        return f"{self.address}/{name}{wire(name).base}"

    def settings(self, *names: Name) -> dict[str, Any]:
        """Settings by which these providers, or all, are asked here."""
        chosen = names or tuple(name for name in NAMES if spoken_by(name))
        keys = {f"{name}_api_key": wire(name).key for name in chosen}
        return keys | {f"{name}_url": self.url(name) for name in chosen}

    async def take(self, request: Request) -> Response:
        name: Name = request.path_params["provider"]
        if name not in NAMES:
            return self._fault(f"no provider {name}")
        spoken = wire(name)
        path = "/" + request.path_params["path"]
        asking = spoken.asking(request.method, path)
        if asking is None:
            return self._fault(f"{request.method} {request.url.path}")
        headers = dict(request.headers)
        asked = Asked(name, asking, path, request.url.query, headers, await request.body(), _peer(request))
        self.asked.append(asked)
        step = self._next(spoken, asked)
        if isinstance(step, Response):
            return step
        if isinstance(step, Refusal):
            return self._refusal(spoken, step)
        return await self._answer(spoken, step, asked, request)

    def _next(self, spoken: Wire, asked: Asked) -> Step | Response:
        if not spoken.authorised(asked.headers):
            return Refusal("auth")
        if self.script and (asked.asking == "answer" or isinstance(self.script[0], Refusal)):
            return self.script.pop(0)
        if asked.asking == "count":
            return JSONResponse(spoken.count(asked), headers=spoken.headers(len(self.asked)))
        if asked.asking == "models":
            return JSONResponse(spoken.models(), headers=spoken.headers(len(self.asked)))
        if self.always is not None:
            return self.always(asked)
        return self._fault(f"nothing to say to {asked.provider}")

    def _fault(self, words: str) -> Response:
        self.faults.append(words)
        return JSONResponse({"fake": words}, 501)

    def _refusal(self, spoken: Wire, step: Refusal) -> Response:
        status, body = spoken.refusal(step.kind)
        extra = {"retry-after": step.retry_after} if step.retry_after else {}
        return JSONResponse(body, status, spoken.headers(len(self.asked)) | extra)

    async def _answer(self, spoken: Wire, answer: Answer, asked: Asked, request: Request) -> Response:
        headers = spoken.headers(len(self.asked))
        if answer.fault and answer.fault.harm in PAGES:
            status = PAGES[answer.fault.harm]
            return Response("<html><title>Sorry</title></html>", status, media_type="text/html", headers=headers)
        if answer.fault and answer.fault.harm == "moved":
            return Response(status_code=307, headers=headers | {"location": f"{self.address}/somebody/else"})
        if answer.fault and answer.fault.harm == "mute":
            await _until_gone(request)
            asked.gone.set()
            return Response(status_code=204)
        await anyio.sleep(answer.wait)
        try:
            said = spoken.answer(answer, asked)
        except KeyError as error:
            return self._fault(f"{asked.provider} has no word for {error}")
        body = _body(said.events, answer.fault, spoken, asked, request)
        return StreamingResponse(body, said.status, media_type=said.media, headers=headers)

    async def say_by_wire(self, request: Request) -> Response:
        self.say(*TypeAdapter(list[Step]).validate_json(await request.body()))
        return Response(status_code=204)

    async def asked_by_wire(self, _request: Request) -> Response:
        shown = [{"provider": one.provider, "path": one.path, "body": one.body} for one in self.asked]
        return JSONResponse({"asked": shown, "faults": self.faults})

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/_say", self.say_by_wire, methods=["POST"]),
                Route("/_asked", self.asked_by_wire),
                Route("/{provider}/{path:path}", self.take, methods=["GET", "POST"]),
            ]
        )


class Dropped(Exception):
    """Breaks the connection: uvicorn closes it without the last chunk."""


async def _body(
    events: list[bytes], fault: Fault | None, spoken: Wire, asked: Asked, request: Request
) -> AsyncGenerator[bytes]:
    before = len(events)
    if fault is not None:
        before = len(events) // 2 if fault.after is None else fault.after
    try:
        for event in events[:before]:
            yield event
        match fault.harm if fault else None:
            case "error":
                yield spoken.broken()
            case "garbage":
                yield events[before][:-8] + b"\n\n"
            case "silence":
                await anyio.sleep_forever()  # until the connection is gone
            case "dropped":
                raise Dropped
            case _:
                pass
    finally:
        asked.gone.set()


def _peer(request: Request) -> int:
    return request.client.port if request.client else 0


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def events(parts: Iterable[tuple[str, Any]]) -> list[bytes]:
    """Server-sent events: a name, or none, and the data as JSON."""
    return [event(name, data) for name, data in parts]


def event(name: str, data: Any) -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


class _Quiet:
    """Runs the app and swallows ``Dropped`` once the connection is broken."""

    def __init__(self, app: Starlette) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self.app(scope, receive, send)
        except Dropped:
            return
        except BaseExceptionGroup as group:
            rest = group.split(Dropped)[1]
            if rest is not None:
                raise rest from None


@asynccontextmanager
async def speaking() -> AsyncGenerator[Models]:
    """The server on a loopback port that the system chooses, on this event loop."""
    listener = socket.create_server(("127.0.0.1", 0))
    models = Models(f"http://127.0.0.1:{listener.getsockname()[1]}")
    server = uvicorn.Server(
        uvicorn.Config(_Quiet(models.app()), log_config=None, access_log=False, lifespan="off", http="h11")
    )
    failed: Exception | None = None
    with listener:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listener])
            try:
                yield models
            except Exception as error:  # raised below, as it is: the group would wrap it
                failed = error
            finally:
                server.should_exit = server.force_exit = True
    if failed is not None:
        raise failed
    assert not models.faults, models.faults


if __name__ == "__main__":
    uvicorn.run(_Quiet(Models().app()), port=int(sys.argv[1]), log_level="error", lifespan="off", http="h11")
