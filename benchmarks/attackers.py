"""Attackers for ``attacks``: a process that sends at a set rate, or holds connections open, until told to end.

Plain sockets, so that an attacker costs less than what it attacks; the lowest priority, since a real one computes on
machines of its own. Each address is one of 127.0.0.0/8.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, cast

WORKERS = 40
"""Connections of a flood from one address."""
SPOTS = [f"127.0.1.{number}" for number in range(1, 251)]
"""A botnet's addresses."""
NEAR = "127.0.0.2"
WAIT = 20.0
EVERY = 1.0
"""Seconds between two signs of life of a connection that is held."""


@dataclass
class Target:
    """What is attacked: a port of 127.0.0.1, and another principal's key."""

    port: int
    key: str


@dataclass
class Tally:
    """Answers by their status; 0 where the connection was closed without one. ``opened``: connections made."""

    statuses: Counter[int] = field(default_factory=Counter[int])
    opened: int = 0


class Wire:
    """One connection from one address, made anew when the server closed it."""

    def __init__(self, port: int, address: str, tally: Tally | None = None, buffer: int = 0) -> None:
        self._port = port
        self._address = address
        self._buffer = buffer
        self._tally = tally or Tally()
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def open(self) -> asyncio.StreamWriter:
        if self.writer is not None and not self.writer.is_closing():
            return self.writer
        link = socket.socket()
        link.setblocking(False)
        link.bind((self._address, 0))
        if self._buffer:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._buffer)
        try:
            await asyncio.get_running_loop().sock_connect(link, ("127.0.0.1", self._port))
        except BaseException:
            link.close()
            raise
        self.reader, self.writer = await asyncio.open_connection(sock=link, limit=1 << 22)
        self._tally.opened += 1
        return self.writer

    async def ask(self, payload: bytes) -> int:
        """Send one request and read its answer; the status, 0 when the connection ended instead."""
        status = 0
        try:
            async with asyncio.timeout(WAIT):
                (await self.open()).write(payload)
                assert self.reader is not None
                status, closes = await _answer(self.reader)
            if closes:
                self.close()
        except (OSError, asyncio.IncompleteReadError, ValueError):  # a timeout is an OSError
            self.close()
        return status

    def close(self) -> None:
        if self.writer is not None:
            self.writer.transport.abort()
        self.writer = None


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """Status, and whether the connection ends with it."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head.split(b" ", 2)[1])
    if b"transfer-encoding: chunked" in head:
        await reader.readuntil(b"0\r\n\r\n")
    elif b"content-length: " in head:
        await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
    return status, b"connection: close" in head or status == 101


def request(
    path: str, body: bytes = b"", *, method: str = "POST", kind: str = "application/json", more: str = ""
) -> bytes:
    """One request. ``more`` are header lines, each with its end."""
    framing = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n" if method == "POST" else ""
    return f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\n{framing}{more}\r\n".encode() + body


HOST = "mcp.example.com"
TOOL = "/api/v1/tools/woo_products_list"
LIST = json.dumps({"limit": 5}).encode()
HANDSHAKE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: devskyy.v1\r\n"
)
Make = Callable[[Target, int], bytes]
Attack = Callable[[Target, Tally], Coroutine[Any, Any, None]]


def bearer(token: str) -> str:
    return f"Authorization: Bearer {token}\r\n"


def flood(make: Make, rate: float, spots: Sequence[str] = (NEAR,), workers: int = 0) -> Attack:
    """So many requests a second over some connections, from those addresses in turn."""

    async def attack(target: Target, tally: Tally) -> None:
        loop, numbers = asyncio.get_running_loop(), iter(range(10**9))
        began = loop.time()

        async def work(number: int) -> None:
            wire = Wire(target.port, spots[number % len(spots)], tally)
            try:
                while True:
                    turn = next(numbers)
                    await asyncio.sleep(max(began + turn / rate - loop.time(), 0))
                    tally.statuses[await wire.ask(make(target, turn))] += 1
            finally:
                wire.close()

        async with asyncio.TaskGroup() as tasks:
            for number in range(workers or max(WORKERS, len(spots))):
                tasks.create_task(work(number))

    return attack


def hold(number: int, first: bytes, drip: bytes, spots: Sequence[str], *, reads: bool = True) -> Attack:
    """So many connections that say ``first``, then ``drip`` once a second, and come back when they are closed.

    Args:
        reads: whether they read what they are told.
    """

    async def attack(target: Target, tally: Tally) -> None:
        said = first.replace(b"KEY", target.key.encode())

        async def keep(index: int) -> None:
            wire = Wire(target.port, spots[index % len(spots)], tally, 0 if reads else 4096)
            try:
                while True:
                    with suppress(OSError, asyncio.IncompleteReadError, ValueError):
                        await _hold(wire, said, drip, reads)
                        tally.statuses[0] += 1
                    wire.close()
                    await asyncio.sleep(EVERY)
            finally:
                wire.close()

        async with asyncio.TaskGroup() as tasks:
            for index in range(number):
                tasks.create_task(keep(index))

    return attack


async def _hold(wire: Wire, first: bytes, drip: bytes, reads: bool) -> None:
    writer = await wire.open()
    assert wire.reader is not None
    if not reads:
        cast("asyncio.Transport", writer.transport).pause_reading()
    writer.write(first)
    while not writer.is_closing() and not wire.reader.at_eof():
        await asyncio.sleep(EVERY)
        if drip:
            writer.write(drip)
        await writer.drain()


async def sockets(target: Target, tally: Tally) -> None:
    """WebSockets of another principal that send rubbish, and handshakes of nobody."""
    rubbish = _frame(b'{"id": 1, "call": "' + b"x" * 50 + b'", "arguments": {}}')
    greeting = request("/api/v1/ws", method="GET", more=HANDSHAKE + bearer(target.key))
    nobody = flood(lambda _t, _n: request("/api/v1/ws", method="GET", more=HANDSHAKE), 200, SPOTS)

    async def talk() -> None:
        wire = Wire(target.port, NEAR, tally)
        try:
            while True:
                with suppress(OSError, asyncio.IncompleteReadError, ValueError):
                    writer = await wire.open()
                    writer.write(greeting)
                    assert wire.reader is not None
                    status, _ = await _answer(wire.reader)
                    tally.statuses[status] += 1
                    while status == 101 and not wire.reader.at_eof():
                        writer.write(rubbish * 5)
                        await writer.drain()
                        await asyncio.sleep(0.1)
                        async with asyncio.timeout(0.001):
                            await wire.reader.read(1 << 20)
                wire.close()
                await asyncio.sleep(1)
        finally:
            wire.close()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(nobody(target, tally))
        for _ in range(25):
            tasks.create_task(talk())


def _frame(text: bytes) -> bytes:
    """A masked text frame (RFC 6455 §5.2) of fewer than 126 bytes."""
    return bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text


def forged(number: int) -> str:
    """A token in a JWT's shape; each is another."""
    return f"eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IngifQ.eyJuIjo{number:08d}fQ." + "A" * 86


def _login(_: Target, number: int) -> bytes:
    form = f"login=somebody{number % 500}%40example.com&password=guess-number-{number}".encode()
    return request("/login", form, kind="application/x-www-form-urlencoded")


BIG = b'{"search": "' + b"x" * 3_900_000 + b'"}'
MANY = b'{"search": [' + b"{}," * 240_000 + b"{}]}"
DEEP = b'{"search": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def _huge(target: Target, number: int) -> bytes:
    body = (BIG, MANY, DEEP)[number % 3]
    return request(TOOL, body, more=bearer(target.key))


EXPENSIVE: list[tuple[str, dict[str, Any]]] = [
    ("woo_products_list", {"limit": 100}),
    ("woo_orders_list", {"limit": 100}),
    ("woo_reports_sales", {}),
    ("tools_find", {"query": "change the price of many products at once"}),
]


def _expensive(target: Target, number: int) -> bytes:
    tool, arguments = EXPENSIVE[number % len(EXPENSIVE)]
    return request(f"/api/v1/tools/{tool}", json.dumps(arguments).encode(), more=bearer(target.key))


def attacks(rate: float) -> dict[str, Attack]:
    """All of them, by what the table calls them. ``rate``: requests a second of a flood."""
    slow_head = request("/health/live", method="GET")[:-2] + b"X-A: "
    slow_form = request("/login", b"x" * 60_000, kind="application/x-www-form-urlencoded")[:-59_000]
    unread = request("/api/v1/openapi.json", method="GET", more="Authorization: Bearer KEY\r\n") * 20
    events = request(
        "/mcp",
        json.dumps({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen"}).encode(),
        more="Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n"
        "Mcp-Method: subscriptions/listen\r\nAuthorization: Bearer KEY\r\n",
    )
    return {
        "requests of nobody": flood(lambda _t, _n: request(TOOL, LIST), rate),
        "requests of nobody from 250 addresses": flood(lambda _t, _n: request(TOOL, LIST), rate, SPOTS),
        "forged tokens from 250 addresses": flood(
            lambda _t, number: request(TOOL, LIST, more=bearer(forged(number))), rate, SPOTS
        ),
        "wrong logins from 250 addresses": flood(_login, rate / 5, SPOTS),
        "1,500 heads that drip": hold(1500, slow_head, b"x", SPOTS),
        "1,500 bodies that drip": hold(1500, slow_form, b"x", SPOTS),
        "200 readers that don't read": hold(200, unread, b"", [NEAR], reads=False),
        "200 streams of events that aren't read": hold(200, events, b"", [NEAR], reads=False),
        "huge, wide and deep bodies of another principal": flood(_huge, 10),
        "WebSockets": sockets,
        "expensive calls of another principal": flood(_expensive, rate, workers=100),
    }


def run(pipe: Connection, target: Target, rate: float) -> None:
    """Entry of the process: takes the name of an attack, ``""`` to end it and tell its tally, None to go."""
    os.nice(19)
    asyncio.run(_serve(pipe, target, attacks(rate)))


async def _serve(pipe: Connection, target: Target, known: dict[str, Attack]) -> None:
    running: asyncio.Task[None] | None = None
    tally = Tally()
    while (told := await asyncio.to_thread(pipe.recv)) is not None:
        if told:
            tally = Tally()
            running = asyncio.create_task(_until_cancelled(known[told], target, tally))
        elif running is not None:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            pipe.send(tally)


async def _until_cancelled(attack: Attack, target: Target, tally: Tally) -> None:
    await attack(target, tally)
