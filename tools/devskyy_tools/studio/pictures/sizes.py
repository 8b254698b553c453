"""Responsive variants: one decode, each width made of the next larger one, encoders side by side.

The encoders leave Python's lock alone, so two threads use two cores; the caller puts the whole into a process of its
own, where a picture that brings a decoder down brings down nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .opening import opened
from .writing import Format, encoded

if TYPE_CHECKING:
    from PIL import Image

ENCODERS = 2
WIDTHS = (320, 480, 768, 1024, 1536, 2048)
THUMB = 100
"""Pixels of the longer edge that a thumbhash is made of, its most."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One file. ``width`` and ``height`` in pixels."""

    format: Format
    width: int
    height: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Variants:
    """All sizes of a picture.

    Args:
        width: pixels of the picture itself, upright.
        height: the same.
        thumbhash: base64 of at most 25 bytes, from which a page draws a blurred stand-in.
        files: by format, then width, smallest first.
    """

    width: int
    height: int
    thumbhash: str
    files: list[Variant]


def variants(
    content: bytes,
    widths: Sequence[int] = WIDTHS,
    formats: Sequence[Format] = ("webp", "avif"),
    quality: int | None = None,
) -> Variants:
    """The picture in these widths and formats; one that is narrower is given once in its own width.

    Args:
        content: a picture's file.
        widths: pixels; those wider than the picture are left out.
        formats: which files are made of each.
        quality: 1 to 100; None for each format's usual one.

    Raises:
        Refused: for what is no picture or too large a one (``photos.decode``).
    """
    picture = opened(content, max(widths))
    scaled = cascade(picture.image, fitting(widths, picture.width), picture.height / picture.width)
    # The largest first: then no encoder works alone at the end.
    work: list[tuple[Format, Image.Image]] = [(kind, image) for image in reversed(scaled) for kind in formats]

    def one(kind: Format, image: Image.Image) -> Variant:
        return Variant(kind, *image.size, encoded(image.copy(), kind, quality))

    with ThreadPoolExecutor(ENCODERS) as pool:
        files = list(pool.map(one, (kind for kind, _ in work), (image for _, image in work)))
    files.sort(key=lambda file: (formats.index(file.format), file.width))
    return Variants(picture.width, picture.height, thumbhash(scaled[0]), files)


def fitting(widths: Sequence[int], own: int) -> list[int]:
    """The widths that don't enlarge, ascending; where any is left out or none fits, the picture's own as well."""
    fit = sorted({width for width in widths if width <= own})
    return fit if fit and max(widths) <= own else sorted({*fit, min(own, max(widths))})


def cascade(picture: Image.Image, widths: Sequence[int], ratio: float) -> list[Image.Image]:
    """The picture in each width, ascending as they are given; each is made of the next larger one.

    Args:
        picture: at least as wide as the widest.
        widths: pixels.
        ratio: height by width.
    """
    from PIL import Image

    out: list[Image.Image] = []
    for width in reversed(widths):
        if picture.width != width:
            size = (width, max(1, round(width * ratio)))
            # Twice the pixels that are needed are enough for Lanczos; the box filter before it is much faster.
            picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
        out.append(picture)
    return out[::-1]


def thumbhash(picture: Image.Image) -> str:
    """Base64 of the picture's thumbhash."""
    import base64

    import thumbhash as hashes

    small = picture.convert("RGBA")
    small.thumbnail((THUMB, THUMB))
    return base64.b64encode(bytes(hashes.rgba_to_thumb_hash(*small.size, small.tobytes()))).decode()


def srcset(addresses: Sequence[tuple[str, int]]) -> str:
    """The attribute ``srcset`` (HTML 4.8.4.2.1): each address with its width in pixels."""
    return ", ".join(f"{url} {width}w" for url, width in addresses)
