"""Front matter as YAML's JSON part, with the line of every field; what YAML would guess or repeat is refused."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

MOST_LINES = 500
MOST_TOKENS = 5_000
CHARACTERS_PER_TOKEN = 4
"""About, for English prose."""
MOST_CHARACTERS = 100_000
"""Of a whole file: nobody's instructions are longer, and YAML takes a while to read."""
MOST_DEEP = 40
_FENCE = "---"
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")
Place = tuple[str | int, ...]


class Wrong(ValueError):
    """What is wrong with a file, and in which of its lines (from 1)."""

    def __init__(self, line: int, said: str) -> None:
        super().__init__(said)
        self.line = line
        self.said = said


@dataclass(frozen=True, slots=True)
class Matter:
    """A file in two parts.

    Args:
        fields: the front matter as JSON values.
        lines: the line of every field and entry of it, from 1.
        body: what comes after it.
    """

    fields: dict[str, Any]
    lines: dict[Place, int]
    body: str

    def line(self, place: Place) -> int:
        """The line of what is at the place, or of the nearest thing around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def read(text: str) -> Matter:
    """Take a file apart.

    Raises:
        Wrong: when it has no front matter, or one that is not plain YAML; or too long a body, or none.
    """
    if len(text) > MOST_CHARACTERS:
        raise Wrong(1, f"the file has {len(text):,} characters; at most {MOST_CHARACTERS:,} are read")
    rows = text.split("\n")
    if rows[0].rstrip() != _FENCE:
        raise Wrong(1, "the file must begin with a line of three hyphens, and YAML between it and another such line")
    end = next((number for number, row in enumerate(rows[1:], 1) if row.rstrip() == _FENCE), None)
    if end is None:
        raise Wrong(1, "the front matter has no end: a line of three hyphens is missing after it")
    fields, lines = _front("\n".join(rows[1:end]))
    body = "\n".join(rows[end + 1 :]).strip("\n")
    _check_body(body, end + 2)
    return Matter(fields, lines, body)


def _check_body(body: str, line: int) -> None:
    rows, tokens = body.count("\n") + 1, len(body) // CHARACTERS_PER_TOKEN
    if not body.strip():
        raise Wrong(line, "there are no instructions after the front matter")
    if rows >= MOST_LINES:
        raise Wrong(line, f"the instructions have {rows} lines; fewer than {MOST_LINES} are read")
    if tokens > MOST_TOKENS:
        raise Wrong(line, f"the instructions have about {tokens:,} tokens; at most {MOST_TOKENS:,} are read")


def _front(text: str) -> tuple[dict[str, Any], dict[Place, int]]:
    import yaml

    untyped: Any = yaml
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C, ten times as quick
    try:
        read = _Reading(untyped.parse(text, loader))
        fields = read.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Wrong(mark.line + 2 if mark else 1, f"this is not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError:
        raise Wrong(1, "this is not YAML: it holds characters that no text has") from None
    if not isinstance(fields, dict):
        raise Wrong(2, "the front matter must be fields with values, as in `name: price-strategist`")
    return cast("dict[str, Any]", fields), read.lines


class _Reading:
    """Makes values of YAML's events, and so needs none of its constructors, aliases and guesses."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self.lines: dict[Place, int] = {}

    def document(self) -> Any:
        """The one document's value."""
        import yaml

        found: Any = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if found is not None:
                    raise Wrong(event.start_mark.line + 2, "the front matter is one document")
                found = self._value(next(self._events), ())
        return found

    def _value(self, event: Any, place: Place) -> Any:
        """What begins with the event, as JSON has it.

        Raises:
            Wrong: for what JSON does not have, and for aliases, which make a short text long.
        """
        import yaml

        line: int = event.start_mark.line + 2
        self.lines.setdefault(place, line)
        if getattr(event, "anchor", None) is not None:
            raise Wrong(line, "anchors and aliases (& and *) are not read; write it out")
        if getattr(event, "tag", None) is not None:
            raise Wrong(line, "tags (!) are not read; only text, numbers, true, false, null, lists and fields are")
        if len(place) > MOST_DEEP:
            raise Wrong(line, f"this is nested more than {MOST_DEEP} deep")
        if isinstance(event, yaml.MappingStartEvent):
            return self._fields(place)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._entries(place)
        return _scalar(event.value, plain=not event.style, line=line)

    def _fields(self, place: Place) -> dict[str, Any]:
        import yaml

        found: dict[str, Any] = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            line = key.start_mark.line + 2
            if not isinstance(key, yaml.ScalarEvent) or key.value == "<<":
                raise Wrong(line, "a field's name must be a word")
            name: str = key.value
            if name in found:
                raise Wrong(line, f"{name[:60]} is there twice, first in line {self.lines[*place, name]}")
            self.lines[*place, name] = line
            found[name] = self._value(next(self._events), (*place, name))
        return found

    def _entries(self, place: Place) -> list[Any]:
        import yaml

        found: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            found.append(self._value(event, (*place, len(found))))
        return found


def _scalar(text: str, *, plain: bool, line: int) -> Any:
    """A word as JSON's literals, a number, or text: dates, yes and no, and 1:30 stay the text that they are."""
    if not plain:  # in quotation marks, or a block
        return text
    if text in {"", "~", "null"}:
        return None
    if text in {"true", "false"}:
        return text == "true"
    if not _NUMBER.fullmatch(text):
        return text
    number = float(text)
    if math.isinf(number):
        raise Wrong(line, f"{text[:20]} is larger than any number that is read")
    return number if set(text) & set(".eE") else int(text)
