"""The shop's routes: those that must be reached, those that a site lists, and which of them a request was for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

EDITS = frozenset({"POST", "PUT", "PATCH"})
_REQUIRED = Path(__file__).with_name("routes.tsv")
_NAMED = re.compile(r"\{\w+\}")


class Pair(NamedTuple):
    """A method and a route's pattern, ``/wp/v2/posts/{id}``. EDIT is POST, PUT or PATCH where all three are the same.

    What stands in braces is called as the required pairs call it, whatever the site's own name.
    """

    method: str
    route: str


ON_PURPOSE = {
    Pair("DELETE", "/wp/v2/users/me"): "never sent: it deletes the account that DevSkyy acts as",
}
"""Required pairs that no tool reaches, and why."""


def required() -> list[Pair]:
    """The pairs of WordPress 6.9 and WooCommerce 10.5 that tools must reach."""
    return _read(_REQUIRED)


def _read(file: Path) -> list[Pair]:
    return [Pair(*line.split("\t")) for line in file.read_text(encoding="utf-8").splitlines()]


class Routes:
    """What a site's index lists.

    Args:
        index: ``GET /wp-json/``, whole.
    """

    def __init__(self, index: Mapping[str, Any]) -> None:
        self.pairs: set[Pair] = set()
        self._known: list[tuple[re.Pattern[str], str, set[str]]] = []
        names = {_NAMED.sub("{}", pair.route): pair.route for pair in required()}
        for source, route in index["routes"].items():
            pattern = pattern_of(source)
            pattern = names.get(_NAMED.sub("{}", pattern), pattern)
            methods = _methods({method for one in route["endpoints"] for method in one["methods"]})
            self.pairs |= {Pair(method, pattern) for method in methods}
            self._known.append((re.compile(source, re.IGNORECASE), pattern, methods))

    def pair_of(self, method: str, path: str) -> Pair | None:
        """The pair that answers a request: the first route that takes the method, as WordPress looks for it."""
        for source, pattern, methods in self._known:
            if source.fullmatch(path):
                if method in methods:
                    return Pair(method, pattern)
                if method in EDITS and "EDIT" in methods:
                    return Pair("EDIT", pattern)
        return None


def _methods(listed: set[str]) -> set[str]:
    return {"EDIT", *(listed - EDITS)} if listed >= EDITS else listed


def pattern_of(source: str) -> str:
    """The route with ``{name}`` in the place of each named group of its regular expression."""
    found, at = "", 0
    while (start := source.find("(?P<", at)) >= 0:
        name = source[start + 4 : source.index(">", start)]
        found += f"{source[at:start]}{{{name}}}"
        at = _end_of_group(source, start)
    return found + source[at:]


def _end_of_group(source: str, start: int) -> int:
    depth, in_class, at = 0, False, start
    while at < len(source):
        sign = source[at]
        if sign == "\\":
            at += 1
        elif in_class:
            in_class = sign != "]"
        elif sign == "[":
            in_class = True
        elif sign in "()":
            depth += 1 if sign == "(" else -1
            if not depth:
                return at + 1
        at += 1
    raise ValueError(f"{source} is no route")
