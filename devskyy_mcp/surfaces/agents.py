"""``devskyy agents``: list them, show, find or run one, read a run's transcript, check files."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devskyy_mcp.agents.catalogue import SHOWN, Agents, own_folder
from devskyy_mcp.agents.checking import look
from devskyy_mcp.agents.loading import sources
from devskyy_mcp.agents.runs.model import TOOL
from devskyy_mcp.agents.served import index
from devskyy_mcp.app import installed_packs, local_principal
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.invoke import Call
from devskyy_mcp.reading import Reader

from .commands import call
from .terminal import as_json, columns, default_output, say, show, warn

if TYPE_CHECKING:
    from devskyy_mcp.app import App
    from devskyy_mcp.config import Settings


async def agents(app: App, given: argparse.Namespace) -> int:
    """``list``, ``show``, ``find``, ``run`` and ``transcript``."""
    if given.action == "list":
        return _list(app.services.get(Agents), as_data=given.json or default_output() == "json")
    if given.action == "run":
        return await _start(app, given)
    async with app.running(eager=False):
        if given.action == "show":
            found = app.services.get(Agents)
            one = found.supers.get(given.name) or found.get(given.name)
            _, text, _ = await Reader(app.road, local_principal(), "cli").read(one.uri)
            say(text)
            return 0
        if given.action == "transcript":
            told = await app.road.invoke(Call(local_principal(), "agents_transcript", {"run": given.run}, "cli"))
            say(told.data["text"])
            return 0
        arguments = {"request": " ".join(given.request), "limit": given.limit}
        result = await app.road.invoke(Call(local_principal(), "agents_find", arguments, "cli"))
    show(result.data, "json" if given.json else default_output())
    return 0


async def _start(app: App, given: argparse.Namespace) -> int:
    """Run an agent to its end, as ``devskyy call agents_run`` does.

    Raises:
        Refused: INVALID_ARGUMENTS for an argument without a value.
    """
    pairs = [one.partition("=") for one in given.argument]
    for name, between, _ in pairs:
        if not between:
            raise Refused(Code.INVALID_ARGUMENTS, f"--argument {name} has no value.", f"Write --argument {name}=VALUE.")
    words = ["--agent", given.name]
    words += ["--request", " ".join(given.request)] if given.request else []
    words += ["--arguments", json.dumps({name: value for name, _, value in pairs})] if pairs else []
    return await call(app, TOOL, words)


def _list(found: Agents, *, as_data: bool) -> int:
    if as_data:
        say(as_json(index(found)))
        return 0
    rows: list[dict[str, Any]] = [
        {"name": agent.name, "title": agent.title, "what": agent.away or agent.description}
        for agent in found.agents.values()
    ]
    say(columns(rows) if rows else "There are no agents.")
    return 0


def check(settings: Settings, folders: list[Path]) -> int:
    """Check files without serving them: those of the folders, or all that a server with these settings reads.

    Returns:
        0, or 1 where a file is wrong.

    Raises:
        Refused: NOT_CONFIGURED when a folder can't be read.
    """
    tools = {tool.name: tool for pack in installed_packs() for toolset in pack.toolsets for tool in toolset.tools}
    brand = [settings.agents_dir] if settings.agents_dir else []
    asked = [(folder, str(folder)) for folder in folders or brand]
    if not folders:
        asked.insert(0, (own_folder(), SHOWN))
    found = [source for folder, shown in asked for source in sources(folder, shown)]
    wrong, advice = look(found, tools)
    for line in wrong:
        warn(line)
    for line in advice:
        say(f"advice: {line}")
    say(f"{len(found)} files, {len(wrong)} errors, {len(advice)} pieces of advice")
    return 1 if wrong else 0
