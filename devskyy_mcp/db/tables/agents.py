"""What agents are given to read, and what happened in their runs."""

from __future__ import annotations

import sqlalchemy as sa

from .columns import json, metadata, text, time

brand_guides = sa.Table(
    "brand_guides",
    metadata,
    sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
    json("sections"),
    text("principal"),
    # The change that wrote it: after a crash it tells whether it did.
    text("change_id"),
    time("created_at"),
    sa.Index(None, "change_id"),
)

run_events = sa.Table(
    "run_events",
    metadata,
    # The job's id.
    sa.Column("run", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    text("kind"),
    # The change that the run waits for.
    text("ref", null=True),
    json("payload", null=True),
    # Of the event before, so that none can be changed, taken out or put in unseen.
    text("hash_prev"),
    time("at"),
    sa.Index(None, "ref"),
)
