"""What a call gave, as the wire has it. Text and structuredContent each carry everything alone: hosts show either."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, cast

from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from ...capability import Content, Resource
from ...context import Principal
from ...errors import Code, Refused
from ...guard.trust import META, UNTRUSTED, fenced, refusal_says
from ...invoke import Result
from ...render import messages, text_of
from .files import Files

RESOURCE_NOT_FOUND = -32002  # through 2025-11-25; later versions say invalid params
MOST_COMPLETIONS = 100  # the specification's own limit
_ASKED_WRONGLY = frozenset({Code.NOT_FOUND, Code.INVALID_ARGUMENTS, Code.UNKNOWN_TOOL, Code.FORBIDDEN, Code.TOO_LARGE})


async def of_result(result: Result, files: Files, principal: Principal) -> dict[str, Any]:
    view = result.capability.policy.view
    text = result.text if view is None or view.for_model else _outline(result.data)
    told = _told(text, untrusted=result.untrusted)
    whole = result.data.get("rest", {}).get("resource")
    if whole:
        told["content"].append({"type": "resource_link", "uri": whole, "name": "result", "title": "The whole result"})
    told["content"] += await files.blocks(principal, result.data, text)
    return {"resultType": "complete", **told, "structuredContent": result.data}


def _outline(data: Mapping[str, Any]) -> str:
    """What a page reads in the structured content, without what only a program can read."""
    return text_of({name: value for name, value in data.items() if not isinstance(value, str) or len(value) < 1_000})


def _told(text: str, *, untrusted: bool) -> dict[str, Any]:
    """The text as content; between fences and labelled when customers or the web wrote some of it."""
    content = [{"type": "text", "text": fenced(text) if untrusted else text}]
    return {"content": content, **_label(untrusted=untrusted)}


def _label(*, untrusted: bool) -> dict[str, Any]:
    return {"_meta": {META: UNTRUSTED}} if untrusted else {}


def of_refusal(refused: Refused) -> dict[str, Any]:
    """A result with ``isError``: hosts show it to the model, which can then do what the hint says."""
    error = refused.as_dict()
    return {
        "resultType": "complete",
        **_told(refusal_text(refused), untrusted=refusal_says(refused.details)),
        "structuredContent": {"error": error},
        "isError": True,
    }


def refusal_text(refused: Refused) -> str:
    """Message, hint, code and whether to try again; then the change it is about, where there is one."""
    again = ""
    if refused.retryable:
        again = " Try again" + (f" after {refused.retry_after:g} s." if refused.retry_after is not None else " later.")
    text = f"{refused.message}{f' {refused.hint}' if refused.hint else ''}{again} [{refused.code}]"
    change: Any = refused.details.get("change")
    if isinstance(change, Mapping):
        return f"{text}\n{text_of(cast('Mapping[str, Any]', change))}"
    return f"{text}\nchange: {change}" if change else text


def protocol_error(refused: Refused, version: str, **facts: str) -> MCPError:
    """The JSON-RPC error for what has no result to carry it: prompts, resources, names of tools."""
    code = INVALID_PARAMS if refused.code in _ASKED_WRONGLY else INTERNAL_ERROR
    if refused.code is Code.NOT_FOUND and version not in MODERN_PROTOCOL_VERSIONS:
        code = RESOURCE_NOT_FOUND
    message = f"{refused.message} {refused.hint}".strip()
    return MCPError(code=code, message=message, data={**refused.as_dict(), **facts})


def of_resource(resource: Resource, uri: str, content: Any, *, untrusted: bool) -> dict[str, Any]:
    """A resource's content, in its own media type and so without fences: JSON and text as text, bytes in base64."""
    kind = resource.mime_type
    if isinstance(content, Content):
        kind, content = content.mime_type, content.data
    entry: dict[str, Any] = {"uri": uri, "mimeType": kind, **_label(untrusted=untrusted)}
    if resource.ui:
        entry["_meta"] = {**entry.get("_meta", {}), "ui": dict(resource.ui)}
    if isinstance(content, bytes):
        entry["blob"] = base64.b64encode(content).decode()
    elif isinstance(content, str):
        entry["text"] = content
    else:
        entry["text"] = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return {"resultType": "complete", "contents": [entry]}


def of_prompt(description: str, rendered: Any) -> dict[str, Any]:
    return {"resultType": "complete", "description": description, "messages": messages(rendered)}


def of_completion(values: list[str]) -> dict[str, Any]:
    most = values[:MOST_COMPLETIONS]
    completion = {"values": most, "total": len(values), "hasMore": len(values) > len(most)}
    return {"resultType": "complete", "completion": completion}
