"""What the README shows is what happens: its conversation, its host configurations, its tool.

After a change of words: ``UPDATE_README=1 make test ARGS=tests/e2e/test_readme.py`` writes the conversation anew.
"""

from __future__ import annotations

import json
import os
import re
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.app import App, build, local_principal
from devskyy_mcp.capability import Pack
from devskyy_mcp.config import Settings
from devskyy_mcp.errors import Refused
from devskyy_mcp.invoke import Call
from devskyy_mcp.surfaces.hosts import welcome
from devskyy_mcp.surfaces.mcp.results import refusal_text

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
EXDRAWN = re.compile(r"```text\n> (\w+) (\{[^\n]*\})\n(.*?)```\n", re.DOTALL)
DRAWN = re.compile(r"chg_\w+|\d{4}-\d\d-\d\dT[\d:]{8}")
"""Ids of changes and times are others in each run."""


@pytest.mark.requirement("docs:readme-conversation")
async def test_the_conversation_is_a_real_one(app_settings: Settings) -> None:
    text = README.read_text(encoding="utf-8")
    exchanges = list(EXDRAWN.finditer(text))
    assert len(exchanges) >= 6
    fresh = text
    real: dict[str, str] = {}  # by the README's ids and times those of this run
    app = build(app_settings)
    async with app.running(eager=False):
        for found in exchanges:
            name, written, shown = found.groups()
            said = await _said(app, name, json.loads(_renamed(written, real)))
            real |= dict(zip(DRAWN.findall(shown), DRAWN.findall(said), strict=False))
            said = _renamed(said, {now: was for was, now in real.items()})
            fresh = fresh.replace(found[0], f"```text\n> {name} {written}\n{said}\n```\n")
    if os.environ.get("UPDATE_README"):
        README.write_text(fresh, encoding="utf-8")
    else:
        assert fresh == text


def _renamed(text: str, names: dict[str, str]) -> str:
    return DRAWN.sub(lambda found: names.get(found[0], found[0]), text)


async def _said(app: App, name: str, arguments: dict[str, Any]) -> str:
    try:
        return (await app.road.invoke(Call(local_principal(), name, arguments, "stdio"))).text
    except Refused as refused:
        return refusal_text(refused)


@pytest.mark.requirement("docs:readme-hosts")
def test_the_host_configurations_are_those_that_make_run_prints() -> None:
    text = README.read_text(encoding="utf-8")
    printed = welcome(Settings()).replace(sys.executable, "/path/to/devskyy/.venv/bin/python")
    dedented = "\n".join(line.removeprefix("  ") for line in printed.splitlines())
    shown = re.findall(r"```(?:json|sh)\n(.*?)```", text.split("## Connect a host")[1].split("\n## ")[0], re.DOTALL)
    assert len(shown) == 4
    for block in shown:
        assert block in dedented + "\n"


@pytest.mark.requirement("docs:readme-tool")
async def test_the_tool_to_add_works(app_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    code = next(block for block in re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL))
    assert len([line for line in code.splitlines() if line.strip()]) <= 20
    module = types.ModuleType("my_brand_shelf")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(code, "README.md", "exec"), module.__dict__)
    pack: Pack = module.pack
    app = build(app_settings)
    app.registry.add(pack)
    async with app.running(eager=False):
        found = await _data(app, "woo_products_list", {"limit": 1, "status": "publish"})
        product = found["items"][0]["id"]
        done = await _data(app, "woo_products_hide", {"ids": [product]})
        assert done["state"] == "applied"
        assert (await _data(app, "woo_products_get", {"id": product}))["status"] == "draft"
        await _data(app, "changes_undo", {"change": done["change"]})
        assert (await _data(app, "woo_products_get", {"id": product}))["status"] == "publish"


async def _data(app: App, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return (await app.road.invoke(Call(local_principal(), name, arguments, "stdio"))).data
