"""Cohere's Chat API v2, as ``cohere`` 7.3 speaks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devskyy_mcp.llm.port import Kind, Name, Reason

from .server import MODEL, Answer, Asked, Asking, Spoken, Wire, event

STOPS: dict[Reason, str] = {"end": "COMPLETE", "tool": "TOOL_CALL", "length": "MAX_TOKENS"}
"""It has no word for a filter or a refusal."""
REFUSALS: dict[Kind, tuple[int, str]] = {
    "rate_limit": (429, "You are using a Trial key, which is limited to 20 API calls / minute."),
    "overloaded": (503, "service unavailable"),
    "server": (500, "internal server error"),
    "auth": (401, "invalid api token"),
    "permission": (403, "forbidden"),
    "not_found": (404, "model 'command-none' not found, make sure the correct model ID was used."),
    "bad_request": (400, "invalid request: message must be at least 1 token long."),
    "context_length": (400, "too many tokens: size limit exceeded by 8192 tokens."),
    "timeout": (504, "gateway timeout"),
}
ID = "f1b4f2f4-0000-4000-8000-000000000001"


class Cohere(Wire):
    name: Name = "cohere"
    key = "co-loopback"
    kinds = tuple(REFUSALS)
    paths: Mapping[tuple[str, str], Asking] = {("POST", "/v2/chat"): "answer", ("GET", "/v1/models"): "models"}

    def answer(self, answer: Answer, asked: Asked) -> Spoken:
        parts: list[dict[str, Any]] = [{"type": "message-start", "id": ID, "delta": {"message": {"role": "assistant"}}}]
        if answer.calls:
            parts += [_message("tool-plan-delta", {"tool_plan": one}) for one in answer.reasoning]
        else:
            parts += _block(0, "thinking", answer.reasoning)
        parts += _block(1, "text", answer.pieces)
        for index, call in enumerate(answer.calls):
            head = {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
            parts.append(_message("tool-call-start", {"tool_calls": head}, index))
            for text in (call.text[:5], call.text[5:]):
                parts.append(_message("tool-call-delta", {"tool_calls": {"function": {"arguments": text}}}, index))
            parts.append({"type": "tool-call-end", "index": index})
        parts.append(_end(STOPS[answer.reason], answer))
        return Spoken([event(part["type"], part) for part in parts])

    def broken(self) -> bytes:
        delta = {"finish_reason": "ERROR", "error": "something went wrong inside"}
        return event("message-end", {"type": "message-end", "id": ID, "delta": delta})

    def refusal(self, kind: Kind) -> tuple[int, Any]:
        status, words = REFUSALS[kind]
        return status, {"id": ID, "message": words}

    def headers(self, number: int) -> dict[str, str]:
        return {"x-debug-trace-id": f"trace-{number}"}

    def count(self, asked: Asked) -> Any:
        raise NotImplementedError

    def models(self) -> Any:
        return {"models": [{"name": MODEL, "context_length": 200_000, "endpoints": ["chat"]}]}

    def results(self, body: Any) -> list[str]:
        return [turn["content"] for turn in body["messages"] if turn["role"] == "tool"]


def _message(kind: str, message: dict[str, Any], index: int = 0) -> dict[str, Any]:
    return {"type": kind, "index": index, "delta": {"message": message}}


def _block(index: int, kind: str, pieces: tuple[str, ...]) -> list[dict[str, Any]]:
    if not pieces:
        return []
    begin = _message("content-start", {"content": {"type": kind, kind: ""}}, index)
    middle = [_message("content-delta", {"content": {kind: one}}, index) for one in pieces]
    return [begin, *middle, {"type": "content-end", "index": index}]


def _end(reason: str, answer: Answer) -> dict[str, Any]:
    used = answer.usage
    given, made = float(used.input + used.cache_read), float(used.total_out)
    usage = {
        "billed_units": {"input_tokens": given, "output_tokens": made},
        "tokens": {"input_tokens": given + 496, "output_tokens": made + 2},
        "cached_tokens": float(used.cache_read),
    }
    return {"type": "message-end", "id": ID, "delta": {"finish_reason": reason, "usage": usage}}


WIRE = Cohere()
