"""Gives a silhouette thickness, as a balloon of that outline would have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..photos.filters import Floats, Mask

_STEPS = 400
_CLOSE = 1e-4


def inflated(inside: Mask) -> Floats:
    """How far the surface stands out at each node, 0 to 1: the root of u where Δu = −1, and u = 0 outside.

    On a long strip that root is an ellipse. Solved by conjugate gradients with the five-point stencil.

    Args:
        inside: the nodes inside the outline; those at the grid's border must be outside.
    """
    here = inside.astype(np.float64)
    u = np.zeros_like(here)
    residual = here.copy()
    direction = residual.copy()
    left = float((residual * residual).sum())
    start = left
    for _ in range(_STEPS):
        if left <= _CLOSE**2 * start:
            break
        applied = _laplacian(direction) * here
        step = left / float((direction * applied).sum())
        u += step * direction
        residual -= step * applied
        before, left = left, float((residual * residual).sum())
        direction = residual + (left / before) * direction
    root = np.sqrt(u.clip(0))
    return (root / max(1e-9, float(root.max()))).astype(np.float32)


def _laplacian(u: NDArray[np.float64]) -> NDArray[np.float64]:
    out = 4 * u
    out[1:] -= u[:-1]
    out[:-1] -= u[1:]
    out[:, 1:] -= u[:, :-1]
    out[:, :-1] -= u[:, 1:]
    return out
