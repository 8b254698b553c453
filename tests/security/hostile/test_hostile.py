"""20,000 hostile inputs: whatever comes, the answer is an ordinary refusal. No 5xx but 503, no incident in the log, no
hang, no growth.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlencode

import anyio
import psutil
import pytest

from tests.fakes.served import Site, served, site

from .callers import Caller, Nobody, browsers, known_to, programs
from .parts import RAW, Maker
from .targets import MCP, PAGES, PROGRAMS, REST, Target

SLOWEST = 5.0
GROWTH = 50 * 1024 * 1024
FREE: dict[str, Any] = {
    "calls_per_second": 1e6,
    "calls_burst": 10**6,
    "address_per_second": 1e6,
    "address_burst": 10**6,
}


def modern_headers(target: Target) -> dict[str, bytes]:
    """What a request of 2026-07-28 says of itself in headers; nothing for others."""
    params = target.near.get("params", {})
    if "_meta" not in params:
        return {}
    named = params.get("name") or params.get("uri")
    more = {"mcp-name": named.encode()} if named else {}
    return {"mcp-protocol-version": b"2026-07-28", "mcp-method": target.near["method"].encode(), **more}


async def ask(asgi: Any, target: Target, maker: Maker, caller: Caller) -> int:
    """One request straight into the app; the status of its answer."""
    proof = await caller.headers() if maker.chance(0.95) else {}
    if proof and target.csrf and maker.chance(0.8):
        target = target._replace(near={**target.near, "csrf": caller.csrf(target.csrf)})
    path, _, query = target.path.partition("?")
    if maker.chance(0.1):
        path = f"{path}/{maker.text()}" if maker.chance(0.5) else path.rsplit("/", 1)[0] + "/" + maker.text()
    if maker.chance(0.3):
        query += "&" + urlencode({maker.text(): maker.text()}, errors="surrogatepass")
    method = target.method if maker.chance(0.95) else maker.random.choice(["PUT", "HEAD", "TRACE", "PATCH", "X", "GET"])
    near = {"host": b"127.0.0.1:8000", "accept": b"application/json, text/event-stream", **proof}
    body = b""
    if target.method == "POST":
        near["content-type"] = b"application/x-www-form-urlencoded" if target.form else b"application/json"
        body = maker.body(target.near)
        if target.form and maker.chance(0.85):
            mutated: Any = maker.mutated(target.near)
            fields = cast("dict[str, Any]", mutated) if isinstance(mutated, dict) else {"x": mutated}
            body = urlencode(fields, errors="surrogatepass").encode()
        near["content-length"] = str(len(body)).encode()
    near |= modern_headers(target)
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": quote(path, errors="replace").encode(), "root_path": "",
        "query_string": query.encode("latin-1", "replace"), "headers": maker.headers(near),
        "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 8000),
    }  # fmt: skip
    cut = maker.random.randrange(len(body) + 1)
    parts: list[dict[str, Any]] = [
        {"type": "http.request", "body": body[:cut], "more_body": True},
        {"type": "http.request", "body": body[cut:], "more_body": False},
    ]
    if maker.chance(0.03):
        parts.pop()  # goes away in the middle
    status, done = 0, anyio.Event()

    async def receive() -> dict[str, Any]:
        if parts:
            return parts.pop(0)
        with anyio.move_on_after(0.2):
            await done.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        elif not message.get("more_body"):
            done.set()

    with anyio.fail_after(SLOWEST):
        await asgi(scope, receive, send)
    return status


async def bombard(
    shop: Site, targets: Sequence[Target], number: int, seed: int, callers: Sequence[Caller]
) -> Counter[int]:
    maker, seen = Maker(seed), Counter[int]()
    weights = [target.share for target in targets]
    for count in range(number):
        target = maker.random.choices(targets, weights)[0]
        status = await ask(shop.asgi, target, maker, maker.random.choice(callers))
        assert status < 500 or status == 503, (seed, count, status, target)
        seen[status] += 1
    return seen


def incidents(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        f"{record.name}: {record.getMessage()}"
        for record in caplog.records
        if record.levelno >= logging.ERROR or record.exc_info or "Traceback" in record.getMessage()
    ]


async def nobody(_: Site) -> list[Caller]:
    return [Nobody()]


Who = Callable[[Site], Awaitable[list[Caller]]]
AREAS: dict[str, tuple[str, list[Target], int, Who]] = {
    "rest": ("none", REST, 3500, nobody),
    "rest with tokens": ("embedded", REST, 3500, programs),
    "mcp": ("none", MCP, 3000, nobody),
    "mcp with tokens": ("embedded", MCP, 3000, programs),
    "programs": ("embedded", PROGRAMS, 3000, nobody),
    "pages": ("embedded", PAGES, 1000, nobody),
    "pages with sessions": ("embedded", PAGES, 1500, browsers),
}


@pytest.mark.requirement("hostile:inputs")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("area", AREAS)
async def test_hostile_requests_get_ordinary_answers(
    area: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    mode, targets, number, who = AREAS[area]
    async with site(tmp_path, auth_mode=mode, worker="off", **FREE) as shop:
        callers = await who(shop)
        if who is not nobody:
            known = await known_to(shop, callers[0])
            targets = [target.filled(known) for target in targets]
        await bombard(shop, targets, 300, 1, callers)  # what is loaded and kept once is no growth
        before = psutil.Process().memory_info().rss
        seen = await bombard(shop, targets, number, 20260728, callers)
        grown = psutil.Process().memory_info().rss - before
    assert len(seen) > 3, "they get to different places"
    assert who is nobody or seen[200] > number / 20, ("and behind the door", seen)
    assert not incidents(caplog)
    assert grown < GROWTH, f"{grown >> 20} MiB"


HEADS = [
    b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", b"\x00" * 50 + b"\r\n\r\n", b"GET\r\n\r\n",
    b"GET /%ff%00 HTTP/1.1\r\nHost: HOST\r\n\r\n", b"POST /mcp HTTP/1.1\r\nHost: HOST\r\nContent-Length: -1\r\n\r\n",
    b"POST /mcp HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /mcp HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    b"POST /mcp HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET " + b"/a" * 40_000 + b" HTTP/1.1\r\nHost: HOST\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: HOST\r\nX: a\r\n b\r\n\r\n", b"GET / HTTP/1.1\r\nHost : HOST\r\n\r\n",
    b"GET http://evil/ HTTP/1.1\r\nHost: HOST\r\n\r\n", b"CONNECT evil:443 HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: HOST\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(300)) + b"\r\n",
    b"GET /api/v1/ws HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"GET /api/v1/ws HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: !\r\nSec-WebSocket-Protocol: devskyy.v1\r\n\r\n",
    b"GET /health/live HTTP/1.1\r\nHost: HOST\r\n\r\n" * 20, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
]  # fmt: skip


@pytest.mark.requirement("hostile:inputs")
@pytest.mark.timeout(200)
async def test_raw_bytes_on_a_socket(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    maker, seen = Maker(3), Counter[bytes]()
    async with served(tmp_path, auth_mode="none", worker="off", **FREE) as shop:
        port = int(shop.url.rstrip("/").rsplit(":", 1)[1])
        for _ in range(1000):
            raw = maker.random.choice(HEADS).replace(b"HOST", f"127.0.0.1:{port}".encode())
            if maker.chance(0.3):
                at = maker.random.randrange(len(raw))
                raw = raw[:at] + bytes([maker.random.randrange(256)]) + raw[at + 1 :]
            if maker.chance(0.3):
                raw += maker.random.choice(RAW)
            with anyio.fail_after(SLOWEST):
                async with await anyio.connect_tcp("127.0.0.1", port) as stream:
                    try:
                        await stream.send(raw)
                        await stream.send_eof()
                        answer = await stream.receive(100)
                    except (anyio.EndOfStream, anyio.BrokenResourceError, OSError):
                        answer = b""
            seen[answer[9:12]] += 1
            assert not answer.startswith((b"HTTP/1.1 500", b"HTTP/1.1 502")), (raw[:200], answer)
        assert (await shop.http.get("/health/live")).status_code == 200
    assert {b"400", b"200"} <= set(seen), seen
    assert not incidents(caplog)


@pytest.mark.requirement("hostile:inputs")
@pytest.mark.timeout(200)
@pytest.mark.parametrize(("mode", "who"), [("none", nobody), ("embedded", programs)])
async def test_hostile_messages_on_a_websocket(
    mode: str, who: Who, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each is answered, or ends the socket in good order; afterwards a new one works."""
    caplog.set_level(logging.WARNING)
    maker = Maker(4)
    nears: list[dict[str, Any]] = [
        {"id": 1, "call": "notes_list", "arguments": {}},
        {"id": 2, "call": "notes_update", "arguments": {"note": 1, "title": "x"}, "key": "k"},
        {"cancel": 1},
        {"resume": {"job_x": 0}},
    ]
    async with site(tmp_path, auth_mode=mode, worker="off", **FREE) as shop:
        callers = await who(shop)
        for _ in range(25):
            messages = [maker.body(maker.random.choice(nears)) for _ in range(40)]
            codes = await converse(shop.asgi, messages, maker, await maker.random.choice(callers).headers())
            assert codes <= {1000, 1008, 1009}, codes
    assert not incidents(caplog)


async def converse(asgi: Any, messages: list[bytes], maker: Maker, proof: dict[str, bytes]) -> set[int]:
    """One socket straight into the app; the codes it was closed with by the app."""
    waiting: list[dict[str, Any]] = [{"type": "websocket.connect"}]
    for raw in messages:
        kind = "bytes" if maker.chance(0.2) else "text"
        waiting.append({"type": "websocket.receive", kind: raw if kind == "bytes" else raw.decode(errors="replace")})
    waiting.append({"type": "websocket.disconnect", "code": 1000})
    codes: set[int] = set()
    headers = [(b"host", b"127.0.0.1:8000"), *((name.encode(), value) for name, value in proof.items())]

    async def receive() -> dict[str, Any]:
        await anyio.sleep(0)
        return waiting.pop(0) if waiting else {"type": "websocket.disconnect", "code": 1000}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close":
            codes.add(message["code"])

    scope: dict[str, Any] = {
        "type": "websocket", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "ws", "path": "/api/v1/ws",
        "raw_path": b"/api/v1/ws", "root_path": "", "query_string": b"", "headers": headers,
        "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 8000), "subprotocols": ["devskyy.v1"], "extensions": {},
    }  # fmt: skip
    started = time.monotonic()
    with anyio.fail_after(SLOWEST):
        await asgi(scope, receive, send)
    assert time.monotonic() - started < SLOWEST
    return codes
