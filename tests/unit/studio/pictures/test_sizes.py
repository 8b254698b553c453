"""Variants: every width once, upright, in sRGB, with nothing of the camera; the same bytes each time."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from devskyy_mcp.errors import Refused
from devskyy_tools.studio.pictures.sizes import WIDTHS, fitting, srcset, variants
from devskyy_tools.studio.pictures.writing import FORMATS, encoded, shown

from .making import GAMMA, file, located, moving, plain, profile, quarters, to_xyz

SRGB_TO_XYZ_D50 = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def expected(name: str, color: tuple[int, int, int]) -> np.ndarray:
    """The colour in sRGB, by the matrices of both spaces."""
    linear = np.linalg.solve(SRGB_TO_XYZ_D50, to_xyz(name) @ (np.array(color) / 255) ** GAMMA).clip(0, 1)
    return 255 * np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.requirement("media:sizes")
@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_whatever_the_camera_says(orientation: int) -> None:
    """The file's pixels are turned so that its orientation undoes it: each variant shows the quarters as they are."""
    stored = quarters()
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Image.Transpose that the orientation takes back
    if orientation > 1:
        stored = stored.transpose(Image.Transpose(undo[orientation]))
    made = variants(located(stored, orientation), [320], ["webp"])
    image = opened(made.files[0].content).convert("RGB")
    assert ((made.width, made.height), image.size) == ((640, 480), (320, 240))
    corners = [image.getpixel(at) for at in ((20, 20), (300, 20), (300, 220), (20, 220))]
    for seen, meant in zip(corners, ((220, 20, 30), (20, 180, 40), (30, 40, 210), (255, 255, 255)), strict=True):
        assert np.abs(np.array(seen) - np.array(meant)).max() < 16


@pytest.mark.requirement("media:private")
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("source", ["JPEG", "WEBP", "PNG", "AVIF"])
def test_no_format_carries_place_camera_or_profile(kind: str, source: str) -> None:
    content = located(quarters(), kind=source)
    assert b"SecretPhone" in content
    for one in variants(content, [320, 480], [kind]).files:  # pyright: ignore[reportArgumentType] # of FORMATS
        image = opened(one.content)
        assert not image.getexif()
        assert not {"exif", "icc_profile", "xmp", "comment"} & image.info.keys()
        assert b"SecretPhone" not in one.content
        assert b"shot at home" not in one.content


@pytest.mark.requirement("media:colour")
@pytest.mark.parametrize("name", ["Display P3", "Adobe RGB (1998)"])
@pytest.mark.parametrize("color", [(200, 60, 40), (90, 140, 100), (60, 70, 160), (128, 128, 128)])
def test_colours_of_wide_spaces_become_srgb(name: str, color: tuple[int, int, int]) -> None:
    content = file(plain(color), icc_profile=profile(name))
    made = variants(content, [320], ["png"])
    seen = np.array(opened(made.files[0].content).convert("RGB").getpixel((100, 100)))
    assert np.abs(seen - expected(name, color)).max() <= 3
    if color != (128, 128, 128):
        assert np.abs(seen - np.array(color)).max() > 4, "without the profile it would be another colour"


def test_a_broken_profile_is_no_reason_to_fail() -> None:
    assert variants(file(plain(), icc_profile=b"not a profile" * 20), [320], ["png"]).files


def test_cmyk_becomes_rgb() -> None:
    content = file(plain().convert("CMYK"), "JPEG")
    image = opened(variants(content, [320], ["webp"]).files[0].content)
    red, green, blue = np.array(image.convert("RGB").getpixel((50, 50)))
    assert image.mode == "RGB"
    assert red > green
    assert red > blue


@pytest.mark.requirement("media:sizes")
def test_transparency_stays_where_the_format_has_it() -> None:
    image = Image.new("RGBA", (640, 480), (0, 0, 0, 0))
    image.paste((10, 200, 30, 255), (100, 100, 500, 400))
    made = {one.format: opened(one.content) for one in variants(file(image), [320], FORMATS).files}
    for kind in ("webp", "avif", "png"):
        assert made[kind].mode == "RGBA"
        assert made[kind].getpixel((2, 2))[3] == 0  # pyright: ignore[reportIndexIssue, reportOptionalSubscript] # RGBA
    assert made["jpeg"].getpixel((2, 2)) == (255, 255, 255)


def test_of_what_moves_the_first_frame_is_taken() -> None:
    image = opened(variants(moving(), [160], ["webp"]).files[0].content)
    assert getattr(image, "n_frames", 1) == 1


@pytest.mark.requirement("media:sizes")
def test_the_same_picture_gives_the_same_bytes() -> None:
    content = file(quarters(), "JPEG")
    assert variants(content, [320, 480], FORMATS) == variants(content, [320, 480], FORMATS)


@pytest.mark.requirement("media:sizes")
@pytest.mark.parametrize(
    ("own", "widths"),
    [
        (4000, [320, 480, 768, 1024, 1536, 2048]),
        (1000, [320, 480, 768, 1000]),
        (768, [320, 480, 768]),
        (200, [200]),
    ],
)
def test_nothing_is_enlarged(own: int, widths: list[int]) -> None:
    assert fitting(WIDTHS, own) == widths
    made = variants(file(plain(size=(own, own // 2))), WIDTHS, ["webp"])
    assert [(one.width, one.height) for one in made.files] == [(width, round(width / 2)) for width in widths]
    assert [opened(one.content).size for one in made.files] == [(one.width, one.height) for one in made.files]


def test_a_tall_picture_is_as_wide_as_asked() -> None:
    made = variants(file(plain(size=(3000, 4500)), "JPEG"), [1536, 2048], ["webp"])
    assert [(one.width, one.height) for one in made.files] == [(1536, 2304), (2048, 3072)]


def test_cascaded_sizes_look_like_direct_ones() -> None:
    """Each size made of the next larger one is within a hair of the one made of the whole picture."""
    rng = np.random.default_rng(5)
    noise = Image.fromarray(rng.integers(0, 256, (150, 225, 3), dtype=np.uint8)).resize(
        (2400, 1600), Image.Resampling.BICUBIC
    )
    made = variants(file(noise), WIDTHS, ["png"])
    small = np.asarray(opened(made.files[0].content)).astype(float)
    direct = np.asarray(noise.resize((320, 213), Image.Resampling.LANCZOS)).astype(float)
    assert np.abs(small - direct).mean() < 2


@pytest.mark.requirement("media:sizes")
def test_thumbhash_draws_what_the_picture_is_about() -> None:
    import thumbhash

    made = variants(file(plain((30, 60, 180))), [320], ["webp"])
    raw = base64.b64decode(made.thumbhash)
    red, green, blue, alpha = thumbhash.thumb_hash_to_average_rgba(raw)
    assert len(raw) <= 25
    assert (red, green, blue, alpha) == pytest.approx((30 / 255, 60 / 255, 180 / 255, 1), abs=0.04)


def test_srcset_names_address_and_width() -> None:
    assert srcset([("/a-320.webp", 320), ("/a-480.webp", 480)]) == "/a-320.webp 320w, /a-480.webp 480w"


@pytest.mark.requirement("media:bad-input")
@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe0 truncated", b"GIF89a", b"%PDF-1.7", b"\0\0\0\x20ftypisom"])
def test_bad_files_are_refused_in_words(content: bytes) -> None:
    with pytest.raises(Refused) as caught:
        variants(content)
    assert "Traceback" not in caught.value.message


def test_what_is_shown_stays_within_the_budget() -> None:
    rng = np.random.default_rng(1)
    noise = Image.fromarray(rng.integers(0, 256, (2000, 2000, 3), dtype=np.uint8))
    content, width, height = shown(noise)
    assert len(content) <= 180_000
    assert opened(content).size == (width, height)


@pytest.mark.parametrize("kind", FORMATS)
def test_files_are_of_the_kind_they_say(kind: str) -> None:
    content = encoded(quarters(), kind)  # pyright: ignore[reportArgumentType] # of FORMATS
    assert opened(content).format == kind.upper()
