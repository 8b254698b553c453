"""Which variant a unit gets: a hash alone says it, so it is the same on every server and stored nowhere.

``SHA-256("{salt}:{unit}")``; its first four bytes, as a share of 2^32, fall into one of 10,000 buckets, and the
variants take the buckets in their order. The companion plugin does the same in PHP and in the browser.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

BUCKETS = 10_000


def bucket(salt: str, unit: str) -> int:
    """From 0 to 9,999."""
    digest = hashlib.sha256(f"{salt}:{unit}".encode(errors="replace")).digest()
    return int.from_bytes(digest[:4], "big") * BUCKETS >> 32


class Assigner:
    """Of one test.

    Args:
        salt: of its own, so that tests do not follow each other.
        variants: keys in their order.
        weights: of each, in 10,000ths; their sum is 10,000.
        layer: tests of a layer share its hash, and none of their slices overlap; empty for no layer.
        taken: the slice of the layer that takes part, ``(first, end)`` in buckets.
    """

    def __init__(
        self,
        salt: str,
        variants: Sequence[str],
        weights: Sequence[int],
        layer: str = "",
        taken: tuple[int, int] = (0, BUCKETS),
    ) -> None:
        self._hash = hashlib.sha256(f"{salt}:".encode())
        self._variants = tuple(variants)
        self._ends = list(accumulate(weights))
        self._layer = f"layer:{layer}" if layer else ""
        self._taken = taken

    def __call__(self, unit: str) -> str | None:
        """The variant's key; None for who is not in the test."""
        if self._layer and not self._taken[0] <= bucket(self._layer, unit) < self._taken[1]:
            return None
        found = self._hash.copy()  # the salt is hashed once
        found.update(unit.encode(errors="replace"))
        return self._variants[bisect_right(self._ends, int.from_bytes(found.digest()[:4], "big") * BUCKETS >> 32)]
