"""Input for every tool, made from its schema: the same each time for one seed."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from devskyy_mcp.capability import Capability

Schema = dict[str, Any]
Choices = Mapping[str, Sequence[Any]]
SEED = 20260728
RANDOM = 2
"""Calls with any of the arguments."""
ALONE = 2
"""Calls with one optional argument beside the required ones: these mostly succeed."""
ABSENT = 999_999
ANYWHERE: Choices = {
    "after": ["2026-10-01T00:00:00", "yesterday"],
    "before": ["2026-12-24T00:00:00", "", "2026-02-30T00:00:00"],
    "date": ["2026-12-24T18:00:00", "tomorrow"],
    "date_expires": ["2026-12-24T00:00:00", "", "soon"],
    "date_on_sale_from": ["2026-12-01T00:00:00", ""],
    "date_on_sale_to": ["2026-12-24T00:00:00", "", "2026-13-01T00:00:00"],
    "first": ["2026-11-01", "2026-02-30"],
    "last": ["2026-11-20", "2026-10-01"],
    "regular_price": ["49.90", "0", "abc", "1,234.50", "-1"],
    "sale_price": ["39.90", "", "NaN", "100000"],
    "amount": ["5.00", "10", "abc", "1000000"],
    "minimum_amount": ["19.90", "x"],
    "maximum_amount": ["199.00", "-5"],
    "country": ["FR", "XX"],
    "email": ["ada@example.com", "nobody"],
    "more": [{}, {"menu_order": 3}, {"menu_ordr": 3}],
    "page": [1, 2, 10_000],
    "parent": [0, ABSENT],
    "since": ["2020-01-01T00:00:00Z", "yesterday"],
    "until": ["2100-01-01T00:00:00Z", "2026-12-24T18:00:00"],
    "slug": ["made-here", "Not a slug"],
    "url": ["https://127.0.0.1/a.png", "file:///etc/passwd", "no address"],
    "asset": ["0" * 64, "../x"],
}
"""Values that mean something for arguments of these names; everything else is free."""


@dataclass(frozen=True)
class Case:
    """One call to make on every surface. ``words`` says that a command line gives it as flags."""

    tool: str
    arguments: dict[str, Any]
    words: bool


def cases_of(tool: Capability, known: Choices) -> list[Case]:
    """A few calls with arguments after the schema, and some with arguments against it.

    Args:
        known: values from the shop, per argument.
    """
    schema = _grounded(tool.whole_input_schema, {**ANYWHERE, **known})
    if tool.stages:
        schema["properties"]["preview"] = {"const": True}
        schema["required"] = [*schema.get("required", ()), "preview"]
    required: list[str] = schema.get("required", [])
    plain = made(_only(schema, required), 1)[0]
    valid = [plain, *made(schema, RANDOM + 1)[1:]]
    valid += [plain | made(_only(schema, [name]), 2)[-1] for name in _some_optional(tool.name, schema)]
    wrong = [{**plain, "no_such_argument": 1}]
    for name, stated in [*schema["properties"].items()][:2]:
        wrong.append({**plain, name: 7 if stated.get("type") == "object" else {"wrong": ["type"]}})
    if required[:1] not in ([], ["preview"]):
        wrong.append({name: value for name, value in plain.items() if name != required[0]})
    return [Case(tool.name, one, True) for one in valid] + [Case(tool.name, one, False) for one in wrong]


def _only(schema: Schema, names: Sequence[str]) -> Schema:
    """The schema with these arguments alone, all of them required."""
    return {**schema, "properties": {name: schema["properties"][name] for name in names}, "required": [*names]}


def _some_optional(tool: str, schema: Schema) -> list[str]:
    names = sorted(schema["properties"].keys() - set(schema.get("required", ())))
    return random.Random(f"{SEED} {tool}").sample(names, min(ALONE, len(names)))


def made(schema: Schema, number: int) -> list[dict[str, Any]]:
    """At most so many values after the schema, at least one; the simplest first."""
    found: list[dict[str, Any]] = []

    @seed(SEED)
    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @given(_values(schema, schema))
    def collect(value: dict[str, Any]) -> None:
        found.append(value)

    collect()
    return found[:number]


def _grounded(schema: Schema, known: Choices) -> Schema:
    """The schema with what is known put in, at any depth."""
    grounded = copy.deepcopy(schema)
    _ground(grounded, known)
    # A file of this machine may be named on stdio only: the one argument that surfaces treat differently.
    grounded.get("properties", {}).pop("path", None)
    return grounded


def _ground(node: Any, known: Choices) -> None:
    if isinstance(node, list):
        for item in cast("list[Any]", node):
            _ground(item, known)
    if not isinstance(node, dict):
        return
    tree = cast("Schema", node)
    for name, inner in tree.get("properties", {}).items():
        if name in known:
            chosen = {"enum": list(known[name])}
            tree["properties"][name] = {**inner, "items": chosen} if inner.get("type") == "array" else chosen
    for value in tree.values():
        _ground(value, known)


def _values(root: Schema, schema: Schema) -> st.SearchStrategy[Any]:
    """Values after the schema, in as much of JSON Schema as the registry's models write."""
    if "$ref" in schema:
        return _values(root, root["$defs"][schema["$ref"].removeprefix("#/$defs/")])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if branches := schema.get("anyOf") or schema.get("oneOf"):
        return st.one_of([_values(root, branch) for branch in branches])
    return _KINDS[schema["type"]](root, schema)


def _texts(_root: Schema, schema: Schema) -> st.SearchStrategy[Any]:
    least, most = schema.get("minLength", 0), schema.get("maxLength", LONGEST)
    if "pattern" in schema:
        texts = cast("st.SearchStrategy[str]", st.from_regex(schema["pattern"]))
        return texts.filter(lambda text: least <= len(text) <= most)
    return st.text(min_size=least, max_size=most)


def _numbers(_root: Schema, schema: Schema) -> st.SearchStrategy[Any]:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    return st.floats(low, schema.get("maximum"), allow_nan=False, allow_infinity=False)


def _integers(_root: Schema, schema: Schema) -> st.SearchStrategy[Any]:
    return st.integers(schema.get("minimum"), schema.get("maximum"))


def _lists(root: Schema, schema: Schema) -> st.SearchStrategy[Any]:
    least = schema.get("minItems", 0)
    most = min(schema.get("maxItems", least + 3), least + 3)
    return st.lists(_values(root, schema["items"]), min_size=least, max_size=most)


def _objects(root: Schema, schema: Schema) -> st.SearchStrategy[Any]:
    if "properties" not in schema:
        scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=9)
        return st.dictionaries(st.text(max_size=9), scalars, max_size=3) if _open(schema) else st.just({})
    parts = {name: _values(root, inner) for name, inner in schema["properties"].items()}
    required = schema.get("required", ())
    return st.fixed_dictionaries(
        {name: parts[name] for name in required},
        optional={name: part for name, part in parts.items() if name not in required},
    )


def _open(schema: Schema) -> bool:
    return schema.get("additionalProperties", True) is not False


LONGEST = 40
_KINDS: dict[str, Callable[[Schema, Schema], st.SearchStrategy[Any]]] = {
    "string": _texts,
    "integer": _integers,
    "number": _numbers,
    "boolean": lambda _root, _schema: st.booleans(),
    "array": _lists,
    "object": _objects,
}
