"""Looking back: change sets as the journal has them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..context import Principal
from ..db.database import Database
from ..errors import Code, Refused
from ..guard.trust import UNTRUSTED
from ..paging import cursor_of, position
from .model import JournalOp, LeftAlone
from .stage import Unit
from .view import (
    ROWS,
    ChangeView,
    Outline,
    Tally,
    can_undo,
    of_outcomes,
    of_page,
    of_plan,
    of_planned,
    of_work,
    taken_back,
    tally_of,
)

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from .report import Filter

AT_ONCE = 100
"""Operations in a set that is sent within its call; a bigger one is a job's, and is never read whole to be shown."""
PLANNED = frozenset({"proposed", "stale", "declined", "expired"})


class Journal:
    """Reads the journal; ``store`` is loaded at first use, since it loads the database's tables."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.named: Callable[[str], Awaitable[str]] = _as_it_is
        """Puts a person's name in the place of the id that the journal has; whoever knows people sets it."""

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
        return await self._or_refused(view)

    async def told(self, row: Mapping[str, Any], ops: Sequence[JournalOp], left: list[LeftAlone]) -> ChangeView:
        """As ``recorded``, of a set that was written just now, as its row and ops say.

        Raises:
            Refused: as ``recorded`` does.
        """
        return await self._or_refused(_whole(row, ops, 1, left))

    async def _or_refused(self, view: ChangeView) -> ChangeView:
        if view.state in {"failed", "unknown"}:
            raise await self._refusal(view)
        return view

    async def view(self, change: str, page: int = 1, *, left: list[LeftAlone] | None = None) -> ChangeView:
        """The change as it is now, 20 rows a page; a page of 10,000 rows costs what one of 20 does.

        Raises:
            Refused: NOT_FOUND.
        """
        view = await self._view(change, page, left)
        if view.approved_by:
            view.approved_by = await self.named(view.approved_by)
        return view

    async def _view(self, change: str, page: int, left: list[LeftAlone] | None) -> ChangeView:
        from . import operations, pages, store

        async with self.db.read() as conn:
            row = await store.read_set(conn, change)
            if row is None:
                raise Refused(Code.NOT_FOUND, f"There is no change {change[:40]}.")
            left = _left(row) if left is None else left
            stored = row["summary"].get("plan")
            plan = Outline.model_validate(stored) if stored else None
            if plan is not None and row["state"] in PLANNED:
                shown = await pages.in_order(conn, change, (page - 1) * ROWS, ROWS)
                ops = [item.op for item in shown]
                return _finished(
                    row, of_planned(plan, ops, left, row["state"], change, row["reasons"] or [], page=page)
                )
            if plan is None or plan.number <= AT_ONCE:
                return _whole(row, await operations.read_ops(conn, change), page, left)
            return await self._big(conn, row, plan, page, left)

    async def _big(
        self, conn: AsyncConnection, row: Mapping[str, Any], plan: Outline, page: int, left: list[LeftAlone]
    ) -> ChangeView:
        """The view of a set too big to be read whole."""
        from . import pages

        change: str = row["id"]
        by_state = await pages.counts(conn, change)
        ops = await pages.outcomes(conn, change, by_state, page, ROWS)
        if row["state"] == "applying":
            job = await pages.job_of(conn, change)
            return _finished(row, of_work(by_state, ops, change, job[0] if job else None, page=page))
        outcome: dict[str, list[Any]] = row["outcome"] or {}
        tallies = [Tally(*one) for one in outcome.get("tallies", [])] or await pages.tallies(conn, change)
        view = of_page(tallies, ops, row["state"], change, left, page=page)
        view.warnings = plan.warnings
        view.effects = plan.effects if any(tally.took for tally in tallies) else None
        return _finished(row, view, undo=can_undo(tallies))

    async def _refusal(self, view: ChangeView) -> Refused:
        """Why nothing was done, or that it is not known, with the whole view."""
        from . import pages

        details = {"change": view.model_dump(exclude_none=True)}
        if view.state == "unknown":
            return Refused(
                Code.OUTCOME_UNKNOWN,
                "The shop did not answer in time: this may or may not have been done.",
                f"It is being looked up; changes_show(change={view.change!r}) will tell. Do not send it again.",
                details=details,
            )
        note = next((row.note for row in view.changes or [] if row.note), None) or "The shop did not do it."
        async with self.db.read() as conn:
            ops = await pages.in_order(conn, str(view.change), 0, AT_ONCE)
        errors = [item.outcome.error for item in ops if item.outcome.error]
        first = errors[0] if errors else {}
        code = first.get("code", "")
        known = Code(code) if code in set(Code) else Code.UPSTREAM_REFUSED
        return Refused(known, note, retry_after=first.get("retry_after"), details=details)

    async def show(self, principal: Principal, change: str, page: int = 1) -> ChangeView:
        """The change as it is now, 20 rows a page.

        Raises:
            Refused: NOT_FOUND, also for another principal's change.
        """
        await self.row_of(change, principal)
        return await self.view(change, page)

    def narrowed(self, principal: Principal, report: str | Filter) -> Filter:
        """The report's filter, of the principal's own changes where they may not see all.

        Raises:
            Refused: INVALID_ARGUMENTS for an id that is none; FORBIDDEN for the changes of another.
        """
        from .report import filter_of

        wanted = filter_of(report) if isinstance(report, str) else report
        if _sees_all(principal):
            return wanted
        if wanted.actor not in ("", principal.id):
            raise Refused(Code.FORBIDDEN, "You may see your own changes only.", "Leave actor out.")
        return replace(wanted, actor=principal.id)

    async def in_order(self, changes: Sequence[str]) -> list[str]:
        """The changes by when they were done, each once.

        Raises:
            Refused: NOT_FOUND.
        """
        rows = [await self.row_of(change, None) for change in dict.fromkeys(changes)]
        return [row["id"] for row in sorted(rows, key=lambda row: row["finished_at"] or row["created_at"])]

    async def to_take_back(self, principal: Principal, report: str) -> list[str]:
        """The changes that a report's id stands for, as far as the principal may see them, the first done first.

        Raises:
            Refused: INVALID_ARGUMENTS for an id that is none; TOO_LARGE; NOT_FOUND when it has none.
        """
        from .report import to_take_back

        found = await to_take_back(self.db, self.narrowed(principal, report))
        if not found:
            raise Refused(Code.NOT_FOUND, "No change is of this report.", "changes_report shows what it has.")
        return found

    async def recent(self, principal: Principal, *, limit: int, state: str | None = None) -> list[dict[str, Any]]:
        """The newest change sets: id, state, tool, principal, created_at (µs), undoes."""
        found, _ = await self.page(principal, limit=limit, state=state)
        return found

    async def page(
        self, principal: Principal, *, limit: int, state: str | None = None, cursor: str | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """As ``recent``, from a cursor on; with the cursor of the next page, None on the last.

        Raises:
            Refused: INVALID_ARGUMENTS for a cursor that is none of ours.
        """
        from . import store

        before = position(cursor, str, ("chg_", "job_")) if cursor else None
        whose = None if _sees_all(principal) else principal.id
        async with self.db.read() as conn:
            rows = await store.list_sets(conn, whose, limit + 1, state, before)
        last = rows[limit - 1] if len(rows) > limit else None
        return rows[:limit], cursor_of(last["created_at"], last["id"]) if last else None


async def _as_it_is(text: str) -> str:
    return text


def _left(row: Mapping[str, Any]) -> list[LeftAlone]:
    return [LeftAlone(*entry) for entry in row["summary"].get("left", [])]


def _whole(row: Mapping[str, Any], ops: Sequence[JournalOp], page: int, left: list[LeftAlone]) -> ChangeView:
    """The view of a set that is read whole."""
    change, state = row["id"], row["state"]
    if state in PLANNED:
        unit = Unit()
        unit.ops = [item.op for item in ops][(page - 1) * ROWS :]
        unit.left = left
        return _finished(row, of_plan(unit, state, change, row["reasons"] or []))
    return _finished(row, of_outcomes(ops, state, change, left, page=page), undo=can_undo(tally_of(ops)))


def _finished(row: Mapping[str, Any], view: ChangeView, *, undo: bool = False) -> ChangeView:
    """The view with what the set's row alone tells."""
    view.approved_by = row["approved_by"]
    view.undoes = row["undoes"] or taken_back(row["summary"].get("undoes", ()))
    plan: dict[str, Any] = row["summary"].get("plan") or {}
    if plan.get("untrusted"):
        view.trust = UNTRUSTED
    view.warnings = plan.get("warnings") or view.warnings  # what was left out is left out still
    if view.state in {"applied", "partial"} and undo:
        view.next = f"changes_undo(change={view.change!r}) takes it back."
    return view


def _sees_all(principal: Principal) -> bool:
    return principal.kind in {"os", "local"} or principal.may("audit:read")


def _may_see(principal: Principal, row: Mapping[str, Any]) -> bool:
    return row["principal"] == principal.id or _sees_all(principal)
