"""BM25 over a few hundred short texts (Robertson & Zaragoza, 2009), with weighted fields."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

K1 = 1.2
B = 0.5
_WORD = re.compile(r"[a-z0-9]+")
_ENDINGS = ("ies", "es", "s", "ing", "ed")


def words(text: str) -> list[str]:
    """Lower-case words with common English endings cut, so that ``prices`` finds ``price``."""
    return [_stem(word) for word in _WORD.findall(text.lower().replace("_", " "))]


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


class Index:
    """Ranks keys by how well their texts fit a query.

    Args:
        documents: per key its (text, weight) fields; a word in a field of weight 3 counts as three.
    """

    def __init__(self, documents: Mapping[str, Sequence[tuple[str, int]]]) -> None:
        self._counts: dict[str, Counter[str]] = {}
        for key, fields in documents.items():
            counts: Counter[str] = Counter()
            for text, weight in fields:
                for word in words(text):
                    counts[word] += weight
            self._counts[key] = counts
        self._lengths = {key: sum(counts.values()) for key, counts in self._counts.items()}
        self._mean = sum(self._lengths.values()) / max(len(self._lengths), 1) or 1
        seen = Counter(word for counts in self._counts.values() for word in counts)
        total = len(self._counts)
        self._rarity = {word: math.log(1 + (total - n + 0.5) / (n + 0.5)) for word, n in seen.items()}

    def search(self, query: str, limit: int, among: Iterable[str] | None = None) -> list[str]:
        """The best keys, best first; only those that share a word with the query."""
        asked = set(words(query)) & self._rarity.keys()
        keys = self._counts if among is None else [key for key in among if key in self._counts]
        scored = [(self._score(key, asked), key) for key in keys]
        return [key for score, key in sorted(scored, key=lambda pair: (-pair[0], pair[1])) if score > 0][:limit]

    def _score(self, key: str, asked: set[str]) -> float:
        counts, length = self._counts[key], self._lengths[key]
        norm = K1 * (1 - B + B * length / self._mean)
        return sum(
            self._rarity[word] * counts[word] * (K1 + 1) / (counts[word] + norm) for word in asked if counts[word]
        )
