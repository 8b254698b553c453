"""Pictures as files: encoders with one set of choices, and never a word about camera, place or time.

What is written is sRGB, which every viewer assumes where a file says nothing, so no profile goes with it.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from PIL import Image

Format = Literal["webp", "avif", "jpeg", "png"]
FORMATS: tuple[Format, ...] = ("webp", "avif", "jpeg", "png")
TYPES: dict[Format, str] = {"webp": "image/webp", "avif": "image/avif", "jpeg": "image/jpeg", "png": "image/png"}
QUALITY: dict[Format, int] = {"webp": 80, "avif": 60, "jpeg": 82, "png": 0}
"""Of the format's own scale, at which they look alike."""
SHOWN_BYTES = 180_000
"""What hosts show at most of one picture."""
SHOWN_EDGE = 1024
WHITE = (255, 255, 255)
_OPTIONS: dict[Format, dict[str, Any]] = {
    "webp": {"method": 4},
    "avif": {"speed": 6, "subsampling": "4:2:0", "max_threads": 1},
    "jpeg": {"progressive": True, "optimize": True, "subsampling": "4:2:0"},
    "png": {"optimize": True},
}


def encoded(image: Image.Image, kind: Format, quality: int | None = None) -> bytes:
    """The picture as a file of that format; transparency becomes white where the format has none.

    Args:
        image: RGB or RGBA, in sRGB.
        kind: the format.
        quality: 1 to 100 on the format's own scale; None for ``QUALITY``'s. PNG has none.
    """
    if kind == "jpeg":
        image = flat(image)
    image.info = {}  # encoders would write profile and Exif that still hang on it
    out = io.BytesIO()
    options = _OPTIONS[kind] if kind == "png" else {**_OPTIONS[kind], "quality": quality or QUALITY[kind]}
    image.save(out, kind.upper(), **options)
    return out.getvalue()


def scaled(mask: Image.Image, factor: float) -> Image.Image:
    """A mask with every value times that."""
    return mask.point([min(255, round(value * factor)) for value in range(256)])


def clearest(image: Image.Image) -> int:
    """The least alpha in the picture: 255 where all of it is opaque."""
    import numpy as np

    return int(np.asarray(image.getchannel("A")).min()) if image.mode == "RGBA" else 255


def flat(image: Image.Image, ground: tuple[int, int, int] = WHITE) -> Image.Image:
    """The picture without transparency, on a ground of that colour."""
    from PIL import Image

    if image.mode != "RGBA":
        return image
    out = Image.new("RGB", image.size, ground)
    out.paste(image, mask=image.getchannel("A"))
    return out


def shown(image: Image.Image) -> tuple[bytes, int, int]:
    """The picture small enough for hosts to show: WebP of at most 1024 pixels and 180 kB, with its width and height."""
    edge = SHOWN_EDGE
    while True:
        small = image.copy()
        small.thumbnail((edge, edge))
        for quality in (80, 65, 50):
            content = encoded(small, "webp", quality)
            if len(content) <= SHOWN_BYTES:
                return content, *small.size
        edge = edge * 3 // 4
