"""Calls of models as the System that paid operations go to (``devskyy_mcp.jobs.ledger``).

The request itself is never in the journal: it waits in memory, under the call's id, for the ledger to send it. So a
call whose process died can't be sent again by anybody, and whether its run still goes on tells that it is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..changes.model import JournalOp, Op, Outcome
from ..changes.one_way import OneWay
from ..context import Services
from ..db.database import Database
from ..errors import Code
from .names import SYSTEM

if TYPE_CHECKING:
    from .flight import Flight

NO_WAY_BACK = "a call of a model can't be taken back"
LOST = "The server stopped while the answer was under way. It is booked at the most that it can have cost."


class ModelCalls(OneWay):
    """The System of all providers. ``flights`` are the calls under way in this process, by their ids."""

    name = SYSTEM
    no_way_back = NO_WAY_BACK
    quiet_after = 0.0
    proves_absence = True
    """``look`` itself knows: a call belongs to a run of a job, and ends with it."""

    def __init__(self, services: Services, flights: dict[str, Flight]) -> None:
        self._services = services
        self._flights = flights

    async def send(self, change: str, ops: Sequence[Op]) -> list[Outcome]:
        flight = self._flights.get(change)
        if flight is None:
            gone = {"code": str(Code.CANCELLED), "message": "Nobody waits for this answer any more; it was not sent."}
            return [Outcome("failed", error=gone) for _ in ops]
        return [await flight.send()]

    async def look(self, ops: Sequence[JournalOp]) -> list[Outcome]:
        return [await self._look(item.change) for item in ops]

    async def _look(self, change: str) -> Outcome:
        from . import calls

        async with self._services.get(Database).begin() as conn:
            row = await calls.read(conn, change)
            if row is not None and row["state"] == calls.OPEN:
                if await calls.is_under_way(conn, row):
                    return Outcome("unknown")
                lost = {"state": "lost", "booked": _booked(row), "cost": _cost(row), "answer": row["answer"]}
                await calls.finish(conn, change, lost)
                row = {**row, **lost}
        if row is None:
            return Outcome("not_sent", error={"code": "not_sent", "message": "It was never written down as sent."})
        return _told(row)


def _booked(row: dict[str, Any]) -> str:
    return "assumed" if _assumed(row) else "worst_case"


def _cost(row: dict[str, Any]) -> int | None:
    return None if _assumed(row) else row["estimate"]


def _assumed(row: dict[str, Any]) -> bool:
    return row["answer"]["choice"]["estimate_usd"] is None


def _told(row: dict[str, Any]) -> Outcome:
    """What the kept row says, as the process that sent it would have said it."""
    if row["state"] == "done":
        return Outcome("done", object_id=row["answer"]["turn"]["request_id"] or row["id"], cost=row["cost"])
    if row["state"] == "lost":
        error = {"code": str(Code.OUTCOME_UNKNOWN), "message": LOST}
        return Outcome("not_taken", error=error, cost=row["cost"], notes=[LOST])
    error = {"code": str(Code.UPSTREAM_REFUSED), "message": row["answer"]["error"]["message"]}
    if row["booked"] == "nothing":
        return Outcome("failed", error=error)
    return Outcome("not_taken", error=error, cost=row["cost"])
