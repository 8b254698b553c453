"""What agents are given to read."""

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
