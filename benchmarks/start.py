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
    """CPU seconds of a whole process, and its first line. Like a host, this closes its end after the answer."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "DEVSKYY_DATA_DIR": folder}
    pipe, silent = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=silent, env=environment) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(text.encode())
        child.stdin.flush()
        line = child.stdout.readline()
        child.stdin.close()
    assert child.returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, line


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
    tools = json.loads(answer)["result"]["tools"]
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
