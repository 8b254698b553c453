"""Looking back: change sets as the journal has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..context import Principal
from ..db.database import Database
from ..errors import Code, Refused
from .model import LeftAlone
from .stage import Unit
from .view import ROWS, ChangeView, of_outcomes, of_plan


class Journal:
    """Reads the journal; ``store`` is loaded at first use, since it loads the database's tables."""

    def __init__(self, db: Database) -> None:
        self.db = db

    async def row_of(self, change: str, principal: Principal | None) -> dict[str, Any]:
        from . import store

        async with self.db.read() as conn:
            row = await store.read_set(conn, change)
        if row is None or (principal is not None and not _may_see(principal, row)):
            raise Refused(Code.NOT_FOUND, f"There is no change {change[:40]}.", "changes_list lists the latest ones.")
        return row

    async def recorded(self, change: str, *, repeated: bool = True, left: list[LeftAlone] | None = None) -> ChangeView:
        """The outcome as the journal has it.

        Raises:
            Refused: when the set failed or its outcome is unknown; the view is in ``details.change``.
        """
        view = await self.view(change, left=left)
        if repeated:
            view.repeated = True
        return settled_or_refused(view)

    async def view(self, change: str, page: int = 1, left: list[LeftAlone] | None = None) -> ChangeView:
        from . import store

        async with self.db.read() as conn:
            row = await store.read_set(conn, change)
            ops = await store.read_ops(conn, change)
        if row is None:
            raise Refused(Code.NOT_FOUND, f"There is no change {change[:40]}.")
        if left is None:
            left = [LeftAlone(*entry) for entry in row["summary"].get("left", [])]
        view = of_outcomes(ops, row["state"], change, left, page=page)
        if row["state"] in {"proposed", "stale", "declined", "expired"}:
            unit = Unit()
            unit.ops = [item.op for item in ops][(page - 1) * ROWS :]
            unit.left, unit.title = left, row["summary"].get("title", "")
            view = of_plan(unit, row["state"], change, row["reasons"] or [])
        view.approved_by, view.undoes = row["approved_by"], row["undoes"]
        can_undo = any(item.state in {"done", "not_taken"} and not item.outcome.undo for item in ops)
        if row["state"] in {"applied", "partial"} and can_undo:
            view.next = f"changes_undo(change={change!r}) takes it back."
        return view

    async def show(self, principal: Principal, change: str, page: int = 1) -> ChangeView:
        """The change as it is now, 20 rows a page.

        Raises:
            Refused: NOT_FOUND, also for another principal's change.
        """
        await self.row_of(change, principal)
        return await self.view(change, page)

    async def recent(self, principal: Principal, *, limit: int, state: str | None = None) -> list[dict[str, Any]]:
        """The newest change sets: id, state, tool, principal, created_at (µs), undoes."""
        from . import store

        async with self.db.read() as conn:
            return await store.list_sets(conn, None if _sees_all(principal) else principal.id, limit, state)


def settled_or_refused(view: ChangeView) -> ChangeView:
    """The view itself, or a refusal that carries it when nothing was done or when that is not known."""
    if view.state not in {"failed", "unknown"}:
        return view
    details = {"change": view.model_dump(exclude_none=True)}
    if view.state == "unknown":
        raise Refused(
            Code.OUTCOME_UNKNOWN,
            "The shop did not answer in time: this may or may not have been done.",
            f"It is being looked up; changes_show(change={view.change!r}) will tell. Do not send it again.",
            details=details,
        )
    first = (view.changes or [None])[0]
    note = first.note if first and first.note else "The shop did not do it."
    raise Refused(Code.UPSTREAM_REFUSED, note, details=details)


def _sees_all(principal: Principal) -> bool:
    return principal.kind in {"os", "local"} or principal.may("audit:read")


def _may_see(principal: Principal, row: Mapping[str, Any]) -> bool:
    return row["principal"] == principal.id or _sees_all(principal)
