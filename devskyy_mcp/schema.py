"""JSON Schemas small enough for a model's context, and validation errors a model can act on."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from .errors import Code, Refused

if TYPE_CHECKING:
    from pydantic import ValidationError

    from .capability import Capability


_LEFT_OUT = frozenset({"maxLength", "minLength", "minimum", "exclusiveMinimum"})
"""Bounds that the server checks and that tell a model nothing it would not do anyway."""
_SMALL = 1000


def tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """The whole schema as programs want it: without titles and ``null`` branches of optional values."""
    return _cut(schema, {}, lambda key, value: _is_title(key, value) or (key == "default" and value is None))


def compact(schema: dict[str, Any], *, result: bool = False) -> dict[str, Any]:
    """The schema as models want it: without what costs tokens and says little.

    Left out are also empty defaults and bounds nobody meets; a definition that is used once stands where it is used.
    With ``result`` descriptions go too, and objects may have further fields.
    """
    definitions: dict[str, Any] = schema.get("$defs", {})
    text = json.dumps(schema)
    once = {name: definitions[name] for name in definitions if text.count(f'"#/$defs/{name}"') == 1}

    def says_little(key: str, value: Any) -> bool:
        return _is_title(key, value) or _says_little(key, value, result)

    out = _cut({key: value for key, value in schema.items() if key != "$defs"}, once, says_little)
    rest = {name: _cut(value, once, says_little) for name, value in definitions.items() if name not in once}
    return {"$defs": rest, **out} if rest else out


def _cut(node: Any, once: Mapping[str, Any], drops: Callable[[str, Any], bool]) -> Any:
    """The tree without the keywords that ``drops`` names, definitions of ``once`` put where they are referred to."""
    if isinstance(node, list):
        return [_cut(item, once, drops) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    tree = cast("dict[str, Any]", node)
    name = str(tree.get("$ref", "")).removeprefix("#/$defs/")
    if name in once:
        tree = {**once[name], **{key: value for key, value in tree.items() if key != "$ref"}}
    out: dict[str, Any] = {}
    for key, value in tree.items():
        if key in {"properties", "$defs"}:
            named = cast("dict[str, Any]", value)
            out[key] = {name: _cut(item, once, drops) for name, item in named.items()}
        elif not drops(key, value):
            out[key] = _cut(value, once, drops)
    return _without_null(out)


def _is_title(key: str, value: Any) -> bool:
    return key == "title" and isinstance(value, str)


def _says_little(key: str, value: Any, result: bool) -> bool:
    if key in _LEFT_OUT:
        return True
    if key == "default":
        return value in (None, "", False)
    if key == "maximum":
        return bool(value >= _SMALL)
    if key == "additionalProperties":
        return value is True or (result and value is False)
    return result and key == "description" and isinstance(value, str)


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


_SIZES: dict[str, tuple[str, str, str, str]] = {
    "too_short": ("least", "min_length", "entry", "entries"),
    "too_long": ("most", "max_length", "entry", "entries"),
    "string_too_short": ("least", "min_length", "character", "characters"),
    "string_too_long": ("most", "max_length", "character", "characters"),
}


def _size(kind: str, context: dict[str, Any]) -> str:
    at, bound, one, many = _SIZES[kind]
    return f"must have at {at} {context[bound]} {one if context[bound] == 1 else many}"


def explain(error: ValidationError, capability: Capability) -> Refused:
    """One refusal that names each field and what is right there; never the value that was given."""
    known = list(capability.arguments.model_fields)
    problems: dict[str, str] = {}
    for item in error.errors(include_url=False, include_input=False)[:40]:
        # A union's branches and validators stand in the place as words like ``function-before[…]`` and ``literal['']``.
        path = (
            ".".join(str(part) for part in item["loc"] if isinstance(part, int) or part.isidentifier()) or "arguments"
        )
        text = problem(item, f"an argument of {capability.name}", known)
        if path not in problems or item["type"] in _OUR_OWN:
            problems[path[:100]] = text[:300]
    message = "; ".join(f"{path} {text}" for path, text in list(problems.items())[:5])
    return Refused(
        Code.INVALID_ARGUMENTS,
        message if message.endswith("?") else f"{message}.",
        f"The arguments of {capability.name} are: {', '.join(known) or 'none'}.",
        details={"problems": [{"field": path, "problem": text} for path, text in list(problems.items())[:20]]},
    )


_OUR_OWN = frozenset({"money"})
"""Types of errors whose words are our own, and better than what a union's other branches say."""


def problem(item: Any, what: str, known: Sequence[str]) -> str:
    """What is wrong with a field, after its name: one of pydantic's errors in words, without the value.

    Args:
        item: of ``ValidationError.errors()``.
        what: what the field is not, where nobody knows its name (``an argument of woo_products_get``).
        known: the names there are, for a field that is none of them.
    """
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(item["loc"][-1]), known, 1, 0.5)
        return f"is not {what}" + (f"; did you mean {near[0]}?" if near else "")
    if kind in _WORDS:
        return _WORDS[kind]
    if kind in {"literal_error", "enum"}:
        return f"must be one of {context.get('expected', '')}"
    if kind in _SIZES:
        return _size(kind, context)
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        known_tags = f" as one of {context['expected_tags']}" if "expected_tags" in context else ""
        return f"must have {context['discriminator']}{known_tags}"
    text = item["msg"].removeprefix("Value error, ").rstrip(".")
    return text.replace("Input ", "", 1) if text.startswith("Input ") else f"is not right: {text}"
