"""Triangles over a silhouette: a grid, cut along the outline.

Nodes near the outline are moved onto it first, so that no thin triangles come about (after isosurface stuffing,
Labelle and Shewchuk 2007); what still crosses it is cut there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..photos.filters import Floats

    Nodes = NDArray[np.int64]

_NEAR = 0.35
"""A node is moved when the outline crosses one of its edges within this share of it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A flat mesh.

    Args:
        points: float64, (n, 2): column and row in the grid, not whole numbers at the outline.
        triangles: uint32, (m, 3), counter-clockwise where rows go up.
        rim: bool, (n,): on the outline.
    """

    points: NDArray[np.float64]
    triangles: NDArray[np.uint32]
    rim: NDArray[np.bool_]


def sheet(field: Floats) -> Sheet:
    """The part of the grid where the field is positive.

    Args:
        field: at the nodes; 0 at the outline, negative at the grid's border.
    """
    height, width = field.shape
    values = field.astype(np.float64).ravel().copy()
    y, x = np.divmod(np.arange(values.size), width)
    points = np.stack([x, y], axis=1).astype(np.float64)
    corners = _corners(height, width)
    every_edge = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    edges = np.unique(np.sort(every_edge, axis=1), axis=0)
    _snap(points, values, edges)
    sign = np.sign(values).astype(np.int8)
    kept, cuts = _cut(corners, sign)
    keys = np.unique(np.sort(cuts, axis=1), axis=0) if len(cuts) else np.zeros((0, 2), np.int64)
    share = values[keys[:, 0]] / (values[keys[:, 0]] - values[keys[:, 1]])
    crossings = points[keys[:, 0]] + share[:, None] * (points[keys[:, 1]] - points[keys[:, 0]])
    number = _Numbers(keys, values.size)
    triangles = number.apply(kept)
    every = np.concatenate([points, crossings])
    rim = np.concatenate([sign == 0, np.ones(len(crossings), bool)])
    used, packed = np.unique(triangles, return_inverse=True)
    return Sheet(every[used], packed.reshape(-1, 3).astype(np.uint32), rim[used])


def _corners(height: int, width: int) -> NDArray[np.int64]:
    """Two triangles a cell, the diagonals by turns; clockwise with rows downward, so counter-clockwise upward."""
    at = np.arange(height * width).reshape(height, width)
    a, b, c, d = (one.ravel() for one in (at[:-1, :-1], at[:-1, 1:], at[1:, 1:], at[1:, :-1]))
    odd = ((a // width + a % width) % 2).astype(bool)
    first = np.where(odd[:, None], np.stack([a, d, b], 1), np.stack([a, d, c], 1))
    second = np.where(odd[:, None], np.stack([b, d, c], 1), np.stack([a, c, b], 1))
    return np.concatenate([first, second])


def _snap(points: NDArray[np.float64], values: NDArray[np.float64], edges: NDArray[np.int64]) -> None:
    """Move nodes onto the outline, along the edge on which it is nearest."""
    one, two = edges.T
    crossed = values[one] * values[two] < 0
    one, two = one[crossed], two[crossed]
    share = values[one] / (values[one] - values[two])
    node = np.concatenate([one, two])
    toward = np.concatenate([two, one])
    far = np.concatenate([share, 1 - share])
    order = np.argsort(-far, kind="stable")  # the nearest is written last, and stays
    order = order[far[order] < _NEAR]
    node, toward, far = node[order], toward[order], far[order]
    moved = points[node] + far[:, None] * (points[toward] - points[node])
    points[node] = moved
    values[node] = 0


def _cut(corners: Nodes, sign: NDArray[np.int8]) -> tuple[list[tuple[Nodes, ...]], Nodes]:
    """The triangles of the inside, each corner as a pair of nodes: the same twice, or the ends of a crossed edge."""
    signs = sign[corners]
    for _ in range(2):  # turn each until a positive corner that follows a non-positive one comes first
        first = (signs[:, :1] > 0) & (signs[:, 2:] <= 0)
        corners = np.where(first, corners, np.roll(corners, -1, axis=1))
        signs = sign[corners]
    a, b, c = corners.T
    sa, sb, sc = signs.T
    whole = np.asarray((signs >= 0).all(1) & (signs > 0).any(1))
    tip = (sa > 0) & (sb < 0) & (sc < 0)
    left = (sa > 0) & (sb == 0) & (sc < 0)
    right = (sa > 0) & (sb < 0) & (sc == 0)
    pair = (sa > 0) & (sb > 0) & (sc < 0)

    def corner(of: NDArray[np.bool_], one: Nodes, other: Nodes) -> Nodes:
        return np.stack([one[of], other[of]], 1)

    made: list[tuple[Nodes, ...]] = [
        (corner(whole, a, a), corner(whole, b, b), corner(whole, c, c)),
        (corner(tip, a, a), corner(tip, a, b), corner(tip, a, c)),
        (corner(left, a, a), corner(left, b, b), corner(left, a, c)),
        (corner(right, a, a), corner(right, a, b), corner(right, c, c)),
        (corner(pair, a, a), corner(pair, b, b), corner(pair, b, c)),
        (corner(pair, a, a), corner(pair, b, c), corner(pair, a, c)),
    ]
    pairs = np.concatenate([ends for triangle in made for ends in triangle])
    return made, pairs[pairs[:, 0] != pairs[:, 1]]


class _Numbers:
    """Turns corners, as pairs of nodes, into numbers of points: nodes first, then crossings in their order."""

    def __init__(self, keys: NDArray[np.int64], nodes: int) -> None:
        self.keys = keys[:, 0] * nodes + keys[:, 1]
        self.nodes = nodes

    def apply(self, made: list[tuple[NDArray[np.int64], ...]]) -> NDArray[np.int64]:
        return np.concatenate([np.stack([self._of(corner) for corner in triangle], 1) for triangle in made])

    def _of(self, corner: NDArray[np.int64]) -> NDArray[np.int64]:
        low, high = np.sort(corner, axis=1).T
        found = np.asarray(np.searchsorted(self.keys, low * self.nodes + high), np.int64)
        return np.where(low == high, low, self.nodes + found)
