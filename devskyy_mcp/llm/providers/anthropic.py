"""Anthropic, by its Messages API, on its own client (``anthropic`` 2).

A turn's blocks go back as they came, the signed ones of its thinking among them, without which the next call with
tools is refused. https://platform.claude.com/docs/en/build-with-claude/thinking
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2

from ..port import (
    Block,
    Caps,
    Event,
    Image,
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
    ToolCall,
    ToolDelta,
    ToolEnd,
    ToolResult,
    ToolStart,
    Usage,
    Used,
)
from ..schemas import fit
from .calling import (
    CONNECT_SECONDS,
    answered,
    asked,
    closed,
    drained,
    failure,
    in_words,
    kind_of,
    of_transport,
    streamed,
    too_long,
)

if TYPE_CHECKING:
    from anthropic.types import RawMessageStreamEvent

Node = dict[str, Any]
_UNTHINKING = re.compile(r"claude-(?:[23]|instant|v\d|(?:opus|sonnet|haiku)-4-(?:[0-5]|20)\b)")
"""Models before adaptive thinking (4.6): how much they think can't be told by an effort."""
_ALWAYS_THINKING = re.compile(r"claude-(?:fable|mythos|opus-4-7)")
"""They refuse to have it switched off; the least is a low effort."""
_KINDS: Mapping[str, Kind] = {
    "rate_limit_error": "rate_limit",
    "overloaded_error": "overloaded",
    "authentication_error": "auth",
    "billing_error": "budget",
    "permission_error": "permission",
    "not_found_error": "not_found",
    "timeout_error": "timeout",
    "api_error": "server",
    "request_too_large": "bad_request",
}
_REASONS: Mapping[str, Reason] = {
    "end_turn": "end",
    "stop_sequence": "end",
    "tool_use": "tool",
    "max_tokens": "length",
    "pause_turn": "pause",
    "model_context_window_exceeded": "context",
}
_MARKS = 4
"""More marks of what is to be cached the API refuses."""


def adapter(key: str, url: str) -> Anthropic:
    return Anthropic(key, url)


class Anthropic:
    name: Name = "anthropic"

    def __init__(self, key: str, url: str) -> None:
        timeout = httpx2.Timeout(None, connect=CONNECT_SECONDS)
        # No redirects: what is asked goes to the address that was set.
        http = anthropic.DefaultAsyncHttpxClient(timeout=timeout, follow_redirects=False)
        # Key and address are given, or the client looks for profiles of the person who runs it.
        self._client = anthropic.AsyncAnthropic(
            api_key=key, base_url=url, max_retries=0, timeout=timeout, http_client=http
        )

    def caps(self, model: str) -> Caps:
        return Caps(vision=True, reasoning=not _UNTHINKING.match(model), cache=True, count=True)

    def stream(self, request: Request, deadline: float) -> AsyncIterator[Event]:
        return answered(self.name, self._events(request), deadline, _told)

    async def count(self, request: Request, deadline: float) -> int | None:
        messages: Any = self._client.messages
        call = messages.count_tokens(**_read_by_model(request))
        return (await asked(self.name, call, deadline, _told)).input_tokens

    async def models(self, deadline: float) -> Sequence[Model]:
        return await asked(self.name, self._listed(), deadline, _told)

    async def aclose(self) -> None:
        await self._client.close()

    async def _listed(self) -> list[Model]:
        found = self._client.models.list(limit=1000)
        return [Model(one.id, one.display_name, one.max_input_tokens or 0) async for one in found]

    async def _events(self, request: Request) -> AsyncGenerator[Event]:
        extra = dict(request.extra.get(self.name, {})) or None
        wanted = _read_by_model(request) | {"max_tokens": request.max_output}
        messages: Any = self._client.messages
        stream: anthropic.AsyncStream[RawMessageStreamEvent] = await messages.create(
            **wanted, stream=True, extra_body=extra
        )
        try:
            reading = _Reading(streamed(self.name, stream.response.headers, "request-id"))
            async for event in stream:
                for mine in reading.read(event):
                    yield mine
                if reading.stop is not None:
                    await drained(stream)
                    yield reading.stop
                    return
        finally:
            await closed(stream.close())


def _read_by_model(request: Request) -> Node:
    """What the model reads and how it is to think, which is what is counted."""
    system = [_text(block) for block in request.system]
    form = None if request.output is None else fit("anthropic", request.output.schema)
    if request.output is not None and form is not None and not form.strict:
        system.append({"type": "text", "text": in_words(form.schema)})
    turns = [turn for message in request.messages if (turn := _turn(message))["content"]]
    wanted: Node = {"model": request.model, "messages": turns}
    if system:
        wanted["system"] = system
    if request.tools:
        wanted["tools"] = [_tool(tool.name, tool.description, tool.schema) for tool in request.tools]
        wanted["tool_choice"] = _choice(request.tool_choice)
    output: Node = {} if form is None or not form.strict else {"format": _format(form.schema)}
    thinking = _thinking(request)
    if request.effort is not None and not _UNTHINKING.match(request.model) and thinking != {"type": "disabled"}:
        output["effort"] = "low" if request.effort == "none" else request.effort
    if thinking:
        wanted["thinking"] = thinking
    if output:
        wanted["output_config"] = output
    if not _marked(wanted) and request.cache_key is not None:  # the whole prompt, by the provider's own choice of place
        wanted["cache_control"] = {"type": "ephemeral"}
    return wanted


def _format(schema: Node) -> Node:
    return {"type": "json_schema", "schema": schema}


def _thinking(request: Request) -> Node:
    if request.effort is None or _UNTHINKING.match(request.model):
        return {}
    if request.effort == "none":
        return {} if _ALWAYS_THINKING.match(request.model) else {"type": "disabled"}
    if request.tools and request.tool_choice not in {"auto", "none"}:
        return {}  # a tool that must be called and thinking exclude each other
    return {"type": "adaptive", "display": "summarized"}


def _tool(name: str, description: str, schema: Mapping[str, Any]) -> Node:
    # Not strict: that is for few tools with few optional fields, and a request over those limits is refused.
    return {"name": name, "description": description, "input_schema": fit("anthropic", schema, strict=False).schema}


def _choice(choice: str) -> Node:
    known = {"auto": "auto", "none": "none", "required": "any"}
    return {"type": known[choice]} if choice in known else {"type": "tool", "name": choice}


def _turn(message: Message) -> Node:
    if "anthropic" in message.native:
        return {"role": "assistant", "content": message.native["anthropic"]}
    # Results come first: behind a text they are refused.
    blocks = sorted(message.blocks, key=lambda block: not isinstance(block, ToolResult))
    said = [block for block in blocks if not isinstance(block, Text) or block.text.strip()]  # blank ones are refused
    return {"role": message.role, "content": [_block(block) for block in said]}


def _block(block: Block) -> Node:
    match block:
        case Text():
            return _text(block)
        case Image(data, mime_type):
            data = base64.b64encode(data).decode()
            return {"type": "image", "source": {"type": "base64", "media_type": mime_type, "data": data}}
        case ToolCall(id=call, name=name):
            return {"type": "tool_use", "id": _id(call), "name": name, "input": block.arguments or {}}
        case ToolResult(id=call, text=text):
            result: Node = {"type": "tool_result", "tool_use_id": _id(call), "content": text}
            return result | ({"is_error": True} if block.is_error else {})


def _id(call: str) -> str:
    """Another provider's id, in the letters that ids here have."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", call)


def _text(block: Text) -> Node:
    mark: Node = {"cache_control": {"type": "ephemeral"}} if block.cache else {}
    return {"type": "text", "text": block.text} | mark


def _marked(wanted: Node) -> bool:
    """Whether anything is marked to be cached. Of too many marks the first stays, and the last ones."""
    blocks = [*wanted.get("system", ())]
    for turn in wanted["messages"]:
        if turn["role"] == "user":
            blocks += turn["content"]
    marked = [block for block in blocks if "cache_control" in block]
    for block in marked[1 : len(marked) - _MARKS + 1]:
        del block["cache_control"]
    return bool(marked)


class _Reading:
    """Turns the stream's events into ours, and keeps the turn's blocks. ``stop`` is set by the last event."""

    def __init__(self, request_id: str | None) -> None:
        self.request_id = request_id
        self.stop: Stop | None = None
        self._blocks: list[Node] = []
        self._pieces: list[str] = []
        self._usage: Node = {}
        self._ending: tuple[Reason, str] | None = None

    def read(self, event: RawMessageStreamEvent) -> Iterator[Event]:
        match event.type:
            case "message_start":
                yield Start(event.message.model, self.request_id)
                yield self._used(event.message.usage)
            case "content_block_start":
                yield from self._begun(event.content_block)
            case "content_block_delta":
                yield from self._more(event.delta)
            case "content_block_stop":
                yield from self._ended()
            case "message_delta":
                yield self._used(event.usage)
                self._ending = _ending(event.delta)
            case "message_stop":
                yield from self._whole()

    def _begun(self, block: Any) -> Iterator[Event]:
        self._blocks.append(block.to_dict(mode="json"))
        self._pieces = []
        if block.type == "tool_use":
            yield ToolStart(block.id, block.name)
        elif block.type == "text" and block.text:
            yield TextDelta(block.text)

    def _more(self, delta: Any) -> Iterator[Event]:
        block = self._blocks[-1]
        match delta.type:
            case "text_delta":
                block["text"] += delta.text
                yield TextDelta(delta.text)
            case "thinking_delta":
                block["thinking"] += delta.thinking
                yield ReasoningDelta(delta.thinking)
            case "signature_delta":
                block["signature"] = delta.signature
            case "citations_delta":
                block["citations"] = [*(block.get("citations") or []), delta.citation.to_dict(mode="json")]
            case "input_json_delta":
                self._pieces.append(delta.partial_json)
                if block["type"] == "tool_use" and delta.partial_json:
                    yield ToolDelta(block["id"], delta.partial_json)
            case _:
                pass

    def _ended(self) -> Iterator[Event]:
        block, text = self._blocks[-1], "".join(self._pieces)
        if "input" not in block:
            return
        if text:  # what is no object can't be sent back: the result of the call will say what was wrong
            block["input"] = ToolCall("", "", text).arguments or {}
        if block["type"] == "tool_use":
            yield ToolEnd(block["id"], block["name"], text or json.dumps(block["input"]))

    def _used(self, said: Any) -> Used:
        """The last word on usage has sums; for how long what was written is kept, only the first one says."""
        self._usage |= {name: value for name, value in said.to_dict(mode="json").items() if value is not None}
        raw = self._usage
        wrote, split = raw.get("cache_creation_input_tokens", 0), raw.get("cache_creation", {})
        long = min(split.get("ephemeral_1h_input_tokens", 0), wrote)
        reasoning = raw.get("output_tokens_details", {}).get("thinking_tokens", 0)
        return Used(
            Usage(
                input=raw.get("input_tokens", 0),
                cache_read=raw.get("cache_read_input_tokens", 0),
                cache_write_5m=wrote - long,
                cache_write_1h=long,
                output=raw.get("output_tokens", 0) - reasoning,
                reasoning=reasoning,
                raw=dict(raw),
            )
        )

    def _whole(self) -> Iterator[Event]:
        if self._ending is None:
            raise failure("anthropic", "protocol", request_id=self.request_id, detail="no_stop_reason")
        if self._blocks:
            yield Native("anthropic", self._blocks)
        self.stop = Stop(*self._ending)


def _ending(delta: Any) -> tuple[Reason, str] | None:
    said: str | None = delta.stop_reason
    if said is None:
        return None
    if said == "refusal":
        category = delta.stop_details and delta.stop_details.category
        return ("filter", category) if category else ("refusal", said)
    return _REASONS.get(said, "end"), said


def _told(error: Exception) -> LLMError:
    if isinstance(error, anthropic.APIStatusError):  # within a stream its status is 200: the type counts
        known = _KINDS.get(error.type or "")
        kind = known or ("server" if error.status_code == 200 else kind_of(error.status_code))
        if kind == "bad_request" and too_long(error.api_message):
            kind = "context_length"
        return failure(
            "anthropic",
            kind,
            status=error.status_code,
            headers=error.response.headers,
            request_id=error.request_id,
            detail=error.error_code or error.type,
        )
    if isinstance(error, anthropic.APITimeoutError):
        return failure("anthropic", "timeout")
    if isinstance(error, anthropic.APIConnectionError):
        return failure("anthropic", "connection")
    return failure("anthropic", of_transport(error) or "protocol", detail=type(error).__name__)
