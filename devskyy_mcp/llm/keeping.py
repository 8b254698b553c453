"""Turns and choices as JSON, as they are kept with the call; and what names a request without telling it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from .asking import Choice, PassedOver
from .port import Block, Image, LLMError, Message, Request, Stop, Text, ToolCall, Turn, Usage


def pack_turn(turn: Turn) -> dict[str, Any]:
    return asdict(turn)


def open_turn(kept: Mapping[str, Any]) -> Turn:
    stop = kept["stop"]
    return Turn(
        kept["model"],
        kept["text"],
        kept["reasoning"],
        tuple(ToolCall(**call) for call in kept["calls"]),
        Usage(**kept["usage"]),
        kept["native"],
        None if stop is None else Stop(**stop),
        kept["request_id"],
    )


def pack_choice(choice: Choice) -> dict[str, Any]:
    return asdict(choice)


def open_choice(kept: Mapping[str, Any]) -> Choice:
    passed = tuple(PassedOver(**one) for one in kept["passed_over"])
    return Choice(kept["provider"], kept["model"], tuple(kept["because"]), passed, kept["estimate_usd"])


def pack_error(error: LLMError) -> dict[str, Any]:
    """An error without what had come, which is kept as the turn."""
    return {
        "kind": error.kind,
        "message": error.message,
        "provider": error.provider,
        "status": error.status,
        "retry_after": error.retry_after,
        "request_id": error.request_id,
        "detail": error.detail,
    }


def open_error(kept: Mapping[str, Any], partial: Turn | None) -> LLMError:
    given = {name: value for name, value in kept.items() if name not in {"kind", "message"}}
    return LLMError(kept["kind"], kept["message"], **given, partial=partial)


def digest(request: Request) -> str:
    """SHA-256 of the request: the same one has the same, and nobody reads it from that."""
    found = hashlib.sha256()
    shape = [
        request.model, request.tool_choice, request.max_output, request.effort, request.cache_key, request.extra,
        None if request.output is None else [request.output.name, request.output.schema],
        [[tool.name, tool.description, tool.schema] for tool in request.tools],
        [[message.role, message.native] for message in request.messages],
    ]  # fmt: skip
    found.update(json.dumps(shape, sort_keys=True, separators=(",", ":"), default=str).encode())
    for text in request.system:
        _take(found, text)
    for message in request.messages:
        for block in message.blocks:
            _take(found, block)
    return found.hexdigest()


def _take(found: Any, block: Block) -> None:
    parts: tuple[str | bytes, ...]
    match block:
        case Text(text):
            parts = (text,)
        case Image(data, mime):
            parts = (mime, data)
        case ToolCall():
            parts = (block.id, block.name, block.text)
        case _:
            parts = (block.id, block.name, block.text)
    found.update(f"{type(block).__name__} {len(parts)}".encode())
    for part in parts:
        content = part.encode(errors="surrogatepass") if isinstance(part, str) else part
        found.update(len(content).to_bytes(8, "big") + content)


def for_provider(request: Request, provider: str, model: str) -> Request:
    """The request to that provider's model: turns as other providers gave them are left out."""
    messages = tuple(
        message
        if not message.native or set(message.native) == {provider}
        else Message(message.role, message.blocks, _own(message.native, provider))
        for message in request.messages
    )
    extra = {name: fields for name, fields in request.extra.items() if name == provider}
    return replace(request, model=model, messages=messages, extra=extra)


def _own(native: Mapping[str, Any], provider: str) -> dict[str, Any]:
    return {provider: native[provider]} if provider in native else {}
