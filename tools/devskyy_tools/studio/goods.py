"""Kinds of goods, and how large they are: what a model in the wrong unit is told by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Category = Literal[
    "top", "dress", "trousers", "skirt", "outerwear", "shoe", "bag", "hat", "eyewear", "jewellery", "accessory"
]
LONGEST: Mapping[Category, tuple[float, float]] = {
    "top": (0.4, 0.9),
    "dress": (0.6, 1.7),
    "trousers": (0.3, 1.25),
    "skirt": (0.25, 1.2),
    "outerwear": (0.5, 1.5),
    "shoe": (0.2, 0.4),
    "bag": (0.15, 0.6),
    "hat": (0.15, 0.5),
    "eyewear": (0.1, 0.2),
    "jewellery": (0.02, 0.5),
    "accessory": (0.03, 2.0),
}
"""Metres that the longest side of such goods has."""
ANY = (0.02, 5.0)
"""The same for whatever is worn or carried."""
