"""The outbound client on what it sends and what it makes of answers."""

from __future__ import annotations

import gzip
import logging
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum
from typing import Any

import anyio
import anyio.abc
import httpx2
import pytest
from anyio.abc import SocketStream

from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.http import MIB, Answer, Upstream, UpstreamError, leaving_by
from tests.fakes.upstream import BODY, PAGE, behind_proxy, mocked, refused, scripted, sign

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
async def test_429_comes_with_its_answer_by_which_some_tell_its_meanings_apart() -> None:
    body = {"error": "OutOfCredits"}
    _, handler = scripted(httpx2.Response(429, json=body))
    error = await refused(mocked(handler), "POST")
    assert error.answer is not None
    assert (error.answer.status, error.answer.json()) == (429, body)


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

    async with behind_proxy(auth=sign) as (shop, proxy):
        arguments: dict[str, Any] = {"params": {"search": "cs_secret"}, "json": {"email": "cs_secret"}}
        await shop.send("POST", "fine", **arguments)
        proxy.rule("black_hole", path="slow")
        proxy.rule("drop_request", path="drop")
        proxy.rule("replace", path="page", body=b"<p>cs_secret")
        errors = [await refused(shop, "POST", path, **arguments) for path in ("drop", "page")]
        errors.append(await refused(shop, "POST", "slow", deadline=0.1, **arguments))
        shown = [str(vars(error)) for error in errors]
        assert "cs_secret" in str(proxy.requests[0].path)
    assert "cs_secret" not in "".join(shown)
    assert "cs_secret" not in caplog.text
    assert "cs_secret" not in repr(Answer(200, {}, b"cs_secret"))


# Standing still


@pytest.mark.requirement("durability:stopped")
@pytest.mark.parametrize("network", [True, False])
async def test_what_stood_still_before_the_first_byte_left_sends_nothing(network: bool) -> None:
    """As a process does that is stopped between its last look at the clock and the socket."""

    def stand_still(_request: httpx2.Request) -> None:
        time.sleep(0.2)  # the whole process

    asked, handler = scripted(httpx2.Response(200, json={}))
    heard: list[bytes] = []

    async def hear(stream: SocketStream) -> None:
        async with stream:
            with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                heard.append(await stream.receive())

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, hear)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        transport = None if network else httpx2.MockTransport(handler)
        shop = Upstream("The shop", f"http://127.0.0.1:{port}", transport=transport, auth=stand_still)
        with leaving_by(time.time() + 0.1), pytest.raises(UpstreamError) as error:
            await shop.send("POST", "/x", json={})
        assert error.value.reached == "no"
        assert heard == []
        assert asked == []
        await shop.aclose()
        tasks.cancel_scope.cancel()


@pytest.mark.requirement("durability:stopped")
async def test_what_stood_still_between_head_and_body_sends_no_body(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = time.time() + 10
    moments = iter([limit - 5, limit + 5])
    monkeypatch.setattr("devskyy_mcp.http.time.time", lambda: next(moments))
    heard = bytearray()
    done = anyio.Event()

    async def hear(stream: SocketStream) -> None:
        async with stream:
            with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                while True:
                    heard.extend(await stream.receive())
        done.set()

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, hear)
        shop = Upstream("The shop", f"http://127.0.0.1:{listener.extra(anyio.abc.SocketAttribute.local_port)}")
        with leaving_by(limit), pytest.raises(UpstreamError) as error:
            await shop.send("POST", "/x", json={"price": "1"})
        with anyio.fail_after(5):
            await done.wait()
        assert error.value.reached == "no"
        assert b"POST /x" in heard
        assert b"price" not in heard
        await shop.aclose()
        tasks.cancel_scope.cancel()
