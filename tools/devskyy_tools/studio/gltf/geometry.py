"""Transforms of points, normals and texture coordinates, and what triangles a primitive's indices mean."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .schema import Moved, Node

if TYPE_CHECKING:
    from numpy.typing import NDArray


def local(node: Node) -> NDArray[np.float64]:
    """A node's own transform, as a 4 × 4 matrix (section 3.5.3)."""
    if node.matrix is not None:
        return np.array(node.matrix, np.float64).reshape(4, 4).T
    matrix = np.eye(4)
    x, y, z, w = node.rotation or (0.0, 0.0, 0.0, 1.0)
    length = math.sqrt(x * x + y * y + z * z + w * w) or 1.0
    x, y, z, w = x / length, y / length, z / length, w / length
    turned = np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip
    matrix[:3, :3] = turned * np.array(node.scale or (1.0, 1.0, 1.0))
    matrix[:3, 3] = node.translation or (0.0, 0.0, 0.0)
    return matrix


def moved(
    positions: NDArray[np.float32], normals: NDArray[np.float32] | None, matrix: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Points and normals under a 4 × 4 matrix; normals keep no length."""
    placed = (positions @ matrix[:3, :3].T + matrix[:3, 3]).astype(np.float32)
    if normals is None:
        return placed, None
    linear = matrix[:3, :3]
    # Cofactors turn normals rightly also where the scale is uneven or mirrors, and never divide.
    cofactors = np.stack(
        [np.cross(linear[1], linear[2]), np.cross(linear[2], linear[0]), np.cross(linear[0], linear[1])]
    )
    mirrored = -1.0 if np.linalg.det(linear) < 0 else 1.0
    return placed, (normals @ (mirrored * cofactors).T).astype(np.float32)


def flat(
    positions: NDArray[np.float32], uvs: NDArray[np.float32] | None, triangles: NDArray[np.uint32]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32] | None, NDArray[np.uint32]]:
    """Flat normals, for which every triangle gets vertices of its own (section 3.7.2.1)."""
    order = triangles.reshape(-1)
    corners = positions[order].reshape(-1, 3, 3).astype(np.float64)
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.repeat(faces, 3, axis=0).astype(np.float32)
    fresh = np.arange(len(order), dtype=np.uint32).reshape(-1, 3)
    return positions[order], normals, None if uvs is None else uvs[order], fresh


def transformed(uvs: NDArray[np.float32], moved: Moved) -> NDArray[np.float32]:
    """KHR_texture_transform: scaled, turned, shifted."""
    cos, sin = math.cos(moved.rotation), math.sin(moved.rotation)
    turn = np.array([[cos, sin], [-sin, cos]])
    return ((uvs * np.array(moved.scale)) @ turn.T + np.array(moved.offset)).astype(np.float32)


def listed(flat: NDArray[np.uint32], mode: int) -> NDArray[np.uint32]:
    """Triangles (n, 3) of the indices of a list (mode 4), a strip (5) or a fan (6); section 3.7.2.1."""
    if mode == 4:
        return flat[: len(flat) // 3 * 3].reshape(-1, 3)
    if len(flat) < 3:
        return np.zeros((0, 3), np.uint32)
    if mode == 6:
        return np.stack([flat[1:-1], flat[2:], np.broadcast_to(flat[0], len(flat) - 2)], axis=1)
    strip = np.stack([flat[:-2], flat[1:-1], flat[2:]], axis=1)
    strip[1::2] = strip[1::2][:, [0, 2, 1]]
    return strip
