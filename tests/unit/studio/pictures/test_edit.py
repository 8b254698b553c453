"""Steps of editing: what each does to pixels, and which pictures it refuses."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from devskyy_mcp.errors import Code, Refused
from devskyy_tools.studio.pictures.edit import Edited, edit
from devskyy_tools.studio.pictures.steps import Adjust, Canvas, Crop, CutOut, Shadow, Step, Upscale, Watermark
from tests.fakes.photos import draw

from .making import file, pixel, plain

GROUND = (236, 234, 230)


def product(size: tuple[int, int] = (800, 600), box: tuple[int, int, int, int] = (300, 200, 500, 450)) -> bytes:
    image = Image.new("RGB", size, GROUND)
    ImageDraw.Draw(image).rectangle(box, (150, 20, 60))
    return file(image)


def pixels(made: Edited) -> Image.Image:
    return Image.open(io.BytesIO(made.content))


def done(content: bytes, *steps: Step, kind: str = "png", **marks: bytes) -> Image.Image:
    return pixels(edit(content, steps, kind, marks))  # pyright: ignore[reportArgumentType] # a format


def refused(content: bytes, *steps: Step) -> Refused:
    with pytest.raises(Refused) as caught:
        edit(content, steps, "webp", {})
    return caught.value


@pytest.mark.requirement("media:edit")
def test_cut_out_leaves_the_product_and_nothing_else() -> None:
    photo = draw(6, garment="bag", background="grey", color=(60, 40, 160), print="none")
    image = done(photo.content, CutOut(do="cut_out"))
    found = np.asarray(image.getchannel("A")) > 127
    assert (found & photo.mask).sum() / (found | photo.mask).sum() > 0.97
    half = (np.asarray(image.getchannel("A")) > 60) & (np.asarray(image.getchannel("A")) < 200)
    fringe = np.asarray(image.convert("RGB"))[half].mean(axis=0)
    assert fringe[2] > fringe[0] + 30, "the edge has the bag's colour, not the grey of the background"


@pytest.mark.requirement("media:edit")
def test_crop_to_the_subject_keeps_its_margin() -> None:
    image = done(product(), Crop(do="crop", subject=True, margin=10))
    assert image.size == pytest.approx((201 + 50, 251 + 50), abs=8)


def test_crop_to_the_subject_in_a_ratio_keeps_all_of_it() -> None:
    image = done(product(), Crop(do="crop", subject=True, ratio="4:5", margin=0))
    assert image.width / image.height == pytest.approx(0.8, abs=0.01)
    assert (np.abs(np.asarray(image).astype(int) - (150, 20, 60)).max(axis=-1) < 8).sum() == 201 * 251


def test_crop_by_box_and_ratio() -> None:
    assert done(product(), Crop(do="crop", box=[25, 0, 75, 100])).size == (400, 600)
    assert done(product(), Crop(do="crop", ratio="1:1")).size == (600, 600)
    assert "box is empty" in refused(product(), Crop(do="crop", box=[50, 0, 50, 100])).message


def test_what_has_no_subject_is_refused_with_the_step_to_take() -> None:
    flat = refused(file(plain(GROUND)), Crop(do="crop", subject=True))
    rng = np.random.default_rng(2)
    busy = file(Image.fromarray(rng.integers(0, 256, (300, 300, 3), dtype=np.uint8)))
    for answer in (flat, refused(busy, Crop(do="crop", subject=True))):
        assert answer.code is Code.INVALID_ARGUMENTS
        assert answer.message.startswith("Step 1, crop: ")
        assert "cut_out" in answer.hint


@pytest.mark.requirement("media:edit")
@pytest.mark.parametrize(("ratio", "share"), [("1:1", 1.0), ("4:5", 0.8), ("16:9", 16 / 9)])
def test_canvas_shows_all_of_the_picture(ratio: str, share: float) -> None:
    image = done(product(), Canvas(do="canvas", ratio=ratio, color="#102030", margin=10))
    assert image.width / image.height == pytest.approx(share, abs=0.01)
    assert image.getpixel((1, 1)) == (16, 32, 48)
    inside = np.abs(np.asarray(image).astype(int) - (16, 32, 48)).max(axis=-1) > 8
    assert inside.sum() == 800 * 600


def test_shadow_needs_a_cut_out_and_darkens_below_it() -> None:
    assert "Put cut_out before" in refused(product(), Shadow(do="shadow")).hint
    bag = Image.new("RGBA", (600, 600), (0, 0, 0, 0))
    ImageDraw.Draw(bag).rectangle((150, 150, 450, 450), (200, 30, 60, 255))
    image = done(file(bag), Shadow(do="shadow", strength=0.6))
    alpha = np.asarray(image.getchannel("A")).astype(int)
    rows = np.nonzero((alpha == 255).any(axis=1))[0]
    below = alpha[rows[-1] + 4]
    assert below.max() > 60, "dark where it stands"
    assert alpha[rows[0] - 4].max() == 0, "and nothing above it"
    assert alpha[-1].max() < 6, "and it ends softly"


@pytest.mark.requirement("media:edit")
def test_exposure_counts_in_stops_of_light() -> None:
    image = done(file(plain((100, 100, 100))), Adjust(do="adjust", exposure=1))
    linear = ((100 / 255 + 0.055) / 1.055) ** 2.4 * 2
    assert image.getpixel((5, 5))[0] == pytest.approx(255 * (1.055 * linear ** (1 / 2.4) - 0.055), abs=1)  # pyright: ignore[reportIndexIssue, reportOptionalSubscript] # RGB


def test_white_balance_makes_a_tinted_background_grey() -> None:
    warm = Image.new("RGB", (400, 400), (240, 225, 200))
    ImageDraw.Draw(warm).rectangle((150, 150, 250, 250), (40, 60, 120))
    red, green, blue = pixel(done(file(warm), Adjust(do="adjust", white_balance=True)), (5, 5))
    assert max(red, green, blue) - min(red, green, blue) <= 2
    assert green == pytest.approx(226, abs=6)


def test_contrast_and_saturation() -> None:
    image = done(file(plain((180, 120, 120))), Adjust(do="adjust", saturation=-100))
    red, green, blue = pixel(image, (5, 5))
    assert red == green == blue
    assert done(file(plain((200, 200, 200))), Adjust(do="adjust", contrast=50)).getpixel((5, 5)) > (200, 200, 200)  # pyright: ignore[reportOperatorIssue] # RGB
    assert "nothing to adjust" in refused(product(), Adjust(do="adjust")).message


def test_upscale_says_that_it_adds_no_detail() -> None:
    made = edit(product(), [Upscale(do="upscale", factor=2)], "webp", {})
    assert (made.width, made.height) == (1600, 1200)
    assert "no detail was added" in made.did[0]
    assert refused(file(plain(size=(5000, 5000)), "JPEG"), Upscale(do="upscale", factor=4)).code is Code.TOO_LARGE


@pytest.mark.parametrize("ground", [(250, 250, 250), (20, 20, 24)])
def test_a_mark_is_legible_on_any_ground(ground: tuple[int, int, int]) -> None:
    image = done(file(plain(ground)), Watermark(do="watermark", text="Skyy Rosé", opacity=1, width=40))
    part = np.asarray(image.convert("L")).astype(int)[360:, 320:]
    assert np.abs(part - part[0, 0]).max() > 150
    assert np.abs(np.asarray(image.convert("L")).astype(int)[:240, :320] - part[0, 0]).max() < 3


def test_a_mark_of_an_asset_has_its_opacity() -> None:
    mark = file(plain((255, 0, 0)))
    step = Watermark(do="watermark", asset="mark", place="center", opacity=0.5, width=50)
    image = done(file(plain((0, 0, 0))), step, mark=mark)
    assert image.getpixel((320, 240)) == pytest.approx((128, 0, 0), abs=2)
    assert image.getpixel((5, 5)) == (0, 0, 0)


def test_letters_that_the_font_lacks_are_refused() -> None:
    answer = refused(product(), Watermark(do="watermark", text="漢字"))
    assert "has no 字 漢" in answer.message
    assert done(product(), Watermark(do="watermark", text="Łódź Ωmega Скай"))


@pytest.mark.requirement("media:edit")
def test_steps_follow_each_other_and_say_what_they_did() -> None:
    photo = draw(10, background="pastel", color=(60, 40, 160), garment="bag")
    steps: list[Step] = [
        CutOut(do="cut_out"),
        Crop(do="crop", subject=True, margin=2),
        Shadow(do="shadow"),
        Canvas(do="canvas", ratio="4:5"),
    ]
    made = edit(photo.content, steps, "jpeg", {})
    assert [one.partition(":")[0] for one in made.did] == ["cut_out", "crop", "shadow", "canvas"]
    assert made.width / made.height == pytest.approx(0.8, abs=0.01)
    assert pixels(made).getpixel((2, 2)) == (255, 255, 255)
    assert edit(photo.content, steps, "jpeg", {}) == made


def test_a_preview_comes_where_the_file_is_too_large_to_be_shown() -> None:
    rng = np.random.default_rng(4)
    noise = file(Image.fromarray(rng.integers(0, 256, (1500, 1500, 3), dtype=np.uint8)), "JPEG")
    made = edit(noise, [Crop(do="crop", ratio="1:1")], "webp", {})
    assert made.preview is not None
    assert len(made.preview) <= 180_000
    assert max(made.preview_size) <= 1024
    assert edit(product(), [Crop(do="crop", ratio="1:1")], "webp", {}).preview is None
