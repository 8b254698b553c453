"""Texts as vectors of their runs of letters: near are what is mistyped, inflected, or akin in another language."""

from __future__ import annotations

import functools
import math
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .foreign import plainly

if TYPE_CHECKING:
    from .encoder import Vectors

WIDTH = 1024
"""Places that runs are hashed to, with a sign each, so that those that fall together cancel out (Weinberger 2009)."""
LENGTHS = (2, 3, 4)
_WORD = re.compile(r"[^\W_]+")


def letters(texts: Sequence[str]) -> Vectors:
    """One unit vector per text, or zeros where it has no letter: float32, shape (texts, 1024)."""
    import numpy as np

    places, values = list[int](), list[float]()
    for row, text in enumerate(texts):
        runs = Counter(run for word in _WORD.findall(plainly(text)) for run in _runs(word))
        places += [row * WIDTH + abs(run) - 1 for run in runs]
        values += [math.copysign(1 + math.log(times), run) for run, times in runs.items()]
    weights = np.bincount(np.array(places, np.int64), np.array(values), len(texts) * WIDTH)
    found = weights.reshape(-1, WIDTH).astype(np.float32)
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)


@functools.lru_cache(16_384)
def _runs(word: str) -> tuple[int, ...]:
    """The place of each run of a word, whose ends count as a letter: from 1, and below zero where its sign is minus."""
    ended = f" {word} "
    runs = (ended[at : at + long] for long in LENGTHS for at in range(len(ended) - long + 1))
    hashes = (zlib.crc32(run.encode()) for run in runs)
    return tuple((hashed % WIDTH + 1) * (1 if hashed >> 31 else -1) for hashed in hashes)
