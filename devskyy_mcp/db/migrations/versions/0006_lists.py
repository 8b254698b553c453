"""Indexes by which lists are read from their newest row on, also where two conditions never meet."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_jobs_state_tool_created_at_id", "jobs", ["state", "tool", "created_at", "id"])
    op.create_index(
        "ix_jobs_principal_state_tool_created_at_id", "jobs", ["principal", "state", "tool", "created_at", "id"]
    )
    op.create_index("ix_audit_principal_capability_at_seq", "audit", ["principal", "capability", "at", "seq"])


def downgrade() -> None:
    op.drop_index("ix_audit_principal_capability_at_seq", "audit")
    op.drop_index("ix_jobs_principal_state_tool_created_at_id", "jobs")
    op.drop_index("ix_jobs_state_tool_created_at_id", "jobs")
