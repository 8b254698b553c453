"""Plans that wait: stored to be looked at or agreed to, shown with where a person can, declined, made anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..capability import Capability
from ..context import Context, Services
from ..db.database import Database
from ..errors import Code, Refused
from ..guard.audit import AuditLog
from .asking import AskPerson, Person, question_text
from .journal import Journal
from .rows import Record, asks_of, caller_of, new_row
from .stage import Unit
from .staging import Staging
from .view import ChangeView, of_plan


class Proposals:
    """``page`` gives the address of a change's approval page, or "" where no server has one."""

    def __init__(self, services: Services, journal: Journal, staging: Staging, page: Callable[[str], str]) -> None:
        self._services = services
        self._journal = journal
        self._staging = staging
        self._page = page

    @property
    def _db(self) -> Database:
        return self._services.get(Database)

    async def propose(
        self,
        ctx: Context,
        capability: Capability,
        arguments: Mapping[str, Any],
        digest: str,
        unit: Unit,
        asks: list[str],
        *,
        preview: bool,
    ) -> ChangeView:
        """Store a plan, to be looked at or agreed to; one that waits for its answer already is not stored again."""
        from . import operations, store

        row = new_row(ctx, capability, arguments, digest, unit, asks)
        if preview:  # the key is for the call that does it
            row["idempotency_key"] = None
        async with self._db.begin() as conn:
            if not preview:
                repeated = await store.find_repeat(conn, ctx.principal.id, digest)
                if repeated:
                    return await self._journal.recorded(repeated)
                waiting = await store.find_waiting(conn, row)
                if waiting:
                    return self.wait(ctx, unit, waiting, asks)
            await store.insert_set(conn, row)
            await operations.insert_ops(conn, row["id"], unit.ops, set())
        if preview:
            view = of_plan(unit, "proposed", row["id"], asks)
            view.next = f"changes_apply(change={row['id']!r}) does this" + (" once a person agrees." if asks else ".")
            return view
        return self.wait(ctx, unit, row["id"], asks)

    def wait(self, ctx: Context, unit: Unit, change: str, asks: list[str]) -> ChangeView:
        """The stored plan as what waits for a person, or the question where the surface can ask."""
        return self.waits(ctx, of_plan(unit, "waits_for_person", change, asks), change)

    def waits(self, ctx: Context, view: ChangeView, change: str) -> ChangeView:
        """The same for a view that is here already."""
        view.state = "waits_for_person"
        if ctx.can_ask:
            raise AskPerson(view, question_text(view))
        return self._pointing(view, change)

    def _pointing(self, view: ChangeView, change: str) -> ChangeView:
        """The view with where a person can agree."""
        view.state = "waits_for_person"
        view.approve = {"command": f"devskyy approve {change}"}
        page = self._page(change)
        if page:
            view.approve = {"page": page, **view.approve}
        view.next = "Nothing was sent. A person can agree there; afterwards changes_show tells the outcome."
        return view

    def not_yet(self, view: ChangeView) -> Refused:
        """The refusal that a privileged call is while it waits for a person."""
        approve = self._pointing(view, str(view.change)).approve or {}
        page = f"on {approve['page']} or " if "page" in approve else ""
        return Refused(
            Code.WAITS_FOR_PERSON,
            "Text from customers or the web was read shortly before, and may be what asks for this. Nothing was done.",
            f"A person can agree {page}with `{approve['command']}`; changes_show(change={view.change!r}) tells the "
            "outcome afterwards.",
            details={"change": view.model_dump(mode="json", exclude_none=True)},
        )

    async def decline(self, row: Mapping[str, Any], person: Person, record: Record) -> ChangeView:
        """A person said no. Raises DECLINED, unless somebody else was quicker: then what became of it."""
        from . import store

        async with self._db.begin() as conn:
            moved = await store.move_set(
                conn, row["id"], ["proposed"], "declined", decided_at=store.now(), approved_by=None
            )
            if moved:
                told = record(row, "decision", "declined", {"by": str(person)})
                await self._services.get(AuditLog).append(conn, told)
        if not moved:
            return await self._journal.recorded(row["id"])
        raise Refused(Code.DECLINED, "A person declined this change; nothing was sent.", details={"change": row["id"]})

    async def replace(
        self, ctx: Context, capability: Capability, row: dict[str, Any], unit: Unit, *, asked: bool
    ) -> ChangeView:
        """Store the plan as it would be now and refuse, or ask again with it."""
        from . import operations, store

        asks = await self._staging.reasons(unit, capability, caller_of(row), ctx.principal)
        fresh = new_row(
            Context(caller_of(row), self._services, surface=ctx.surface, asks=asks_of(row)),
            capability,
            row["arguments"],
            row["request_hash"],
            unit,
            asks,
        )
        async with self._db.begin() as conn:
            moved = await store.move_set(conn, row["id"], ["proposed"], "stale", outcome={"replaced_by": fresh["id"]})
            if moved and unit.ops:
                await store.insert_set(conn, fresh)
                await operations.insert_ops(conn, fresh["id"], unit.ops, set())
        if not moved:  # another process has applied it: that is what changed
            return await self._journal.recorded(row["id"])
        if not unit.ops:
            return of_plan(unit, "nothing_to_change", None, [])
        view = of_plan(unit, "stale", fresh["id"], asks)
        view.next = (
            f"The objects changed since the preview; this is the plan now. changes_apply({fresh['id']!r}) does it."
        )
        if asked and ctx.can_ask:
            view.state = "waits_for_person"
            raise AskPerson(view, "The objects changed meanwhile. " + question_text(view))
        raise Refused(
            Code.STALE,
            "The objects changed since this was proposed; nothing was sent.",
            view.next,
            details={"change": view.model_dump(exclude_none=True)},
        )
