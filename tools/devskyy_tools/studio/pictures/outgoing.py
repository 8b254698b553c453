"""Pictures on their way to a provider, and ones that came from there: whole functions for a process of their own."""

from __future__ import annotations

from dataclasses import dataclass

from ..photos.decode import decode
from .writing import SHOWN_BYTES, Format, encoded, shown

LONGEST = 2048
"""Pixels: what generators look at; larger pictures only make requests too large for their gateways."""
QUALITY = 92


@dataclass(frozen=True, slots=True)
class Looked:
    """A picture as results show it; ``preview`` (WebP) only where the file itself is too large for hosts to show."""

    width: int
    height: int
    preview: bytes | None
    preview_width: int = 0
    preview_height: int = 0


def outgoing(content: bytes) -> tuple[bytes, Format]:
    """The picture as it may leave this machine: upright, sRGB, at most 2048 pixels, and not a word on camera and place.

    Raises:
        Refused: as ``photos.decode`` does.
    """
    image = decode(content, longest=LONGEST).image
    kind: Format = "png" if image.mode == "RGBA" else "jpeg"
    return encoded(image, kind, QUALITY), kind


def looked(content: bytes) -> Looked:
    """What a result says of a picture, and shows.

    Raises:
        Refused: as ``photos.decode`` does: then it is no picture.
    """
    picture = decode(content)
    if len(content) <= SHOWN_BYTES:
        return Looked(picture.width, picture.height, None)
    preview, width, height = shown(picture.image)
    return Looked(picture.width, picture.height, preview, width, height)
