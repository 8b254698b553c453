"""Attributes of vertices, in as few bits as can't be seen (KHR_mesh_quantization), and the same vertex only once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .write import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

POSITION_BITS = 14
"""Of the model's largest extent: 0.03 mm of half a metre."""


@dataclass(frozen=True, slots=True)
class Column:
    """One attribute: a row for each vertex."""

    values: NDArray[Any]
    normalized: bool = False

    def take(self, order: NDArray[Any]) -> Column:
        return replace(self, values=self.values[order])


@dataclass(frozen=True, slots=True)
class Grid:
    """How whole numbers become positions: times ``scale``, plus ``offset``."""

    offset: tuple[float, float, float]
    scale: float


def grid(positions: list[NDArray[np.float32]]) -> Grid | None:
    """The grid that holds all of them; None when they have no extent."""
    low = np.min([one.min(axis=0) for one in positions], axis=0).astype(np.float64)
    high = np.max([one.max(axis=0) for one in positions], axis=0).astype(np.float64)
    extent = float((high - low).max())
    if not extent > 1e-9 or not np.isfinite(extent):
        return None
    x, y, z = low.tolist()
    return Grid((x, y, z), extent / ((1 << POSITION_BITS) - 1))


def quantised(name: str, column: Column, placed: Grid | None, bits: int) -> Column:
    """The attribute in fewer bits. What is in whole numbers already stays as it is.

    Args:
        name: ``POSITION``, ``TEXCOORD_0``…
        column: as it is stored.
        placed: the grid of positions; None leaves them.
        bits: of texture coordinates.
    """
    values = column.values
    family = name.partition("_")[0]
    if values.dtype.kind != "f":
        if family == "JOINTS" and values.dtype == np.uint16 and int(values.max(initial=0)) < 256:
            return replace(column, values=values.astype(np.uint8))
        return column
    if family == "POSITION" and placed is not None:
        return Column(np.rint((values.astype(np.float64) - placed.offset) / placed.scale).astype(np.uint16))
    if family == "NORMAL":
        return Column(np.rint(unit(values) * 127).astype(np.int8), normalized=True)
    if family == "TANGENT":
        signs = np.where(values[:, 3:] < 0, -1, 1)
        return Column(np.rint(np.hstack([unit(values[:, :3]), signs]) * 127).astype(np.int8), normalized=True)
    if family == "TEXCOORD" and values.min() >= 0 and values.max() <= 1:
        steps = (1 << bits) - 1
        return Column(
            np.rint(np.rint(values.astype(np.float64) * steps) / steps * 65535).astype(np.uint16), normalized=True
        )
    if family == "COLOR":
        return Column(np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8), normalized=True)
    if name == "WEIGHTS_0":
        return Column(_shares(values), normalized=True)
    return column


def _shares(weights: NDArray[Any]) -> NDArray[np.uint8]:
    """Weights in bytes that add up to 255: what rounding leaves goes to the largest."""
    total = weights.sum(axis=1, keepdims=True)
    whole = np.rint(weights / np.where(total > 0, total, 1) * 255).astype(np.int64)
    whole[np.arange(len(whole)), whole.argmax(axis=1)] += 255 - whole.sum(axis=1)
    return whole.astype(np.uint8)


def weld(columns: list[Column], indices: NDArray[np.uint32]) -> tuple[list[Column], NDArray[np.uint32]]:
    """Vertices that are alike in everything become one; triangles that this leaves without area go."""
    rows = np.concatenate([_bytes(column.values) for column in columns], axis=1)
    keys = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1])))[:, 0]
    _, first, place = np.unique(keys, return_index=True, return_inverse=True)
    triangles = place.astype(np.uint32)[indices].reshape(-1, 3)
    a, b, c = triangles.T
    triangles = triangles[(a != b) & (b != c) & (c != a)]
    return [column.take(first) for column in columns], np.ascontiguousarray(triangles)


def _bytes(values: NDArray[Any]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1)


def arrange(
    columns: list[Column], triangles: NDArray[np.uint32], *, small: bool
) -> tuple[list[Column], NDArray[np.uint32]]:
    """Triangles in the order that the vertex cache likes, vertices in the order of use; unused ones go.

    ``small`` prefers the order that compresses best.
    """
    from .packing import codec

    indices, remap, used = codec().reorder_mesh(triangles.reshape(-1), True, small)
    order = np.zeros(used, np.int64)
    kept = remap < used
    order[remap[kept]] = np.flatnonzero(kept)
    return [column.take(order) for column in columns], indices.astype(np.uint32)
