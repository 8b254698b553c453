"""JSON Schemas small enough for a model's context, and validation errors a model can act on."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, cast

from .errors import Code, Refused

if TYPE_CHECKING:
    from pydantic import ValidationError

    from .capability import Capability


def compact(schema: dict[str, Any], *, descriptions: bool = True) -> dict[str, Any]:
    """The schema without what costs tokens and says nothing: titles, ``null`` branches of optional values, null
    defaults.

    An optional value (``X | None = None``) is stated as ``X``: a caller leaves it out.
    """
    return _compact(schema, descriptions)


def _compact(node: Any, descriptions: bool) -> Any:
    if isinstance(node, list):
        return [_compact(item, descriptions) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    out: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", node).items():
        if (key == "title" and isinstance(value, str)) or (key == "default" and value is None):
            continue
        if key == "description" and not descriptions and isinstance(value, str):
            continue
        if key in {"properties", "$defs"}:
            named = cast("dict[str, Any]", value)
            out[key] = {name: _compact(item, descriptions) for name, item in named.items()}
        else:
            out[key] = _compact(value, descriptions)
    return _without_null(out)


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    branches: list[Any] = schema.get("anyOf", [])
    rest = [branch for branch in branches if branch != {"type": "null"}]
    if len(rest) != 1 or len(rest) == len(branches):
        return schema
    del schema["anyOf"]
    return {**rest[0], **schema}


_WORDS = {
    "missing": "is required",
    "string_type": "must be a string",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "float_type": "must be a number",
}


def explain(error: ValidationError, capability: Capability) -> Refused:
    """One refusal that names each field and what is right there; never the value that was given."""
    known = list(capability.arguments.model_fields)
    problems: list[dict[str, Any]] = []
    for item in error.errors(include_url=False, include_input=False)[:20]:
        path = ".".join(str(part) for part in item["loc"]) or "arguments"
        kind, context = item["type"], item.get("ctx", {})
        if kind == "extra_forbidden":
            near = difflib.get_close_matches(str(item["loc"][-1]), known, 1, 0.5)
            text = f"is not an argument of {capability.name}" + (f"; did you mean {near[0]}?" if near else "")
        elif kind in _WORDS:
            text = _WORDS[kind]
        elif kind in {"literal_error", "enum"}:
            text = f"must be one of {context.get('expected', '')}"
        else:
            text = item["msg"].removeprefix("Value error, ").rstrip(".")
            text = text.replace("Input ", "", 1) if text.startswith("Input ") else f"is not right: {text}"
        problems.append({"field": path[:100], "problem": text[:300]})
    message = "; ".join(f"{problem['field']} {problem['problem']}" for problem in problems[:5])
    return Refused(
        Code.INVALID_ARGUMENTS,
        message if message.endswith("?") else f"{message}.",
        f"The arguments of {capability.name} are: {', '.join(known) or 'none'}.",
        details={"problems": problems},
    )
