"""Lookbooks: pages that a reader of PDFs counts, the pictures on them, the same bytes each time."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image
from PIL.PdfParser import PdfParser

from devskyy_mcp.errors import Refused
from devskyy_tools.studio.pictures.lookbook import PAGES, lookbook

from .making import file, pixel, plain

LOOKS = [(file(plain(color)), f"Look {number}") for number, color in enumerate([(150, 20, 60), (30, 60, 150)] * 3)]

pytestmark = pytest.mark.requirement("media:lookbooks")


@pytest.mark.parametrize(("per_page", "pages"), [(1, 7), (2, 4), (4, 3)])
@pytest.mark.parametrize("shape", ["portrait", "landscape"])
def test_pages_are_a4_and_as_many_as_needed(shape: str, per_page: int, pages: int) -> None:
    made = lookbook("Autumn, 2026", LOOKS, shape, per_page)  # pyright: ignore[reportArgumentType] # a shape
    with PdfParser(buf=bytearray(made.content)) as pdf:
        assert (made.pages, len(pdf.pages)) == (pages, pages)
    width, height = (float(part) for part in re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+)", made.content)[0])
    assert sorted((width, height)) == pytest.approx([595, 842], abs=1)
    assert (width > height) is (shape == "landscape")
    assert Image.open(io.BytesIO(made.cover)).size == made.cover_size
    assert len(made.cover) <= 180_000


def test_the_same_looks_give_the_same_file() -> None:
    assert lookbook("Autumn", LOOKS, "portrait", 2) == lookbook("Autumn", LOOKS, "portrait", 2)


def test_the_cover_shows_the_first_look() -> None:
    cover = Image.open(io.BytesIO(lookbook("Autumn", LOOKS, "portrait", 1).cover)).convert("RGB")
    red, green, blue = pixel(cover, (cover.width // 2, cover.height // 3))
    assert (red, green, blue) == pytest.approx((150, 20, 60), abs=8)
    assert PAGES["portrait"][0] < PAGES["portrait"][1]


def test_letters_and_pictures_that_can_not_be_drawn_are_refused() -> None:
    with pytest.raises(Refused, match="has no"):
        lookbook("秋", LOOKS, "portrait", 2)
    with pytest.raises(Refused, match="damaged"):
        lookbook("Autumn", [(b"\x89PNG\r\n\x1a\n", "")], "portrait", 2)
