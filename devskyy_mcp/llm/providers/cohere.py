"""Cohere, by its Chat API v2, on its own client (``cohere`` 7).

The client's own reading of the stream leaves out events that it can't read, and logs what was in them; so the events
are read here from the same answer. https://docs.cohere.com/v2/docs/streaming
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

import anyio
import cohere
import httpx
from cohere.core.api_error import ApiError
from cohere.core.http_sse import EventSource

from ..port import (
    Caps,
    Effort,
    Event,
    Kind,
    LLMError,
    Message,
    Model,
    Name,
    Native,
    Reason,
    ReasoningDelta,
    Request,
    Start,
    Stop,
    Text,
    TextDelta,
    Tool,
    ToolCall,
    ToolDelta,
    ToolEnd,
    ToolStart,
    Usage,
    Used,
)
from ..schemas import fit
from . import answers, chat
from .calling import answered, asked, drained, failure, in_words, kind_of, of_transport, too_long

Node = dict[str, Any]
_BUDGETS: Mapping[Effort, int] = {"low": 1024, "medium": 4096, "high": 16_384}
_REASONS: Mapping[str, Reason] = {
    "COMPLETE": "end",
    "STOP_SEQUENCE": "end",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool",
}
_FAILED: Mapping[str, Kind] = {"ERROR": "server", "TIMEOUT": "timeout"}
_INVALID_TOKEN = 498


def adapter(key: str, url: str) -> Cohere:
    return Cohere(key, url)


class Cohere:
    name: Name = "cohere"

    def __init__(self, key: str, url: str) -> None:
        self._http = answers.client(httpx)
        self._client = cohere.AsyncClient(
            key, base_url=url, max_retries=0, httpx_client=self._http, log_warning_experimental_features=False
        )

    def caps(self, model: str) -> Caps:
        return Caps(schema_with_tools=False, vision="vision" in model, reasoning="reasoning" in model, cache=True)

    def stream(self, request: Request, deadline: float) -> AsyncIterator[Event]:
        return answered(self.name, self._events(request, deadline), deadline, _told)

    async def count(self, request: Request, deadline: float) -> int | None:  # noqa: ARG002 # as the port names them
        """None: its API counts texts, not turns."""
        return None

    async def models(self, deadline: float) -> Sequence[Model]:
        call = self._client.models.list(endpoint="chat", page_size=1000, request_options={"max_retries": 0})
        found = await asked(self.name, call, deadline, _told)
        return [Model(one.name or "", "", int(one.context_length or 0)) for one in found.models]

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _events(self, request: Request, deadline: float) -> AsyncGenerator[Event]:
        extra = dict(request.extra.get(self.name, {}))
        left = max(deadline - anyio.current_time(), 0.001)
        options: Any = {"max_retries": 0, "timeout": left, "additional_body_parameters": extra}
        held: list[Any] = []
        sending: Any = self._client.v2.with_raw_response.chat_stream(**self._wanted(request), request_options=options)
        async with AsyncExitStack() as stack:
            with answers.seen(held):
                await stack.enter_async_context(sending)
            if not answers.is_stream(held):
                raise failure(self.name, "protocol", status=200)
            reading = _Reading(request.model)
            lines = EventSource(held[-1]).aiter_sse()
            stack.push_async_callback(lines.aclose)
            async for line in lines:
                for event in reading.read(line.json() if line.data else {}):
                    yield event
                if reading.stop is not None:
                    await drained(lines)
                    yield reading.stop
                    return

    def _wanted(self, request: Request) -> Node:
        turns = [turn for message in request.messages for turn in _turns(message)]
        wanted: Node = {"model": request.model, "max_tokens": request.max_output}
        system = chat.instructions(request)
        tools, choice = request.tools, request.tool_choice
        if tools:
            known = {"auto": None, "none": "NONE", "required": "REQUIRED"}
            if choice not in known:  # a tool can't be named: it is the only one
                tools, choice = tuple(tool for tool in tools if tool.name == choice), "required"
            wanted["tools"] = [_tool(tool) for tool in tools]
            if known[choice]:
                wanted["tool_choice"] = known[choice]
        if request.output is not None:
            form = fit("cohere", request.output.schema)
            if tools or not form.strict:
                system = "\n\n".join(filter(None, (system, in_words(form.schema))))
            else:
                wanted["response_format"] = {"type": "json_object", "json_schema": form.schema}
        if request.effort is not None and self.caps(request.model).reasoning:
            wanted["thinking"] = _thinking(request.effort)
        wanted["messages"] = [{"role": "system", "content": system}, *turns] if system else turns
        return wanted


def _thinking(effort: Effort) -> Node:
    if effort == "none":
        return {"type": "disabled"}
    return {"type": "enabled"} | ({"token_budget": _BUDGETS[effort]} if effort in _BUDGETS else {})


def _tool(tool: Tool) -> Node:
    schema = fit("cohere", tool.schema, strict=False).schema
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": schema},
    }


def _turns(message: Message) -> list[Node]:
    if message.role == "user":
        return list(chat.user(message))
    if "cohere" in message.native:
        return [message.native["cohere"]]
    text = "".join(block.text for block in message.blocks if isinstance(block, Text))
    calls = [chat.called(one.id, one.name, _object(one.text)) for one in message.blocks if isinstance(one, ToolCall)]
    if calls:
        return [{"role": "assistant", "tool_calls": calls} | ({"tool_plan": text} if text else {})]
    return [{"role": "assistant", "content": text}] if text else []


def _object(text: str) -> str:
    """Arguments that can be sent back; what was wrong with others the call's result says."""
    return text if text and ToolCall("", "", text).arguments is not None else "{}"


class _Reading:
    """Turns the stream's events into ours, and keeps the turn. ``stop`` is set by the last event."""

    def __init__(self, model: str) -> None:
        self.stop: Stop | None = None
        self._model = model
        self._content: list[Node] = []
        self._plan: list[str] = []
        self._calls: list[Node] = []
        self._by: Mapping[str, Callable[[Node], Iterator[Event]]] = {
            "message-start": self._begun,
            "content-start": self._block,
            "content-delta": self._piece,
            "tool-plan-delta": self._planned,
            "tool-call-start": self._call,
            "tool-call-delta": self._arguments,
            "tool-call-end": self._called,
            "message-end": self._whole,
        }

    def read(self, event: Node) -> Iterator[Event]:
        by = self._by.get(event.get("type", ""))
        return iter(()) if by is None else by(event)

    def _begun(self, event: Node) -> Iterator[Event]:
        yield Start(self._model, event.get("id"))

    def _block(self, event: Node) -> Iterator[Event]:
        self._content.append(dict(event["delta"]["message"]["content"]))
        yield from self._said(self._content[-1])

    def _piece(self, event: Node) -> Iterator[Event]:
        piece, block = event["delta"]["message"]["content"], self._content[-1]
        for name in piece.keys() & {"text", "thinking"}:
            block[name] = block.get(name, "") + piece[name]
        yield from self._said(piece)

    def _said(self, piece: Node) -> Iterator[Event]:
        if piece.get("thinking"):
            yield ReasoningDelta(piece["thinking"])
        if piece.get("text"):
            yield TextDelta(piece["text"])

    def _planned(self, event: Node) -> Iterator[Event]:
        text = event["delta"]["message"]["tool_plan"]
        self._plan.append(text)
        yield ReasoningDelta(text)

    def _call(self, event: Node) -> Iterator[Event]:
        said = event["delta"]["message"]["tool_calls"]
        made = chat.called(said["id"], said["function"]["name"], "")
        made["function"]["arguments"] = said["function"].get("arguments") or ""
        self._calls.append(made)
        yield ToolStart(made["id"], made["function"]["name"])

    def _arguments(self, event: Node) -> Iterator[Event]:
        text, call = event["delta"]["message"]["tool_calls"]["function"]["arguments"], self._calls[-1]
        call["function"]["arguments"] += text
        if text:
            yield ToolDelta(call["id"], text)

    def _called(self, _event: Node) -> Iterator[Event]:
        call = self._calls[-1]
        text = call["function"]["arguments"]
        call["function"]["arguments"] = _object(text)
        yield ToolEnd(call["id"], call["function"]["name"], text)

    def _whole(self, event: Node) -> Iterator[Event]:
        delta = event["delta"]
        if delta.get("usage"):
            yield Used(_usage(delta["usage"]))
        said = delta.get("finish_reason") or ""
        if said in _FAILED:
            raise failure("cohere", _FAILED[said], request_id=event.get("id"), detail=said)
        turn: Node = {"role": "assistant"}
        if self._plan:
            turn["tool_plan"] = "".join(self._plan)
        if self._calls:
            turn["tool_calls"] = self._calls
        if self._content:
            turn["content"] = self._content
        if len(turn) > 1:
            yield Native("cohere", turn)
        self.stop = Stop(_REASONS.get(said, "end"), said)


def _usage(said: Node) -> Usage:
    """By what is billed, which leaves out the provider's own words around the prompt; its numbers are floats."""
    counted: Node = said.get("billed_units") or said.get("tokens") or {}
    given, made = int(counted.get("input_tokens") or 0), int(counted.get("output_tokens") or 0)
    read = min(int(said.get("cached_tokens") or 0), given)
    return Usage(input=given - read, cache_read=read, output=made, raw=said)


def _told(error: Exception) -> LLMError:
    if not isinstance(error, ApiError):
        return failure("cohere", of_transport(error) or "protocol", detail=type(error).__name__)
    status, headers = error.status_code or 500, error.headers or {}
    kind = "auth" if status == _INVALID_TOKEN else kind_of(status)
    if kind == "bad_request" and too_long(json.dumps(error.body, default=str)):
        kind = "context_length"
    return failure("cohere", kind, status=status, headers=headers)
