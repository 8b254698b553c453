"""White on white: where a product has the colour of its ground, steps in the light say where it ends.

Cloth turns away from the light at its edge and a shadow is soft, so there is nearly always a step, if a small one.
Three things are asked: the network, the network on a copy with more contrast, and where one gets from the picture's
border without crossing a step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from .filters import box, regions, resized
from .network import standing_out

if TYPE_CHECKING:
    from .filters import Floats, Mask

_STEP = 1.5
"""CIE L*a*b* between neighbours at 640 pixels, beyond what the light does around it; a shadow stays below."""


def look_alike(off: Floats, mask: Mask) -> bool:
    """Whether a good part of the product has the ground's hue, and is no darker than a shadow.

    Args:
        off: from the ground's smooth colour, as ``from_border`` gives it.
        mask: the product, roughly.
    """
    near = (np.linalg.norm(off[..., 1:], axis=-1) < 5) & (off[..., 0] > -30) & (off[..., 0] < 5)
    return float(near[mask].mean()) > 0.25 if mask.any() else False


def told_by_steps(colors: Floats, off: Floats, rough: Floats) -> tuple[Floats, Mask]:
    """The product's coverage.

    Args:
        colors: CIE L*a*b*.
        off: from the ground's smooth colour.
        rough: what the network said of the picture as it is.

    Returns:
        Coverage, and what steps alone enclose, to be compared.
    """
    across = [_steps(colors, axis) for axis in (0, 1)]
    enclosed = _enclosed(across)
    again = standing_out(_with_contrast(off))
    if again is not None:
        rough = 0.35 * rough + 0.65 * resized(again, (rough.shape[1], rough.shape[0])).clip(0, 1)
    if not enclosed.any() or (enclosed & (rough > 0.5)).sum() < 0.5 * (rough > 0.5).sum():
        enclosed = rough > 0.5  # the steps have gaps, and the ground runs in through them
    even = box((np.linalg.norm(box(off, 3), axis=-1) < 1.0).astype(np.float32), 2) > 0.9
    labels, sizes = regions(enclosed & (rough <= 0.5))
    holes = np.bincount(labels.ravel(), even.ravel()) / np.maximum(sizes, 1) > 0.3
    holes[0] = False
    mask = enclosed & ~holes[labels]
    return _walked(across, mask), mask


def _with_contrast(off: Floats) -> Image.Image:
    """Differences from the ground three times as large, about a light grey."""
    light, red, yellow = np.moveaxis(off, -1, 0)
    grey = 0.75 + 0.03 * light
    rgb = np.stack([grey + 0.03 * red, grey - 0.015 * red, grey - 0.03 * yellow], axis=-1)
    return Image.fromarray((rgb.clip(0, 1) * 255).astype(np.uint8))


def _steps(colors: Floats, axis: int) -> Floats:
    """Differences between neighbours along an axis, less what light and shadow change around them."""
    pad = [(0, 0), (0, 0), (0, 0)]
    pad[1 - axis] = (1, 1)
    wide = np.pad(colors, pad, mode="edge")
    three = (wide[:, :-2] + wide[:, 1:-1] + wide[:, 2:]) if axis == 0 else (wide[:-2] + wide[1:-1] + wide[2:])
    change = np.diff(three / 3, axis=axis)
    return np.linalg.norm(change - box(change, 5), axis=-1)


def _enclosed(across: list[Floats]) -> Mask:
    """What can't be reached from the picture's border without crossing a step; gaps of 4 pixels are closed."""
    down, right = across
    rim = np.concatenate([part.ravel() for one in across for part in (one[:20], one[-20:], one[:, :20], one[:, -20:])])
    limit = max(_STEP, 1.3 * float(np.quantile(rim, 0.99)))
    wall = np.zeros((right.shape[0], down.shape[1]), bool)
    wall[:-1] |= down > limit
    wall[1:] |= down > limit
    wall[:, :-1] |= right > limit
    wall[:, 1:] |= right > limit
    labels, _ = regions(box(wall.astype(np.float32), 2) < 0.01)
    outer = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    reached = np.isin(labels, outer[outer > 0])
    return ~(box(reached.astype(np.float32), 3) > 0)


def _walked(across: list[Floats], mask: Mask) -> Floats:
    """The mask's edge moved to the steps near it: a random walker (Grady 2006), by conjugate gradients.

    Each pixel of a band along the edge gets the chance that a walk, which seldom crosses steps, ends inside.
    """
    down, right = (np.exp(-((one / 2) ** 2)).astype(np.float32) + np.float32(1e-3) for one in across)
    soft = box(mask.astype(np.float32), 5)
    free = ((soft > 0.01) & (soft < 0.99)).astype(np.float32)
    weight = np.float32(0.003)  # with which it stays where it was
    degree = np.full(mask.shape, weight, np.float32)
    for one, first, second in _pairs(down, right):
        degree[first] += one
        degree[second] += one

    def applied(values: Floats) -> Floats:
        out = degree * values
        for one, first, second in _pairs(down, right):
            out[first] -= one * values[second]
            out[second] -= one * values[first]
        return out * free

    found = mask.astype(np.float32)
    rest = free * weight * found - applied(found)
    ahead = rest / degree
    toward, error = ahead, float((rest * ahead).sum())
    for _ in range(80):
        if error < 1e-6:
            break
        moved = applied(toward)
        length = error / float((toward * moved).sum())
        found, rest = found + length * toward, rest - length * moved
        ahead = rest / degree
        error, before = float((rest * ahead).sum()), error
        toward = ahead + error / before * toward
    return found.clip(0, 1)


def _pairs(down: Floats, right: Floats) -> tuple[tuple[Floats, tuple[slice, ...], tuple[slice, ...]], ...]:
    """Weights between neighbours, with the upper or left ones and the lower or right ones."""
    every, most, rest = slice(None), slice(None, -1), slice(1, None)
    return (down, (most, every), (rest, every)), (right, (every, most), (every, rest))
