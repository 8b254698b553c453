"""Watermarks: words or a picture over a picture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image

from devskyy_mcp.errors import Code, Refused

from ..photos.decode import decode
from .steps import Place, Watermark
from .texts import check_text, lettering
from .writing import flat, scaled

_LETTERS = {True: ((30, 30, 34), (255, 255, 255)), False: ((255, 255, 255), (0, 0, 0))}
"""Colours of letters and their outline, on bright and on dark ground."""


def _bright(image: Image.Image, place: Place) -> bool:
    """Whether the picture is bright where the mark goes."""
    width, height = image.size
    left = {"left": 0, "right": width // 2}.get(place.partition("_")[2], width // 4)
    top = {"top": 0, "bottom": height // 2}.get(place.partition("_")[0], height // 4)
    part = flat(image.crop((left, top, left + max(1, width // 2), top + max(1, height // 2)))).convert("L")
    return float(np.asarray(part).mean()) > 150


def watermark(image: Image.Image, step: Watermark, marks: Mapping[str, bytes]) -> tuple[Image.Image, str]:
    """Words or a picture over the picture."""
    if (step.text is None) is (step.asset is None):
        raise Refused(Code.INVALID_ARGUMENTS, "A watermark is a text or an asset.", "Give one of both.")
    width = max(8, round(image.width * step.width / 100))
    if step.text is not None:
        mark = lettering(check_text(step.text), width, *_LETTERS[_bright(image, step.place)])
        what = "the text"
    else:
        mark = decode(marks[step.asset or ""]).image.convert("RGBA")
        mark = mark.resize((width, max(1, round(mark.height * width / mark.width))), Image.Resampling.LANCZOS)
        what = "the asset"
    mark.thumbnail(image.size)
    mark.putalpha(scaled(mark.getchannel("A"), step.opacity))
    edge = round(min(image.size) * 0.03)
    right, bottom = image.width - mark.width, image.height - mark.height
    at = {
        "top_left": (edge, edge), "top_right": (right - edge, edge), "bottom_left": (edge, bottom - edge),
        "bottom_right": (right - edge, bottom - edge), "center": (right // 2, bottom // 2),
    }[step.place]  # fmt: skip
    out = image.convert("RGBA")
    out.alpha_composite(mark, (max(0, at[0]), max(0, at[1])))
    return out if image.mode == "RGBA" else out.convert("RGB"), f"{what} at {step.place}, opacity {step.opacity:g}"
