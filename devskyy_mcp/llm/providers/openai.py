"""OpenAI, by its Responses API, on its own client (``openai`` 3).

Nothing is kept at OpenAI (``store`` false): a turn's reasoning comes back encrypted and is sent again with the turn's
other items, unchanged. https://developers.openai.com/api/docs/guides/reasoning
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import httpx2
import openai

from ..port import (
    Caps,
    Effort,
    Event,
    Image,
    Kind,
    LLMError,
    Message,
    Model,
    Name,
    Native,
    Provider,
    Reason,
    ReasoningDelta,
    Request,
    Start,
    Stop,
    Text,
    TextDelta,
    ToolCall,
    ToolDelta,
    ToolEnd,
    ToolResult,
    ToolStart,
    Usage,
    Used,
)
from ..schemas import fit
from .answers import client
from .calling import (
    CONNECT_SECONDS,
    answered,
    asked,
    closed,
    drained,
    failure,
    kind_of,
    of_transport,
    reshaping,
    streamed,
)
from .chat import data_url, instructions, result_text

if TYPE_CHECKING:
    from openai.resources.models import AsyncModels
    from openai.types.responses import Response, ResponseUsage

Node = dict[str, Any]
_EFFORTS: Mapping[Effort, str] = {"none": "none", "low": "low", "medium": "medium", "high": "high", "max": "xhigh"}
_OLDER: Mapping[tuple[str, ...], Mapping[Effort, str]] = {
    ("o1-", "o3-", "o4-"): {"none": "low", "max": "high"},
    ("gpt-5-",): {"none": "minimal", "max": "high"},
    ("gpt-5.1-",): {"max": "high"},
}
"""What older models know instead; by the beginning of their names with a hyphen behind."""
_LEAST_OUTPUT = 16
"""Fewer tokens the API refuses."""
_CODES: Mapping[str, Kind] = {
    "context_length_exceeded": "context_length",
    "content_filter": "content_filter",
    "content_policy_violation": "content_filter",
    "invalid_prompt": "content_filter",  # a prompt that the safety system does not take
    "bio_policy": "content_filter",
    "cyber_policy": "content_filter",
    "misalignment_policy_violation": "content_filter",
    "image_content_policy_violation": "content_filter",
    "insufficient_quota": "budget",
    "rate_limit_exceeded": "rate_limit",
    "server_is_overloaded": "overloaded",
    "slow_down": "overloaded",
    "model_not_found": "not_found",
    "invalid_api_key": "auth",
    "data_residency_mismatch": "permission",
    "vector_store_timeout": "timeout",
}
_INCOMPLETE: Mapping[str, Reason] = {"max_output_tokens": "length", "content_filter": "filter"}


def adapter(key: str, url: str) -> Provider:
    return OpenAI(key, url)


class OpenAI:
    name: Name = "openai"

    def __init__(self, key: str, url: str) -> None:
        self._client = openai.AsyncOpenAI(
            api_key=key, base_url=url, max_retries=0, timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
            http_client=client(httpx2),
        )  # fmt: skip
        self._client.organization = self._client.project = None  # of the environment: the key says whose it is
        self._responses, self._models = self._client.responses, self._client.models
        self._tokens = self._responses.input_tokens

    def caps(self, model: str) -> Caps:
        old = model.startswith("gpt-3.5") or model in {"gpt-4", "gpt-4-0613"}
        return Caps(schema=not old, vision=not old, reasoning=_thinks(model), cache=not old, count=True)

    def stream(self, request: Request, deadline: float) -> AsyncIterator[Event]:
        return answered(self.name, self._events(request), deadline, _told, reshaping(self.name, request))

    async def count(self, request: Request, deadline: float) -> int | None:
        call = self._tokens.count(**_read_by_model(request))
        return (await asked(self.name, call, deadline, _told)).input_tokens

    async def models(self, deadline: float) -> Sequence[Model]:
        page = await asked(self.name, _listed(self._models), deadline, _told)
        return [Model(one.id) for one in page]

    async def aclose(self) -> None:
        await self._client.close()

    async def _events(self, request: Request) -> AsyncGenerator[Event]:
        wanted = _read_by_model(request) | self._asked(request)
        extra = dict(request.extra.get(self.name, {})) or None
        stream = await self._responses.create(**wanted, stream=True, extra_body=extra)
        try:
            reading = _Reading(streamed(self.name, stream.response.headers, "x-request-id"))
            async for event in stream:
                for mine in reading.read(event):
                    yield mine
                if reading.stop is not None:
                    await drained(stream)
                    yield reading.stop
                    return
        finally:
            await closed(stream.close())

    def _asked(self, request: Request) -> Node:
        wanted: Node = {"max_output_tokens": max(request.max_output, _LEAST_OUTPUT), "store": False}
        if _thinks(request.model):
            wanted["include"] = ["reasoning.encrypted_content"]
        if request.cache_key is not None:
            wanted["prompt_cache_key"] = request.cache_key
        return wanted


async def _listed(models: AsyncModels) -> Sequence[Any]:
    return [one async for one in models.list()]


def _read_by_model(request: Request) -> Node:
    """What the model reads, which is what is counted."""
    wanted: Node = {"model": request.model, "input": [item for turn in request.messages for item in _items(turn)]}
    if request.system:
        wanted["instructions"] = instructions(request)
    if request.tools:
        choice = request.tool_choice
        known = choice in {"auto", "none", "required"}
        wanted["tools"] = [_tool(tool.name, tool.description, tool.schema) for tool in request.tools]
        wanted["tool_choice"] = choice if known else {"type": "function", "name": choice}
    if request.output is not None:
        made = fit("openai", request.output.schema)
        form = {"type": "json_schema", "name": request.output.name, "schema": made.schema, "strict": made.strict}
        wanted["text"] = {"format": form}
    if request.effort is not None and _thinks(request.model):
        wanted["reasoning"] = {"effort": _effort(request.model, request.effort)}
    return wanted


def _effort(model: str, effort: Effort) -> str:
    older = next((its for start, its in _OLDER.items() if f"{model}-".startswith(start)), None)
    return (older or _EFFORTS).get(effort, _EFFORTS[effort])


def _thinks(model: str) -> bool:
    return not (model.startswith(("gpt-3.5", "gpt-4")) or "chat" in model)


def _tool(name: str, description: str, schema: Mapping[str, Any]) -> Node:
    made = fit("openai", schema)
    head = {"type": "function", "name": name, "description": description}
    return head | {"parameters": made.schema, "strict": made.strict}


def _items(message: Message) -> Iterator[Node]:
    if "openai" in message.native:
        yield from cast("list[Node]", message.native["openai"])
        return
    parts: list[Node] = []
    for block in message.blocks:
        match block:
            case Text(text=""):
                continue
            case Text(text=text) if message.role == "assistant":
                yield {"role": "assistant", "content": text}
            case Text(text=text):
                parts.append({"type": "input_text", "text": text})
            case Image():
                parts.append({"type": "input_image", "image_url": data_url(block), "detail": "auto"})
            case ToolCall(id=call, name=name, text=text):
                yield {"type": "function_call", "call_id": call, "name": name, "arguments": text or "{}"}
            case ToolResult(id=call):
                yield {"type": "function_call_output", "call_id": call, "output": result_text(block)}
    if parts:
        yield {"role": "user", "content": parts}


class _Reading:
    """Turns the stream's events into ours. ``stop`` is set by the last one."""

    def __init__(self, request_id: str | None) -> None:
        self.request_id = request_id
        self.stop: Stop | None = None
        self._calls: dict[int, str] = {}
        self._items: dict[int, Node] = {}
        self._refused = False
        self._by: Mapping[str, Callable[[Any], Iterator[Event]]] = {
            "response.created": self._created,
            "response.output_item.added": self._added,
            "response.function_call_arguments.delta": self._arguments,
            "response.output_item.done": self._done,
            "response.refusal.delta": self._refusal,
            "response.reasoning_summary_text.delta": self._reasoning,
            "response.reasoning_text.delta": self._reasoning,
            "response.completed": self._whole,
            "response.incomplete": self._whole,
            "response.failed": self._failed,
            "error": self._error,
        }

    def read(self, event: Any) -> Iterator[Event] | tuple[Event, ...]:
        kind = event.type
        if kind == "response.output_text.delta":  # nearly all of them
            return (TextDelta(event.delta),)
        by = self._by.get(kind)
        return () if by is None else by(event)

    def _created(self, event: Any) -> Iterator[Event]:
        yield Start(event.response.model, self.request_id)

    def _added(self, event: Any) -> Iterator[Event]:
        if event.item.type == "function_call":
            self._calls[event.output_index] = event.item.call_id
            yield ToolStart(event.item.call_id, event.item.name)

    def _arguments(self, event: Any) -> Iterator[Event]:
        yield ToolDelta(self._calls[event.output_index], event.delta)

    def _done(self, event: Any) -> Iterator[Event]:
        self._items[event.output_index] = event.item.to_dict(mode="json")
        if event.item.type == "function_call":
            yield ToolEnd(event.item.call_id, event.item.name, event.item.arguments)

    def _refusal(self, event: Any) -> Iterator[Event]:
        self._refused = True
        yield TextDelta(event.delta)

    def _reasoning(self, event: Any) -> Iterator[Event]:
        yield ReasoningDelta(event.delta)

    def _whole(self, event: Any) -> Iterator[Event]:
        response: Response = event.response
        if response.usage is not None:
            yield Used(_usage(response.usage))
        items = [self._items[index] for index in sorted(self._items)]
        while items and items[-1]["type"] == "reasoning":  # it is refused without what it led to
            items.pop()
        if items:
            yield Native("openai", items)
        if response.status == "incomplete":
            why = (response.incomplete_details and response.incomplete_details.reason) or ""
            self.stop = Stop(_INCOMPLETE.get(why, "length"), why)
            return
        reason: Reason = "refusal" if self._refused else "tool" if self._calls else "end"
        self.stop = Stop(reason, response.status or "")

    def _failed(self, event: Any) -> Iterator[Event]:
        response: Response = event.response
        if response.usage is not None:
            yield Used(_usage(response.usage))
        code = response.error.code if response.error else ""
        raise failure("openai", _CODES.get(code, "server"), request_id=self.request_id, detail=code)

    def _error(self, event: Any) -> Iterator[Event]:
        code = event.code or ""
        raise failure("openai", _CODES.get(code, "server"), request_id=self.request_id, detail=code)


def _usage(said: ResponseUsage) -> Usage:
    """``input_tokens`` there has what was read from the cache and written to it, ``output_tokens`` the reasoning."""
    details: Any = said.input_tokens_details
    read, wrote = getattr(details, "cached_tokens", 0) or 0, getattr(details, "cache_write_tokens", 0) or 0
    reasoning = getattr(said.output_tokens_details, "reasoning_tokens", 0) or 0
    kept = getattr(details, "cache_write_tokens_details", None)
    long = getattr(kept, "ttl_12h_tokens", 0) or 0
    return Usage(
        input=said.input_tokens - read - wrote,
        cache_read=read,
        cache_write_5m=wrote - long,
        cache_write_1h=long,
        output=said.output_tokens - reasoning,
        reasoning=reasoning,
        raw=said.to_dict(mode="json"),
    )


def _told(error: Exception) -> LLMError:
    if isinstance(error, openai.APIStatusError):
        headers = error.response.headers
        code = error.code or error.type or ""
        kind = _CODES.get(error.code or "") or _CODES.get(error.type or "") or kind_of(error.status_code)
        request_id = headers.get("x-request-id")
        return failure("openai", kind, status=error.status_code, headers=headers, request_id=request_id, detail=code)
    if isinstance(error, openai.APITimeoutError):
        return failure("openai", "timeout")
    if isinstance(error, openai.APIConnectionError):
        return failure("openai", "connection")
    if isinstance(error, openai.APIError) and not isinstance(error, openai.APIResponseValidationError):
        code = error.code or error.type or ""  # an error within the stream, which has no status
        return failure("openai", _CODES.get(code, "server"), detail=code)
    return failure("openai", of_transport(error) or "protocol", detail=type(error).__name__)
