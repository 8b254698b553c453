"""Who signs in: what identifies people is sealed, what lets in is a hash."""

from __future__ import annotations

import sqlalchemy as sa

from .columns import json, metadata, text, time

users = sa.Table(
    "users",
    metadata,
    text("id", primary_key=True),
    # Keyed hash of the login as people type it (casefolded); the login itself is sealed.
    text("login_hash", unique=True),
    text("login"),
    text("name"),
    text("role"),
    text("state"),
    text("password", null=True),
    text("totp", null=True),
    # The last time step whose code was taken: none is taken twice.
    time("totp_step", null=True),
    json("recovery"),
    time("created_at"),
    time("changed_at"),
    time("signed_in_at", null=True),
)

login_tries = sa.Table(
    "login_tries",
    metadata,
    text("key", primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    time("last_at"),
    time("until_at"),
)

sessions = sa.Table(
    "sessions",
    metadata,
    # SHA-256 of the cookie's value.
    text("id", primary_key=True),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    json("amr"),
    text("agent"),
    text("address"),
    time("auth_at"),
    time("second_at", null=True),
    time("created_at"),
    time("seen_at"),
    time("expires_at"),
    sa.Index(None, "user_id", "created_at"),
    sa.Index(None, "expires_at"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    text("id", primary_key=True),
    text("secret_hash"),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    text("name"),
    json("scopes"),
    time("created_at"),
    time("expires_at"),
    time("used_at", null=True),
    time("revoked_at", null=True),
    sa.Index(None, "user_id", "created_at"),
)

ws_tickets = sa.Table(
    "ws_tickets",
    metadata,
    # SHA-256 of the ticket. It is taken by deleting its row, so that one server alone can.
    text("id", primary_key=True),
    text("holder"),
    text("origin"),
    time("expires_at"),
    sa.Index(None, "expires_at"),
)
