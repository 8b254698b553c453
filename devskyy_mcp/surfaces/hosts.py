"""What a person reads when the server starts: where everything is, and what to paste into an AI host."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

from devskyy_mcp.config import Settings

FIRST_OWNER = "devskyy users add --role owner"
KEY = "Bearer <the key that `devskyy local-key` shows>"


def welcome(settings: Settings, env_file: str | None = None, *, nobody: bool = False) -> str:
    """Addresses and ready-to-paste host configurations.

    Args:
        settings: with the port that is really bound.
        env_file: the settings file to name to hosts that start DevSkyy themselves, somewhere else.
        nobody: people have to sign in, and nobody can yet.
    """
    first = (
        f"\nNobody can sign in yet. Make the first owner in a terminal on this machine:\n  {FIRST_OWNER}\n"
        if nobody
        else ""
    )
    base = settings.base_url
    shop = "the demo shop (set WORDPRESS_URL for your own)" if settings.demo else settings.wordpress_url
    command = stdio_command(env_file)
    desktop = {"mcpServers": {"devskyy": {"command": command[0], "args": command[1:]}}}
    remote = _remote(settings)
    return f"""DevSkyy works on {shop}.

  MCP        {base}/mcp   (all tools: {base}/mcp/full)
  REST       {base}/api/v1/tools   (OpenAPI: {base}/api/v1/openapi.json)
  Health     {base}/health
  Approvals  {base}/approvals
{first}
Claude Desktop, in claude_desktop_config.json:
{_json(desktop)}
Claude Code:
  claude mcp add devskyy -- {shlex.join(command)}
VS Code, in .vscode/mcp.json:
{_json({"servers": {"devskyy": {"type": "http", **remote}}})}
Cursor, in .cursor/mcp.json:
{_json({"mcpServers": {"devskyy": remote}})}
"""


def stdio_command(env_file: str | None = None) -> list[str]:
    """The command that a host on this machine starts, with absolute paths, since hosts start it anywhere."""
    settings = ["--env-file", str(Path(env_file).absolute())] if env_file else []
    return [sys.executable, "-m", "devskyy_mcp", *settings, "stdio"]


def _remote(settings: Settings) -> dict[str, Any]:
    address = {"url": f"{settings.base_url}/mcp"}
    return address if settings.demo or settings.sign_in != "none" else {**address, "headers": {"Authorization": KEY}}


def _json(value: Any) -> str:
    return "\n".join(f"  {line}" for line in json.dumps(value, indent=2).splitlines())
