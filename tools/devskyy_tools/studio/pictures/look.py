"""What a picture is: size, colours, light, sharpness, what its file tells about camera and place."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image

from ..photos.decode import FORMATS, decode
from .colour import Colour, palette
from .sizes import thumbhash
from .subject import ground_of
from .writing import clearest

WORKING_EDGE = 1024
"""Pixels of the longer side at which sharpness is measured, so that it means the same for every picture."""
SOFT = 6.0
"""Sharpness below which a picture looks out of focus; product photos in focus have 15 and more."""
SMALL = 800
"""Pixels of the longer side below which shops can't zoom."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was found.

    Args:
        width: pixels, upright.
        height: the same.
        transparent: whether any of it is.
        thumbhash: base64.
        palette: colours with their shares, the largest first.
        ground: the colour of its border, where that is a plain one.
        brightness: mean lightness, 0 black to 100 white.
        sharpness: how strong the finest edges are; see ``SOFT``.
        exif: whether the file has camera data.
        location: whether these say where it was taken.
        warnings: what keeps it from being a good product picture, one sentence each.
    """

    width: int
    height: int
    transparent: bool
    thumbhash: str
    palette: list[Colour]
    ground: str | None
    brightness: float
    sharpness: float
    exif: bool
    location: bool
    warnings: list[str]


def look(content: bytes) -> Look:
    """Look at a picture's file.

    Raises:
        Refused: as ``photos.decode`` does.
    """
    picture = decode(content, longest=WORKING_EDGE)
    image = picture.image
    transparent = clearest(image) < 255
    ground, spread = ground_of(image)
    plain = not transparent and spread < 12
    exif, location = exif_of(content, picture.kind)
    light = np.asarray(image.convert("L")).astype(np.float64)
    visible = np.asarray(image.getchannel("A")) > 127 if transparent else np.ones(light.shape, dtype=bool)
    sharpness = _sharpness(light)
    warnings = list(picture.notes)
    if max(picture.width, picture.height) < SMALL:
        warnings.append(f"It is small: below {SMALL} pixels shops can't zoom.")
    elif sharpness < SOFT:
        warnings.append("It looks out of focus.")
    warnings += _of_light(light[visible], ground if plain else None)
    if location:
        warnings.append("Its file says where it was taken; whatever is made of it here does not.")
    return Look(
        picture.width, picture.height, transparent, thumbhash(image), palette(image),
        "#{:02x}{:02x}{:02x}".format(*ground) if plain else None,
        round(float(light[visible].mean() / 2.55), 1) if visible.any() else 0.0,
        round(sharpness, 1), exif, location, warnings,
    )  # fmt: skip


def exif_of(content: bytes, kind: str) -> tuple[bool, bool]:
    """Whether the file has Exif data, and whether these hold a place."""
    try:
        with Image.open(io.BytesIO(content), formats=[FORMATS[kind]]) as file:
            found = file.getexif()
            return bool(found), bool(found.get_ifd(ExifTags.IFD.GPSInfo))
    except Exception:  # damaged ones say nothing that can be read
        return False, False


def _sharpness(light: np.ndarray) -> float:
    """The strongest thousandth of the Laplacian: a plain background does not make a sharp picture a soft one."""
    if min(light.shape) < 3:
        return 0.0
    middle = light[1:-1, 1:-1] * 4
    edges = np.abs(middle - light[:-2, 1:-1] - light[2:, 1:-1] - light[1:-1, :-2] - light[1:-1, 2:])
    return float(np.percentile(edges, 99.9)) / 4


def _of_light(light: np.ndarray, ground: tuple[int, int, int] | None) -> list[str]:
    """What is wrong with its light; a plain background of any brightness is meant."""
    if ground is not None:
        level = 0.299 * ground[0] + 0.587 * ground[1] + 0.114 * ground[2]
        light = light[np.abs(light - level) > 12]
    if light.size < 50:
        return []
    found: list[str] = []
    if np.percentile(light, 95) < 70 and light.mean() < 40:
        found.append("It is dark: adjust with exposure may help.")
    if np.percentile(light, 5) > 200 and ground is None:
        found.append("It is very bright.")
    if np.mean(light >= 254) > 0.35:
        found.append("Large parts are overexposed.")
    return found
