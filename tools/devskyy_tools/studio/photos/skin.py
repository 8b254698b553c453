"""Tells whether somebody wears the product: skin at the top, where a head is, and apart from it, where limbs are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from .filters import box, regions

if TYPE_CHECKING:
    from .filters import Floats, Mask

_SIDE = 256


def looks_worn(image: Image.Image, mask: Mask) -> bool:
    """Whether a person seems to be in what was cut out.

    A garment in the colour of skin is one large region; a person shows several small ones apart from one another.
    """
    small = image.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    there = np.asarray(Image.fromarray(mask).resize((_SIDE, _SIDE))) > 0
    if not there.any():
        return False
    y, cb, cr = (plane.astype(np.int16) for plane in np.moveaxis(np.asarray(small.convert("YCbCr")), -1, 0))
    # Chai and Ngan 1999, the lower bound of Cr raised: cloth and leather in beige stay out.
    skin = (cb >= 77) & (cb <= 127) & (cr >= 138) & (cr <= 173) & (y > 40) & there
    # Clothes of nearly that colour would join head and arms to one region; their edge keeps them apart.
    skin &= _change(np.stack([y / 2, cb, cr], axis=-1).astype(np.float32)) < 10
    labels, sizes = regions(box(skin.astype(np.float32), 1) > 0.6)
    total = there.sum()
    wide = 0.5 * np.ptp(np.nonzero(there.any(0))[0])  # stripes in such a colour go from side to side
    big = [
        one
        for one in range(1, len(sizes))
        if 0.006 * total < sizes[one] < 0.35 * total and np.ptp(np.nonzero((labels == one).any(0))[0]) < wide
    ]
    if len(big) < 3:
        return False
    rows = np.nonzero(there.any(1))[0]
    upper = rows[0] + 0.3 * (rows[-1] - rows[0])
    heads = [one for one in big if _round(labels == one) and np.nonzero((labels == one).any(1))[0].mean() < upper]
    return bool(heads) and sum(int(sizes[one]) for one in big) > 0.04 * total


def _change(tone: Floats) -> Floats:
    """How much a channel changes over four pixels, at the most; 0 near the picture's edge."""
    most = np.zeros(tone.shape[:2], np.float32)
    most[:, 2:-2] = np.abs(tone[:, 4:] - tone[:, :-4]).max(-1)
    most[2:-2] = np.maximum(most[2:-2], np.abs(tone[4:] - tone[:-4]).max(-1))
    return most


def _round(region: Mask) -> bool:
    """Whether it fills its frame as a face does, and a handle or a strap does not."""
    tall, wide = (float(np.ptp(np.nonzero(region.any(axis))[0])) + 1 for axis in (1, 0))
    return float(region.sum()) > 0.5 * tall * wide and 0.4 < wide / tall < 1.5
