"""Google, by the Gemini API, on its own client (``google-genai`` 3).

A turn's parts go back as they came: the signatures of its thoughts are checked, and a call without one is refused.
https://ai.google.dev/gemini-api/docs/thought-signatures
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

import anyio
import httpx2
from google import genai
from google.genai import errors, types

from ..port import (
    Block,
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
from . import answers
from .calling import answered, asked, failure, in_words, kind_of, of_transport, too_long

Node = dict[str, Any]
_OLD = re.compile(r"gemini-(?:1|2)\b|gemini-pro")
"""Models before 3: a budget of thoughts instead of levels, and no schema of the answer beside tools."""
_BUDGETS: Mapping[Effort, int] = {"none": 0, "low": 1024, "medium": 8192, "high": 24_576, "max": 24_576}
_LEVELS: Mapping[Effort, str] = {"none": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH", "max": "HIGH"}
_KINDS: Mapping[str, Kind] = {
    "RESOURCE_EXHAUSTED": "rate_limit",
    "UNAVAILABLE": "overloaded",
    "UNAUTHENTICATED": "auth",
    "PERMISSION_DENIED": "permission",
    "FAILED_PRECONDITION": "permission",  # the account is not set up for it
    "NOT_FOUND": "not_found",
    "DEADLINE_EXCEEDED": "timeout",
    "INVALID_ARGUMENT": "bad_request",
    "INTERNAL": "server",
}
_REASONS: Mapping[str, Reason] = {
    "STOP": "end",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "LANGUAGE": "refusal",
    "OTHER": "refusal",
    "ESCALATION": "refusal",
}
_BROKEN = frozenset(
    {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE",
     "MISSING_THOUGHT_SIGNATURE", "FINISH_REASON_UNSPECIFIED"}
)  # fmt: skip
"""The model said what its provider could not read; nothing of it comes."""
_UNSIGNED = base64.b64encode(b"skip_thought_signature_validator").decode()
"""In the place of the signature of a call that another provider's model made."""
_MADE = "unnamed-"
"""Begins the ids of calls that came without one."""


def adapter(key: str, url: str) -> Google:
    return Google(key, url)


class Google:
    name: Name = "google"

    def __init__(self, key: str, url: str) -> None:
        self._http = answers.client(httpx2)
        options = types.HttpOptions(base_url=url, httpx_async_client=self._http)
        self._client = genai.Client(vertexai=False, api_key=key, http_options=options)

    def caps(self, model: str) -> Caps:
        thinks = not _OLD.match(model) or model.startswith("gemini-2.5")
        return Caps(
            schema_with_tools=not _OLD.match(model), vision=not model.startswith("gemma-2"), reasoning=thinks,
            cache=True, count=True,
        )  # fmt: skip

    def stream(self, request: Request, deadline: float) -> AsyncIterator[Event]:
        return answered(self.name, self._events(request, deadline), deadline, _told)

    async def count(self, request: Request, deadline: float) -> int | None:
        """Instructions and tools are counted as text: the API counts turns only."""
        words = [block.text for block in request.system]
        words += [json.dumps(_tool(tool.name, tool.description, tool.schema)) for tool in request.tools]
        before = [Message("user", tuple(Text(text) for text in words))] if words else []
        contents: Any = _turns((*before, *request.messages))
        call = self._client.aio.models.count_tokens(model=request.model, contents=contents)
        return (await asked(self.name, call, deadline, _told)).total_tokens

    async def models(self, deadline: float) -> Sequence[Model]:
        return await asked(self.name, self._listed(), deadline, _told)

    async def aclose(self) -> None:
        await self._client.aio.aclose()
        await self._http.aclose()
        self._client.close()

    async def _listed(self) -> list[Model]:
        pages = await self._client.aio.models.list(config=types.ListModelsConfig(page_size=1000))
        return [
            Model((one.name or "").removeprefix("models/"), one.display_name or "", one.input_token_limit or 0)
            async for one in pages
            if "generateContent" in (one.supported_actions or ())
        ]

    async def _events(self, request: Request, deadline: float) -> AsyncGenerator[Event]:
        reading, held = _Reading(request.model), cast("list[Any]", [])
        contents: Any = _turns(request.messages)
        stream: Any = await self._client.aio.models.generate_content_stream(
            model=request.model, contents=contents, config=self._config(request, deadline)
        )
        try:
            with answers.seen(held):  # it is sent when the first part is asked for
                chunk = await anext(stream, None)
            if not answers.is_stream(held):
                raise failure(self.name, "protocol", status=200)
            while chunk is not None and reading.stop is None:
                for event in reading.read(chunk):
                    yield event
                if reading.stop is None:
                    chunk = await anext(stream, None)
            if reading.stop is not None:
                await reading.rest(stream)
                for event in reading.ended():
                    yield event
        finally:
            await answers.close(held)  # the client's own generators leave that to the garbage collector

    def _config(self, request: Request, deadline: float) -> types.GenerateContentConfig:
        left = max(int((deadline - anyio.current_time()) * 1000), 1)
        extra = dict(request.extra.get(self.name, {})) or None
        wanted: Node = {
            "max_output_tokens": request.max_output,
            "automatic_function_calling": {"disable": True},
            "automatic_continuation": False,  # it would be another request, which is paid for
            "http_options": {"timeout": left, "extra_body": extra},
        }
        system = [{"text": block.text} for block in request.system]
        if request.tools:
            tools = [_tool(tool.name, tool.description, tool.schema) for tool in request.tools]
            wanted["tools"] = [{"function_declarations": tools}]
            wanted["tool_config"] = {"function_calling_config": _choice(request.tool_choice)}
        if request.output is not None:
            schema = fit("google", request.output.schema).schema
            if request.tools and not self.caps(request.model).schema_with_tools:
                system.append({"text": in_words(schema)})
            else:
                wanted |= {"response_mime_type": "application/json", "response_json_schema": schema}
        if system:
            wanted["system_instruction"] = {"parts": system}
        if request.effort is not None and self.caps(request.model).reasoning:
            wanted["thinking_config"] = _thinking(request.model, request.effort)
        return types.GenerateContentConfig(**wanted)


def _thinking(model: str, effort: Effort) -> Node:
    shown: Node = {"include_thoughts": effort != "none"}
    if _OLD.match(model):
        least = 128 if "pro" in model else 0
        return shown | {"thinking_budget": max(_BUDGETS[effort], least)}
    level = _LEVELS[effort]
    return shown | {"thinking_level": "LOW" if level == "MINIMAL" and "flash" not in model else level}


def _tool(name: str, description: str, schema: Mapping[str, Any]) -> Node:
    return {"name": name, "description": description, "parameters_json_schema": fit("google", schema).schema}


def _choice(choice: str) -> Node:
    known = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
    return {"mode": known[choice]} if choice in known else {"mode": "ANY", "allowed_function_names": [choice]}


def _turns(messages: Sequence[Message]) -> list[Node]:
    """Turns in which nothing was said are left out: they are refused."""
    return [turn for message in messages if (turn := _turn(message))["parts"]]


def _turn(message: Message) -> Node:
    if "google" in message.native:
        return {"role": "model", "parts": message.native["google"]}
    parts = [_part(block) for block in message.blocks if block != Text("")]
    calls = [part for part in parts if "functionCall" in part]
    if calls:  # only the first of calls made together is signed
        calls[0]["thoughtSignature"] = _UNSIGNED
    return {"role": "user" if message.role == "user" else "model", "parts": parts}


def _part(block: Block) -> Node:
    match block:
        case Text(text=text):
            return {"text": text}
        case Image(data, mime_type):
            return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode()}}
        case ToolCall(id=call, name=name):
            return {"functionCall": _named(call) | {"name": name, "args": block.arguments or {}}}
        case ToolResult(id=call, name=name, text=text):
            said = {"error" if block.is_error else "output": text}
            return {"functionResponse": _named(call) | {"name": name, "response": said}}


def _named(call: str) -> Node:
    return {} if call.startswith(_MADE) else {"id": call}


class _Reading:
    """Turns the stream's chunks into events, and keeps the turn's parts. ``stop`` is set by the one that ends it."""

    def __init__(self, model: str) -> None:
        self.stop: Stop | None = None
        self._model = model
        self._begun = False
        self._parts: list[Node] = []
        self._calls = 0
        self._said = types.GenerateContentResponseUsageMetadata()
        self._late = False
        self._id: str | None = None

    def read(self, chunk: types.GenerateContentResponse) -> Iterator[Event]:
        if not self._begun:
            self._begun, self._id = True, chunk.response_id
            yield Start(chunk.model_version or self._model, chunk.response_id)
        if self._meter(chunk):
            yield Used(_usage(self._said))
        if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason is not None:
            self.stop = Stop("filter", chunk.prompt_feedback.block_reason.value)
            return
        for candidate in (chunk.candidates or ())[:1]:  # there is none where the prompt was not taken
            for part in (candidate.content and candidate.content.parts) or ():
                yield from self._part(part)
            if candidate.finish_reason is not None:
                self._finish(candidate.finish_reason.value)

    def _part(self, part: types.Part) -> Iterator[Event]:
        self._keep(part)
        if part.function_call is not None:
            call = part.function_call.id or f"{_MADE}{self._calls}"
            name, text = part.function_call.name or "", json.dumps(part.function_call.args or {}, ensure_ascii=False)
            self._calls += 1
            yield ToolStart(call, name)
            yield ToolDelta(call, text)
            yield ToolEnd(call, name, text)
        elif part.text:
            yield ReasoningDelta(part.text) if part.thought else TextDelta(part.text)

    def _keep(self, part: types.Part) -> None:
        """Pieces of a text become one part again, up to what is signed."""
        kept: Node = part.model_dump(mode="json", by_alias=True, exclude_none=True)
        last = self._parts[-1] if self._parts else {}
        if kept.keys() | last.keys() <= {"text", "thought"} and kept.keys() == last.keys():
            last["text"] += kept["text"]
        elif kept:
            self._parts.append(kept)

    def _finish(self, said: str) -> None:
        if said in _BROKEN:
            raise failure("google", "protocol", request_id=self._id, detail=said)
        reason: Reason = _REASONS.get(said, "filter")
        self.stop = Stop("tool" if reason == "end" and self._calls else reason, said)

    def _meter(self, chunk: types.GenerateContentResponse) -> bool:
        """Whether the chunk tells other sums than the ones before."""
        said = chunk.usage_metadata
        if said is None or said == self._said:
            return False
        self._said = said
        return True

    async def rest(self, stream: AsyncIterator[types.GenerateContentResponse]) -> None:
        """Read on for a last word on usage. The answer is whole: no error counts."""
        with anyio.move_on_after(1):
            try:
                async for chunk in stream:
                    self._late = self._meter(chunk) or self._late
            except Exception:
                return

    def ended(self) -> Iterator[Event]:
        if self._late:
            yield Used(_usage(self._said))
        if self._parts:
            yield Native("google", self._parts)
        assert self.stop is not None
        yield self.stop


def _usage(said: types.GenerateContentResponseUsageMetadata) -> Usage:
    """What was read from the cache is part of the prompt there; what was thought is not part of the answer."""
    cached = said.cached_content_token_count or 0
    return Usage(
        input=(said.prompt_token_count or 0) + (said.tool_use_prompt_token_count or 0) - cached,
        cache_read=cached,
        output=said.candidates_token_count or 0,
        reasoning=said.thoughts_token_count or 0,
        raw=said.model_dump(mode="json", exclude_none=True),
    )


def _told(error: Exception) -> LLMError:
    if not isinstance(error, errors.APIError):
        return failure("google", of_transport(error) or "protocol", detail=type(error).__name__)
    status = str(error.status or "")
    details = _details(error)
    kind = _KINDS.get(status) or kind_of(int(error.code or 500))
    if any(one.get("reason") == "API_KEY_INVALID" for one in details):
        kind = "auth"
    elif kind == "bad_request" and too_long(error.message):
        kind = "context_length"
    # The types of both name libraries that are not installed.
    answer = cast("Any", error.response)  # pyright: ignore[reportUnknownMemberType]
    headers = getattr(answer, "headers", None)
    made = failure("google", kind, status=error.code, headers=headers, detail=status)
    for one in details:
        delay = re.fullmatch(r"(\d+(?:\.\d+)?)s", str(one.get("retryDelay", "")))
        if delay and made.retry_after is None:
            made.retry_after = float(delay[1])
    return made


def _details(error: errors.APIError) -> list[Node]:
    """What a status is told with, google.rpc.Status.details."""
    body = cast("Any", error.details)  # pyright: ignore[reportUnknownMemberType]
    with suppress(AttributeError, TypeError):  # what stands there when a page or nothing came
        return [one for one in body.get("error", body).get("details", ()) if isinstance(one, dict)]
    return []
