"""Requests in German, French, Spanish, Italian and Portuguese, word for word in English: the encoder knows no other."""

from __future__ import annotations

import functools
import re
import unicodedata
from pathlib import Path

_FILE = Path(__file__).with_name("glossary.txt")
_WORD = re.compile(r"[^\W\d_]+")
_ENGLISH = frozenset(
    """the to of is are my our your for and with how what which who where why this that these from it we you i do does
    did can could should would will have has had been not don doesn isn all be by when out up so them their there they
    he she her his us me any some new make please on at into if or than then as was were too no an but get give put let
    one just says said want need""".split()  # noqa: SIM905 # eighty words in quotation marks would hide them
)
_BOTH = "also english"
_LONGEST_ENDING = 3
_SHORTEST_STEM = 4


def in_english(text: str) -> str:
    """The text, with what is known of its words in English where most of it is in another language."""
    plain = plainly(text)
    found = _WORD.findall(plain)
    meant = {word: english for word in found if (english := _english(word)) is not None}
    foreign = sum(word in meant and word not in _both() for word in found)
    if not foreign or foreign <= sum(word in _ENGLISH for word in found):
        return text
    return _WORD.sub(lambda match: meant.get(match[0], match[0]), plain)


def plainly(text: str) -> str:
    """In lower case, without accents."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss"))
    return "".join(part for part in parts if not unicodedata.combining(part))


@functools.lru_cache(16_384)  # of words: what people say as a whole is not kept
def _english(word: str) -> str | None:
    """What a word means: itself, what it begins with, or two words that it is put together from."""
    known = _glossary()
    shortest = max(len(word) - _LONGEST_ENDING, _SHORTEST_STEM)
    for stem in (word, *(word[:end] for end in range(len(word) - 1, shortest - 1, -1))):
        if stem in known:
            return known[stem]
    for at in range(_SHORTEST_STEM, len(word) - _SHORTEST_STEM + 1):
        first, second = known.get(word[:at].removesuffix("s")) or known.get(word[:at]), known.get(word[at:])
        if first and second:
            return f"{first} {second}"
    return None


@functools.cache
def _lines() -> list[tuple[str, list[str]]]:
    parts = (line.partition(": ") for line in _FILE.read_text(encoding="utf-8").splitlines() if line[:1] != "#")
    return [(english, forms.split()) for english, _, forms in parts]


@functools.cache
def _glossary() -> dict[str, str]:
    known: dict[str, str] = {}
    for english, forms in _lines():
        for form in forms if english != _BOTH else ():
            known.setdefault(form, english)
    return known


@functools.cache
def _both() -> frozenset[str]:
    return _ENGLISH.union(*(forms for english, forms in _lines() if english == _BOTH))
