"""Links: which a text names, and which may stand in what a run delivers or sends."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast
from urllib.parse import urlsplit

URL = re.compile(r"(?:https?:)?//[^\s<>\"'()\[\]{}|\\^`]+|\bwww\.[^\s<>\"'()\[\]{}|\\^`]+", re.IGNORECASE)
EMAIL = re.compile(r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}", re.IGNORECASE)


def texts_of(value: Any) -> Iterable[str]:
    """All texts of a JSON tree."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in cast("Mapping[str, Any]", value).values():
            yield from texts_of(inner)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from texts_of(inner)


def named(value: Any) -> str:
    """Hosts and addresses that the tree names, a line each."""
    found: set[str] = set()
    for text in texts_of(value):
        found.update(host_of(link) for link in URL.findall(text))
        found.update(address.lower() for address in EMAIL.findall(text))
    return "".join(f"{one}\n" for one in sorted(found - {""}))


def host_of(link: str) -> str:
    """The host that a link leads to, in small letters; empty for none."""
    if not link.lower().startswith(("http", "//")):
        link = f"//{link}"
    try:
        return (urlsplit(link.rstrip(".,;:!?")).hostname or "").lower()
    except ValueError:
        return "?"


def hosts(lines: str) -> set[str]:
    """The hosts among the lines of ``named``."""
    return {line for line in lines.splitlines() if "@" not in line}


def without_foreign(value: Any, allowed: Callable[[str], bool], gone: list[str]) -> Any:
    """The JSON tree without links to hosts that are not allowed; those that were taken out go to ``gone``."""

    def kept(found: re.Match[str]) -> str:
        host = host_of(found[0])
        if not host or allowed(host):
            return found[0]
        gone.append(host)
        return "[link taken out]"

    if isinstance(value, str):
        return URL.sub(kept, value)
    if isinstance(value, Mapping):
        tree = cast("Mapping[str, Any]", value)
        return {name: without_foreign(inner, allowed, gone) for name, inner in tree.items()}
    if isinstance(value, list):
        return [without_foreign(inner, allowed, gone) for inner in cast("list[Any]", value)]
    return value
