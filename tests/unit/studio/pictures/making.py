"""Small real picture files with what the tests are about: profiles, Exif, places, transparency, movement."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageDraw

D65_IN_D50 = np.array(
    [[1.0478112, 0.0228866, -0.0501270], [0.0295424, 0.9904844, -0.0170491], [-0.0092345, 0.0150436, 0.7521316]]
)
"""Bradford's adaptation of D65 to D50, which profiles are written in (ICC.1:2022, annex E)."""
PRIMARIES = {
    "Display P3": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    "Adobe RGB (1998)": ((0.640, 0.330), (0.210, 0.710), (0.150, 0.060)),
}
GAMMA = 2.2


def to_xyz(name: str) -> np.ndarray:
    """The matrix from linear RGB of these primaries, white D65, to XYZ under D50."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in PRIMARIES[name]]).T
    white = np.array([0.95047, 1.0, 1.08883])
    return D65_IN_D50 @ (columns * np.linalg.solve(columns, white))


def profile(name: str) -> bytes:
    """An ICC profile (version 2.1, matrix and gamma) of those primaries, byte by byte after ICC.1:2001."""

    def s15(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    matrix = to_xyz(name)
    described = name.encode() + b"\0"
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(GAMMA * 256)) + bytes(2)
    text = b"desc" + bytes(4) + struct.pack(">I", len(described)) + described + bytes(79)
    parts = {
        b"desc": text + bytes(-len(text) % 4),
        b"wtpt": b"XYZ " + bytes(4) + s15(0.9642) + s15(1) + s15(0.8249),
        **{
            key: b"XYZ " + bytes(4) + b"".join(map(s15, matrix[:, at]))
            for at, key in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))
        },
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
        b"cprt": b"text" + bytes(4) + b"none\0\0\0\0",
    }
    table, body = struct.pack(">I", len(parts)), b""
    start = 128 + 4 + 12 * len(parts)
    for key, content in parts.items():
        table += key + struct.pack(">II", start + len(body), len(content))
        body += content
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"lcms", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + s15(0.9642) + s15(1) + s15(0.8249)
    return head.ljust(128, b"\0") + table + body


def file(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def plain(color: tuple[int, ...] = (200, 60, 40), size: tuple[int, int] = (640, 480)) -> Image.Image:
    return Image.new("RGBA" if len(color) == 4 else "RGB", size, color)


def quarters(size: tuple[int, int] = (640, 480)) -> Image.Image:
    """Red, green, blue and white from the upper left, clockwise from there: tells which way up it is."""
    image = Image.new("RGB", size, (255, 255, 255))
    draw = ImageDraw.Draw(image)
    wide, high = size[0] // 2, size[1] // 2
    draw.rectangle((0, 0, wide - 1, high - 1), (220, 20, 30))
    draw.rectangle((wide, 0, size[0], high - 1), (20, 180, 40))
    draw.rectangle((wide, high, size[0], size[1]), (30, 40, 210))
    return image


def located(image: Image.Image, orientation: int = 1, kind: str = "JPEG") -> bytes:
    """With what a phone writes: camera, orientation, and where it was."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "SecretPhone"
    exif[ExifTags.Base.Orientation] = orientation
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 17.0, 40.0), 29: "2026:11:20"}
    )
    return file(image, kind, exif=exif, comment=b"shot at home") if kind == "JPEG" else file(image, kind, exif=exif)


def moving(frames: int = 12, size: tuple[int, int] = (240, 240)) -> bytes:
    """A turntable: a box that passes by, as an animated WebP."""
    pictures: list[Image.Image] = []
    for number in range(frames):
        image = Image.new("RGB", size, (250, 250, 250))
        left = 20 + number * (size[0] - 80) // frames
        ImageDraw.Draw(image).rectangle((left, 60, left + 50, 180), (150, 20, 60))
        pictures.append(image)
    return file(pictures[0], "WEBP", save_all=True, append_images=pictures[1:], duration=40, loop=0)


def pixel(image: Image.Image, at: tuple[int, int]) -> tuple[int, ...]:
    """Its channels, as many as the picture has."""
    return tuple(int(part) for part in np.asarray(image)[at[1], at[0]])
