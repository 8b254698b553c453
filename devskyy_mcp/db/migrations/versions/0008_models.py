"""Calls of language models: what each cost and took, and its answer, sealed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TEXTS = ("id", "job_id", "step")
_MORE_TEXTS = ("principal", "agent", "kind", "provider", "model", "state")
_NUMBERS = ("tokens_in", "tokens_cached", "tokens_out", "first_ms", "total_ms")
_INDEXES = {
    "ix_llm_calls_created_at_id": ["created_at", "id"],
    "ix_llm_calls_agent_created_at": ["agent", "created_at"],
    "ix_llm_calls_principal_created_at": ["principal", "created_at"],
}


def upgrade() -> None:
    op.create_table(
        "llm_calls",
        *(sa.Column(name, sa.Text, nullable=False) for name in _TEXTS),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in _MORE_TEXTS),
        sa.Column("error", sa.Text, nullable=True),
        sa.Column("estimate", sa.BigInteger, nullable=True),
        sa.Column("cost", sa.BigInteger, nullable=True),
        sa.Column("booked", sa.Text, nullable=True),
        *(sa.Column(name, sa.BigInteger, nullable=True) for name in _NUMBERS),
        sa.Column(
            "answer",
            sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"),
            nullable=True,
        ),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_llm_calls"),
        sa.UniqueConstraint("job_id", "step", "number", name="uq_llm_calls_job_id_step_number"),
    )
    for name, columns in _INDEXES.items():
        op.create_index(name, "llm_calls", columns)


def downgrade() -> None:
    op.drop_table("llm_calls")
