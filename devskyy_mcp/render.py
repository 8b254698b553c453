"""A result as text for hosts that show a model text only: compact, and nothing left out.

Objects become ``name: value`` lines; lists of objects become rows under one header, so that no name is repeated.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class Embedded:
    """A part of a prompt that can also be read as a resource, at its address."""

    uri: str
    mime_type: str
    text: str


def messages(rendered: Any) -> list[dict[str, Any]]:
    """A prompt's messages as MCP and REST have them, of what ``Prompt.render`` gave: the user says each part."""
    parts = cast("list[Any]", rendered if isinstance(rendered, list) else [rendered])
    return [{"role": "user", "content": _content(part)} for part in parts]


def _content(part: Any) -> dict[str, Any]:
    if isinstance(part, Embedded):
        return {"type": "resource", "resource": {"uri": part.uri, "mimeType": part.mime_type, "text": part.text}}
    return {"type": "text", "text": str(part)}


def text_of(data: Mapping[str, Any]) -> str:
    """The JSON object as text. Lists of flat objects become ``a | b | c`` rows."""
    return "\n".join(_lines(data, ""))


def _lines(data: Mapping[str, Any], indent: str) -> list[str]:
    lines: list[str] = []
    for name, value in data.items():
        if isinstance(value, Mapping) and value:
            nested = cast("Mapping[str, Any]", value)
            if all(_scalar(item) for item in nested.values()):
                lines.append(f"{indent}{name}: " + ", ".join(f"{key} {word_of(item)}" for key, item in nested.items()))
            else:
                lines += [f"{indent}{name}:", *_lines(nested, indent + "  ")]
        elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in cast("list[Any]", value)):
            lines += [f"{indent}{name}:", *_table(cast("list[Mapping[str, Any]]", value), indent)]
        else:
            lines.append(f"{indent}{name}: {word_of(value)}")
    return lines


def _table(rows: list[Mapping[str, Any]], indent: str) -> list[str]:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    head = f"{indent}{' | '.join(columns)}"
    return [head, *(indent + " | ".join(_cell(row.get(name)) for name in columns).rstrip(" |") for row in rows)]


def _cell(value: Any) -> str:
    return " ".join(word_of(value).split())


def _scalar(value: Any) -> bool:
    return not isinstance(value, Mapping | list)


def word_of(value: Any) -> str:
    """One value on one line: yes and no, nothing for null, lists with commas."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(word_of(item) for item in cast("list[Any]", value))
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {word_of(item)}" for name, item in cast("Mapping[str, Any]", value).items())
    return str(value)


def visible(text: str) -> str:
    """The text with characters spelled out that are invisible, move the cursor or turn the direction of reading."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if one in "\n\t" or not _hidden(one) else f"⟨U+{ord(one):04X}⟩" for one in text)


def _hidden(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}


def one_line(text: str) -> str:
    """The text on one line, with nothing in it that could pass for another line or deceive the eye."""
    return visible(" ↵ ".join(line.strip() for line in text.splitlines() if line.strip()))
