"""Links: which a text names, and which may stand in what a run delivers or sends."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping
from html import unescape
from typing import Any, cast
from urllib.parse import urlsplit

_REST = r"[^\s<>\"'()\[\]{}|\\^`]"
_SLASHES = r"(?:\\?/){2}"
URL = re.compile(
    # Browsers take any slashes, or none, behind a scheme of the web; Markdown drops a backslash before a mark.
    rf"(?:\b(?:https?|ftp|wss?)\\?:[\\/]*|\b[a-z][a-z0-9+.-]{{1,20}}\\?:{_SLASHES}|{_SLASHES}|\bwww\.){_REST}+"
    rf"|\b(?:javascript|vbscript|mailto):{_REST}+|\bdata:[a-z]+/{_REST}+",
    re.IGNORECASE,
)
BARE = re.compile(rf"(?<![\w./@-])((?:[a-z0-9-]{{1,63}}\.){{1,8}}[a-z]{{2,24}})/{_REST}*", re.IGNORECASE)
"""What some programs make a link of: a name with a path. Files look alike, so it counts only with a name that is known
to be a host's."""
_RUNS_ON = re.compile(r"[^\s<>/?#\\]*")
_HOST_GOES_ON = re.compile(r"[\"'()\[\]{}|^`]+[\w-]*\.\w")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
"""As Markdown reads it: the mark behind the backslash."""
_WEB = frozenset({"http", "https", "ftp", "ws", "wss"})
EMAIL = re.compile(r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}", re.IGNORECASE)


def texts_of(value: Any) -> Iterable[str]:
    """All texts of a JSON tree, names of fields too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in cast("Mapping[str, Any]", value).items():
            yield name
            yield from texts_of(inner)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from texts_of(inner)


def named(value: Any) -> str:
    """Hosts and addresses that the tree names, a line each."""
    found: set[str] = set()
    for text in texts_of(value):
        found.update(host_of(link) for link in URL.findall(text))
        found.update(host.lower() for host in BARE.findall(text))
        found.update(address.lower() for address in EMAIL.findall(text))
    return "".join(f"{one}\n" for one in sorted(found - {""}))


def host_of(link: str) -> str:
    """The host that a link leads to, in small letters; empty for none, ``?`` for what leads to no host."""
    scheme, _, rest = link.replace("\\", "/").partition(":")
    if scheme.lower() in {"javascript", "vbscript", "data"}:
        return "?"
    if scheme.lower() == "mailto":
        return rest.rpartition("?")[0].rpartition("@")[2].lower() or rest.rpartition("@")[2].lower()
    if re.fullmatch(r"[a-z][a-z0-9+-]*/?", scheme, re.IGNORECASE) and rest:
        link = rest if scheme.lower().rstrip("/") in _WEB or rest.startswith("/") else link
    link = link.replace("\\", "/").lstrip("/")
    try:
        return (urlsplit(f"//{link}".rstrip(".,;:!?")).hostname or "").lower()
    except ValueError:
        return "?"


def _goes_on(found: re.Match[str]) -> bool:
    """Whether browsers read on the host where the match has ended, at a mark that seldom is in one."""
    link = found[0].replace("\\", "/")
    if re.search(r"[/?#]", re.sub(r"^[a-z0-9+.-]*:?/*", "", link, flags=re.IGNORECASE)):
        return False  # a path has begun
    further = _RUNS_ON.match(found.string, found.end())
    return further is not None and ("@" in further[0] or _HOST_GOES_ON.match(further[0]) is not None)


def hosts(lines: str) -> set[str]:
    """The hosts among the lines of ``named``."""
    return {line for line in lines.splitlines() if "@" not in line}


def without_foreign(
    value: Any, allowed: Callable[[str], bool], gone: list[str], outside: Container[str] = frozenset()
) -> Any:
    """The JSON tree without links to hosts that are not allowed.

    Args:
        value: the tree.
        allowed: says so of a host.
        gone: gets the hosts of links that were taken out.
        outside: hosts that count also where they are written without a scheme.
    """

    def kept(found: re.Match[str]) -> str:
        host = host_of(found[0])
        if _goes_on(found):
            host = "?"
        if not host or allowed(host):
            return found[0]
        gone.append(host)
        return "[link taken out]"

    def kept_bare(found: re.Match[str]) -> str:
        return found[0] if found[1].lower() not in outside else kept(found)

    def without(text: str) -> str:
        return BARE.sub(kept_bare, URL.sub(kept, text))

    def freed(text: str) -> str:
        entities = unescape(text)
        for read in (entities, _ESCAPED.sub(r"\1", text), _ESCAPED.sub(r"\1", entities)):  # by browsers, and Markdown
            if read != text and (free := without(read)) != read:
                return without(free)
        return without(text)

    if isinstance(value, str):
        return freed(value)
    if isinstance(value, Mapping):
        tree = cast("Mapping[str, Any]", value)
        return {freed(name): without_foreign(inner, allowed, gone, outside) for name, inner in tree.items()}
    if isinstance(value, list):
        return [without_foreign(inner, allowed, gone, outside) for inner in cast("list[Any]", value)]
    return value
