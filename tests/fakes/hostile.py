"""Models that were made to harm whoever reads them. ``python -m tests.fakes.hostile PATH`` reads one, alone."""

from __future__ import annotations

import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from devskyy_mcp.errors import Refused
from devskyy_tools.studio.gltf.container import pack, unpack
from devskyy_tools.studio.gltf.read import read_glb
from devskyy_tools.studio.gltf.validate import errors, validate_glb

from .models3d import ball, textured
from .mutants import put, write

ROOT = Path(__file__).parents[2]


def _changed(*changes: Callable[[dict[str, Any], bytearray], object], binary: bytes | None = None) -> bytes:
    tree, held = unpack(textured())
    filled = bytearray(held if binary is None else binary)
    for change in changes:
        change(tree, filled)
    return pack(tree, bytes(filled))


def _json(text: bytes) -> bytes:
    """A container around that JSON, as it is."""
    text += b" " * (-len(text) % 4)
    return struct.pack("<4sII", b"glTF", 2, 20 + len(text)) + struct.pack("<I4s", len(text), b"JSON") + text


def _asset(rest: bytes) -> bytes:
    return _json(b'{"asset":{"version":"2.0"},' + rest + b"}")


def _giant_picture() -> bytes:
    """A PNG whose header says 40,000 × 40,000 pixels."""
    tree, binary = unpack(textured())
    at = tree["bufferViews"][tree["images"][0]["bufferView"]]["byteOffset"]
    held = bytearray(binary)
    struct.pack_into(">II", held, at + 16, 40_000, 40_000)
    return pack(tree, bytes(held))


def _compressed(**how: Any) -> bytes:
    said: dict[str, Any] = {
        "buffer": 0,
        "byteOffset": 0,
        "byteLength": 288,
        "byteStride": 12,
        "count": 24,
        "mode": "ATTRIBUTES",
        **how,
    }
    view = {
        "buffer": 0,
        "byteLength": said["count"] * said["byteStride"],
        "extensions": {"EXT_meshopt_compression": said},
    }
    return _changed(
        put("bufferViews", 0, value=view),
        put("extensionsUsed", value=["EXT_meshopt_compression"]),
        put("buffers", 0, "byteLength", value=2**40),
    )


def _endless(tree: dict[str, Any], binary: bytearray) -> None:
    tree["accessors"][0] = {"componentType": 5126, "type": "VEC3", "count": 2**32, "min": [0] * 3, "max": [0] * 3}


def _shared() -> bytes:
    tree, binary = unpack(ball(64))
    tree["meshes"][0]["primitives"] *= 5_000
    return pack(tree, binary)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "length lies": lambda: textured()[:8] + struct.pack("<I", 2**32 - 1) + textured()[12:],
    "chunk lies": lambda: textured()[:12] + struct.pack("<I", 2**32 - 4) + textured()[16:],
    "accessor of 4 GB": lambda: _changed(put("accessors", 0, "count", value=2**32)),
    "accessor of 4 GB from nowhere": lambda: _changed(_endless),
    "view of 1 TB": lambda: _changed(put("bufferViews", 0, "byteLength", value=2**40)),
    "numbers beyond all": lambda: _changed(put("accessors", 0, "byteOffset", value=2**70)),
    "JSON of 100 MB": lambda: _json(b'{"a":"' + b"x" * 100_000_000 + b'"}'),
    "JSON of 4 MB of lists": lambda: _json(b"[" * 4_000_000),
    "JSON 14,000 deep": lambda: _asset(b'"extras":' + b"[" * 14_000 + b"]" * 14_000),
    "99,000 nodes": lambda: _asset(b'"nodes":[' + b",".join([b"{}"] * 99_000) + b"]"),
    "node that is its own child": lambda: _changed(put("nodes", 0, "children", value=[0])),
    "nodes in a circle": lambda: _changed(
        put("nodes", value=[{"mesh": 0, "children": [1]}, {"children": [2]}, {"children": [1]}])
    ),
    "nodes that double": lambda: _changed(
        put("nodes", value=[{"children": [n + 1, n + 1]} for n in range(40)] + [{"mesh": 0}])
    ),
    "NaN in the JSON": lambda: _asset(b'"nodes":[{"translation":[NaN,0,0]}]'),
    "infinite in the JSON": lambda: _asset(b'"nodes":[{"translation":[1e999,0,0]}]'),
    "a number of 100,000 digits": lambda: _asset(b'"scene":' + b"9" * 100_000),
    "NaN in the points": lambda: _changed(write(0, 0, "f", float("nan"))),
    "a picture of 40,000 × 40,000": _giant_picture,
    "compressed to 4 GB": lambda: _compressed(count=2**28),
    "compressed rubbish": lambda: _compressed(),
    "compressed indices of rubbish": lambda: _compressed(mode="TRIANGLES", byteStride=4, count=72),
    "5,000 parts of 16,000 triangles, the same": _shared,
    "a file of this machine": lambda: _changed(put("buffers", 0, "uri", value="file:///etc/passwd")),
    "a private address": lambda: _changed(
        put("images", 0, value={"uri": "http://169.254.169.254/latest/meta-data", "mimeType": "image/png"})
    ),
}


class Outcome(NamedTuple):
    """Why a file was refused, empty where it was not; CPU time in ms, and memory at most in MB, without the file."""

    why: str
    ms: int
    mb: int


def refused(content: bytes) -> str:
    """Why the file is refused; empty when everything in it could be read."""
    try:
        read = read_glb(content)
        _ = read.images
        read.scene()
    except Refused as refusal:
        return refusal.message
    found = errors(validate_glb(content))
    return found[0].code if found else ""


def alone(content: bytes) -> Outcome:
    """Read the file in a process of its own."""
    paths = os.pathsep.join((str(ROOT), str(ROOT / "tools")))
    with tempfile.NamedTemporaryFile(suffix=".glb") as file:
        file.write(content)
        file.flush()
        run = subprocess.run(
            [sys.executable, "-m", "tests.fakes.hostile", file.name],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    return Outcome(*json.loads(run.stdout))


def _most_memory() -> int:
    """MB. What ``getrusage`` says begins with what the parent had, on Linux."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) >> 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def main(path: str) -> None:
    """Tell the outcome. Imports are not counted; a sound file was read before."""
    content = Path(path).read_bytes()
    refused(textured())
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
    before = time.process_time()
    why = refused(content)
    took = (time.process_time() - before) * 1000
    memory = _most_memory() - (len(content) >> 20)
    sys.stdout.write(json.dumps(Outcome(why, round(took), memory)))


if __name__ == "__main__":
    main(sys.argv[1])
