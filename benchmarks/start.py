"""Cold start over stdio, beside the import it can't do without."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from typing import Any

from .measure import Row

META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
LIST = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": META}})
RUNS = 7


def _child_cpu(command: list[str], text: str, folder: str) -> tuple[float, bytes]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "DEVSKYY_DATA_DIR": folder}
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


async def run() -> list[Row]:
    """Pairs, one after the other; the ratio of each pair, and its median."""
    ratios: list[float] = []
    answer = b""
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(RUNS):
            ours, answer = _child_cpu([sys.executable, "-m", "devskyy_mcp", "stdio"], LIST + "\n", folder)
            theirs, _ = _child_cpu([sys.executable, "-c", "import mcp.server.lowlevel"], "", folder)
            ratios.append(ours / theirs)
    ratio = sorted(ratios)[len(ratios) // 2]
    tools = json.loads(answer.splitlines()[0])["result"]["tools"]
    return [
        Row(
            "cold stdio start to the answered tools/list, beside the SDK's import",
            f"{ratio:.2f}×",
            "≤ 1.5×",
            ratio <= 1.5,
        ),
        Row(
            "default tools/list on the wire",
            f"{len(answer) / 1024:.1f} KB, {len(tools)} tools",
            "≤ 32 KB",
            len(answer) <= 32 * 1024,
        ),
    ]
