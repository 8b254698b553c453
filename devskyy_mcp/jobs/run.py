"""One run of one job: what its handler sees, and how it ends.

A job may be run several times, after crashes and after answers of people. Every write of a run names its number; one
that was taken over by another process writes nothing more.
"""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel

from ..auth.still import still
from ..capability import Capability, Registry, authorize, validate
from ..changes.model import Op, Outcome
from ..changes.service import Changes
from ..config import Settings
from ..context import Context, Services
from ..db.database import Database
from ..db.failures import DatabaseRefused
from ..errors import Code, Refused, unforeseen
from ..guard.audit import AuditLog, AuditRecord
from ..guard.logs import heard, within_call
from ..guard.trust import UNTRUSTED
from . import runs, store
from .events import Events
from .model import PARKED, Before, Job, JobState
from .service import caller_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

LARGEST_STEP = 1024 * 1024
LARGEST_RESULT = 1024 * 1024


class Parked(BaseException):  # no error: no handler's `except Exception` may take it
    """The run ends here; a person lets the job go on."""


class Superseded(BaseException):
    """Another process has taken the job over, or it was ended: this run must not write any more."""


class Run(Job):
    """What the handler sees as ``Job``."""

    def __init__(
        self, services: Services, row: Mapping[str, Any], write_end: Callable[[runs.Ended], Awaitable[bool]]
    ) -> None:
        self.services = services
        self._write_end = write_end
        self.row = row
        self.id = row["id"]
        self.attempt: int = row["attempt"]
        self.scope = anyio.CancelScope()
        self.why_stopped = ""
        self.over = anyio.Event()
        self.said: dict[str, Any] | None = row["progress"]
        self.unsaid: dict[str, Any] | None = None
        self.db = services.get(Database)
        self.events = services.get(Events)
        self._steps: dict[str, Any] | None = None if self.attempt > 1 else {}

    # ---- the handler's side --------------------------------------------------------------------------------------

    async def step(
        self, name: str, work: Callable[..., Awaitable[Any]], *args: Any, retries: int = 3, timeout: float | None = None
    ) -> Any:
        steps = await self._known()
        if name not in steps:
            value = await self._tried(work, args, retries, timeout)
            _check_size(value, LARGEST_STEP, f"what the step {name} gave")
            async with self.writing() as conn:
                await runs.add_step(conn, self.id, name, value)
            steps[name] = {"value": value}
        return steps[name]["value"]

    async def _known(self) -> dict[str, Any]:
        if self._steps is None:
            async with self.db.read() as conn:
                self._steps = await runs.read_steps(conn, self.id)
        return self._steps

    async def _tried(
        self, work: Callable[..., Awaitable[Any]], args: tuple[Any, ...], retries: int, timeout: float | None
    ) -> Any:
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

        tries = AsyncRetrying(
            stop=stop_after_attempt(1 + retries), wait=_pause, retry=retry_if_exception(_worth_another), reraise=True
        )
        async for attempt in tries:
            with attempt, anyio.fail_after(timeout):
                return await work(*args)
        raise AssertionError  # the last attempt has returned or raised

    async def paid(self, name: str, op: Op, before: Before | None = None) -> Outcome:
        from . import ledger

        return await ledger.pay(self, name, op, before)

    async def cost(self, name: str, cost: int) -> None:
        async with self.writing() as conn:
            await store.write_cost(conn, f"{self.id}{store.PAID_SEPARATOR}{name}", cost)

    async def ask(
        self, name: str, message: str, schema: Mapping[str, Any], *, consent: bool = True, change: str | None = None
    ) -> dict[str, Any] | None:
        question: dict[str, Any] = self.row["question"] or {}
        answers: dict[str, Any] = question.get("answers", {})
        if name in answers:
            return answers[name]
        asked = {"name": name, "message": message, "schema": dict(schema), "consent": consent}
        if change is not None:
            asked["change"] = change
        await self.park("input_required", {**asked, "answers": answers})
        raise Parked

    async def sleep(self, name: str, seconds: float) -> None:
        until: float = await self.step(f"sleep {name}", _clock_in, seconds)
        await anyio.sleep(max(0.0, until - time.time()))

    # ---- writing -------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncConnection]:
        """A write transaction of this run.

        Raises:
            Superseded: when the job is not this run's any more.
        """
        async with self.db.begin() as conn:
            await self.check(conn)
            yield conn

    async def check(self, conn: AsyncConnection) -> None:
        """Raises Superseded when the job is not this run's any more; else it stays this run's until the commit."""
        if not await runs.is_alive(conn, self.id, self.attempt):
            raise Superseded

    async def park(self, state: JobState, question: Mapping[str, Any]) -> None:
        """End this run and let the job wait for a person; not one that is to be cancelled: nobody would."""
        await self._move(state, question=dict(question), executor=None)
        if self.why_stopped:
            await anyio.lowlevel.checkpoint()  # ends here

    async def hand_back(self) -> None:
        """Give the job back to whichever worker comes next: this one is being stopped."""
        with contextlib.suppress(Superseded):
            await self._move("queued", handed_at=None, executor=None)

    async def end(
        self, state: JobState, *, result: dict[str, Any] | None = None, error: dict[str, Any] | None = None
    ) -> None:
        """Write how the job ended, and tell the audit."""
        ended = runs.Ended(self.id, self.attempt, state, self.unsaid or self.said, result, error)
        with anyio.CancelScope(shield=True):
            if not await self._write_end(ended):
                return
        record = AuditRecord(
            principal=self.row["principal"],
            surface="worker",
            capability=self.row["tool"],
            effect="generate",
            phase="outcome",
            change_id=self.id,
            code="ok" if state == "succeeded" else str((error or {}).get("code", state)),
            arguments_sha256=self.row["request_hash"],
        )
        self.services.get(AuditLog).add(record)

    async def _move(self, state: JobState, **values: Any) -> None:
        with anyio.CancelScope(shield=True):
            async with self.db.begin() as conn:
                if state in PARKED and await runs.is_unwanted(conn, self.id):
                    self.stop("cancelled")
                    return
                if not await store.move(conn, self.id, ["running"], state, attempt=self.attempt, **values):
                    raise Superseded
                if self.unsaid is not None:
                    await self.events.append(conn, self.id, "progress", self.unsaid)
                await self.events.append(conn, self.id, "state", {"state": state})
            self.unsaid = None
            await self.events.notify(self.id, work=state == "queued")

    async def progress(self, done: float, total: float | None, message: str | None) -> None:
        """Keep how far it is; the worker writes the latest twice a second."""
        self.unsaid = {"done": done, "total": total, "message": message}

    def stop(self, why: str) -> None:
        """Let the handler end at its next await: ``cancelled``, ``deadline``, ``shutdown`` or ``superseded``."""
        self.why_stopped = self.why_stopped or why
        self.scope.cancel()

    # ---- driving -------------------------------------------------------------------------------------------------

    async def drive(self) -> None:
        """Run the handler and write how it ended.

        Raises:
            DatabaseRefused: the run could not be gone on with, or its end not written; the job is to be run again.
        """
        with within_call(self.row["principal"]):
            await self._drive()

    async def _drive(self) -> None:
        result: dict[str, Any] | None = None
        error: Refused | None = None
        left = (self.row["deadline_at"] - store.now()) / 1_000_000
        self.scope.deadline = anyio.current_time() + left
        try:
            with self.scope:
                result = await self._work()
        except BaseException as raised:
            leaf = _leaf(raised)
            if isinstance(leaf, Parked | Superseded):
                return
            if isinstance(leaf, DatabaseRefused):
                raise leaf from None
            if isinstance(leaf, Refused):
                error = leaf
            elif isinstance(leaf, Exception):
                error = unforeseen(self.row["tool"], leaf, heard())
            else:
                raise
        with anyio.CancelScope(shield=True):
            await self._conclude(result, error)

    async def _conclude(self, result: dict[str, Any] | None, error: Refused | None) -> None:
        if result is not None:
            await self.end("succeeded", result=result)
        elif error is not None:
            await self.end("failed", error=_in_words(error))
        elif self.why_stopped == "cancelled":
            await self.end("cancelled")
        elif self.why_stopped == "shutdown":
            await self.hand_back()
        elif not self.why_stopped:
            await self.end("failed", error=too_late())

    async def _work(self) -> dict[str, Any]:
        row, services = self.row, self.services
        capability = services.get(Registry).tool(row["tool"])
        caller = await still(services, caller_of(row))
        authorize(caller, capability)
        ctx = Context(caller, services, capability.name, row["surface"], None, self.progress)
        ctx.put(Job, self)
        if row["change_id"]:
            view = await services.get(Changes).carry_out(ctx, row["change_id"], self.check)
            return view.model_dump(mode="json", exclude_none=True)
        return await self._handled(ctx, capability)

    async def _handled(self, ctx: Context, capability: Capability) -> dict[str, Any]:
        model = validate(capability, self.row["arguments"])
        given = {name: getattr(model, name) for name in capability.parameters}
        answer: Any = await capability.handler(ctx, **given)
        result: dict[str, Any] = answer.model_dump(mode="json", exclude_none=True)
        if capability.policy.texts in self.services.get(Settings).outside_texts:
            result["trust"] = UNTRUSTED
        _check_size(result, LARGEST_RESULT, "its result")
        return result


def too_late() -> dict[str, Any]:
    """The error of a job that was not done in time."""
    late = Refused(Code.TIMEOUT, "It was not done within its time.", "Start it again, perhaps for less at once.")
    return _in_words(late)


def too_often(times: int) -> dict[str, Any]:
    """The error of a job under which process after process died."""
    words = f"The server stopped {times} times while it worked on this, so it was given up."
    return _in_words(Refused(Code.INTERNAL, words, "Look into the server's log before it is started again."))


def _in_words(error: Refused) -> dict[str, Any]:
    said = {"code": str(error.code), "message": error.message, "hint": error.hint}
    return {name: text for name, text in said.items() if text}


def _leaf(error: BaseException) -> BaseException:
    """What was really raised, out of the groups that task groups make; what ends a run goes before errors."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    leaves: list[BaseException] = [_leaf(inner) for inner in error.exceptions]  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType, reportUnknownArgumentType] # untyped group
    ends = [leaf for leaf in leaves if isinstance(leaf, Parked | Superseded | DatabaseRefused)]
    return (ends or leaves)[0]


async def _clock_in(seconds: float) -> float:
    return time.time() + seconds


def _worth_another(error: BaseException) -> bool:
    return (isinstance(error, Refused) and error.retryable) or isinstance(error, OSError | TimeoutError)


def _pause(state: Any) -> float:
    """Seconds until the next try: at least what the other side asked for, else growing; in any case with jitter."""
    from tenacity import wait_random_exponential

    error = state.outcome.exception()
    asked = getattr(error, "retry_after", None)
    return spread(float(asked)) if asked else wait_random_exponential(multiplier=0.5, max=30)(state)


def spread(seconds: float) -> float:
    """Up to a quarter more: those who were turned away together do not come back together."""
    return seconds * random.uniform(1, 1.25)  # noqa: S311 # no secret


def _check_size(value: Any, limit: int, what: str) -> None:
    if len(json.dumps(value)) > limit:
        raise Refused(Code.TOO_LARGE, f"{what.capitalize()} is larger than {limit // 1024} KiB.")
