"""A TCP proxy before an HTTP/1.1 server that counts requests and does harm by rule.

    async with FaultProxy(port) as proxy:                 # in front of 127.0.0.1:port
        lost = proxy.rule("lose_answer", "POST", "/wp-json/wc/v3/products")
        ...                                               # point the client at proxy.url
        assert proxy.count("POST") == 1 and lost.times_used == 1

Each request goes to the server on a connection of its own, and the client's connection is closed after each answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

Fault = Literal[
    "delay", "hold_request", "hold_answer", "drop_request", "lose_answer", "truncate", "replace", "black_hole"
]


@dataclass
class Rule:
    """What to do with requests whose method and path match.

    - ``delay``: wait ``seconds``, then forward.
    - ``hold_request``, ``hold_answer``: wait for ``release`` before the server is asked, or after it has answered.
    - ``drop_request``: close the connection; the server never sees the request.
    - ``lose_answer``: the server answers, the client's connection is closed without it.
    - ``truncate``: send only the first half of the answer's body, then close.
    - ``replace``: answer ``status``, ``headers``, ``body`` in the server's place; it never sees the request.
    - ``black_hole``: never answer, never close.
    """

    fault: Fault
    method: str = "*"
    path: str = ""
    times: int | None = None
    after: int = 0
    seconds: float = 0.0
    status: int = 502
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b"<html><body><h1>Bad Gateway</h1></body></html>"
    times_matched: int = 0
    times_used: int = 0
    hit: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    def applies(self, seen: Request) -> bool:
        """Whether this request is one of those: counts it, and spares the first ``after`` and all past ``times``."""
        if self.method not in ("*", seen.method) or not re.search(self.path, seen.path):
            return False
        self.times_matched += 1
        if self.times_matched <= self.after or (self.times is not None and self.times_used >= self.times):
            return False
        self.times_used += 1
        return True

    def answer(self) -> bytes:
        headers = {"content-type": "text/html", **self.headers, "content-length": str(len(self.body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} Fault\r\n{lines}connection: close\r\n\r\n".encode() + self.body


@dataclass
class Request:
    """A request that came by: its path with the query, whether the server was asked and the client answered."""

    method: str
    path: str
    head: bytes = field(repr=False)
    body: bytes = field(repr=False)
    forwarded: bool = False
    answered: bool = False


class FaultProxy:
    """Listens on a free port of 127.0.0.1 (``url``) before ``host:port``; ``requests`` has all that came, in order."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.requests: list[Request] = []
        self.rules: list[Rule] = []
        self.connections = 0
        self._upstream = (host, port)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        assert self._server is not None
        return self._server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rule(
        self,
        fault: Fault,
        method: str = "*",
        path: str = "",
        *,
        times: int | None = None,
        after: int = 0,
        seconds: float = 0.0,
        status: int = 502,
        headers: Mapping[str, str] | None = None,
        body: bytes = Rule.body,
    ) -> Rule:
        """Add a rule; the first that applies is used. ``path`` is a regular expression, searched in path and query."""
        rule = Rule(fault, method, path, times, after, seconds, status, headers or {}, body)
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Forget the rules, and let go what they hold."""
        for rule in self.rules:
            rule.release.set()
        self.rules.clear()

    def seen(self, method: str = "*", path: str = "") -> list[Request]:
        return [one for one in self.requests if method in ("*", one.method) and re.search(path, one.path)]

    def count(self, method: str = "*", path: str = "", *, forwarded: bool | None = None) -> int:
        """How many requests came; with ``forwarded``, only those that the server was (or was not) asked."""
        return sum(forwarded in (None, one.forwarded) for one in self.seen(method, path))

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            request = await _read_request(reader)
            if request is not None:
                self.requests.append(request)
                await self._serve(request, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # a client or server that goes away, or the end of the test: all are what this is for
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _serve(self, request: Request, writer: asyncio.StreamWriter) -> None:
        rule = next((rule for rule in self.rules if rule.applies(request)), None)
        fault = rule.fault if rule else None
        if rule is not None and fault not in ("hold_answer", "lose_answer", "truncate"):
            rule.hit.set()
            if not await self._before(rule, writer):
                request.answered = fault == "replace"
                return
        answer = await self._ask(request)
        if rule is not None and fault in ("hold_answer", "lose_answer", "truncate"):
            rule.hit.set()
            if fault == "hold_answer":
                await rule.release.wait()
            if fault == "lose_answer":
                return
            if fault == "truncate":
                head, _, body = answer.partition(b"\r\n\r\n")
                answer = head + b"\r\n\r\n" + body[: len(body) // 2]
        writer.write(answer)
        await writer.drain()
        request.answered = fault != "truncate"

    async def _before(self, rule: Rule, writer: asyncio.StreamWriter) -> bool:
        """Do what is due before the server is asked; False when it is not to be asked at all."""
        if rule.fault == "delay":
            await asyncio.sleep(rule.seconds)
            return True
        if rule.fault == "hold_request":
            await rule.release.wait()
            return True
        if rule.fault == "black_hole":
            await rule.release.wait()
        if rule.fault == "replace":
            writer.write(rule.answer())
            await writer.drain()
        return False

    async def _ask(self, request: Request) -> bytes:
        reader, writer = await asyncio.open_connection(*self._upstream)
        try:
            request.forwarded = True
            writer.write(request.head + request.body)
            await writer.drain()
            return await reader.read(-1)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    """One request, its head told to close the connection after the answer; None when the client sends nothing."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, path, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
    fields = dict(re.findall(rb"(?im)^(content-length|transfer-encoding|expect):[ \t]*([^\r\n]*)", head))
    lengths = {name.lower(): value for name, value in fields.items()}
    body = b""
    if b"content-length" in lengths:
        body = await reader.readexactly(int(lengths[b"content-length"]))
    elif b"transfer-encoding" in lengths:
        body = await _read_chunks(reader)
    kept = re.sub(rb"(?im)^connection:[^\r\n]*\r\n", b"", head)
    return Request(method, path, kept[:-2] + b"connection: close\r\n\r\n", body)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    """A chunked body as it is on the wire."""
    raw = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        raw += line + await reader.readexactly(size + 2)
        if size == 0:
            return raw
