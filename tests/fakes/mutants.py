"""Sound models with one thing wrong: structured mutations with a name each, and random ones from seeds."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from typing import Any

from devskyy_tools.studio.gltf.container import pack, unpack

from . import models3d

Tree = dict[str, Any]
Change = Callable[[Tree, bytearray], object]
SEEDS = range(40)


def put(*path: str | int, value: Any) -> Change:
    """Set what that path leads to."""

    def change(tree: Tree, binary: bytearray) -> None:
        at: Any = tree
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value

    return change


def drop(*path: str | int) -> Change:
    """Delete what that path leads to."""

    def change(tree: Tree, binary: bytearray) -> None:
        at: Any = tree
        for step in path[:-1]:
            at = at[step]
        del at[path[-1]]

    return change


def write(accessor: int, element: int, form: str, *values: float) -> Change:
    """Overwrite an accessor's bytes from that byte on."""

    def change(tree: Tree, binary: bytearray) -> None:
        view = tree["bufferViews"][tree["accessors"][accessor]["bufferView"]]
        struct.pack_into("<" + form, binary, view["byteOffset"] + element, *values)

    return change


NAN = float("nan")
BOX: dict[str, Change] = {
    "version": put("asset", "version", value="3.0"),
    "no version": drop("asset", "version"),
    "no asset": drop("asset"),
    "version of another type": put("asset", "version", value=2),
    "minor version": put("asset", "version", value="2.1"),
    "scene that isn't there": put("scene", value=3),
    "scene of another type": put("scene", value="0"),
    "negative scene": put("scene", value=-1),
    "node of the scene that isn't there": put("scenes", 0, "nodes", value=[4]),
    "node twice in the scene": put("scenes", 0, "nodes", value=[0, 0]),
    "empty nodes": put("nodes", value=[]),
    "empty scene": put("scenes", 0, "nodes", value=[]),
    "mesh that isn't there": put("nodes", 0, "mesh", value=1),
    "own child": put("nodes", 0, "children", value=[0]),
    "circle": put("nodes", value=[{"mesh": 0, "children": [1]}, {"children": [2]}, {"children": [1]}]),
    "two parents": put("nodes", value=[{"children": [2]}, {"children": [2]}, {"mesh": 0}]),
    "rotation too long": put("nodes", 0, "rotation", value=[0, 0, 0.5, 1]),
    "rotation out of range": put("nodes", 0, "rotation", value=[0, 0, 2, 0]),
    "rotation of three": put("nodes", 0, "rotation", value=[0, 0, 1]),
    "matrix and scale": put("nodes", 0, value={"mesh": 0, "scale": [1, 1, 2], "matrix": [
        2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1]}),
    "matrix with shear": put("nodes", 0, "matrix", value=[1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]),
    "matrix": put("nodes", 0, "matrix", value=[2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 1, 0, 0, 1]),
    "unknown property": put("nodes", 0, "colour", value=1),
    "name of another type": put("nodes", 0, "name", value=7),
    "skin without joints": put("nodes", 0, "skin", value=0),
    "no primitives": put("meshes", 0, "primitives", value=[]),
    "no attributes": put("meshes", 0, "primitives", 0, "attributes", value={}),
    "no position": drop("meshes", 0, "primitives", 0, "attributes", "POSITION"),
    "unknown attribute": put("meshes", 0, "primitives", 0, "attributes", "WARMTH", value=0),
    "own attribute": put("meshes", 0, "primitives", 0, "attributes", "_WARMTH", value=0),
    "texture coordinates with a hole": put("meshes", 0, "primitives", 0, "attributes", "TEXCOORD_2", value=2),
    "texture without coordinates": drop("meshes", 0, "primitives", 0, "attributes", "TEXCOORD_0"),
    "tangents of triples": put("meshes", 0, "primitives", 0, "attributes", "TANGENT", value=1),
    "position of pairs": put("meshes", 0, "primitives", 0, "attributes", "POSITION", value=2),
    "normals that are positions": put("meshes", 0, "primitives", 0, "attributes", "NORMAL", value=0),
    "attribute that isn't there": put("meshes", 0, "primitives", 0, "attributes", "NORMAL", value=9),
    "indices that are positions": put("meshes", 0, "primitives", 0, "indices", value=0),
    "indices that aren't there": put("meshes", 0, "primitives", 0, "indices", value=99),
    "mode": put("meshes", 0, "primitives", 0, "mode", value=7),
    "lines": put("meshes", 0, "primitives", 0, "mode", value=1),
    "strip": put("meshes", 0, "primitives", 0, "mode", value=5),
    "material that isn't there": put("meshes", 0, "primitives", 0, "material", value=1),
    "accessor too long": put("accessors", 0, "count", value=25),
    "accessor far too long": put("accessors", 0, "count", value=400_000_000),
    "accessor shorter": put("accessors", 1, "count", value=23),
    "accessor of none": put("accessors", 0, "count", value=0),
    "offset off by one": put("accessors", 3, "byteOffset", value=1),
    "offset too far": put("accessors", 0, "byteOffset", value=4),
    "count of another type": put("accessors", 0, "count", value="24"),
    "count with a point": put("accessors", 0, "count", value=24.5),
    "component type": put("accessors", 0, "componentType", value=5124),
    "bytes for floats": put("accessors", 0, "componentType", value=5121),
    "type": put("accessors", 0, "type", value="VEC5"),
    "no type": drop("accessors", 0, "type"),
    "normalised floats": put("accessors", 0, "normalized", value=True),
    "no minimum": drop("accessors", 0, "min"),
    "wrong minimum": put("accessors", 0, "min", 0, value=-0.2),
    "wrong maximum": put("accessors", 0, "max", 1, value=0.39),
    "maximum of two": put("accessors", 0, "max", value=[1, 1]),
    "minimum of indices": put("accessors", 3, "min", value=[1]),
    "view that isn't there": put("accessors", 0, "bufferView", value=77),
    "view too long": put("bufferViews", 4, "byteLength", value=1_000_000),
    "view of none": put("bufferViews", 0, "byteLength", value=0),
    "view from another buffer": put("bufferViews", 0, "buffer", value=1),
    "view shifted": put("bufferViews", 1, "byteOffset", value=2),
    "stride too small": put("bufferViews", 0, "byteStride", value=8),
    "stride of three": put("bufferViews", 0, "byteStride", value=3),
    "stride too large": put("bufferViews", 0, "byteStride", value=256),
    "stride of indices": put("bufferViews", 3, "byteStride", value=4),
    "stride": put("bufferViews", 0, "byteStride", value=12),
    "indices marked as vertices": put("bufferViews", 3, "target", value=34962),
    "vertices marked as indices": put("bufferViews", 0, "target", value=34963),
    "target": put("bufferViews", 0, "target", value=1),
    "no targets": drop("bufferViews", 0, "target"),
    "buffer too long": put("buffers", 0, "byteLength", value=1_000_000),
    "buffer too short": put("buffers", 0, "byteLength", value=16),
    "two in one view": put("accessors", 1, "bufferView", value=0),
    "image without type": drop("images", 0, "mimeType"),
    "image of another type": put("images", 0, "mimeType", value="image/jpeg"),
    "image of an unknown type": put("images", 0, "mimeType", value="image/bmp"),
    "image from two places": put("images", 0, "uri", value="a.png"),
    "image from nowhere": drop("images", 0, "bufferView"),
    "image of numbers": put("images", 0, "bufferView", value=0),
    "texture that isn't there": put("materials", 0, "pbrMetallicRoughness", "baseColorTexture", "index", value=1),
    "image that isn't there": put("textures", 0, "source", value=1),
    "sampler that isn't there": put("textures", 0, "sampler", value=1),
    "filter": put("samplers", 0, "magFilter", value=1),
    "metallic out of range": put("materials", 0, "pbrMetallicRoughness", "metallicFactor", value=1.5),
    "colour of three": put("materials", 0, "pbrMetallicRoughness", "baseColorFactor", value=[1, 1, 1]),
    "colour out of range": put("materials", 0, "pbrMetallicRoughness", "baseColorFactor", value=[1, 1, 1, 2]),
    "alpha mode": put("materials", 0, "alphaMode", value="GLASS"),
    "cutoff without mask": put("materials", 0, "alphaCutoff", value=0.4),
    "double sided of another type": put("materials", 0, "doubleSided", value=1),
    "other texture coordinates": put("materials", 0, "pbrMetallicRoughness", "baseColorTexture", "texCoord", value=1),
    "required, not used": put("extensionsRequired", value=["KHR_materials_unlit"]),
    "used, not known": put("extensionsUsed", value=["ACME_warmth"]),
    "extension not declared": put("materials", 0, "extensions", value={"KHR_materials_unlit": {}}),
    "a skin of no joints": put("skins", value=[{"joints": []}]),
    "extras": put("extras", value={"any": [1, {"thing": None}]}),
    "not a number": write(0, 0, "f", NAN),
    "infinite": write(0, 4, "f", float("inf")),
    "a point elsewhere": write(0, 0, "f", 5.0),
    "a long normal": write(1, 0, "3f", 2, 0, 0),
    "a normal of none": write(1, 0, "3f", 0, 0, 0),
    "an index too far": write(3, 0, "H", 24),
    "an index of restart": write(3, 0, "H", 65535),
    "a degenerate triangle": write(3, 0, "3H", 1, 1, 2),
}  # fmt: skip
SKINNED: dict[str, Change] = {
    "joint that isn't there": put("skins", 0, "joints", value=[1, 9]),
    "joint twice": put("skins", 0, "joints", value=[1, 1]),
    "matrices of vertices": put("skins", 0, "inverseBindMatrices", value=0),
    "one joint": put("skins", 0, "joints", value=[1]),
    "joints without a root": put("nodes", value=[{"mesh": 0, "skin": 0}, {}, {"translation": [0, 0.2, 0]}]),
    "joints in no scene": put("scenes", 0, "nodes", value=[0]),
    "skin that isn't there": put("nodes", 0, "skin", value=2),
    "mesh without its skin": drop("nodes", 0, "skin"),
    "joints without weights": drop("meshes", 0, "primitives", 0, "attributes", "WEIGHTS_0"),
    "weights for joints": put("meshes", 0, "primitives", 0, "attributes", "JOINTS_0", value=5),
    "a joint too far": write(4, 0, "B", 2),
    "a negative weight": write(5, 0, "4f", -0.5, 1.5, 0, 0),
    "weights of a half": write(5, 0, "f", 0.5),
    "a matrix of another row": write(6, 12, "f", 1.0),
    "channel without sampler": put("animations", 0, "channels", 0, "sampler", value=1),
    "channel of another node": put("animations", 0, "channels", 0, "target", "node", value=7),
    "channel of another path": put("animations", 0, "channels", 0, "target", "path", value="colour"),
    "rotation of triples": put("animations", 0, "channels", 0, "target", "path", value="rotation"),
    "weights without targets": put("animations", 0, "channels", 0, "target", "path", value="weights"),
    "no channels": put("animations", 0, "channels", value=[]),
    "a spline": put("animations", 0, "samplers", 0, "interpolation", value="CUBICSPLINE"),
    "an unknown curve": put("animations", 0, "samplers", 0, "interpolation", value="SMOOTH"),
    "times of triples": put("animations", 0, "samplers", 0, "input", value=8),
    "times without bounds": drop("accessors", 7, "min"),
    "times backwards": write(7, 4, "f", 2.0),
    "negative times": write(7, 0, "f", -1.0),
    "moved by a matrix": put("nodes", 2, value={"matrix": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0.2, 0, 1]}),
}


def structured() -> dict[str, bytes]:
    """Every named mutation."""
    found: dict[str, bytes] = {}
    for sound, changes in ((models3d.textured(), BOX), (models3d.skinned(), SKINNED)):
        for name, change in changes.items():
            tree, binary = unpack(sound)
            held = bytearray(binary)
            change(tree, held)
            found[name] = pack(tree, bytes(held))
    return found | _containers(models3d.textured())


def _containers(sound: bytes) -> dict[str, bytes]:
    size = struct.unpack_from("<I", sound, 12)[0]
    return {
        "empty": b"",
        "half a header": sound[:8],
        "another magic": b"glTg" + sound[4:],
        "version 1": sound[:4] + struct.pack("<I", 1) + sound[8:],
        "length too small": sound[:8] + struct.pack("<I", len(sound) - 4) + sound[12:],
        "length too large": sound[:8] + struct.pack("<I", len(sound) + 400) + sound[12:],
        "cut in half": sound[: len(sound) // 2],
        "only a header": sound[:8] + struct.pack("<I", 12),
        "chunk too large": sound[:12] + struct.pack("<I", 1 << 30) + sound[16:],
        "chunk unaligned": sound[:12] + struct.pack("<I", size - 1) + sound[16:],
        "bytes first": sound[:16] + b"BIN\0" + sound[20:],
        "JSON twice": sound[: 20 + size] + sound[20 + size :].replace(b"BIN\0", b"JSON", 1),
        "no bytes": sound[:8] + struct.pack("<I", 20 + size) + sound[12 : 20 + size],
        "broken JSON": sound[:20] + b"!" + sound[21:],
        "an unknown chunk": sound[: 20 + size] + sound[20 + size :].replace(b"BIN\0", b"WHAT", 1),
    }


def random_bytes(seed: int) -> bytes:
    """A sound model in which one to three bytes are others."""
    dice = random.Random(seed)
    content = bytearray(dice.choice((models3d.textured, models3d.skinned, models3d.variants))())
    for _ in range(dice.randint(1, 3)):
        content[dice.randrange(len(content))] = dice.randrange(256)
    return bytes(content)


def _keys(item: Any) -> list[Any]:
    return list(item) if isinstance(item, dict) else list(range(len(item)))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  JSON


def random_tree(seed: int) -> bytes:
    """A sound model in whose JSON one number, name or object is another."""
    dice = random.Random(1000 + seed)
    tree, binary = unpack(dice.choice((models3d.textured, models3d.skinned, models3d.variants))())
    places: list[tuple[Any, Any]] = []
    waiting: list[Any] = [tree]
    for item in waiting:
        for key in _keys(item):
            places.append((item, key))
            if isinstance(item[key], dict | list):
                waiting.append(item[key])
    item, key = dice.choice(places)
    was = item[key]
    if dice.random() < 0.3:
        del item[key]
    elif isinstance(was, int | float):
        item[key] = dice.choice((was + 1, was * 2, -1, 0, 0.5, 1e9, "1", None, True))
    else:
        others: list[Any] = ["other", 3, [], {}, None]
        item[key] = dice.choice(others)
    return pack(tree, binary)
