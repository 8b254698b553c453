"""Brings a database to the newest schema, or says that it isn't there. Loads SQLAlchemy; Alembic only to migrate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from devskyy_mcp.errors import Code, Refused

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0012"
"""The newest migration. A constant, so that opening an up-to-date database need not load Alembic; a test compares."""

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x44455653  # "DEVS": the advisory lock that migrating processes take on Postgres

_version = sa.table("alembic_version", sa.column("version_num", sa.String))


def is_current(connection: sa.Connection) -> bool:
    return version_of(connection) == HEAD


def version_of(connection: sa.Connection) -> str | None:
    """The migration the database stands at; None when it has none of our tables."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.select(_version.c.version_num)).scalar()


def bring_up_to_date(connection: sa.Connection) -> None:
    """Create or migrate the schema, inside the caller's write transaction; safe when several processes try at once.

    Raises:
        Refused: NOT_CONFIGURED when the database was made by a newer DevSkyy.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    found = version_of(connection)  # again: another process may have been first
    if found == HEAD:
        return
    if found is None:
        _create(connection)
    else:
        _migrate(connection, found)


def refuse_outdated() -> Refused:
    return Refused(
        Code.NOT_CONFIGURED,
        "The database's tables are not those of this version of DevSkyy.",
        hint="Run `devskyy migrate` once, then start the servers.",
    )


def alembic_config(connection: sa.Connection) -> Config:
    """Alembic's configuration without an alembic.ini; it works on the given connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _create(connection: sa.Connection) -> None:
    """A new database gets the tables at once: the same as all migrations in a row, without loading Alembic."""
    from .tables import metadata

    metadata.create_all(connection)
    connection.exec_driver_sql(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.execute(sa.insert(_version).values(version_num=HEAD))


def _migrate(connection: sa.Connection, found: str) -> None:
    from alembic import command
    from alembic.script import ScriptDirectory

    config = alembic_config(connection)
    if found not in {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}:
        raise Refused(
            Code.NOT_CONFIGURED,
            "The database was written by a newer version of DevSkyy.",
            hint="Update DevSkyy, or give it another database.",
        )
    command.upgrade(config, "head")
