"""Pictures from outside become plain ones, or are refused in words."""

from __future__ import annotations

import io
import pickle
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from devskyy_mcp.errors import Code, Refused
from devskyy_tools.studio.photos import decode as decoding
from devskyy_tools.studio.photos.decode import decode


def encoded(image: Image.Image, kind: str = "PNG", **how: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def two_colours(size: tuple[int, int] = (60, 40), mode: str = "RGB") -> Image.Image:
    """Red at the left, blue at the right."""
    image = Image.new("RGB", size, (200, 30, 30))
    image.paste((30, 30, 200), (size[0] // 2, 0, *size))
    return image.convert(mode)


def png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 999)) + chunk(b"IEND", b"")
    )


def refusal(content: bytes, **how: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        decode(content, **how)
    return caught.value


@pytest.mark.requirement("pictures:bad-input")
@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"", Code.INVALID_ARGUMENTS, "0 bytes"),
        (b"\x89PNG\r\n\x1a\n" + bytes(decoding.MAX_BYTES), Code.TOO_LARGE, "MiB"),
        (png_header(40_000, 40_000), Code.TOO_LARGE, "40000 × 40000"),
        (png_header(16_000, 16_000), Code.TOO_LARGE, "16000 × 16000"),
        (png_header(17_000, 10), Code.TOO_LARGE, "17000 × 10"),
        (png_header(900, 900), Code.INVALID_ARGUMENTS, "damaged"),
        (encoded(two_colours())[:-40], Code.INVALID_ARGUMENTS, "damaged"),
        (encoded(two_colours((600, 400)), "JPEG")[:900], Code.INVALID_ARGUMENTS, "damaged"),
        (encoded(two_colours(), "WEBP")[:60], Code.INVALID_ARGUMENTS, ""),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(500), Code.INVALID_ARGUMENTS, "known kind"),
        (b"%PDF-1.7\n" + encoded(two_colours(), "JPEG"), Code.INVALID_ARGUMENTS, "known kind"),
        (b"<?php phpinfo(); ?>" + encoded(two_colours()), Code.INVALID_ARGUMENTS, "known kind"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Code.INVALID_ARGUMENTS, "known kind"),
        (b"GIF89a" + bytes(20), Code.INVALID_ARGUMENTS, ""),
    ],
    ids=lambda value: None if isinstance(value, bytes) else str(value)[:20],
)
def test_what_is_no_sound_picture_is_refused_in_words(content: bytes, code: Code, says: str) -> None:
    refused = refusal(content)
    assert refused.code == code
    assert says in refused.message
    assert refused.hint


def test_a_limit_of_the_caller_counts_too() -> None:
    assert refusal(encoded(two_colours((1200, 1000))), max_pixels=1_000_000).code == Code.TOO_LARGE


def test_a_refusal_comes_whole_out_of_another_process() -> None:
    refused = Refused(Code.TOO_LARGE, "Too large.", "Make it smaller.", details={"side": 3})
    assert pickle.loads(pickle.dumps(refused)).as_dict() == refused.as_dict()


@pytest.mark.requirement("pictures:private")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_place_and_camera_are_left_behind_and_the_turn_is_honoured(kind: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # turned by 90° clockwise: the left side comes up
    exif[ExifTags.Base.Make] = "Camera"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (47.0, 22.0, 0.0)
    picture = decode(encoded(two_colours((64, 32)), kind, exif=exif))
    assert (picture.width, picture.height) == picture.image.size == (32, 64)
    pixels = np.asarray(picture.image).astype(int)
    assert pixels[5, 16, 0] > 150 > pixels[-5, 16, 0]
    assert not picture.image.info
    assert not dict(picture.image.getexif())
    assert b"Camera" not in encoded(picture.image, "JPEG")


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_is_no_reason_to_refuse() -> None:
    picture = decode(encoded(two_colours(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(9)))
    assert picture.image.size == (60, 40)


def test_what_follows_the_picture_is_not_carried_on() -> None:
    picture = decode(encoded(two_colours(), "JPEG", comment=b"<?php 1;") + b"PK\x03\x04<?php system($_GET[1]);")
    assert b"php" not in encoded(picture.image, "JPEG")


def test_a_moving_picture_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (30, 20), color) for color in ("red", "lime", "blue")]
    picture = decode(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert picture.image.getpixel((3, 3)) == (255, 0, 0)
    assert picture.notes == ("It moves; its first frame was taken.",)


def test_sixteen_bits_become_eight() -> None:
    deep = np.tile(np.linspace(0, 65535, 64, dtype=np.uint16), (8, 1))
    picture = decode(encoded(Image.fromarray(deep)))
    assert picture.image.mode == "RGB"
    assert np.abs(np.asarray(picture.image)[0, :, 0] - np.linspace(0, 255, 64)).max() <= 1


def test_printing_colours_become_srgb() -> None:
    picture = decode(encoded(two_colours(mode="CMYK"), "JPEG", quality=95))
    red, blue = np.asarray(picture.image)[20, [5, -5]].astype(int)
    assert red[0] > red[2] + 100
    assert blue[2] > blue[0] + 100
    assert "CMYK" in picture.notes[0]


def test_the_profile_is_applied_by_the_colour_engine() -> None:
    """A made profile whose transfer curve is linear: sRGB must come out much brighter in the middle."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.core.createProfile("sRGB")).tobytes())
    _linear(profile)
    grey = Image.new("RGB", (20, 20), (55, 55, 55))
    picture = decode(encoded(grey, icc_profile=bytes(profile)))
    assert picture.image.getpixel((9, 9))[0] == pytest.approx(128, abs=3)  # type: ignore[index]


def _linear(profile: bytearray) -> None:
    """Make the curves of an sRGB profile straight, and take its name off (ICC.1:2010, 7.3 and 10.16)."""
    for at in range(132, 132 + 12 * int.from_bytes(profile[128:132]), 12):
        name, start = bytes(profile[at : at + 4]), int.from_bytes(profile[at + 4 : at + 8])
        if name in {b"rTRC", b"gTRC", b"bTRC"}:
            profile[start : start + 16] = b"para" + bytes(8) + struct.pack(">I", 1 << 16)
        if name == b"desc":
            size = int.from_bytes(profile[at + 8 : at + 12])
            text = profile[start : start + size]
            profile[start : start + size] = text.replace("sRGB".encode("utf-16-be"), "None".encode("utf-16-be"))


def test_a_profile_of_nonsense_is_left_out_and_said() -> None:
    picture = decode(encoded(two_colours(), icc_profile=b"nonsense" * 40))
    assert picture.image.getpixel((3, 3)) == (200, 30, 30)
    assert "profile" in picture.notes[0]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_kept(mode: str) -> None:
    image = two_colours().convert("RGBA")
    image.putpixel((0, 0), (0, 0, 0, 0))
    picture = decode(encoded(image.quantize() if mode == "P" else image.convert(mode)))
    assert picture.image.mode == "RGBA"
    assert picture.image.getpixel((0, 0))[3] == 0  # type: ignore[index]


def test_scaling_down_tells_the_size_of_the_file() -> None:
    picture = decode(encoded(two_colours((3000, 1500)), "JPEG"), longest=600)
    assert picture.image.size == (600, 300)
    assert (picture.width, picture.height) == (3000, 1500)
    assert decode(encoded(two_colours()), longest=600).image.size == (60, 40)
