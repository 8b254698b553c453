"""A small design that many tests vary."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
HALVES: list[Json] = [{"key": "old", "percent": 50.0}, {"key": "new", "percent": 50.0}]
RATE: Json = {"name": "order", "kind": "rate", "base": 0.5}
SMALL: Json = {
    "hypothesis": "A shorter title sells more dresses", "variants": HALVES, "metric": RATE, "mde": 0.4, "looks": 4,
}  # fmt: skip
"""Half of the units convert: a test of a few hundred units that tells a lot."""
