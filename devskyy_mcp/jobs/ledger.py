"""Paid calls: each is a change set of one operation, so that intent, audit, settling and the journal are those of any
write. Its id is the job's id, a dot and the step's name, so a job that starts again finds it.

What costs money is sent once. It is sent again only when it is proven that it never took effect: the provider said so,
it could not be reached, its own list does not have it, or a person has looked.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio

from ..changes import operations
from ..changes import store as journal
from ..changes.commit import Draft
from ..changes.model import JournalOp, Op, Outcome
from ..changes.service import Changes
from ..changes.settle import Settler
from ..changes.stage import Unit
from ..changes.view import set_state
from ..config import Settings
from ..context import Context
from ..errors import Code, Refused
from ..guard.audit import AuditRecord, Phase
from ..guard.brake import Brake
from . import store
from .model import Before, Resolution
from .service import caller_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from .run import Run

SENDINGS = 8
"""How often a call is sent at most, each time after proof that the time before had no effect."""
PAUSE = 1.0
LONGEST_PAUSE = 60.0
MILLION = 1_000_000


async def pay(run: Run, name: str, op: Op, before: Before | None = None) -> Outcome:
    """Send the op once and for all, or say what became of it when an earlier run of the job has sent it. ``before``
    runs in the transaction of its intent.

    Raises:
        Refused: OVER_BUDGET before anything is sent; the provider's refusal.
        Parked: a person must find out what became of it.
        Superseded: another process runs the job now.
    """
    from .run import Parked

    change = f"{run.id}{store.PAID_SEPARATOR}{name}"
    for attempt in range(1000):
        item = await _find(run, change)
        if item is None or (item.state == "not_sent" and item.attempts < SENDINGS):
            if item is not None:
                await anyio.sleep(_pause(item, attempt))
            await _send_when_allowed(run, change, op, before, again=item is not None)
            continue
        match item.state:
            case "done" | "not_taken":
                return item.outcome
            case "failed" | "not_sent" | "skipped":
                raise _refusal(item)
            case "needs_review":
                await run.park("needs_review", _question(item))
                raise Parked
            case _:
                await _settle(run, change)
                if (await _find(run, change) or item).state in {"sent", "unknown", "staged"}:
                    await anyio.sleep(PAUSE)
    raise Refused(Code.OUTCOME_UNKNOWN, "What became of a paid call could not be found out.")


async def settle(run: Run, name: str) -> None:
    """Find out what became of the paid call of that name, if an earlier run of the job left it open."""
    change = f"{run.id}{store.PAID_SEPARATOR}{name}"
    item = await _find(run, change)
    if item is not None and item.state in {"sent", "unknown", "staged"}:
        await _settle(run, change)


async def _find(run: Run, change: str) -> JournalOp | None:
    async with run.db.read() as conn:
        ops = await operations.read_ops(conn, change)
    return ops[0] if ops else None


async def _send_when_allowed(run: Run, change: str, op: Op, before: Before | None, *, again: bool) -> None:
    """Send it, once writes are no longer stopped."""
    brake = run.services.get(Brake)
    while True:
        await brake.wait()
        try:
            return await _send(run, change, op, before, again=again)
        except Refused as refused:
            if refused.code is not Code.WRITES_STOPPED:
                raise


async def _send(run: Run, change: str, op: Op, before: Before | None, *, again: bool) -> None:
    unit = Unit()
    unit.add(op)
    settings = run.services.get(Settings)
    at = journal.now()

    async def guard(conn: AsyncConnection) -> None:
        await run.check(conn)
        if again:
            await operations.reopen(conn, change)
        await _check_budget(conn, settings, run.row["principal"], op)
        if before is not None:
            await before(conn)

    def record(*, phase: Phase, code: str, detail: dict[str, Any]) -> AuditRecord:
        return AuditRecord(
            principal=run.row["principal"],
            surface="worker",
            capability=run.row["tool"],
            effect="generate",
            change_id=change,
            phase=phase,
            code=code,
            arguments_sha256=run.row["request_hash"],
            detail=detail,
        )

    ctx = Context(caller_of(run.row), run.services, run.row["tool"], "worker")
    draft = Draft(ctx, _row(run, change, unit, at), unit, at, proposal=again, guard=guard)
    await run.services.get(Changes).committer.commit(draft, record)


def _row(run: Run, change: str, unit: Unit, at: int) -> dict[str, Any]:
    return {
        "id": change,
        "principal": run.row["principal"],
        "surface": run.row["surface"],
        "tool": run.row["tool"],
        "arguments": {},
        "plan_hash": unit.hash(),
        "state": "applying",
        "summary": {"title": unit.title, "left": [], "caller": run.row["caller"]},
        "reasons": [],
        "created_at": at,
        "expires_at": at,
        "decided_at": at,
        "finished_at": None,
        "approved_by": None,
        "undoes": None,
        "idempotency_key": None,
        "request_hash": run.row["request_hash"],
        "outcome": None,
    }


async def _check_budget(conn: AsyncConnection, settings: Settings, principal: str, op: Op) -> None:
    """Raises OVER_BUDGET when this call would go beyond what may be spent this month."""
    caps = (
        (settings.budget_month_usd, None, "this server", "BUDGET_MONTH_USD"),
        (settings.budget_principal_month_usd, principal, "you", "BUDGET_PRINCIPAL_MONTH_USD"),
    )
    if not op.estimate or all(cap is None for cap, *_ in caps):
        return
    now = datetime.now(UTC)
    since = int(now.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp() * MILLION)
    await store.lock_budget(conn)
    for cap, whose, words, setting in caps:
        if cap is None:
            continue
        spent = await store.spent(conn, since, whose)
        if spent + op.estimate > cap * MILLION:
            raise Refused(
                Code.OVER_BUDGET,
                f"This would cost about {_dollars(op.estimate)}, and {words} may spend {_dollars(cap * MILLION)} a "
                f"month, of which {_dollars(spent)} are spent or promised. Nothing was sent.",
                f"Wait for the next month, or raise {setting}.",
            )


def _dollars(micros: float) -> str:
    """Cents; of smaller sums, which language models cost, hundredths of a cent."""
    return f"${micros / MILLION:.2f}" if micros >= MILLION or micros == 0 else f"${micros / MILLION:.4f}"


async def _settle(run: Run, change: str) -> None:
    """Look once what became of a call whose answer was lost."""
    committer = run.services.get(Changes).committer
    settler = Settler(run.db, committer.audit, committer.systems, committer.active, 0, committer.wake)
    await settler.settle_one(change)


def _pause(item: JournalOp, attempt: int) -> float:
    error = item.outcome.error or {}
    asked = error.get("retry_after")
    from .run import spread

    return spread(min(float(asked) if asked else PAUSE * 2 ** min(attempt, 6), LONGEST_PAUSE))


def _refusal(item: JournalOp) -> Refused:
    error = item.outcome.error or {}
    known = Code(error["code"]) if error.get("code") in set(Code) else Code.UPSTREAM_REFUSED
    return Refused(known, error.get("message", "The provider did not do it."), error.get("hint", ""))


def _question(item: JournalOp) -> dict[str, Any]:
    return {
        "message": f"{item.op.label or item.op.system}: the request was sent and its answer was lost. The provider "
        "can't be asked what became of it; look at its own list of tasks.",
        "call": item.change,
        "system": item.op.system,
        "sent_at": item.sent_at,
        "estimate_usd": None if item.op.estimate is None else item.op.estimate / MILLION,
    }


async def resolve(conn: AsyncConnection, change: str, action: Resolution, task: str | None) -> None:
    """Write what a person found out about the paid call ``change``.

    Raises:
        Refused: CONFLICT when that call is not open any more.
    """
    match action:
        case "attach":
            outcome = Outcome("done", object_id=task, notes=["A person found it at the provider."])
        case "resubmit":
            error = {"code": "not_sent", "message": "A person found that it never arrived."}
            outcome = Outcome("not_sent", error=error)
        case "abandon":
            error = {"code": str(Code.CANCELLED), "message": "A person gave this call up; it may have cost money."}
            outcome = Outcome("failed", error=error)
    ops = await operations.read_ops(conn, change)
    found = [(item.op, outcome) for item in ops]
    written = await operations.write_outcomes(conn, change, found, only=["needs_review"])
    if written[0] != len(found):
        raise Refused(Code.CONFLICT, f"The paid call {change} is settled already.", "changes_show shows how it stands.")
    state = set_state((item.op, outcome) for item in ops)
    await journal.move_set(conn, change, ["needs_review"], state, finished_at=journal.now())
