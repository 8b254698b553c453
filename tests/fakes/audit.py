"""An audit to write and to attack."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import sqlalchemy as sa

from devskyy_mcp.db import Database
from devskyy_mcp.db.tables import audit
from devskyy_mcp.guard.audit import AuditLog, AuditRecord

ROWS = 60


@pytest.fixture
async def db(database_url: str) -> AsyncGenerator[Database]:
    database = Database(database_url, migrate=True)
    await database.open()
    yield database
    await database.close()


def record(number: int = 1, **more: Any) -> AuditRecord:
    values: dict[str, Any] = {
        "principal": f"os:{number}:ada",
        "surface": "mcp",
        "capability": "woo_products_list",
        "effect": "read",
        "duration_us": 1000 + number,
        "arguments_sha256": f"{number:064x}",
        "detail": {"rows": number, "shop": "Atelier Ü"},
        "change_id": f"chg_{number}" if number % 2 else None,
    }
    return AuditRecord(**{**values, **more})


async def fill(db: Database, rows: int = ROWS) -> None:
    async with db.begin() as conn:
        await AuditLog(db).append(conn, *(record(number) for number in range(1, rows + 1)))


async def written(db: Database) -> int:
    async with db.read() as conn:
        return (await conn.execute(sa.select(sa.func.count()).select_from(audit))).scalar_one()
