"""Rounds of the round table: briefs, what each model answered, and what each judge said of it."""

from __future__ import annotations

import sqlalchemy as sa

from .columns import json, metadata, text, time

round_table_rounds = sa.Table(
    "round_table_rounds",
    metadata,
    text("id", primary_key=True),  # of the job
    text("principal"),
    text("kind"),
    text("mode"),
    text("brief_sha256"),
    text("state"),
    json("brief"),
    json("decision", null=True),
    # The winner's number; the one that a person picked instead; how it was decided.
    sa.Column("winner", sa.Integer, nullable=True),
    sa.Column("picked", sa.Integer, nullable=True),
    text("how", null=True),
    # How often a judge saw the same twice in another order, and judged otherwise.
    sa.Column("repeats", sa.Integer, nullable=False),
    sa.Column("flips", sa.Integer, nullable=False),
    time("created_at"),
    time("ended_at", null=True),
    sa.Index(None, "kind", "created_at"),
    sa.Index(None, "created_at", "id"),
)

round_table_entries = sa.Table(
    "round_table_entries",
    metadata,
    text("round", primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    text("model"),
    text("state"),
    json("body"),
    sa.Column("cost", sa.BigInteger, nullable=True),
    sa.Column("ms", sa.BigInteger, nullable=True),
    time("at"),
    sa.ForeignKeyConstraint(["round"], ["round_table_rounds.id"], ondelete="CASCADE"),
)

round_table_scores = sa.Table(
    "round_table_scores",
    metadata,
    text("round", primary_key=True),
    sa.Column("seat", sa.Integer, primary_key=True, autoincrement=False),
    text("judge"),
    text("state"),
    json("body"),
    # The answer that it holds for the best, of those that it scored.
    sa.Column("best", sa.Integer, nullable=True),
    time("at"),
    sa.ForeignKeyConstraint(["round"], ["round_table_rounds.id"], ondelete="CASCADE"),
)
