"""Every tool as hosts see it, kept as a file: whoever changes one sees it in the diff."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.app import installed_packs
from devskyy_mcp.capability import Capability, Registry

SNAPS = Path(__file__).parent.parent / "toolsnaps"
HOW = "if that is meant: UPDATE_TOOLSNAPS=1 make test ARGS=tests/surface/test_toolsnaps.py"

pytestmark = pytest.mark.requirement("tools:snapshots")


def snapshot(tool: Capability) -> dict[str, Any]:
    policy = tool.policy
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "pack": tool.pack,
        "policy": {
            "effect": policy.effect,
            "scopes": sorted(policy.scopes),
            "timeout": policy.timeout,
            "cache_ttl": policy.cache_ttl,
            "core": policy.core,
            "open_world": policy.open_world,
            "idempotent": policy.idempotent,
            "proxies": sorted(policy.proxies),
        },
        "inputSchema": tool.input_schema,
        "outputSchema": tool.output_schema,
    }


def text_of(tool: Capability) -> str:
    return json.dumps(snapshot(tool), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_every_tool_is_as_its_snapshot_says() -> None:
    tools = Registry(installed_packs()).tools
    if os.environ.get("UPDATE_TOOLSNAPS") == "1":
        SNAPS.mkdir(exist_ok=True)
        for file in SNAPS.glob("*.json"):
            file.unlink()
        for tool in tools.values():
            (SNAPS / f"{tool.name}.json").write_text(text_of(tool), encoding="utf-8")
    kept = {file.stem: file.read_text(encoding="utf-8") for file in SNAPS.glob("*.json")}
    assert sorted(tools.keys() - kept.keys()) == [], f"tools without a snapshot; {HOW}"
    assert sorted(kept.keys() - tools.keys()) == [], f"snapshots without a tool; {HOW}"
    for name, tool in tools.items():
        assert text_of(tool) == kept[name], f"{name} has changed; {HOW}"
