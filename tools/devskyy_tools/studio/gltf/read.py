"""Reads binary glTF 2.0 that strangers made: every length, index and number is checked before it is used.

``read_glb(content)`` gives a ``Glb``; ``Glb.scene(variant)`` gives the ``Model`` that is seen, in world space, which
``write_glb`` and the renderers take.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from pydantic import ValidationError

from .accessors import Numbers, at, extension, inline
from .container import Malformed, unpack, unsound
from .images import SIDE_LIMIT, measure
from .model import Model, Texture
from .schema import Tree, Variants

WEBP = "EXT_texture_webp"
VARIANTS = "KHR_materials_variants"
UNDERSTOOD = frozenset({
    "EXT_meshopt_compression", "KHR_mesh_quantization", "KHR_texture_transform", VARIANTS, WEBP,
    "KHR_materials_unlit", "KHR_materials_emissive_strength", "KHR_materials_specular", "KHR_materials_ior",
    "KHR_materials_sheen", "KHR_materials_clearcoat", "KHR_materials_transmission", "KHR_materials_volume",
    "KHR_materials_iridescence", "KHR_materials_anisotropy", "KHR_materials_dispersion", "KHR_lights_punctual",
})  # fmt: skip
"""Extensions that a file may require: those of materials change how it looks, not what is read."""


class Glb:
    """A sound file.

    Attributes:
        tree: the JSON as it stands in the file, for those who rewrite it.
        typed: the same, typed; without what we don't read.
        numbers: views and accessors as arrays.
    """

    def __init__(self, tree: dict[str, Any], typed: Tree, binary: bytes) -> None:
        self.tree = tree
        self.typed = typed
        self.binary = binary
        self.numbers = Numbers(typed, binary)
        self._pictures: dict[int, Texture] = {}

    @property
    def variants(self) -> list[str]:
        """Names of its material variants (KHR_materials_variants), in their order."""
        listed = extension(self.typed, VARIANTS, Variants)
        return [] if listed is None else [variant.name for variant in listed.variants]

    @cached_property
    def images(self) -> list[Texture]:
        """Every image. Raises ``Refused`` for one that is no picture, or larger than 8192 pixels."""
        return [self.image(number) for number in range(len(self.typed.images or []))]

    def image(self, index: int) -> Texture:
        """The image of that index; see ``images``."""
        if index not in self._pictures:
            image = at(self.typed.images, index, "image")
            if image.uri is not None:
                content = inline(image.uri)
            elif image.bufferView is not None:
                view = self.numbers.view(image.bufferView)
                self.numbers.room(len(view))
                content = bytes(view)
            else:
                raise unsound(f"image {index} has no content")
            size = measure(content)
            if size is None:
                raise unsound(f"image {index} is no PNG, JPEG, WebP or KTX2 picture")
            if not 0 < size.width <= SIDE_LIMIT or not 0 < size.height <= SIDE_LIMIT:
                raise unsound(f"image {index} has {size.width} × {size.height} pixels, more than {SIDE_LIMIT} a side")
            self._pictures[index] = Texture(content, size.mime)
        return self._pictures[index]

    def scene(self, variant: str | None = None) -> Model:
        """The triangles that are seen, in world space: metres, Y up, at rest.

        Every part has unit normals (flat ones where the file has none) and the UVs of its base colour texture.
        Points and lines are left out.

        Args:
            variant: the name of a material variant; None for the materials that primitives have by themselves.

        Raises:
            Refused: NOT_FOUND for a variant that isn't there; INVALID_ARGUMENTS where the file lies.
        """
        from .scene import Scene

        return Scene(self, variant).model()


def read_glb(content: bytes) -> Glb:
    """The file, checked as far as everything that is not an array: arrays are checked when they are asked for.

    Raises:
        Refused: INVALID_ARGUMENTS, with what is wrong.
    """
    try:
        tree, binary = unpack(content)
        typed = Tree.model_validate(tree)
    except Malformed as broken:
        raise unsound(broken.message) from None
    except ValidationError as broken:
        first = broken.errors(include_url=False, include_context=False, include_input=False)[0]
        place = "/".join(str(step) for step in first["loc"])[:120]
        raise unsound(f"its JSON breaks the format at /{place}") from None
    if typed.asset.version.split(".")[0] != "2":
        raise unsound("only glTF 2 is known")
    unknown = sorted(set(typed.extensionsRequired or []) - UNDERSTOOD)
    if unknown:
        raise unsound(f"it needs {', '.join(unknown)[:200]}, which isn't read here")
    for buffer in typed.buffers or []:
        if buffer.uri is not None:
            inline(buffer.uri)
    return Glb(tree, typed, binary)
