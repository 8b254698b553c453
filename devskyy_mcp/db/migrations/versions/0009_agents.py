"""What a brand writes for its agents: the revisions of its guide."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "brand_guides",
        sa.Column("revision", sa.Integer, autoincrement=False, nullable=False),
        sa.Column(
            "sections",
            sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"),
            nullable=False,
        ),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("change_id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("revision", name="pk_brand_guides"),
    )
    op.create_index("ix_brand_guides_change_id", "brand_guides", ["change_id"])


def downgrade() -> None:
    op.drop_table("brand_guides")
