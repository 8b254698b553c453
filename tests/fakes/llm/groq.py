"""Groq's chat completions, as ``groq`` 1.7 speaks them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from devskyy_mcp.llm.port import Kind, Name, Reason, Usage

from .server import MODEL, Answer, Asked, Asking, Spoken, Wire, event, events

Node = dict[str, Any]
STOPS: dict[Reason, str] = {"end": "stop", "tool": "tool_calls", "length": "length", "filter": "content_filter"}
REFUSALS: dict[Kind, tuple[int, str, str, str]] = {
    "rate_limit": (429, "rate_limit_exceeded", "tokens", "Rate limit reached for the model."),
    "overloaded": (498, "over_capacity", "service_unavailable", "Flex tier capacity exceeded."),
    "server": (500, "internal_server_error", "internal_server_error", "Internal Server Error"),
    "auth": (401, "invalid_api_key", "invalid_request_error", "Invalid API Key"),
    "permission": (403, "model_permission_blocked_org", "permissions_error", "The model is blocked for your org."),
    "not_found": (404, "model_not_found", "invalid_request_error", "The model does not exist."),
    "bad_request": (400, "", "invalid_request_error", "'messages.0' : discriminator property 'role' is missing"),
    "timeout": (504, "", "internal_server_error", "Gateway Timeout"),
    "context_length": (400, "context_length_exceeded", "invalid_request_error", "Please reduce the length."),
}


class Groq(Wire):
    name: Name = "groq"
    key = "gsk_loopback"
    kinds = tuple(REFUSALS)
    paths: Mapping[tuple[str, str], Asking] = {
        ("POST", "/openai/v1/chat/completions"): "answer",
        ("GET", "/openai/v1/models"): "models",
    }

    def answer(self, answer: Answer, asked: Asked) -> Spoken:
        if "response_format" in asked.body:  # it streams no answer after a schema, and takes no tools with it
            if asked.body.get("stream") or "tools" in asked.body:
                words = {"message": "`response_format` does not support streaming", "type": "invalid_request_error"}
                return Spoken([json.dumps({"error": words}).encode()], media="application/json", status=400)
            return self._whole(answer, asked)
        assert asked.body["stream"]
        deltas: list[Node] = [{"role": "assistant", "content": ""}]
        deltas += [{"reasoning": one} for one in answer.reasoning]
        deltas += [{"content": one} for one in answer.pieces]
        for index, call in enumerate(answer.calls):
            function = {"name": call.name, "arguments": call.text}
            deltas.append({"tool_calls": [{"index": index, "id": call.id, "type": "function", "function": function}]})
        head: Node = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": self.model(asked)}
        head["system_fingerprint"] = "fp_1"
        chunks: list[Node] = [head | {"choices": [_choice(delta, None)]} for delta in deltas]
        chunks[0]["x_groq"] = {"id": "req_of_groq"}
        last: Node = head | {"choices": [_choice({}, STOPS[answer.reason])]}
        last["x_groq"] = {"id": "req_of_groq", "usage": _usage(answer.usage)}
        said = events(("", chunk) for chunk in [*chunks, last])
        return Spoken([*said, event("", "[DONE]")], needed=len(said))

    def _whole(self, answer: Answer, asked: Asked) -> Spoken:
        message: Node = {"role": "assistant", "content": "".join(answer.pieces)}
        if answer.reasoning:
            message["reasoning"] = "".join(answer.reasoning)
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": STOPS[answer.reason]}
        head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": self.model(asked)}
        body = json.dumps(head | {"choices": [choice], "usage": _usage(answer.usage), "x_groq": {"id": "req_of_groq"}})
        return Spoken([body[:100].encode(), body[100:].encode()], media="application/json")

    def broken(self) -> bytes:
        words = {"message": "Over capacity.", "type": "service_unavailable", "code": "over_capacity"}
        return event("error", {"error": words})

    def refusal(self, kind: Kind) -> tuple[int, Any]:
        status, code, name, words = REFUSALS[kind]
        return status, {"error": {"message": words, "type": name} | ({"code": code} if code else {})}

    def headers(self, number: int) -> dict[str, str]:
        return {"x-request-id": f"req_{number}"}

    def count(self, asked: Asked) -> Any:
        raise AssertionError(f"Groq has no count: {asked.path}")

    def models(self) -> Any:
        one = {"id": MODEL, "object": "model", "created": 1, "owned_by": "Groq", "active": True}
        return {"object": "list", "data": [one | {"context_window": 131_072, "max_completion_tokens": 65_536}]}

    def results(self, body: Any) -> list[str]:
        return [turn["content"] for turn in body["messages"] if turn["role"] == "tool"]


def _choice(delta: Node, finish: str | None) -> Node:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


def _usage(used: Usage) -> Node:
    return {
        "queue_time": 0.02,
        "prompt_tokens": used.total_in,
        "prompt_time": 0.01,
        "completion_tokens": used.total_out,
        "completion_time": 0.05,
        "total_tokens": used.total_in + used.total_out,
        "total_time": 0.06,
        "prompt_tokens_details": {"cached_tokens": used.cache_read},
        "completion_tokens_details": {"reasoning_tokens": used.reasoning},
    }


WIRE = Groq()
