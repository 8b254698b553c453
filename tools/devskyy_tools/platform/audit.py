"""Looking into the audit: who did what, by which surface, and what came of it. Arguments are never shown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.audit_page import read_page

from .models import AuditLine, AuditLines, Cursor

audit = Toolset("audit", timeout=20)

Text = Annotated[str, Field(max_length=200)]


@audit.tool("read", scopes="audit:read", open_world=False)
async def audit_list(
    ctx: Context,
    principal: Text | None = None,
    tool: Text | None = None,
    about: Annotated[str, Field(max_length=60, description="A change's or a job's id.")] | None = None,
    since: Annotated[str, Field(max_length=40, description="Such as 2026-03-01T08:00:00Z.")] | None = None,
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
    cursor: Cursor | None = None,
) -> AuditLines:
    """List who did what and what came of it, newest first. Arguments are never shown."""
    rows, following = await read_page(
        ctx.get(Database),
        principal=principal,
        capability=tool,
        about=about,
        since=moment(since, "since") if since else None,
        limit=limit,
        cursor=cursor,
    )
    return AuditLines(
        rows=[
            AuditLine(
                seq=row["seq"],
                at=datetime.fromtimestamp(row["at"] / 1_000_000, UTC).isoformat(timespec="milliseconds"),
                by=row["principal"],
                surface=row["surface"],
                tool=row["capability"],
                effect=row["effect"],
                phase=row["phase"],
                code=row["code"],
                about=row["change_id"],
                ms=row["duration_us"] / 1000,
            )
            for row in rows
        ],
        next_cursor=following,
    )


def moment(text: str, name: str) -> datetime:
    """The time that an argument of that name gives.

    Raises:
        Refused: INVALID_ARGUMENTS for what is no time with a zone.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"{name} is no time with a zone.",
            "Write it as 2026-03-01T08:00:00Z or 2026-03-01T09:00:00+01:00.",
        )
    return found
