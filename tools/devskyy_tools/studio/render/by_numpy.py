"""The renderer that needs nothing but numpy: two by two samples for each pixel, shaded where they are seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..gltf.model import Material
from . import light
from .raster import doubled_area, visible
from .scene import Camera, Floats, Scene

SUPER = 2


class NumpyRenderer:
    """Draws one scene at one size."""

    name = "numpy"

    def __init__(self, scene: Scene, size: int) -> None:
        self._scene, self._size, self._samples = scene, size, size * SUPER
        self._encode, decode = light.encoding(), light.decoding()
        self._textures = [None if one is None else _linear(one, self._samples, decode) for one in scene.textures]
        both = np.array([material.double_sided for material in scene.materials])
        self._both = both[scene.owners]

    def draw(self, camera: Camera) -> NDArray[np.uint8]:
        """The picture, (size, size, 4), sRGB with straight alpha."""
        scene, samples = self._scene, self._samples
        seen = camera.seen(scene.positions)
        places = (seen[:, :2] * (0.5, -0.5) + 0.5) * samples
        corners = places[scene.triangles]
        kept = np.flatnonzero((doubled_area(corners) < 0) | self._both)
        corners = corners[kept]
        picture = np.zeros((samples * samples, 4), np.float32)
        if len(kept):
            nearness = (1 / seen[:, 2])[scene.triangles[kept]]
            where, which, _ = visible(corners, nearness, samples)
            self._shade(picture, camera, kept, corners, nearness, where, which)
        small = picture.reshape(self._size, SUPER, self._size, SUPER, 4).mean((1, 3))
        alpha = small[:, :, 3:]
        color = small[:, :, :3] / np.maximum(alpha, 1e-6)
        coded = self._encode[np.clip(color * 4095 + 0.5, 0, 4095).astype(np.uint16)]
        return np.concatenate((coded, np.round(alpha * 255).astype(np.uint8)), 2)

    def close(self) -> None:
        """Nothing is held."""

    def _shade(
        self,
        picture: Floats,
        camera: Camera,
        kept: NDArray[np.int64],
        corners: NDArray[np.float64],
        nearness: NDArray[np.float64],
        where: NDArray[np.int64],
        which: NDArray[np.int64],
    ) -> None:
        scene = self._scene
        normals = scene.normals @ camera.axes.T.astype(np.float32)
        own = np.concatenate((np.ones((len(normals), 1), np.float32), scene.uvs, normals), 1)
        slopes = _slopes(corners, own[scene.triangles[kept]] * nearness[:, :, None])
        dx = ((where % self._samples) + 0.5 - corners[which, 0, 0]).astype(np.float32)[:, None]
        dy = ((where // self._samples) + 0.5 - corners[which, 0, 1]).astype(np.float32)[:, None]
        at = slopes[which]
        values = at[:, 0] * dx + at[:, 1] * dy + at[:, 2]
        uvs = values[:, 1:3] / values[:, :1]
        facing = values[:, 3:]
        facing /= np.sqrt(np.einsum("ij,ij->i", facing, facing))[:, None] + 1e-12
        owners = scene.owners[kept][which]
        turned = doubled_area(corners) > 0
        if turned.any():
            facing[turned[which]] *= -1
        for number in np.unique(owners):
            mine = owners == number
            texture = self._textures[number]
            material = scene.materials[number]
            base = np.array(material.color[:3], np.float32)
            if texture is not None:
                base = base * _sampled(texture, uvs[mine])
            picture[where[mine], :3] = lit(material, base, facing[mine])
        picture[where, 3] = 1.0


def lit(material: Material, base: Floats, facing: Floats) -> Floats:
    """Linear light of points by their base colour, (3,) or (n, 3), and their unit normals as the camera has them."""
    hemisphere = (facing[:, 1] * 0.5 + 0.5) * np.float32(light.SKY - light.FLOOR) + np.float32(light.FLOOR)
    key = np.maximum(facing @ np.array(light.KEY_FROM, np.float32), 0)
    fill = np.maximum(facing @ np.array(light.FILL_FROM, np.float32), 0)
    diffuse = hemisphere + key * np.float32(light.KEY) + fill * np.float32(light.FILL)
    color = base * diffuse[:, None] * np.float32(1 - material.metallic)
    exponent, strength = light.shine(material)
    if strength:
        mirror = np.float32(0.04) * np.float32(1 - material.metallic) + base * np.float32(material.metallic)
        half = np.maximum(facing @ np.array(light.HALF, np.float32), 0)
        up = np.clip(2 * facing[:, 2] * facing[:, 1] + np.float32(0.4), 0, 1)
        around = (np.float32(0.3) + np.float32(0.65) * up * up * (3 - 2 * up)) * np.float32(max(material.metallic, 0.5))
        color = color + mirror * (half**exponent * key * np.float32(strength) + around)[:, None]
    return np.minimum(color, 1)


def _slopes(corners: NDArray[np.float64], values: NDArray[np.float64]) -> Floats:
    """(m, 3, a): of each value its slopes along x and y, and what it is at the triangle's first corner."""
    area = doubled_area(corners)
    area = np.where(np.abs(area) < 1e-12, 1.0, area)[:, None]
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    rise1, rise2 = values[:, 1] - values[:, 0], values[:, 2] - values[:, 0]
    along_x = (rise1 * two[:, 1:] - rise2 * one[:, 1:]) / area
    along_y = (rise2 * one[:, :1] - rise1 * two[:, :1]) / area
    return np.stack((along_x, along_y, values[:, 0]), 1).astype(np.float32)


def _linear(texture: NDArray[np.uint8], samples: int, decode: Floats) -> Floats:
    """Linear RGB, (h, w, 3), no finer than the picture has samples for."""
    height, width = texture.shape[:2]
    factor = max(height, width) // samples
    if factor > 1:
        texture = np.asarray(Image.fromarray(texture).reduce(factor))
    return decode[texture[:, :, :3]]


def _sampled(texture: Floats, uvs: Floats) -> Floats:
    """Between the four nearest texels; the texture repeats."""
    height, width = texture.shape[:2]
    x = uvs[:, 0] * np.float32(width) - np.float32(0.5)
    y = uvs[:, 1] * np.float32(height) - np.float32(0.5)
    left, top = np.floor(x), np.floor(y)
    right_share, low_share = (x - left)[:, None], (y - top)[:, None]
    x0, y0 = left.astype(np.int64) % width, top.astype(np.int64) % height
    x1, y1 = (x0 + 1) % width, (y0 + 1) % height
    flat = texture.reshape(-1, 3)
    upper = flat[y0 * width + x0] * (1 - right_share) + flat[y0 * width + x1] * right_share
    lower = flat[y1 * width + x0] * (1 - right_share) + flat[y1 * width + x1] * right_share
    return upper * (1 - low_share) + lower * low_share
