"""Gives a silhouette thickness, as a balloon of that outline would have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..photos.filters import Floats

_STEPS = 400
_CLOSE = 1e-4
_LEAST = 0.05


def inflated(field: Floats) -> Floats:
    """How far the surface stands out at each node, 0 to 1: the root of u where Δu = −1, and u = 0 on the outline.

    On a long strip that root is an ellipse. The outline runs between the nodes, as near to each as the field says, so
    that the surface begins there and not at the next node (Gibou et al. 2002). Conjugate gradients with the diagonal
    as preconditioner.

    Args:
        field: positive inside, 0 on the outline, negative at the grid's border.
    """
    here = (field > 0).astype(np.float64)
    diagonal = _diagonal(field.astype(np.float64))
    u = np.zeros_like(here)
    residual = here.copy()
    eased = residual / diagonal
    direction = eased.copy()
    left = float((residual * eased).sum())
    enough = _CLOSE**2 * left
    for _ in range(_STEPS):
        if left <= enough:
            break
        applied = _applied(direction, diagonal) * here
        step = left / float((direction * applied).sum())
        u += step * direction
        residual -= step * applied
        eased = residual / diagonal
        before, left = left, float((residual * eased).sum())
        direction = eased + (left / before) * direction
    root = np.sqrt(u.clip(0))
    return (root / max(1e-9, float(root.max()))).astype(np.float32)


def _diagonal(field: NDArray[np.float64]) -> NDArray[np.float64]:
    """One for each neighbour inside; for one outside the reciprocal of how far away the outline is."""
    out = np.full(field.shape, 4.0)
    for axis in (0, 1):
        for shift in (1, -1):
            other = np.roll(field, shift, axis)
            crossed = (field > 0) & (other <= 0)
            far = field[crossed] / (field[crossed] - other[crossed])
            out[crossed] += 1 / np.maximum(far, _LEAST) - 1
    return out


def _applied(u: NDArray[np.float64], diagonal: NDArray[np.float64]) -> NDArray[np.float64]:
    out = diagonal * u
    out[1:] -= u[:-1]
    out[:-1] -= u[1:]
    out[:, 1:] -= u[:, :-1]
    out[:, :-1] -= u[:, 1:]
    return out
