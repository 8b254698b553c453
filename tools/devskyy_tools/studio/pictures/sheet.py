"""Contact sheets: many pictures on one, numbered, small enough that a host shows it and a model sees all at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from ..photos.decode import decode
from .subject import ground_of
from .texts import fitted, font
from .writing import SHOWN_BYTES, encoded

EDGE = 1600
"""Pixels of the sheet's longer side at the most."""
_GAP = 12
_LINE = 22
_PAPER, _INK, _FIELD = (255, 255, 255), (40, 40, 44), (244, 244, 245)
_CHECKS = ((255, 255, 255), (226, 226, 230))


def sheet(pictures: Sequence[tuple[bytes, str]], columns: int | None = None) -> tuple[bytes, int, int]:
    """The pictures on one, as WebP of at most 180 kB, with its width and height.

    Args:
        pictures: each file with its caption; the number goes before it.
        columns: None for what comes nearest to a square.

    Raises:
        Refused: for a picture that can't be read.
    """
    columns = min(columns or math.ceil(math.sqrt(len(pictures))), len(pictures))
    rows = math.ceil(len(pictures) / columns)
    cell = min(480, (EDGE - _GAP) // columns - _GAP, (EDGE - _GAP) // rows - _GAP - _LINE)
    width, height = _GAP + columns * (cell + _GAP), _GAP + rows * (cell + _LINE + _GAP)
    out = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(out)
    for number, (content, caption) in enumerate(pictures):
        left = _GAP + number % columns * (cell + _GAP)
        top = _GAP + number // columns * (cell + _LINE + _GAP)
        out.paste(_field(content, cell), (left, top))
        words = fitted(f"{number + 1}  {caption}".rstrip(), _LINE - 7, cell)
        draw.text((left + 1, top + cell + 3), words, _INK, font(_LINE - 7))
    return _small(out)


def _field(content: bytes, cell: int) -> Image.Image:
    """One picture in a square, on a tone of its own; a chessboard shows through where it is transparent."""
    image = decode(content, longest=cell).image
    if image.mode == "RGBA":
        ground = _chessboard(image.size)
        ground.paste(image, mask=image.getchannel("A"))
        image = ground
        tone = _FIELD
    else:
        found, spread = ground_of(image)
        tone = found if spread < 8 else _FIELD
    field = Image.new("RGB", (cell, cell), tone)
    field.paste(image, ((cell - image.width) // 2, (cell - image.height) // 2))
    return field


def _chessboard(size: tuple[int, int], square: int = 10) -> Image.Image:
    tile = Image.new("RGB", (square * 2, square * 2), _CHECKS[0])
    for at in ((0, 0), (square, square)):
        tile.paste(_CHECKS[1], (*at, at[0] + square, at[1] + square))
    out = Image.new("RGB", size)
    for left in range(0, size[0], square * 2):
        for top in range(0, size[1], square * 2):
            out.paste(tile, (left, top))
    return out


def _small(image: Image.Image) -> tuple[bytes, int, int]:
    """As WebP within the budget: less quality first, then fewer pixels."""
    while True:
        for quality in (84, 70, 56):
            content = encoded(image.copy(), "webp", quality)
            if len(content) <= SHOWN_BYTES:
                return content, *image.size
        image = image.resize((image.width * 4 // 5, image.height * 4 // 5), Image.Resampling.LANCZOS)
