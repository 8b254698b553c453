"""Lookbooks: pictures with their captions on pages of A4, as PDF. Words are drawn, so they can't be selected."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageDraw

from ..films import staged
from ..photos.decode import decode
from .texts import check_text, fitted, font, width_of
from .writing import QUALITY, shown

Shape = Literal["portrait", "landscape"]
DPI = 160
PAGES: dict[Shape, tuple[int, int]] = {"portrait": (1322, 1870), "landscape": (1870, 1322)}
"""Pixels of A4 at that resolution."""
GRIDS: dict[int, tuple[int, int]] = {1: (1, 1), 2: (2, 1), 4: (2, 2)}
"""Columns and rows by how many pictures are on a page; two stand side by side on a lying page."""
_MARGIN, _GAP, _LINE = 96, 48, 52
_PAPER, _INK, _QUIET = (255, 255, 255), (28, 28, 32), (120, 120, 126)


@dataclass(frozen=True, slots=True)
class Lookbook:
    """A PDF, how many pages it has, and its cover as hosts show it, with width and height."""

    content: bytes
    pages: int
    cover: bytes
    cover_size: tuple[int, int]


def lookbook(title: str, pictures: Sequence[tuple[bytes, str]], shape: Shape, per_page: int) -> Lookbook:
    """Lay out the pictures: a cover with the first one, then so many to a page.

    Args:
        title: stands on the cover and in the file.
        pictures: each file with its caption.
        shape: of the pages.
        per_page: 1, 2 or 4.

    Raises:
        Refused: INVALID_ARGUMENTS for letters that the font lacks; as ``photos.decode`` does.
    """
    title = check_text(title)
    captions = [check_text(caption) if caption.strip() else "" for _, caption in pictures]
    pages = [_cover(title, pictures[0][0], PAGES[shape])]
    for start in range(0, len(pictures), per_page):
        some = [(content, captions[start + at]) for at, (content, _) in enumerate(pictures[start : start + per_page])]
        pages.append(_page(some, PAGES[shape], _grid(per_page, shape), f"{title}  ·  {start // per_page + 1}"))
    out = io.BytesIO()
    pages[0].save(
        out, "PDF", save_all=True, append_images=pages[1:], resolution=DPI, quality=QUALITY["jpeg"], title=title,
        producer="DevSkyy", creationDate=None, modDate=None,
    )  # fmt: skip
    cover, *size = shown(pages[0])
    return Lookbook(out.getvalue(), len(pages), cover, (size[0], size[1]))


def _grid(per_page: int, shape: Shape) -> tuple[int, int]:
    columns, rows = GRIDS[per_page]
    return (columns, rows) if shape == "landscape" or per_page != 2 else (rows, columns)


def _cover(title: str, content: bytes, size: tuple[int, int]) -> Image.Image:
    page = Image.new("RGB", size, _PAPER)
    foot = round(size[1] * 0.17)
    page.paste(_filled(content, (size[0], size[1] - foot)), (0, 0))
    height = 72
    while width_of(title, height) > size[0] - 2 * _MARGIN and height > 24:
        height -= 4
    words = fitted(title, height, size[0] - 2 * _MARGIN)
    at = (_MARGIN, size[1] - foot // 2 - height * 2 // 3)
    ImageDraw.Draw(page).text(at, words, _INK, font(height))
    return page


def _page(
    pictures: Sequence[tuple[bytes, str]], size: tuple[int, int], grid: tuple[int, int], foot: str
) -> Image.Image:
    page = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(page)
    columns, rows = grid
    wide = (size[0] - 2 * _MARGIN - (columns - 1) * _GAP) // columns
    high = (size[1] - 2 * _MARGIN - _LINE - (rows - 1) * _GAP) // rows
    for number, (content, caption) in enumerate(pictures):
        left = _MARGIN + number % columns * (wide + _GAP)
        top = _MARGIN + number // columns * (high + _GAP)
        page.paste(_filled(content, (wide, high - _LINE)), (left, top))
        draw.text((left, top + high - _LINE + 12), fitted(caption, 24, wide), _INK, font(24))
    draw.text((_MARGIN, size[1] - _MARGIN // 2 - 16), foot, _QUIET, font(18))
    return page


def _filled(content: bytes, size: tuple[int, int]) -> Image.Image:
    return staged(decode(content, longest=2 * max(size)).image, size)
