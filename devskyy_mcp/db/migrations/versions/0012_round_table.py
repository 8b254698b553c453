"""The round table: rounds, answers, judges' scores."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "round_table_rounds",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("brief_sha256", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("brief", _JSON, nullable=False),
        sa.Column("decision", _JSON, nullable=True),
        sa.Column("winner", sa.Integer, nullable=True),
        sa.Column("picked", sa.Integer, nullable=True),
        sa.Column("how", sa.Text, nullable=True),
        sa.Column("repeats", sa.Integer, nullable=False),
        sa.Column("flips", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_round_table_rounds"),
    )
    op.create_index("ix_round_table_rounds_kind_created_at", "round_table_rounds", ["kind", "created_at"])
    op.create_index("ix_round_table_rounds_created_at_id", "round_table_rounds", ["created_at", "id"])
    op.create_table(
        "round_table_entries",
        sa.Column("round", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("body", _JSON, nullable=False),
        sa.Column("cost", sa.BigInteger, nullable=True),
        sa.Column("ms", sa.BigInteger, nullable=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        _of_round("round_table_entries"),
        sa.PrimaryKeyConstraint("round", "number", name="pk_round_table_entries"),
    )
    op.create_table(
        "round_table_scores",
        sa.Column("round", sa.Text, nullable=False),
        sa.Column("seat", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("judge", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("body", _JSON, nullable=False),
        sa.Column("best", sa.Integer, nullable=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        _of_round("round_table_scores"),
        sa.PrimaryKeyConstraint("round", "seat", name="pk_round_table_scores"),
    )


def downgrade() -> None:
    for name in ("round_table_scores", "round_table_entries", "round_table_rounds"):
        op.drop_table(name)


def _of_round(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["round"], ["round_table_rounds.id"], ondelete="CASCADE", name=f"fk_{table}_round")
