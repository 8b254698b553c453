"""Posters, sheets and turntables of a model, by whichever renderer the machine has."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..gltf.model import Model
from .scene import Camera, Scene, View, cameras, scene_of
from .shadow import Shadow

Engine = Literal["auto", "egl", "numpy"]
POSTER = View(28, 8)
SHEET = (View(0, 3), View(38, 10), View(90, 3), View(180, 3))
"""Front, three quarters, side, back."""
PITCH = 8.0
SHOWN = 180_000
"""Bytes up to which surfaces show a picture."""
WHITE = (255, 255, 255)


class Renderer(Protocol):
    """Draws one scene at one size; ``draw`` gives (size, size, 4), sRGB with straight alpha."""

    name: str

    def draw(self, camera: Camera) -> NDArray[np.uint8]: ...
    def close(self) -> None: ...


def renderer(scene: Scene, size: int, engine: Engine = "auto") -> Renderer:
    """The better of the renderers that this machine has.

    Raises:
        OSError, ImportError: when ``engine`` asks for EGL, and there is none.
    """
    if engine != "numpy":
        try:
            from .by_egl import EglRenderer

            return EglRenderer(scene, size)
        except (ImportError, OSError):
            if engine == "egl":
                raise
    from .by_numpy import NumpyRenderer

    return NumpyRenderer(scene, size)


class Studio:
    """One model, ready to be drawn from anywhere."""

    def __init__(self, model: Model, engine: Engine = "auto") -> None:
        self.scene = scene_of(model)
        self._engine: Engine = engine
        self._shadow = Shadow(self.scene)
        self.engine = ""

    def pictures(self, views: tuple[View, ...], size: int, *, shadow: bool = True) -> Iterator[Image.Image]:
        """RGBA pictures with straight alpha, all from one distance."""
        with closing(renderer(self.scene, size, self._engine)) as drawing:
            self.engine = drawing.name
            for camera in cameras(self.scene, views):
                picture = drawing.draw(camera)
                yield Image.fromarray(_over(picture, self._shadow.seen(camera, size)) if shadow else picture)

    def poster(self, size: int, *, transparent: bool = False) -> bytes:
        """One picture as WebP, for people to see before the model is there; at most ``SHOWN`` bytes."""
        picture = next(iter(self.pictures((POSTER,), size)))
        return _small(picture if transparent else on_white(picture))

    def sheet(self, size: int) -> bytes:
        """Front, three quarters, side and back in one WebP of ``size`` pixels square; at most ``SHOWN`` bytes."""
        half = size // 2
        sheet = Image.new("RGB", (size, size), WHITE)
        for index, picture in enumerate(self.pictures(SHEET, half)):
            sheet.paste(on_white(picture), (index % 2 * half, index // 2 * half))
        return _small(sheet)

    def turntable(self, size: int, frames: int) -> Iterator[Image.Image]:
        """The model turned once around, on white."""
        views = tuple(View(360 * number / frames, PITCH) for number in range(frames))
        return (on_white(picture) for picture in self.pictures(views, size))

    def silhouette(self, size: int) -> NDArray[np.bool_]:
        """Where the model is, from the front and level."""
        picture = next(iter(self.pictures((View(0, 0),), size, shadow=False)))
        return np.asarray(picture)[:, :, 3] >= 128


def on_white(picture: Image.Image) -> Image.Image:
    ground = Image.new("RGB", picture.size, WHITE)
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground


def _over(picture: NDArray[np.uint8], dark: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The model before its shadow, which is black of some alpha."""
    if not dark.any():
        return picture
    own = picture[:, :, 3].astype(np.float32)
    alpha = own + dark * (1 - own / 255)
    share = (own / np.maximum(alpha, 1e-6))[:, :, None]
    return np.dstack((np.round(picture[:, :, :3] * share), np.round(alpha))).astype(np.uint8)


def _small(picture: Image.Image) -> bytes:
    """As WebP, of the best quality that surfaces still show."""
    for quality in (86, 75, 60, 40):
        content = encoded(picture, "WEBP", quality=quality, method=4)
        if len(content) <= SHOWN:
            return content
    return encoded(picture.resize((picture.width // 2, picture.height // 2)), "WEBP", quality=70)


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()
