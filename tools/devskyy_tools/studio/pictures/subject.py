"""Where the subject of a picture is: by its transparency, else by what differs from the colour of its border."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from devskyy_mcp.errors import Code, Refused

from .colour import Rgb, lab
from .writing import clearest

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are outside."""
_EDGE = 400
_DIFFERS = 9.0
"""Distance in CIELAB from the border's colour."""
_CALM = 12.0
"""Of the border's own colours; a lifestyle photo has 30 and more."""


def ground_of(image: Image.Image) -> tuple[Rgb, float]:
    """The colour of the picture's border, and how much the border differs from it (90th percentile, CIELAB)."""
    small = image.convert("RGB").resize((64, 64), Image.Resampling.BOX)
    pixels = np.asarray(small)
    border = np.concatenate(
        [
            pixels[:2].reshape(-1, 3),
            pixels[-2:].reshape(-1, 3),
            pixels[:, :2].reshape(-1, 3),
            pixels[:, -2:].reshape(-1, 3),
        ]
    )
    middle = np.median(border, axis=0)
    red, green, blue = (int(part) for part in middle)
    spread = np.linalg.norm(lab(border) - lab(middle), axis=-1)
    return (red, green, blue), float(np.percentile(spread, 90))


def subject_box(image: Image.Image) -> Box:
    """The smallest box around the subject.

    Raises:
        Refused: INVALID_ARGUMENTS where nothing stands out from the background, or the background is no plain one.
    """
    if clearest(image) < 8:
        found = image.getchannel("A").point([0] * 24 + [255] * 232).getbbox()
        if found is None:
            raise Refused(Code.INVALID_ARGUMENTS, "The picture is wholly transparent.")
        return found
    ground, spread = ground_of(image)
    if spread > _CALM:
        raise _unclear("The background is no plain one")
    small = image.convert("RGB")
    small.thumbnail((_EDGE, _EDGE), Image.Resampling.BOX)
    far = np.linalg.norm(lab(np.asarray(small)) - lab(np.array(ground)), axis=-1) > max(_DIFFERS, spread * 2)
    # The median takes out grains and compression's blocks.
    mask = Image.fromarray((far * 255).astype(np.uint8)).filter(ImageFilter.MedianFilter(3))
    found = mask.getbbox()
    if found is None or np.asarray(mask).mean() < 1:
        raise _unclear("Nothing stands out from the background")
    wide, high = image.width / small.width, image.height / small.height
    left, top, right, bottom = found
    return (
        int(left * wide),
        int(top * high),
        min(image.width, round(right * wide)),
        min(image.height, round(bottom * high)),
    )


def _unclear(message: str) -> Refused:
    return Refused(
        Code.INVALID_ARGUMENTS,
        f"{message}, so the subject can't be told from it.",
        "Put cut_out before this step, or give a box.",
    )
