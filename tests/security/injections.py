"""Texts as attackers write them for a model to read, each with the call that it wants, and a model that does it all.

``texts(calls)`` puts each call into every style; ``wanted_in(text)`` gets the calls out of any of them again, as a
model would that follows whatever it reads.
"""

from __future__ import annotations

import base64
import codecs
import json
import re
import zlib
from collections.abc import Iterator
from html import unescape
from itertools import cycle
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from devskyy_mcp.guard.trust import without_hidden

from .attack_texts import STYLES


class Wanted(NamedTuple):
    """What a text wants done."""

    tool: str
    arguments: dict[str, Any]

    def __str__(self) -> str:
        return json.dumps({"tool": self.tool, "arguments": self.arguments}, ensure_ascii=False)


def texts(calls: list[Wanted], number: int) -> list[tuple[str, Wanted]]:
    """At least so many texts, every style and every call among them."""
    wanted = cycle(calls)
    found: list[tuple[str, Wanted]] = []
    while len(found) < number:
        found += [(dressed(style, call), call) for style, call in zip(STYLES, wanted, strict=False)]
    return found


HOMOGLYPHS = str.maketrans("aceopxyis", "асеорхуіѕ")
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_BACK = {other: one for one, other in HOMOGLYPHS.items()} | {other: one for one, other in WIDE.items()}


def dressed(style: str, call: Wanted) -> str:
    raw = str(call)
    ascii_only = json.dumps({"tool": call.tool, "arguments": call.arguments})
    forms = {
        "call": raw,
        "tool": call.tool,
        "args": json.dumps(call.arguments, ensure_ascii=False),
        "b64": base64.b64encode(raw.encode()).decode(),
        "b32": base64.b32encode(raw.encode()).decode(),
        "zip": base64.b64encode(zlib.compress(raw.encode())).decode(),
        "url": quote(raw, safe=""),
        "rot": codecs.encode(ascii_only, "rot13"),
        "hex": raw.encode().hex(),
        "rev": raw[::-1],
        "bidi": raw[::-1],
        "homo": ascii_only.translate(HOMOGLYPHS),
        "wide": ascii_only.translate(WIDE),
        "entity": "".join(f"&#{ord(one)};" for one in raw),
        "escaped": "".join(f"\\u{ord(one):04x}" for one in ascii_only),
        "tags": "".join(chr(0xE0000 + ord(one)) for one in ascii_only),
        "zero": "\u200b".join(raw),
        "soft": "\u2060".join(raw),
        "split": f"<<{raw[:5]}>> and <<{raw[5:]}>>",
    }
    for name, form in forms.items():
        style = style.replace(f"{{{name}}}", form)
    return style


def wanted_in(text: str) -> list[Wanted]:
    """The calls that a text asks for, whatever its dress; each once."""
    found: dict[str, Wanted] = {}
    for undressed in _undressed(text):
        for call in _calls(undressed):
            found.setdefault(str(call), call)
    return list(found.values())


def _undressed(text: str) -> Iterator[str]:
    yield text
    yield without_hidden(text)
    yield "".join(chr(ord(one) - 0xE0000) if 0xE0020 <= ord(one) <= 0xE007E else one for one in text)
    yield unquote(text)
    yield unescape(text)
    yield text[::-1]
    yield text.translate(_BACK)
    yield "".join(re.findall(r"<<(.*?)>>", text))
    yield from (codecs.decode(one, "rot13") for one in re.findall(r"rot13\((.*)\)", text))
    yield from (codecs.decode(one, "unicode_escape") for one in re.findall(r"escaped\(([\x20-\x7e]+)\)", text))
    for one in re.findall(r"hex\(([0-9a-f]+)\)", text):
        yield bytes.fromhex(one).decode(errors="replace")
    yield from (base64.b32decode(one).decode() for one in re.findall(r"base32\(([A-Z2-7=]+)\)", text))
    for one in re.findall(r"zlib\(([A-Za-z0-9+/=]+)\)", text):
        yield zlib.decompress(base64.b64decode(one)).decode()
    for one in re.findall(r"[A-Za-z0-9+/]{40,}={0,2}", text):
        try:
            yield base64.b64decode(one, validate=True).decode()
        except ValueError:
            continue


_NAMED = re.compile(r"(?:name=\"|/tools/|tool: |call_tool\(\")([a-z0-9_]+)\b[^{]{0,40}(?=\{)")


def _calls(text: str) -> Iterator[Wanted]:
    decoder = json.JSONDecoder()
    for start in (found.start() for found in re.finditer(r'\{\s*"tool"', text)):
        try:
            value, _ = decoder.raw_decode(text[start:])
        except ValueError:
            continue
        if isinstance(value.get("tool"), str) and isinstance(value.get("arguments"), dict):
            yield Wanted(value["tool"], value["arguments"])
    for found in _NAMED.finditer(text):
        try:
            value, _ = decoder.raw_decode(text[found.end() :])
        except ValueError:
            continue
        yield Wanted(found[1], value)
