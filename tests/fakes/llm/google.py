"""The Gemini API, as ``google-genai`` 3.4 speaks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devskyy_mcp.llm.port import Kind, Name, Reason

from .server import MODEL, SIGNATURE, TOKENS, Answer, Asked, Asking, Spoken, Wire, event

STOPS: dict[Reason, str] = {
    "end": "STOP",
    "tool": "STOP",
    "length": "MAX_TOKENS",
    "filter": "SAFETY",
    "refusal": "OTHER",
}
REFUSALS: dict[Kind, tuple[int, str, str]] = {
    "rate_limit": (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota."),
    "overloaded": (503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    "server": (500, "INTERNAL", "An internal error has occurred."),
    "auth": (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
    "permission": (403, "PERMISSION_DENIED", "Your project has been denied access."),
    "not_found": (404, "NOT_FOUND", "models/gemini-none is not found for API version v1."),
    "bad_request": (400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
    "context_length": (
        400,
        "INVALID_ARGUMENT",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    ),
    "timeout": (504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
}


class Google(Wire):
    name: Name = "google"
    key = "AIza-loopback"
    kinds = tuple(REFUSALS)

    def authorised(self, headers: Mapping[str, str]) -> bool:
        return headers.get("x-goog-api-key") == self.key

    def asking(self, method: str, path: str) -> Asking | None:
        verbs: dict[str, Asking] = {"streamGenerateContent": "answer", "countTokens": "count"}
        if method == "GET":
            return "models" if path in {"/v1/models", "/v1beta/models"} else None
        return verbs.get(path.rpartition(":")[2]) if path.startswith("/v1/models/") else None

    def model(self, asked: Asked) -> str:
        return asked.path.rpartition(":")[0].rpartition("/")[2]

    def answer(self, answer: Answer, asked: Asked) -> Spoken:
        used = answer.usage
        early = {
            "promptTokenCount": used.input + used.cache_read,
            "cachedContentTokenCount": used.cache_read,
            "totalTokenCount": used.total_in,
        }
        usage = early | {
            "candidatesTokenCount": used.output,
            "thoughtsTokenCount": used.reasoning,
            "totalTokenCount": used.total_in + used.total_out,
        }
        head = {"modelVersion": self.model(asked), "responseId": "resp_1"}
        if answer.reason == "filter" and not answer.pieces:
            blocked = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": early}
            return Spoken([event("", blocked | head)])
        parts = [{"text": one, "thought": True} for one in answer.reasoning]
        parts += [{"text": one} for one in answer.pieces]
        broken = any(isinstance(call.arguments, str) for call in answer.calls)
        if not broken:
            parts += [_call(call.id, call.name, call.arguments) for call in answer.calls]
            first = next((part for part in parts if "functionCall" in part), parts[-1] if answer.reasoning else {})
            first["thoughtSignature"] = SIGNATURE
        chunks: list[dict[str, Any]] = [
            {"candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0}], "usageMetadata": early}
            for part in parts
        ]
        stop = "MALFORMED_FUNCTION_CALL" if broken else STOPS[answer.reason]
        chunks.append({"candidates": [{"finishReason": stop, "index": 0}], "usageMetadata": usage})
        return Spoken([event("", chunk | head) for chunk in chunks])

    def broken(self) -> bytes:
        return event("", {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}})

    def refusal(self, kind: Kind) -> tuple[int, Any]:
        status, name, words = REFUSALS[kind]
        error: dict[str, Any] = {"code": status, "message": words, "status": name, "details": []}
        if kind == "auth":
            info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
            error["details"] = [info]
        if kind == "rate_limit":
            error["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}]
        return status, {"error": error}

    def headers(self, number: int) -> dict[str, str]:
        return {}

    def count(self, asked: Asked) -> Any:
        return {"totalTokens": TOKENS}

    def models(self) -> Any:
        model = {
            "name": f"models/{MODEL}", "displayName": "Model of the loopback", "inputTokenLimit": 200_000,
            "supportedGenerationMethods": ["generateContent", "countTokens"],
        }  # fmt: skip
        other = {"name": "models/embedder", "supportedGenerationMethods": ["embedContent"]}
        return {"models": [model, other]}

    def results(self, body: Any) -> list[str]:
        parts = (part for turn in body["contents"] for part in turn["parts"])
        said = (part["functionResponse"]["response"] for part in parts if "functionResponse" in part)
        return [one["error"] if "error" in one else one["output"] for one in said]


def _call(call: str, name: str, arguments: Any) -> dict[str, Any]:
    return {"functionCall": {"id": call, "name": name, "args": arguments}}


WIRE = Google()
