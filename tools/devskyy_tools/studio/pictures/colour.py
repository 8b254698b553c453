"""Colours: palettes of what pictures show, and the names that fashion has for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float64]
Rgb = tuple[int, int, int]
NAMES: dict[str, Rgb] = {
    "black": (16, 16, 16), "charcoal": (54, 58, 62), "dark grey": (90, 90, 92),
    "grey": (128, 128, 128), "silver": (190, 192, 194), "white": (254, 254, 254),
    "ivory": (250, 244, 226), "cream": (245, 232, 200), "beige": (216, 196, 164),
    "sand": (196, 172, 134), "stone": (160, 152, 140), "taupe": (122, 108, 96), "camel": (190, 142, 92),
    "tan": (168, 124, 84), "brown": (108, 68, 40), "chocolate": (66, 40, 26), "rust": (168, 74, 34),
    "terracotta": (202, 104, 74), "orange": (240, 130, 30), "apricot": (248, 184, 136), "peach": (252, 208, 180),
    "coral": (248, 116, 96), "red": (206, 24, 38), "crimson": (150, 18, 44), "burgundy": (98, 18, 40),
    "rose": (204, 96, 120), "pink": (244, 166, 190), "blush": (236, 206, 204), "fuchsia": (214, 32, 126),
    "purple": (112, 44, 132), "plum": (92, 40, 84), "lilac": (196, 168, 214), "lavender": (214, 208, 236),
    "navy": (26, 32, 74), "midnight blue": (34, 44, 90), "blue": (32, 84, 186), "denim": (72, 102, 148),
    "sky blue": (142, 194, 234), "light blue": (196, 218, 238), "turquoise": (48, 184, 190), "teal": (16, 112, 120),
    "mint": (176, 226, 200), "green": (40, 138, 66), "emerald": (10, 118, 84), "olive": (108, 110, 52),
    "khaki": (156, 146, 100), "sage": (158, 174, 144), "forest green": (30, 72, 44), "lime": (176, 216, 48),
    "yellow": (248, 220, 48), "mustard": (206, 158, 34), "gold": (190, 150, 76),
}  # fmt: skip
"""What fashion calls colours, in sRGB."""
ALIKE = 9.0
"""Distance in CIELAB below which two colours of a palette are one."""
_EDGE = 96
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])


@dataclass(frozen=True, slots=True)
class Colour:
    """One colour of a picture. ``share`` of its visible pixels, 0 to 1."""

    name: str
    hex: str
    share: float


def linear(levels: Floats) -> Floats:
    """Light, 0 to 1, of sRGB levels of 0 to 255 (IEC 61966-2-1)."""
    share = levels / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def srgb(light: Floats) -> Floats:
    """The levels of light, 0 to 255."""
    return 255 * np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)


def lab(rgb: NDArray[Any]) -> Floats:
    """CIELAB (D65) of sRGB colours.

    Args:
        rgb: 0 to 255, shape (…, 3).
    """
    xyz = linear(rgb.astype(np.float64)) @ _TO_XYZ.T / _WHITE
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def name_of(rgb: Rgb) -> str:
    """The name that is nearest in CIELAB."""
    known = lab(np.array(list(NAMES.values())))
    return list(NAMES)[int(np.linalg.norm(known - lab(np.array(rgb)), axis=-1).argmin())]


def palette(image: Image.Image, most: int = 6) -> list[Colour]:
    """The colours that make up what is visible of the picture, the largest share first; at most ``most``, and none
    below one percent.
    """
    small = image.convert("RGBA")
    small.thumbnail((_EDGE, _EDGE), Image.Resampling.BOX)
    pixels = np.asarray(small).reshape(-1, 4)
    pixels = pixels[pixels[:, 3] >= 128][:, :3]
    if not len(pixels):
        return []
    cut = Image.fromarray(pixels[None]).quantize(24, Image.Quantize.MEDIANCUT, kmeans=2)
    table = np.array(cut.getpalette(), dtype=np.float64).reshape(-1, 3)
    counts = np.bincount(np.asarray(cut).ravel(), minlength=len(table))[: len(table)]
    found: dict[str, Colour] = {}
    for colour, count in _merged(table, counts):
        red, green, blue = (int(part) for part in np.clip(np.round(colour), 0, 255))
        name, share = name_of((red, green, blue)), count / len(pixels)
        known = found.get(name)  # shades of one colour are that colour, as its most frequent shade shows it
        shade = known.hex if known else f"#{red:02x}{green:02x}{blue:02x}"
        found[name] = Colour(name, shade, share + (known.share if known else 0))
    largest = sorted(found.values(), key=lambda one: -one.share)[:most]
    return [Colour(one.name, one.hex, round(one.share, 3)) for one in largest if one.share >= 0.01]


def _merged(table: Floats, counts: NDArray[np.intp]) -> list[tuple[Floats, int]]:
    """Colours that look alike as one, weighted by their pixels; the most frequent first."""
    groups: list[tuple[Floats, int]] = []
    for at in np.argsort(-counts, kind="stable"):
        if not counts[at]:
            continue
        mine = table[at]
        for number, (other, count) in enumerate(groups):
            if np.linalg.norm(lab(mine) - lab(other)) < ALIKE:
                total = count + int(counts[at])
                groups[number] = ((other * count + mine * counts[at]) / total, total)
                break
        else:
            groups.append((mine, int(counts[at])))
    return sorted(groups, key=lambda one: -one[1])
