"""The journal of writes."""

from __future__ import annotations

import sqlalchemy as sa

from .columns import json, metadata, text, time

change_sets = sa.Table(
    "change_sets",
    metadata,
    text("id", primary_key=True),
    text("principal"),
    text("surface"),
    text("tool"),
    json("arguments"),
    text("plan_hash"),
    text("state"),
    json("summary"),
    json("reasons"),
    time("created_at"),
    time("expires_at"),
    time("decided_at", null=True),
    time("finished_at", null=True),
    text("approved_by", null=True),
    text("undoes", null=True),
    text("idempotency_key", null=True),
    text("request_hash", null=True),
    json("outcome", null=True),
    sa.UniqueConstraint("principal", "idempotency_key"),
    sa.Index(None, "created_at", "id"),
    sa.Index(None, "state", "created_at", "id"),
    sa.Index(None, "principal", "created_at", "id"),
    sa.Index(None, "principal", "state", "created_at", "id"),
    # What changed in a time, of anybody, of one, by a tool: from the newest on.
    sa.Index(None, "finished_at", "id"),
    sa.Index(None, "principal", "finished_at", "id"),
    sa.Index(None, "tool", "finished_at", "id"),
    sa.Index(None, "principal", "tool", "finished_at", "id"),
    sa.Index(None, "undoes"),
)

# What one change takes back where that is more than one; of a single one ``change_sets.undoes`` has it.
change_undoes = sa.Table(
    "change_undoes",
    metadata,
    sa.Column("change_id", sa.Text, sa.ForeignKey("change_sets.id", ondelete="CASCADE"), primary_key=True),
    text("undoes", primary_key=True),
    sa.Index(None, "undoes"),
)

change_ops = sa.Table(
    "change_ops",
    metadata,
    sa.Column("change_id", sa.Text, sa.ForeignKey("change_sets.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    text("system"),
    text("kind"),
    text("collection"),
    text("object_id", null=True),
    text("ref", null=True),
    json("parent", null=True),
    text("label"),
    json("body"),
    json("before"),
    json("after", null=True),
    json("inverse", null=True),
    text("state"),
    json("error", null=True),
    json("notes", null=True),
    text("undo_reason", null=True),
    time("sent_at", null=True),
    time("settled_at", null=True),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0", default=0),
    # Of what costs money, in millionths of a US dollar: what it was thought to cost, and what it did.
    sa.Column("estimate", sa.BigInteger, nullable=True),
    sa.Column("cost", sa.BigInteger, nullable=True),
    # Counts a set's operations by state, and finds those of a state in their order, without reading what they hold.
    sa.Index(None, "change_id", "state", "seq"),
    sa.Index(None, "system", "collection", "object_id"),
    sa.Index(
        "ix_change_ops_spent",
        "sent_at",
        sqlite_where=sa.text("estimate IS NOT NULL"),
        postgresql_where=sa.text("estimate IS NOT NULL"),
    ),
)

object_locks = sa.Table(
    "object_locks",
    metadata,
    text("key", primary_key=True),
    text("holder"),
    time("until_at"),
)
