"""What is drawn, and from where: triangles in metres, decoded textures, and the camera."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from devskyy_mcp.errors import Code, Refused

from ..gltf.model import Material, Model

Floats = NDArray[np.float32]
FIELD = 24.0
"""Degrees the camera sees: a long lens, as for product photos."""
MARGIN = 0.86
"""The part of the picture that the model may fill."""
TRIANGLES = 500_000
REPEATS = 10_000.0
"""How often a texture may repeat: what a file says beyond is noise."""
TEXTURE_PIXELS = 4096 * 4096


@dataclass(frozen=True, slots=True)
class View:
    """Degrees: ``yaw`` 0 sees the front, 90 the model's left side (+X); ``pitch`` looks down."""

    yaw: float
    pitch: float = 8.0


@dataclass(frozen=True, slots=True)
class Scene:
    """Triangles of all parts, and the material of each.

    Args:
        positions: (n, 3), metres; normals and uvs go with them.
        triangles: (m, 3), sorted by material.
        owners: (m,), the material of each triangle.
        materials: as in the model.
        textures: decoded, (h, w, 4) sRGB with alpha; None where a material has none.
    """

    positions: Floats
    normals: Floats
    uvs: Floats
    triangles: NDArray[np.int64]
    owners: NDArray[np.int64]
    materials: tuple[Material, ...]
    textures: tuple[NDArray[np.uint8] | None, ...]

    @property
    def low(self) -> NDArray[np.float64]:
        return self.positions.min(0).astype(np.float64)

    @property
    def high(self) -> NDArray[np.float64]:
        return self.positions.max(0).astype(np.float64)


def scene_of(model: Model) -> Scene:
    """The model as it is drawn.

    Raises:
        Refused: TOO_LARGE, or INVALID_ARGUMENTS where there is nothing to draw or a texture can't be read.
    """
    parts = [part for part in model.parts if len(part.triangles) and len(part.positions)]
    parts.sort(key=lambda part: part.material)
    count = sum(len(part.triangles) for part in parts)
    if not count:
        raise Refused(Code.INVALID_ARGUMENTS, "The model has no triangles.")
    if count > TRIANGLES:
        raise Refused(
            Code.TOO_LARGE, f"The model has {count:,} triangles; {TRIANGLES:,} are drawn.", "Make it smaller first."
        )
    materials = model.materials or (Material(""),)
    starts = np.cumsum([0, *(len(part.positions) for part in parts)])
    positions = np.concatenate([part.positions for part in parts]).astype(np.float32)
    if not np.isfinite(positions).all():
        raise Refused(Code.INVALID_ARGUMENTS, "The model has positions that are no numbers.")
    return Scene(
        positions,
        np.concatenate([part.normals for part in parts]).astype(np.float32),
        np.concatenate([_uvs(part.uvs, len(part.positions)) for part in parts]),
        np.concatenate(
            [part.triangles.astype(np.int64) + int(start) for part, start in zip(parts, starts, strict=False)]
        ),
        np.repeat([part.material for part in parts], [len(part.triangles) for part in parts]).astype(np.int64),
        materials,
        tuple(decoded(material.texture.content) if material.texture else None for material in materials),
    )


def _uvs(uvs: NDArray[np.float32] | None, count: int) -> Floats:
    if uvs is None:
        return np.zeros((count, 2), np.float32)
    return np.clip(np.nan_to_num(uvs), -REPEATS, REPEATS).astype(np.float32)


def decoded(content: bytes) -> NDArray[np.uint8]:
    """A texture's pixels, (h, w, 4) sRGB with alpha.

    Raises:
        Refused: TOO_LARGE above 4096 x 4096 pixels; INVALID_ARGUMENTS when it can't be read.
    """
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP")) as picture:
            if picture.width * picture.height > TEXTURE_PIXELS:
                raise Refused(Code.TOO_LARGE, f"A texture has {picture.width} x {picture.height} pixels.")
            return np.asarray(picture.convert("RGBA"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise Refused(Code.INVALID_ARGUMENTS, "A texture of the model can't be read.") from None


@dataclass(frozen=True, slots=True)
class Camera:
    """Where a square picture is taken from.

    Args:
        center: what it looks at, metres.
        axes: rows are its right, its up, and its back, which points at whoever looks.
        distance: from the center, metres.
    """

    center: NDArray[np.float64]
    axes: NDArray[np.float64]
    distance: float

    @property
    def focus(self) -> float:
        return 1 / math.tan(math.radians(FIELD / 2))

    def seen(self, points: Floats) -> NDArray[np.float64]:
        """The points as the camera has them: x and y in -1 to 1 (y up), and how far before it they are."""
        local = (points - self.center) @ self.axes.T
        depth = self.distance - local[:, 2]
        return np.column_stack((local[:, :2] * (self.focus / depth)[:, None], depth))


def axes_of(view: View) -> NDArray[np.float64]:
    yaw, pitch = math.radians(view.yaw), math.radians(view.pitch)
    right = np.array([math.cos(yaw), 0.0, -math.sin(yaw)])
    back = np.array([math.sin(yaw) * math.cos(pitch), math.sin(pitch), math.cos(yaw) * math.cos(pitch)])
    return np.stack([right, np.cross(back, right), back])


def cameras(scene: Scene, views: Sequence[View]) -> list[Camera]:
    """One for each view, all at one distance, from which the model fits the picture in every one of them."""
    center = (scene.low + scene.high) / 2
    local = scene.positions - center
    limit = math.tan(math.radians(FIELD / 2)) * MARGIN
    turned = [local @ axes_of(view).T for view in views]
    distance = max(float((np.abs(one[:, :2]).max(1) / limit + one[:, 2]).max()) for one in turned)
    return [Camera(center, axes_of(view), max(distance, 1e-6)) for view in views]
