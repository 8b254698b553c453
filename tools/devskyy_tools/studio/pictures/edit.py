"""Steps of editing, one after the other on one picture in memory; each says what it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops, ImageColor, ImageEnhance, ImageFilter

from devskyy_mcp.errors import Code, Refused

from ..photos.cutout import cut_out
from ..photos.decode import check_size, decode
from .steps import Adjust, Canvas, Crop, CutOut, Place, Shadow, Step, Upscale, Watermark
from .subject import Box, ground_of, subject_box
from .texts import check_text, lettering
from .writing import SHOWN_BYTES, SHOWN_EDGE, Format, encoded, flat, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LUMA = (0.2126, 0.7152, 0.0722)
_HOPELESS = frozenset({"nothing", "fills", "unsure"})
"""What a cut-out is refused for; a photo for a relief must be better than one for a picture."""
_LETTERS = {True: ((30, 30, 34), (255, 255, 255)), False: ((255, 255, 255), (0, 0, 0))}
"""Colours of letters and their outline, on bright and on dark ground."""
_BY = {"network": "the network", "border": "the border's colour", "transparency": "its own transparency"}
_NORM = 6
"""Minkowski's p of the shades-of-grey estimate of the light (Finlayson and Trezzi, 2004)."""


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
    box = image.getchannel("A").getbbox() if image.mode == "RGBA" and image.getchannel("A").getextrema()[0] == 0 else None
    if box is None:
        raise Refused(Code.INVALID_ARGUMENTS, "The picture is not cut out.", "Put cut_out before shadow.")
    subject = image.crop(box)
    wide, high = subject.size
    blur = max(2, round(wide * 0.04))
    room = blur * 3
    flat = max(2, round(min(high, wide) * 0.10))
    mask = Image.new("L", (wide + 2 * room, high + 2 * room), 0)
    cast = subject.getchannel("A").resize((wide, flat), Image.Resampling.BOX)
    mask.paste(cast.point(lambda alpha: round(alpha * 0.7)), (room, room + high - flat * 2 // 3))
    mask = mask.filter(ImageFilter.GaussianBlur(blur))
    touching = Image.new("L", mask.size, 0)
    foot = subject.getchannel("A").crop((0, high - max(1, high // 40), wide, high)).resize((wide, max(1, flat // 4)))
    touching.paste(foot, (room, room + high - flat // 8))
    mask = ImageChops.lighter(mask, touching.filter(ImageFilter.GaussianBlur(max(1, blur // 4))))
    out = Image.new("RGBA", mask.size, (0, 0, 0, 0))
    out.putalpha(mask.point(lambda dark: round(dark * strength)))
    out.alpha_composite(subject, (room, room))
    return out, f"a soft contact shadow of strength {strength:g}"


def adjust(image: Image.Image, step: Adjust) -> tuple[Image.Image, str]:
    """Light and colour. Exposure and white balance count in linear light; contrast turns about middle grey."""
    if not (step.exposure or step.white_balance or step.contrast or step.saturation):
        raise Refused(Code.INVALID_ARGUMENTS, "Nothing to adjust.", "Give exposure, white_balance, contrast or saturation.")
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    base = image.convert("RGB")
    gains = _balance(image) if step.white_balance else np.ones(3)
    levels = np.arange(256) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    table: list[int] = []
    for gain in gains * 2.0**step.exposure:
        light = np.clip(linear * gain, 0, 1)
        tone = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
        tone = (tone - 0.5) * (1 + step.contrast / 100) + 0.5
        table += np.clip(np.round(tone * 255), 0, 255).astype(int).tolist()
    base = base.point(table)
    if step.saturation:
        base = ImageEnhance.Color(base).enhance(1 + step.saturation / 100)
    if alpha:
        base.putalpha(alpha)
    said = [f"exposure {step.exposure:+g} stops"] if step.exposure else []
    said += [f"white balance red × {gains[0]:.2f}, blue × {gains[2]:.2f}"] if step.white_balance else []
    said += [f"contrast {step.contrast:+g}"] if step.contrast else []
    said += [f"saturation {step.saturation:+g}"] if step.saturation else []
    return base, ", ".join(said)


def _balance(image: Image.Image) -> NDArray[np.float64]:
    """Gains of red, green and blue that make the light neutral: by a bright plain background where there is one, which
    is meant to be white or grey, else by the shades-of-grey estimate; at most 1.6 times, and as bright as before.
    """
    ground, spread = ground_of(image)
    level = np.array(ground) / 255
    if image.mode == "RGB" and spread < 6 and level.min() > 0.55:
        light = ((level + 0.055) / 1.055) ** 2.4
    else:
        small = image.convert("RGBA").resize((96, 96), Image.Resampling.BOX)
        pixels = np.asarray(small).reshape(-1, 4)
        seen = pixels[pixels[:, 3] > 127][:, :3] / 255
        light = np.mean(np.where(seen <= 0.04045, seen / 12.92, ((seen + 0.055) / 1.055) ** 2.4) ** _NORM, axis=0) ** (1 / _NORM) if len(seen) else np.ones(3)
    gains = np.clip(light[1] / np.maximum(light, 1e-4), 1 / 1.6, 1.6)
    return gains * (np.dot(_LUMA, light) / np.dot(_LUMA, light * gains))


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
    mark.putalpha(mark.getchannel("A").point(lambda alpha: round(alpha * step.opacity)))
    edge = round(min(image.size) * 0.03)
    right, bottom = image.width - mark.width, image.height - mark.height
    at = {
        "top_left": (edge, edge), "top_right": (right - edge, edge), "bottom_left": (edge, bottom - edge),
        "bottom_right": (right - edge, bottom - edge), "center": (right // 2, bottom // 2),
    }[step.place]  # fmt: skip
    out = image.convert("RGBA")
    out.alpha_composite(mark, (max(0, at[0]), max(0, at[1])))
    return out if image.mode == "RGBA" else out.convert("RGB"), f"{what} at {step.place}, opacity {step.opacity:g}"
