from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devskyy_mcp.surfaces.words import from_words

pytestmark = pytest.mark.requirement("cli:words")

SCHEMA: dict[str, Any] = {
    "$defs": {"Size": {"type": "integer"}, "Line": {"type": "object", "properties": {"id": {"type": "integer"}}}},
    "properties": {
        "text": {"type": "string"},
        "whole": {"type": "integer"},
        "number": {"type": "number"},
        "truth": {"type": "boolean"},
        "word": {"enum": ["a", "b"], "type": "string"},
        "size": {"$ref": "#/$defs/Size"},
        "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
        "maybe": {"type": ["integer", "null"]},
        "names": {"type": "array", "items": {"type": "string"}},
        "ids": {"type": "array", "items": {"type": "integer"}},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
        "more": {"type": "object"},
        "one_or_many": {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]},
    },
}


@pytest.mark.parametrize(
    ("name", "words", "value"),
    [
        ("text", ["12"], "12"),
        ("text", ["a,b"], "a,b"),
        ("text", [""], ""),
        ("text", ["first", "last"], "last"),
        ("whole", ["12"], 12),
        ("whole", ["-3"], -3),
        ("whole", ["abc"], "abc"),
        ("whole", ["1.5"], "1.5"),
        ("whole", ["1e3"], "1e3"),
        ("whole", ["1_000"], "1_000"),
        ("whole", ["true"], "true"),
        ("whole", ["9" * 5000], "9" * 5000),
        ("number", ["1.5"], 1.5),
        ("number", ["2"], 2),
        ("number", ["NaN"], "NaN"),
        ("number", ["1e999"], "1e999"),
        ("truth", ["true"], True),
        ("truth", ["no"], False),
        ("truth", ["1"], True),
        ("truth", ["perhaps"], "perhaps"),
        ("word", ["a"], "a"),
        ("size", ["7"], 7),
        ("either", ["7"], 7),
        ("either", ["silk"], "silk"),
        ("maybe", ["7"], 7),
        ("names", ["a,b"], ["a", "b"]),
        ("names", ["a", "b, c"], ["a", "b", "c"]),
        ("names", ['["a,b"]'], ["a,b"]),
        ("names", [""], []),
        ("ids", ["1,2", "3"], [1, 2, 3]),
        ("ids", ["1,x"], [1, "x"]),
        ("lines", ['{"id": 1, "qty": 2}', '{"id": 3}'], [{"id": 1, "qty": 2}, {"id": 3}]),
        ("lines", ['[{"id": 1}]'], [{"id": 1}]),
        ("more", ['{"a": [1]}'], {"a": [1]}),
        ("more", ["{a"], "{a"),
        ("more", ["[1]"], "[1]"),
        ("more", ["{" * 100_000], "{" * 100_000),
        ("one_or_many", ["7"], 7),
        ("one_or_many", ["7,8"], [7, 8]),
        ("unknown", ["7"], "7"),
    ],
)
def test_words_become_what_the_schema_asks_for(name: str, words: list[str], value: Any) -> None:
    found = from_words(SCHEMA, {name: words})[name]
    assert (found, type(found)) == (value, type(value))


@given(st.sampled_from(sorted(SCHEMA["properties"])), st.lists(st.text(), min_size=1, max_size=3))
def test_any_words_are_read_without_an_error(name: str, words: list[str]) -> None:
    assert set(from_words(SCHEMA, {name: words})) == {name}
