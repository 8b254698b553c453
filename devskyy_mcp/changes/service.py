"""The road of every write: stage, show or ask or go on, commit. Previews, approvals and undo come in here too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import anyio

from ..auth.still import still
from ..capability import Capability, Registry, authorize, validate
from ..context import Context, Principal, Services
from ..db.database import Database
from ..db.wake import Wake
from ..errors import Code, Refused
from ..guard.audit import AuditLog, AuditRecord, Phase
from ..guard.brake import Brake
from ..guard.logs import within_call
from .asking import JobStarter, Person, request_hash
from .decide import ConfirmRule
from .journal import AT_ONCE, Journal
from .model import Systems
from .news import News
from .proposals import Proposals
from .rows import asks_of, caller_of, new_row, number_of
from .stage import Unit
from .staging import Staging
from .view import ChangeView, of_plan

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from .bulk import Tools
    from .commit import Committer

STAGINGS = 3
"""How often a plan is staged anew when others keep writing the same objects."""


class Changes:
    """Everything that can be done with a change set.

    Args:
        services: for the contexts of stagings.
        registry: finds the tool of a stored proposal.
        rule: which writes ask a person (``risky`` or ``always``), read at each decision.
        page: gives the address of a change's approval page, or "" where no server has one.
        jobs: starts the jobs that carry out big sets.
    """

    def __init__(
        self,
        services: Services,
        registry: Registry,
        rule: Callable[[], ConfirmRule],
        page: Callable[[str], str],
        jobs: JobStarter,
    ) -> None:
        self.services = services
        self.registry = registry
        self.jobs = jobs
        self.journal = Journal(services.get(Database))
        self._staging = Staging(services, rule)
        self._proposals = Proposals(services, self.journal, self._staging, page)
        self.on_written: list[Callable[[str], None]] = []
        self.on_decided: list[Callable[[str], Awaitable[None]]] = []
        self._active: set[str] = set()

    @property
    def _db(self) -> Database:
        return self.services.get(Database)

    @property
    def brake(self) -> Brake:
        return self.services.get(Brake)

    @cached_property
    def committer(self) -> Committer:
        """Made at first use: it loads the database's tables."""
        from .commit import Committer

        audit, systems = self.services.get(AuditLog), self.services.get(Systems)
        return Committer(self._db, audit, systems.get, self.services.get(Wake), self._active, self.brake)

    @cached_property
    def news(self) -> News:
        """What other processes on the database have finished; told to ``on_written`` too once it is ``wanted``."""
        return News(self._db, self.services.get(Wake), self._tell, self._active)

    # ---- a write tool's call -------------------------------------------------------------------------------------

    async def run(self, ctx: Context, capability: Capability, arguments: Mapping[str, Any]) -> ChangeView:
        """Carry out one call of a write tool, or show it, or ask.

        Raises:
            Refused: the handler's own; CONFLICT, STALE, WRITES_STOPPED; and when nothing or not all could be
                established after sending, with the whole view in ``details.change``.
            AskPerson: when a person must agree and the surface can ask.
        """
        model = validate(capability, arguments)
        preview: bool = getattr(model, "preview", False)
        digest = request_hash(ctx.principal.id, capability.name, arguments)
        if ctx.key and not preview:
            known = await self._known_key(ctx, digest)
            if known:
                return known
        stopped = await self.brake.state()
        if stopped is not None and not preview:
            raise await self.brake.refusal(stopped)
        for attempt in range(STAGINGS):
            try:
                draft_at, unit = await self._staging.stage(ctx, capability, model)
            except Refused:
                # A host's retry: the object is there already, or gone already, by what the first call did.
                repeated = await self._repeat_of(ctx.principal, digest)
                if repeated is None:
                    raise
                return await self.journal.recorded(repeated)
            if not unit.ops:
                return of_plan(unit, "nothing_to_change", None, [])
            asks = await self._staging.reasons(unit, capability, ctx.principal)
            if stopped is not None:
                unit.warnings.insert(0, (await self.brake.refusal(stopped)).message)
            if preview or asks:
                return await self._proposals.propose(ctx, capability, arguments, digest, unit, asks, preview=preview)
            view = await self._commit(ctx, new_row(ctx, capability, arguments, digest, unit, asks), unit, draft_at)
            if view is not None:
                return view
            await anyio.sleep(0.05 * attempt)
        raise Refused(
            Code.CONFLICT,
            "Other changes keep writing these objects.",
            "Try again in a moment.",
            retryable=True,
            retry_after=2,
        )

    async def _known_key(self, ctx: Context, digest: str) -> ChangeView | None:
        from . import store

        async with self._db.read() as conn:
            row = await store.find_key(conn, ctx.principal.id, ctx.key or "")
        if row is None:
            return None
        if row["request_hash"] != self._db.vault.mark(digest):
            raise Refused(
                Code.INVALID_ARGUMENTS,
                "This idempotency key was used for another call.",
                "Use a new key for a new call, the old one only to repeat the very same call.",
            )
        return await self.journal.recorded(row["id"])

    async def _repeat_of(self, principal: Principal, digest: str) -> str | None:
        from . import store

        async with self._db.read() as conn:
            return await store.find_repeat(conn, principal.id, digest, (*store.MAKES, "delete"))

    # ---- a privileged call ---------------------------------------------------------------------------------------

    async def ask_first(self, ctx: Context, capability: Capability, arguments: Mapping[str, Any]) -> ChangeView:
        """Store the call of a tool that stages nothing, for a person to agree to; or what became of it, by its key.

        Raises:
            Refused: INVALID_ARGUMENTS.
            AskPerson: when the surface can ask.
        """
        model = validate(capability, arguments)
        digest = request_hash(ctx.principal.id, capability.name, arguments)
        known = await self._known_key(ctx, digest) if ctx.key else None
        if known:
            return known
        _, unit = await self._staging.stage(ctx, capability, model)
        asks = await self._staging.reasons(unit, capability, ctx.principal)
        return await self._proposals.propose(ctx, capability, arguments, digest, unit, asks, preview=False)

    async def given(self, capability: Capability, view: ChangeView) -> dict[str, Any]:
        """What the call has answered that this change was.

        Raises:
            Refused: WAITS_FOR_PERSON, with the whole view in ``details.change``; CONFLICT when it has not ended well.
        """
        from . import operations, store

        change = str(view.change)
        if view.state in {"proposed", "waits_for_person"}:
            raise self._proposals.not_yet(view)
        async with self._db.read() as conn:
            row, ops = await store.read_set(conn, change), await operations.read_ops(conn, change)
        if view.state != "applied" or row is None or row["tool"] != capability.name or len(ops) != 1:
            raise Refused(Code.CONFLICT, f"{change} is {view.state}.", f"changes_show(change={change!r}) tells more.")
        return ops[0].outcome.after

    # ---- deciding and applying -----------------------------------------------------------------------------------

    async def apply(self, ctx: Context, change: str) -> ChangeView:
        """Apply a proposal in the name of the principal that made it; asks a person when the plan needs one.

        Raises:
            Refused: NOT_FOUND, STALE (with the new proposal), CONFLICT, and those of ``run``.
            AskPerson: when a person must agree and the surface can ask.
        """
        row = await self.journal.row_of(change, ctx.principal)
        if row["state"] != "proposed":
            return await self.journal.recorded(change)
        return await self._apply(ctx, row, None)

    async def decided(
        self, ctx: Context, change: str, person: Person, *, agreed: bool, digest: str | None = None
    ) -> ChangeView:
        """A person has answered. ``digest`` binds the answer to the call it was asked for.

        Raises:
            Refused: DECLINED when the answer is no; otherwise as ``apply``.
        """
        row = await self.journal.row_of(change, None)
        if digest is not None and row["principal"] != ctx.principal.id:
            raise Refused(Code.NOT_FOUND, f"There is no change {change}.")
        if row["state"] != "proposed":
            return await self.journal.recorded(change)
        try:
            if not agreed:
                return await self._proposals.decline(row, person, self._record)
            with within_call(ctx.principal.id):
                return await self._apply(ctx, row, person)
        finally:
            for listener in self.on_decided:
                await listener(change)

    async def _apply(self, ctx: Context, row: dict[str, Any], person: Person | None) -> ChangeView:
        from . import store

        if row["expires_at"] < store.now():
            async with self._db.begin() as conn:
                await store.move_set(conn, row["id"], ["proposed"], "expired")
            raise Refused(Code.STALE, f"The proposal {row['id']} has expired.", "Make it again with preview.")
        await self.brake.check()
        caller = await still(self.services, caller_of(row))
        capability = self.registry.tool(row["tool"])
        authorize(caller, capability)
        own = Context(caller, self.services, capability.name, ctx.surface, None, ctx.sink, ctx.can_ask)
        own.agreed, own.asks = person is not None, asks_of(row)
        if number_of(row) > AT_ONCE:
            return await self._start(own, capability, row, person)
        for _ in range(STAGINGS):
            try:
                model = validate(capability, row["arguments"])
                staged_at, unit = await self._staging.stage(own, capability, model, soon=True)
            except Refused:
                # Another process may have applied it just now, so that what it makes is there already.
                if (await self.journal.row_of(row["id"], None))["state"] != "proposed":
                    return await self.journal.recorded(row["id"])
                raise
            if self._db.vault.mark(unit.hash()) != row["plan_hash"]:
                return await self._proposals.replace(ctx, capability, row, unit, asked=person is not None)
            asks = await self._staging.reasons(unit, capability, caller, ctx.principal)
            if asks and person is None:
                return self._proposals.wait(ctx, unit, row["id"], asks)
            approved = {**row, "decided_at": store.now(), "approved_by": str(person) if person else None}
            view = await self._commit(own, approved, unit, staged_at, proposal=True)
            if view is not None:
                return view
        raise Refused(
            Code.CONFLICT, "Other changes keep writing these objects.", "Try again.", retryable=True, retry_after=2
        )

    # ---- committing ----------------------------------------------------------------------------------------------

    async def _commit(
        self, ctx: Context, row: dict[str, Any], unit: Unit, staged_at: int, *, proposal: bool = False
    ) -> ChangeView | None:
        """Commit; None when the plan must be staged again."""
        from .commit import Draft, Overtaken

        creates = any(op.kind in {"create", "act"} for op in unit.ops)
        draft = Draft(ctx, row, unit, staged_at, proposal=proposal, repeatable=creates and not proposal)

        def record(*, phase: Phase, code: str, detail: dict[str, Any]) -> AuditRecord:
            if row["approved_by"] and phase == "intent":
                detail = {**detail, "approved_by": row["approved_by"]}
            return self._record(row, phase, code, detail)

        try:
            repeated = await self.committer.commit(draft, record)
        except Overtaken:
            return None
        self.written(draft.change)
        if draft.state:
            return await self.journal.told({**row, "state": draft.state}, draft.told(), unit.left)
        return await self.journal.recorded(repeated or draft.change, repeated=bool(repeated), left=unit.left)

    def _record(self, row: Mapping[str, Any], phase: Phase, code: str, detail: dict[str, Any]) -> AuditRecord:
        return AuditRecord(
            principal=row["principal"],
            surface=row["surface"],
            capability=row["tool"],
            effect=self.registry.tool(row["tool"]).policy.effect,
            change_id=row["id"],
            phase=phase,
            code=code,
            arguments_sha256=row["request_hash"],
            detail=detail,
        )

    def written(self, change: str) -> None:
        """Tell those who listen that a change has been carried out, or found out about."""
        self.news.known(change)
        self._tell(change)

    def _tell(self, change: str) -> None:
        for listener in list(self.on_written):
            listener(change)

    # ---- big sets, which jobs carry out --------------------------------------------------------------------------

    async def _start(
        self, ctx: Context, capability: Capability, row: dict[str, Any], person: Person | None
    ) -> ChangeView:
        """Hand a big proposal to a job. Its stored plan counts: whether objects changed is seen chunk by chunk."""
        from .bulk import start

        if row["reasons"] and person is None:
            view = await self.journal.view(row["id"])
            return self._proposals.waits(ctx, view, row["id"])
        approved = {**row, "decided_at": None, "approved_by": str(person) if person else None}
        job = await start(self._tools, self.jobs, ctx, capability, approved, self._record)
        if job is not None:
            await self.jobs.announce(job)
        return await self.journal.recorded(row["id"], repeated=job is None)

    async def carry_out(
        self, ctx: Context, change: str, alive: Callable[[AsyncConnection], Awaitable[None]]
    ) -> ChangeView:
        """Carry out a big set that was handed to a job; started again it goes on where it was.

        Args:
            ctx: the job's context; its sink gets the progress.
            change: the set's id.
            alive: called in each write transaction; raises when this run of the job was superseded.

        Raises:
            Refused: when the database can't be written for long; and what ``alive`` raises.
        """
        from .bulk import carry_out

        row = await self.journal.row_of(change, None)
        self._active.add(change)
        try:
            await carry_out(self._tools, ctx, row, alive, self._record)
        finally:
            self._active.discard(change)
        self.written(change)
        return await self.journal.view(change)

    @property
    def _tools(self) -> Tools:
        from .bulk import Tools

        audit, systems = self.services.get(AuditLog), self.services.get(Systems)
        return Tools(self._db, audit, systems.get, self.services.get(Wake), self.brake)

    # ---- taking back ---------------------------------------------------------------------------------------------

    async def stage_undo(self, ctx: Context, changes: Sequence[str]) -> None:
        """Stage the inverses of one or more change sets into ``ctx.unit``, as one plan: the newest first, so that an
        object comes back as it was before the first of them. Of several, those that were taken back already and their
        undos stay as they are.

        Args:
            ctx: the call's.
            changes: the sets, the first that was done first.

        Raises:
            Refused: NOT_FOUND; CONFLICT when one is not settled or nothing of it was done; TOO_LARGE.
        """
        from . import report

        assert ctx.unit is not None
        for change in changes:
            row = await self.journal.row_of(change, ctx.principal)
            if row["state"] not in {"applied", "partial"}:
                raise Refused(Code.CONFLICT, f"{change} is {row['state']}; only what was applied can be undone.")
        async with self._db.read() as conn:
            if len(changes) > 1:
                changes = await report.still_standing(conn, changes)
            ops = await report.ops_of(conn, changes)
        ctx.unit.undoes = list(changes)
        systems = self.services.get(Systems)
        for name in dict.fromkeys(item.op.system for item in ops):
            await systems.get(name).stage_undo(ctx, [item for item in ops if item.op.system == name])
        ctx.unit.drop_empty()
