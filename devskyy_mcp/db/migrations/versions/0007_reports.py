"""What changed in a time: indexes by when changes ended, which changes one takes back at once; results kept whole."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_change_sets_finished_at_id": ["finished_at", "id"],
    "ix_change_sets_principal_finished_at_id": ["principal", "finished_at", "id"],
    "ix_change_sets_tool_finished_at_id": ["tool", "finished_at", "id"],
    "ix_change_sets_principal_tool_finished_at_id": ["principal", "tool", "finished_at", "id"],
    "ix_change_sets_undoes": ["undoes"],
}


def upgrade() -> None:
    for name, columns in _INDEXES.items():
        op.create_index(name, "change_sets", columns)
    op.drop_index("ix_change_sets_finished_at", "change_sets")
    op.create_table(
        "change_undoes",
        sa.Column("change_id", sa.Text, nullable=False),
        sa.Column("undoes", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["change_id"], ["change_sets.id"], ondelete="CASCADE", name="fk_change_undoes_change_id"
        ),
        sa.PrimaryKeyConstraint("change_id", "undoes", name="pk_change_undoes"),
    )
    op.create_index("ix_change_undoes_undoes", "change_undoes", ["undoes"])
    op.create_table(
        "kept_results",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("tool", sa.Text, nullable=False),
        sa.Column(
            "body",
            sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"),
            nullable=False,
        ),
        sa.Column("until_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_kept_results"),
    )
    op.create_index("ix_kept_results_until_at", "kept_results", ["until_at"])


def downgrade() -> None:
    op.drop_table("kept_results")
    op.drop_table("change_undoes")
    op.create_index("ix_change_sets_finished_at", "change_sets", ["finished_at"])
    for name in _INDEXES:
        op.drop_index(name, "change_sets")
