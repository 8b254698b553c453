"""The one road out: an HTTP client with deadlines, caps, careful retries and a circuit breaker.

It speaks to addresses from our own configuration (the shop, a provider); addresses that a stranger may have chosen
go through ``devskyy_mcp.guard.ssrf``. It uses httpx2's transports without httpx2's client, which would log
whole URLs, keep cookies and read proxies from the environment.
"""

from __future__ import annotations

import math
import random
import ssl
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Iterable, Mapping
from contextlib import aclosing, contextmanager
from contextvars import ContextVar
from datetime import date
from typing import Any, cast
from urllib.parse import quote, unquote

import anyio
import httpx2

from devskyy_mcp import __version__
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.breaker import Breaker
from devskyy_mcp.guard.logs import hear
from devskyy_mcp.http_errors import GATEWAY, MIB, Answer, Trouble, UpstreamError

__all__ = ["MIB", "Answer", "TooLate", "Upstream", "UpstreamError", "fence", "leaving_by"]

RETRIES = 2
CONNECT_BACKOFF = 0.05  # a refused connection must be told within half a second, retries included
STATUS_BACKOFF = 0.5
LONGEST_HOLD = 60.0  # seconds for which one 429 can keep all calls from a server
EARLIER = 0.05  # seconds before the caller's own deadline, so that our error comes out and not a bare cancellation
KEEP_ALIVE = 4.0  # seconds; Apache and uvicorn drop idle connections after 5, a write must not fall into that gap
RETRIED = frozenset({Code.UPSTREAM_UNREACHABLE, Code.RATE_LIMITED})

Build = Callable[[], httpx2.Request]
SENDS = "http11.send_request_headers.started"
"""The transport's word for: the connection stands, and the first byte leaves now."""
COMPLETES = "http11.send_request_body.started"
"""And for: the head is out, the body follows. Without the whole body nobody does what a request asks for."""
_leave_by: ContextVar[float] = ContextVar("leave_by", default=math.inf)


class TooLate(Exception):
    """A request may not leave any more: this process stood still, and another one may be at it."""


@contextmanager
def leaving_by(moment: float) -> Generator[None]:
    """In this block no request leaves after the moment, in seconds since 1970 by the clock on the wall (the monotonic
    one stands still while a machine sleeps). It is looked at last, when the connection stands.
    """
    token = _leave_by.set(moment)
    try:
        yield
    finally:
        _leave_by.reset(token)


async def fence(event: str, info: Mapping[str, Any]) -> None:
    """For httpx2's ``trace`` extension, where something else than ``Upstream`` sends.

    Raises:
        TooLate: instead of sending the head, or the body where there is one; out of the client's call.
    """
    sends = event == SENDS or (event == COMPLETES and _has_body(info["request"].headers))
    if sends and time.time() > _leave_by.get():
        raise TooLate


def _has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    given = {name.lower(): value for name, value in headers}
    return b"transfer-encoding" in given or given.get(b"content-length", b"0") != b"0"


class Upstream:
    """One server outside, with its own connections, limit of calls in flight and circuit breaker.

    Args:
        name: begins the sentences of errors, as in "The shop".
        base_url: http(s) origin and path that every call's path is added to.
        transport: replaces the network, as an ASGI transport does for the demo shop.
        auth: signs each attempt anew (an OAuth1 nonce works once); it may change headers and url.
        max_in_flight: calls at the same time; the others wait, within their deadline.
        connect_timeout: seconds for a connection, and as much again for TLS.
        deadline: seconds for a whole call: waiting, retries and reading included.
        max_bytes: largest decoded answer.
        user_agent: what the server's logs will show.
        setting: the setting that holds base_url, named in hints.

    Raises:
        Refused: NOT_CONFIGURED when base_url is no usable address.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        auth: Callable[[httpx2.Request], None] | None = None,
        max_in_flight: int = 4,
        connect_timeout: float = 3,
        deadline: float = 9,
        max_bytes: int = 20 * MIB,
        user_agent: str = f"DevSkyy/{__version__}",
        setting: str = "WORDPRESS_URL",
    ) -> None:
        self.name = name
        self.base_url = _base(name, base_url, setting)
        self.breaker = Breaker()
        self._trouble = Trouble(name, self.base_url, setting)
        self._transport = transport
        self._auth = auth
        self._limiter = anyio.CapacityLimiter(max_in_flight)
        self._connect_timeout = connect_timeout
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": user_agent}
        self._hold_until = 0.0  # by the event loop's clock

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        content: bytes | AsyncIterator[bytes] | None = None,
        data: Mapping[str, Any] | None = None,
        files: Any = None,
        headers: Mapping[str, str] | None = None,
        deadline: float | None = None,
        retry: bool | None = None,
    ) -> Answer:
        """Send a request and return the answer, whatever its status, but for those below.

        ``path`` is added to the base URL. In ``params`` None is left out and a list is joined by commas, since PHP
        keeps only the last of repeated names. ``data`` and ``files`` are the parts of a form, as in httpx.
        ``deadline`` in seconds replaces the server's usual one; the caller's own cancel scope cuts both.
        ``retry`` says whether the call may be repeated, by default only GET and HEAD; a streamed body never is.

        Raises:
            UpstreamError: no answer, 429, a redirect, a gateway's error page, or an answer that is too large.
        """
        method = method.upper()
        reads = method in ("GET", "HEAD")
        url, query = self._url(path), _query(params)
        merged = {**self._headers, **(headers or {})}

        def build() -> httpx2.Request:
            try:
                return httpx2.Request(
                    method, url, params=query, headers=merged, content=content, data=data, files=files, json=json
                )
            except httpx2.InvalidURL:
                message = f"The address of a request to {self.name} would be longer than there can be."
                raise Refused(Code.INVALID_ARGUMENTS, message, "Ask for fewer at a time.") from None

        again = (reads if retry is None else retry) and not isinstance(content, AsyncIterable)
        tries = 1 + RETRIES if again else 1
        latest = anyio.current_effective_deadline() - EARLIER
        return await self._persist(
            build, reads, tries, min(anyio.current_time() + (deadline or self._deadline), latest)
        )

    async def visit(self, path: str, query: str = "", *, deadline: float | None = None) -> tuple[int, str]:
        """Status and Location of a page as anybody gets it: unsigned, nothing followed, its body unread.

        Raises:
            UpstreamError: no answer.
        """
        url = self._url(path)
        url = url.copy_with(query=query.encode("ascii", "ignore")) if query else url
        headers = {"User-Agent": self._headers["User-Agent"], "Accept": "text/html,*/*;q=0.8"}
        until = min(anyio.current_time() + (deadline or self._deadline), anyio.current_effective_deadline() - EARLIER)
        with anyio.CancelScope(deadline=until) as waiting:
            async with self._limiter:
                if (wait := self.breaker.wait()) > 0:
                    raise self._trouble.resting(wait)
                transport = self._transport = self._transport or self._connections()
                request = httpx2.Request("GET", url, headers=headers)
                request.extensions |= {"timeout": {"connect": self._connect_timeout}}
                try:
                    response = await transport.handle_async_request(request)
                except httpx2.RequestError as error:
                    raise self._trouble.on_the_way(error, sent=True) from None
                await response.aclose()
                return response.status_code, response.headers.get("location", "")
        assert waiting.cancelled_caught
        raise self._trouble.timeout(sent=True)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._transport is not None:
            await self._transport.aclose()

    async def _persist(self, build: Build, reads: bool, tries: int, until: float) -> Answer:
        """Try until there is an answer, or no more sense or time in trying."""
        maybe = False
        number = 0
        while True:
            outcome = await self._outcome(build, reads, until)
            maybe = maybe or (isinstance(outcome, UpstreamError) and outcome.reached == "maybe")
            pause = self._pause(outcome, number)
            number += 1
            if pause is None or number == tries or anyio.current_time() + pause >= until:
                break
            await anyio.sleep(pause)
        if isinstance(outcome, Answer):
            hear(self.name)
            return outcome
        if maybe:  # a later attempt that surely failed says nothing of an earlier one that may have arrived
            outcome.reached = "maybe"
        raise outcome

    def _pause(self, outcome: Answer | UpstreamError, number: int) -> float | None:
        """Seconds before the next attempt, or None when another one is of no use."""
        if isinstance(outcome, Answer):
            useless, step = outcome.status not in GATEWAY, STATUS_BACKOFF
        else:
            useless = outcome.code not in RETRIED or not outcome.retryable
            step = STATUS_BACKOFF if outcome.reached == "answered" else CONNECT_BACKOFF
        if useless or self.breaker.is_open:
            return None
        if outcome.retry_after is not None:
            return outcome.retry_after
        return random.uniform(0, step * 2**number)  # noqa: S311  spreads load, guards nothing

    async def _outcome(self, build: Build, reads: bool, until: float) -> Answer | UpstreamError:
        try:
            answer = await self._attempt(build, until)
        except UpstreamError as error:
            return error
        error = self._trouble.with_answer(answer, reads)
        if answer.status == 429:
            hold = anyio.current_time() + min(answer.retry_after or 0.0, LONGEST_HOLD)
            self._hold_until = max(self._hold_until, hold)
        return error or answer

    async def _attempt(self, build: Build, until: float) -> Answer:
        """Wait for a turn, then ask the server once."""
        turn = object()  # not the task: a body that is streamed may itself be read from the same server
        with anyio.CancelScope(deadline=until) as waiting:
            await self._hold(until)
            await self._limiter.acquire_on_behalf_of(turn)
        if waiting.cancelled_caught:
            raise self._trouble.crowded()
        try:
            return await self._exchange(build(), until)
        finally:
            self._limiter.release_on_behalf_of(turn)

    async def _exchange(self, request: httpx2.Request, until: float) -> Answer:
        if (wait := self.breaker.wait()) > 0:
            raise self._trouble.resting(wait)
        transport = self._transport = self._transport or self._connections()
        # Only the network's transport tells when it begins to send; any other may have done all once it is called.
        sent = not isinstance(transport, httpx2.AsyncHTTPTransport)

        async def trace(event: str, info: Mapping[str, Any]) -> None:
            nonlocal sent
            await fence(event, info)
            sent = sent or event == SENDS

        request.extensions |= {"timeout": {"connect": self._connect_timeout}, "trace": trace}
        if self._auth is not None:
            self._auth(request)
        answered: bool | None = None
        ticket, began = self.breaker.enter(), anyio.current_time()
        try:
            with anyio.CancelScope(deadline=until):
                if sent:  # that transport tells nothing on its way
                    await fence(SENDS, {})
                response = await transport.handle_async_request(request)
                answered = True
                return await self._read(response)
            # Only a wait of some length speaks against the server: the caller may have been in a hurry.
            answered = None if anyio.current_time() - began < self._connect_timeout else False
            raise self._trouble.timeout(sent)
        except TooLate:
            raise self._trouble.late() from None
        except httpx2.RequestError as error:
            failure = self._trouble.on_the_way(error, sent)
            answered = failure.reached == "answered"
            raise failure from None
        finally:
            self.breaker.leave(ticket, answered)

    async def _read(self, response: httpx2.Response) -> Answer:
        chunks: list[bytes] = []
        size = 0
        try:
            async with aclosing(response.aiter_bytes()) as parts:
                async for part in parts:  # at most 1 MiB each, however well it was packed
                    size += len(part)
                    if size > self._max_bytes:
                        raise self._trouble.too_large(self._max_bytes)
                    chunks.append(part)
        finally:
            await response.aclose()
        return Answer(response.status_code, response.headers, b"".join(chunks), self.name)

    async def _hold(self, until: float) -> None:
        """Wait for as long as the server has asked for by its last 429."""
        wait = self._hold_until - anyio.current_time()
        if wait <= 0:
            return
        if self._hold_until >= until:
            raise self._trouble.limited(wait, "no")
        await anyio.sleep(wait)

    def _connections(self) -> httpx2.AsyncHTTPTransport:
        most = int(self._limiter.total_tokens)
        return httpx2.AsyncHTTPTransport(
            # Plain http needs no certificates, whose loading takes tens of milliseconds.
            verify=True if self.base_url.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            trust_env=False,
            limits=httpx2.Limits(max_connections=most, max_keepalive_connections=most, keepalive_expiry=KEEP_ALIVE),
        )

    def _url(self, path: str) -> httpx2.URL:
        if any(part in (".", "..") for part in unquote(path).split("/")):
            raise ValueError("a path must not climb")
        raw = self.base_url.raw_path + quote(path.lstrip("/"), safe="/%:@!$&'()*+,;=~").encode("ascii")
        return self.base_url.copy_with(raw_path=raw)


def _base(name: str, text: str, setting: str) -> httpx2.URL:
    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL:
        url = httpx2.URL()
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query or url.fragment:
        message = f"{name} has no usable address: it must be like https://example.com."
        raise Refused(Code.NOT_CONFIGURED, message, f"Correct {setting}; it holds no user name, password or query.")
    return url if url.path.endswith("/") else url.copy_with(path=url.path + "/")


def _query(params: Mapping[str, Any] | None) -> dict[str, str] | None:
    if not params:
        return None
    return {name: _text(value) for name, value in params.items() if value is not None}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(_text(item) for item in cast("list[Any]", value))
    return str(value)
