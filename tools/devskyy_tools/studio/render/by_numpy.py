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
        self._both = np.array([material.double_sided for material in scene.materials])[scene.owners]
        self._cuts = np.array([light.cut(material) for material in scene.materials], np.float32)

    def draw(self, camera: Camera) -> NDArray[np.uint8]:
        """The picture, (size, size, 4), sRGB with straight alpha."""
        scene, samples = self._scene, self._samples
        seen = camera.seen(scene.positions)
        places = (seen[:, :2] * (0.5, -0.5) + 0.5) * samples
        corners = places[scene.triangles]
        kept = np.flatnonzero((doubled_area(corners) < 0) | self._both)
        picture: Floats = np.zeros((samples * samples, 4), np.float32)
        if len(kept):
            nearness: NDArray[np.float64] = (1 / seen[:, 2])[scene.triangles[kept]]
            self._shade(picture, _Seen(scene, camera, kept, corners[kept], nearness))
        small = picture.reshape(self._size, SUPER, self._size, SUPER, 4).mean((1, 3))
        alpha: Floats = small[:, :, 3:]
        color = small[:, :, :3] / np.maximum(alpha, 1e-6)
        coded = self._encode[np.clip(color * 4095 + 0.5, 0, 4095).astype(np.uint16)]
        return np.concatenate((coded, np.round(alpha * 255).astype(np.uint8)), 2)

    def close(self) -> None:
        """Nothing is held."""

    def _shade(self, picture: Floats, seen: _Seen) -> None:
        scene, samples = self._scene, self._samples

        def solid(which: NDArray[np.int64], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.bool_]:
            owners = scene.owners[seen.kept[which]]
            kept = np.ones(len(which), np.bool_)
            for number in np.flatnonzero(self._cuts).tolist():
                mine = np.flatnonzero(owners == number)
                kept[mine] = (
                    self._alpha(number, seen.at(which[mine], rows[mine], columns[mine])[0]) >= self._cuts[number]
                )
            return kept

        where, which, _ = visible(seen.corners, seen.nearness, samples, solid if self._cuts.any() else None)
        uvs, facing = seen.at(which, where // samples, where % samples)
        facing /= np.sqrt(np.einsum("ij,ij->i", facing, facing))[:, None] + 1e-12
        turned = doubled_area(seen.corners) > 0
        facing[turned[which]] *= -1
        owners = scene.owners[seen.kept][which]
        for number, material in enumerate(scene.materials):
            mine = np.flatnonzero(owners == number)
            texture = self._textures[number]
            base: Floats = np.array(material.color[:3], np.float32)
            if texture is not None:
                base = base * _sampled(texture, uvs[mine])
            picture[where[mine], :3] = lit(material, base, facing[mine])
        picture[where, 3] = 1.0

    def _alpha(self, number: int, uvs: Floats) -> Floats:
        """Of the nearest texels: the border of a hole is made soft by the samples."""
        texture, own = self._scene.textures[number], self._scene.materials[number].color[3]
        if texture is None:
            return np.full(len(uvs), own, np.float32)
        height, width = texture.shape[:2]
        x, y = (np.mod(uvs, np.float32(1)) * np.array((width, height), np.float32)).astype(np.int64).T
        return texture[y % height, x % width, 3].astype(np.float32) * np.float32(own / 255)


class _Seen:
    """The triangles that face a camera, and what changes over each, with the perspective's share taken out."""

    def __init__(
        self,
        scene: Scene,
        camera: Camera,
        kept: NDArray[np.int64],
        corners: NDArray[np.float64],
        nearness: NDArray[np.float64],
    ) -> None:
        self.kept, self.corners, self.nearness = kept, corners, nearness
        normals = scene.normals @ camera.axes.T.astype(np.float32)
        own = np.concatenate((np.ones((len(normals), 1), np.float32), scene.uvs, normals), 1)
        self._slopes = _slopes(corners, own[scene.triangles[kept]] * nearness[:, :, None])

    def at(
        self, which: NDArray[np.int64], rows: NDArray[np.int64], columns: NDArray[np.int64]
    ) -> tuple[Floats, Floats]:
        """Texture coordinates, and normals of any length, where triangles are seen."""
        dx = (columns + 0.5 - self.corners[which, 0, 0]).astype(np.float32)[:, None]
        dy = (rows + 0.5 - self.corners[which, 0, 1]).astype(np.float32)[:, None]
        slopes = self._slopes[which]
        values = slopes[:, 0] * dx + slopes[:, 1] * dy + slopes[:, 2]
        return values[:, 1:3] / values[:, :1], values[:, 3:]


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
    return np.minimum(color, np.float32(1)).astype(np.float32, copy=False)


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
    height, width = int(texture.shape[0]), int(texture.shape[1])
    places = np.mod(uvs, np.float32(1)) * np.array((width, height), np.float32) - np.float32(0.5)
    x, y = places[:, 0], places[:, 1]
    left, top = np.floor(x), np.floor(y)
    right_share, low_share = (x - left)[:, None], (y - top)[:, None]
    x0, y0 = left.astype(np.int64) % width, top.astype(np.int64) % height
    x1, y1 = (x0 + 1) % width, (y0 + 1) % height
    flat = texture.reshape(-1, 3)
    upper = flat[y0 * width + x0] * (1 - right_share) + flat[y0 * width + x1] * right_share
    lower = flat[y1 * width + x0] * (1 - right_share) + flat[y1 * width + x1] * right_share
    return (upper * (1 - low_share) + lower * low_share).astype(np.float32, copy=False)
