"""Small real 3D files, byte by byte after their specifications."""

from __future__ import annotations

import json
import struct
import zlib


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
