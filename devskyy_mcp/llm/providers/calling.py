"""What the adapters share: the deadline and the partial turn around a stream, and our words for what went wrong."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from time import time
from typing import Any, TypeVar

import anyio

from ..folding import Folding
from ..port import UNSENT, Event, Kind, LLMError, Name, Request, Stop, TextDelta, ToolEnd
from ..schemas import fit, restored_text

T = TypeVar("T")
TITLES: Mapping[Name, str] = {
    "openai": "OpenAI",
    "anthropic": "Anthropic",
    "google": "Google",
    "mistral": "Mistral",
    "cohere": "Cohere",
    "groq": "Groq",
}
_SENTENCES: Mapping[Kind, str] = {
    "rate_limit": "{} takes no more calls at the moment: its rate limit is reached.",
    "overloaded": "{} is overloaded.",
    "auth": "{} does not take the API key.",
    "permission": "{} does not allow this call to the API key.",
    "not_found": "{} does not know the model.",
    "bad_request": "{} does not take the request.",
    "context_length": "The request is longer than the model at {} can read.",
    "content_filter": "{}'s filter stopped the request.",
    "timeout": "{} did not answer in time.",
    "connection": "The connection to {} failed.",
    "truncated": "{}'s answer ended before it was whole.",
    "protocol": "{} answered in a form that is not its API's.",
    "server": "{} has an error of its own.",
    "budget": "The account at {} has no credit left.",
    "cancelled": "The call of {} was given up.",
}
_STATUSES: Mapping[int, Kind] = {
    401: "auth",
    402: "budget",
    403: "permission",
    404: "not_found",
    408: "timeout",
    429: "rate_limit",
    498: "overloaded",  # Groq: flex capacity exceeded
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}
_TOO_LONG = re.compile(
    r"context.?(length|window|limit)|(prompt|input|request|messages?) (is|are) too (long|large)"
    r"|too many (input )?tokens|maximum number of tokens|exceeds? .{0,40}\btokens",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z][\w.-]{0,59}")
CONNECT_SECONDS = 10.0
"""For a connection to stand; the deadline holds for the rest."""


def kind_of(status: int) -> Kind:
    """What an HTTP status says where the provider says nothing more."""
    if status < 400:
        return "protocol"
    return _STATUSES.get(status, "server" if status >= 500 else "bad_request")


def failure(
    provider: Name,
    kind: Kind,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    request_id: str | None = None,
    detail: object = "",
) -> LLMError:
    """The error of that kind in our words; ``detail`` is kept where it is one word, as codes are."""
    word = str(detail) if detail and _WORD.fullmatch(str(detail)) else ""
    wait = None if headers is None else retry_after(headers)
    message = _SENTENCES[kind].format(TITLES[provider])
    return LLMError(
        kind, message, provider=provider, status=status, retry_after=wait, request_id=request_id, detail=word
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the answer asks to wait: ``retry-after-ms``, or ``Retry-After`` in seconds or as a date."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            return max(0.0, float(headers[name]) / unit)
        except (KeyError, ValueError):
            continue
    try:
        return max(0.0, parsedate_to_datetime(headers["retry-after"]).timestamp() - time())
    except (KeyError, ValueError):
        return None


def of_transport(error: BaseException) -> Kind | None:
    """What an error of httpx2 or httpx says; None for others. Neither is imported for it."""
    for name in ("httpx2", "httpx"):
        module: Any = sys.modules.get(name)
        if module is None:
            continue
        if isinstance(error, module.TimeoutException):
            return "timeout"
        if isinstance(error, module.TransportError):
            return "connection"
    return None


def never_stood(error: BaseException | None) -> bool:
    """Whether it comes of a connection that could not be made; clients put their own errors around it."""
    modules: list[Any] = [sys.modules[name] for name in ("httpx2", "httpx") if name in sys.modules]
    before = tuple(kind for one in modules for kind in (one.ConnectError, one.ConnectTimeout, one.PoolTimeout))
    while error is not None:
        if isinstance(error, before):
            return True
        error = error.__cause__ or error.__context__
    return False


@dataclass(frozen=True, slots=True)
class Reshaping:
    """Where the model gives nulls for what was left out: schemas of tools by name, and the output's."""

    tools: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    output: Mapping[str, Any] | None = None


def reshaping(provider: Name, request: Request) -> Reshaping:
    """For an adapter that sends ``fit(provider, …)`` of all tools and the output."""
    tools = {tool.name: tool.schema for tool in request.tools if fit(provider, tool.schema).reshaped}
    reshaped = request.output is not None and fit(provider, request.output.schema).reshaped
    return Reshaping(tools, request.output.schema if request.output and reshaped else None)


async def answered(
    provider: Name,
    source: AsyncGenerator[Event],
    deadline: float,
    told: Callable[[Exception], LLMError],
    shape: Reshaping = Reshaping(),
) -> AsyncIterator[Event]:
    """The events of ``source`` until its ``Stop``, by the deadline, and every exception as an ``LLMError``.

    Args:
        provider: whose answer it is.
        source: the adapter's own events; it opens the request when it is first asked.
        deadline: on the clock of ``anyio.current_time``.
        told: what an exception of the SDK means.
        shape: what is led back to the schema that was meant.
    """
    folding = Folding()
    held: list[str] = []
    try:
        while True:
            event = await _next(provider, source, deadline)
            if shape.output is not None and isinstance(event, TextDelta):
                held.append(event.text)
                continue
            if isinstance(event, ToolEnd) and event.name in shape.tools:
                event = ToolEnd(event.id, event.name, restored_text(event.text, shape.tools[event.name]))
            if isinstance(event, Stop) and held and shape.output is not None:
                text = TextDelta(restored_text("".join(held), shape.output))
                held.clear()
                folding.take(text)
                yield text
            folding.take(event)
            yield event
            if isinstance(event, Stop):
                return
    except Exception as error:
        raised = error if isinstance(error, LLMError) else told(error)
        if never_stood(error):
            raised.detail = UNSENT
        for text in held:
            folding.take(TextDelta(text))
        raised.partial = folding.turn
        raised.request_id = raised.request_id or raised.partial.request_id
        raise raised from None
    finally:
        await closed(source.aclose())


async def _next(provider: Name, source: AsyncGenerator[Event], deadline: float) -> Event:
    event: Event | None = None
    with anyio.CancelScope(deadline=deadline) as scope:  # never open across a yield
        event = await anext(source, None)
    if event is None:
        raise failure(provider, "timeout" if scope.cancelled_caught else "truncated")
    return event


async def asked(provider: Name, call: Awaitable[T], deadline: float, told: Callable[[Exception], LLMError]) -> T:
    """What one call gives, by the deadline, and every exception as an ``LLMError``."""
    try:
        with anyio.CancelScope(deadline=deadline):
            return await call
    except LLMError:
        raise
    except Exception as error:
        raise told(error) from None
    raise failure(provider, "timeout")


def streamed(provider: Name, headers: Mapping[str, str], id_header: str) -> str | None:
    """The request's id in an answer of server-sent events; raises for a page of somebody between."""
    request_id = headers.get(id_header)
    if not headers.get("content-type", "").startswith("text/event-stream"):
        raise failure(provider, "protocol", status=200, request_id=request_id)
    return request_id


async def closed(closing: Awaitable[object]) -> None:
    """Close what a call used, also when the call is being cancelled."""
    with anyio.move_on_after(2, shield=True):
        await closing


async def drained(stream: AsyncIterator[object]) -> None:
    """Read what follows the last event, so that the connection is used again. The answer is whole: no error counts."""
    with anyio.move_on_after(1):
        try:
            async for _ in stream:
                pass
        except Exception:
            return


def too_long(words: object) -> bool:
    """Whether a provider that has no code for it says that the request is longer than the model can read."""
    return bool(_TOO_LONG.search(str(words or "")))


def in_words(schema: Mapping[str, Any]) -> str:
    """The instruction where the model can't be held to a schema."""
    return f"Answer with JSON alone, after this JSON Schema:\n{json.dumps(schema, ensure_ascii=False)}"
