"""Starting jobs, looking at them, waiting for them, stopping them. What runs them is the worker, here or elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio

from ..capability import Capability, JobPolicy, validate
from ..changes.asking import request_hash
from ..context import Context, Principal, ProgressSink, Services
from ..db.database import Database
from ..errors import Code, Refused
from ..paging import cursor_of, position
from .model import ENDED, PARKED, JobView, Resolution
from .questions import needs_person, take
from .view import view_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from sqlalchemy.ext.asyncio import AsyncConnection

    from .events import Events

APPLY = JobPolicy(deadline=6 * 3600)
"""For what carries out a big change set."""
GOING_ON = ("queued", "running")
PAID_SHOWN = 20


class Jobs:
    """The jobs of this installation. Rows are the truth: whoever can reach the database sees the same."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._leavings: dict[str, tuple[str, Callable[[str], Awaitable[None]]]] = {}

    @property
    def _db(self) -> Database:
        return self.services.get(Database)

    @property
    def events(self) -> Events:
        from .events import Events

        return self.services.get(Events)

    def leaves(self, tool: str, key: str, drop: Callable[[str], Awaitable[None]]) -> None:
        """Say how to drop what jobs of this tool leave outside the database, before the last of them that names it is
        deleted. It may be dropped again after a crash.

        Args:
            tool: whose jobs.
            key: the field of their results that names it.
            drop: called with that name.
        """
        self._leavings[tool] = key, drop

    async def drop_leavings(self, row: Mapping[str, Any]) -> None:
        """Drop what only this job, which is to be deleted, has left behind."""
        from . import retention

        key, drop = self._leavings.get(row["tool"], ("", None))
        result: dict[str, Any] = row["result"] or {}
        name = result.get(key)
        if drop is None or not isinstance(name, str):
            return
        async with self._db.read() as conn:
            shared = await retention.is_shared(conn, row, key, name)
        if not shared:
            await drop(name)

    # ---- starting ------------------------------------------------------------------------------------------------

    async def submit(
        self,
        ctx: Context,
        capability: Capability,
        arguments: Mapping[str, Any],
        *,
        conn: AsyncConnection | None = None,
        change: str | None = None,
    ) -> JobView:
        """Store a job; from then on it survives.

        Args:
            ctx: whose call it is; its idempotency key counts.
            capability: the tool whose handler is the job, or that made the change set.
            arguments: as they came.
            conn: a write transaction to be part of; what is waiting is told by ``announce`` after its commit.
            change: the stored change set that the job carries out, instead of calling the handler.

        Raises:
            Refused: INVALID_ARGUMENTS, also for an idempotency key that was used for another call.
        """
        policy = capability.policy.job or APPLY
        given = validate(capability, arguments) if change is None else None

        def check() -> None:
            if given is not None and policy.check is not None:
                policy.check(ctx, given)

        row = _row(ctx, capability, arguments, policy, change)
        if conn is not None:
            check()
            await self._insert(conn, row)
            return view_of(row)
        repeated = None
        async with self._db.begin() as own:
            if ctx.key:
                repeated = await self._known_key(own, ctx, row)
            elif change is None:
                repeated = await self._repeat(own, row, finished=capability.policy.writes)
            if repeated is None:
                check()  # a repeat has its job, whatever has been taken away since
                await self._insert(own, row)
        if repeated is not None:
            return await self.get(ctx.principal, repeated)
        await self.announce(row["id"])
        return view_of(row)

    async def announce(self, job: str) -> None:
        """Tell workers and followers that the job has news."""
        await self.events.notify(job, work=True)

    async def _insert(self, conn: AsyncConnection, row: dict[str, Any]) -> None:
        from . import store

        await store.insert(conn, row)
        await self.events.append(conn, row["id"], "state", {"state": "queued"})

    async def _known_key(self, conn: AsyncConnection, ctx: Context, row: Mapping[str, Any]) -> str | None:
        from . import store

        found = await store.find_key(conn, ctx.principal.id, ctx.key or "")
        if found is not None and found["request_hash"] != self._db.vault.mark(row["request_hash"]):
            raise Refused(
                Code.INVALID_ARGUMENTS,
                "This idempotency key was used for another call.",
                "Use a new key for a new call, the old one only to repeat the very same call.",
            )
        return found["id"] if found else None

    async def _repeat(self, conn: AsyncConnection, row: Mapping[str, Any], *, finished: bool) -> str | None:
        from . import store

        return await store.find_repeat(conn, row["principal"], row["request_hash"], finished=finished)

    # ---- looking -------------------------------------------------------------------------------------------------

    async def get(self, principal: Principal, job: str) -> JobView:
        """The job as it is now.

        Raises:
            Refused: NOT_FOUND, also for another principal's job.
        """
        async with self._db.read() as conn:
            row = await self._row_of(conn, principal, job)
            return await _whole(conn, row)

    async def own(self, principal: Principal, job: str) -> tuple[JobView, int]:
        """The principal's own job as it is now, and when something last happened to it (microseconds since 1970 UTC).

        Raises:
            Refused: NOT_FOUND, also for another principal's job, whatever else this one may see.
        """
        from . import store

        async with self._db.read() as conn:
            row = await store.read(conn, job)
            if row is None or row["principal"] != principal.id:
                raise _not_found(job)
            at = await store.last_change(conn, job)
            return await _whole(conn, row), at or row["finished_at"] or row["created_at"]

    async def _row_of(
        self, conn: AsyncConnection, principal: Principal, job: str, *, lock: bool = False
    ) -> dict[str, Any]:
        from . import store

        row = await store.read(conn, job, lock=lock)
        if row is None or not (row["principal"] == principal.id or _sees_all(principal)):
            raise _not_found(job)
        return row

    async def list(
        self,
        principal: Principal,
        *,
        state: str | None = None,
        tool: str | None = None,
        limit: int = 20,
        cursor: str | None = None,
    ) -> tuple[list[JobView], str | None]:
        """The newest jobs and the cursor of the next page, None on the last.

        Raises:
            Refused: INVALID_ARGUMENTS for a cursor that is none of ours.
        """
        from . import store

        before = position(cursor, str, ("job_",)) if cursor else None
        whose = None if _sees_all(principal) else principal.id
        async with self._db.read() as conn:
            rows = await store.page(conn, whose, limit=limit + 1, state=state, tool=tool, before=before)
        more = rows[limit - 1] if len(rows) > limit else None
        return [view_of(row) for row in rows[:limit]], cursor_of(more["created_at"], more["id"]) if more else None

    async def wait(self, principal: Principal, job: str, seconds: float, sink: ProgressSink | None = None) -> JobView:
        """Wait until the job has ended or needs a person, at most so many seconds; then as ``get``."""
        view = await self.get(principal, job)
        if view.state not in GOING_ON or seconds <= 0:
            return view
        with anyio.move_on_after(seconds):
            async with self.events.following(job) as happening:
                view = await self.get(principal, job)  # again, now that nothing is missed any more
                while view.state in GOING_ON:
                    async for event in happening:
                        if event.kind == "progress" and sink is not None:
                            await sink(event.data["done"], event.data.get("total"), event.data.get("message"))
                        elif event.kind == "state" and event.data["state"] not in GOING_ON:
                            break
                    view = await self.get(principal, job)
        return await self.get(principal, job)

    # ---- stopping and going on -----------------------------------------------------------------------------------

    async def cancel(self, principal: Principal, job: str) -> JobView:
        """Stop a job: at once when nothing works on it, else as soon as its worker comes to a safe place.

        Raises:
            Refused: NOT_FOUND; CONFLICT when it has succeeded or failed already.
        """
        from . import store

        async with self._changing(principal, job) as (conn, row):
            if row["state"] == "running":
                await store.ask_to_cancel(conn, job)
                await self.events.wake.announce(conn, job)  # no event yet: its worker says when it has stopped
            elif row["state"] != "cancelled":
                if row["state"] in ENDED:
                    raise Refused(Code.CONFLICT, f"{job} has {row['state']} already; nothing is left to cancel.")
                at = store.now()
                await store.move(
                    conn, job, ["queued", *PARKED], "cancelled", question=None, cancel_at=at, finished_at=at
                )
                await self.events.append(conn, job, "state", {"state": "cancelled"})
        return await self.get(principal, job)

    async def answer(
        self, principal: Principal, job: str, answers: Mapping[str, Any], *, person: bool = False
    ) -> JobView:
        """Give answers, by the question's name or its forms' keys, and let the job go on once all are there; None
        declines. ``person``: they were asked at a host's form or at a terminal.

        Raises:
            Refused: NOT_FOUND; CONFLICT when it asks nothing; FORBIDDEN for a question that only a person may answer;
                INVALID_ARGUMENTS for answers its schema does not allow.
        """
        from . import store

        async with self._changing(principal, job) as (conn, row):
            if row["state"] != "input_required":
                raise Refused(Code.CONFLICT, f"{job} is {row['state']}; it asks nothing now.")
            if needs_person(row["question"]) and not person:
                raise Refused(
                    Code.FORBIDDEN,
                    "This question asks for a person's consent; no tool can give it.",
                    f"A person answers on the page /approvals/{job}, with `devskyy answer {job}`, or in the host.",
                )
            question = take(row["question"], answers)
            if "name" in question:
                await store.move(conn, job, ["input_required"], "input_required", question=question)
                await self.events.append(conn, job, "state", {"state": "input_required"})
            else:
                await self._requeue(conn, job, "input_required", question=question)
        return await self.get(principal, job)

    async def go_on(self, job: str) -> bool:
        """Let a job that waits for an answer run again without one, since what it waits for has come about elsewhere;
        False when it does not wait.
        """
        from . import store

        async with self._db.begin() as conn:
            row = await store.read(conn, job, lock=True)
            if row is None or row["state"] != "input_required":
                return False
            question: dict[str, Any] = row["question"] or {}
            given = question.get("answers", {})
            await self._requeue(conn, job, "input_required", question={"answers": given})
        await self.announce(job)
        return True

    async def resolve(self, principal: Principal, job: str, action: Resolution, task: str | None = None) -> JobView:
        """A person says what became of a paid call that nobody could find out about, and the job goes on; one that
        has ended meanwhile stays ended.

        Raises:
            Refused: NOT_FOUND; CONFLICT when nothing is open; INVALID_ARGUMENTS for ``attach`` without a task.
        """
        from . import ledger, store

        if (action == "attach") is not bool(task):
            raise Refused(
                Code.INVALID_ARGUMENTS,
                "attach needs the provider's task id, and the other actions take none.",
                "Look the task up at the provider; if it is not there, use resubmit or abandon.",
            )
        async with self._changing(principal, job) as (conn, row):
            lost = await store.paid_calls(conn, job, 1, "needs_review")
            if row["state"] not in ENDED | {"needs_review"} or not lost:
                raise Refused(Code.CONFLICT, f"{job} is {row['state']}; there is nothing to resolve.")
            if action == "resubmit" and row["state"] in ENDED:
                raise Refused(
                    Code.CONFLICT,
                    f"{job} has {row['state']}; nothing is sent again for it.",
                    "Use attach where the provider has the task, abandon where it does not.",
                )
            asked: dict[str, Any] = row["question"] or {}
            await ledger.resolve(conn, asked.get("call", lost[0]["change_id"]), action, task)
            if row["state"] == "needs_review":
                await self._requeue(conn, job, "needs_review", question=None)
        return await self.get(principal, job)

    async def _requeue(self, conn: AsyncConnection, job: str, old: str, **values: Any) -> None:
        from . import store

        if await store.move(conn, job, [old], "queued", handed_at=None, **values):
            await self.events.append(conn, job, "state", {"state": "queued"})

    @asynccontextmanager
    async def _changing(self, principal: Principal, job: str) -> AsyncGenerator[tuple[AsyncConnection, dict[str, Any]]]:
        """A write transaction with the job's row, and afterwards the news told."""
        async with self._db.begin() as conn:
            yield conn, await self._row_of(conn, principal, job, lock=True)
        await self.announce(job)


def caller_of(row: Mapping[str, Any]) -> Principal:
    """The principal in whose name the job runs."""
    name, kind, scopes, label = row["caller"]
    return Principal(name, kind, frozenset(scopes), label)


async def _whole(conn: AsyncConnection, row: Mapping[str, Any]) -> JobView:
    """The view with what the job has paid."""
    from . import store

    estimate, cost = await store.money(conn, row["id"])
    ended_early = row["state"] in {"failed", "cancelled"}
    paid = await store.paid_calls(conn, row["id"], PAID_SHOWN) if ended_early else []
    return view_of(row, estimate, cost, paid)


def _row(
    ctx: Context, capability: Capability, arguments: Mapping[str, Any], policy: JobPolicy, change: str | None
) -> dict[str, Any]:
    from . import store

    at, caller = store.now(), ctx.principal
    return {
        "id": store.new_id(),
        "principal": caller.id,
        "caller": [caller.id, caller.kind, sorted(caller.scopes), caller.name],
        "surface": ctx.surface,
        "tool": capability.name,
        "arguments": {} if change else dict(arguments),
        "queue": policy.queue,
        "priority": policy.priority,
        "state": "queued",
        "attempt": 0,
        "executor": None,
        "progress": None,
        "result": None,
        "error": None,
        "question": None,
        "change_id": change,
        "estimate": None,
        "idempotency_key": None if change else ctx.key,
        "request_hash": request_hash(caller.id, capability.name, arguments),
        "created_at": at,
        "handed_at": None,
        "started_at": None,
        "finished_at": None,
        "deadline_at": at + int(policy.deadline * 1_000_000),
        "cancel_at": None,
    }


def _not_found(job: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"There is no job {job[:40]}.", "jobs_list lists the latest ones.")


def _sees_all(principal: Principal) -> bool:
    return principal.kind in {"os", "local"} or principal.may("audit:read")
