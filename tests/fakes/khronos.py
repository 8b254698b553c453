"""The Khronos glTF validator, as a judge of our files."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.conformance.suite import install, node

ORACLES = Path(__file__).parent / "oracles"
_SEVERITIES = ("error", "warning", "info", "hint")


class Finding(NamedTuple):
    code: str
    severity: str
    pointer: str
    message: str


def khronos(files: Sequence[bytes]) -> list[list[Finding]]:
    """What it finds in each file, in one run of Node."""
    install(ORACLES)
    with tempfile.TemporaryDirectory() as folder:
        paths: list[str] = []
        for number, content in enumerate(files):
            path = Path(folder) / f"{number}.glb"
            path.write_bytes(content)
            paths.append(str(path))
        run = subprocess.run(
            [str(node()), str(ORACLES / "validate.cjs")],
            input="\n".join(paths),
            capture_output=True,
            text=True,
            check=True,
            timeout=100,
        )
    return [
        [
            Finding(one["code"], _SEVERITIES[one["severity"]], one.get("pointer") or "", one["message"])
            for one in json.loads(line)
        ]
        for line in run.stdout.splitlines()
    ]


def khronos_errors(content: bytes) -> list[Finding]:
    """Its errors on one file."""
    return [finding for finding in khronos([content])[0] if finding.severity == "error"]
