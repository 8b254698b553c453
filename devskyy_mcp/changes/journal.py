"""Looking back: change sets as the journal has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..context import Principal
from ..db.database import Database
from ..errors import Code, Refused
from .model import JournalOp, LeftAlone
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
        row, ops = await self._read(change)
        view = _view(row, ops, left=left)
        if repeated:
            view.repeated = True
        if view.state in {"failed", "unknown"}:
            raise _refusal(view, ops)
        return view

    async def _read(self, change: str) -> tuple[dict[str, Any], list[JournalOp]]:
        from . import store

        async with self.db.read() as conn:
            row = await store.read_set(conn, change)
            ops = await store.read_ops(conn, change)
        if row is None:
            raise Refused(Code.NOT_FOUND, f"There is no change {change[:40]}.")
        return row, ops

    async def view(self, change: str, page: int = 1) -> ChangeView:
        """The change as it is now, 20 rows a page."""
        return _view(*await self._read(change), page=page)

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


def _view(
    row: Mapping[str, Any], ops: Sequence[JournalOp], page: int = 1, left: list[LeftAlone] | None = None
) -> ChangeView:
    change, state = row["id"], row["state"]
    if left is None:
        left = [LeftAlone(*entry) for entry in row["summary"].get("left", [])]
    if state in {"proposed", "stale", "declined", "expired"}:
        unit = Unit()
        unit.ops = [item.op for item in ops][(page - 1) * ROWS :]
        unit.left, unit.title = left, row["summary"].get("title", "")
        view = of_plan(unit, state, change, row["reasons"] or [])
    else:
        view = of_outcomes(ops, state, change, left, page=page)
    view.approved_by, view.undoes = row["approved_by"], row["undoes"]
    can_undo = any(item.state in {"done", "not_taken"} and not item.outcome.undo for item in ops)
    if state in {"applied", "partial"} and can_undo:
        view.next = f"changes_undo(change={change!r}) takes it back."
    return view


def _refusal(view: ChangeView, ops: Sequence[JournalOp]) -> Refused:
    """Why nothing was done, or that it is not known, with the whole view."""
    details = {"change": view.model_dump(exclude_none=True)}
    if view.state == "unknown":
        return Refused(
            Code.OUTCOME_UNKNOWN,
            "The shop did not answer in time: this may or may not have been done.",
            f"It is being looked up; changes_show(change={view.change!r}) will tell. Do not send it again.",
            details=details,
        )
    note = next((row.note for row in view.changes or [] if row.note), None) or "The shop did not do it."
    errors = [item.outcome.error for item in ops if item.outcome.error]
    first = errors[0] if errors else {}
    code = first.get("code", "")
    known = Code(code) if code in set(Code) else Code.UPSTREAM_REFUSED
    return Refused(known, note, retry_after=first.get("retry_after"), details=details)


def _sees_all(principal: Principal) -> bool:
    return principal.kind in {"os", "local"} or principal.may("audit:read")


def _may_see(principal: Principal, row: Mapping[str, Any]) -> bool:
    return row["principal"] == principal.id or _sees_all(principal)
