"""Values that are known to be secret or personal, found again in texts at the cost of one look per word."""

from __future__ import annotations

import re
from collections.abc import Callable

KEPT = 20_000
"""Values; beyond them the oldest go."""
SHORTEST = 3
REGIONS = 20
_WORD = re.compile(r"\w+")
_SPACES = re.compile(r"\s+")


class Known:
    """A bounded dictionary from values to kinds. Values of several words are found in any case, single words only as
    they are written, since many names are words too.
    """

    def __init__(self) -> None:
        self.countries: tuple[str, ...] = ()
        self._kinds: dict[str, str] = {}
        self._by_word: dict[str, tuple[str, ...]] = {}

    def add(self, kind: str, value: str) -> None:
        """Remember a value; those too short to tell anybody are passed over."""
        value = _SPACES.sub(" ", value).strip()
        if value in self._kinds or len(value) < SHORTEST or (value.isdigit() and kind != "secret"):
            return
        word, _ = _anchor(value)
        if not word:
            return
        if len(self._kinds) >= KEPT:
            self._forget(next(iter(self._kinds)))
        self._kinds[value] = kind
        # A new tuple each time: other threads may be reading the old one.
        self._by_word[word] = tuple(sorted((*self._by_word.get(word, ()), value), key=len, reverse=True))

    def add_country(self, code: str) -> None:
        """Remember an ISO 3166 code whose numbers are written without a plus here."""
        if code not in self.countries and len(code) == len("FR") and len(self.countries) < REGIONS:
            self.countries = (*self.countries, code)

    def _forget(self, value: str) -> None:
        del self._kinds[value]
        word, _ = _anchor(value)
        left = tuple(one for one in self._by_word.get(word, ()) if one != value)
        if left:
            self._by_word[word] = left
        else:
            self._by_word.pop(word, None)

    def replace(self, text: str, mark: Callable[[str, str], str]) -> str:
        """The text with each known value replaced by its mark."""
        if not self._kinds:
            return text
        parts: list[str] = []
        done = 0
        for found in _WORD.finditer(text):
            if found.start() < done:
                continue
            for value in self._by_word.get(found[0].lower(), ()):
                begin = found.start() - _anchor(value)[1]
                if begin >= done and _stands(text, value, begin):
                    parts += [text[done:begin], mark(self._kinds.get(value, "secret"), value)]
                    done = begin + len(value)
                    break
        return "".join([*parts, text[done:]]) if parts else text


def _anchor(value: str) -> tuple[str, int]:
    """The longest word of the value, by which it is looked for, in small letters; and where it stands in the value."""
    found = max(_WORD.finditer(value), key=lambda one: len(one[0]), default=None)
    return (found[0].lower(), found.start()) if found else ("", 0)


def _stands(text: str, value: str, begin: int) -> bool:
    """Whether the value stands there, whole."""
    end = begin + len(value)
    written = text[begin:end]
    if written != value and (" " not in value or written.lower() != value.lower()):
        return False
    before, after = text[begin - 1 : begin] if begin else "", text[end : end + 1]
    return not (value[0].isalnum() and before.isalnum()) and not (value[-1].isalnum() and after.isalnum())
