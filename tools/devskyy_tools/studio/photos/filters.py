"""What pictures are worked on with: sums over windows, smooth masks, colours as the eye sees them, connected regions.

Pictures are float32 of shape (height, width) or (height, width, channels), 0 to 1 unless told otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]
    Mask = NDArray[np.bool_]

_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], np.float32)
_WHITE = np.array([0.95047, 1.0, 1.08883], np.float32)


def box(values: Floats, radius: int) -> Floats:
    """The mean over a window of ``2 * radius + 1`` pixels a side; beyond the edge the edge goes on."""
    for axis in (0, 1):
        pad = [(0, 0)] * values.ndim
        pad[axis] = (radius + 1, radius)
        # The mean is taken off first, so that sums over thousands of pixels stay exact in 32 bits.
        padded = np.pad(values, pad, mode="edge").cumsum(axis, dtype=np.float64)
        width = 2 * radius + 1
        ends = [slice(None)] * values.ndim
        starts = list(ends)
        ends[axis], starts[axis] = slice(width, None), slice(None, -width)
        values = ((padded[tuple(ends)] - padded[tuple(starts)]) / width).astype(np.float32)
    return values


def resized(values: Floats, size: tuple[int, int]) -> Floats:
    """Resampled to ``size``, which is (width, height)."""
    if values.ndim == 3:
        return np.stack([resized(values[..., one], size) for one in range(values.shape[2])], axis=-1)
    image = Image.fromarray(np.ascontiguousarray(values, np.float32))
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR))


def guided(guide: Floats, values: Floats, radius: int, eps: float) -> tuple[Floats, Floats]:
    """Factors ``a`` and ``b`` so that ``a * guide + b`` is ``values`` with the edges of the guide (He et al. 2010).

    Args:
        guide: one channel.
        values: what is made to follow it.
        radius: of the window, in pixels.
        eps: variance of the guide below which its edges count for nothing.
    """
    mean, mean_values = box(guide, radius), box(values, radius)
    variance = box(guide * guide, radius) - mean * mean
    a = (box(guide * values, radius) - mean * mean_values) / (variance + eps)
    return box(a, radius), box(mean_values - a * mean, radius)


def lab(rgb: Floats) -> Floats:
    """CIE L*a*b* (D65) of sRGB."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4).astype(np.float32)
    xyz = linear @ _TO_XYZ.T / _WHITE
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def regions(mask: Mask) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number the regions of a mask whose pixels touch by their sides.

    Returns:
        The region of each pixel (0 is outside), and how many pixels each number has (``[0]`` those outside).
    """
    height, width = mask.shape
    framed = np.zeros((height, width + 2), np.int8)
    framed[:, 1:-1] = mask
    steps = np.diff(framed, axis=1)
    rows, starts = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    parent = list(range(len(rows)))

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    # Where each row's runs begin, in the list of all.
    first: list[int] = [0, *np.bincount(rows, minlength=height).cumsum().tolist()]
    left, right = starts.tolist(), ends.tolist()
    for row in range(1, height):
        above, here = first[row - 1], first[row]
        while above < first[row] and here < first[row + 1]:
            if left[above] < right[here] and left[here] < right[above]:
                parent[root(above)] = root(here)
            if right[above] < right[here]:
                above += 1
            else:
                here += 1
    numbers = np.unique([root(one) for one in range(len(rows))], return_inverse=True)[1].astype(np.int32) + 1
    labels = np.zeros(height * width + 1, np.int32)
    flat = rows * width
    np.add.at(labels, flat + starts, numbers)
    np.add.at(labels, flat + ends, -numbers)
    found = labels[:-1].cumsum().reshape(height, width).astype(np.int32)
    return found, np.bincount(found.ravel())
