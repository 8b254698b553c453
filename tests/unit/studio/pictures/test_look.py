"""What is told of a picture, and which pictures are told apart."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from devskyy_tools.media.words import LONGEST, alt_text
from devskyy_tools.studio.pictures.colour import NAMES, name_of, palette
from devskyy_tools.studio.pictures.likeness import Group, groups, print_of
from devskyy_tools.studio.pictures.look import look
from devskyy_tools.studio.pictures.sheet import sheet
from tests.fakes.photos import draw

from .making import file, located, plain, quarters


@pytest.mark.requirement("media:describe")
def test_palette_names_colours_with_their_shares() -> None:
    image = Image.new("RGB", (400, 400), (255, 255, 255))
    ImageDraw.Draw(image).rectangle((100, 100, 299, 299), (26, 32, 74))
    ImageDraw.Draw(image).rectangle((100, 100, 299, 139), (206, 24, 38))
    found = palette(image)
    assert [one.name for one in found] == ["white", "navy", "red"]
    assert [one.share for one in found] == pytest.approx([0.75, 0.2, 0.05], abs=0.02)
    assert found[1].hex == pytest.approx("#1a204a")


def test_each_name_is_that_of_its_own_colour() -> None:
    assert [name for name, rgb in NAMES.items() if name_of(rgb) != name] == []


def test_what_is_transparent_has_no_colour() -> None:
    image = Image.new("RGBA", (100, 100), (255, 0, 0, 0))
    assert palette(image) == []
    image.paste((40, 138, 66, 255), (0, 0, 50, 100))
    assert [(one.name, one.share) for one in palette(image)] == [("green", 1.0)]


@pytest.mark.requirement("media:describe")
def test_place_and_camera_are_told_without_being_shown() -> None:
    found = look(located(quarters((1200, 900))))
    assert (found.exif, found.location) == (True, True)
    assert any("where it was taken" in one for one in found.warnings)
    assert "48" not in str(found.warnings)
    bare = look(file(quarters((1200, 900)), "JPEG"))
    assert (bare.exif, bare.location, bare.warnings) == (False, False, [])


@pytest.mark.requirement("media:describe")
def test_soft_dark_and_small_pictures_are_told() -> None:
    photo = Image.open(io.BytesIO(draw(1, noise=1.0, quality=92).content))
    assert look(file(photo, "JPEG")).warnings == []
    assert "out of focus" in str(look(file(photo.filter(ImageFilter.GaussianBlur(9)), "JPEG")).warnings)
    assert "dark" in str(look(file(ImageEnhance.Brightness(photo).enhance(0.12), "JPEG")).warnings)
    small = photo.copy()
    small.thumbnail((500, 500))
    assert "small" in str(look(file(small, "JPEG")).warnings)


@pytest.mark.requirement("media:describe")
def test_alt_text_is_made_of_facts_alone() -> None:
    image = Image.new("RGB", (900, 900), (254, 254, 254))
    ImageDraw.Draw(image).rectangle((300, 300, 600, 600), (26, 32, 74))
    found = look(file(image))
    assert alt_text("Wool Coat", "Navy", found)[0] == "Wool Coat in navy on a plain white background"
    assert alt_text("Navy Wool Coat", "navy", found)[0] == "Navy Wool Coat on a plain white background"
    text, grounds = alt_text("", "", found)
    assert text is None
    assert "No model has looked" in grounds
    long = alt_text("Coat " * 60, "", found)[0]
    assert long is not None
    assert len(long) <= LONGEST


@pytest.mark.requirement("media:duplicates")
def test_copies_are_found_and_other_products_are_not() -> None:
    """Each of 12 photos resized, recompressed, turned to another format and a little brighter: together they are one
    group, and no two products share one.
    """
    contents: dict[str, bytes] = {}
    for seed in range(1, 13):
        content = draw(seed, background="white", color=_color(seed), print="none" if seed % 2 else "stripes").content
        image = Image.open(io.BytesIO(content))
        small = image.resize((image.width // 3, image.height // 3))
        contents |= {
            f"{seed} whole": content,
            f"{seed} small": file(small, "PNG"),
            f"{seed} webp": file(image, "WEBP", quality=40),
            f"{seed} bright": file(ImageEnhance.Brightness(image).enhance(1.03), "JPEG", quality=55),
        }
    found = groups({name: print_of(content) for name, content in contents.items()})
    together = [{name.split()[0] for name in group.members} for group in found]
    assert all(len(seeds) == 1 for seeds in together), "no two products in one group"
    assert sorted(len(group.members) for group in found) == [4] * 12


def _color(seed: int) -> tuple[int, int, int]:
    rng = np.random.default_rng(seed * 7)
    red, green, blue = (int(value) for value in rng.integers(20, 215, 3))
    return red, green, blue


@pytest.mark.requirement("media:duplicates")
def test_the_same_cut_in_another_colour_is_another_product() -> None:
    red, blue = (
        draw(1, color=color, background="white", print="none").content for color in ((180, 30, 40), (30, 40, 180))
    )
    assert groups({"red": print_of(red), "blue": print_of(blue)}) == []
    assert groups({"one": print_of(red), "two": print_of(red)}) == [Group(["one", "two"], 0)]


@pytest.mark.requirement("media:sheets")
@pytest.mark.parametrize("count", [1, 5, 24])
def test_a_sheet_is_small_and_whole(count: int) -> None:
    photos = [(draw(seed, noise=12.0).content, f"Look {seed}") for seed in range(count)]
    content, width, height = sheet(photos)
    image = Image.open(io.BytesIO(content))
    assert len(content) <= 180_000
    assert image.size == (width, height)
    assert max(image.size) <= 1600


@pytest.mark.requirement("media:sheets")
def test_a_sheet_of_noise_stays_within_the_budget() -> None:
    rng = np.random.default_rng(3)
    noise = [file(Image.fromarray(rng.integers(0, 256, (400, 400, 3), dtype=np.uint8)), "JPEG") for _ in range(24)]
    content, *_ = sheet([(one, "x" * 80) for one in noise], columns=6)
    assert len(content) <= 180_000


def test_pictures_stand_in_the_order_of_their_numbers() -> None:
    colours = [(200, 30, 40), (30, 160, 60), (40, 60, 200), (230, 200, 40)]
    content, width, height = sheet([(file(plain(color)), "") for color in colours], columns=2)
    image = Image.open(io.BytesIO(content)).convert("RGB")
    spots = [
        (width // 4, height // 4),
        (width * 3 // 4, height // 4),
        (width // 4, height * 3 // 4 - 10),
        (width * 3 // 4, height * 3 // 4 - 10),
    ]
    for at, color in zip(spots, colours, strict=True):
        assert np.abs(np.array(image.getpixel(at)) - np.array(color)).max() < 24
