"""Small real 3D files, byte by byte after their specifications."""

from __future__ import annotations

import io
import json
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

from devskyy_tools.studio.gltf.container import pack, unpack
from devskyy_tools.studio.gltf.model import Material, Model, Part, Texture
from devskyy_tools.studio.gltf.write import write_glb


def glb() -> bytes:
    """A triangle as binary glTF 2.0."""
    points = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0)
    tree = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "buffers": [{"byteLength": len(points)}],
        "bufferViews": [{"buffer": 0, "byteLength": len(points)}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]}
        ],
    }
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(points), b"BIN\0") + points
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def usdz(name: str = "scene.usda", *, method: int = 0, aligned: bool = True) -> bytes:
    """A zip of one stored USD layer, which begins at a multiple of 64 bytes."""
    layer = b'#usda 1.0\n(\n    defaultPrim = "Root"\n)\ndef Xform "Root"\n{\n}\n'
    path = name.encode()
    extra = b"\0" * (-(30 + len(path) + 4) % 64) if aligned else b""
    extra = struct.pack("<HH", 0x1986, len(extra)) + extra
    sizes = struct.pack("<III", zlib.crc32(layer), len(layer), len(layer))
    about = struct.pack("<HHHHH", 20, 0, method, 0, 33) + sizes
    local = struct.pack("<I", 0x04034B50) + about + struct.pack("<HH", len(path), len(extra)) + path + extra + layer
    tail = struct.pack("<HHHHHII", len(path), 0, 0, 0, 0, 0, 0) + path
    central = struct.pack("<IH", 0x02014B50, 20) + about + tail
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


def picture(side: int = 64, kind: str = "PNG", seed: int = 1) -> Texture:
    """A picture of soft patches, the same for the same seed; ``kind`` is PNG, JPEG or WEBP."""
    patches = np.random.default_rng(seed).integers(40, 220, (8, 8, 3), np.uint8)
    image = Image.fromarray(patches).resize((side, side), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    image.save(file, kind, quality=85)
    return Texture(file.getvalue(), f"image/{kind.lower()}")


def box(material: Material | None = None, size: tuple[float, float, float] = (0.3, 0.4, 0.1)) -> Model:
    """A box that stands on y = 0, each side with the whole texture: 24 vertices, 12 triangles."""
    points: list[list[float]] = []
    normals: list[list[float]] = []
    half = np.array(size) / 2
    for axis in range(3):
        for sign in (-1.0, 1.0):
            normal = np.zeros(3)
            normal[axis] = sign
            across, up = np.roll(np.eye(3)[axis], 1), np.roll(np.eye(3)[axis], 2) * sign
            for along, over in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
                points.append(((normal + along * across + over * up) * half + (0, half[1], 0)).tolist())
                normals.append(normal.tolist())
    corners = np.tile(np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32), (6, 1))
    faces = np.concatenate([np.array([[0, 1, 2], [0, 2, 3]]) + 4 * side for side in range(6)])
    part = Part(
        "box",
        np.array(points, np.float32),
        np.array(normals, np.float32),
        corners,
        faces.astype(np.uint32),
    )
    return Model("box", (part,), (material or Material("cloth", texture=picture()),), {"made": "in code"})


def sphere(rings: int = 24, material: Material | None = None, radius: float = 0.25, bumps: float = 0.0) -> Model:
    """A sphere that stands on y = 0: 4 x rings² triangles, less those at the poles; ``bumps`` makes it uneven."""
    segments = rings * 2
    down = np.linspace(0, np.pi, rings + 1)[:, None]
    round_ = np.linspace(0, 2 * np.pi, segments + 1)[None, :]
    normals = np.stack(
        np.broadcast_arrays(np.sin(down) * np.sin(round_), np.cos(down), np.sin(down) * np.cos(round_)), -1
    )
    far = radius * (1 + bumps * np.sin(5 * down) * np.cos(round_ * 6))[..., None]
    uvs = np.stack(np.broadcast_arrays(round_ / (2 * np.pi), down / np.pi), -1)
    first = (np.arange(rings)[:, None] * (segments + 1) + np.arange(segments)[None, :]).reshape(-1)
    below = first + segments + 1
    faces = np.concatenate([np.stack([first, below, first + 1], 1), np.stack([first + 1, below, below + 1], 1)])
    part = Part(
        "sphere",
        (normals * far + (0, radius, 0)).reshape(-1, 3).astype(np.float32),
        normals.reshape(-1, 3).astype(np.float32),
        uvs.reshape(-1, 2).astype(np.float32),
        faces.astype(np.uint32),
    )
    uneven = part.positions[part.triangles]
    solid = np.linalg.norm(np.cross(uneven[:, 1] - uneven[:, 0], uneven[:, 2] - uneven[:, 0]), axis=1) > 1e-9
    part = Part(part.name, part.positions, part.normals, part.uvs, part.triangles[solid])
    return Model("sphere", (part,), (material or Material("skin", texture=picture(256, "JPEG")),), {"made": "in code"})


def textured() -> bytes:
    """A box with a PNG."""
    return write_glb(box())


def ball(rings: int = 24, kind: str = "JPEG", side: int = 256, bumps: float = 0.1) -> bytes:
    """An uneven ball with a picture of that kind and size."""
    return write_glb(sphere(rings, Material("skin", texture=picture(side, kind)), bumps=bumps))


def variants() -> bytes:
    """A box in three colours, ``plain`` (textured), ``red`` and ``blue`` (KHR_materials_variants)."""
    model = box()
    colours = (Material("red", (0.8, 0.05, 0.05, 1)), Material("blue", (0.05, 0.05, 0.8, 1)))
    tree, binary = unpack(write_glb(Model(model.name, model.parts, (*model.materials, *colours), model.extras)))
    tree["extensionsUsed"] = ["KHR_materials_variants"]
    names = [{"name": name} for name in ("plain", "red", "blue")]
    tree["extensions"] = {"KHR_materials_variants": {"variants": names}}
    mappings = [{"material": number, "variants": [number]} for number in range(3)]
    tree["meshes"][0]["primitives"][0]["extensions"] = {"KHR_materials_variants": {"mappings": mappings}}
    return pack(tree, binary)


def placed() -> bytes:
    """A box below two nodes: turned by a quarter about Y and moved by 1 m, then twice as large and mirrored in x."""
    tree, binary = unpack(textured())
    root = 2**-0.5
    tree["nodes"] = [
        {"children": [1], "scale": [-2, 2, 2]},
        {"mesh": 0, "translation": [1, 0, 0], "rotation": [0, root, 0, root]},
    ]
    return pack(tree, binary)


def skinned() -> bytes:
    """A box held by two joints, of which the second moves up by 10 cm in an animation of a second."""
    model = box()
    count = len(model.parts[0].positions)
    tree, binary = unpack(write_glb(model))
    file = bytearray(binary)

    def add(values: Any, component: int, kind: str, **more: Any) -> int:
        file.extend(b"\0" * (-len(file) % 4))
        tree["bufferViews"].append({"buffer": 0, "byteOffset": len(file), "byteLength": values.nbytes})
        file.extend(values.tobytes())
        view = len(tree["bufferViews"]) - 1
        tree["accessors"].append(
            {"bufferView": view, "componentType": component, "count": len(values), "type": kind, **more}
        )
        return len(tree["accessors"]) - 1

    high = (model.parts[0].positions[:, 1] > 0.2).astype(np.uint8)
    joints = np.zeros((count, 4), np.uint8)
    joints[:, 0] = high
    weights = np.zeros((count, 4), np.float32)
    weights[:, 0] = 1
    attributes = tree["meshes"][0]["primitives"][0]["attributes"]
    attributes |= {"JOINTS_0": add(joints, 5121, "VEC4"), "WEIGHTS_0": add(weights, 5126, "VEC4")}
    inverse = np.tile(np.eye(4, dtype=np.float32).reshape(-1), (2, 1))
    inverse[1, 13] = -0.2
    times = np.array([0, 0.5, 1], np.float32)
    ups = np.array([[0, 0.2, 0], [0, 0.3, 0], [0, 0.2, 0]], np.float32)
    tree["nodes"] = [{"mesh": 0, "skin": 0}, {"children": [2]}, {"translation": [0, 0.2, 0]}]
    tree["scenes"] = [{"nodes": [0, 1]}]
    tree["skins"] = [{"joints": [1, 2], "inverseBindMatrices": add(inverse, 5126, "MAT4")}]
    sampler = {"input": add(times, 5126, "SCALAR", min=[0], max=[1]), "output": add(ups, 5126, "VEC3")}
    channel = {"sampler": 0, "target": {"node": 2, "path": "translation"}}
    tree["animations"] = [{"channels": [channel], "samplers": [sampler]}]
    tree["buffers"][0]["byteLength"] = len(file)
    return pack(tree, bytes(file))
