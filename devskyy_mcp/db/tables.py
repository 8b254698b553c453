"""Every table, once, for SQLite and Postgres. Import it inside functions only: it loads SQLAlchemy.

Times are microseconds since 1970 UTC in columns named ``*_at``. A change here needs a migration beside it
(``migrations/README.md``); the tests compare the two.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
# SQLite numbers rows by itself only in a column that is INTEGER to the letter.
RowNumber = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, *, null: bool = False, **more: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null, **more)


def _json(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Json, nullable=null)


def _time(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=null)


change_sets = sa.Table(
    "change_sets",
    metadata,
    _text("id", primary_key=True),
    _text("principal"),
    _text("surface"),
    _text("tool"),
    _json("arguments"),
    _text("plan_hash"),
    _text("state"),
    _json("summary"),
    _json("reasons"),
    _time("created_at"),
    _time("expires_at"),
    _time("decided_at", null=True),
    _time("finished_at", null=True),
    _text("approved_by", null=True),
    _text("undoes", null=True),
    _text("idempotency_key", null=True),
    _text("request_hash", null=True),
    _json("outcome", null=True),
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
    sa.Column("undoes", sa.Text, primary_key=True),
    sa.Index(None, "undoes"),
)

change_ops = sa.Table(
    "change_ops",
    metadata,
    sa.Column("change_id", sa.Text, sa.ForeignKey("change_sets.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    _text("system"),
    _text("kind"),
    _text("collection"),
    _text("object_id", null=True),
    _text("ref", null=True),
    _json("parent", null=True),
    _text("label"),
    _json("body"),
    _json("before"),
    _json("after", null=True),
    _json("inverse", null=True),
    _text("state"),
    _json("error", null=True),
    _json("notes", null=True),
    _text("undo_reason", null=True),
    _time("sent_at", null=True),
    _time("settled_at", null=True),
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
    _text("key", primary_key=True),
    _text("holder"),
    _time("until_at"),
)

jobs = sa.Table(
    "jobs",
    metadata,
    _text("id", primary_key=True),
    _text("principal"),
    _json("caller"),
    _text("surface"),
    _text("tool"),
    _json("arguments"),
    _text("queue"),
    sa.Column("priority", sa.Integer, nullable=False),
    _text("state"),
    # Counts the starts. Whoever writes names the start it belongs to, so that one thought dead changes nothing.
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0", default=0),
    # How often its process died under it.
    sa.Column("lost", sa.Integer, nullable=False, server_default="0", default=0),
    _text("executor", null=True),
    _json("progress", null=True),
    _json("result", null=True),
    _json("error", null=True),
    _json("question", null=True),
    _text("change_id", null=True),
    sa.Column("estimate", sa.BigInteger, nullable=True),
    _text("idempotency_key", null=True),
    _text("request_hash"),
    _time("created_at"),
    _time("handed_at", null=True),
    _time("started_at", null=True),
    _time("finished_at", null=True),
    _time("deadline_at"),
    _time("cancel_at", null=True),
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
    _text("kind"),
    _json("data"),
    _time("at"),
)

job_steps = sa.Table(
    "job_steps",
    metadata,
    sa.Column("job_id", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    _json("value", null=True),
    _time("at"),
)

executors = sa.Table(
    "executors",
    metadata,
    _text("id", primary_key=True),
    _time("started_at"),
    _time("beat_at"),
)

# Results of reads that were too large to be given whole, until they are fetched (assets.kept).
kept_results = sa.Table(
    "kept_results",
    metadata,
    _text("id", primary_key=True),
    _text("principal"),
    _text("tool"),
    _json("body"),
    _time("until_at"),
    sa.Index(None, "until_at"),
)

# Who has read text of customers or the web lately (guard.taint).
taints = sa.Table(
    "taints",
    metadata,
    _text("principal", primary_key=True),
    _time("until_at"),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", RowNumber, primary_key=True, autoincrement=False),
    _time("at"),
    _text("principal"),
    _text("surface"),
    _text("capability"),
    _text("effect"),
    _text("change_id", null=True),
    _text("phase"),
    _text("code"),
    sa.Column("duration_us", sa.BigInteger, nullable=False),
    _text("arguments_sha256"),
    # Text, not JSON: what was hashed is stored to the letter, and no database rewrites it.
    _text("detail"),
    _text("prev_hash"),
    _text("hash"),
    sa.Index(None, "at", "seq"),
    sa.Index(None, "principal", "at", "seq"),
    sa.Index(None, "capability", "at", "seq"),
    sa.Index(None, "principal", "capability", "at", "seq"),
    sa.Index(None, "change_id", "at", "seq"),
)

audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    _text("hash"),
)

data_keys = sa.Table(
    "data_keys",
    metadata,
    _text("id", primary_key=True),
    # Which key of the key ring has sealed it.
    _text("kid"),
    _text("wrapped"),
    _time("created_at"),
)

audit_checkpoints = sa.Table(
    "audit_checkpoints",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("hash"),
    _time("at"),
    _text("key_id"),
    _text("signature"),
)

settings = sa.Table(
    "settings",
    metadata,
    _text("key", primary_key=True),
    _json("value"),
    _time("updated_at"),
)

# ---- sign-in: what identifies people is sealed, what lets in is a hash ----

users = sa.Table(
    "users",
    metadata,
    _text("id", primary_key=True),
    # Keyed hash of the login as people type it (casefolded); the login itself is sealed.
    _text("login_hash", unique=True),
    _text("login"),
    _text("name"),
    _text("role"),
    _text("state"),
    _text("password", null=True),
    _text("totp", null=True),
    # The last time step whose code was taken: none is taken twice.
    _time("totp_step", null=True),
    _json("recovery"),
    _time("created_at"),
    _time("changed_at"),
    _time("signed_in_at", null=True),
)

login_tries = sa.Table(
    "login_tries",
    metadata,
    _text("key", primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    _time("last_at"),
    _time("until_at"),
)

sessions = sa.Table(
    "sessions",
    metadata,
    # SHA-256 of the cookie's value.
    _text("id", primary_key=True),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    _json("amr"),
    _text("agent"),
    _text("address"),
    _time("auth_at"),
    _time("second_at", null=True),
    _time("created_at"),
    _time("seen_at"),
    _time("expires_at"),
    sa.Index(None, "user_id", "created_at"),
    sa.Index(None, "expires_at"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    _text("id", primary_key=True),
    _text("secret_hash"),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    _text("name"),
    _json("scopes"),
    _time("created_at"),
    _time("expires_at"),
    _time("used_at", null=True),
    _time("revoked_at", null=True),
    sa.Index(None, "user_id", "created_at"),
)

ws_tickets = sa.Table(
    "ws_tickets",
    metadata,
    # SHA-256 of the ticket. It is taken by deleting its row, so that one server alone can.
    _text("id", primary_key=True),
    _text("holder"),
    _text("origin"),
    _time("expires_at"),
    sa.Index(None, "expires_at"),
)

oauth_clients = sa.Table(
    "oauth_clients",
    metadata,
    _text("id", primary_key=True),
    # registered (RFC 7591), document (its id is the address of its metadata) or confidential (made by an owner).
    _text("kind"),
    _text("secret_hash", null=True),
    _json("metadata"),
    # Of a confidential client: what it may do in its own name.
    _json("scopes", null=True),
    _time("created_at"),
    _time("used_at", null=True),
    # Of a document: when it is fetched anew.
    _time("stale_at", null=True),
    _time("revoked_at", null=True),
    sa.Index(None, "kind", "used_at"),
)

oauth_consents = sa.Table(
    "oauth_consents",
    metadata,
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("client_id", sa.Text, sa.ForeignKey("oauth_clients.id", ondelete="CASCADE"), primary_key=True),
    _json("scopes"),
    _time("at"),
)

oauth_grants = sa.Table(
    "oauth_grants",
    metadata,
    # Access tokens carry it as ``sid``; all refresh tokens of one family share it.
    _text("id", primary_key=True),
    sa.Column("client_id", sa.Text, sa.ForeignKey("oauth_clients.id", ondelete="CASCADE"), nullable=False),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=True),
    _json("scopes"),
    _text("resource"),
    _json("amr"),
    _time("auth_at"),
    _time("created_at"),
    _time("expires_at"),
    _time("revoked_at", null=True),
    sa.Index(None, "user_id", "created_at"),
    sa.Index(None, "client_id"),
    sa.Index(None, "expires_at"),
)

oauth_codes = sa.Table(
    "oauth_codes",
    metadata,
    _text("hash", primary_key=True),
    sa.Column("grant_id", sa.Text, sa.ForeignKey("oauth_grants.id", ondelete="CASCADE"), nullable=False),
    _text("redirect_uri"),
    # Whether the authorization request named the redirect address: then the token request must, too.
    sa.Column("redirect_named", sa.Boolean, nullable=False),
    _text("challenge"),
    _time("expires_at"),
    _time("used_at", null=True),
    sa.Index(None, "expires_at"),
)

oauth_refresh_tokens = sa.Table(
    "oauth_refresh_tokens",
    metadata,
    _text("hash", primary_key=True),
    sa.Column("grant_id", sa.Text, sa.ForeignKey("oauth_grants.id", ondelete="CASCADE"), nullable=False),
    _time("created_at"),
    _time("expires_at"),
    _time("used_at", null=True),
    # How often it was taken again within the grace that parallel processes of one host need.
    sa.Column("reissues", sa.Integer, nullable=False, server_default="0", default=0),
    sa.Index(None, "grant_id"),
    sa.Index(None, "expires_at"),
)

signing_keys = sa.Table(
    "signing_keys",
    metadata,
    _text("id", primary_key=True),
    _text("private"),
    _time("created_at"),
    _time("signs_from_at"),
)

NO_HASH = "0" * 64  # what the first row of the audit stands on

# The audit only ever grows, but for rows up to the second row of audit_head, which says what was purged and is signed
# (guard/checkpoints.py). Whoever owns the database can drop these; then the hash chain tells.
_PURGED = "COALESCE((SELECT seq FROM audit_head WHERE id = 2), 0)"
APPEND_ONLY = {
    "sqlite": (
        "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END",
        f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit WHEN OLD.seq > {_PURGED} "
        "BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE EXCEPTION 'audit is append-only' USING ERRCODE = 'restrict_violation'; END$$",
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()",
        "CREATE FUNCTION audit_purged_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$BEGIN IF OLD.seq > {_PURGED} THEN RAISE EXCEPTION 'audit is append-only' "
        "USING ERRCODE = 'restrict_violation'; END IF; RETURN OLD; END$$",
        "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_purged_only()",
    ),
}

for _dialect, _statements in APPEND_ONLY.items():
    for _statement in _statements:
        event.listen(audit, "after_create", sa.DDL(_statement).execute_if(dialect=_dialect))
event.listen(
    audit_head,
    "after_create",
    sa.DDL(f"INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '{NO_HASH}')"),  # noqa: S608 # constants
)
