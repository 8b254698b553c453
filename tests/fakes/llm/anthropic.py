"""Anthropic's Messages API, as ``anthropic`` 2.12 speaks it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from devskyy_mcp.llm.port import Kind, Name, Reason, Usage

from .server import MODEL, SIGNATURE, TOKENS, Answer, Asked, Asking, Spoken, Wire, event, events

STOPS: dict[Reason, str] = {
    "end": "end_turn",
    "tool": "tool_use",
    "length": "max_tokens",
    "filter": "refusal",
    "refusal": "refusal",
    "context": "model_context_window_exceeded",
    "pause": "pause_turn",
}
REFUSALS: dict[Kind, tuple[int, str, str]] = {
    "rate_limit": (429, "rate_limit_error", "This request would exceed your rate limit."),
    "overloaded": (529, "overloaded_error", "Overloaded"),
    "server": (500, "api_error", "Internal server error"),
    "auth": (401, "authentication_error", "invalid x-api-key"),
    "permission": (403, "permission_error", "Your API key does not have permission."),
    "not_found": (404, "not_found_error", "model: claude-none"),
    "bad_request": (400, "invalid_request_error", "messages: at least one message is required"),
    "context_length": (400, "invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum"),
    "timeout": (504, "timeout_error", "Request timed out"),
}


class Anthropic(Wire):
    name: Name = "anthropic"
    key = "sk-ant-loopback"
    kinds = tuple(REFUSALS)
    paths: Mapping[tuple[str, str], Asking] = {
        ("POST", "/v1/messages"): "answer",
        ("POST", "/v1/messages/count_tokens"): "count",
        ("GET", "/v1/models"): "models",
    }

    def answer(self, answer: Answer, asked: Asked) -> Spoken:
        used = answer.usage
        start = _input(used) | {"output_tokens": 1}
        message: dict[str, Any] = {
            "id": "msg_01", "type": "message", "role": "assistant", "model": self.model(asked), "content": [],
            "stop_reason": None, "stop_sequence": None, "usage": start,
        }  # fmt: skip
        frames: list[tuple[str, dict[str, Any]]] = [("message_start", {"type": "message_start", "message": message})]
        for index, (block, deltas) in enumerate(_blocks(answer)):
            frames.append(("content_block_start", {"index": index, "content_block": block}))
            frames += [("content_block_delta", {"index": index, "delta": delta}) for delta in deltas]
            frames.append(("content_block_stop", {"index": index}))
            if not index:
                frames.append(("ping", {}))
        delta: dict[str, Any] = {"stop_reason": STOPS[answer.reason], "stop_sequence": None}
        if answer.reason in {"filter", "refusal"}:
            category = "cyber" if answer.reason == "filter" else None
            delta["stop_details"] = {"type": "refusal", "category": category, "explanation": None}
        total: dict[str, Any] = _input(used) | {
            "output_tokens": used.total_out, "output_tokens_details": {"thinking_tokens": used.reasoning}
        }  # fmt: skip
        del total["cache_creation"]  # the last word on usage does not split it
        frames += [("message_delta", {"delta": delta, "usage": total}), ("message_stop", {})]
        return Spoken(events((name, {"type": name} | data) for name, data in frames))

    def broken(self) -> bytes:
        error = {"type": "overloaded_error", "message": "Overloaded", "details": None}
        return event("error", {"type": "error", "error": error, "request_id": "req_of_the_stream"})

    def refusal(self, kind: Kind) -> tuple[int, Any]:
        status, name, words = REFUSALS[kind]
        return status, {"type": "error", "error": {"type": name, "message": words}, "request_id": "req_1"}

    def headers(self, number: int) -> dict[str, str]:
        return {"request-id": f"req_{number}"}

    def count(self, asked: Asked) -> Any:
        return {"input_tokens": TOKENS}

    def models(self) -> Any:
        model = {
            "id": MODEL, "type": "model", "display_name": "Model of the loopback", "created_at": "2026-01-01T00:00:00Z",
            "max_input_tokens": 200_000, "max_tokens": 64_000,
        }  # fmt: skip
        return {"data": [model], "has_more": False, "first_id": MODEL, "last_id": MODEL}

    def results(self, body: Any) -> list[str]:
        blocks = (block for turn in body["messages"] if isinstance(turn["content"], list) for block in turn["content"])
        found = (block["content"] for block in blocks if block["type"] == "tool_result")
        return [one if isinstance(one, str) else "".join(part["text"] for part in one) for one in found]


def _input(used: Usage) -> dict[str, Any]:
    return {
        "input_tokens": used.input,
        "cache_read_input_tokens": used.cache_read,
        "cache_creation_input_tokens": used.cache_write_5m + used.cache_write_1h,
        "cache_creation": {
            "ephemeral_5m_input_tokens": used.cache_write_5m,
            "ephemeral_1h_input_tokens": used.cache_write_1h,
        },
    }


def _blocks(answer: Answer) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    found: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    if answer.reasoning:
        deltas: list[dict[str, Any]] = [{"type": "thinking_delta", "thinking": one} for one in answer.reasoning]
        deltas.append({"type": "signature_delta", "signature": SIGNATURE})
        found.append(({"type": "thinking", "thinking": "", "signature": ""}, deltas))
        hidden = base64.b64encode(b"hidden thinking").decode()
        found.append(({"type": "redacted_thinking", "data": hidden}, []))
    if answer.pieces:
        deltas = [{"type": "text_delta", "text": one} for one in answer.pieces]
        found.append(({"type": "text", "text": ""}, deltas))
    for call in answer.calls:
        text = call.text
        deltas = [{"type": "input_json_delta", "partial_json": one} for one in ("", text[:5], text[5:])]
        found.append(({"type": "tool_use", "id": call.id, "name": call.name, "input": {}}, deltas))
    return found


WIRE = Anthropic()
