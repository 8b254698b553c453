"""Block markup, as WordPress' editor keeps it in texts: ``<!-- wp:image {"id":7} -->…<!-- /wp:image -->``.

The grammar is that of ``WP_Block_Parser`` (WordPress 6.9). WordPress itself takes what is broken for plain HTML without
a word, and the editor then shows "this block contains unexpected content"; here it is found before it is written.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_LOOKS = re.compile(r"\s*/?\s*wp:", re.IGNORECASE)
_NAME = r"(?:[a-z][a-z0-9_-]*/)?[a-z][a-z0-9_-]*"
_DELIMITER = re.compile(rf"\s+(?P<end>/)?wp:(?P<name>{_NAME})\s+(?P<json>{{.*}}\s+)?(?P<void>/)?", re.DOTALL)
_ONLY_IN = {
    "core/button": ("core/buttons",),
    "core/column": ("core/columns",),
    "core/list-item": ("core/list",),
    "core/social-link": ("core/social-links",),
    "core/navigation-link": ("core/navigation", "core/navigation-submenu"),
}
_ANYWHERE = frozenset({"align", "anchor", "className", "layout", "lock", "metadata", "style"})
"""Attributes that the editor gives any block, whether or not its type lists them."""

Types = Mapping[str, Mapping[str, Any]]
"""Per block's name what the site says of it: ``{attributes: {name: schema}, parent: [names]}``."""


class Broken(ValueError):
    """Block markup that the editor could not read; ``hint`` says what to do."""

    def __init__(self, line: int, problem: str, hint: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Delimiter:
    """One comment of a block: where it begins and ends in the text, and what it says."""

    start: int
    end: int
    line: int
    name: str
    kind: str
    attributes: dict[str, Any]


def delimiters(text: str) -> Iterator[Delimiter]:
    """The comments of blocks in their order.

    Raises:
        Broken: for one that begins like a block's and is none.
    """
    line = at = 0
    for found in _COMMENT.finditer(text):
        line += text.count("\n", at, found.start())
        at = found.start()
        if not _LOOKS.match(found[1]):
            continue
        yield _delimiter(found, line + 1)


def _delimiter(found: re.Match[str], line: int) -> Delimiter:
    shown = found[0] if len(found[0]) <= 60 else f"{found[0][:59]}…"
    parts = _DELIMITER.fullmatch(found[1])
    if parts is None:
        raise Broken(
            line, f"{shown} is no block comment.",
            'Write <!-- wp:name {"key":"value"} --> … <!-- /wp:name -->, or <!-- wp:name /--> for a block without '
            "content: names in lower case, blanks inside the comment, attributes as a JSON object.",
        )  # fmt: skip
    name = parts["name"] if "/" in parts["name"] else f"core/{parts['name']}"
    if parts["end"] and (parts["void"] or parts["json"]):
        raise Broken(line, f"{shown} ends a block and can't say more.", f"Write <!-- /wp:{parts['name']} -->.")
    kind = "end" if parts["end"] else "void" if parts["void"] else "start"
    return Delimiter(found.start(), found.end(), line, name, kind, _attributes(parts["json"], name, line))


def _attributes(text: str | None, name: str, line: int) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        return cast("dict[str, Any]", json.loads(text))
    except (ValueError, RecursionError) as error:
        where = f" at character {error.pos + 1} of them" if isinstance(error, json.JSONDecodeError) else ""
        raise Broken(
            line, f"the attributes of {short(name)} are no JSON{where}.",
            "Names and texts stand in double quotes, -- inside a text is written \\u002d\\u002d.",
        ) from None  # fmt: skip


def check(text: str, types: Types | None = None) -> list[str]:
    """Warnings about the blocks of a text: what the site does not know, what stands where it does not belong.

    Raises:
        Broken: with line, when a block does not end, ends without a beginning, or can't be read.
    """
    warnings: list[str] = []
    open_blocks: list[Delimiter] = []
    for one in delimiters(text):
        if one.kind == "end":
            _close(open_blocks, one)
            continue
        warnings += _about(one, open_blocks[-1].name if open_blocks else "", types)
        if one.kind == "start":
            open_blocks.append(one)
    if open_blocks:
        last, name = open_blocks[-1], short(open_blocks[-1].name)
        hint = f"Add <!-- /wp:{name} --> after its content, or write <!-- wp:{name} /--> if it has none."
        raise Broken(last.line, f"the block {name} does not end.", hint)
    return list(dict.fromkeys(warnings))


def _close(open_blocks: list[Delimiter], end: Delimiter) -> None:
    name = short(end.name)
    if not open_blocks:
        raise Broken(end.line, f"the block {name} ends without a beginning.", f"Remove <!-- /wp:{name} -->.")
    began = open_blocks.pop()
    if began.name != end.name:
        inner = short(began.name)
        raise Broken(
            end.line, f"{name} ends while {inner} of line {began.line} is open.",
            f"Put <!-- /wp:{inner} --> before <!-- /wp:{name} -->.",
        )  # fmt: skip


def _about(block: Delimiter, around: str, types: Types | None) -> Iterator[str]:
    place, known = f"line {block.line}: {short(block.name)}", (types or {}).get(block.name)
    if types and known is None:
        near = difflib.get_close_matches(block.name, types, 1, 0.7)
        did = f"; did you mean {short(near[0])}?" if near else "; it shows nothing, or what stands in it."
        yield f"{place} is no block of this site{did}"
    belongs = tuple((known or {}).get("parent") or _ONLY_IN.get(block.name, ()))
    if belongs and around not in belongs:
        yield f"{place} belongs into {' or '.join(map(short, belongs))}."
    if known is not None:
        names = {*cast("dict[str, Any]", known.get("attributes") or {}), *_ANYWHERE}
        strange = [name for name in block.attributes if name not in names]
        if strange:
            yield f"{place} has no attribute {', '.join(strange[:5])}."


def short(name: str) -> str:
    return name.removeprefix("core/")


def parts(text: str) -> list[str]:
    """The text cut before and after each block that is in no other."""
    cuts, depth = [0], 0
    for one in delimiters(text):
        if depth == 0 and one.kind != "end":
            cuts.append(one.start)
        depth += {"start": 1, "end": -1}.get(one.kind, 0)
        if depth == 0:
            cuts.append(one.end)
    return [text[start:end] for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True) if start < end]


def map_attributes(text: str, change: Callable[[str], str]) -> str:
    """The text with every string in blocks' attributes passed through ``change``; comments that keep theirs stay."""
    out: list[str] = []
    at = 0
    for one in delimiters(text):
        changed = _mapped(one.attributes, change)
        if changed == one.attributes:
            continue
        end = " /-->" if one.kind == "void" else " -->"
        out += [text[at : one.start], f"<!-- wp:{short(one.name)} {_dumped(changed)}{end}"]
        at = one.end
    return "".join([*out, text[at:]])


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_mapped(item, change) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: _mapped(item, change) for key, item in cast("dict[str, Any]", value).items()}
    return value


def _dumped(attributes: dict[str, Any]) -> str:
    """As ``serialize_block_attributes`` does: nothing in it can end the comment."""
    text = json.dumps(attributes, ensure_ascii=False, separators=(",", ":"))
    for plain, escaped in (("--", "\\u002d\\u002d"), ("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(plain, escaped)
    return text.replace('\\"', "\\u0022")
