"""glTF Transform's ``optimize``, as a measure of our optimiser."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.conformance.suite import install, node

from .khronos import ORACLES


class Theirs(NamedTuple):
    """What it made; ``ms`` of CPU time of each run, the first with a cold compiler."""

    content: bytes
    triangles: int
    ms: list[int]


def transform(content: bytes, times: int = 1) -> Theirs:
    """Compressed with meshopt and WebP, no triangle taken away."""
    install(ORACLES)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.glb", Path(folder) / "out.glb"
        source.write_bytes(content)
        run = subprocess.run(
            [str(node()), str(ORACLES / "optimise.mjs"), str(source), str(target), str(times)],
            capture_output=True,
            text=True,
            check=True,
            timeout=100,
        )
        said = json.loads(run.stdout.splitlines()[-1])
        return Theirs(target.read_bytes(), round(said["triangles"]), said["ms"])
