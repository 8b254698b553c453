"""Words from a command line or a query string, as the JSON values that a tool's input schema asks for.

Nothing is refused here: what can't be read stays the text it is, and validation says what is right there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

Schema = Mapping[str, Any]
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def from_words(schema: Schema, given: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The arguments as JSON values.

    Args:
        schema: the tool's whole input schema, ``$defs`` included.
        given: per argument the words that were given for it, at least one. A name the schema does not have is kept.
    """
    properties: Mapping[str, Schema] = schema.get("properties", {})
    return {name: _value(schema, properties.get(name, {}), words) for name, words in given.items()}


def kinds(root: Schema, schema: Schema) -> set[str]:
    """The JSON types that a schema allows; empty when it does not say."""
    return {kind for branch in _branches(root, schema) for kind in _kinds(branch)}


def _kinds(branch: Schema) -> Iterator[str]:
    stated = branch.get("type")
    if isinstance(stated, str):
        yield stated
    elif isinstance(stated, list):
        yield from cast("list[str]", stated)
    values: list[Any] = [*branch.get("enum", ()), *([branch["const"]] if "const" in branch else ())]
    for value in values:
        yield "boolean" if isinstance(value, bool) else "integer" if isinstance(value, int) else "string"


def _branches(root: Schema, schema: Schema) -> Iterator[Schema]:
    reference = schema.get("$ref", "")
    if reference.startswith("#/$defs/"):
        yield from _branches(root, root.get("$defs", {}).get(reference.removeprefix("#/$defs/"), {}))
    inner: list[Schema] = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]
    for branch in inner:
        yield from _branches(root, branch)
    yield schema


def _value(root: Schema, schema: Schema, words: Sequence[str]) -> Any:
    allowed = kinds(root, schema)
    if "array" in allowed and (len(words) > 1 or allowed <= {"array"} or "," in words[0] or words[0][:1] == "["):
        stated: list[Schema] = [branch["items"] for branch in _branches(root, schema) if branch.get("items")]
        return _list(root, stated[0] if stated else {}, words)
    return _scalar(allowed, words[-1])


def _list(root: Schema, items: Schema, words: Sequence[str]) -> Any:
    if len(words) == 1 and words[0][:1] == "[":
        return _json(words[0], list)
    allowed = kinds(root, items)
    values: list[Any] = []
    for word in words:
        whole = "object" in allowed and word[:1] == "{"
        parts = [word] if whole else [part.strip() for part in word.split(",")]
        values += [_scalar(allowed, part) for part in parts if part]
    return values


def _scalar(allowed: set[str], word: str) -> Any:
    """The first reading that fits; text last, since everything is text."""
    if "boolean" in allowed and word.lower() in _TRUTH and not (word in {"0", "1"} and "integer" in allowed):
        return _TRUTH[word.lower()]
    if "integer" in allowed or "number" in allowed:
        number = _json(word, int if "number" not in allowed else (int, float))
        if number is not word:
            return number
    if "object" in allowed and word[:1] == "{":
        return _json(word, dict)
    return word


def _json(word: str, kind: type | tuple[type, ...]) -> Any:
    """The word read as JSON of that kind; the word itself when it is something else."""
    try:
        value = json.loads(word, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return word
    fits = isinstance(value, kind) and not isinstance(value, bool)
    return word if not fits or (isinstance(value, float) and not math.isfinite(value)) else value


def _refuse(name: str) -> Any:
    raise ValueError(name)
