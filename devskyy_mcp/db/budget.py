"""How many connections to Postgres a process may open, and how many the server has."""

from __future__ import annotations

import logging

from .database import Database

log = logging.getLogger(__name__)
ENGINE = 5
"""Most connections of a worker's job engine."""
LISTENER = 1
SPARE = 10
"""Left for migrations, backups and people."""


async def say_connections(database: Database, pool_size: int, *, works: bool) -> None:
    """Log the most connections this process opens, and warn when the server allows too few even for this one.

    Through a pooler, calls use connections of the pooler's own; then only those past it count.

    Args:
        database: what is in use; on SQLite nothing is said.
        pool_size: connections for calls.
        works: whether this process runs jobs.

    Raises:
        Refused: when the database is away.
    """
    if database.dialect != "postgresql":
        return
    parts = {
        "for calls": 0 if database.dsn.pooled else pool_size,
        "for jobs": ENGINE if works and not database.direct.pooled else 0,
        "to listen": 0 if database.direct.pooled else LISTENER,
    }
    most = sum(parts.values())
    async with database.read() as conn:
        allowed = int((await conn.exec_driver_sql("SHOW max_connections")).scalar_one())
    said = ", ".join(f"{number} {use}" for use, number in parts.items() if number) or "all through the pooler"
    log.info("Postgres: this process opens at most %d connections (%s); the server allows %d", most, said, allowed)
    if most > allowed - SPARE:
        log.warning(
            "Postgres allows %d connections, and this process alone may open %d; lower DATABASE_POOL_SIZE, or raise "
            "max_connections to the sum over all processes and %d more",
            allowed, most, SPARE,
        )  # fmt: skip
