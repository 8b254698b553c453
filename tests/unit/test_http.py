"""The outbound client against servers that refuse, hang, drop, lie and overload."""

from __future__ import annotations

import asyncio
import gzip
import logging
import re
import socket
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.breaker import Breaker
from devskyy_mcp.http import MIB, Answer, Upstream, UpstreamError
from tests.fakes.certificate import contexts
from tests.fakes.proxy import FaultProxy

BODY = b'{"path": "here", "items": [1, 2, 3]}'
PAGE = b"<!DOCTYPE html><html><body>Briefly unavailable for scheduled maintenance.</body></html>"
Handler = Callable[[httpx2.Request], httpx2.Response]


@asynccontextmanager
async def json_server(body: bytes = BODY, tls: ssl.SSLContext | None = None) -> AsyncGenerator[int]:
    """A server on a free port of loopback that answers everything with the same JSON."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if length := re.search(rb"(?i)content-length: (\d+)", head):
                await reader.readexactly(int(length[1]))
            fields = f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close"
            writer.write(f"HTTP/1.1 200 OK\r\n{fields}\r\n\r\n".encode() + body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away, as it does in half of these tests
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def behind_proxy(**settings: Any) -> AsyncGenerator[tuple[Upstream, FaultProxy]]:
    async with json_server() as port, FaultProxy(port) as proxy:
        shop = Upstream("The shop", proxy.url, **settings)
        try:
            yield shop, proxy
        finally:
            await shop.aclose()


def mocked(handler: Handler, base_url: str = "https://shop.example", **settings: Any) -> Upstream:
    return Upstream("The shop", base_url, transport=httpx2.MockTransport(handler), **settings)


def scripted(*steps: httpx2.Response | Exception) -> tuple[list[httpx2.Request], Handler]:
    """A handler that goes through these answers, repeating the last, and the list of what it was asked."""
    asked: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        step = steps[min(len(asked), len(steps)) - 1]
        if isinstance(step, Exception):
            raise step
        return httpx2.Response(step.status_code, headers=step.headers, content=step.content)

    return asked, handler


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


async def refused(shop: Upstream, method: str = "GET", path: str = "products", **arguments: Any) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        await shop.send(method, path, **arguments)
    return caught.value


def sign(request: httpx2.Request) -> None:
    request.headers["Authorization"] = "Basic cs_secret"


# What is sent


async def test_a_call_carries_its_parameters_and_nothing_else() -> None:
    asked, handler = scripted(httpx2.Response(200, json={"ok": True}))
    shop = mocked(handler, "https://shop.example/blog/wp-json")

    class Status(StrEnum):
        DRAFT = "draft"

    params = {
        "include": [3, 5],
        "search": "été & co",
        "force": True,
        "status": Status.DRAFT,
        "after": datetime(2026, 1, 2, tzinfo=UTC),
        "page": None,
    }
    answer = await shop.send("get", "/wc/v3/products", params=params)
    request = asked[0]
    assert answer.json() == {"ok": True}
    assert request.method == "GET"
    assert request.url.path == "/blog/wp-json/wc/v3/products"
    assert dict(request.url.params) == {
        "include": "3,5",
        "search": "été & co",
        "force": "true",
        "status": "draft",
        "after": "2026-01-02T00:00:00+00:00",
    }
    assert set(request.headers) == {"host", "accept", "accept-encoding", "user-agent"}
    assert request.headers["user-agent"].startswith("DevSkyy/")


async def test_bodies_forms_and_streams() -> None:
    asked, handler = scripted(httpx2.Response(201, json={}))
    shop = mocked(handler)

    async def parts() -> AsyncIterator[bytes]:
        yield b"ab"
        yield b"cd"

    await shop.send("POST", "a", json={"name": "Rösli"})
    await shop.send("POST", "a", content=b"raw", headers={"Content-Type": "image/png"})
    await shop.send("POST", "a", content=parts(), headers={"Content-Length": "4"})
    await shop.send("POST", "a", data={"title": "x"}, files={"file": ("x.png", b"123", "image/png")})
    assert asked[0].content == '{"name":"Rösli"}'.encode()
    assert (asked[1].content, asked[1].headers["content-type"]) == (b"raw", "image/png")
    assert await asked[2].aread() == b"abcd"
    assert "transfer-encoding" not in asked[2].headers
    assert b'filename="x.png"' in await asked[3].aread()


@pytest.mark.parametrize("path", ["../users", "a/../../b", "a/%2e%2e/b", "a/.."])
async def test_a_path_can_not_climb(path: str) -> None:
    asked, handler = scripted(httpx2.Response(200))
    with pytest.raises(ValueError, match="climb"):
        await mocked(handler).send("GET", path)
    assert not asked


@pytest.mark.parametrize("path", ["a?b=c", "a#b", "//evil.example/a", "https://evil.example/a", "a b\r\nX: y"])
async def test_a_path_is_only_ever_a_path(path: str) -> None:
    asked, handler = scripted(httpx2.Response(200))
    await mocked(handler).send("GET", path)
    assert asked[0].url.host == "shop.example"
    assert not asked[0].url.query
    assert not asked[0].url.fragment
    assert b"\r" not in asked[0].url.raw_path


@pytest.mark.parametrize("address", ["", "shop.example", "ftp://shop.example", "https://me:pw@shop.example", "http://"])
def test_an_unusable_base_address_is_told_at_once(address: str) -> None:
    with pytest.raises(Refused) as caught:
        Upstream("The shop", address)
    assert caught.value.code == Code.NOT_CONFIGURED
    assert "pw" not in str(caught.value.as_dict())


async def test_each_attempt_is_signed_anew() -> None:
    asked, handler = scripted(httpx2.ReadError("lost"), httpx2.Response(200, json=[]))
    nonces = iter("abc")

    def sign_once(request: httpx2.Request) -> None:
        request.url = request.url.copy_add_param("oauth_nonce", next(nonces))

    await mocked(handler, auth=sign_once).send("GET", "products")
    assert [request.url.params["oauth_nonce"] for request in asked] == ["a", "b"]


# No connection, no answer, half an answer


@pytest.mark.requirement("http:refused")
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_refused_connection_is_told_within_half_a_second(method: str) -> None:
    shop = Upstream("The shop", f"http://127.0.0.1:{closed_port()}")
    began = time.monotonic()
    error = await refused(shop, method)
    assert time.monotonic() - began < 0.5
    assert (error.code, error.reached, error.retryable) == (Code.UPSTREAM_UNREACHABLE, "no", True)
    assert "WORDPRESS_URL" in error.hint
    await shop.aclose()


@pytest.mark.requirement("http:deadline")
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_server_that_never_answers_ends_at_the_deadline(method: str) -> None:
    async with behind_proxy(deadline=0.3) as (shop, proxy):
        proxy.rule("black_hole")
        began = time.monotonic()
        error = await refused(shop, method)
        assert 0.2 < time.monotonic() - began < 1
        assert (error.code, error.reached, error.retryable) == (Code.UPSTREAM_TIMEOUT, "maybe", True)
        assert proxy.count() == 1


@pytest.mark.requirement("http:deadline")
async def test_the_usual_deadline_keeps_within_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is the event loop's; it is moved, not waited for."""
    moved = 0.0
    clock = time.monotonic
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "time", lambda: clock() + moved)
    async with behind_proxy() as (shop, proxy):
        rule = proxy.rule("black_hole")
        call = asyncio.create_task(refused(shop))
        await rule.hit.wait()
        moved = 8.9
        await asyncio.sleep(0)
        assert not call.done()
        moved = 9.5
        assert (await call).code == Code.UPSTREAM_TIMEOUT


@pytest.mark.requirement("http:deadline")
async def test_the_callers_own_deadline_ends_a_call_with_our_error() -> None:
    async with behind_proxy() as (shop, proxy):
        proxy.rule("black_hole")
        with anyio.fail_after(0.4):
            error = await refused(shop)
        assert error.code == Code.UPSTREAM_TIMEOUT


@pytest.mark.requirement("http:deadline")
async def test_an_answer_that_drips_forever_ends_at_the_deadline() -> None:
    class Drip(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield b" "
                await anyio.sleep(0.01)

    shop = mocked(lambda _: httpx2.Response(200, stream=Drip()), deadline=0.2)
    error = await refused(shop)
    assert (error.code, error.reached) == (Code.UPSTREAM_TIMEOUT, "maybe")


@pytest.mark.requirement("http:reached")
async def test_a_deadline_before_anything_was_sent_is_known_as_such() -> None:
    class Connecting(httpx2.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            await anyio.sleep_forever()
            raise AssertionError(request)

    shop = Upstream("The shop", "http://shop.example", transport=Connecting(), deadline=0.1)
    error = await refused(shop, "POST", json={})
    assert (error.code, error.reached) == (Code.UPSTREAM_TIMEOUT, "no")


@pytest.mark.requirement("http:reached")
@pytest.mark.parametrize("fault", ["drop_request", "lose_answer", "truncate"])
async def test_a_write_whose_answer_is_lost_is_sent_once_and_may_have_arrived(fault: Any) -> None:
    async with behind_proxy() as (shop, proxy):
        proxy.rule(fault)
        error = await refused(shop, "POST", json={"name": "Dress"})
        assert (error.code, error.reached) == (Code.UPSTREAM_UNREACHABLE, "maybe")
        assert proxy.count() == 1
        assert proxy.count(forwarded=True) == (fault != "drop_request")


@pytest.mark.requirement("http:retries")
@pytest.mark.parametrize("fault", ["drop_request", "lose_answer", "truncate"])
async def test_a_read_whose_answer_is_lost_is_repeated(fault: Any) -> None:
    async with behind_proxy() as (shop, proxy):
        proxy.rule(fault, times=2)
        assert (await shop.send("GET", "products")).json()["items"] == [1, 2, 3]
        assert proxy.count() == 3


@pytest.mark.requirement("http:retries")
async def test_a_read_is_repeated_twice_at_most() -> None:
    async with behind_proxy() as (shop, proxy):
        proxy.rule("drop_request")
        await refused(shop)
        assert proxy.count() == 3


@pytest.mark.requirement("http:reached")
async def test_a_repeated_write_that_may_have_arrived_once_stays_uncertain() -> None:
    asked, handler = scripted(httpx2.ReadError("lost"), httpx2.ConnectError("refused"))
    error = await refused(mocked(handler), "PUT", json={}, retry=True)
    assert len(asked) == 3
    assert error.reached == "maybe"


@pytest.mark.requirement("http:retries")
async def test_a_streamed_body_is_never_repeated() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"once"

    asked, handler = scripted(httpx2.ReadError("lost"), httpx2.Response(200, json={}))
    assert (await refused(mocked(handler), "PUT", content=parts(), retry=True)).reached == "maybe"
    assert len(asked) == 1


# Servers that are there and answer badly


@pytest.mark.requirement("http:bad-answers")
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (PAGE, "web page"),
        (b"\n  <html>", "web page"),
        (b"", "with nothing"),
        (b"<br />\n<b>Warning</b>: Undefined array key in /a.php{}", "warning printed before"),
        (BODY[:20], "cut off or damaged"),
        (b'{"price": NaN}', "cut off or damaged"),
        (b"\xff\xfe\x00", "cut off or damaged"),
        (b"[" * 100_000, "cut off or damaged"),
    ],
)
async def test_an_answer_that_is_no_json_says_what_it_is(content: bytes, says: str) -> None:
    answer = await mocked(lambda _: httpx2.Response(200, content=content)).send("GET", "products")
    with pytest.raises(UpstreamError) as caught:
        answer.json()
    assert (caught.value.code, caught.value.reached) == (Code.UPSTREAM_INVALID, "answered")
    assert caught.value.message.startswith("The shop answered")
    assert says in caught.value.message
    assert caught.value.hint


def test_json_behind_a_byte_order_mark_is_read() -> None:
    assert Answer(200, {}, b"\xef\xbb\xbf" + BODY).json()["path"] == "here"


@pytest.mark.requirement("http:bad-answers")
async def test_error_statuses_with_json_are_the_callers_to_judge() -> None:
    for status in (304, 400, 401, 404, 500, 501):
        _, handler = scripted(httpx2.Response(status, json={"code": "rest_forbidden"}))
        assert (await mocked(handler).send("GET", "products")).status == status


@pytest.mark.requirement("http:bad-answers")
@pytest.mark.parametrize("status", [502, 503, 504, 524])
@pytest.mark.parametrize("body", [PAGE, b""])
async def test_a_gateways_error_page(status: int, body: bytes) -> None:
    asked, handler = scripted(httpx2.Response(status, content=body))
    error = await refused(mocked(handler), "POST", json={})
    assert (error.code, error.reached, len(asked)) == (Code.UPSTREAM_UNREACHABLE, "maybe", 1)
    assert str(status) in error.message


@pytest.mark.requirement("http:retries")
async def test_a_read_is_repeated_after_a_gateways_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devskyy_mcp.http.STATUS_BACKOFF", 0.01)
    asked, handler = scripted(httpx2.Response(503, content=PAGE), httpx2.Response(502), httpx2.Response(200, json=[]))
    assert (await mocked(handler).send("GET", "products")).json() == []
    assert len(asked) == 3
    asked, handler = scripted(httpx2.Response(503, json={"code": "busy"}))
    assert (await mocked(handler).send("GET", "products")).status == 503
    assert len(asked) == 3


@pytest.mark.requirement("http:rate-limit")
async def test_429_is_waited_for_when_there_is_time() -> None:
    asked, handler = scripted(httpx2.Response(429, headers={"Retry-After": "0"}), httpx2.Response(200, json=[]))
    assert (await mocked(handler).send("GET", "products")).json() == []
    assert len(asked) == 2


@pytest.mark.requirement("http:rate-limit")
async def test_429_without_time_is_told_with_the_wait_and_keeps_the_next_call_home() -> None:
    asked, handler = scripted(httpx2.Response(429, headers={"Retry-After": "60"}))
    shop = mocked(handler)
    first = await refused(shop)
    second = await refused(shop, "POST", json={})
    assert (first.code, first.retry_after, first.reached) == (Code.RATE_LIMITED, 60, "answered")
    assert second.code == Code.RATE_LIMITED
    assert second.retry_after == pytest.approx(60, abs=1)
    assert second.reached == "no"
    assert len(asked) == 1


@pytest.mark.requirement("http:rate-limit")
async def test_429_to_a_write_is_not_repeated() -> None:
    asked, handler = scripted(httpx2.Response(429))
    assert (await refused(mocked(handler), "POST", json={})).code == Code.RATE_LIMITED
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("value", "seconds"), [("12", 12), ("", None), ("soon", None), ("-3", None), ("9" * 20, None), ("0", 0)]
)
def test_retry_after_in_seconds(value: str, seconds: float | None) -> None:
    assert Answer(429, {"retry-after": value}, b"").retry_after == seconds


def test_retry_after_as_a_date() -> None:
    soon = datetime.fromtimestamp(time.time() + 30, UTC)
    answer = Answer(503, {"retry-after": format_datetime(soon, usegmt=True)}, b"")
    assert answer.retry_after == pytest.approx(30, abs=2)
    assert Answer(503, {"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, b"").retry_after == 0


@pytest.mark.requirement("http:redirects")
@pytest.mark.parametrize(
    ("location", "hint"),
    [
        ("https://www.shop.example/wp-json/", "redirects to https://www.shop.example; set WORDPRESS_URL"),
        ("http://shop.example/", "redirects to http://shop.example; set WORDPRESS_URL"),
        ("//evil.example/?key=cs_secret", "redirects to https://evil.example;"),
        ("https://u:cs_secret@evil.example/", "redirects to https://evil.example;"),
        ("/wp-login.php?key=cs_secret", "another path of https://shop.example"),
        ("javascript:alert(1)", "Check WORDPRESS_URL"),
        ("http://[", "Check WORDPRESS_URL"),
        ("", "Check WORDPRESS_URL"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_told_and_never_followed(location: str, hint: str, status: int) -> None:
    asked, handler = scripted(httpx2.Response(status, headers={"Location": location}))
    shop = mocked(handler, auth=sign)
    error = await refused(shop, params={"key": "cs_secret"})
    assert (error.code, error.reached, error.retryable) == (Code.UPSTREAM_INVALID, "answered", False)
    assert hint in error.hint
    assert "cs_secret" not in str(error.as_dict())
    assert len(asked) == 1


@pytest.mark.requirement("http:size")
async def test_a_large_answer_is_cut_off() -> None:
    sent = 0

    class Endless(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            nonlocal sent
            while True:
                sent += MIB
                yield b"x" * MIB

    shop = mocked(lambda _: httpx2.Response(200, stream=Endless()), max_bytes=3 * MIB)
    error = await refused(shop)
    assert (error.code, error.reached) == (Code.TOO_LARGE, "answered")
    assert sent <= 5 * MIB


@pytest.mark.requirement("http:size")
async def test_a_packed_bomb_is_cut_off() -> None:
    bomb = gzip.compress(b"\0" * 40 * MIB)
    shop = mocked(lambda _: httpx2.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx2.ByteStream(bomb)))
    assert (await refused(shop)).code == Code.TOO_LARGE


async def test_packed_data_is_unpacked_and_damaged_data_is_told() -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        packed = gzip.compress(BODY) if request.url.path == "/good" else b"no gzip at all"
        return httpx2.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx2.ByteStream(packed))

    shop = mocked(handler)
    assert (await shop.send("GET", "good")).json()["path"] == "here"
    assert (await refused(shop, path="bad")).code == Code.UPSTREAM_INVALID


@pytest.mark.parametrize(
    ("cause", "says", "retryable"),
    [
        (socket.gaierror(8, "unknown"), "name has no address", True),
        (ssl.SSLCertVerificationError(1, "self-signed"), "certificate", False),
        (ssl.SSLError(1, "wrong version"), "no encrypted connection", False),
        (ConnectionRefusedError(), "refuses the connection", True),
    ],
)
async def test_why_there_is_no_connection(cause: Exception, says: str, retryable: bool) -> None:
    failed = httpx2.ConnectError("")
    failed.__cause__ = cause
    asked, handler = scripted(failed)
    error = await refused(mocked(handler))
    assert says in error.message
    assert (error.reached, error.retryable) == ("no", retryable)
    assert len(asked) == (3 if retryable else 1)


async def test_https_spoken_to_a_plain_server_is_told() -> None:
    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        shop = Upstream("The shop", f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        error = await refused(shop, "POST")
    assert (error.code, error.reached, error.retryable) == (Code.UPSTREAM_UNREACHABLE, "no", False)
    assert "encrypted" in error.message
    await shop.aclose()


async def test_certificates_are_checked(tmp_path: Path) -> None:
    server, client = contexts("localhost", tmp_path)
    trusting = httpx2.AsyncHTTPTransport(verify=client, trust_env=False)
    async with json_server(tls=server) as port:
        strict = Upstream("The shop", f"https://localhost:{port}")
        error = await refused(strict, "POST")
        assert (error.reached, "certificate" in error.message) == ("no", True)
        shop = Upstream("The shop", f"https://localhost:{port}", transport=trusting)
        assert (await shop.send("GET", "products")).status == 200
        await strict.aclose()
        await shop.aclose()


# Many calls, cancelled calls, servers that are down


@pytest.mark.requirement("http:in-flight")
async def test_no_more_calls_than_allowed_are_in_flight() -> None:
    now = most = 0

    async def handler(_request: httpx2.Request) -> httpx2.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await anyio.sleep(0.001)
        now -= 1
        return httpx2.Response(200, json=[])

    shop = Upstream("The shop", "https://shop.example", transport=httpx2.MockTransport(handler))
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(shop.send, "GET", "products")
    assert most == 4


@pytest.mark.requirement("http:in-flight")
async def test_waiting_for_a_turn_counts_and_sends_nothing() -> None:
    async with behind_proxy(max_in_flight=1) as (shop, proxy):
        held = proxy.rule("hold_request")
        async with anyio.create_task_group() as group:
            group.start_soon(shop.send, "GET", "first")
            await held.hit.wait()
            error = await refused(shop, "POST", "second", deadline=0.1)
            assert (error.code, error.reached) == (Code.UPSTREAM_TIMEOUT, "no")
            proxy.clear()
        assert proxy.count("POST") == 0


@pytest.mark.requirement("http:cancel")
async def test_a_cancelled_call_gives_its_turn_back() -> None:
    async with behind_proxy(max_in_flight=1) as (shop, proxy):
        held = proxy.rule("hold_answer", times=1)
        async with anyio.create_task_group() as group:
            group.start_soon(shop.send, "GET", "products")
            await held.hit.wait()
            group.cancel_scope.cancel()
        with anyio.fail_after(2):
            assert (await shop.send("GET", "products")).status == 200


@pytest.mark.requirement("http:breaker")
async def test_a_server_that_is_down_is_left_alone_then_tried_once() -> None:
    down = True
    asked: list[str] = []

    async def handler(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path)
        await anyio.sleep(0)
        if down:
            raise httpx2.ConnectError("refused")
        return httpx2.Response(200, json=[])

    now = 1000.0
    shop = Upstream("The shop", "https://shop.example", transport=httpx2.MockTransport(handler))
    shop.breaker = Breaker(clock=lambda: now)
    for _ in range(5):
        await refused(shop, "POST")
    error = await refused(shop)
    assert (error.code, error.reached, error.retry_after) == (Code.UPSTREAM_UNREACHABLE, "no", 5)
    assert len(asked) == 5
    now += 5
    assert (await refused(shop)).retry_after is None  # the probe itself, sent once and not repeated
    assert len(asked) == 6
    assert (await refused(shop)).retry_after == 10
    now += 10
    down = False
    results: list[object] = []

    async def call() -> None:
        try:
            results.append((await shop.send("GET", "products")).status)
        except UpstreamError as failure:
            results.append(failure.code)

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(call)
    assert sorted(map(str, results)) == ["200", "upstream_unreachable", "upstream_unreachable"]
    assert len(asked) == 7
    await call()
    assert results[-1] == 200


@pytest.mark.requirement("http:breaker")
async def test_answers_of_any_status_and_hurried_callers_do_not_open_the_breaker() -> None:
    async with behind_proxy() as (shop, proxy):
        proxy.rule("replace", path="broken", status=500)
        proxy.rule("black_hole", path="slow")
        for _ in range(6):
            assert (await shop.send("GET", "broken")).status == 500
            await refused(shop, path="slow", deadline=0.02)
        assert not shop.breaker.is_open


def test_half_of_the_last_twenty_failed_opens_the_breaker() -> None:
    breaker = Breaker(clock=lambda: 0)
    for number in range(20):
        assert not breaker.is_open
        breaker.leave(breaker.enter(), number % 2 == 0)
    assert breaker.is_open


def test_the_breaker_waits_longer_each_time_up_to_a_minute() -> None:
    now = 0.0
    breaker = Breaker(clock=lambda: now)
    for _ in range(5):
        breaker.leave(breaker.enter(), False)
    waits = [breaker.wait()]
    for _ in range(5):
        now += breaker.wait()
        breaker.leave(breaker.enter(), False)
        waits.append(breaker.wait())
    assert waits == [5, 10, 20, 40, 60, 60]
    now += 60
    breaker.leave(breaker.enter(), None)  # a probe that was cancelled proves nothing
    assert (breaker.is_open, breaker.wait()) == (True, 0)
    breaker.leave(breaker.enter(), True)
    assert (breaker.is_open, breaker.wait()) == (False, 0)


def test_failures_that_arrive_late_open_the_breaker_once() -> None:
    breaker = Breaker(clock=lambda: 0)
    tickets = [breaker.enter() for _ in range(30)]
    for ticket in tickets:
        breaker.leave(ticket, False)
    assert breaker.wait() == 5


# In process, and in the log


async def test_it_works_over_asgi() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-wp-total", b"41")]})
        await send({"type": "http.response.body", "body": scope["path"].encode().join([b'"', b'"'])})

    shop = Upstream("The shop", "http://sandbox/wp-json", transport=httpx2.ASGITransport(app))
    answer = await shop.send("GET", "wc/v3/products")
    assert answer.json() == "/wp-json/wc/v3/products"
    assert answer.headers["X-WP-Total"] == "41"
    await shop.aclose()


@pytest.mark.requirement("http:secrets")
async def test_no_secret_reaches_a_message_or_a_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async with behind_proxy(auth=sign, deadline=0.3) as (shop, proxy):
        arguments: dict[str, Any] = {"params": {"search": "cs_secret"}, "json": {"email": "cs_secret"}}
        await shop.send("POST", "fine", **arguments)
        proxy.rule("black_hole", path="slow")
        proxy.rule("drop_request", path="drop")
        proxy.rule("replace", path="page", body=b"<p>cs_secret")
        shown = [str(vars(await refused(shop, "POST", path, **arguments))) for path in ("slow", "drop", "page")]
        assert "cs_secret" in str(proxy.requests[0].path)
    assert "cs_secret" not in "".join(shown)
    assert "cs_secret" not in caplog.text
    assert "cs_secret" not in repr(Answer(200, {}, b"cs_secret"))
