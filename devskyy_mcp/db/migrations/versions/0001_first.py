"""The first tables: changes with their journal, locks, audit, settings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "change_sets",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("surface", sa.Text, nullable=False),
        sa.Column("tool", sa.Text, nullable=False),
        sa.Column("arguments", JSON, nullable=False),
        sa.Column("plan_hash", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("summary", JSON, nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("decided_at", sa.BigInteger),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("approved_by", sa.Text),
        sa.Column("undoes", sa.Text),
        sa.Column("idempotency_key", sa.Text),
        sa.Column("request_hash", sa.Text),
        sa.Column("outcome", JSON),
        sa.PrimaryKeyConstraint("id", name="pk_change_sets"),
        sa.UniqueConstraint("principal", "idempotency_key", name="uq_change_sets_principal_idempotency_key"),
    )
    op.create_index("ix_change_sets_principal_created_at", "change_sets", ["principal", "created_at"])
    op.create_index("ix_change_sets_state", "change_sets", ["state"])
    op.create_table(
        "change_ops",
        sa.Column("change_id", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("collection", sa.Text, nullable=False),
        sa.Column("object_id", sa.Text),
        sa.Column("ref", sa.Text),
        sa.Column("parent", JSON),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("before", JSON, nullable=False),
        sa.Column("after", JSON),
        sa.Column("inverse", JSON),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("error", JSON),
        sa.Column("notes", JSON),
        sa.Column("undo_reason", sa.Text),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("settled_at", sa.BigInteger),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("change_id", "seq", name="pk_change_ops"),
        sa.ForeignKeyConstraint(
            ["change_id"], ["change_sets.id"], name="fk_change_ops_change_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_change_ops_state", "change_ops", ["state"])
    op.create_index("ix_change_ops_system_collection_object_id", "change_ops", ["system", "collection", "object_id"])
    op.create_table(
        "object_locks",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_object_locks"),
    )
    op.create_table(
        "audit",
        sa.Column("seq", ROW_NUMBER, nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("surface", sa.Text, nullable=False),
        sa.Column("capability", sa.Text, nullable=False),
        sa.Column("effect", sa.Text, nullable=False),
        sa.Column("change_id", sa.Text),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("duration_us", sa.BigInteger, nullable=False),
        sa.Column("arguments_sha256", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("prev_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
    )
    op.create_index("ix_audit_principal_at", "audit", ["principal", "at"])
    op.create_index("ix_audit_capability_at", "audit", ["capability", "at"])
    op.create_index("ix_audit_change_id", "audit", ["change_id"])
    if op.get_bind().dialect.name == "sqlite":
        for when in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER audit_no_{when} BEFORE {when.upper()} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END"
            )
    else:
        op.execute(
            "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN RAISE EXCEPTION 'audit is append-only' USING ERRCODE = 'restrict_violation'; END$$"
        )
        op.execute(
            "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()"
        )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.execute(f"INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '{'0' * 64}')")
    op.create_table(
        "settings",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", JSON, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_settings"),
    )


def downgrade() -> None:
    for table in ("settings", "audit_head", "audit", "object_locks", "change_ops", "change_sets"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_append_only()")
