"""The log: one JSON object a line, or words at a terminal; on standard error, redacted, whatever library wrote it.

{"time", "level", "logger", "event", "request"?, "principal"?, "incident"?, "exception"?}
"""

from __future__ import annotations

import hmac
import json
import logging
import secrets
import sys
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from .local_key import signing_secret
from .redact import Redactor, redactor

if TYPE_CHECKING:
    from ..config import Settings

Format = Literal["json", "text"]


@dataclass(slots=True)
class Current:
    """The call that is under way: its request id, who calls, and which other system has answered something in it."""

    request: str
    principal: str
    heard: str = ""


call_of: ContextVar[Current | None] = ContextVar("call_of", default=None)
"""The call that is under way in this task and those that it started."""
_requests = count(secrets.randbits(32))  # random enough that processes which log together don't begin alike
UNREADABLE = "a line that could not be written"
_TALKATIVE = (
    *("aiosqlite", "asyncpg", "httpcore", "httpcore2", "httpx", "httpx2", "mcp", "sqlalchemy"),
    *("anthropic", "fern", "google_genai", "groq", "mistralai", "openai"),  # fern: Cohere's client
)
"""Loggers that write whole statements, addresses and messages below WARNING: no pattern knows what is in those."""
_OWN_HANDLERS = ("dbos",)
"""Loggers that give themselves a handler on standard error when they have none."""

_OF_STRANGERS = (
    "ASGI callable returned without completing handshake.",  # of each WebSocket that is answered 401 or 429
    "Invalid HTTP request received.",
    "Unsupported upgrade request.",
    "Exceeded concurrency limit.",
    '%s - "WebSocket %s"',
    "connection ",  # open, closed, rejected, of each WebSocket
)
"""How lines begin that uvicorn writes for single requests: anybody could fill the disk with them."""


def begin_call(principal: str) -> Token[Current | None]:
    """Set ``call_of`` for a new request; reset it by the token when the request is over."""
    return call_of.set(Current(f"{next(_requests) & 0xFFFFFFFF:08x}", principal))


@contextmanager
def within_call(principal: str) -> Generator[None]:
    """The call that is under way, or one of its own, as when a person agrees on a page or at a terminal."""
    if call_of.get() is not None:
        yield
        return
    told = begin_call(principal)
    try:
        yield
    finally:
        call_of.reset(told)


def hear(upstream: str) -> None:
    """Note that the upstream of this name ("The shop") has answered the call that is under way."""
    if (current := call_of.get()) is not None:
        current.heard = upstream


def heard() -> str:
    """Who has answered last in the call that is under way; empty for nobody."""
    current = call_of.get()
    return current.heard if current is not None else ""


class Redacting(logging.Filter):
    """Puts marks in the place of secrets and personal data, in the message and in what went wrong. Never raises."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact
        self._formatter = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            record.msg = self._redact(record.getMessage())
            if record.exc_info and not record.exc_text:
                record.exc_text = self._formatter.formatException(record.exc_info)
            record.exc_text = self._redact(record.exc_text) if record.exc_text else None
            record.stack_info = self._redact(record.stack_info) if record.stack_info else None
            call = call_of.get()
            record.context = {"request": call.request, "principal": self._redact(call.principal)} if call else {}
        except Exception:  # a line that can't be made safe is not written, and logging never raises
            record.msg, record.exc_text, record.stack_info = UNREADABLE, None, None
        record.args, record.exc_info = None, None
        return True


def _not_of_strangers(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(_OF_STRANGERS)


class JsonLines(logging.Formatter):
    """One object a line, for whatever collects logs."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **_context(record),
        }
        exception = "\n".join(filter(None, (record.exc_text, record.stack_info)))
        if exception:
            line["exception"] = exception
        return json.dumps(line, ensure_ascii=False, default=str).encode(errors="replace").decode()


class Words(logging.Formatter):
    """For people: ``WARNING devskyy_mcp.db: … [request 1a2b3c4d, principal local]``."""

    def format(self, record: logging.LogRecord) -> str:
        context = ", ".join(f"{name} {value}" for name, value in _context(record).items())
        line = f"{record.levelname} {record.name}: {record.getMessage()}{f' [{context}]' if context else ''}"
        return "\n".join(filter(None, (line, record.exc_text, record.stack_info))).encode(errors="replace").decode()


def _context(record: logging.LogRecord) -> dict[str, str]:
    found: dict[str, str] = getattr(record, "context", {})
    incident: str | None = getattr(record, "incident", None)
    return {**found, "incident": incident} if incident else found


def set_up(settings: Settings) -> None:
    """Log to standard error from now on, unless this process has set up its logging already."""
    learn_secrets(settings, redactor)
    redactor.use(lambda: mark_key(settings))
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Redacting(redactor))
    handler.setFormatter(JsonLines() if _format(settings) == "json" else Words())
    logging.basicConfig(level=settings.log_level, handlers=[handler])
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    logging.getLogger("uvicorn.error").addFilter(_not_of_strangers)
    for name in _OWN_HANDLERS:
        logging.getLogger(name).addHandler(logging.NullHandler())


def _format(settings: Settings) -> Format:
    return settings.log_format or ("text" if sys.stderr.isatty() else "json")


def mark_key(settings: Settings) -> bytes:
    """The key of the marks in the log: equal values have equal marks on all servers that share their secrets.

    Raises:
        Refused: as ``signing_secret``.
    """
    return hmac.digest(signing_secret(settings).encode(), b"devskyy marks in logs", "sha256")


def learn_secrets(settings: Settings, redact: Redactor) -> None:
    """Have every secret of the settings marked wherever it turns up, passwords in addresses too."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if hasattr(value, "get_secret_value"):
            text: str = value.get_secret_value()
            if "://" in text:
                text = urlsplit(text).password or ""
            for one in (text, *text.split(",")):  # several keys, newest first
                redact.learn_secret(one.strip())
