"""Small real 3D files, byte by byte after their specifications."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any


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
    return packed(tree, points)


def box(width: float = 0.5, height: float = 0.7, depth: float = 0.1, *, side: int = 64, **asset: Any) -> bytes:
    """A box of so many metres that stands on the ground, with normals and a chequered picture on each side.

    Args:
        width: along x.
        height: along y.
        depth: along z.
        side: of the picture, pixels.
        asset: into ``asset.extras``.
    """
    points, normals, places, corners = bytearray(), bytearray(), bytearray(), bytearray()
    half = (width / 2, height / 2, depth / 2)
    for face in range(6):
        axis, sign = face // 2, 1 if face % 2 else -1
        right, up = (axis + 1) % 3, (axis + 2) % 3
        for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
            at = [0.0, 0.0, 0.0]
            at[axis], at[right], at[up] = sign * half[axis], u * half[right], v * half[up]
            points += struct.pack("<3f", at[0], at[1] + half[1], at[2])
            normals += struct.pack("<3f", *(float(sign) if one == axis else 0.0 for one in range(3)))
            places += struct.pack("<2f", (u + 1) / 2, (1 - v) / 2)
        first = face * 4
        turn = (0, 1, 2, 0, 2, 3) if sign > 0 else (0, 2, 1, 0, 3, 2)
        corners += struct.pack("<6H", *(first + one for one in turn))
    picture = chequered(side)
    parts = [bytes(points), bytes(normals), bytes(places), bytes(corners), picture]
    views, content = [], b""
    for number, part in enumerate(parts):
        views.append({"buffer": 0, "byteOffset": len(content), "byteLength": len(part)})
        if number < 4:
            views[-1]["target"] = 34963 if number == 3 else 34962
        content += part + b"\0" * (-len(part) % 4)
    low = struct.unpack("<3f", struct.pack("<3f", -half[0], 0, -half[2]))
    high = struct.unpack("<3f", struct.pack("<3f", half[0], 2 * half[1], half[2]))
    tree = {
        "asset": {"version": "2.0", **({"extras": asset} if asset else {})},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "box"}],
        "meshes": [
            {"primitives": [{"attributes": {"POSITION": 0, "NORMAL": 1, "TEXCOORD_0": 2}, "indices": 3, "material": 0}]}
        ],
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}, "metallicFactor": 0}}],
        "textures": [{"source": 0}],
        "images": [{"bufferView": 4, "mimeType": "image/png"}],
        "buffers": [{"byteLength": len(content)}],
        "bufferViews": views,
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 24, "type": "VEC3", "min": low, "max": high},
            {"bufferView": 1, "componentType": 5126, "count": 24, "type": "VEC3"},
            {"bufferView": 2, "componentType": 5126, "count": 24, "type": "VEC2"},
            {"bufferView": 3, "componentType": 5123, "count": 36, "type": "SCALAR"},
        ],
    }
    return packed(tree, content)


def packed(tree: dict[str, Any], content: bytes = b"") -> bytes:
    """The tree and its only buffer as a GLB."""
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    if content:
        chunks += struct.pack("<I4s", len(content), b"BIN\0") + content
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def chequered(side: int) -> bytes:
    """A PNG of eight by eight fields in two colours."""
    field = max(1, side // 8)
    rows = b"".join(
        b"\0" + b"".join(bytes((178, 58, 72) if (x // field + y // field) % 2 else (245, 238, 230)) for x in range(side))
        for y in range(side)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


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
