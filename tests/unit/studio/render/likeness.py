"""How alike two pictures are: the structural similarity of Wang and others (2004), over windows of 8 x 8 pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image


def likeness(one: Image.Image, two: Image.Image) -> float:
    """1 for pictures that are the same."""
    a, b = (np.asarray(picture.convert("L"), np.float64) for picture in (one, two))

    def mean(values: Any) -> Any:
        return sliding_window_view(values, (8, 8)).mean((2, 3))

    mean_a, mean_b = mean(a), mean(b)
    spread_a, spread_b = mean(a * a) - mean_a**2, mean(b * b) - mean_b**2
    together = mean(a * b) - mean_a * mean_b
    low, high = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    score = ((2 * mean_a * mean_b + low) * (2 * together + high)) / (
        (mean_a**2 + mean_b**2 + low) * (spread_a + spread_b + high)
    )
    return float(score.mean())
