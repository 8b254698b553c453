"""Which columns are sealed, and which are only ever compared and so kept as marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is kept closed of a table.

    Args:
        key: the columns that name a row; a sealed value belongs to that row alone.
        columns: sealed. Empty values (None, "", {}, []) stay as they are: they tell nothing.
        marks: kept as keyed hashes.
        fixed: rows never change, so that what was written before there were keys stays as it is.
    """

    key: tuple[str, ...]
    columns: tuple[str, ...]
    marks: tuple[str, ...] = ()
    fixed: bool = False

    def row_id(self, row: Mapping[str, Any]) -> str:
        """The row's name, which the seal is bound to."""
        return "|".join([str(row[name]) for name in self.key])


SEALED: dict[str, Sealed] = {
    "change_sets": Sealed(
        ("id",),
        ("arguments", "summary", "reasons", "outcome", "approved_by"),
        ("idempotency_key", "request_hash", "plan_hash"),
    ),
    "change_ops": Sealed(
        ("change_id", "seq"), ("parent", "label", "body", "before", "after", "inverse", "error", "notes", "undo_reason")
    ),
    "jobs": Sealed(
        ("id",),
        ("caller", "arguments", "progress", "result", "error", "question"),
        ("idempotency_key", "request_hash"),
    ),
    # An event's number is given by the database as it is written, so its time stands for it.
    "job_events": Sealed(("job_id", "kind", "at"), ("data",)),
    "kept_results": Sealed(("id",), ("body",)),
    "job_steps": Sealed(("job_id", "name"), ("value",)),
    "llm_calls": Sealed(("id",), ("answer",)),
    "run_events": Sealed(("run", "seq"), ("payload",)),
    "round_table_rounds": Sealed(("id",), ("brief", "decision")),
    "round_table_entries": Sealed(("round", "number"), ("body",)),
    "round_table_scores": Sealed(("round", "seat"), ("body",)),
    "audit": Sealed(("seq",), ("detail",), fixed=True),
    "users": Sealed(("id",), ("login", "name", "totp")),
    "sessions": Sealed(("id",), ("agent", "address")),
    "ws_tickets": Sealed(("id",), ("holder",)),
    "signing_keys": Sealed(("id",), ("private",)),
}
