"""Groq, by chat completions, on its own client (``groq`` 1, on httpx)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import groq
import httpx

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
from .answers import client
from .calling import (
    CONNECT_SECONDS,
    Reshaping,
    answered,
    asked,
    closed,
    drained,
    failure,
    in_words,
    kind_of,
    of_transport,
    streamed,
)
from .chat import Calls, Reading, messages, said, tool_choice, tools

if TYPE_CHECKING:
    from groq.types.chat import ChatCompletion, ChatCompletionChunk
    from groq.types.completion_usage import CompletionUsage

Node = dict[str, Any]
_STRICT = ("openai/gpt-oss-",)
"""Models that Groq can hold to a schema."""
_SCHEMAS = (*_STRICT, "moonshotai/kimi-k2", "meta-llama/llama-4")
"""Models that are told a schema of the answer; the others, and all where there are tools, are told it in words."""
_EFFORTS: Mapping[str, Mapping[Effort, str]] = {
    "openai/gpt-oss-": {"none": "low", "low": "low", "medium": "medium", "high": "high", "max": "high"},
    "qwen/qwen3.8": {"none": "none", "low": "low", "medium": "medium", "high": "high", "max": "high"},
    "qwen/qwen3": {"none": "none", "low": "default", "medium": "default", "high": "default", "max": "default"},
}
"""What models that think are told, by the beginning of their names; the first that fits."""
_SEEING = ("meta-llama/llama-4", "qwen/qwen3.8")
_STOPS: Mapping[str, Reason] = {
    "stop": "end",
    "length": "length",
    "tool_calls": "tool",
    "function_call": "tool",
    "content_filter": "filter",
}
_CODES: Mapping[str, Kind] = {
    "context_length_exceeded": "context_length",
    "request_too_large": "context_length",
    "rate_limit_exceeded": "rate_limit",
    "invalid_api_key": "auth",
    "model_not_found": "not_found",
    "insufficient_quota": "budget",
    "over_capacity": "overloaded",
    "service_unavailable": "overloaded",
    "tool_use_failed": "server",  # the model's call was malformed: Groq says so instead of passing it on
    "json_validate_failed": "server",
}


def adapter(key: str, url: str) -> Provider:
    return Groq(key, url)


class Groq:
    name: Name = "groq"

    def __init__(self, key: str, url: str) -> None:
        self._client = groq.AsyncGroq(
            api_key=key, base_url=url, max_retries=0, timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            http_client=client(httpx),
        )  # fmt: skip
        self._chat, self._models = self._client.chat.completions, self._client.models

    def caps(self, model: str) -> Caps:
        return Caps(
            schema=model.startswith(_SCHEMAS),
            schema_with_tools=False,
            vision=model.startswith(_SEEING),
            reasoning=model.startswith(tuple(_EFFORTS)),
            cache=model.startswith(_STRICT),
        )

    def stream(self, request: Request, deadline: float) -> AsyncIterator[Event]:
        """As the port says; an answer after a schema comes in one piece, as Groq does not stream these."""
        if request.output is None or not _formatted(request):
            return answered(self.name, self._events(request), deadline, _told)
        strict = fit(self.name, request.output.schema, strict=request.model.startswith(_STRICT))
        shape = Reshaping(output=request.output.schema if strict.reshaped else None)
        return answered(self.name, self._whole(request), deadline, _told, shape)

    async def count(self, request: Request, deadline: float) -> int | None:
        del request, deadline  # there is no such call
        return None

    async def models(self, deadline: float) -> Sequence[Model]:
        found = await asked(self.name, self._models.list(), deadline, _told)
        return [Model(one.id, max_input=int(getattr(one, "context_window", 0) or 0)) for one in found.data]

    async def aclose(self) -> None:
        await self._client.close()

    async def _events(self, request: Request) -> AsyncGenerator[Event]:
        extra = dict(request.extra.get(self.name, {})) or None
        stream = await self._chat.create(**self._asked(request), stream=True, extra_body=extra)
        try:
            reading = _Reading(streamed(self.name, stream.response.headers, "x-request-id"))
            async for chunk in stream:
                for event in reading.read(chunk):
                    yield event
                if reading.whole:
                    await drained(stream)
                    break
            for event in reading.ends():
                yield event
        finally:
            await closed(stream.close())

    async def _whole(self, request: Request) -> AsyncGenerator[Event]:
        extra = dict(request.extra.get(self.name, {})) or None
        answer = await self._chat.with_raw_response.create(**self._asked(request), stream=False, extra_body=extra)
        for event in _in_one_piece(await answer.parse(), answer.headers.get("x-request-id")):
            yield event

    def _asked(self, request: Request) -> Node:
        in_format = _formatted(request)
        also = in_words(request.output.schema) if request.output and not in_format else ""
        wanted: Node = {
            "model": request.model,
            "messages": messages(self.name, request, also=also),
            "max_completion_tokens": request.max_output,
        }
        if request.tools:
            wanted |= {"tools": tools(self.name, request, strict=False), "tool_choice": tool_choice(request)}
        if request.output is not None and in_format:
            made = fit(self.name, request.output.schema, strict=request.model.startswith(_STRICT))
            form = {"name": request.output.name, "schema": made.schema, "strict": made.strict}
            wanted["response_format"] = {"type": "json_schema", "json_schema": form}
        efforts = next((one for start, one in _EFFORTS.items() if request.model.startswith(start)), None)
        if efforts is not None:
            if not request.model.startswith(_STRICT):
                wanted["reasoning_format"] = "parsed"  # else it stands in the text
            if request.effort is not None:
                wanted["reasoning_effort"] = efforts[request.effort]
        return wanted


def _formatted(request: Request) -> bool:
    """Whether Groq is told the schema of the answer (https://console.groq.com/docs/structured-outputs)."""
    return request.output is not None and not request.tools and request.model.startswith(_SCHEMAS)


def _in_one_piece(answer: ChatCompletion, request_id: str | None) -> Iterator[Event]:
    choice, calls = answer.choices[0], Calls()
    said_by_it = choice.message
    yield Start(answer.model, request_id)
    if said_by_it.reasoning:
        yield ReasoningDelta(said_by_it.reasoning)
    if said_by_it.content:
        yield TextDelta(said_by_it.content)
    for index, call in enumerate(said_by_it.tool_calls or ()):
        yield from calls.take(index, call.id, call.function.name, call.function.arguments)
    if answer.usage:
        yield Used(_usage(answer.usage))
    yield from _ends(choice.finish_reason, said_by_it.content or "", said_by_it.reasoning or "", calls)


def _ends(finish: str, text: str, reasoning: str, calls: Calls) -> Iterator[Event]:
    yield from calls.ends()
    yield Native("groq", said(text, calls.turns()) | ({"reasoning": reasoning} if reasoning else {}))
    yield Stop(_STOPS.get(finish, "end"), finish)


class _Reading(Reading):
    """Turns chunks into events."""

    def __init__(self, request_id: str | None) -> None:
        super().__init__(request_id)
        self.text: list[str] = []
        self.reasoning: list[str] = []

    def read(self, chunk: ChatCompletionChunk) -> Iterator[Event]:
        if not self.started:
            self.started = True
            yield Start(chunk.model, self.request_id or (chunk.x_groq and chunk.x_groq.id) or None)
        for choice in chunk.choices:
            delta = choice.delta
            if delta.reasoning:
                self.reasoning.append(delta.reasoning)
                yield ReasoningDelta(delta.reasoning)
            if delta.content:
                self.text.append(delta.content)
                yield TextDelta(delta.content)
            for call in delta.tool_calls or ():
                function = call.function
                name, text = (function.name, function.arguments) if function else (None, None)
                yield from self.calls.take(call.index, call.id, name, text or "")
            self.finish = choice.finish_reason or self.finish
        said_by_groq = chunk.x_groq
        usage = (said_by_groq and said_by_groq.usage) or chunk.usage
        if usage:
            self.used = True
            yield Used(_usage(usage))
        if said_by_groq and said_by_groq.error:
            raise failure("groq", "server", request_id=self.request_id)

    def ends(self) -> Iterator[Event]:
        if self.finish:
            yield from _ends(self.finish, "".join(self.text), "".join(self.reasoning), self.calls)


def _usage(told: CompletionUsage) -> Usage:
    """``prompt_tokens`` has what was read from the cache, ``completion_tokens`` the reasoning."""
    read = (told.prompt_tokens_details and told.prompt_tokens_details.cached_tokens) or 0
    reasoning = (told.completion_tokens_details and told.completion_tokens_details.reasoning_tokens) or 0
    return Usage(
        input=told.prompt_tokens - read,
        cache_read=read,
        output=told.completion_tokens - reasoning,
        reasoning=reasoning,
        raw=told.to_dict(mode="json"),
    )


def _code(body: object) -> tuple[str, str]:
    """The code and the type that an error's body has, itself or under ``error``."""
    found: Any = body
    if isinstance(found, dict):
        found = found.get("error", found)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if not isinstance(found, dict):
        return "", ""
    return str(found.get("code") or ""), str(found.get("type") or "")  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def _told(error: Exception) -> LLMError:
    if isinstance(error, groq.APIStatusError):
        code, kind_there = _code(error.body)
        kind = _CODES.get(code) or _CODES.get(kind_there) or kind_of(error.status_code)
        if error.status_code == 413:  # more than its rate limit for a minute has: waiting does not help
            kind = "context_length"
        headers = error.response.headers
        request_id = headers.get("x-request-id")
        return failure(
            "groq", kind, status=error.status_code, headers=headers, request_id=request_id, detail=code or kind_there
        )
    if isinstance(error, groq.APITimeoutError):
        return failure("groq", "timeout")
    if isinstance(error, groq.APIConnectionError):
        return failure("groq", "connection")
    if isinstance(error, groq.APIError) and not isinstance(error, groq.APIResponseValidationError):
        code, kind_there = _code(error.body)  # an error within the stream, which has no status
        kind = _CODES.get(code) or _CODES.get(kind_there) or "server"
        return failure("groq", kind, detail=code or kind_there)
    return failure("groq", of_transport(error) or "protocol", detail=type(error).__name__)
