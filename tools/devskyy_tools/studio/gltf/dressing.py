"""Looks as people give them, sRGB colours and pictures of any kind, made into variants of a file."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from ..photos.decode import decode
from ..render.light import decoding
from .model import Texture
from .read import read_glb
from .variants import Variant, with_variants

EDGE = 2048


def dressed(content: bytes, looks: Sequence[Mapping[str, Any]], cloths: Mapping[str, bytes]) -> tuple[bytes, list[str]]:
    """The file with these looks, and the names of all its variants.

    Args:
        content: the GLB.
        looks: name, color as #rrggbb, texture as a key of ``cloths``, material.
        cloths: pictures.

    Raises:
        Refused: as ``with_variants`` and ``decode``.
    """
    textures = {name: _texture(picture) for name, picture in cloths.items()}
    linear = decoding()
    variants = [
        Variant(
            look["name"],
            _color(look["color"], linear) if look["color"] else None,
            textures[look["texture"]] if look["texture"] else None,
            look["material"],
        )
        for look in looks
    ]
    made = with_variants(content, variants)
    return made, read_glb(made).variants


def _color(code: str, linear: Any) -> tuple[float, float, float]:
    red, green, blue = (float(linear[int(code[at : at + 2], 16)]) for at in (1, 3, 5))
    return red, green, blue


def _texture(content: bytes) -> Texture:
    """As a kind that every viewer opens, with sides that are powers of two."""
    picture = decode(content, longest=EDGE).image
    width, height = (1 << max(side.bit_length() - 1, 2) for side in picture.size)
    picture = picture.resize((min(width, EDGE), min(height, EDGE)))
    out = io.BytesIO()
    if picture.mode == "RGBA":
        picture.save(out, "PNG")
        return Texture(out.getvalue(), "image/png")
    picture.convert("RGB").save(out, "JPEG", quality=88)
    return Texture(out.getvalue(), "image/jpeg")
