"""Small real PNG files: a garment's outline in its colour on a soft ground. Written with zlib alone."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from itertools import pairwise

WIDTH, HEIGHT = 160, 200
_BAND = 8  # rows that share their colours
Colour = tuple[int, int, int]

COLOURS: dict[str, Colour] = {
    "Black": (28, 28, 32),
    "Ivory": (238, 230, 214),
    "Rose": (196, 92, 112),
    "Crimson": (150, 18, 38),
    "Gold": (186, 148, 72),
    "Stone": (150, 144, 134),
    "Midnight": (34, 44, 86),
}
# Outlines as (share of height, half width as a share of the picture's width) from top to bottom.
_TOP = ((0.16, 0.10), (0.20, 0.36), (0.38, 0.40), (0.40, 0.22), (0.82, 0.23))
SHAPES: dict[str, tuple[tuple[float, float], ...]] = {
    "tee": _TOP,
    "hoodie": ((0.08, 0.06), (0.18, 0.13), (0.22, 0.30), (0.62, 0.40), (0.64, 0.26), (0.84, 0.25)),
    "coat": ((0.10, 0.08), (0.16, 0.26), (0.60, 0.36), (0.62, 0.26), (0.92, 0.32)),
    "dress": ((0.12, 0.14), (0.30, 0.17), (0.44, 0.12), (0.90, 0.36)),
    "trousers": ((0.12, 0.18), (0.30, 0.24), (0.92, 0.20)),
    "skirt": ((0.24, 0.14), (0.80, 0.36)),
    "bag": ((0.22, 0.06), (0.36, 0.07), (0.40, 0.30), (0.80, 0.34)),
    "cap": ((0.34, 0.05), (0.42, 0.22), (0.58, 0.28), (0.62, 0.40), (0.66, 0.38)),
    "scarf": ((0.10, 0.12), (0.90, 0.12)),
    "story": ((0.30, 0.40), (0.70, 0.40)),
}


@cache
def draw(shape: str, colour: Colour, ground: Colour = (226, 220, 212)) -> bytes:
    """Return a PNG of 160 × 200 pixels."""
    outline, rows = SHAPES[shape], bytearray()
    for y in range(0, HEIGHT, _BAND):
        share = y / HEIGHT
        back = bytes(_shade(ground, 1.06 - 0.16 * share))
        cloth, light = bytes(_shade(colour, 1.18 - 0.4 * share)), bytes(_shade(colour, 1.34 - 0.4 * share))
        half = int(_half_width(outline, share) * WIDTH)
        side, glow = WIDTH // 2 - half, half // 3
        rows += (b"\0" + back * side + cloth * (half - glow) + light * glow + cloth * half + back * side) * _BAND
    return _png(bytes(rows))


def _half_width(outline: tuple[tuple[float, float], ...], share: float) -> float:
    for (top, above), (bottom, below) in pairwise(outline):
        if top <= share <= bottom:
            return above + (below - above) * (share - top) / (bottom - top)
    return 0.0


def _shade(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(255, max(0, int(part * factor))) for part in colour)
    return red, green, blue


def _png(rows: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows, 1)) + _chunk(b"IEND", b"")


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
