"""Catalogues to measure with: no-ops of any number, and the installed packs."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from devskyy_mcp.app import App, build
from devskyy_mcp.capability import Pack, Toolset
from devskyy_mcp.config import Settings
from devskyy_mcp.context import ALL_SCOPES, Context, Principal

ME = Principal("bench", "local", ALL_SCOPES, "bench")


class Done(BaseModel):
    ok: bool


def noops(number: int) -> Pack:
    """A pack of tools that do nothing."""
    tools = Toolset("noops", timeout=5)
    for index in range(number):

        async def handler(ctx: Context, number: int = 1, text: str = "") -> Done:  # noqa: ARG001 # as a tool has them
            """Do nothing at all. It is there to be measured."""
            return Done(ok=True)

        handler.__name__ = f"noop_{index}_run"
        tools.tool("read", scopes="noop:read", core=index < 25)(handler)
    return Pack("noops", [tools])


def settings(folder: Path) -> Settings:
    """Settings in which the limiter counts but never says no."""
    return Settings.model_validate(
        {"data_dir": folder, "calls_per_second": 1e9, "calls_burst": 10**9, "confirm_writes": "risky"}
    )


def app_of(folder: Path, number: int) -> App:
    return build(settings(folder), [noops(number)])
