"""A job's row as people and models see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from ..guard.trust import UNTRUSTED, says_untrusted
from .model import JobProgress, JobView, PaidCall
from .questions import change_of, needs_person

MILLION = 1_000_000


def view_of(
    row: Mapping[str, Any],
    estimate: int | None = None,
    cost: int | None = None,
    paid: Sequence[Mapping[str, Any]] = (),
) -> JobView:
    """The view of a job's row, of its money in millionths of a US dollar, and of its paid calls."""
    progress: dict[str, Any] | None = row["progress"]
    question: dict[str, Any] = row.get("question") or {}
    return JobView(
        job=row["id"],
        tool=row["tool"],
        state=row["state"],
        summary=_summary(row),
        progress=JobProgress(**progress) if progress else None,
        result=row.get("result"),
        error=row["error"],
        question=question if "message" in question else None,
        change=row["change_id"],
        estimate_usd=_usd(estimate),
        cost_usd=_usd(cost),
        paid=[_paid(call) for call in paid] or None,
        created_at=_iso(row["created_at"]),
        started_at=_iso(row["started_at"]) if row["started_at"] else None,
        finished_at=_iso(row["finished_at"]) if row["finished_at"] else None,
        next=_next(row, any(call["state"] == "needs_review" for call in paid)),
        trust=UNTRUSTED if says_untrusted(row.get("result")) else None,
    )


def _paid(call: Mapping[str, Any]) -> PaidCall:
    return PaidCall(
        change=call["change_id"],
        label=call["label"],
        state="unknown" if call["state"] == "sent" else call["state"],
        task=call["object_id"],
        estimate_usd=_usd(call["estimate"]),
        cost_usd=_usd(call["cost"]),
    )


def _usd(millionths: int | None) -> float | None:
    return None if millionths is None else millionths / MILLION


def _summary(row: Mapping[str, Any]) -> str:
    tool, state = row["tool"], row["state"]
    progress: dict[str, Any] = row["progress"] or {}
    error: dict[str, Any] = row["error"] or {}
    match state:
        case "queued" if row["attempt"]:
            return f"{tool} waits to go on."
        case "queued":
            return f"{tool} waits for its turn."
        case "running":
            far = progress.get("message") or ""
            return f"{tool} is under way{': ' + far if far else ''}."
        case "input_required":
            return f"{tool} waits for an answer."
        case "needs_review":
            return f"{tool} waits for a person: whether a paid request was taken is not known."
        case "succeeded":
            return _done(tool, row.get("result"))
        case "cancelled":
            return f"{tool} was cancelled."
        case _:
            return f"{tool} failed: {error.get('message', 'no reason is known')}"


def _done(tool: str, result: Any) -> str:
    """That it is done, and if its work came to another end than was asked for, to which."""
    given = cast("dict[str, Any]", result) if isinstance(result, dict) else {}
    outcome, limit = given.get("outcome", "delivered"), given.get("limit")
    if outcome == "delivered":
        return f"{tool} is done."
    return f"{tool} has ended without what was asked for: {outcome}{f' by {limit}' if limit else ''}."


def _next(row: Mapping[str, Any], lost: bool) -> str | None:
    job, state = row["id"], row["state"]
    match state:
        case "queued" | "running":
            return f"jobs_wait(job={job!r}) waits for the end; jobs_cancel stops it."
        case "input_required":
            return _to_answer(job, row.get("question"))
        case "failed" | "cancelled" if lost:
            return (
                "Whether a paid request was taken is not known. Look at the provider's own list of tasks, then "
                f"jobs_resolve(job={job!r}, action='attach', task=…) if it is there, else action='abandon'."
            )
        case "needs_review":
            return (
                f"Look at the provider's own list of tasks, then jobs_resolve(job={job!r}, action='attach', task=…) if "
                "it is there, else action='resubmit' (may cost again) or 'abandon'."
            )
        case "succeeded" | "failed" | "cancelled" if row["change_id"]:
            return f"changes_show(change={row['change_id']!r}) has every row."
        case _:
            return None


def _to_answer(job: str, question: Mapping[str, Any] | None) -> str:
    if question is None:  # a list's rows come without it
        return f"jobs_get(job={job!r}) shows what it asks."
    asks = f"jobs_wait(job={job!r}) asks the person where the host can show a form"
    if change := change_of(question):
        return f"A person must agree to {change}: {asks}; `devskyy approve {change}` and its page ask too."
    if needs_person(question):
        return f"A person must answer: {asks}; `devskyy answer {job}` and the page /approvals/{job} ask too."
    return f"jobs_answer(job={job!r}, answers={{name: …}}) after question.schema; {asks}."


def _iso(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / MILLION, UTC).isoformat(timespec="milliseconds")
