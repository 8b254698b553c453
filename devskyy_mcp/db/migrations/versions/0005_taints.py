"""Who has read text of customers or the web lately."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "taints",
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("until_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("principal", name="pk_taints"),
    )


def downgrade() -> None:
    op.drop_table("taints")
