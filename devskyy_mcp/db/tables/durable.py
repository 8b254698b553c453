"""Jobs, and who runs them."""

from __future__ import annotations

import sqlalchemy as sa

from .columns import json, metadata, text, time

jobs = sa.Table(
    "jobs",
    metadata,
    text("id", primary_key=True),
    text("principal"),
    json("caller"),
    text("surface"),
    text("tool"),
    json("arguments"),
    text("queue"),
    sa.Column("priority", sa.Integer, nullable=False),
    text("state"),
    # Counts the starts. Whoever writes names the start it belongs to, so that one thought dead changes nothing.
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0", default=0),
    # How often its process died under it.
    sa.Column("lost", sa.Integer, nullable=False, server_default="0", default=0),
    text("executor", null=True),
    json("progress", null=True),
    json("result", null=True),
    json("error", null=True),
    json("question", null=True),
    text("change_id", null=True),
    sa.Column("estimate", sa.BigInteger, nullable=True),
    text("idempotency_key", null=True),
    text("request_hash"),
    time("created_at"),
    time("handed_at", null=True),
    time("started_at", null=True),
    time("finished_at", null=True),
    time("deadline_at"),
    time("cancel_at", null=True),
    sa.UniqueConstraint("principal", "idempotency_key"),
    # Every list is read by one of these from its newest row on, whatever it is narrowed to. A state and a tool that
    # never meet need one for both: either alone would be read to its end.
    sa.Index(None, "created_at", "id"),
    sa.Index(None, "state", "created_at", "id"),
    sa.Index(None, "tool", "created_at", "id"),
    sa.Index(None, "state", "tool", "created_at", "id"),
    sa.Index(None, "principal", "created_at", "id"),
    sa.Index(None, "principal", "state", "created_at", "id"),
    sa.Index(None, "principal", "tool", "created_at", "id"),
    sa.Index(None, "principal", "state", "tool", "created_at", "id"),
    sa.Index(None, "finished_at", "id"),
    sa.Index(None, "change_id"),
    sa.Index(
        "ix_jobs_waiting",
        "priority",
        "created_at",
        sqlite_where=sa.text("state = 'queued' AND handed_at IS NULL"),
        postgresql_where=sa.text("state = 'queued' AND handed_at IS NULL"),
    ),
)

job_events = sa.Table(
    "job_events",
    metadata,
    sa.Column("job_id", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    text("kind"),
    json("data"),
    time("at"),
)

job_steps = sa.Table(
    "job_steps",
    metadata,
    sa.Column("job_id", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    json("value", null=True),
    time("at"),
)

executors = sa.Table(
    "executors",
    metadata,
    text("id", primary_key=True),
    time("started_at"),
    time("beat_at"),
)
