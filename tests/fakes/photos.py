"""Product photos made in code, each with its exact mask, and pictures that can't become a relief.

A seed draws the garment and how it was photographed: compression, shadow, gradient, white on near-white, a print in the
background's colour, noise. The same seed gives the same bytes.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from devskyy_tools.studio.goods import Category

SIZE = (1000, 1200)
"""Pixels, width and height."""
SEEDS = tuple(range(10))
"""Those that tests use; benchmarks draw fresh ones."""
CATEGORIES: dict[str, Category] = {
    "tee": "top", "jumper": "top", "dress": "dress", "trousers": "trousers", "bag": "bag", "hat": "hat",
}  # fmt: skip
Point = tuple[float, float]
Floats = NDArray[np.float64]
Color = tuple[int, int, int]

# Outlines of the right half, from the neck down to the middle of the hem; x from the middle and y from the top, as
# parts of the garment's height. Mirrored and smoothed they are a silhouette.
OUTLINES: dict[str, list[Point]] = {
    "tee": [
        (0, 0.09), (0.05, 0.08), (0.1, 0.03), (0.13, 0), (0.27, 0.045), (0.33, 0.1), (0.5, 0.33),
        (0.37, 0.42), (0.3, 0.33),
        (0.295, 0.6), (0.31, 0.97), (0.2, 0.99), (0, 1),
    ],
    "jumper": [
        (0, 0.06), (0.06, 0.05), (0.11, 0.01), (0.14, 0), (0.27, 0.05), (0.33, 0.12), (0.43, 0.5),
        (0.5, 0.9), (0.4, 0.93),
        (0.33, 0.6), (0.29, 0.4), (0.29, 0.7), (0.3, 0.95), (0.28, 1), (0, 1),
    ],
    "dress": [
        (0, 0.07), (0.05, 0.05), (0.08, 0), (0.13, 0), (0.15, 0.08), (0.16, 0.16), (0.13, 0.33),
        (0.18, 0.5), (0.3, 0.93),
        (0.31, 0.97), (0.15, 0.99), (0, 1),
    ],
    "trousers": [
        (0, 0), (0.19, 0), (0.2, 0.05), (0.24, 0.25), (0.23, 0.6), (0.21, 0.99), (0.08, 1),
        (0.06, 0.7), (0.03, 0.33), (0, 0.3),
    ],
    "bag": [(0, 0.36), (0.3, 0.36), (0.34, 0.38), (0.36, 0.42), (0.41, 0.9), (0.39, 0.97), (0.33, 1), (0, 1)],
    "hat": [
        (0, 0.1), (0.16, 0.13), (0.3, 0.22), (0.41, 0.4), (0.45, 0.62), (0.53, 0.74),
        (0.52, 0.82), (0.4, 0.87), (0.2, 0.9), (0, 0.9),
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Photo:
    """A picture and what is true of it; ``mask`` is true on the product, and empty where there is none to find."""

    name: str
    content: bytes
    mask: NDArray[np.bool_]
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])


def draw(seed: int, **fixed: Any) -> Photo:
    """The photo of a seed; ``fixed`` sets what would be drawn: garment, color, background, shadow, gradient, noise,
    quality, print, back.
    """
    rng = np.random.default_rng(seed)
    chosen: dict[str, Any] = {
        "garment": str(rng.choice(list(OUTLINES))),
        "background": str(rng.choice(["white", "near-white", "grey", "pastel"])),
        "color": tuple(int(value) for value in rng.integers(20, 215, 3)),
        "shadow": float(rng.uniform(0, 0.35)),
        "gradient": float(rng.uniform(0, 18)),
        "noise": float(rng.uniform(0.5, 4)),
        "quality": int(rng.integers(60, 95)),
        "print": str(rng.choice(["none", "contrast", "background", "stripes"])),
        "back": False,
    }
    if rng.random() < 0.2:  # the hard one: what is sold is as white as what it lies on
        chosen |= {"background": "near-white", "color": (250, 250, 248), "shadow": 0.3}
    if chosen["garment"] == "trousers" and chosen["print"] != "none":
        chosen["print"] = "stripes"  # a mark in the middle would lie between the legs
    chosen |= fixed
    return _photo(f"{chosen['garment']}-{seed}", rng, chosen)


def back_of(photo: Photo, seed: int) -> Photo:
    """The same garment from behind: its mirrored silhouette, other folds and no print."""
    return draw(seed, **{**photo.parameters, "print": "none", "back": True})


def _photo(name: str, rng: np.random.Generator, chosen: dict[str, Any]) -> Photo:
    width, height = SIZE
    mask = silhouette(chosen["garment"], mirrored=chosen["back"])
    background = {
        "white": (255, 255, 255), "near-white": (244, 244, 242), "grey": (205, 206, 208), "pastel": (222, 212, 200)
    }[chosen["background"]]  # fmt: skip
    ground = np.ones((height, width, 3)) * background
    across, down = np.linspace(-1, 1, width)[None, :, None], np.linspace(-1, 1, height)[:, None, None]
    ground = ground - chosen["gradient"] * (0.5 + 0.35 * across + 0.35 * down)
    dark = _blurred(np.roll(mask, (18, 10), (0, 1)), 16)[..., None] * chosen["shadow"]
    ground = ground * (1 - dark)
    cloth = _cloth(rng, mask, chosen["color"], background, chosen["print"])
    picture: Floats = ground + (cloth - ground) * mask[..., None]
    picture = picture + rng.normal(0, chosen["noise"], picture.shape)
    return Photo(name, _jpeg(picture, chosen["quality"]), mask > 0.5, chosen)


def silhouette(garment: str, *, mirrored: bool = False, scale: float = 0.72) -> Floats:
    """Coverage of each pixel, 0 to 1. A tilt and a longer left side make it differ from its mirror image."""
    width, height = SIZE
    tall = height * scale * (0.8 if garment in {"hat", "bag"} else 1)
    half = OUTLINES[garment]
    left = [(-x * 0.97, y) for x, y in reversed(half) if x]
    points = [(width / 2 + x * tall, (height - tall) / 2 + y * tall) for x, y in _smooth([*half, *left])]
    canvas = Image.new("L", (width * 2, height * 2))
    pen = ImageDraw.Draw(canvas)
    pen.polygon([(x * 2, y * 2) for x, y in points], fill=255)
    if garment == "bag":
        box = (width - 0.45 * tall, height - tall, width + 0.45 * tall, height + 0.44 * tall)
        pen.arc(box, 170, 370, fill=255, width=int(tall * 0.09))
    canvas = canvas.rotate(2.0 if not mirrored else -2.0, Image.Resampling.BICUBIC)
    found = np.asarray(canvas.resize(SIZE, Image.Resampling.BOX)) / 255
    return found[:, ::-1].copy() if mirrored and garment != "bag" else found


def _smooth(points: Sequence[Point], rounds: int = 2) -> list[Point]:
    """Corners cut twice (Chaikin): straight stays straight, corners become round."""
    for _ in range(rounds):
        cut: list[Point] = []
        for (x, y), (u, v) in zip(points, [*points[1:], points[0]], strict=True):
            cut += [(0.85 * x + 0.15 * u, 0.85 * y + 0.15 * v), (0.15 * x + 0.85 * u, 0.15 * y + 0.85 * v)]
        points = cut
    return list(points)


def _cloth(rng: np.random.Generator, mask: Floats, color: Color, background: Color, printed: str) -> Floats:
    height, width = mask.shape
    folds = _field(rng, mask.shape, 9) * 0.10 + _field(rng, mask.shape, 28) * 0.05
    edge = 1 - 0.38 * np.clip(1 - (_blurred(mask, 14) - 0.5) * 2, 0, 1) * mask  # cloth turns away from the light
    weave = rng.normal(0, 0.012, mask.shape)
    cloth = np.ones((height, width, 3)) * color
    cloth = _printed(cloth, mask, color, background, printed)
    return (cloth * ((1 + folds + weave) * edge)[..., None]).clip(0, 255)


def _printed(cloth: Floats, mask: Floats, color: Color, background: Color, printed: str) -> Floats:
    if printed == "none":
        return cloth
    rows, columns = np.nonzero(mask > 0.5)
    middle, wide = (columns.min() + columns.max()) / 2, columns.max() - columns.min()
    upper, tall = rows.min(), rows.max() - rows.min()
    down, across = np.mgrid[: mask.shape[0], : mask.shape[1]]
    if printed == "stripes":
        inside = ((down // 34) % 3 == 0) & (down > upper + 0.3 * tall)
        ink: Sequence[int] = [255 - value for value in color]
    else:
        distance = np.hypot(across - middle, down - (upper + 0.52 * tall)) / wide
        inside = (distance < 0.12) & ((distance > 0.08) | (np.abs(across - middle) < wide * 0.02))
        ink = background if printed == "background" else [(value + 128) % 256 for value in color]
    return np.where(inside[..., None], np.asarray(ink, float), cloth)


def _field(rng: np.random.Generator, shape: tuple[int, ...], cells: int) -> Floats:
    """Smooth noise about 0, of so many cells across."""
    small = Image.fromarray(rng.normal(0, 1, (cells, cells)).astype(np.float32))
    return np.asarray(small.resize((shape[1], shape[0]), Image.Resampling.BICUBIC), float)


def _blurred(values: Floats, radius: float) -> Floats:
    image = Image.fromarray((values * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(image) / 255


def _jpeg(picture: Floats, quality: int = 88) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=quality)
    return out.getvalue()


def _nothing() -> NDArray[np.bool_]:
    return np.zeros((SIZE[1], SIZE[0]), bool)


# what can't become a relief


def _street(rng: np.random.Generator) -> Floats:
    """Houses, windows, trees: as busy as a street is."""
    canvas = Image.new("RGB", SIZE, (150, 170, 195))
    pen = ImageDraw.Draw(canvas)
    for _ in range(260):
        x, y = int(rng.integers(-80, SIZE[0])), int(rng.integers(-80, SIZE[1]))
        w, h = (int(one) for one in rng.integers(10, 190, 2))
        color = tuple(int(value) for value in rng.integers(20, 235, 3))
        (pen.rectangle if rng.random() < 0.7 else pen.ellipse)((x, y, x + w, y + h), fill=color)
    return np.asarray(canvas.filter(ImageFilter.GaussianBlur(1.2)), float)


def _person(rng: np.random.Generator, ground: Floats) -> Floats:
    """Somebody in a tee and trousers: head, hair, neck, bare arms."""
    canvas = Image.fromarray(ground.clip(0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(canvas)
    skin = [(224, 172, 140), (198, 134, 94), (141, 88, 58)][int(rng.integers(3))]
    shirt = tuple(int(value) for value in rng.integers(20, 235, 3))
    for side in (-1, 1):
        pen.line([(500 + side * 130, 330), (500 + side * 190, 520), (500 + side * 170, 690)], fill=skin, width=52)
        pen.ellipse((500 + side * 170 - 30, 670, 500 + side * 170 + 30, 740), fill=skin)
        pen.line([(500 + side * 60, 700), (500 + side * 75, 1130)], fill=(40, 48, 80), width=105)
        pen.line([(500 + side * 105, 320), (500 + side * 165, 430)], fill=shirt, width=86)
    pen.rectangle((465, 220, 535, 320), fill=skin)
    pen.ellipse((425, 70, 575, 200), fill=(50, 35, 30))
    pen.ellipse((438, 95, 562, 260), fill=skin)
    for side in (-1, 1):
        pen.ellipse((500 + side * 28 - 9, 160, 500 + side * 28 + 9, 172), fill=(40, 30, 30))
    pen.rounded_rectangle((385, 290, 615, 730), 40, fill=shirt)
    picture = np.asarray(canvas.filter(ImageFilter.GaussianBlur(1)), float)
    there = np.abs(picture - ground).max(-1, keepdims=True) > 2
    return picture * (1 + there * _field(rng, picture.shape, 12)[..., None] * 0.05)


def lifestyle(seed: int) -> Photo:
    rng = np.random.default_rng(seed)
    return Photo("lifestyle", _jpeg(_person(rng, _street(rng)) + rng.normal(0, 3, (*SIZE[::-1], 3))), _nothing())


def worn(seed: int) -> Photo:
    """A person before a studio's plain wall."""
    rng = np.random.default_rng(seed)
    wall = np.ones((*SIZE[::-1], 3)) * (236, 236, 238)
    return Photo("worn", _jpeg(_person(rng, wall) + rng.normal(0, 1.5, wall.shape)), _nothing())


def busy(seed: int) -> Photo:
    """A good tee, laid on a patterned carpet."""
    rng = np.random.default_rng(seed)
    mask = silhouette("tee")
    cloth = _cloth(rng, mask, (180, 40, 60), (255, 255, 255), "none")
    ground = _street(rng)
    return Photo("busy", _jpeg(ground + (cloth - ground) * mask[..., None]), _nothing())


def blank(seed: int) -> Photo:
    rng = np.random.default_rng(seed)
    ground = 240 - 12 * np.linspace(0, 1, SIZE[0])[None, :, None] + np.zeros((*SIZE[::-1], 3))
    return Photo("blank", _jpeg(ground + rng.normal(0, 2, ground.shape)), _nothing())


def tiny(seed: int) -> Photo:
    with Image.open(io.BytesIO(draw(seed, garment="tee").content)) as whole:
        return Photo("tiny", _jpeg(np.asarray(whole.resize((50, 60)), float)), _nothing())


def several(seed: int) -> Photo:
    """Three products in one picture."""
    rng = np.random.default_rng(seed)
    ground = np.ones((*SIZE[::-1], 3)) * 250.0
    mask = silhouette("tee", scale=0.34)
    for at, color in zip(
        [(-260, -250), (260, -240), (10, 290)], [(40, 60, 150), (150, 40, 50), (30, 110, 60)], strict=True
    ):
        there = np.roll(mask, at[::-1], (0, 1))
        ground += (_cloth(rng, there, color, (250, 250, 250), "none") - ground) * there[..., None]
    return Photo("several", _jpeg(ground + rng.normal(0, 1.5, ground.shape)), _nothing())


def cut_off(seed: int) -> Photo:
    """A dress that goes on beyond the picture."""
    whole = draw(seed, garment="dress", color=(60, 70, 140), background="white", print="none")
    with Image.open(io.BytesIO(whole.content)) as image:
        return Photo("cut-off", _jpeg(np.asarray(image, float)[:760]), _nothing())


def huge(_seed: int) -> Photo:
    """A header that promises 40,000 × 40,000 pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0))
    content = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1 << 20))) + chunk(b"IEND", b"")
    return Photo("huge", content, _nothing())


def corrupt(seed: int) -> Photo:
    content = draw(seed).content
    return Photo("corrupt", content[: len(content) // 2], _nothing())


NEGATIVES: dict[str, Callable[[int], Photo]] = {
    "lifestyle": lifestyle,
    "worn": worn,
    "busy": busy,
    "blank": blank,
    "tiny": tiny,
    "several": several,
    "cut-off": cut_off,
    "huge": huge,
    "corrupt": corrupt,
}
