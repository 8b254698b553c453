"""Alembic's entry: runs on the connection and in the transaction that it is given."""

from __future__ import annotations

from alembic import context

from devskyy_mcp.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite can't alter a table: it is copied
    transactional_ddl=True,  # both databases can; Alembic doubts it of SQLite
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
