"""A soft shadow where the model meets the floor: how high it is above each place, blurred."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from .raster import visible
from .scene import FIELD, Camera, Scene

SIDE = 192
_REACH = 1.7
"""The floor that is looked at, in half widths of what stands on it."""
_LAYERS = ((0.02, 0.012, 0.42), (0.10, 0.04, 0.26), (0.5, 0.09, 0.16))
"""Of contact, of what is near, of all: height by which it fades and blur, in widths; and darkness."""
LEVEL = 1.5
"""Degrees below which the floor is seen from its edge, and not drawn."""


class Shadow:
    """The shadow of one scene, for pictures from anywhere above the floor."""

    def __init__(self, scene: Scene) -> None:
        low, high = scene.low, scene.high
        self._floor = float(low[1])
        self._middle = (low + high)[[0, 2]] / 2
        self._half = _REACH * max(float((high - low)[[0, 2]].max()) / 2, 1e-6)
        self._map = Image.fromarray(self._darkness(scene))

    def _darkness(self, scene: Scene) -> NDArray[np.uint8]:
        """Seen from below: how high the model hangs over each place decides how dark it is there."""
        places = ((scene.positions[:, [0, 2]] - self._middle) / (2 * self._half) + 0.5) * SIDE
        height = scene.positions[:, 1].astype(np.float64) - self._floor
        where, _, near = visible(places[scene.triangles], -height[scene.triangles], SIDE)
        width = 2 * self._half / _REACH
        dark = np.zeros((SIDE, SIDE))
        for fade, blur, weight in _LAYERS:
            layer = np.zeros(SIDE * SIDE)
            layer[where] = np.exp(-np.maximum(-near, 0) / (fade * width))
            picture = Image.fromarray(np.round(layer.reshape(SIDE, SIDE) * 255).astype(np.uint8))
            blurred = picture.filter(ImageFilter.GaussianBlur(blur / _REACH * SIDE))
            dark += np.asarray(blurred) * weight
        return np.round(np.clip(dark, 0, 255)).astype(np.uint8)

    def seen(self, camera: Camera, size: int) -> NDArray[np.uint8]:
        """How dark each pixel of the floor is, (size, size), 0 to 255."""
        right, up, back = camera.axes
        if back[1] < math.sin(math.radians(LEVEL)):
            return np.zeros((size, size), np.uint8)
        eye = camera.center + camera.distance * back
        reach = math.tan(math.radians(FIELD / 2))
        # A ray through pixel x, y is x * along + y * across + ahead; it meets the floor at eye + ray * above / -ray.y.
        along, across = right * (2 * reach / size), -up * (2 * reach / size)
        ahead = -back + (along + across) * (-size / 2)
        above = float(eye[1]) - self._floor
        rays = np.stack((along, across, ahead))
        scale = SIDE / (2 * self._half)
        rows = [
            ((eye[axis] - self._middle[index]) * scale + SIDE / 2) * rays[:, 1] - above * scale * rays[:, axis]
            for index, axis in enumerate((0, 2))
        ]
        matrix = np.stack((*rows, rays[:, 1])) / ahead[1]
        seen = self._map.transform(
            (size, size), Image.Transform.PERSPECTIVE, matrix.ravel()[:8].tolist(), Image.Resampling.BILINEAR
        )
        return np.asarray(seen)
