"""Words drawn on pictures, in Manrope (OFL), which knows Latin, Greek and Cyrillic letters."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from devskyy_mcp.errors import Code, Refused

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

_NO_GLYPH = "\uffff"


@lru_cache(maxsize=64)
def font(size: int) -> FreeTypeFont:
    """The font at that height in pixels."""
    return ImageFont.truetype(_file(), max(6, size))


@cache
def _file() -> Path:
    """The file in the package ``font-manrope``, which is never imported."""
    spec = find_spec("font_manrope")
    if spec is None or spec.origin is None:
        raise Refused(Code.NOT_CONFIGURED, "The font for pictures is not installed.", "pip install font-manrope")
    return Path(spec.origin).parent / "files/Manrope-SemiBold.ttf"


def check_text(text: str) -> str:
    """The text on one line.

    Raises:
        Refused: INVALID_ARGUMENTS for letters that the font does not have: they would be drawn as boxes.
    """
    text = " ".join(text.split())
    face = font(24)
    empty = _drawn(face, _NO_GLYPH)
    missing = sorted({one for one in text if not one.isspace() and _drawn(face, one) == empty})
    if missing or not text:
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"The font for pictures has no {' '.join(missing[:8])}." if missing else "The text is empty.",
            "It has Latin, Greek and Cyrillic letters; leave the others out, or give the words as a picture."
            if missing
            else "",
        )
    return text


def _drawn(face: FreeTypeFont, letter: str) -> bytes:
    out = Image.new("L", (48, 48))
    ImageDraw.Draw(out).text((8, 4), letter, 255, face)
    return out.tobytes()


def width_of(text: str, size: int) -> int:
    """Pixels that the text takes at that height."""
    return round(font(size).getlength(text))


def fitted(text: str, size: int, width: int) -> str:
    """The text, cut with an ellipsis where it would be wider."""
    if width_of(text, size) <= width:
        return text
    while text and width_of(f"{text}…", size) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def lettering(text: str, width: int, colour: tuple[int, int, int], outline: tuple[int, int, int]) -> Image.Image:
    """The text as a picture of that width, on transparency, with a fine outline that keeps it legible anywhere."""
    at_100 = max(1, width_of(text, 100))
    size = max(6, min(400, width * 100 // at_100))
    stroke = max(1, size // 24)
    left, top, right, bottom = font(size).getbbox(text, stroke_width=stroke)
    out = Image.new("RGBA", (max(1, round(right - left)), max(1, round(bottom - top))), (*outline, 0))
    draw = ImageDraw.Draw(out)
    draw.text((-left, -top), text, (*colour, 255), font(size), stroke_width=stroke, stroke_fill=(*outline, 110))
    return out
