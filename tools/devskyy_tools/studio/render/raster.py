"""Which triangle is seen at each place: spans of rows, and a depth kept with the triangle's number in one integer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from devskyy_mcp.errors import Code, Refused

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
CHUNK = 2_000_000
SAMPLES = 100_000_000
_NOTHING = np.uint64(0xFFFFFFFFFFFFFFFF)
_DEPTHS = float(2**31)


Solid = Callable[[Ints, Ints, Ints], NDArray[np.bool_]]
"""Whether triangles, given by number, row and column, have no hole there."""


def visible(screen: Doubles, nearness: Doubles, size: int, solid: Solid | None = None) -> tuple[Ints, Ints, Doubles]:
    """What is nearest at each place of a square.

    Args:
        screen: (m, 3, 2), the corners in places, x right and y down, turning either way.
        nearness: (m, 3), of the corners; greater is nearer, and it is linear over the square.
        size: places along an edge.
        solid: tells holes; None where no triangle has any.

    Returns:
        The places that something is seen at (row * size + column), the triangle there, and how near it is.

    Raises:
        Refused: TOO_LARGE when there is too much to draw.
    """
    low, high = float(nearness.min()), float(nearness.max())
    scale = _DEPTHS / max(high - low, 1e-30)
    best = np.full(size * size, _NOTHING, np.uint64)
    spans = _spans(screen, size)
    owners, rows, starts, ends = spans
    slope_x, slope_y, base = _planes(screen, (high - nearness) * scale)
    lengths = ends - starts
    total = np.cumsum(lengths)
    if len(total) and total[-1] > SAMPLES:
        raise Refused(Code.TOO_LARGE, "The model has too many layers to draw.", "Make it smaller first.")
    at = slope_y[owners] * (rows + 0.5) + base[owners] + slope_x[owners] * 0.5
    cuts = np.searchsorted(total, np.arange(0, (total[-1] if len(total) else 0) + CHUNK, CHUNK))
    for first, last in zip(cuts, [*cuts[1:], len(total)], strict=True):
        if first == last:
            continue
        part = slice(int(first), int(last))
        many = lengths[part]
        begin = np.cumsum(many) - many
        steps = np.arange(int(many.sum()))
        columns = steps + np.repeat(starts[part] - begin, many)
        depth = np.repeat(at[part], many) + np.repeat(slope_x[owners[part]], many) * columns
        which = np.repeat(owners[part], many)
        keys = (np.clip(depth, 0, _DEPTHS).astype(np.uint64) << np.uint64(32)) | which.astype(np.uint64)
        places = columns + np.repeat(rows[part] * size, many)
        if solid is not None:
            kept = solid(which, places // size, columns)
            places, keys = places[kept], keys[kept]
        np.minimum.at(best, places, keys)
    places = np.flatnonzero(best != _NOTHING)
    found = best[places]
    near = high - (found >> np.uint64(32)).astype(np.float64) / scale
    return places, (found & np.uint64(0xFFFFFFFF)).astype(np.int64), near


def doubled_area(screen: Doubles) -> Doubles:
    """Twice the signed area; negative for what turns counter-clockwise where y goes down."""
    a, b, c = screen[:, 0], screen[:, 1], screen[:, 2]
    return (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])


def _planes(screen: Doubles, values: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """Of each triangle the slopes along x and y of a value that is linear over it, and the value at 0, 0."""
    area = doubled_area(screen)
    area = np.where(np.abs(area) < 1e-12, 1.0, area)
    edge1, edge2 = screen[:, 1] - screen[:, 0], screen[:, 2] - screen[:, 0]
    rise1, rise2 = values[:, 1] - values[:, 0], values[:, 2] - values[:, 0]
    along_x = (rise1 * edge2[:, 1] - rise2 * edge1[:, 1]) / area
    along_y = (rise2 * edge1[:, 0] - rise1 * edge2[:, 0]) / area
    return along_x, along_y, values[:, 0] - along_x * screen[:, 0, 0] - along_y * screen[:, 0, 1]


def _spans(screen: Doubles, size: int) -> tuple[Ints, Ints, Ints, Ints]:
    """The triangle, the row, the first column and the one after the last, of each row of each triangle."""
    area = doubled_area(screen)
    y = screen[:, :, 1]
    top = np.clip(np.ceil(y.min(1) - 0.5), 0, size).astype(np.int64)
    bottom = np.clip(np.ceil(y.max(1) - 0.5), 0, size).astype(np.int64)
    many = np.where(np.abs(area) > 1e-9, np.maximum(bottom - top, 0), 0)
    if int(many.sum()) > SAMPLES // 4:
        raise Refused(Code.TOO_LARGE, "The model has too many layers to draw.", "Make it smaller first.")
    owners = np.repeat(np.arange(len(screen)), many)
    rows = np.arange(len(owners)) - np.repeat(np.cumsum(many) - many, many) + top[owners]
    center = rows + 0.5
    left = np.full(len(owners), -np.inf)
    right = np.full(len(owners), np.inf)
    turn = np.sign(area)
    for corner in range(3):
        start, end = screen[:, corner], screen[:, (corner + 1) % 3]
        down = (end[:, 1] - start[:, 1]) * turn
        level = np.abs(down) < 1e-12
        slope = (end[:, 0] - start[:, 0]) / np.where(level, 1.0, end[:, 1] - start[:, 1])
        crossing = start[owners, 0] + slope[owners] * (center - start[owners, 1])
        rising = ((down < 0) & ~level)[owners]
        falling = ((down > 0) & ~level)[owners]
        left = np.where(rising, np.maximum(left, crossing), left)
        right = np.where(falling, np.minimum(right, crossing), right)
    starts = np.clip(np.ceil(left - 0.5), 0, size).astype(np.int64)
    ends = np.clip(np.ceil(right - 0.5), 0, size).astype(np.int64)
    kept = ends > starts
    return owners[kept], rows[kept], starts[kept], ends[kept]
