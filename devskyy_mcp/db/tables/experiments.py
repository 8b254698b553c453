"""A/B tests: what was registered, who took part in which variant, what they did, and what each look found."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import event

from .columns import json, metadata, text, time

experiments = sa.Table(
    "experiments",
    metadata,
    text("id", primary_key=True),
    # As it was registered, and its hash; the database refuses changes to both.
    json("definition"),
    text("sha256"),
    text("change_id"),
    text("principal"),
    time("created_at"),
    time("ended_at", null=True),
    text("reason", null=True),
    text("layer", null=True),
    sa.Index(None, "created_at", "id"),
    sa.Index(None, "layer"),
)

# Units are kept as keyed hashes: they are only ever compared.
experiment_units = sa.Table(
    "experiment_units",
    metadata,
    text("experiment", primary_key=True),
    text("unit", primary_key=True),
    text("variant"),
    sa.Column("before", sa.Double, nullable=True),
    time("at"),
    sa.ForeignKeyConstraint(["experiment"], ["experiments.id"], ondelete="CASCADE"),
)

experiment_events = sa.Table(
    "experiment_events",
    metadata,
    text("experiment", primary_key=True),
    text("metric", primary_key=True),
    text("unit", primary_key=True),
    text("key", primary_key=True),
    sa.Column("value", sa.Double, nullable=False),
    time("at"),
    sa.ForeignKeyConstraint(["experiment"], ["experiments.id"], ondelete="CASCADE"),
)

experiment_looks = sa.Table(
    "experiment_looks",
    metadata,
    text("experiment", primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    json("body"),
    time("at"),
    sa.ForeignKeyConstraint(["experiment"], ["experiments.id"], ondelete="CASCADE"),
)

FIXED = {
    "sqlite": (
        "CREATE TRIGGER experiments_fixed BEFORE UPDATE OF id, definition, sha256, change_id, principal, created_at "
        "ON experiments BEGIN SELECT RAISE(ABORT, 'a registered test is fixed'); END",
        "CREATE TRIGGER experiments_kept BEFORE DELETE ON experiments "
        "BEGIN SELECT RAISE(ABORT, 'a registered test is kept'); END",
        "CREATE TRIGGER experiment_looks_fixed BEFORE UPDATE ON experiment_looks "
        "BEGIN SELECT RAISE(ABORT, 'a look is fixed'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION experiments_fixed() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE EXCEPTION 'a registered test is fixed' USING ERRCODE = 'restrict_violation'; END$$",
        "CREATE TRIGGER experiments_fixed BEFORE UPDATE OF id, definition, sha256, change_id, principal, created_at "
        "ON experiments FOR EACH ROW EXECUTE FUNCTION experiments_fixed()",
        "CREATE TRIGGER experiments_kept BEFORE DELETE ON experiments "
        "FOR EACH ROW EXECUTE FUNCTION experiments_fixed()",
        "CREATE TRIGGER experiment_looks_fixed BEFORE UPDATE ON experiment_looks "
        "FOR EACH ROW EXECUTE FUNCTION experiments_fixed()",
    ),
}

for _dialect, _statements in FIXED.items():
    for _statement in _statements:
        event.listen(metadata, "after_create", sa.DDL(_statement).execute_if(dialect=_dialect))
