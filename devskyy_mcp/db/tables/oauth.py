"""The authorization server: what lets in is a hash."""

from __future__ import annotations

import sqlalchemy as sa

from .columns import json, metadata, text, time

oauth_clients = sa.Table(
    "oauth_clients",
    metadata,
    text("id", primary_key=True),
    # registered (RFC 7591), document (its id is the address of its metadata) or confidential (made by an owner).
    text("kind"),
    text("secret_hash", null=True),
    json("metadata"),
    # Of a confidential client: what it may do in its own name.
    json("scopes", null=True),
    time("created_at"),
    time("used_at", null=True),
    # Of a document: when it is fetched anew.
    time("stale_at", null=True),
    time("revoked_at", null=True),
    sa.Index(None, "kind", "used_at"),
)

oauth_consents = sa.Table(
    "oauth_consents",
    metadata,
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("client_id", sa.Text, sa.ForeignKey("oauth_clients.id", ondelete="CASCADE"), primary_key=True),
    json("scopes"),
    time("at"),
)

oauth_grants = sa.Table(
    "oauth_grants",
    metadata,
    # Access tokens carry it as ``sid``; all refresh tokens of one family share it.
    text("id", primary_key=True),
    sa.Column("client_id", sa.Text, sa.ForeignKey("oauth_clients.id", ondelete="CASCADE"), nullable=False),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=True),
    json("scopes"),
    text("resource"),
    json("amr"),
    time("auth_at"),
    time("created_at"),
    time("expires_at"),
    time("revoked_at", null=True),
    sa.Index(None, "user_id", "created_at"),
    sa.Index(None, "client_id"),
    sa.Index(None, "expires_at"),
)

oauth_codes = sa.Table(
    "oauth_codes",
    metadata,
    text("hash", primary_key=True),
    sa.Column("grant_id", sa.Text, sa.ForeignKey("oauth_grants.id", ondelete="CASCADE"), nullable=False),
    text("redirect_uri"),
    # Whether the authorization request named the redirect address: then the token request must, too.
    sa.Column("redirect_named", sa.Boolean, nullable=False),
    text("challenge"),
    time("expires_at"),
    time("used_at", null=True),
    sa.Index(None, "expires_at"),
)

oauth_refresh_tokens = sa.Table(
    "oauth_refresh_tokens",
    metadata,
    text("hash", primary_key=True),
    sa.Column("grant_id", sa.Text, sa.ForeignKey("oauth_grants.id", ondelete="CASCADE"), nullable=False),
    time("created_at"),
    time("expires_at"),
    time("used_at", null=True),
    # How often it was taken again within the grace that parallel processes of one host need.
    sa.Column("reissues", sa.Integer, nullable=False, server_default="0", default=0),
    sa.Index(None, "grant_id"),
    sa.Index(None, "expires_at"),
)

signing_keys = sa.Table(
    "signing_keys",
    metadata,
    text("id", primary_key=True),
    text("private"),
    time("created_at"),
    time("signs_from_at"),
)
