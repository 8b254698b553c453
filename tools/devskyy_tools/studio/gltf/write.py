"""Writes a model as binary glTF 2.0: plain, so that everything can read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .container import pack
from .model import Material, Model, Part

if TYPE_CHECKING:
    from numpy.typing import NDArray

GENERATOR = "DevSkyy"
ARRAY, ELEMENTS = 34962, 34963
_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}
_COMPONENTS = {"float32": 5126, "uint32": 5125, "uint16": 5123}


def write_glb(model: Model) -> bytes:
    """The model as a GLB of one node and mesh with a primitive for each part, textures embedded.

    The same model gives the same bytes. Normals are made unit length.

    Raises:
        ValueError: no parts, an index out of range, numbers that are not finite: a mistake of whoever built it.
    """
    if not model.parts:
        raise ValueError("a model needs a part")
    file = _File()
    primitives = [_primitive(file, model, part) for part in model.parts]
    tree: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": GENERATOR, **({"extras": model.extras} if model.extras else {})},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"name": model.name, "mesh": 0}],
        "meshes": [{"name": model.name, "primitives": primitives}],
        "accessors": file.accessors,
    }
    materials = [_material(file, material) for material in model.materials]
    if materials:
        tree["materials"] = materials
    if file.images:
        tree |= {
            "textures": [_texture(number, image) for number, image in enumerate(file.images)],
            "images": file.images,
            "samplers": [{"magFilter": 9729, "minFilter": 9987, "wrapS": 33071, "wrapT": 33071}],
        }
    if any(image["mimeType"] == "image/webp" for image in file.images):
        tree |= {"extensionsUsed": ["EXT_texture_webp"], "extensionsRequired": ["EXT_texture_webp"]}
    tree |= {"bufferViews": file.views, "buffers": [{"byteLength": len(file.binary)}]}
    return pack(tree, bytes(file.binary))


def unit(normals: NDArray[Any]) -> NDArray[np.float32]:
    """Those vectors at unit length; what has none becomes +Y."""
    wide = np.asarray(normals, np.float64)
    length = np.linalg.norm(wide, axis=1, keepdims=True)
    flat = ~(length[:, 0] > 1e-12)
    wide = wide / np.where(length > 1e-12, length, 1)
    wide[flat] = (0, 1, 0)
    return wide.astype(np.float32)


class _File:
    """The buffer and what points into it."""

    def __init__(self) -> None:
        self.binary = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []
        self.images: list[dict[str, Any]] = []
        self._pictures: dict[bytes, int] = {}

    def view(self, content: bytes, target: int | None = None) -> int:
        self.binary += b"\0" * (-len(self.binary) % 4)
        view: dict[str, Any] = {"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(content)}
        self.views.append(view if target is None else view | {"target": target})
        self.binary += content
        return len(self.views) - 1

    def accessor(self, values: NDArray[Any], target: int, *, bounds: bool = False) -> int:
        width = 1 if values.ndim == 1 else values.shape[1]
        accessor: dict[str, Any] = {
            "bufferView": self.view(np.ascontiguousarray(values).tobytes(), target),
            "componentType": _COMPONENTS[values.dtype.name],
            "count": len(values),
            "type": _TYPES[width],
        }
        if bounds:
            accessor |= {"min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist()}
        self.accessors.append(accessor)
        return len(self.accessors) - 1

    def picture(self, content: bytes, mime: str) -> int:
        """The image of those bytes; one that several materials use is there once."""
        if content not in self._pictures:
            self._pictures[content] = len(self.images)
            self.images.append({"mimeType": mime, "bufferView": self.view(content)})
        return self._pictures[content]


def _primitive(file: _File, model: Model, part: Part) -> dict[str, Any]:
    positions = np.asarray(part.positions, np.float32)
    triangles = np.asarray(part.triangles, np.uint32)
    _check(model, part)
    attributes = {
        "POSITION": file.accessor(positions, ARRAY, bounds=True),
        "NORMAL": file.accessor(unit(part.normals), ARRAY),
    }
    if part.uvs is not None:
        attributes["TEXCOORD_0"] = file.accessor(np.asarray(part.uvs, np.float32), ARRAY)
    narrow = triangles.astype(np.uint16) if len(positions) <= 65535 else triangles
    primitive: dict[str, Any] = {"attributes": attributes, "indices": file.accessor(narrow.reshape(-1), ELEMENTS)}
    if model.materials:
        primitive["material"] = part.material
    return primitive


def _check(model: Model, part: Part) -> None:
    numbers = [part.positions, part.normals, *([] if part.uvs is None else [part.uvs])]
    if any(len(values) != len(part.positions) or not np.isfinite(values).all() for values in numbers):
        raise ValueError(f"{part.name}: positions, normals and uvs must be finite and as many as each other")
    if not len(part.triangles) or int(part.triangles.max()) >= len(part.positions):
        raise ValueError(f"{part.name}: triangles must be there, and name vertices that are")
    if model.materials and not 0 <= part.material < len(model.materials):
        raise ValueError(f"{part.name}: there is no material {part.material}")


def _material(file: _File, material: Material) -> dict[str, Any]:
    surface: dict[str, Any] = {
        "baseColorFactor": list(material.color),
        "metallicFactor": material.metallic,
        "roughnessFactor": material.roughness,
    }
    if material.texture is not None:
        surface["baseColorTexture"] = {"index": file.picture(material.texture.content, material.texture.mime)}
    written: dict[str, Any] = {"name": material.name, "pbrMetallicRoughness": surface}
    if material.alpha != "OPAQUE":
        written["alphaMode"] = material.alpha
    if material.alpha == "MASK":
        written["alphaCutoff"] = material.cutoff
    if material.double_sided:
        written["doubleSided"] = True
    return written


def _texture(number: int, image: dict[str, Any]) -> dict[str, Any]:
    if image["mimeType"] == "image/webp":
        return {"sampler": 0, "extensions": {"EXT_texture_webp": {"source": number}}}
    return {"sampler": 0, "source": number}
