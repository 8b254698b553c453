"""Textures made small: capped in size, and WebP where the viewer is known, JPEG or PNG where it is not."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Literal, NamedTuple

from PIL import Image

from .accessors import extension
from .container import unsound
from .links import textures_of
from .model import Texture
from .schema import Webp

if TYPE_CHECKING:
    from .schema import Tree

Role = Literal["colour", "data"]
_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}


class Wanted(NamedTuple):
    """What textures become; ``side`` is the most pixels a side."""

    webp: bool
    side: int


def roles(tree: Tree) -> dict[int, Role]:
    """What each image is for: ``data`` where a material reads numbers from it, such as normals and roughness."""
    found: dict[int, Role] = {}
    textures = tree.textures or []
    for material in tree.materials or []:
        for name, info in textures_of(material):
            if info.index >= len(textures):
                continue
            texture = textures[info.index]
            webp = extension(texture, "EXT_texture_webp", Webp)
            for source in (texture.source, None if webp is None else webp.source):
                if source is not None and not name.endswith(("baseColorTexture", "emissiveTexture")):
                    found[source] = "data"
    return found


def shrink(texture: Texture, role: Role, wanted: Wanted) -> Texture:
    """The texture as it is wanted. What is small and of the right kind already keeps its bytes.

    Raises:
        Refused: INVALID_ARGUMENTS when it can't be decoded.
    """
    if texture.mime not in _FORMATS:
        return texture
    fits = max(texture.size) <= wanted.side
    if fits and (texture.mime == "image/webp") == wanted.webp:
        return texture
    picture = _decoded(texture)
    if not fits:
        scale = wanted.side / max(picture.size)
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    made = _encoded(picture, role, wanted, texture.mime)
    return texture if fits and wanted.webp and len(made.content) >= len(texture.content) else made


def _decoded(texture: Texture) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(texture.content), formats=[_FORMATS[texture.mime]])
            clear = "A" in picture.getbands() or "transparency" in picture.info
            decoded = picture.convert("RGBA" if clear else "RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise unsound("one of its pictures can't be decoded") from None
    if decoded.mode == "RGBA" and decoded.getchannel("A").getextrema() == (255, 255):
        decoded = decoded.convert("RGB")
    return decoded


def _encoded(picture: Image.Image, role: Role, wanted: Wanted, mime: str) -> Texture:
    file = io.BytesIO()
    if wanted.webp:
        picture.save(file, "WEBP", quality=80 if role == "colour" else 92, method=2, exact=True)
        return Texture(file.getvalue(), "image/webp")
    if picture.mode == "RGBA" or (role == "data" and mime != "image/jpeg"):
        picture.save(file, "PNG", optimize=False, compress_level=9)
        return Texture(file.getvalue(), "image/png")
    picture.save(
        file, "JPEG", quality=88 if role == "colour" else 94, optimize=True, subsampling=0 if role == "data" else 2
    )
    return Texture(file.getvalue(), "image/jpeg")
