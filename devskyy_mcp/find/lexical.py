"""BM25 over a few hundred short texts (Robertson & Zaragoza, 2009), with weighted fields and words that mean the same.

Our own, since the kept libraries (bm25s, rank-bm25) load NumPy, and snowballstemmer all its languages: slow imports in
place of 40 lines, and the ranking is no better (docs/finding.md).
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

K1 = 1.2
B = 0.5
_WORD = re.compile(r"[a-z]+|[0-9]+")
_ENDINGS = ("ies", "es", "s", "ing", "ed")
_SAME = Path(__file__).with_name("synonyms.txt")
_EMPTY = frozenset(
    """a an the this that these those some all any no not of to in on at for by from with into over about as than then
    after before and or but so if up out off i im ive me my we us our you your he him his she her it its they them their
    who whom which what whats when where wheres how why is are was were be been am do does did dont have has had will
    would can could should there here heres just now still yet please pls ok hi hey""".split()  # noqa: SIM905 # eighty words in quotation marks would hide them
)
"""Words that say nothing about what is wanted."""


def words(text: str) -> list[str]:
    """What a text is about: its words in lower case, endings cut, and of words that mean the same always the first."""
    same = _synonyms()
    plain = text.lower().replace("'", "").replace("’", "")
    stems = (_stem(word) for word in _WORD.findall(plain) if word not in _EMPTY)
    return [same.get(stem, stem) for stem in stems]


@functools.cache
def _synonyms() -> dict[str, str]:
    lines = [line.split() for line in _SAME.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {_stem(word): _stem(line[0]) for line in lines for word in line}


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


class Index:
    """Scores keys by how well their texts fit a query.

    Args:
        documents: per key its (text, weight) fields; a word in a field of weight 3 counts as three.
    """

    def __init__(self, documents: Mapping[str, Sequence[tuple[str, float]]]) -> None:
        self._counts: dict[str, dict[str, float]] = {}
        for key, fields in documents.items():
            counts: dict[str, float] = {}
            for text, weight in fields:
                for word in words(text):
                    counts[word] = counts.get(word, 0) + weight
            self._counts[key] = counts
        self._lengths = {key: sum(counts.values()) for key, counts in self._counts.items()}
        self._mean = sum(self._lengths.values()) / max(len(self._lengths), 1) or 1
        seen = Counter(word for counts in self._counts.values() for word in counts)
        total = len(self._counts)
        self._rarity = {word: math.log(1 + (total - n + 0.5) / (n + 0.5)) for word, n in seen.items()}

    def scores(self, query: str) -> dict[str, float]:
        """The score of each key that shares a word with the query."""
        asked = set(words(query)) & self._rarity.keys()
        scored = ((key, self._score(key, asked)) for key in self._counts)
        return {key: score for key, score in scored if score > 0}

    def most(self, query: str) -> float:
        """The score that no key can exceed: each word of the query counted as often as can be, also unknown ones."""
        unseen = math.log(1 + (len(self._counts) + 0.5) / 0.5)
        return sum(self._rarity.get(word, unseen) * (K1 + 1) for word in set(words(query))) or 1.0

    def shared(self, query: str, key: str) -> list[str]:
        """The words that the query and the key's texts have in common, the rarest first."""
        found = set(words(query)) & self._counts[key].keys()
        return sorted(found, key=lambda word: (-self._rarity[word], word))

    def _score(self, key: str, asked: set[str]) -> float:
        counts, length = self._counts[key], self._lengths[key]
        norm = K1 * (1 - B + B * length / self._mean)
        found = ((word, counts[word]) for word in asked if word in counts)
        return sum(self._rarity[word] * count * (K1 + 1) / (count + norm) for word, count in found)
