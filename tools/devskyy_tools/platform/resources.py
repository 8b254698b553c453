"""Changes as resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devskyy_mcp.assets.kept import KeptResults
from devskyy_mcp.capability import Registry, authorize
from devskyy_mcp.changes.service import Changes
from devskyy_mcp.context import Context


async def read_change(ctx: Context, values: Mapping[str, str]) -> dict[str, Any]:
    """The change as ``changes_show`` gives it."""
    view = await ctx.get(Changes).journal.show(ctx.principal, values["id"])
    return view.model_dump(mode="json", exclude_none=True)


async def read_result(ctx: Context, values: Mapping[str, str]) -> dict[str, Any]:
    """What a read gave that was too large to be given at once, for who made the call and may still make it.

    Raises:
        Refused: NOT_FOUND; FORBIDDEN.
    """
    tool, data = await ctx.get(KeptResults).read(ctx.principal.id, values["id"])
    authorize(ctx.principal, ctx.get(Registry).tool(tool))
    return data


async def change_ids(ctx: Context, _variable: str, prefix: str) -> list[str]:
    """Ids of the latest changes that begin with the prefix."""
    rows = await ctx.get(Changes).journal.recent(ctx.principal, limit=100)
    return [row["id"] for row in rows if row["id"].startswith(prefix)]
