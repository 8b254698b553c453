"""The outbound client against servers that refuse, hang, drop and are overloaded."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from devskyy_mcp.errors import Code
from devskyy_mcp.guard.breaker import Breaker
from devskyy_mcp.http import Upstream, UpstreamError
from tests.fakes.certificate import contexts
from tests.fakes.site import a_site
from tests.fakes.upstream import ANSWER, behind_proxy, closed_port, mocked, refused, scripted

# No connection, no answer, half an answer


@pytest.mark.requirement("http:refused")
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_refused_connection_is_told_within_half_a_second(method: str) -> None:
    took: list[float] = []
    for _ in range(3):  # the best of three: this machine may be busy
        shop = Upstream("The shop", f"http://127.0.0.1:{closed_port()}")
        began = time.monotonic()
        error = await refused(shop, method)
        took.append(time.monotonic() - began)
        assert (error.code, error.reached, error.retryable) == (Code.UPSTREAM_UNREACHABLE, "no", True)
        assert "WORDPRESS_URL" in error.hint
        await shop.aclose()
    assert min(took) < 0.5


@pytest.mark.requirement("http:deadline")
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_server_that_never_answers_ends_at_the_deadline(method: str) -> None:
    async with behind_proxy() as (shop, proxy):
        await shop.send("GET", "awake")
        proxy.rule("black_hole")
        began = time.monotonic()
        error = await refused(shop, method, deadline=0.3)
        assert 0.2 < time.monotonic() - began < 2
        assert (error.code, error.reached, error.retryable) == (Code.UPSTREAM_TIMEOUT, "maybe", True)
        assert proxy.count(path="products") == 1


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


async def test_a_streamed_body_goes_out_in_parts() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"glTF"
        yield b"rest"

    async with behind_proxy() as (shop, proxy):
        await shop.send("POST", "media", content=parts())
        assert proxy.requests[0].body == b"4\r\nglTF\r\n4\r\nrest\r\n0\r\n\r\n"


@pytest.mark.requirement("http:retries")
async def test_a_streamed_body_is_never_repeated() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"once"

    asked, handler = scripted(httpx2.ReadError("lost"), httpx2.Response(200, json={}))
    assert (await refused(mocked(handler), "PUT", content=parts(), retry=True)).reached == "maybe"
    assert len(asked) == 1


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
    async with a_site(ANSWER, tls=server) as site:
        strict = Upstream("The shop", f"https://localhost:{site.port}")
        error = await refused(strict, "POST")
        assert (error.reached, "certificate" in error.message) == ("no", True)
        shop = Upstream("The shop", f"https://localhost:{site.port}", transport=trusting)
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
