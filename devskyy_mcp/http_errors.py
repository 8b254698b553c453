"""What a server outside answered, and what went wrong on the way there, in words."""

from __future__ import annotations

import json as jsonlib
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal, NoReturn

import httpx2

from devskyy_mcp.errors import Code, Refused

Reached = Literal["no", "maybe", "answered"]

MIB = 1024 * 1024
NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
# A gateway speaks for a server behind it that may have done the work all the same; 520 to 527 are Cloudflare's.
GATEWAY = frozenset({502, 503, 504, *range(520, 528)})


@dataclass(eq=False, repr=False)
class UpstreamError(Refused):
    """A call to a server outside that brought no usable answer.

    ``reached`` says what the server may have done: ``no`` it surely never got the request, ``maybe`` it was sent and
    no whole answer came, ``answered`` an answer came. Of a write that ended in ``maybe``, or was answered by something
    that is no JSON, only the server knows the outcome. ``answer`` is the answer with a 429, by whose body some servers
    tell its meanings apart.
    """

    reached: Reached = "maybe"
    answer: Answer | None = None


@dataclass(frozen=True)
class Answer:
    """What the server answered. ``headers`` ignores case; ``content`` is decoded; ``source`` begins sentences."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    source: str = "The server"

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            UpstreamError: UPSTREAM_INVALID when it is a web page, cut off, or otherwise no JSON.
        """
        try:
            text = self.content.decode("utf-8-sig")  # plugins' files saved with a BOM put it before the JSON
            return jsonlib.loads(text, parse_constant=_not_json)
        except (ValueError, RecursionError):
            raise self._no_json() from None

    @property
    def is_page(self) -> bool:
        """Whether this is HTML, or nothing at all, where data was expected."""
        return not self.content.strip() or self.content.lstrip()[:1] == b"<"

    @property
    def retry_after(self) -> float | None:
        """Seconds asked for by Retry-After, a number or a date (RFC 9110 §10.2.3)."""
        value = self.headers.get("retry-after", "").strip()
        if value.isdecimal() and len(value) < 9:
            return float(value)
        try:
            then = parsedate_to_datetime(value)
        except ValueError:
            return None
        then = then if then.tzinfo else then.replace(tzinfo=UTC)
        return max(0.0, (then - datetime.now(UTC)).total_seconds())

    def _no_json(self) -> UpstreamError:
        start = self.content.lstrip()[:64].lower()
        if not start:
            what, hint = "with nothing", "Its error log should say why; a plugin may have crashed."
        elif start.startswith((b"<br", b"<b>")):
            what = "with a warning printed before the data"
            hint = "A plugin or theme prints PHP warnings; switch WP_DEBUG_DISPLAY off."
        elif start.startswith(b"<"):
            what = "with a web page instead of JSON"
            hint = "It may be in maintenance mode, a security plugin may be in the way, or the address is wrong."
        else:
            what, hint = "with JSON that is cut off or damaged", "Try again; if it stays, ask for less at a time."
        message = f"{self.source} answered {what} (status {self.status})."
        return UpstreamError(Code.UPSTREAM_INVALID, message, hint, reached="answered")


class Trouble:
    """Makes the errors of one server: what is wrong with it and what to do, never a query, a body or a credential."""

    def __init__(self, name: str, base_url: httpx2.URL, setting: str) -> None:
        self.name = name
        self.base_url = base_url
        self.setting = setting

    def with_answer(self, answer: Answer, reads: bool) -> UpstreamError | None:
        """The error for an answer that no caller can make sense of; None for any other."""
        if 300 <= answer.status < 400 and answer.status != 304:
            return self._redirected(answer)
        if answer.status == 429:
            return self.limited(answer.retry_after, "answered", answer)
        if answer.status in GATEWAY and answer.is_page:
            return UpstreamError(
                Code.UPSTREAM_UNREACHABLE,
                f"{self.name} is not available: the server in front of it answered {answer.status}.",
                "It may be overloaded, in maintenance or restarting; try again later.",
                retry_after=answer.retry_after,
                reached="answered" if reads else "maybe",
            )
        return None

    def _redirected(self, answer: Answer) -> UpstreamError:
        message = f"{self.name} redirects to another address; nothing was sent there."
        origin = _origin(self.base_url, answer.headers.get("location", ""))
        if origin is None:
            hint = f"Check {self.setting}."
        elif origin == _origin(self.base_url, "/"):
            hint = f"The address redirects to another path of {origin}; check the path in {self.setting}."
        else:
            hint = f"The address redirects to {origin}; set {self.setting} to it."
        return UpstreamError(Code.UPSTREAM_INVALID, message, hint, retryable=False, reached="answered")

    def limited(self, wait: float | None, reached: Reached, answer: Answer | None = None) -> UpstreamError:
        message, hint = f"{self.name} accepts no more calls for now.", "Wait before the next call."
        return UpstreamError(Code.RATE_LIMITED, message, hint, retry_after=wait, reached=reached, answer=answer)

    def resting(self, wait: float) -> UpstreamError:
        """The breaker is open, for ``wait`` more seconds."""
        return UpstreamError(
            Code.UPSTREAM_UNREACHABLE,
            f"{self.name} has not answered several times in a row, so it is left alone for a moment.",
            f"Try again in {max(1, round(wait))} s, or check that it is up.",
            retry_after=wait,
            reached="no",
        )

    def crowded(self) -> UpstreamError:
        """The deadline passed before the call's turn came."""
        message = f"{self.name} is busy: too many calls are waiting for it."
        return UpstreamError(Code.UPSTREAM_TIMEOUT, message, "Try again, with fewer calls at a time.", reached="no")

    def late(self) -> UpstreamError:
        """The process stood still before it had sent the request."""
        message = f"The server stood still; nothing was sent to {self.name[:1].lower()}{self.name[1:]}."
        return UpstreamError(Code.UPSTREAM_TIMEOUT, message, "Try again.", reached="no")

    def timeout(self, sent: bool) -> UpstreamError:
        return UpstreamError(
            Code.UPSTREAM_TIMEOUT,
            f"{self.name} did not answer in time.",
            "It may be overloaded; check that it is up and try again.",
            reached="maybe" if sent else "no",
        )

    def too_large(self, max_bytes: int) -> UpstreamError:
        message = f"{self.name} answered with more than {max_bytes / MIB:.3g} MiB."
        return UpstreamError(Code.TOO_LARGE, message, "Ask for fewer items or fewer fields.", reached="answered")

    def on_the_way(self, error: httpx2.RequestError, sent: bool) -> UpstreamError:
        """The error for a failed exchange; ``sent`` when the request, or a part of it, may have left."""
        reached: Reached = "maybe" if sent and not isinstance(error, NOT_SENT) else "no"
        if isinstance(error, httpx2.DecodingError):
            message = f"{self.name} answered with data that can't be unpacked."
            return UpstreamError(Code.UPSTREAM_INVALID, message, "Try again.", reached="answered")
        if isinstance(error, httpx2.LocalProtocolError | httpx2.UnsupportedProtocol):
            return UpstreamError(Code.INTERNAL, "The request was not well-formed.", reached=reached)
        if isinstance(error, httpx2.TimeoutException):
            return self.timeout(reached == "maybe")
        if isinstance(error, httpx2.ConnectError):
            return self._no_connection(error)
        message = f"{self.name} closed the connection before its answer was complete."
        return UpstreamError(Code.UPSTREAM_UNREACHABLE, message, "Check that it is up and try again.", reached=reached)

    def _no_connection(self, error: Exception) -> UpstreamError:
        causes = tuple(_causes(error))
        who = f"{self.name} ({self.base_url.host})"
        retryable = True
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            message, retryable = f"{who} shows a certificate that is not valid.", False
            hint = "Renew it, or let the server send its whole certificate chain."
        elif any(isinstance(cause, ssl.SSLError) for cause in causes):
            message, retryable = f"{who} makes no encrypted connection.", False
            hint = f"Check https and the port in {self.setting}."
        elif any(isinstance(cause, socket.gaierror) for cause in causes):
            message = f"{who} can't be found: its name has no address."
            hint = f"Check {self.setting} and the network."
        else:
            message = f"{who} refuses the connection or can't be reached."
            hint = f"Check that it is up, and {self.setting}."
        return UpstreamError(Code.UPSTREAM_UNREACHABLE, message, hint, retryable, reached="no")


def _origin(base: httpx2.URL, location: str) -> str | None:
    try:
        url = base.join(location)
    except httpx2.InvalidURL:
        return None
    netloc = url.netloc.decode("ascii")
    if not location or url.scheme not in ("http", "https") or not re.fullmatch(r"[a-z0-9.:\[\]-]+", netloc):
        return None
    return f"{url.scheme}://{netloc}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _not_json(_constant: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")
