"""Texts as vectors of their runs of letters: near are what is mistyped, inflected, or akin in another language."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .encoder import Vectors

WIDTH = 1024
"""Places that runs are hashed to, with a sign each, so that those that fall together cancel out (Weinberger 2009)."""
LENGTHS = (2, 3, 4)
_WORD = re.compile(r"[^\W_]+")
_places: dict[str, tuple[int, int]] = {}


def letters(texts: Sequence[str]) -> Vectors:
    """One unit vector per text, or zeros where it has no letter: float32, shape (texts, 1024)."""
    import numpy as np

    found = np.zeros((len(texts), WIDTH), np.float32)
    for row, text in zip(found, texts, strict=True):
        for run, times in Counter(_runs(text)).items():
            place, sign = _place(run)
            row[place] += sign * (1 + np.log(times))
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)


def _runs(text: str) -> list[str]:
    """Runs within words, whose ends count as a letter; accents are left out."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    ended = [f" {word} " for word in _WORD.findall(plain)]
    return [word[at : at + long] for word in ended for long in LENGTHS for at in range(len(word) - long + 1)]


def _place(run: str) -> tuple[int, int]:
    found = _places.get(run)
    if found is None:
        hashed = zlib.crc32(run.encode())
        found = (hashed % WIDTH, 1 if hashed >> 31 else -1)
        if len(_places) < 100_000:  # what strangers send must not fill the memory
            _places[run] = found
    return found
