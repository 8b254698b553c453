"""A job's row as people and models see it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .model import JobProgress, JobView


def view_of(row: Mapping[str, Any], estimate: int | None = None, cost: int | None = None) -> JobView:
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
        estimate_usd=None if estimate is None else estimate / 1_000_000,
        cost_usd=None if cost is None else cost / 1_000_000,
        created_at=_iso(row["created_at"]),
        started_at=_iso(row["started_at"]) if row["started_at"] else None,
        finished_at=_iso(row["finished_at"]) if row["finished_at"] else None,
        next=_next(row),
    )


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
            return f"{tool} is done."
        case "cancelled":
            return f"{tool} was cancelled."
        case _:
            return f"{tool} failed: {error.get('message', 'no reason is known')}"


def _next(row: Mapping[str, Any]) -> str | None:
    job, state = row["id"], row["state"]
    match state:
        case "queued" | "running":
            return f"jobs_wait(job={job!r}) waits for the end; jobs_cancel stops it."
        case "input_required":
            return f"A person must answer: jobs_wait(job={job!r}) asks them where the host can show a form."
        case "needs_review":
            return (
                f"Look at the provider's own list of tasks, then jobs_resolve(job={job!r}, action='attach', task=…) if "
                "it is there, else action='resubmit' (may cost again) or 'abandon'."
            )
        case "succeeded" | "failed" | "cancelled" if row["change_id"]:
            return f"changes_show(change={row['change_id']!r}) has every row."
        case _:
            return None


def _iso(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).isoformat(timespec="milliseconds")
