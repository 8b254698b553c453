"""Whether what an agent's instructions name is there: its tools, and their arguments, values and results.

A model does what it reads; a tool that the agent may not call costs it a step, and an argument that does not exist two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from .loading import Written

if TYPE_CHECKING:
    from ..capability import Capability

_CODE = re.compile(r"`([^`]+)`")
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_GIVEN = re.compile(r"([a-z][a-z0-9_]*): ([\w.-]+)")
_WORD = re.compile(r"\w+")
_TRUTH = frozenset({"true", "false"})


def named(written: Written, tools: Mapping[str, Capability | None]) -> Iterator[str]:
    """What the instructions of a good file name and nothing has, and what of its tools they never name.

    Args:
        written: an agent's or a super agent's file; the latter names no tools.
        tools: all tools there are by name; None for what is only known by its name.
    """
    given = written.fields.get("tools")
    if given is None:
        return
    own = [*given["allow"], *given.get("approve", ())]
    words = dict.fromkeys(_WORD.findall(written.body))
    yield from (f"it names {word}, which is not among its tools" for word in words if word in tools and word not in own)
    yield from (f"it has {name} and never says what for" for name in own if name not in words)
    found = [tool for name in own if (tool := tools.get(name)) is not None]
    if len(found) == len(own):
        yield from _strange(written, found, frozenset(tools))


def _strange(written: Written, own: list[Capability], tools: frozenset[str]) -> Iterator[str]:
    """Names in code that no tool of its own, nor the file itself, knows; values that an argument does not take."""
    takes = [tool.input_schema for tool in own]
    known = {argument["name"] for argument in written.fields.get("arguments", ())} | tools
    known.update(*(argument.get("values", ()) for argument in written.fields.get("arguments", ())))
    for schema in (*takes, *(tool.output_schema for tool in own), written.fields["output"]):
        known.update(_words(schema))
    for code in dict.fromkeys(" ".join(code.split()) for code in _CODE.findall(written.body)):
        pair = _GIVEN.fullmatch(code)
        if pair is None and _NAME.fullmatch(code) and code not in known:
            yield f"it names `{code}`, which none of its tools takes or gives, nor it itself"
        elif pair is not None and not any(_may_be(schema, *pair.groups()) for schema in takes):
            yield f"none of its tools takes `{code}`"


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema and all in it."""
    if isinstance(schema, dict):
        part = cast("dict[str, Any]", schema)
        yield part
        for inner in part.values():
            yield from _parts(inner)
    elif isinstance(schema, list):
        for inner in cast("list[Any]", schema):
            yield from _parts(inner)


def _words(schema: Any) -> Iterator[str]:
    """Names of fields, their values, and what descriptions tell of more of both."""
    for part in _parts(schema):
        if isinstance(fields := part.get("properties"), dict):
            yield from cast("dict[str, Any]", fields)
        if isinstance(values := part.get("enum"), list):
            yield from map(str, cast("list[Any]", values))
        if isinstance(said := part.get("description"), str):
            yield from _WORD.findall(said)


def _may_be(schema: Any, name: str, value: str) -> bool:
    """Whether an argument of this name, at any depth, takes the value."""
    for part in _parts(schema):
        field = cast("dict[str, Any]", part.get("properties") or {}).get(name)
        if field is not None and (value in _words(field) or not any("enum" in inner for inner in _parts(field))):
            return value not in _TRUTH or any(inner.get("type") == "boolean" for inner in _parts(field))
    return False
