"""Tools about tools: a host with a short list reaches the whole catalogue through these."""

from __future__ import annotations

from typing import Annotated, Any

import anyio
import anyio.to_thread
from pydantic import Field

from devskyy_mcp.capability import Capability, Registry, Toolset, authorize
from devskyy_mcp.context import Context
from devskyy_mcp.find.tools import ToolIndex
from devskyy_mcp.guard.gates import Gates

from .models import ToolDescription, ToolHit, ToolHits

tools = Toolset("tools", timeout=30)

AT_MOST = 2.0
"""Seconds for which a tool about tools waits for the shop."""
Name = Annotated[str, Field(description="A tool's name.", max_length=60)]
Arguments = Annotated[dict[str, Any], Field(description="The tool's arguments; tools_describe has them.")]


@tools.tool("read", scopes="tools:read", core=True, open_world=False)
async def tools_find(
    ctx: Context,
    query: Annotated[str, Field(description="What you want to do, in plain words.", min_length=1, max_length=500)],
    limit: Annotated[int, Field(ge=1, le=20)] = 8,
) -> ToolHits:
    """Find tools by what they do. Use it when no listed tool fits; then tools_describe, tools_read or tools_call."""
    registry = ctx.get(Registry)
    usable = [tool.name for tool in registry.visible(ctx.principal)]
    search = ctx.get(ToolIndex).search
    names = await anyio.to_thread.run_sync(search, query, limit, usable, abandon_on_cancel=True)
    found = [registry.tools[name] for name in names]
    hits = [
        ToolHit(name=tool.name, summary=tool.summary, effect=tool.policy.effect, unavailable=await _lacks(ctx, tool))
        for tool in found
    ]
    hint = "tools_describe gives a tool's arguments." if hits else "Nothing fits; try other words."
    return ToolHits(tools=hits, next=hint)


@tools.tool("read", scopes="tools:read", core=True, open_world=False)
async def tools_describe(ctx: Context, name: Name) -> ToolDescription:
    """Get a tool's arguments, effect and result in full."""
    tool = ctx.get(Registry).tool(name)
    authorize(ctx.principal, tool)
    return ToolDescription(
        name=tool.name,
        description=tool.description,
        effect=tool.policy.effect,
        scopes=sorted(tool.policy.scopes),
        call_with="tools_read" if tool.policy.effect == "read" else "tools_call",
        arguments=tool.input_schema,
        result=tool.output_schema,
        unavailable=await _lacks(ctx, tool),
    )


async def _lacks(ctx: Context, tool: Capability) -> str | None:
    """Why the account at the shop may not use the tool, as far as that can be told in time."""
    with anyio.move_on_after(AT_MOST):
        lack = await ctx.get(Gates).lack(tool)
        return f"It {lack.words}." if lack else None
    return None


@tools.tool("read", scopes="tools:read", core=True, proxies=["read"])
async def tools_read(ctx: Context, name: Name, arguments: Arguments) -> None:
    """Call any tool that only reads, by name. It refuses tools that write."""


@tools.tool(
    "destroy", scopes="tools:read", core=True, proxies=["read", "write", "destroy", "generate"], title="Tools call"
)
async def tools_call(ctx: Context, name: Name, arguments: Arguments) -> None:
    """Call any tool by name, also one that writes; previews and a person's consent apply as for the tool itself."""
