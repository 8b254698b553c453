"""Looking after changes: what was proposed, what was done, applying and taking back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.changes.service import Changes
from devskyy_mcp.changes.view import ChangeView
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused

from .models import ChangeLine, ChangeLines, Cursor

changes = Toolset("changes", timeout=60)

Report = Annotated[str, Field(description="changes_report's report.", max_length=1000)]
ChangeId = Annotated[str, Field(description="The change's id (chg_…).", max_length=40)]
State = Literal["proposed", "applying", "applied", "partial", "failed", "unknown", "declined", "expired", "stale"]


@changes.tool("read", scopes="changes:read", core=True, open_world=False)
async def changes_list(
    ctx: Context,
    state: State | None = None,
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
    cursor: Cursor | None = None,
) -> ChangeLines:
    """List the latest changes: what was proposed, done or taken back, when and by whom."""
    rows, following = await ctx.get(Changes).journal.page(ctx.principal, limit=limit, state=state, cursor=cursor)
    return ChangeLines(
        changes=[
            ChangeLine(
                change=row["id"],
                state=row["state"],
                tool=row["tool"],
                at=datetime.fromtimestamp(row["created_at"] / 1_000_000, UTC).isoformat(timespec="seconds"),
                by=row["principal"],
                approved_by=row["approved_by"],
                undoes=row["undoes"],
            )
            for row in rows
        ],
        next_cursor=following,
    )


@changes.tool("read", scopes="changes:read", core=True, open_world=False)
async def changes_show(ctx: Context, change: ChangeId, page: Annotated[int, Field(ge=1)] = 1) -> ChangeView:
    """Show one change in full: the planned or done rows, 20 a page, with outcomes and reasons."""
    return await ctx.get(Changes).journal.show(ctx.principal, change, page)


@changes.tool("destroy", scopes="changes:write", core=True, idempotent=True)
async def changes_apply(ctx: Context, change: ChangeId) -> ChangeView:
    """Carry out a previewed change. Where a person must agree it asks; if the objects changed it shows the new plan."""
    return await ctx.get(Changes).apply(ctx, change)


@changes.tool("write", scopes="changes:write", core=True, timeout=300)
async def changes_undo(
    ctx: Context,
    change: ChangeId | None = None,
    changes: Annotated[list[ChangeId], Field(min_length=1, max_length=200)] | None = None,
    report: Report | None = None,
) -> None:
    """Take back a change, or several or a whole report as one. What was changed since is left alone and reported."""
    if sum(given is not None for given in (change, changes, report)) != 1:
        raise Refused(Code.INVALID_ARGUMENTS, "Give change, changes or report, one of them.")
    service = ctx.get(Changes)
    if report is not None:
        wanted = await service.journal.to_take_back(ctx.principal, report)
    else:
        wanted = await service.journal.in_order([change] if change else changes or [])
    await service.stage_undo(ctx, wanted)
