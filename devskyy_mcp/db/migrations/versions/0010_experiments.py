"""A/B tests: what was registered, units, what they did, looks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_FIXED = "id, definition, sha256, change_id, principal, created_at"


def upgrade() -> None:
    op.create_table(
        "experiments",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("definition", _JSON, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("change_id", sa.Text, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=True),
        sa.Column("reason", sa.Text, nullable=True),
        sa.Column("layer", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_experiments"),
    )
    op.create_index("ix_experiments_created_at_id", "experiments", ["created_at", "id"])
    op.create_index("ix_experiments_layer", "experiments", ["layer"])
    op.create_table(
        "experiment_units",
        sa.Column("experiment", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("variant", sa.Text, nullable=False),
        sa.Column("before", sa.Double, nullable=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        _of_experiment("experiment_units"),
        sa.PrimaryKeyConstraint("experiment", "unit", name="pk_experiment_units"),
    )
    op.create_table(
        "experiment_events",
        sa.Column("experiment", sa.Text, nullable=False),
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        _of_experiment("experiment_events"),
        sa.PrimaryKeyConstraint("experiment", "metric", "unit", "key", name="pk_experiment_events"),
    )
    op.create_table(
        "experiment_looks",
        sa.Column("experiment", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("body", _JSON, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        _of_experiment("experiment_looks"),
        sa.PrimaryKeyConstraint("experiment", "number", name="pk_experiment_looks"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for name, when, says in (
            ("experiments_fixed", f"UPDATE OF {_FIXED} ON experiments", "a registered test is fixed"),
            ("experiments_kept", "DELETE ON experiments", "a registered test is kept"),
            ("experiment_looks_fixed", "UPDATE ON experiment_looks", "a look is fixed"),
        ):
            op.execute(f"CREATE TRIGGER {name} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{says}'); END")
        return
    op.execute(
        "CREATE FUNCTION experiments_fixed() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE EXCEPTION 'a registered test is fixed' USING ERRCODE = 'restrict_violation'; END$$"
    )
    for name, when in (
        ("experiments_fixed", f"UPDATE OF {_FIXED} ON experiments"),
        ("experiments_kept", "DELETE ON experiments"),
        ("experiment_looks_fixed", "UPDATE ON experiment_looks"),
    ):
        op.execute(f"CREATE TRIGGER {name} BEFORE {when} FOR EACH ROW EXECUTE FUNCTION experiments_fixed()")


def downgrade() -> None:
    for name in ("experiment_looks", "experiment_events", "experiment_units", "experiments"):
        op.drop_table(name)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION experiments_fixed()")


def _of_experiment(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["experiment"], ["experiments.id"], ondelete="CASCADE", name=f"fk_{table}_experiment"
    )
