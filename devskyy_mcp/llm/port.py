"""The port to language models: what is asked, the events of an answer, and the one kind of error.

An adapter (``providers/``) turns a ``Request`` into its provider's own call and the answer's stream into events. The
only primitive is ``stream``; a whole answer is ``folding.fold(stream)``. An answer is whole only with its ``Stop``: a
stream that ends without one raises ``LLMError`` of kind ``truncated``.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, cast

from .names import NAMES as NAMES
from .names import Name as Name

Effort = Literal["none", "low", "medium", "high", "max"]
Reason = Literal["end", "tool", "length", "filter", "refusal", "context", "pause"]
"""Why an answer ended: said all; wants tools; ``max_output`` reached; the provider's filter; the model declined; the
context is full; the provider paused a long turn, which goes on when it is sent back.
"""
Kind = Literal[
    "rate_limit", "overloaded", "auth", "permission", "not_found", "bad_request", "context_length", "content_filter",
    "timeout", "connection", "truncated", "protocol", "server", "budget", "cancelled",
]  # fmt: skip
RETRYABLE: frozenset[Kind] = frozenset({"rate_limit", "overloaded", "timeout", "connection", "truncated", "server"})


@dataclass(frozen=True, slots=True)
class Text:
    """``cache`` marks the end of what the provider may keep for the next call, where it has such marks."""

    text: str
    cache: bool = False


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that the model looks at. ``mime_type``: image/png, image/jpeg, image/webp or image/gif."""

    data: bytes
    mime_type: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model wants called. ``arguments`` is None where its text is no JSON object."""

    id: str
    name: str
    text: str

    @property
    def arguments(self) -> dict[str, Any] | None:
        try:
            found = json.loads(self.text or "{}")
        except ValueError:
            return None
        return cast("dict[str, Any]", found) if isinstance(found, dict) else None


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave, as text for the model."""

    id: str
    name: str
    text: str
    is_error: bool = False


Block = Text | Image | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class Message:
    """A turn. ``native`` is an assistant's turn as its provider gave it, JSON per provider's name: sent back unchanged
    to the same provider (signatures of thinking, encrypted reasoning), and left out for others.
    """

    role: Literal["user", "assistant"]
    blocks: tuple[Block, ...]
    native: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Tool:
    """``schema`` is JSON Schema 2020-12, the one that MCP lists; adapters make their dialect of it."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Output:
    """The answer is to be JSON after this schema."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One call of a model.

    Args:
        model: the provider's own id of it.
        messages: from the oldest; the last is the user's.
        system: instructions, in order.
        tools: what it may call.
        tool_choice: ``auto``, ``none``, ``required``, or a tool's name.
        output: JSON after a schema instead of text.
        max_output: tokens of the answer, thinking included.
        effort: how much to think, where the model can be told.
        cache_key: calls with the same one share what is cached, where the provider takes such keys.
        extra: more fields of the provider's own request, per provider's name.
    """

    model: str
    messages: tuple[Message, ...]
    system: tuple[Text, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    output: Output | None = None
    max_output: int = 4096
    effort: Effort | None = None
    cache_key: str | None = None
    extra: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, the same for all: ``input`` was not cached, ``output`` can be seen, ``reasoning`` can't. ``raw`` is what
    the provider said.
    """

    input: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def total_in(self) -> int:
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h

    @property
    def total_out(self) -> int:
        return self.output + self.reasoning


@dataclass(frozen=True, slots=True)
class Start:
    """The provider has begun. ``model`` is the one that it says answers."""

    model: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """Part of what the provider shows of its thinking."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolStart:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ToolDelta:
    """Part of a tool's arguments, JSON text."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class ToolEnd:
    """The tool's arguments are whole: ``text`` is all of them, JSON if the model did well."""

    id: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Used:
    """What it took so far; the last one counts."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class Native:
    """The whole turn as the provider wants it back (``Message.native``); at most once, before ``Stop``."""

    provider: str
    turn: Any


@dataclass(frozen=True, slots=True)
class Stop:
    """The answer is whole. ``detail`` is the provider's own word."""

    reason: Reason
    detail: str = ""


Event = Start | TextDelta | ReasoningDelta | ToolStart | ToolDelta | ToolEnd | Used | Native | Stop


@dataclass(frozen=True, slots=True)
class Turn:
    """An answer, whole or as far as it came (``stop`` is None)."""

    model: str = ""
    text: str = ""
    reasoning: str = ""
    calls: tuple[ToolCall, ...] = ()
    usage: Usage = field(default_factory=Usage)
    native: Mapping[str, Any] = field(default_factory=dict[str, Any])
    stop: Stop | None = None
    request_id: str | None = None

    def message(self) -> Message:
        """As the assistant's turn of the next request."""
        said: tuple[Block, ...] = (Text(self.text),) if self.text else ()
        return Message("assistant", said + self.calls, self.native)


UNSENT = "unsent"
"""``LLMError.detail`` of a connection that never stood: nothing was sent, so nothing can have cost anything."""


class LLMError(Exception):
    """The one error of the port. ``message`` is ours, never the provider's text.

    Args:
        kind: what went wrong.
        message: a sentence for people.
        provider: whose answer it was.
        status: HTTP status, where there was one.
        retry_after: seconds that the provider asks to wait.
        request_id: the provider's id of the call.
        partial: what had come by then; it may cost money.
        detail: the provider's own code of the error, a short word.
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        provider: str = "",
        status: int | None = None,
        retry_after: float | None = None,
        request_id: str | None = None,
        partial: Turn | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.message = message
        self.provider = provider
        self.status = status
        self.retry_after = retry_after
        self.request_id = request_id
        self.partial = partial
        self.detail = detail

    @property
    def retryable(self) -> bool:
        return self.kind in RETRYABLE


@dataclass(frozen=True, slots=True)
class Caps:
    """What a model can do; tokens for ``max_input`` and ``max_output``, 0 where not known."""

    tools: bool = True
    schema: bool = True
    schema_with_tools: bool = True
    vision: bool = False
    reasoning: bool = False
    cache: bool = False
    count: bool = False
    max_input: int = 0
    max_output: int = 0


@dataclass(frozen=True, slots=True)
class Model:
    """A model that a provider lists. ``max_input`` in tokens, 0 where it does not say."""

    id: str
    title: str = ""
    max_input: int = 0


class Provider(Protocol):
    """An adapter: one provider's official SDK, with its retries off."""

    name: Name

    def caps(self, model: str) -> Caps:
        """What the model can do, as far as it is known; never asks the provider."""
        ...

    def stream(self, request: Request, deadline: float) -> AsyncIterator[Event]:
        """Ask, and give the answer's events as they come. Close it (``aclosing``) to give the answer up.

        Args:
            request: what is asked.
            deadline: on the clock of ``anyio.current_time``; by then it has ended or raised.

        Raises:
            LLMError: the only exception, cancellation apart; with what had come in ``partial``.
        """
        ...

    async def count(self, request: Request, deadline: float) -> int | None:
        """Tokens of the request; None where the provider has no way to count them.

        Raises:
            LLMError: as ``stream``.
        """
        ...

    async def models(self, deadline: float) -> Sequence[Model]:
        """The models that the key may use.

        Raises:
            LLMError: as ``stream``.
        """
        ...

    async def aclose(self) -> None:
        """Close its connections."""
        ...
