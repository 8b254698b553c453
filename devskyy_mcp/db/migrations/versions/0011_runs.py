"""What happened in the runs of agents, sealed and chained."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "run_events",
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("ref", sa.Text, nullable=True),
        sa.Column(
            "payload",
            sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"),
            nullable=True,
        ),
        sa.Column("hash_prev", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["run"], ["jobs.id"], ondelete="CASCADE", name="fk_run_events_run"),
        sa.PrimaryKeyConstraint("run", "seq", name="pk_run_events"),
    )
    op.create_index("ix_run_events_ref", "run_events", ["ref"])


def downgrade() -> None:
    op.drop_table("run_events")
