"""Mistral's chat completions, as ``mistralai`` 3.7 speaks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devskyy_mcp.llm.port import Kind, Name, Reason, Usage

from .server import MODEL, SIGNATURE, Answer, Asked, Asking, Spoken, Wire, event, events

Node = dict[str, Any]
STOPS: dict[Reason, str] = {"end": "stop", "tool": "tool_calls", "length": "length", "context": "model_length"}
REFUSALS: dict[Kind, tuple[int, Any]] = {
    "rate_limit": (429, {"object": "error", "message": "Rate limit exceeded", "type": "rate_limited", "code": "1300"}),
    "overloaded": (
        429,
        {
            "object": "error",
            "message": "Service tier capacity exceeded for this model.",
            "type": "service_tier_capacity_exceeded",
            "code": "3505",
        },
    ),
    "server": (500, {"object": "error", "message": "Internal", "type": "internal_server_error", "code": "1000"}),
    "timeout": (504, {"object": "error", "message": "Gateway Timeout", "type": "gateway_timeout", "code": "1200"}),
    "auth": (401, {"detail": "Unauthorized"}),
    "permission": (403, {"object": "error", "message": "Forbidden", "type": "forbidden", "code": "1600"}),
    "not_found": (400, {"object": "error", "message": "Invalid model: x", "type": "invalid_model", "code": "1500"}),
    "bad_request": (422, {"detail": [{"type": "missing", "loc": ["body", "messages"], "msg": "Field required"}]}),
    "context_length": (
        400,
        {
            "object": "error",
            "message": "Prompt contains 140000 tokens, too large for model with 131072 maximum context length",
            "type": "invalid_request_prompt",
            "code": "3051",
        },
    ),
}


class Mistral(Wire):
    name: Name = "mistral"
    key = "mistral-key-of-the-loopback"
    kinds = tuple(REFUSALS)
    paths: Mapping[tuple[str, str], Asking] = {
        ("POST", "/v1/chat/completions"): "answer",
        ("GET", "/v1/models"): "models",
    }

    def answer(self, answer: Answer, asked: Asked) -> Spoken:
        deltas: list[Node] = [{"role": "assistant", "content": ""}]
        for one in answer.reasoning:
            thought = {"type": "thinking", "thinking": [{"type": "text", "text": one}]}
            deltas.append({"content": [thought]})
        if answer.reasoning:
            deltas.append({"content": [{"type": "thinking", "thinking": [], "signature": SIGNATURE, "closed": True}]})
        deltas += [{"content": one} for one in answer.pieces]
        last: Node = {"content": ""}
        if answer.calls:  # they come whole, with the end
            last["tool_calls"] = [
                {"id": call.id, "function": {"name": call.name, "arguments": call.text}, "index": index}
                for index, call in enumerate(answer.calls)
            ]
        head: Node = {"id": "cmpl-1", "object": "chat.completion.chunk", "created": 1, "model": self.model(asked)}
        chunks: list[Node] = [head | {"choices": [_choice(delta, None)]} for delta in deltas]
        chunks.append(head | {"choices": [_choice(last, STOPS[answer.reason])], "usage": _usage(answer.usage)})
        said = events(("", chunk) for chunk in chunks)
        return Spoken([*said, event("", "[DONE]")], needed=len(said))

    def broken(self) -> bytes:
        return event("", REFUSALS["overloaded"][1] | {"param": None})

    def refusal(self, kind: Kind) -> tuple[int, Any]:
        return REFUSALS[kind]

    def headers(self, number: int) -> dict[str, str]:
        return {"mistral-correlation-id": f"req_{number}"}

    def count(self, asked: Asked) -> Any:
        raise AssertionError(f"Mistral has no count: {asked.path}")

    def models(self) -> Any:
        able = {"completion_chat": True, "function_calling": True}
        one = {"id": MODEL, "object": "model", "created": 1, "owned_by": "mistralai", "type": "base"}
        one |= {"capabilities": able, "name": "Model of the loopback", "max_context_length": 131_072}
        return {"object": "list", "data": [one]}

    def results(self, body: Any) -> list[str]:
        return [turn["content"] for turn in body["messages"] if turn["role"] == "tool"]


def _choice(delta: Node, finish: str | None) -> Node:
    return {"index": 0, "delta": delta, "finish_reason": finish}


def _usage(used: Usage) -> Node:
    return {
        "prompt_tokens": used.total_in,
        "completion_tokens": used.total_out,
        "total_tokens": used.total_in + used.total_out,
        "prompt_tokens_details": {"cached_tokens": used.cache_read},
        "completion_tokens_details": {"reasoning_tokens": used.reasoning},
    }


WIRE = Mistral()
