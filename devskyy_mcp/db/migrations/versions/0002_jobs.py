"""Jobs, their events, the processes that run them; what paid operations cost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("caller", JSON, nullable=False),
        sa.Column("surface", sa.Text, nullable=False),
        sa.Column("tool", sa.Text, nullable=False),
        sa.Column("arguments", JSON, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
        sa.Column("lost", sa.Integer, nullable=False, server_default="0"),
        sa.Column("executor", sa.Text),
        sa.Column("progress", JSON),
        sa.Column("result", JSON),
        sa.Column("error", JSON),
        sa.Column("question", JSON),
        sa.Column("change_id", sa.Text),
        sa.Column("estimate", sa.BigInteger),
        sa.Column("idempotency_key", sa.Text),
        sa.Column("request_hash", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("handed_at", sa.BigInteger),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("deadline_at", sa.BigInteger, nullable=False),
        sa.Column("cancel_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("principal", "idempotency_key", name="uq_jobs_principal_idempotency_key"),
    )
    op.create_index("ix_jobs_created_at_id", "jobs", ["created_at", "id"])
    op.create_index("ix_jobs_state_created_at_id", "jobs", ["state", "created_at", "id"])
    op.create_index("ix_jobs_tool_created_at_id", "jobs", ["tool", "created_at", "id"])
    op.create_index("ix_jobs_principal_created_at_id", "jobs", ["principal", "created_at", "id"])
    op.create_index("ix_jobs_principal_state_created_at_id", "jobs", ["principal", "state", "created_at", "id"])
    op.create_index("ix_jobs_principal_tool_created_at_id", "jobs", ["principal", "tool", "created_at", "id"])
    op.create_index("ix_jobs_state_tool_created_at_id", "jobs", ["state", "tool", "created_at", "id"])
    op.create_index("ix_jobs_principal_state_tool_created_at_id", "jobs", ["principal", "state", "tool", "created_at", "id"])
    op.create_index("ix_jobs_finished_at_id", "jobs", ["finished_at", "id"])
    op.create_index("ix_jobs_change_id", "jobs", ["change_id"])
    waiting = sa.text("state = 'queued' AND handed_at IS NULL")
    op.create_index(
        "ix_jobs_waiting", "jobs", ["priority", "created_at"], sqlite_where=waiting, postgresql_where=waiting
    )
    op.create_table(
        "job_events",
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "seq", name="pk_job_events"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_job_events_job_id", ondelete="CASCADE"),
    )
    op.create_table(
        "job_steps",
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", JSON),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "name", name="pk_job_steps"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_job_steps_job_id", ondelete="CASCADE"),
    )
    op.create_table(
        "executors",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("beat_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_executors"),
    )
    op.add_column("change_ops", sa.Column("estimate", sa.BigInteger))
    op.add_column("change_ops", sa.Column("cost", sa.BigInteger))
    paid = sa.text("estimate IS NOT NULL")
    op.create_index("ix_change_ops_spent", "change_ops", ["sent_at"], sqlite_where=paid, postgresql_where=paid)
    op.drop_index("ix_change_ops_state", "change_ops")
    op.create_index("ix_change_ops_change_id_state_seq", "change_ops", ["change_id", "state", "seq"])
    op.drop_index("ix_change_sets_state", "change_sets")
    op.create_index("ix_change_sets_finished_at", "change_sets", ["finished_at"])
    op.drop_index("ix_change_sets_principal_created_at", "change_sets")
    op.create_index("ix_change_sets_created_at_id", "change_sets", ["created_at", "id"])
    op.create_index("ix_change_sets_state_created_at_id", "change_sets", ["state", "created_at", "id"])
    op.create_index("ix_change_sets_principal_created_at_id", "change_sets", ["principal", "created_at", "id"])
    op.create_index("ix_change_sets_principal_state_created_at_id", "change_sets", ["principal", "state", "created_at", "id"])
    op.drop_index("ix_audit_principal_at", "audit")
    op.drop_index("ix_audit_capability_at", "audit")
    op.drop_index("ix_audit_change_id", "audit")
    op.create_index("ix_audit_at_seq", "audit", ["at", "seq"])
    op.create_index("ix_audit_principal_at_seq", "audit", ["principal", "at", "seq"])
    op.create_index("ix_audit_capability_at_seq", "audit", ["capability", "at", "seq"])
    op.create_index("ix_audit_principal_capability_at_seq", "audit", ["principal", "capability", "at", "seq"])
    op.create_index("ix_audit_change_id_at_seq", "audit", ["change_id", "at", "seq"])


def downgrade() -> None:
    op.drop_index("ix_audit_at_seq", "audit")
    op.drop_index("ix_audit_principal_at_seq", "audit")
    op.drop_index("ix_audit_capability_at_seq", "audit")
    op.drop_index("ix_audit_principal_capability_at_seq", "audit")
    op.drop_index("ix_audit_change_id_at_seq", "audit")
    op.create_index("ix_audit_principal_at", "audit", ["principal", "at"])
    op.create_index("ix_audit_capability_at", "audit", ["capability", "at"])
    op.create_index("ix_audit_change_id", "audit", ["change_id"])
    op.drop_index("ix_change_sets_created_at_id", "change_sets")
    op.drop_index("ix_change_sets_state_created_at_id", "change_sets")
    op.drop_index("ix_change_sets_principal_created_at_id", "change_sets")
    op.drop_index("ix_change_sets_principal_state_created_at_id", "change_sets")
    op.create_index("ix_change_sets_principal_created_at", "change_sets", ["principal", "created_at"])
    op.drop_index("ix_change_sets_finished_at", "change_sets")
    op.create_index("ix_change_sets_state", "change_sets", ["state"])
    op.drop_index("ix_change_ops_change_id_state_seq", "change_ops")
    op.create_index("ix_change_ops_state", "change_ops", ["state"])
    op.drop_index("ix_change_ops_spent", "change_ops")
    with op.batch_alter_table("change_ops") as ops:
        ops.drop_column("cost")
        ops.drop_column("estimate")
    for table in ("executors", "job_steps", "job_events", "jobs"):
        op.drop_table(table)
