"""OpenAI's Responses API, as ``openai`` 3.54 speaks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devskyy_mcp.llm.port import Kind, Name, Reason, Usage

from .server import MODEL, SIGNATURE, TOKENS, Answer, Asked, Asking, Spoken, Wire, event, events

Node = dict[str, Any]
STOPS: dict[Reason, str] = {
    "end": "completed",
    "tool": "completed",
    "refusal": "completed",
    "length": "max_output_tokens",
    "filter": "content_filter",
}
REFUSALS: dict[Kind, tuple[int, str, str, str]] = {
    "rate_limit": (429, "rate_limit_exceeded", "requests", "Rate limit reached for the model."),
    "overloaded": (503, "server_is_overloaded", "service_unavailable_error", "Our servers are currently overloaded."),
    "server": (500, "server_error", "server_error", "The server had an error while processing your request."),
    "auth": (401, "invalid_api_key", "invalid_request_error", "Incorrect API key provided: sk-wrong***."),
    "permission": (403, "", "invalid_request_error", "Your organization must be verified to use the model."),
    "not_found": (404, "model_not_found", "invalid_request_error", "The model does not exist."),
    "bad_request": (400, "invalid_value", "invalid_request_error", "Invalid value: 'input[0]'."),
    "context_length": (400, "context_length_exceeded", "invalid_request_error", "Your input exceeds the window."),
    "content_filter": (400, "invalid_prompt", "invalid_request_error", "Your prompt was flagged."),
    "timeout": (504, "", "server_error", "Gateway timeout."),
    "budget": (429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota."),
}


class OpenAI(Wire):
    name: Name = "openai"
    key = "sk-loopback"
    base = "/v1"
    kinds = tuple(REFUSALS)
    paths: Mapping[tuple[str, str], Asking] = {
        ("POST", "/v1/responses"): "answer",
        ("POST", "/v1/responses/input_tokens"): "count",
        ("GET", "/v1/models"): "models",
    }

    def answer(self, answer: Answer, asked: Asked) -> Spoken:
        items = _items(answer)
        head: Node = {"id": "resp_1", "object": "response", "model": self.model(asked), "error": None, "store": False}
        begun: Node = head | {"status": "in_progress", "incomplete_details": None, "output": [], "usage": None}
        said: list[tuple[str, Node]] = [
            ("response.created", {"response": begun}),
            ("response.in_progress", {"response": begun}),
        ]
        for index, (item, parts) in enumerate(items):
            empty = item | {"status": "in_progress"} | _emptied(item)
            said.append(("response.output_item.added", {"output_index": index, "item": empty}))
            said += [(name, {"item_id": item["id"], "output_index": index} | part) for name, part in parts]
            said.append(("response.output_item.done", {"output_index": index, "item": item}))
        why = STOPS[answer.reason]
        short = why != "completed"
        whole = begun | {
            "status": "incomplete" if short else "completed",
            "incomplete_details": {"reason": why} if short else None,
            "output": [item for item, _ in items],
            "usage": _usage(answer.usage),
        }
        said.append(("response.incomplete" if short else "response.completed", {"response": whole}))
        numbered = enumerate(said)
        return Spoken(
            events((name, {"type": name, "sequence_number": number} | data) for number, (name, data) in numbered)
        )

    def broken(self) -> bytes:
        words = {
            "type": "service_unavailable_error",
            "code": "server_is_overloaded",
            "message": "Overloaded.",
            "param": None,
        }
        return event("error", {"type": "error", "error": words, "sequence_number": 9})

    def refusal(self, kind: Kind) -> tuple[int, Any]:
        status, code, name, words = REFUSALS[kind]
        return status, {"error": {"message": words, "type": name, "param": None, "code": code or None}}

    def headers(self, number: int) -> dict[str, str]:
        return {"x-request-id": f"req_{number}"}

    def count(self, asked: Asked) -> Any:
        assert "input" in asked.body
        return {"object": "response.input_tokens", "input_tokens": TOKENS}

    def models(self) -> Any:
        return {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 1, "owned_by": "openai"}]}

    def results(self, body: Any) -> list[str]:
        return [item["output"] for item in body["input"] if item.get("type") == "function_call_output"]


def _usage(used: Usage) -> Node:
    wrote = used.cache_write_5m + used.cache_write_1h
    details: Node = {"cached_tokens": used.cache_read, "cache_write_tokens": wrote}
    if used.cache_write_1h:
        kept = {"ttl_30m_tokens": used.cache_write_5m, "ttl_12h_tokens": used.cache_write_1h}
        details["cache_write_tokens_details"] = kept
    return {
        "input_tokens": used.total_in,
        "input_tokens_details": details,
        "output_tokens": used.total_out,
        "output_tokens_details": {"reasoning_tokens": used.reasoning},
        "total_tokens": used.total_in + used.total_out,
    }


def _emptied(item: Node) -> Node:
    """What an item has not yet when it begins."""
    match item["type"]:
        case "message":
            return {"content": []}
        case "function_call":
            return {"arguments": ""}
        case _:
            return {"summary": [], "encrypted_content": ""}


def _items(answer: Answer) -> list[tuple[Node, list[tuple[str, Node]]]]:
    """Each item of the output when it is whole, and the events between its beginning and its end."""
    found: list[tuple[Node, list[tuple[str, Node]]]] = []
    if answer.reasoning:
        summary = {"type": "summary_text", "text": "".join(answer.reasoning)}
        item = {"id": "rs_1", "type": "reasoning", "summary": [summary], "encrypted_content": SIGNATURE}
        deltas = [
            ("response.reasoning_summary_text.delta", {"summary_index": 0, "delta": one}) for one in answer.reasoning
        ]
        found.append((item, deltas))
    if answer.pieces:
        found.append(_message(answer))
    for number, call in enumerate(answer.calls):
        item = {"id": f"fc_{number}", "type": "function_call", "call_id": call.id, "name": call.name}
        item |= {"arguments": call.text, "status": "completed"}
        pieces = [one for one in (call.text[:5], call.text[5:]) if one]
        parts: list[tuple[str, Node]] = [("response.function_call_arguments.delta", {"delta": one}) for one in pieces]
        parts.append(("response.function_call_arguments.done", {"arguments": call.text, "name": call.name}))
        found.append((item, parts))
    return found


def _message(answer: Answer) -> tuple[Node, list[tuple[str, Node]]]:
    text, kind = "".join(answer.pieces), "refusal" if answer.reason == "refusal" else "text"
    part: Node = {"type": "refusal"} if kind == "refusal" else {"type": "output_text", "annotations": []}
    name = "response.refusal" if kind == "refusal" else "response.output_text"
    item: Node = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed"}
    item["content"] = [part | {kind: text}]
    at: Node = {"content_index": 0, "logprobs": []}
    parts: list[tuple[str, Node]] = [("response.content_part.added", at | {"part": part | {kind: ""}})]
    parts += [(f"{name}.delta", at | {"delta": one}) for one in answer.pieces]
    parts.append((f"{name}.done", at | {kind: text}))
    parts.append(("response.content_part.done", at | {"part": part | {kind: text}}))
    return item, parts


WIRE = OpenAI()
