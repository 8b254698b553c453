"""Tells whether somebody wears the product: skin at the top, where a head is, and apart from it, where limbs are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from .filters import box, regions

if TYPE_CHECKING:
    from .filters import Mask

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
    labels, sizes = regions(box(skin.astype(np.float32), 1) > 0.6)
    total = there.sum()
    big = [one for one in range(1, len(sizes)) if 0.006 * total < sizes[one] < 0.35 * total]
    if len(big) < 3:
        return False
    rows = np.nonzero(there.any(1))[0]
    upper = rows[0] + 0.3 * (rows[-1] - rows[0])
    heads = [one for one in big if np.nonzero((labels == one).any(1))[0].mean() < upper]
    return bool(heads) and sum(int(sizes[one]) for one in big) > 0.04 * total
