"""Calls of language models."""

from __future__ import annotations

import sqlalchemy as sa

from .columns import json, metadata, text, time


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=True)


llm_calls = sa.Table(
    "llm_calls",
    metadata,
    text("id", primary_key=True),  # of the change set that it was paid by
    text("job_id"),
    text("step"),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("run", sa.Integer, nullable=False),  # the job's start that sent it
    text("principal"),
    text("agent"),
    text("kind"),
    text("provider"),
    text("model"),
    text("state"),
    text("error", null=True),
    # In millionths of a US dollar: the most that it may cost, and what it did; None where no price is known.
    _number("estimate"),
    _number("cost"),
    text("booked", null=True),
    _number("tokens_in"),
    _number("tokens_cached"),
    _number("tokens_out"),
    _number("first_ms"),
    _number("total_ms"),
    json("answer", null=True),
    time("created_at"),
    time("finished_at", null=True),
    sa.UniqueConstraint("job_id", "step", "number"),
    sa.Index(None, "created_at", "id"),
    sa.Index(None, "agent", "created_at"),
    sa.Index(None, "principal", "created_at"),
)
