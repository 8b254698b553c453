"""The OpenAPI 3.1 document, made from the registry: one operation per tool, two for reads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from ... import __version__
from ...capability import Capability
from .more import SHORTCUTS

API = "/api/v1"
Schema = dict[str, Any]

_PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457 problem document; code says why, hint what to do.",
    "required": ["type", "title", "status", "code", "detail", "retryable"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "hint": {"type": "string"},
        "retryable": {"type": "boolean"},
        "retry_after": {"type": "number", "description": "Seconds."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "problem": {"type": "string"}},
            },
        },
        "change": {"description": "The change as it is (a ChangeView), or its id."},
        "job": {"description": "The job as it is (a JobView)."},
        "details": {"type": "object"},
    },
}
_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key with the same arguments is carried out once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}
_PREFER: Schema = {
    "name": "Prefer",
    "in": "header",
    "description": "wait=N: wait up to N seconds, at most 50, for the end of what becomes a job.",
    "schema": {"type": "string"},
}
_OBJECT: Schema = {"type": "object"}


def openapi(tools: Sequence[Capability]) -> Schema:
    """The document for these tools."""
    schemas = _Schemas()
    paths: dict[str, Any] = {}
    for capability in tools:
        paths[f"{API}/tools/{capability.name}"] = _tool_path(capability, schemas)
        paths[f"{API}/tools/{capability.name}/schema"] = {
            "get": _operation(f"describe_{capability.name}", f"Schema of {capability.name}.", _OBJECT)
        }
    paths |= _fixed_paths({capability.name for capability in tools}, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "DevSkyy",
            "version": __version__,
            "description": "Run a WordPress + WooCommerce fashion brand. Every tool is one operation; the same "
            "tools are served over MCP.",
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"local_key": []}],
        "paths": paths,
        "components": {
            "schemas": {**schemas.named, "Problem": _PROBLEM},
            "securitySchemes": {
                "local_key": {"type": "http", "scheme": "bearer", "description": "Asked for with a real shop."}
            },
            "responses": {
                "Problem": {
                    "description": "Refused.",
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
            },
        },
    }


class _Schemas:
    """Shared component schemas. One name always means one schema; a second meaning gets the tool's name before it."""

    def __init__(self) -> None:
        self.named: dict[str, Schema] = {}

    def add(self, name: str, schema: Schema, owner: str) -> Schema:
        """Take the schema and its ``$defs`` in; a reference to it."""
        names = self.take(schema, owner)
        body = _moved({key: value for key, value in schema.items() if key != "$defs"}, names)
        own = name if self.named.get(name, body) == body else f"{owner}_{name}"
        self.named[own] = body
        return {"$ref": f"#/components/schemas/{own}"}

    def take(self, schema: Schema, owner: str) -> dict[str, str]:
        """Take the ``$defs`` in; their names here."""
        definitions: dict[str, Schema] = schema.get("$defs", {})
        names = {inner: inner for inner in definitions}
        while True:
            # A renamed schema changes those that refer to it: they may then need names of their own too.
            moved = {names[inner]: _moved(definition, names) for inner, definition in definitions.items()}
            taken = [
                inner
                for inner, name in names.items()
                if name == inner and self.named.get(name, moved[name]) != moved[name]
            ]
            if not taken:
                self.named |= moved
                return names
            names |= {inner: f"{owner}_{inner}" for inner in taken}


def _moved(node: Any, names: Mapping[str, str]) -> Any:
    """The schema with its references pointing to components."""
    if isinstance(node, list):
        return [_moved(item, names) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    out: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", node).items():
        if key == "$ref" and isinstance(value, str):
            target = value.removeprefix("#/$defs/")
            out[key] = f"#/components/schemas/{names.get(target, target)}"
        else:
            out[key] = _moved(value, names)
    return out


def _tool_path(capability: Capability, schemas: _Schemas) -> dict[str, Any]:
    name = capability.name
    body = schemas.add(f"{name}_arguments", capability.whole_input_schema, name)
    result = capability.result_type.__name__ if capability.result_type and not capability.policy.proxies else "Result"
    if capability.stages:
        result = "ChangeView"
    elif capability.policy.job is not None:
        result = "JobView"
    answer = schemas.add(result, capability.whole_output_schema, name)
    post = _operation(name, capability.summary, answer)
    post |= {"description": capability.description, "tags": [capability.noun], "x-effect": capability.policy.effect}
    post["requestBody"] = {
        "required": bool(capability.whole_input_schema.get("required")),
        "content": {"application/json": {"schema": body}},
    }
    if not capability.policy.writes:
        get = _operation(f"read_{name}", capability.summary, answer)
        get["tags"] = [capability.noun]
        get["parameters"] = _query(capability.whole_input_schema, schemas.take(capability.whole_input_schema, name))
        get["responses"]["304"] = {"description": "Unchanged since the ETag in If-None-Match."}
        return {"get": get, "post": post}
    post["parameters"] = [_KEY, _PREFER]
    post["responses"]["202"] = {
        "description": "A person must agree first (approve says where), or a job is at work: Location has it.",
        "content": {"application/json": {"schema": answer}},
    }
    return {"post": post}


def _query(schema: Schema, names: Mapping[str, str]) -> list[Schema]:
    required: list[str] = schema.get("required", [])
    parameters: list[Schema] = []
    for name, value in schema.get("properties", {}).items():
        parameter: Schema = {"name": name, "in": "query", "schema": _moved(value, names)}
        if name in required:
            parameter["required"] = True
        if isinstance(value.get("description"), str):
            parameter["description"] = value["description"]
        if value.get("type") == "object":
            parameter["content"] = {"application/json": {"schema": parameter.pop("schema")}}
        parameters.append(parameter)
    return parameters


def _operation(name: str, summary: str, answer: Schema) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "responses": {
            "200": {"description": "Done.", "content": {"application/json": {"schema": answer}}},
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }


def _fixed_paths(tools: set[str], schemas: _Schemas) -> dict[str, Any]:
    paths: dict[str, Any] = {
        f"{API}/tools": {"get": _operation("list_tools", "List the tools.", _OBJECT)},
        f"{API}/prompts": {"get": _operation("list_prompts", "List the prompts.", _OBJECT)},
        f"{API}/prompts/{{name}}": {
            "post": _operation("get_prompt", "Give a prompt's messages.", _OBJECT)
            | {
                "parameters": [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}],
                "requestBody": {"content": {"application/json": {"schema": _OBJECT}}},
            }
        },
        f"{API}/resources": {"get": _operation("list_resources", "List the resources.", _OBJECT)},
        f"{API}/resources/read": {"get": _read_operation()},
        f"{API}/agents": {"get": _operation("list_agents", "List the agents.", _OBJECT)},
        f"{API}/agents/{{name}}": {
            "get": _operation("get_agent", "Show an agent or super agent with its file.", _OBJECT)
            | {"parameters": [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}]}
        },
        f"{API}/ws-tickets": {"post": _operation("ws_ticket", "A ticket for one WebSocket login.", _OBJECT)},
        "/health": {"get": _operation("health", "How the parts are.", _OBJECT)},
    }
    for method, path, tool in SHORTCUTS:
        if tool in tools:
            name = _RESULTS.get(tool)
            view = {"$ref": f"#/components/schemas/{name}"} if name in schemas.named else _OBJECT
            parameters = [
                {"name": one, "in": "path", "required": True, "schema": {"type": "string"}}
                for one in re.findall(r"\{(\w+)\}", path)
            ]
            operation = _operation(f"{tool}_shortcut", f"The same as {tool}.", view) | {"parameters": parameters}
            if method == "POST":
                operation["requestBody"] = {"content": {"application/json": {"schema": _OBJECT}}}
            paths.setdefault(f"{API}{path}", {})[method.lower()] = operation
    return paths


_RESULTS = {
    **dict.fromkeys(("changes_show", "changes_apply", "changes_undo"), "ChangeView"),
    **dict.fromkeys(("jobs_get", "jobs_cancel", "jobs_answer", "jobs_resolve"), "JobView"),
}


def _read_operation() -> dict[str, Any]:
    operation = _operation("read_resource", "A resource's content, in its own media type.", {})
    operation["parameters"] = [{"name": "uri", "in": "query", "required": True, "schema": {"type": "string"}}]
    operation["responses"]["200"]["content"] = {"*/*": {}}
    return operation
