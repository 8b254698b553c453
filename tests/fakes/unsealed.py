"""A database as it was before there were keys: what it holds need not be sealed."""

from __future__ import annotations

from devskyy_mcp.db import Database
from devskyy_mcp.db.tables import data_keys
from devskyy_mcp.db.vault.vault import ROOT, SEALED_ROOT


async def as_before_keys(db: Database) -> None:
    """Make it one, by its own keys; the database is closed."""
    await db.open()
    c = data_keys.c
    async with db.begin() as conn:
        row = (await conn.execute(data_keys.select().where(c.id == SEALED_ROOT))).one()
        key = db.vault.unwrap(row.kid, SEALED_ROOT, row.wrapped)
        assert key
        values = {"id": ROOT, "wrapped": db.vault.wrap(row.kid, ROOT, key)}
        await conn.execute(data_keys.update().where(c.id == SEALED_ROOT).values(**values))
    await db.close()
    db.vault.strict = False
