"""Tools, prompts and resources as the wire lists them: plain dicts, which cost the SDK one validation less."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from mcp.shared.inbound import X_MCP_HEADER_KEY

from ...capability import Capability, Pack, Policy, Prompt, Registry, Resource, View
from ...changes.view import ChangeView

INSTRUCTIONS_LIMIT = 2_000
CHANGE: dict[str, Any] = {
    "type": "object",
    "properties": {"state": {"type": "string"}, "summary": {"type": "string"}, "change": {"type": "string"}},
    "required": ["state", "summary"],
}
"""What every write answers with, in outline: the whole view is 1 KB, once per tool, and tools_describe has it."""
_HEAD = """DevSkyy runs a WordPress + WooCommerce fashion brand.
Finding tools: the most used ones are listed; tools_find finds any other by what it does, tools_describe shows its \
arguments, tools_read calls tools that only read, tools_call any tool.
Changing things: every write can be previewed (preview: true shows the diff and gives a change id; changes_apply does \
it). What is large, costs money, leaves the shop or can't be undone waits for a person: either the host asks, or the \
answer has state waits_for_person with a link for them. Never claim that it was done before the state is applied. \
changes_undo takes a change back, changes_show tells what became of it.
Ids and prices are exact; use them as they are given. When a tool refuses, its message says what to do."""


def instructions(registry: Registry) -> str:
    """What a host shows the model first: how to find tools, how changes work, and which tools there are; ≤ 2 KB."""
    text = f"{_HEAD}\nToolsets: {'; '.join(_toolset(pack) for pack in registry.packs if pack.toolsets)}."
    return text if len(text) <= INSTRUCTIONS_LIMIT else text[: INSTRUCTIONS_LIMIT - 1] + "…"


def _toolset(pack: Pack) -> str:
    nouns = dict.fromkeys(toolset.noun for toolset in pack.toolsets if toolset.tools)
    return f"{pack.name} ({', '.join(nouns)})"


def tool(capability: Capability) -> dict[str, Any]:
    changes = capability.result_type in {None, ChangeView} and not capability.policy.proxies
    output = CHANGE if changes else capability.output_schema  # a proxy answers with what it called
    return {
        "name": capability.name,
        "title": capability.title,
        "description": capability.description,
        "inputSchema": capability.input_schema,
        **({"outputSchema": output} if output else {}),
        "annotations": hints(capability.policy),
        **_page(capability.policy.view),
    }


def _page(view: View | None) -> dict[str, Any]:
    """What hosts of MCP Apps are told about a tool: its page, and whether models see it."""
    if view is None:
        return {}
    address = {"resourceUri": view.resource} if view.resource else {}
    return {"_meta": {"ui": {**address, "visibility": ["model", "app"] if view.for_model else ["app"]}}}


@lru_cache(maxsize=1024)
def routed_schema(capability: Capability) -> dict[str, Any] | None:
    """The input schema if a property of it must also come as a header; None else, so that no call walks it in vain."""
    schema = capability.input_schema
    return schema if f'"{X_MCP_HEADER_KEY}"' in json.dumps(schema) else None


def hints(policy: Policy) -> dict[str, bool]:
    """MCP's hints. A proxy is as dangerous as the worst tool it may call."""
    reads = policy.effect == "read" and not policy.proxies - {"read"}
    if reads:
        return {"readOnlyHint": True, "openWorldHint": policy.open_world}
    return {
        "readOnlyHint": False,
        "destructiveHint": policy.effect == "destroy" or bool(policy.proxies - {"read"}),
        "idempotentHint": policy.idempotent,
        "openWorldHint": policy.open_world,
    }


def tools(found: Iterable[Capability]) -> dict[str, Any]:
    return {"resultType": "complete", "tools": [tool(item) for item in found]}


def prompts(found: Iterable[Prompt]) -> dict[str, Any]:
    return {"resultType": "complete", "prompts": [_prompt(item) for item in found]}


def _prompt(prompt: Prompt) -> dict[str, Any]:
    arguments = [
        {"name": item.name, "description": item.description, "required": item.required} for item in prompt.arguments
    ]
    return {
        "name": prompt.name,
        "title": prompt.title,
        "description": prompt.description,
        **({"arguments": arguments} if arguments else {}),
    }


def resources(found: Iterable[Resource]) -> dict[str, Any]:
    return {"resultType": "complete", "resources": [_resource(item, "uri") for item in found]}


def templates(found: Iterable[Resource]) -> dict[str, Any]:
    return {"resultType": "complete", "resourceTemplates": [_resource(item, "uriTemplate") for item in found]}


def _resource(resource: Resource, address: str) -> dict[str, Any]:
    return {
        address: resource.uri,
        "name": resource.name,
        "title": resource.title,
        "description": resource.description,
        "mimeType": resource.mime_type,
        **({"_meta": {"ui": dict(resource.ui)}} if resource.ui else {}),
    }
