"""Mistral, by chat completions, on its own client (``mistralai`` 3, on httpx2).

The client checks every event against models that it makes anew each time, about a millisecond of CPU an event: that is
its own part, ours is small beside it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

import anyio
import httpx2
import pydantic
from mistralai.client import Mistral as Client
from mistralai.client import errors
from mistralai.client.types import UNSET

from ..port import (
    Caps,
    Effort,
    Event,
    Kind,
    LLMError,
    Model,
    Name,
    Native,
    Provider,
    Reason,
    ReasoningDelta,
    Request,
    Start,
    Stop,
    TextDelta,
    Usage,
    Used,
)
from ..schemas import fit
from . import answers
from .calling import answered, asked, drained, failure, in_words, kind_of, of_transport, too_long
from .chat import Reading, messages, said, tool_choice, tools

if TYPE_CHECKING:
    from mistralai.client.models import CompletionChunk, UsageInfo

Node = dict[str, Any]
_THINKING = ("magistral", "mistral-small-latest", "mistral-small-26", "mistral-medium-latest", "mistral-medium-3-5")
_BLIND = ("codestral", "devstral", "open-", "mistral-embed", "ministral-3b-2410", "ministral-8b-2410")
_EFFORTS: Mapping[Effort, str] = {"none": "none", "low": "high", "medium": "high", "high": "high", "max": "high"}
"""Its models think or don't: https://docs.mistral.ai/capabilities/reasoning"""
_STOPS: Mapping[str, Reason] = {"stop": "end", "length": "length", "model_length": "context", "tool_calls": "tool"}
_OWN_ID = re.compile(r"[A-Za-z0-9]{9}")
_TYPES: Mapping[str, Kind] = {
    "rate_limited": "rate_limit",
    "rate_limit_error": "rate_limit",
    "rate_limit_exceeded": "rate_limit",
    "service_tier_capacity_exceeded": "overloaded",
    "overloaded": "overloaded",
    "unreachable_backend": "server",
    "invalid_model": "not_found",
    "model_not_found": "not_found",
    "context_length_exceeded": "context_length",
    "content_filter": "content_filter",
    "guardrail_blocked": "content_filter",
}


def adapter(key: str, url: str) -> Provider:
    return Mistral(key, url)


class Mistral:
    name: Name = "mistral"

    def __init__(self, key: str, url: str) -> None:
        self._http = answers.client(httpx2)
        self._client = Client(api_key=key, server_url=url, async_client=self._http)  # retries are off unless configured
        self._chat, self._models = self._client.chat, self._client.models

    def caps(self, model: str) -> Caps:
        return Caps(
            schema_with_tools=False,
            vision=not model.startswith(_BLIND),
            reasoning=model.startswith(_THINKING),
            cache=True,
        )

    def stream(self, request: Request, deadline: float) -> AsyncIterator[Event]:
        return answered(self.name, self._events(request, deadline), deadline, _told)

    async def count(self, request: Request, deadline: float) -> int | None:
        del request, deadline  # there is no such call
        return None

    async def models(self, deadline: float) -> Sequence[Model]:
        call = self._models.list_async(timeout_ms=_milliseconds(deadline))
        found = await asked(self.name, call, deadline, _told)
        cards: list[Any] = list(found.data or ())
        return [Model(one.id, _text(one, "name"), int(getattr(one, "max_context_length", 0) or 0)) for one in cards]

    async def aclose(self) -> None:
        await self._http.aclose()
        cast("Any", self._client.sdk_configuration).client.close()  # one that it made for calls that block

    async def _events(self, request: Request, deadline: float) -> AsyncGenerator[Event]:
        held: list[Any] = []
        try:
            with answers.seen(held):  # cancelled before it gives the stream, the client leaves the answer open
                stream = await self._opened(request, deadline)
            reading = _Reading(_request_id(stream.response.headers))
            async with aclosing(stream.generator) as events:
                async for event in events:
                    for mine in reading.read(event.data):
                        yield mine
                    if reading.whole:  # the client would stop at the end's mark and lose the connection
                        await drained(stream.response.stream)
                        break
            for mine in reading.ends():
                yield mine
        finally:
            await answers.close(held)

    async def _opened(self, request: Request, deadline: float) -> Any:
        wanted = self._asked(request) | dict(request.extra.get(self.name, {}))
        try:
            return await self._chat.stream_async(**wanted, timeout_ms=_milliseconds(deadline))
        except (pydantic.ValidationError, TypeError) as error:  # before anything was sent
            raise failure(self.name, "bad_request", detail=type(error).__name__) from None

    def _asked(self, request: Request) -> Node:
        in_format = request.output is not None and not request.tools  # it takes the one or the others
        also = in_words(request.output.schema) if request.output and not in_format else ""
        wanted: Node = {
            "model": request.model,
            "messages": messages(self.name, request, _own_id, also),
            "max_tokens": request.max_output,
        }
        if request.tools:
            wanted |= {"tools": tools(self.name, request, strict=True), "tool_choice": tool_choice(request)}
        if request.output is not None and in_format:
            made = fit(self.name, request.output.schema)
            form = {"name": request.output.name, "schema_definition": made.schema, "strict": made.strict}
            wanted["response_format"] = {"type": "json_schema", "json_schema": form}
        if request.effort is not None and request.model.startswith(_THINKING) and "magistral" not in request.model:
            wanted["reasoning_effort"] = _EFFORTS[request.effort]
        if request.cache_key is not None:
            wanted["prompt_cache_key"] = request.cache_key
        return wanted


def _text(card: Any, field: str) -> str:
    value = getattr(card, field, None)
    return value if isinstance(value, str) else ""


def _milliseconds(deadline: float) -> int:
    """What is left: the client knows one timeout for all of a call."""
    return max(1, int((deadline - anyio.current_time()) * 1000))


def _own_id(call: str) -> str:
    """Mistral takes ids of nine letters and digits only; another provider's become such."""
    return call if _OWN_ID.fullmatch(call) else hashlib.sha256(call.encode()).hexdigest()[:9]


def _request_id(headers: Mapping[str, str]) -> str | None:
    return headers.get("mistral-correlation-id") or headers.get("x-request-id") or headers.get("x-kong-request-id")


class _Reading(Reading):
    """Turns chunks into events."""

    def __init__(self, request_id: str | None) -> None:
        super().__init__(request_id)
        self.content: list[Node] = []
        """The turn's content as it is sent back: thinking with its signature, and text."""

    def read(self, chunk: CompletionChunk) -> Iterator[Event]:
        if not self.started:
            self.started = True
            yield Start(chunk.model, self.request_id)
        if chunk.usage:
            self.used = True
            yield Used(_usage(chunk.usage))
        for choice in chunk.choices:
            content = choice.delta.content
            if isinstance(content, str):
                yield from self._text(content)
            elif content:
                for part in content:
                    yield from self._part(part)
            for call in choice.delta.tool_calls or ():
                arguments = call.function.arguments
                text = arguments if isinstance(arguments, str) else json.dumps(arguments)
                known = call.id if call.id and call.id != "null" else None
                yield from self.calls.take(call.index or 0, known, call.function.name, text)
            self.finish = choice.finish_reason or self.finish
        if self.finish == "error":
            raise failure("mistral", "server", request_id=self.request_id, detail="error")

    def _text(self, text: str) -> Iterator[Event]:
        if not text:
            return
        if self.content and self.content[-1]["type"] == "text":
            self.content[-1]["text"].append(text)
        else:
            self.content.append({"type": "text", "text": [text]})
        yield TextDelta(text)

    def _part(self, part: Any) -> Iterator[Event]:
        if part.type == "text":
            yield from self._text(part.text)
        elif part.type == "thinking":
            text = "".join(getattr(one, "text", "") for one in part.thinking)
            if not (self.content and self.content[-1]["type"] == "thinking"):
                self.content.append({"type": "thinking", "thinking": []})
            thought = self.content[-1]
            thought["thinking"].append(text)
            if part.signature not in (None, UNSET):
                thought["signature"] = part.signature
            if text:
                yield ReasoningDelta(text)
        else:  # references and the like, which go back as they came
            self.content.append(part.model_dump(mode="json", by_alias=True))

    def ends(self) -> Iterator[Event]:
        if not self.finish:
            return
        yield from self.calls.ends()
        calls = [call | {"index": index} for index, call in enumerate(self.calls.turns())]
        yield Native("mistral", said(self._said(), calls) | {"prefix": False})
        yield Stop(_STOPS.get(self.finish, "end"), self.finish)

    def _said(self) -> str | list[Node]:
        parts: list[Node] = []
        for part in self.content:
            if part["type"] == "text":
                parts.append({"type": "text", "text": "".join(part["text"])})
            elif part["type"] == "thinking":
                thought = [{"type": "text", "text": "".join(part["thinking"])}]
                parts.append(part | {"thinking": thought})
            else:
                parts.append(part)
        if len(parts) == 1 and parts[0]["type"] == "text":
            return cast("str", parts[0]["text"])
        return parts or ""


def _usage(told: UsageInfo) -> Usage:
    """``prompt_tokens`` has what was read from the cache, ``completion_tokens`` the reasoning; both parts come in
    fields that the client has no names for.
    """
    more: Mapping[str, Any] = told.model_extra or {}
    read = _part_of(more, "prompt_tokens_details", "cached_tokens") or int(more.get("num_cached_tokens") or 0)
    reasoning = _part_of(more, "completion_tokens_details", "reasoning_tokens")
    raw: Node = {"prompt_tokens": told.prompt_tokens, "completion_tokens": told.completion_tokens} | dict(more)
    return Usage(
        input=(told.prompt_tokens or 0) - read,
        cache_read=read,
        output=(told.completion_tokens or 0) - reasoning,
        reasoning=reasoning,
        raw=raw,
    )


def _part_of(more: Mapping[str, Any], details: str, field: str) -> int:
    found: Any = more.get(details)
    return int(found.get(field) or 0) if isinstance(found, dict) else 0  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def _words(body: str) -> tuple[bool, tuple[str, ...]]:
    """Whether a body tells of an error, and its words for it: type and code, wherever they stand."""
    try:
        found: Any = json.loads(body)
    except ValueError:
        return False, ()
    nodes = list(_within(found))
    wrong = any(one.get("object") == "error" or "error" in one for one in nodes)
    return wrong, tuple(str(one[key]) for one in nodes for key in ("type", "code") if one.get(key))


def _within(found: Any) -> Iterator[Node]:
    """The object and those in it that an error may stand in: ``{"data": {"error": {…}}}`` in a stream."""
    if isinstance(found, dict):
        node = cast("Node", found)
        yield node
        for key in ("data", "error", "detail"):
            yield from _within(node.get(key))


def _told(error: Exception) -> LLMError:
    if isinstance(error, errors.MistralError):
        wrong, words = _words(error.body)
        kind: Kind | None = next((_TYPES[one] for one in words if one in _TYPES), None)
        if error.status_code < 400:  # an event that is none of the client's models: an error, or nonsense
            kind = kind or ("server" if wrong else "protocol")
        elif kind is None and error.status_code == 400 and too_long(error.body):
            kind = "context_length"  # it has no code for that
        return failure(
            "mistral",
            kind or kind_of(error.status_code),
            status=error.status_code if error.status_code >= 400 else None,
            headers=error.headers,
            request_id=_request_id(error.headers),
            detail=words[0] if words else "",
        )
    return failure("mistral", of_transport(error) or "protocol", detail=type(error).__name__)
