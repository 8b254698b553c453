"""Jobs as tasks, for hosts that declare the extension ``io.modelcontextprotocol/tasks`` (SEP-2663; 2026-07-28 only).

A call that leads to a job answers with the task, whose id is the job's; tasks/get gives what the call would have
answered with, once the job has ended. A task is its principal's alone.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import mcp_types as types
from mcp.shared.exceptions import MCPError
from mcp_types import HEADER_MISMATCH, INTERNAL_ERROR, METHOD_NOT_FOUND, MISSING_REQUIRED_CLIENT_CAPABILITY
from pydantic import Field

from ...context import Principal
from ...errors import Code, Refused
from ...invoke import Result, Road
from ...jobs.deciding import give, plan_of
from ...jobs.model import UNFINISHED, JobView
from . import asking, results
from .caller import Caller
from .files import Files
from .sdk import RequestContext, declared_extensions, named_in_header

EXTENSION = "io.modelcontextprotocol/tasks"
POLL_MS = 1_000
DAY_MS = 24 * 3600 * 1000
_JOB = re.compile(r"job_[0-9A-Za-z]{20}")


class TaskParams(types.RequestParams):
    task_id: str = Field(alias="taskId")


class UpdateParams(TaskParams):
    input_responses: dict[str, Any] = Field(alias="inputResponses")


def declared(ctx: RequestContext) -> bool:
    """Whether this very request says that its host takes tasks."""
    return asking.modern(ctx) and EXTENSION in declared_extensions(ctx)


def require(ctx: RequestContext) -> None:
    """Raises MCPError unless this request may speak of tasks."""
    if not asking.modern(ctx):
        raise MCPError(code=METHOD_NOT_FOUND, message="Method not found", data=ctx.method)
    if not declared(ctx):
        raise MCPError(
            code=MISSING_REQUIRED_CLIENT_CAPABILITY,
            message=f"This needs the client capability {EXTENSION}.",
            data={"requiredCapabilities": {"extensions": {EXTENSION: {}}}},
        )


def check_routed(ctx: RequestContext, task: str) -> None:
    """Raises MCPError when the request came over HTTP and its Mcp-Name header is not the task's id."""
    if ctx.request is not None and named_in_header(ctx) != task:
        raise MCPError(code=HEADER_MISMATCH, message="The Mcp-Name header is not the request's taskId.")


def well_formed(task: str) -> str | None:
    """The id, if it can be one: what a caller made up stays out of the audit."""
    return task if _JOB.fullmatch(task) else None


def going_on(result: Result) -> str | None:
    """The job that goes on after this call, if one does."""
    data, policy = result.data, result.capability.policy
    if policy.job is not None:
        return data["job"] if data.get("state") in UNFINISHED else None
    return data.get("job") if policy.writes and data.get("state") == "applying" else None


class Tasks:
    """Reads and moves jobs as tasks. ``keep_days``: how long ended jobs are kept; ``files`` shows what they made."""

    def __init__(self, road: Road, keep_days: int, files: Files) -> None:
        self._road = road
        self._files = files
        self._keep_ms = keep_days * DAY_MS

    async def created(self, principal: Principal, job: str) -> dict[str, Any]:
        """The answer to the call that led to the job (CreateTaskResult)."""
        view, at = await self._road.jobs.own(principal, job)
        return {"resultType": "task", **self._task(view, at, _status(view, can_ask=True))}

    async def get(self, principal: Principal, job: str, *, can_ask: bool) -> dict[str, Any]:
        """The task as it is now, with what its status calls for (DetailedTask).

        Args:
            principal: whose task.
            job: its id.
            can_ask: the host can show its person a form; otherwise a task that waits for one counts as working.

        Raises:
            Refused: NOT_FOUND, also for another principal's.
        """
        view, at = await self._road.jobs.own(principal, job)
        status = _status(view, can_ask=can_ask)
        more: dict[str, Any] = {}
        if status == "input_required":
            more["inputRequests"] = asking.requests_of(view, await plan_of(self._road.services, principal, view))
        elif status == "completed":
            status, more = await self._outcome(principal, view)
        return {**self._task(view, at, status), **more}

    async def update(self, caller: Caller, job: str, responses: dict[str, Any], *, can_ask: bool) -> None:
        """Give answers to what the task asks; those to anything else are passed over.

        Args:
            caller: the host.
            job: the task's id.
            responses: its person's answers, by question.
            can_ask: the host can show its person a form; otherwise nobody can have answered, and nothing was asked.

        Raises:
            Refused: NOT_FOUND; INVALID_ARGUMENTS for an answer that its form does not allow; as ``Changes.decided``
                where the answer decides a change.
        """
        principal = caller.principal
        view, _ = await self._road.jobs.own(principal, job)
        try:
            if view.state == "needs_review":
                resolution = asking.resolution_in(view, responses)
                if resolution is not None:
                    await self._road.jobs.resolve(principal, job, *resolution)
            elif view.state == "input_required" and can_ask:
                answers = asking.answers_in(view, responses, caller)
                if answers.given:
                    await give(self._road.services, principal, caller.surface, answers)
        except Refused as refused:
            if refused.code is not Code.CONFLICT:  # else it was answered meanwhile
                raise

    async def cancel(self, principal: Principal, job: str) -> None:
        """Ask for the job's end; nothing is wrong when it has ended already.

        Raises:
            Refused: NOT_FOUND.
        """
        await self._road.jobs.own(principal, job)
        try:
            await self._road.jobs.cancel(principal, job)
        except Refused as refused:
            if refused.code is not Code.CONFLICT:  # else it has ended
                raise

    async def _outcome(self, principal: Principal, view: JobView) -> tuple[str, dict[str, Any]]:
        """The final status, and the answer that the call would have had."""
        try:
            result = await self._road.outcome(principal, view)
            answer = await results.of_result(result, self._files, principal)
        except Refused as refused:
            if refused.code is Code.INTERNAL:
                error = {"code": INTERNAL_ERROR, "message": refused.message, "data": refused.as_dict()}
                return "failed", {"error": error}
            answer = results.of_refusal(refused)
        return "completed", {"result": answer}

    def _task(self, view: JobView, at: int, status: str) -> dict[str, Any]:
        return {
            "taskId": view.job,
            "status": status,
            "statusMessage": view.summary,
            "createdAt": view.created_at,
            "lastUpdatedAt": datetime.fromtimestamp(at / 1_000_000, UTC).isoformat(timespec="milliseconds"),
            "ttlMs": self._ttl(view),
            "pollIntervalMs": POLL_MS,
        }

    def _ttl(self, view: JobView) -> int | None:
        """Milliseconds from the task's start that it can be asked for; None while it has not ended, however long."""
        if view.finished_at is None:
            return None
        took = datetime.fromisoformat(view.finished_at) - datetime.fromisoformat(view.created_at)
        return round(took.total_seconds() * 1000) + self._keep_ms


_STATUS = {
    "queued": "working",
    "running": "working",
    "succeeded": "completed",
    "failed": "completed",
    "cancelled": "cancelled",
}


def _status(view: JobView, *, can_ask: bool) -> str:
    """A job that waits for a person counts as working where its host has nobody to ask."""
    return _STATUS.get(view.state) or ("input_required" if can_ask and asking.requests_of(view) else "working")
