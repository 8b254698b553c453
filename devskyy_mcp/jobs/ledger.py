"""Paid calls: each is a change set of one operation, so that intent, audit, settling and the journal are those of any
write. Its id is the job's id, a dot and the step's name, so a job that starts again finds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..changes import store as journal
from ..changes.model import Outcome
from ..changes.view import set_state
from ..errors import Code, Refused
from .model import Resolution

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def resolve(conn: AsyncConnection, row: Mapping[str, Any], action: Resolution, task: str | None) -> None:
    """Write what a person found out about the paid call that the job ``row`` waits for.

    Raises:
        Refused: CONFLICT when that call is not open any more.
    """
    question: dict[str, Any] = row["question"]
    change: str = question["call"]
    match action:
        case "attach":
            outcome = Outcome("done", object_id=task, notes=["A person found it at the provider."])
        case "resubmit":
            error = {"code": "not_sent", "message": "A person found that it never arrived."}
            outcome = Outcome("not_sent", error=error)
        case "abandon":
            error = {"code": str(Code.CANCELLED), "message": "A person gave this call up; it may have cost money."}
            outcome = Outcome("failed", error=error)
    ops = await journal.read_ops(conn, change)
    found = [(item.op, outcome) for item in ops]
    if await journal.write_outcomes(conn, change, found, only=["needs_review"]) != len(found):
        raise Refused(
            Code.CONFLICT, f"The paid call of {row['id']} is settled already.", "jobs_get shows how it stands."
        )
    state = set_state((item.op, outcome) for item in ops)
    await journal.move_set(conn, change, ["needs_review"], state, finished_at=journal.now())
