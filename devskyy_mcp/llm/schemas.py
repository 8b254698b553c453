"""JSON Schema in the dialects of the six providers.

Tools and outputs are told in JSON Schema 2020-12. A provider that can hold its model to a schema takes only part of
it for that: ``fit`` makes that part, with words for what it can't say, and ``restored`` leads what the model gave back
to the schema that was meant. A schema that can't be said strictly is sent as it is, and the model asked to keep to it.

Sources: OpenAI "Structured model outputs" (supported schemas), Anthropic "Structured outputs" (JSON Schema limitations)
and its SDK's ``transform_schema``, Google's ``GenerateContentConfig.response_json_schema``, Cohere "Structured outputs"
and "Parameter types in tool use", Mistral's SDK (``rec_strict_json_schema``), Groq "Structured outputs".
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from .port import Name

Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fit:
    """A schema as a provider takes it; shared by all who ask, not to be changed.

    Args:
        schema: in the provider's dialect.
        strict: whether the provider may be told to hold its model to it.
        reshaped: whether what the model gives goes through ``restored``: optional fields come as nulls.
    """

    schema: Node
    strict: bool
    reshaped: bool = False


@dataclass(frozen=True)
class _Dialect:
    """What a provider takes where it holds its model to a schema.

    Args:
        keeps: keywords that it takes besides the structural ones.
        formats: those of ``format``; with ``keeps`` None, all.
        all_required: it knows no optional field, only nullable ones.
        one_required: an object needs a required field.
        depth, fields, choices: how deep, how many properties, how many values of enums in all.
    """

    keeps: frozenset[str] | None
    formats: frozenset[str] = frozenset()
    all_required: bool = False
    one_required: bool = False
    depth: int = 100
    fields: int = 100_000
    choices: int = 100_000


_RANGES = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})
_STRICT: Mapping[Name, _Dialect] = {
    "openai": _Dialect(
        _RANGES | {"pattern", "format", "minItems", "maxItems"},
        _FORMATS,
        all_required=True,
        depth=10,
        fields=5000,
        choices=1000,
    ),
    "groq": _Dialect(frozenset(), all_required=True),
    "anthropic": _Dialect(frozenset({"format"}), _FORMATS | {"uri"}),
    "cohere": _Dialect(
        frozenset({"pattern", "format"}),
        frozenset({"date-time", "time", "date", "uuid"}),
        one_required=True,
        fields=200,
    ),
    "mistral": _Dialect(None),
}
_STRUCTURE = frozenset({"type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const"})
_SAID = frozenset({"description", "title", "$schema", "$id", "$defs", "definitions", "$comment", "examples"})
"""What is no rule: the description stays, the rest goes."""
_UNSAID = frozenset(
    {
        "allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "patternProperties",
        "propertyNames", "contains", "minContains", "maxContains", "prefixItems", "unevaluatedProperties",
        "unevaluatedItems", "minProperties", "maxProperties", "$dynamicRef", "$dynamicAnchor", "$ref",
    }
)  # fmt: skip
"""Rules on the shape itself: a strict dialect without them would let through, or shut out, whole kinds of values."""
_GOOGLE = frozenset(
    {
        "type", "format", "title", "description", "enum", "items", "prefixItems", "minItems", "maxItems", "minimum",
        "maximum", "anyOf", "oneOf", "properties", "additionalProperties", "required",
    }
)  # fmt: skip
_SUBSCHEMAS = ("items", "additionalProperties", "not", "if", "then", "else", "propertyNames", "contains")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_NAMED = ("properties", "patternProperties", "dependentSchemas")


class _Unfit(Exception):
    """The schema can't be said in this dialect."""


_known: OrderedDict[tuple[Name, bool, int], tuple[Mapping[str, Any], Fit]] = OrderedDict()
_KEPT = 2048


def fit(provider: Name, schema: Mapping[str, Any], *, strict: bool = True) -> Fit:
    """The schema in the provider's dialect, the same object for the same schema (by identity: don't change schemas).

    Args:
        provider: whose dialect.
        schema: JSON Schema 2020-12 of an object.
        strict: whether this model can be held to a schema.
    """
    key = (provider, strict, id(schema))
    found = _known.get(key)
    if found is not None:  # the schema is held beside it, so that its id is not another's
        _known.move_to_end(key)
        return found[1]
    made = _fitted(provider, schema, strict)
    _known[key] = (schema, made)
    if len(_known) > _KEPT:
        _known.popitem(last=False)
    return made


def _fitted(provider: Name, schema: Mapping[str, Any], wanted: bool) -> Fit:
    whole = inlined(schema)
    if provider == "google":
        return Fit(_told(whole), strict=False)
    plain = Fit({key: value for key, value in whole.items() if key not in _SAID - {"description"}}, strict=False)
    if not wanted:
        return plain
    strict = _Strict(_STRICT[provider])
    try:
        made = strict.root(whole)
    except _Unfit:
        return plain
    return Fit(made, strict=True, reshaped=strict.reshaped)


def inlined(schema: Mapping[str, Any]) -> Node:
    """The schema without references: each stands where it is used, what is said beside it above what it says itself.

    A definition that holds itself becomes any value of its type where it comes again. References lead into the schema
    itself (``#/…``); others become any value.
    """
    return _inlined(dict(schema), schema, ())


def _inlined(node: Any, root: Mapping[str, Any], within: tuple[str, ...]) -> Any:
    if not isinstance(node, dict):
        return node
    tree = cast("Node", node)
    reference = tree.get("$ref")
    if isinstance(reference, str):
        target = _target(root, reference)
        beside = {key: value for key, value in tree.items() if key != "$ref"}
        if reference in within:  # left as a type, which says more than nothing and ends
            return {key: target[key] for key in ("type", "description") if key in target} | beside
        return _inlined({**target, **beside}, root, (*within, reference))
    out: Node = {}
    for key, value in tree.items():
        if key in {"$defs", "definitions"}:
            continue
        if key in _NAMED:
            out[key] = {name: _inlined(one, root, within) for name, one in value.items()}
        elif key in _LISTS:
            out[key] = [_inlined(one, root, within) for one in value]
        elif key in _SUBSCHEMAS:
            out[key] = _inlined(value, root, within)
        else:
            out[key] = value
    return out


def _target(root: Mapping[str, Any], reference: str) -> Node:
    found: Any = root
    for part in reference.removeprefix("#").split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    usable = reference.startswith("#") and isinstance(found, dict)
    return cast("Node", found) if usable else {}


def _noted(node: Mapping[str, Any], rules: Sequence[str]) -> Node:
    """The description, with the rules in words that the dialect has no keyword for."""
    words = [f"{rule}: {json.dumps(node[rule], ensure_ascii=False)}" for rule in rules]
    said = [str(node["description"])] if node.get("description") else []
    said += ["(" + ", ".join(words) + ")"] if words else []
    return {"description": " ".join(said)} if said else {}


def _told(node: Any) -> Any:
    """Google's part of JSON Schema, which its API takes as it is."""
    if not isinstance(node, dict):
        return node
    tree = dict(cast("Node", node))
    if "const" in tree:
        tree["enum"] = [tree.pop("const")]
    rules = [key for key in tree if key not in _GOOGLE | _SAID and (key not in _SUBSCHEMAS or tree[key] is not True)]
    out = {key: value for key, value in tree.items() if key in _GOOGLE - {"title"}} | _noted(tree, rules)
    for key in out.keys() & {"properties"}:
        out[key] = {name: _told(one) for name, one in out[key].items()}
    for key in out.keys() & set(_LISTS):
        out[key] = [_told(one) for one in out[key]]
    for key in out.keys() & set(_SUBSCHEMAS):
        out[key] = _told(out[key])
    return out


class _Strict:
    """Makes one schema strict; counts what the dialect limits."""

    def __init__(self, dialect: _Dialect) -> None:
        self.dialect = dialect
        self.reshaped = False
        self._fields = 0
        self._choices = 0

    def root(self, node: Node) -> Node:
        if node.get("type") != "object" or "anyOf" in node:
            raise _Unfit
        return self.node(node, 1)

    def node(self, node: Any, depth: int) -> Node:
        if not isinstance(node, dict) or depth > self.dialect.depth or _UNSAID & cast("Node", node).keys():
            raise _Unfit
        tree = cast("Node", node)
        keeps = self.dialect.keeps
        rules = [key for key in tree if key not in _STRUCTURE | _SAID]
        kept = [key for key in rules if (keeps is None and key != "default") or (keeps and self._keeps(key, tree[key]))]
        out = _noted(tree, [key for key in rules if key not in kept]) | {key: tree[key] for key in kept}
        if "anyOf" in tree:
            if tree.keys() & (_STRUCTURE - {"anyOf"}):
                raise _Unfit
            return out | {"anyOf": [self.node(one, depth) for one in tree["anyOf"]]}
        if "enum" in tree or "const" in tree:
            return out | self._choice(tree)
        return out | self._typed(tree, depth)

    def _keeps(self, key: str, value: Any) -> bool:
        assert self.dialect.keeps is not None
        if key == "format":
            return "format" in self.dialect.keeps and value in self.dialect.formats
        if key == "pattern" and "(?" in value:  # looking ahead or behind is not in their regular expressions
            return False
        return key in self.dialect.keeps

    def _choice(self, tree: Node) -> Node:
        values: list[Any] = tree["enum"] if "enum" in tree else [tree["const"]]
        self._choices += len(values)
        if self._choices > self.dialect.choices or any(isinstance(one, dict | list) for one in values):
            raise _Unfit
        kinds = list(dict.fromkeys(_kind(one) for one in values))
        typed = {"type": tree.get("type", kinds[0] if len(kinds) == 1 else kinds)}  # OpenAI wants one everywhere
        return typed | {key: tree[key] for key in ("enum", "const") if key in tree}

    def _typed(self, tree: Node, depth: int) -> Node:
        kinds = _kinds(tree)
        if not kinds:
            raise _Unfit
        out: Node = {"type": tree["type"]}
        if "array" in kinds:
            out["items"] = self.node(tree.get("items"), depth + 1)
        if "object" in kinds:
            out |= self._object(tree, depth)
        return out

    def _object(self, tree: Node, depth: int) -> Node:
        open_ended = tree.get("additionalProperties", "properties" not in tree)
        properties: Node = tree.get("properties", {})
        required: list[str] = tree.get("required", [])
        self._fields += len(properties)
        if open_ended is not False or not set(required) <= properties.keys() or self._fields > self.dialect.fields:
            raise _Unfit
        if self.dialect.one_required and not required:
            raise _Unfit
        said = {name: self.node(one, depth + 1) for name, one in properties.items()}
        if self.dialect.all_required:
            for name in said.keys() - set(required):
                self.reshaped = True
                said[name] = _nullable(said[name], properties[name])
            required = list(said)
        return {"properties": said, "required": list(required), "additionalProperties": False}


def _kind(value: Any) -> str:
    """The type of a value of an enum."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str) else "integer" if isinstance(value, int) else "number"


def _kinds(tree: Mapping[str, Any]) -> list[str]:
    kinds = tree.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _allows_null(tree: Mapping[str, Any]) -> bool:
    if "anyOf" in tree:
        return any(_allows_null(one) for one in tree["anyOf"])
    if "const" in tree:
        return tree["const"] is None
    return None in tree["enum"] if "enum" in tree else "null" in _kinds(tree)


def _nullable(made: Node, meant: Mapping[str, Any]) -> Node:
    """The optional field as one that may be null. One that may be null already, and means another thing by it than by
    being left out, can't be said.
    """
    if _allows_null(made):
        if meant.get("default", ...) is not None:
            raise _Unfit
        return made
    if "anyOf" in made:
        return made | {"anyOf": [*made["anyOf"], {"type": "null"}]}
    if "const" in made:
        return {"anyOf": [made, {"type": "null"}]}
    out = made | ({"enum": [*made["enum"], None]} if "enum" in made else {})
    return out | {"type": [*_kinds(made), "null"]}


def restored(value: Any, schema: Mapping[str, Any]) -> Any:
    """What a strict model gave, as the schema means it: an optional field that is null was left out.

    Args:
        value: an instance of ``fit(…, schema).schema``.
        schema: the one that was meant.
    """
    return _restored(value, inlined(schema))


def _restored(value: Any, node: Any) -> Any:
    if not isinstance(node, dict):
        return value
    tree = cast("Node", node)
    if "anyOf" in tree and isinstance(value, dict | list):
        for branch in tree["anyOf"]:
            made = _restored(cast("Any", value), branch)
            if _valid(made, branch):
                return made
        return cast("Any", value)
    if isinstance(value, list):
        return [_restored(one, tree.get("items")) for one in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    properties, required = tree.get("properties", {}), tree.get("required", ())
    items = cast("Node", value).items()
    return {
        name: _restored(one, properties.get(name))
        for name, one in items
        if one is not None or name in required or name not in properties
    }


def _valid(value: Any, schema: Node) -> bool:
    from jsonschema import Draft202012Validator

    return cast("Any", Draft202012Validator(schema)).is_valid(value)


def restored_text(text: str, schema: Mapping[str, Any]) -> str:
    """``restored`` of JSON text; text that is no JSON, or without nulls, as it is."""
    if "null" not in text:
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return json.dumps(restored(value, schema), ensure_ascii=False, separators=(",", ":"))
