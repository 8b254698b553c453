"""Steps of editing, one after the other on one picture in memory; each says what it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops, ImageColor, ImageFilter

from devskyy_mcp.errors import Code, Refused

from ..photos.cutout import cut_out
from ..photos.decode import check_size, decode
from .light import adjust
from .marks import watermark
from .steps import Adjust, Canvas, Crop, CutOut, Shadow, Step, Upscale, Watermark
from .subject import Box, subject_box
from .writing import SHOWN_BYTES, SHOWN_EDGE, Format, clearest, encoded, scaled, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HOPELESS = frozenset({"nothing", "fills", "unsure"})
"""What a cut-out is refused for; a photo for a relief must be better than one for a picture."""
_BY = {"network": "the network", "border": "the border's colour", "transparency": "its own transparency"}


@dataclass(frozen=True, slots=True)
class Edited:
    """A picture after its steps.

    Args:
        content: its file.
        width: pixels.
        height: the same.
        preview: the picture as hosts show it, where they can't show the file itself.
        preview_size: the preview's width and height.
        did: one sentence per step.
    """

    content: bytes
    width: int
    height: int
    preview: bytes | None
    preview_size: tuple[int, int]
    did: list[str]


def edit(content: bytes, steps: Sequence[Step], kind: Format, marks: Mapping[str, bytes]) -> Edited:
    """Carry out the steps.

    Args:
        content: the picture's file.
        steps: in their order.
        kind: the format of the result.
        marks: files of the watermarks' assets, by id.

    Raises:
        Refused: for a bad picture, and for a step that can't be done to this one, which is named by its number.
    """
    picture = decode(content)
    image, did = picture.image, list(picture.notes)
    for number, step in enumerate(steps, 1):
        try:
            image, said = _take(image, step, marks)
        except Refused as refused:
            message = f"Step {number}, {step.do}: {refused.message[0].lower()}{refused.message[1:]}"
            raise Refused(refused.code, message, refused.hint, details=refused.details) from None
        did.append(f"{step.do}: {said}")
    file = encoded(image.copy(), kind)
    if len(file) <= SHOWN_BYTES and max(image.size) <= SHOWN_EDGE and kind != "avif":
        return Edited(file, *image.size, None, image.size, did)
    preview, *size = shown(image)
    return Edited(file, *image.size, preview, (size[0], size[1]), did)


def _take(image: Image.Image, step: Step, marks: Mapping[str, bytes]) -> tuple[Image.Image, str]:
    match step:
        case CutOut():
            return cut(image)
        case Crop():
            return crop(image, step)
        case Canvas():
            return canvas(image, step)
        case Shadow():
            return shadow(image, step.strength)
        case Adjust():
            return adjust(image, step)
        case Upscale():
            return upscale(image, step.factor)
        case Watermark():
            return watermark(image, step, marks)


def cut(image: Image.Image) -> tuple[Image.Image, str]:
    """The subject on transparency.

    Raises:
        Refused: INVALID_ARGUMENTS where no subject is found; what is merely doubtful is said instead.
    """
    found = cut_out(image)
    for problem in found.problems:
        if problem.reason in _HOPELESS or (problem.reason == "busy" and found.method == "border"):
            raise Refused(Code.INVALID_ARGUMENTS, problem.message, problem.hint, details={"reason": problem.reason})
    out = _clean_edges(image.convert("RGB"), found.alpha)
    said = f"by {_BY[found.method]}, confidence {found.confidence:.2f}"
    return out, "; ".join([said, *(problem.message.rstrip(".") for problem in found.problems)])


def _clean_edges(image: Image.Image, alpha: NDArray[np.uint8]) -> Image.Image:
    """The picture with that alpha; where it is half transparent, the background's colour gives way to the subject's."""
    radius = max(2, round(max(image.size) / 400))
    solid = Image.fromarray(np.where(alpha >= 250, 255, 0).astype(np.uint8))
    inside = Image.composite(image, Image.new("RGB", image.size), solid).filter(ImageFilter.GaussianBlur(radius))
    weight = np.asarray(solid.filter(ImageFilter.GaussianBlur(radius))).astype(np.float32)[..., None] / 255
    spread = np.asarray(inside).astype(np.float32) / np.maximum(weight, 1e-3)
    edge = (alpha < 250)[..., None] & (weight > 0.02)
    colours = np.where(edge, np.clip(spread, 0, 255), np.asarray(image)).astype(np.uint8)
    out = Image.fromarray(colours)
    out.putalpha(Image.fromarray(alpha))
    return out


def crop(image: Image.Image, step: Crop) -> tuple[Image.Image, str]:
    """A part of the picture: the box, or the subject with its margin; then of the ratio, without going outside."""
    box: Box = (0, 0, *image.size)
    if step.box:
        left, top, right, bottom = step.box
        box = (
            round(left * image.width / 100), round(top * image.height / 100),
            round(right * image.width / 100), round(bottom * image.height / 100),
        )  # fmt: skip
        if box[2] - box[0] < 1 or box[3] - box[1] < 1:
            raise Refused(Code.INVALID_ARGUMENTS, "The box is empty.", "Give left, top, right and bottom in percent.")
    elif step.subject:
        found = subject_box(image)
        room = round(max(found[2] - found[0], found[3] - found[1]) * step.margin / 100)
        box = _within((found[0] - room, found[1] - room, found[2] + room, found[3] + room), image.size)
    if step.ratio:
        box = _of_ratio(box, _share(step.ratio), image.size, grow=step.subject)
    if box == (0, 0, *image.size):
        return image, "nothing to take off"
    return image.crop(box), f"{box[2] - box[0]} × {box[3] - box[1]} of {image.width} × {image.height} pixels kept"


def _share(ratio: str) -> float:
    wide, high = map(int, ratio.split(":"))
    if not wide or not high or not 0.1 <= wide / high <= 10:
        raise Refused(Code.INVALID_ARGUMENTS, f"{ratio} is no ratio for a picture.", "Give one such as 4:5.")
    return wide / high


def _within(box: Box, size: tuple[int, int]) -> Box:
    return max(0, box[0]), max(0, box[1]), min(size[0], box[2]), min(size[1], box[3])


def _of_ratio(box: Box, ratio: float, size: tuple[int, int], *, grow: bool) -> Box:
    """A box of that ratio about the same middle: around the box where the picture has room for it and ``grow`` is
    set, else inside it.
    """
    wide, high = box[2] - box[0], box[3] - box[1]
    if (wide / high < ratio) is grow:
        wide = round(high * ratio)
    else:
        high = round(wide / ratio)
    if wide > size[0]:
        wide, high = size[0], round(size[0] / ratio)
    if high > size[1]:
        wide, high = round(size[1] * ratio), size[1]
    wide, high = max(1, wide), max(1, high)
    left = min(max(0, (box[0] + box[2] - wide) // 2), size[0] - wide)
    top = min(max(0, (box[1] + box[3] - high) // 2), size[1] - high)
    return left, top, left + wide, top + high


def canvas(image: Image.Image, step: Canvas) -> tuple[Image.Image, str]:
    """The whole picture in the middle of a ground of that ratio, with a margin in percent of the ground."""
    if image.mode == "RGBA" and (visible := image.getchannel("A").getbbox()):
        image = image.crop(visible)
    ratio, share = _share(step.ratio), 1 - 2 * step.margin / 100
    width = round(max(image.width / share, image.height / share * ratio))
    height = round(width / ratio)
    check_size(width, height)
    clear = step.color == "transparent"
    ground = (255, 255, 255, 0) if clear else (*_rgb(step.color), 255)
    out = Image.new("RGBA", (width, height), ground)
    at = ((width - image.width) // 2, (height - image.height) // 2)
    if image.mode == "RGBA":
        out.alpha_composite(image, at)
    else:
        out.paste(image, at)
    return out if clear else out.convert("RGB"), f"{width} × {height} pixels on {step.color}"


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return red, green, blue


def shadow(image: Image.Image, strength: float) -> tuple[Image.Image, str]:
    """A soft shadow where a cut-out stands: its outline, flattened to the ground and blurred, dark where it touches.

    Raises:
        Refused: INVALID_ARGUMENTS where the picture is not cut out.
    """
    box = image.getchannel("A").getbbox() if clearest(image) == 0 else None
    if box is None:
        raise Refused(Code.INVALID_ARGUMENTS, "The picture is not cut out.", "Put cut_out before shadow.")
    subject = image.crop(box)
    wide, high = subject.size
    blur = max(2, round(wide * 0.04))
    room = blur * 3
    flat = max(2, round(min(high, wide) * 0.10))
    mask = Image.new("L", (wide + 2 * room, high + 2 * room), 0)
    cast = subject.getchannel("A").resize((wide, flat), Image.Resampling.BOX)
    mask.paste(scaled(cast, 0.7), (room, room + high - flat * 2 // 3))
    mask = mask.filter(ImageFilter.GaussianBlur(blur))
    touching = Image.new("L", mask.size, 0)
    foot = subject.getchannel("A").crop((0, high - max(1, high // 40), wide, high)).resize((wide, max(1, flat // 4)))
    touching.paste(foot, (room, room + high - flat // 8))
    mask = ImageChops.lighter(mask, touching.filter(ImageFilter.GaussianBlur(max(1, blur // 4))))
    out = Image.new("RGBA", mask.size, (0, 0, 0, 0))
    out.putalpha(scaled(mask, strength))
    out.alpha_composite(subject, (room, room))
    return out, f"a soft contact shadow of strength {strength:g}"


def upscale(image: Image.Image, factor: float) -> tuple[Image.Image, str]:
    """Larger by resampling."""
    size = (round(image.width * factor), round(image.height * factor))
    check_size(*size)
    large = image.resize(size, Image.Resampling.LANCZOS)
    alpha = large.getchannel("A") if large.mode == "RGBA" else None
    large = large.convert("RGB").filter(ImageFilter.UnsharpMask(0.6 * factor, 60, 2))
    if alpha:
        large.putalpha(alpha)
    return large, f"resampled to {size[0]} × {size[1]} (Lanczos, mildly sharpened); no detail was added"
