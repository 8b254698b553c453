"""Writes the colours and cloths that a product comes in into one file (KHR_materials_variants).

The geometry is there once, untouched, however it is compressed; each variant adds materials, and its pictures.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from devskyy_mcp.errors import Code, Refused

from .container import pack, unsound
from .model import Texture
from .read import VARIANTS, Glb, read_glb

ORIGINAL = "Original"
LIMIT = 64
_DARKEST = 0.02


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the looks.

    Args:
        name: what people choose it by.
        color: linear RGB; what has a texture keeps its light and shade in that colour.
        texture: replaces the texture; ``color`` then multiplies it.
        material: name of the only material that changes; None for all of them.
    """

    name: str
    color: tuple[float, float, float] | None = None
    texture: Texture | None = None
    material: str | None = None


def with_variants(content: bytes, variants: Sequence[Variant]) -> bytes:
    """The file with these variants, and the look that it had as the first one, called ``Original``.

    A name may come several times, for several materials. Variants that the file has already stay.

    Raises:
        Refused: INVALID_ARGUMENTS for a broken file, a name it has already, or too many; NOT_FOUND for a material that
            isn't there.
    """
    glb = read_glb(content)
    _check(glb, variants)
    work = _Work(glb)
    for variant in variants:
        work.add(variant)
    return work.content()


def _check(glb: Glb, variants: Sequence[Variant]) -> None:
    had = set(glb.variants)
    again = sorted({variant.name for variant in variants} & (had | {ORIGINAL}))
    if again:
        raise Refused(
            Code.INVALID_ARGUMENTS, f"The model has a variant {again[0][:80]!r} already.", "Name it otherwise."
        )
    if len({variant.name for variant in variants} | had) > LIMIT:
        raise Refused(Code.INVALID_ARGUMENTS, f"A model has at most {LIMIT} variants.")
    known = [material.name for material in glb.typed.materials or []]
    for variant in variants:
        if variant.material is not None and variant.material not in known:
            raise Refused(
                Code.NOT_FOUND,
                f"The model has no material {variant.material[:80]!r}.",
                "Leave material out to change all of them.",
                details={"materials": known[:50]},
            )


@dataclass
class _Work:
    """A copy of the file's JSON and bytes, which grows."""

    glb: Glb
    tree: dict[str, Any] = field(init=False)
    binary: bytearray = field(init=False)
    _images: dict[bytes, int] = field(default_factory=dict[bytes, int])
    _greys: dict[int, tuple[Texture, float] | None] = field(default_factory=dict[int, "tuple[Texture, float] | None"])

    def __post_init__(self) -> None:
        self.tree = deepcopy(self.glb.tree)
        self.binary = bytearray(self.glb.binary)
        buffers = self.tree.setdefault("buffers", [])
        if buffers and "uri" in buffers[0]:
            raise unsound("its bytes are not in the file's second chunk")
        root = self.tree.setdefault("extensions", {}).setdefault(VARIANTS, {"variants": []})
        self.names: list[dict[str, Any]] = root["variants"]
        used = self.tree.setdefault("extensionsUsed", [])
        if VARIANTS not in used:
            used.append(VARIANTS)
        self.primitives: list[dict[str, Any]] = [
            primitive
            for mesh in self.tree.get("meshes", [])
            for primitive in mesh["primitives"]
            if primitive.get("mode", 4) >= 4
        ]
        if not self.glb.variants:
            self._keep_original()

    def _keep_original(self) -> None:
        self.names.append({"name": ORIGINAL})
        for primitive in self.primitives:
            if "material" not in primitive:
                primitive["material"] = self._added("materials", {"name": "Plain"})
            self._map(primitive, primitive["material"], 0)

    def add(self, variant: Variant) -> None:
        """Take in one look."""
        known = [one["name"] for one in self.names]
        if variant.name not in known:
            self.names.append({"name": variant.name})
            known.append(variant.name)
        number, made = known.index(variant.name), dict[int, int]()
        for primitive in self.primitives:
            origin: int = primitive.get("material", -1)
            source: dict[str, Any] = self.tree["materials"][origin] if origin >= 0 else {}
            if variant.material is not None and source.get("name") != variant.material:
                continue
            if origin not in made:
                made[origin] = self._added("materials", self._material(source, variant))
            self._map(primitive, made[origin], number)

    def _map(self, primitive: dict[str, Any], material: int, variant: int) -> None:
        extension = primitive.setdefault("extensions", {}).setdefault(VARIANTS, {"mappings": []})
        mappings: list[dict[str, Any]] = extension["mappings"]
        for mapping in mappings:
            mapping["variants"] = [one for one in mapping["variants"] if one != variant]
        mappings[:] = [mapping for mapping in mappings if mapping["variants"]]
        mappings.append({"material": material, "variants": [variant]})

    def _material(self, source: dict[str, Any], variant: Variant) -> dict[str, Any]:
        material = deepcopy(source)
        material["name"] = f"{source.get('name', 'Material')} {variant.name}"
        surface: dict[str, Any] = material.setdefault("pbrMetallicRoughness", {})
        alpha: float = surface.get("baseColorFactor", [1, 1, 1, 1])[3]
        color = variant.color or (1.0, 1.0, 1.0)
        texture, info = variant.texture, surface.get("baseColorTexture")
        if texture is None and info is not None:
            grey = self._grey(info["index"])
            if grey is not None:
                texture, mean = grey
                # The middle of the texture gets the colour that was asked for.
                red, green, blue = (min(one / mean, 1.0) for one in color)
                color = (red, green, blue)
        if texture is not None:
            surface["baseColorTexture"] = {**(info or {}), "index": self._texture(texture, info)}
        surface["baseColorFactor"] = [*color, alpha]
        return material

    def _grey(self, index: int) -> tuple[Texture, float] | None:
        """The texture's light and shade as a picture of its own, with its linear mean; None where it has no picture."""
        if index not in self._greys:
            self._greys[index] = self._made_grey(index)
        return self._greys[index]

    def _made_grey(self, index: int) -> tuple[Texture, float] | None:
        import numpy as np
        from PIL import Image

        from ..render.light import decoding
        from ..render.scene import decoded

        source = self._source(index)
        if source is None:
            return None
        pixels = Image.fromarray(decoded(self.glb.image(source).content))
        light = pixels.convert("RGB").convert("L")
        top = max(int(np.percentile(np.asarray(light), 98)), 8)
        light = light.point([min(round(step * 255 / top), 255) for step in range(256)])
        out = io.BytesIO()
        see_through = pixels.getchannel("A").getextrema() != (255, 255)
        if see_through:
            Image.merge("LA", (light, pixels.getchannel("A"))).save(out, "PNG")
        else:
            light.save(out, "JPEG", quality=88)
        mean = float(decoding()[np.asarray(light)].mean())
        return Texture(out.getvalue(), "image/png" if see_through else "image/jpeg"), max(mean, _DARKEST)

    def _source(self, texture: int) -> int | None:
        stored: dict[str, Any] = self.tree["textures"][texture]
        webp = stored.get("extensions", {}).get("EXT_texture_webp")
        found = stored.get("source") if webp is None else webp.get("source")
        return found if isinstance(found, int) else None

    def _texture(self, texture: Texture, replaced: dict[str, Any] | None) -> int:
        if texture.content not in self._images:
            start = len(self.binary) + -len(self.binary) % 4
            self.binary += b"\0" * (start - len(self.binary)) + texture.content
            view = {"buffer": 0, "byteOffset": start, "byteLength": len(texture.content)}
            image = {"mimeType": texture.mime, "bufferView": self._added("bufferViews", view)}
            made: dict[str, Any] = {"source": self._added("images", image)}
            sampler = self.tree["textures"][replaced["index"]].get("sampler") if replaced else None
            self._images[texture.content] = self._added(
                "textures", made if sampler is None else made | {"sampler": sampler}
            )
        return self._images[texture.content]

    def _added(self, of: str, item: dict[str, Any]) -> int:
        items = self.tree.setdefault(of, [])
        items.append(item)
        return len(items) - 1

    def content(self) -> bytes:
        """The whole file."""
        buffers: list[dict[str, Any]] = self.tree["buffers"]
        if not buffers:
            buffers.append({})
        buffers[0]["byteLength"] = max(len(self.binary), 1)
        return pack(self.tree, bytes(self.binary))
