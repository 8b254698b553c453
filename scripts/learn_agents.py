"""Writes what is learned of the agents' examples, so that no server has to: ``devskyy_mcp/agents/learned.npz``.

Run it when an agent's examples or description, or ``nobody.txt``, have changed; a test tells when the file is behind.
It takes half a minute, and needs the extra ``[find]``.
"""

from __future__ import annotations

import sys
import tempfile

from devskyy_mcp.agents.catalogue import Agents
from devskyy_mcp.agents.finding import SHIPPED, rows_of
from devskyy_mcp.app import build
from devskyy_mcp.config import Settings
from devskyy_mcp.find.encoder import encoder
from devskyy_mcp.find.learned import Shipped


def main() -> int:
    by = encoder()
    if by is None:
        print("the extra [find] is not installed", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        rows = list(rows_of(build(Settings.model_validate({"data_dir": folder})).services.get(Agents)))
    Shipped.learn(list(dict.fromkeys(rows)), by).write(SHIPPED)
    print(f"{SHIPPED.name}: {len(rows)} examples, {SHIPPED.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
