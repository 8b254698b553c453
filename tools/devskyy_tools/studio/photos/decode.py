"""Pictures from outside, made into plain ones: sRGB, 8 bits, upright, still, with nothing of the file but its pixels.

What the header says is checked before anything is decoded. Whatever else a file holds (EXIF and its place on the map,
a second file behind the first, scripts in comments) ends here, since what is written later is written anew.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import ExifTags, Image, ImageCms, ImageOps

from devskyy_mcp.assets.store import PICTURES, unwelcome
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.ssrf import media_type

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

MAX_BYTES = 25 * 1024 * 1024
MAX_SIDE = 16_384
MAX_PIXELS = 64_000_000
"""What is decoded takes up to 4 bytes a pixel, and a conversion as much again: 512 MB at the most."""
FORMATS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
}
"""The decoder of each kind: the first bytes choose it, and no other looks at the file."""

# Ours is stricter, is asked before decoding, and refuses instead of warning.
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that is safe to work on.

    Args:
        image: mode RGB, or RGBA where the file has transparency; sRGB, upright, without any metadata.
        kind: the file's media type.
        width: pixels of the file, upright; ``image`` is smaller where ``longest`` was given.
        height: the same.
        notes: what was changed on the way in, one sentence each.
    """

    image: Image.Image
    kind: str
    width: int
    height: int
    notes: tuple[str, ...] = ()


def decode(content: bytes, *, longest: int | None = None, max_pixels: int = MAX_PIXELS) -> Picture:
    """Decode a picture.

    Args:
        content: PNG, JPEG, GIF, WebP or AVIF; the first frame of what moves.
        longest: scale down, never up, until the longer side has at most so many pixels.
        max_pixels: refuse pictures with more.

    Raises:
        Refused: TOO_LARGE by bytes or by what the header says; INVALID_ARGUMENTS for what is no picture, or is
            damaged.
    """
    if not content:
        raise Refused(Code.INVALID_ARGUMENTS, "The picture is empty: the file has 0 bytes.", "Send it again.")
    if len(content) > MAX_BYTES:
        raise Refused(
            Code.TOO_LARGE, f"The picture has more than {MAX_BYTES >> 20} MiB.", "Save it as a JPEG of quality 90."
        )
    kind = media_type(content)
    if kind not in FORMATS:
        raise unwelcome(content, PICTURES)
    try:
        with Image.open(io.BytesIO(content), formats=[FORMATS[kind]]) as file:
            check_size(file.width, file.height, max_pixels)
            return _plain(file, kind, longest)
    except Refused:
        raise
    except MemoryError:
        raise Refused(
            Code.TOO_LARGE, "The picture does not fit into this machine's memory.", "Make it smaller."
        ) from None
    except Exception:  # whatever the decoders make of hostile bytes; its text is about them, not for the caller
        raise Refused(
            Code.INVALID_ARGUMENTS,
            "The picture is damaged: it ends too early or holds what its kind does not allow.",
            "Open it in an image editor, save it anew, and send that.",
        ) from None


def check_size(width: int, height: int, max_pixels: int = MAX_PIXELS) -> None:
    """Refuse more pixels than are worked on.

    Raises:
        Refused: TOO_LARGE.
    """
    if width > MAX_SIDE or height > MAX_SIDE or width * height > max_pixels:
        raise Refused(
            Code.TOO_LARGE,
            f"The picture has {width} × {height} pixels; at most {max_pixels // 1_000_000} million are read, and "
            f"{MAX_SIDE} a side.",
            "Scale it to 4000 pixels on its longer side; nothing here uses more.",
        )


def _plain(file: ImageFile, kind: str, longest: int | None) -> Picture:
    notes: list[str] = []
    if getattr(file, "n_frames", 1) > 1 and file.format != "MPO":  # an MPO's other pictures are depth and the like
        notes.append("It moves; its first frame was taken.")
    turned = _turned(file)
    full = (file.height, file.width) if turned else file.size
    if longest and max(file.size) > longest:
        file.draft(file.mode, (longest, longest))  # a JPEG is decoded at a half, a quarter or an eighth
    file.load()
    profile: bytes | None = file.info.get("icc_profile")
    image = _turn(file)
    if longest:
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=2)
    image = _srgb(_eight_bits(image, notes), profile, notes)
    image.info.clear()
    return Picture(image, kind, *full, tuple(notes))


def _turned(file: ImageFile) -> bool:
    """Whether the camera was held upright, so that the sides change places."""
    try:
        return file.getexif().get(ExifTags.Base.Orientation) in {5, 6, 7, 8}
    except Exception:  # damaged EXIF is no reason to refuse the picture
        return False


def _turn(file: ImageFile) -> Image.Image:
    try:
        return ImageOps.exif_transpose(file)
    except Exception:  # the same
        return file.copy()


def _eight_bits(image: Image.Image, notes: list[str]) -> Image.Image:
    if image.mode.startswith("I"):
        import numpy as np

        notes.append("Its 16 bits a channel were made 8.")
        deep = np.asarray(image).astype(np.float64)
        return Image.fromarray((deep / 257 + 0.5).clip(0, 255).astype(np.uint8))
    return image


def _srgb(image: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """RGB or RGBA in sRGB; a profile that can't be used is left out, and said."""
    alpha: Image.Image | None = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
    if image.mode not in {"RGB", "L", "CMYK"}:
        image = image.convert("L" if image.mode == "1" else "RGB")
    if image.mode == "CMYK":
        notes.append("Its printing colours (CMYK) were converted to sRGB.")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "sRGB" not in ImageCms.getProfileDescription(source):
                target = ImageCms.ImageCmsProfile(ImageCms.core.createProfile("sRGB"))
                image = ImageCms.profileToProfile(image, source, target, outputMode="RGB") or image
        except (ImageCms.PyCMSError, OSError, ValueError):
            notes.append("Its colour profile could not be used; colours may differ a little.")
    image = image.convert("RGB")
    if alpha is not None:
        image.putalpha(alpha)
    return image
