"""The audit, the database's keys, who has read what, and what servers note for each other."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import event

from .columns import RowNumber, json, metadata, text, time

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", RowNumber, primary_key=True, autoincrement=False),
    time("at"),
    text("principal"),
    text("surface"),
    text("capability"),
    text("effect"),
    text("change_id", null=True),
    text("phase"),
    text("code"),
    sa.Column("duration_us", sa.BigInteger, nullable=False),
    text("arguments_sha256"),
    # Text, not JSON: what was hashed is stored to the letter, and no database rewrites it.
    text("detail"),
    text("prev_hash"),
    text("hash"),
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
    text("hash"),
)

audit_checkpoints = sa.Table(
    "audit_checkpoints",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    text("hash"),
    time("at"),
    text("key_id"),
    text("signature"),
)

data_keys = sa.Table(
    "data_keys",
    metadata,
    text("id", primary_key=True),
    # Which key of the key ring has sealed it.
    text("kid"),
    text("wrapped"),
    time("created_at"),
)

# Who has read text of customers or the web lately (guard.taint).
taints = sa.Table(
    "taints",
    metadata,
    text("principal", primary_key=True),
    time("until_at"),
)

# Results of reads that were too large to be given whole, until they are fetched (assets.kept).
kept_results = sa.Table(
    "kept_results",
    metadata,
    text("id", primary_key=True),
    text("principal"),
    text("tool"),
    json("body"),
    time("until_at"),
    sa.Index(None, "until_at"),
)

settings = sa.Table(
    "settings",
    metadata,
    text("key", primary_key=True),
    json("value"),
    time("updated_at"),
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
