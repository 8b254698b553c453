"""Writes USDZ, the 3D models of Apple's Quick Look: a layer in text and its textures, stored in a zip.

The package follows the USDZ file format specification (v1.3): the layer comes first, nothing is compressed, and each
file's bytes begin at a multiple of 64. Materials are UsdPreviewSurface (v2.6).
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .gltf.model import Material, Model, Part, Texture
from .gltf.read import read_glb
from .render.scene import decoded

ALIGNMENT = 64
_UNSAFE = re.compile(r"[^A-Za-z0-9_]+")
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_DATE = 0x21
"""The first of January 1980: the same model gives the same bytes."""


class _File(NamedTuple):
    name: str
    content: bytes


def write_usdz(model: Model) -> bytes:
    """The model as USDZ: metres, Y up. Textures become PNG or JPEG, which are all that USDZ may hold.

    Raises:
        Refused: when a texture can't be read.
    """
    textures: list[_File] = []
    names: dict[bytes, str] = {}
    for material in model.materials:
        texture = material.texture
        if texture is not None and texture.content not in names:
            content, ending = _plain(texture)
            names[texture.content] = f"textures/{len(textures)}.{ending}"
            textures.append(_File(names[texture.content], content))
    layer = "".join(_layer(model, names)).encode()
    return _zip([_File("model.usda", layer), *textures])


def _plain(texture: Texture) -> tuple[bytes, str]:
    if texture.mime == "image/jpeg":
        return texture.content, "jpg"
    if texture.mime == "image/png":
        return texture.content, "png"
    picture = Image.fromarray(decoded(texture.content))
    out = io.BytesIO()
    if picture.getchannel("A").getextrema() == (255, 255):
        picture.convert("RGB").save(out, "JPEG", quality=90)
        return out.getvalue(), "jpg"
    picture.save(out, "PNG")
    return out.getvalue(), "png"


def _layer(model: Model, names: dict[bytes, str]) -> Iterator[str]:
    yield (
        '#usda 1.0\n(\n    defaultPrim = "Model"\n    metersPerUnit = 1\n    upAxis = "Y"\n)\n\n'
        'def Xform "Model" (\n    kind = "component"\n)\n{\n'
    )
    materials = model.materials or (Material("Plain"),)
    for number, part in enumerate(model.parts):
        yield from _mesh(f"Part{number}_{_word(part.name)}", part, materials[part.material], part.material)
    yield '    def Scope "Materials"\n    {\n'
    for number, material in enumerate(materials):
        yield from _material(number, material, names)
    yield "    }\n}\n"


def _mesh(name: str, part: Part, material: Material, number: int) -> Iterator[str]:
    positions = np.asarray(part.positions, np.float32)
    low, high = positions.min(0), positions.max(0)
    yield f'    def Mesh "{name}" (\n        prepend apiSchemas = ["MaterialBindingAPI"]\n    )\n    {{\n'
    yield f"        float3[] extent = {_rows(np.stack((low, high)))}\n"
    yield f"        int[] faceVertexCounts = [{', '.join(['3'] * len(part.triangles))}]\n"
    yield f"        int[] faceVertexIndices = [{', '.join(map(str, part.triangles.ravel().tolist()))}]\n"
    yield f"        point3f[] points = {_rows(positions)}\n"
    yield f'        normal3f[] normals = {_rows(part.normals)} (\n            interpolation = "vertex"\n        )\n'
    if part.uvs is not None:
        uvs = np.asarray(part.uvs, np.float32) * (1, -1) + (0, 1)  # USD's origin is at the bottom left
        yield f'        texCoord2f[] primvars:st = {_rows(uvs)} (\n            interpolation = "vertex"\n        )\n'
    yield f"        uniform bool doubleSided = {int(material.double_sided)}\n"
    yield '        uniform token subdivisionScheme = "none"\n'
    yield f"        rel material:binding = </Model/Materials/M{number}>\n    }}\n\n"


def _material(number: int, material: Material, names: dict[bytes, str]) -> Iterator[str]:
    place = f"/Model/Materials/M{number}"
    red, green, blue, alpha = material.color
    file = names[material.texture.content] if material.texture else ""
    opaque = material.alpha == "OPAQUE"
    color, opacity = f"color3f inputs:diffuseColor = ({red:.6g}, {green:.6g}, {blue:.6g})", "float inputs:opacity = 1"
    if file:
        color = f"color3f inputs:diffuseColor.connect = <{place}/Texture.outputs:rgb>"
    if not opaque:
        opacity = (
            f"float inputs:opacity.connect = <{place}/Texture.outputs:a>"
            if file
            else (f"float inputs:opacity = {alpha:.6g}")
        )
    cutoff = material.cutoff if material.alpha == "MASK" else 0
    yield (
        f'        def Material "M{number}" (\n            displayName = "{_word(material.name)}"\n        )\n'
        "        {\n"
        f"            token outputs:surface.connect = <{place}/Surface.outputs:surface>\n\n"
        '            def Shader "Surface"\n            {\n'
        '                uniform token info:id = "UsdPreviewSurface"\n'
        f"                {color}\n                {opacity}\n"
        f"                float inputs:opacityThreshold = {cutoff:.6g}\n"
        f"                float inputs:metallic = {material.metallic:.6g}\n"
        f"                float inputs:roughness = {material.roughness:.6g}\n"
        "                token outputs:surface\n            }\n"
    )
    if file:
        yield (
            '\n            def Shader "Texture"\n            {\n'
            '                uniform token info:id = "UsdUVTexture"\n'
            f"                asset inputs:file = @{file}@\n"
            '                token inputs:sourceColorSpace = "sRGB"\n'
            '                token inputs:wrapS = "repeat"\n                token inputs:wrapT = "repeat"\n'
            f"                float4 inputs:scale = ({red:.6g}, {green:.6g}, {blue:.6g}, {alpha:.6g})\n"
            f"                float2 inputs:st.connect = <{place}/Places.outputs:result>\n"
            "                float3 outputs:rgb\n                float outputs:a\n            }\n"
            '\n            def Shader "Places"\n            {\n'
            '                uniform token info:id = "UsdPrimvarReader_float2"\n'
            '                string inputs:varname = "st"\n'
            "                float2 outputs:result\n            }\n"
        )
    yield "        }\n\n"


def _word(name: str) -> str:
    return _UNSAFE.sub("_", name)[:60]


def _rows(values: NDArray[Any]) -> str:
    """A list of tuples; six digits are a micrometre of a metre."""
    width = values.shape[1]
    row = "(" + ", ".join(["%.6g"] * width) + ")"
    return "[" + ", ".join([row] * len(values)) % tuple(values.ravel().tolist()) + "]"


def _zip(files: list[_File]) -> bytes:
    """Stored, with each file's bytes at a multiple of 64: an extra field of no meaning fills the gap."""
    out, directory = bytearray(), bytearray()
    for name, content in files:
        start, label, size = len(out), name.encode(), len(content)
        gap = -(start + _LOCAL.size + len(label) + 4) % ALIGNMENT
        extra = struct.pack("<2H", 0x1986, gap) + b"\0" * gap
        check = zlib.crc32(content)
        out += _LOCAL.pack(b"PK\3\4", 20, 0, 0, 0, _DATE, check, size, size, len(label), len(extra))
        out += label + extra + content
        directory += _CENTRAL.pack(
            b"PK\1\2", 20, 20, 0, 0, 0, _DATE, check, size, size, len(label), 0, 0, 0, 0, 0, start
        )  # fmt: skip
        directory += label
    end = _END.pack(b"PK\5\6", 0, 0, len(files), len(files), len(directory), len(out), 0)
    return bytes(out + directory + end)


def usdz_of(content: bytes, variant: str | None) -> tuple[bytes, int]:
    """A GLB as USDZ, and its number of triangles. Quick Look knows no variants: one of them is written."""
    model = read_glb(content).scene(variant)
    return write_usdz(model), sum(len(part.triangles) for part in model.parts)
