"""Pictures decoded no larger than they are needed."""

from __future__ import annotations

import io
import math

from PIL import Image

from ..photos.decode import Picture, decode


def opened(content: bytes, width: int | None = None) -> Picture:
    """The picture, upright and in sRGB.

    Args:
        content: its file.
        width: pixels that are needed; a larger picture is scaled down to it, and a JPEG decoded so at once.

    Raises:
        Refused: as ``photos.decode`` does.
    """
    return decode(content, longest=_longest(content, width) if width else None)


def _longest(content: bytes, width: int) -> int | None:
    """The longer side of the picture once it is that wide; None where its head can't be read, or it is narrower."""
    try:
        with Image.open(io.BytesIO(content)) as file:
            own, high = file.size[::-1] if file.getexif().get(0x0112, 1) >= 5 else file.size
    except Exception:  # what is wrong with it is for ``decode`` to say
        return None
    return max(width, math.ceil(high * width / own)) if own > width else None
