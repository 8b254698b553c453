"""Pictures that look alike: two hashes of each, which resizing, compression and a change of format hardly move.

dHash compares neighbours' brightness; pHash keeps the signs of the lowest cosines (DCT-II). A pair must be near in both
and in colour: either hash alone takes two plain pictures, or the same cut in another colour, for one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ..photos.decode import decode
from .colour import lab
from .writing import flat

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEAR = 10
"""Bits of 64 that may differ, in each hash."""
NEAR_COLOUR = 8.0
"""Distance in CIELAB that each of 4 × 4 fields may have at most."""
_SIDE = 32


@dataclass(frozen=True, slots=True)
class Print:
    """What is compared of a picture: 64 bits of each hash, and the colours of 16 fields in CIELAB."""

    differences: int
    cosines: int
    colours: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures that look alike, with the largest distance in bits that joined one of them to the group."""

    members: list[str]
    distance: int


def print_of(content: bytes) -> Print:
    """The print of a picture's file.

    Raises:
        Refused: as ``photos.decode`` does.
    """
    image = flat(decode(content, longest=256).image)
    grey = image.convert("L")
    row = np.asarray(grey.resize((9, 8), Image.Resampling.BOX)).astype(np.int16)
    small = np.asarray(grey.resize((_SIDE, _SIDE), Image.Resampling.BOX)).astype(np.float64)
    low = (_cosines() @ small @ _cosines().T)[:8, :8].ravel()
    fields = lab(np.asarray(image.resize((4, 4), Image.Resampling.BOX)))
    return Print(_bits(row[:, 1:] > row[:, :-1]), _bits(low > np.median(low[1:])), tuple(fields.ravel().tolist()))


def _bits(values: NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(values.ravel()).tobytes(), "big")


@cache
def _cosines() -> NDArray[np.float64]:
    """The matrix of the DCT-II."""
    at = np.arange(_SIDE)
    return np.cos(np.pi * np.outer(at, 2 * at + 1) / (2 * _SIDE))


def distance(one: Print, other: Print) -> int | None:
    """Bits in which the more different hash differs; None where the pictures don't look alike."""
    bits = max((one.differences ^ other.differences).bit_count(), (one.cosines ^ other.cosines).bit_count())
    if bits > NEAR:
        return None
    colours = (np.array(one.colours) - np.array(other.colours)).reshape(-1, 3)
    return bits if float(np.linalg.norm(colours, axis=1).max()) <= NEAR_COLOUR else None


def groups(prints: Mapping[str, Print]) -> list[Group]:
    """Pictures that look alike, directly or through others; in the order given, the closest group first."""
    names: Sequence[str] = list(prints)
    head = {name: name for name in names}
    far: dict[str, int] = dict.fromkeys(names, 0)
    for number, name in enumerate(names):
        for other in names[:number]:
            bits = distance(prints[name], prints[other])
            if bits is None:
                continue
            mine, its = head[name], head[other]
            for one in names:
                if head[one] == mine:
                    head[one] = its
            far[its] = max(far[its], far[mine] if mine != its else 0, bits)
    found = [Group([one for one in names if head[one] == name], far[name]) for name in dict.fromkeys(head.values())]
    return sorted((one for one in found if len(one.members) > 1), key=lambda one: one.distance)
