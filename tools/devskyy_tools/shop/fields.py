"""The field schemas of the shop's objects: for the argument ``more``, for ``tools_describe``, for what can be written.

The files in ``schemas/`` hold names, types and allowed values as a shop's own OPTIONS answers state them.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib import resources
from typing import Any, cast

from devskyy_mcp.errors import Code, Refused

from .collections import NOISE, Collection

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
ALWAYS = frozenset({"_fields", "context"})


@lru_cache(maxsize=64)
def _load(name: str) -> dict[str, Any]:
    text = resources.files("devskyy_tools.shop").joinpath("schemas", f"{name}.json").read_text("utf-8")
    return json.loads(text)


def schema_of(collection: Collection) -> dict[str, Any]:
    """``{list: [query parameters], fields: {name: {type, enum?, readonly?, properties?, items?}}}``."""
    return _load(collection.name)


@cache
def _wanted(name: str) -> str:
    fields = dict.fromkeys(["id", "name", *_load(name)["fields"]])  # a variation's name is in no schema
    return ",".join(field for field in fields if field not in NOISE)


def cut(collection: Collection) -> dict[str, str]:
    """``{"_fields": …}`` with all that is looked at of an object, for reading or writing many; else nothing."""
    return {"_fields": _wanted(collection.name)} if collection.lean else {}


def describe(collection: Collection) -> dict[str, Any]:
    """The fields that can be written, for people and models: ``{noun, fields: {name: schema}}``."""
    fields = schema_of(collection)["fields"]
    return {
        "noun": collection.noun,
        "fields": {
            name: _writable(schema)
            for name, schema in fields.items()
            if not schema.get("readonly") and name not in collection.derived
        },
    }


def _writable(schema: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {
        key: value for key, value in schema.items() if key not in ("properties", "items", "readonly")
    }
    if "properties" in schema:
        out["properties"] = {
            name: _writable(inner)
            for name, inner in schema["properties"].items()
            if not inner.get("readonly") or name == "id"
        }
    if "items" in schema:
        out["items"] = _writable(schema["items"])
    return out


def check_more(collection: Collection, more: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as they are, when the shop knows all of them and their types are right.

    Raises:
        Refused: INVALID_ARGUMENTS naming each wrong field, with the nearest one that exists.
    """
    problems: list[dict[str, str]] = []
    fields = schema_of(collection)["fields"]
    for name, value in more.items():
        _check(problems, name, value, fields.get(name), [known for known in fields if _settable(collection, known)])
        if name in collection.derived and name in fields and not fields[name].get("readonly"):
            problems.append({"field": name, "problem": "is computed by the shop and can't be set"})
    if problems:
        text = "; ".join(f"{problem['field']} {problem['problem']}" for problem in problems[:5])
        usable = ", ".join(name for name in fields if _settable(collection, name))
        hint = f"The fields are: {usable}. devskyy://schemas/{collection.name} has their types."
        raise Refused(
            Code.INVALID_ARGUMENTS,
            text if text.endswith("?") else f"{text}.",
            hint,
            details={"problems": problems[:20]},
        )
    return dict(more)


def _settable(collection: Collection, name: str) -> bool:
    return not schema_of(collection)["fields"][name].get("readonly") and name not in collection.derived


def _check(
    problems: list[dict[str, str]], path: str, value: Any, schema: Mapping[str, Any] | None, known: Iterable[str]
) -> None:
    def wrong(problem: str) -> None:
        problems.append({"field": path[:100], "problem": problem})

    if schema is None:
        near = difflib.get_close_matches(path.rsplit(".", 1)[-1], list(known), 1, 0.5)
        return wrong("is not a field" + (f"; did you mean {near[0]}?" if near else ""))
    if schema.get("readonly") and not path.endswith(".id"):
        return wrong("is read-only")
    types = schema.get("type")
    types = [types] if isinstance(types, str) else cast("list[str] | None", types)
    if types and value is not None and not _is_type(value, types):
        return wrong("must be " + " or ".join(_WORDS.get(kind, kind) for kind in types))
    if "enum" in schema and value not in (None, *schema["enum"]):
        return wrong("must be one of " + ", ".join(map(str, schema["enum"][:20])))
    if isinstance(value, dict) and "properties" in schema:
        inner = schema["properties"]
        for key, item in cast("dict[str, Any]", value).items():
            _check(problems, f"{path}.{key}", item, inner.get(key), inner)
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(cast("list[Any]", value)[:100]):
            _check(problems, f"{path}.{number}", item, schema["items"], ())
    return None


def _is_type(value: Any, types: Iterable[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in types
    return any(isinstance(value, _TYPES[kind]) for kind in types if kind in _TYPES)


def check_params(collection: Collection, params: Mapping[str, Any]) -> dict[str, Any]:
    """List parameters without the empty ones; the shop ignores unknown ones silently and would return everything.

    Raises:
        Refused: INVALID_ARGUMENTS for one that the collection does not declare.
    """
    known = ALWAYS.union(schema_of(collection)["list"])
    for name in params:
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), 1, 0.5)
            raise Refused(
                Code.INVALID_ARGUMENTS,
                f"{collection.noun}s can't be listed by {name[:60]}" + (f"; did you mean {near[0]}?" if near else "."),
                details={"field": name[:100]},
            )
    return {name: value for name, value in params.items() if value not in (None, "")}
