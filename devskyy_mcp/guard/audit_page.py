"""Reading the audit page by page, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..db.database import Database
from ..paging import cursor_of, position


async def read_page(
    db: Database,
    *,
    principal: str | None = None,
    capability: str | None = None,
    about: str | None = None,
    since: datetime | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """The newest rows (without the columns that prove the chain), and the cursor of the next page, None on the last.

    Args:
        db: the app's database.
        principal: only what it did.
        capability: only calls of this tool.
        about: only what concerns this change set or job.
        since: only from then on; with a time zone.
        limit: rows of a page.
        cursor: of the page before.

    Raises:
        Refused: INVALID_ARGUMENTS for a cursor that is none of ours.
    """
    import sqlalchemy as sa

    from ..db.tables import audit

    c = audit.c
    query = sa.select(
        c.seq, c.at, c.principal, c.surface, c.capability, c.effect, c.phase, c.code, c.change_id, c.duration_us
    )
    narrowed: dict[sa.ColumnElement[Any], str | None] = {c.principal: principal, c.capability: capability}
    if about is not None:
        # Of a change there are few rows, of a caller a million, and SQLite may take either index: no index has these.
        narrowed = {column.concat(""): wanted for column, wanted in narrowed.items()}
        query = query.where(c.change_id == about)
    for column, wanted in narrowed.items():
        if wanted is not None:
            query = query.where(column == wanted)
    if since is not None:
        query = query.where(c.at >= int(since.timestamp() * 1_000_000))
    if cursor:
        query = query.where(sa.tuple_(c.at, c.seq) < position(cursor, int))
    query = query.order_by(c.at.desc(), c.seq.desc()).limit(limit + 1)
    async with db.read() as conn:
        rows = [dict(row) for row in (await conn.execute(query)).mappings()]
    last = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], cursor_of(last["at"], last["seq"]) if last else None
