"""Whole renderings from a file's bytes, as they are run in a process of their own."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image

from ..gltf.read import Glb, read_glb
from . import film
from .draw import SHOWN, Studio, encoded, on_white
from .scene import View

FPS = 12
SHOWS = 9
"""Variants that a picture of them shows at most."""


class Drawn(NamedTuple):
    """A picture as WebP, its width and height, and what drew it: ``egl`` or ``numpy``."""

    content: bytes
    size: tuple[int, int]
    engine: str


class Turned(NamedTuple):
    """A turntable as animated WebP, and as MP4 where ffmpeg is there."""

    animation: bytes
    movie: bytes | None
    engine: str


def poster(content: bytes, variant: str | None, size: int, transparent: bool) -> Drawn:
    """The picture that stands in for the model."""
    studio = Studio(read_glb(content).scene(variant))
    return _drawn(studio.poster(size, transparent=transparent), studio)


def sheet(content: bytes, variant: str | None, size: int) -> Drawn:
    """Front, three quarters, side and back."""
    studio = Studio(read_glb(content).scene(variant))
    return _drawn(studio.sheet(size), studio)


def _drawn(content: bytes, studio: Studio) -> Drawn:
    with Image.open(io.BytesIO(content)) as picture:  # smaller than asked for, where it could not be shown else
        return Drawn(content, picture.size, studio.engine)


def turntable(content: bytes, variant: str | None, size: int, frames: int) -> Turned:
    """The model turned once around."""
    studio = Studio(read_glb(content).scene(variant))
    pictures = list(studio.turntable(size, frames))
    try:
        movie = film.mp4(pictures, fps=FPS)
    except (ImportError, OSError):
        movie = None
    return Turned(film.webp(pictures, fps=FPS), movie, studio.engine)


def looks(content: bytes, size: int) -> bytes:
    """The first variants of a file side by side, as WebP."""
    glb = read_glb(content)
    return _grid([_look(glb, name, size) for name in glb.variants[:SHOWS]], size)


def _look(glb: Glb, variant: str, size: int) -> Image.Image:
    return on_white(next(iter(Studio(glb.scene(variant)).pictures((View(28, 8),), size))))


def _grid(pictures: Sequence[Image.Image], size: int) -> bytes:
    columns = min(3, len(pictures))
    sheet = Image.new("RGB", (columns * size, -(-len(pictures) // columns) * size), "white")
    for number, picture in enumerate(pictures):
        sheet.paste(picture, (number % columns * size, number // columns * size))
    content = encoded(sheet, "WEBP", quality=80)
    return content if len(content) <= SHOWN else encoded(sheet, "WEBP", quality=40)
