"""The colours of a relief: in front the photo, bled past the outline; behind another photo, or what can be guessed."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ..gltf.model import Texture
from ..photos.filters import box, resized

if TYPE_CHECKING:
    from ..photos.filters import Floats

SIDE = 1024
"""Pixels of the front's texture, a power of two; that of a guessed back holds little, and has a quarter."""
_ROUGH = 256


def photo_texture(rgb: Floats, alpha: Floats) -> Texture:
    """The photo, with the product's own colours carried on where the background was."""
    return _jpeg(_bled(resized(rgb, (SIDE, SIDE)), resized(alpha, (SIDE, SIDE))))


def guessed_back(rgb: Floats, alpha: Floats) -> Texture:
    """What the back may look like: each row's ordinary colour, so that blocks of colour stay and prints go.

    Toward the outline it becomes the front, so that the two sides meet in one colour.
    """
    small = (_ROUGH, _ROUGH)
    colors, cover = resized(rgb, small), resized(alpha, small)
    weight = np.maximum(_inner(cover, 5), 1e-4)[..., None]
    row = _along_rows(colors, weight, _ROUGH // 3)
    for _ in range(3):  # what differs from its row, a print or a label, counts for less
        far = ((colors - row) ** 2).sum(-1, keepdims=True)
        row = _along_rows(colors, weight * np.exp(-far / 0.02), _ROUGH // 3)
    weight = weight * np.exp(-((colors - row) ** 2).sum(-1, keepdims=True) / 0.02)
    near = box(weight, 6)
    local = box(colors * weight, 6) / np.maximum(near, 1e-9)
    back = row + (local - row) * (near / (near + 0.15))
    edge = _bled(colors, cover)
    inward = ((box(cover, 7) - 0.5) / 0.4).clip(0, 1)[..., None]
    return _jpeg(edge + (_bled(back, cover) - edge) * inward)


def _along_rows(colors: Floats, weight: Floats, radius: int) -> Floats:
    """Weighted means over windows along the rows, three rows high."""
    both = np.concatenate([colors * weight, weight], axis=-1)
    padded = np.pad(both, ((0, 0), (radius + 1, radius), (0, 0))).cumsum(1, dtype=np.float64)
    sums = box((padded[:, 2 * radius + 1 :] - padded[:, : -2 * radius - 1]).astype(np.float32), 1)
    return sums[..., :3] / np.maximum(sums[..., 3:], 1e-9)


def _inner(alpha: Floats, radius: int) -> Floats:
    """The mask without its outermost pixels, in which the background's colour is mixed."""
    return ((box(alpha, radius) - 0.7) / 0.3).clip(0, 1)


def _bled(rgb: Floats, alpha: Floats) -> Floats:
    """Colours beyond the mask from what lies nearest inside it."""
    side = rgb.shape[0]
    small = (_ROUGH, _ROUGH)
    inner = _inner(alpha, max(1, side // 200))
    weight = resized(inner, small)[..., None]
    colors = resized(rgb * inner[..., None], small)
    filled, known = colors / np.maximum(weight, 1e-3), (weight > 0.05).astype(np.float32)
    for radius in (1, 2, 4, 8, 16, 32, 64, 128):
        near, amount = box(filled * known, radius), box(known, radius)
        spread = near / np.maximum(amount, 1e-6)
        new = (amount > 1e-3) & (known == 0)
        filled = np.where(new, spread, filled)
        known = np.maximum(known, new)
    beyond = resized(filled.astype(np.float32), (side, side))
    return beyond + (rgb - beyond) * inner[..., None]


def _jpeg(rgb: Floats) -> Texture:
    out = io.BytesIO()
    pixels = (rgb.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    Image.fromarray(pixels).save(out, "JPEG", quality=84, optimize=True)
    return Texture(out.getvalue(), "image/jpeg")
