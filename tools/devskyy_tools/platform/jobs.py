"""Looking after jobs: work that goes on after its call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.jobs.model import JobState, JobView, Resolution
from devskyy_mcp.jobs.service import Jobs

from .models import Cursor, JobLines

jobs = Toolset("jobs", timeout=20)

LONGEST_WAIT = 50
JobId = Annotated[str, Field(description="The job's id (job_…).", max_length=40)]


@jobs.tool("read", scopes="jobs:read", open_world=False)
async def jobs_list(
    ctx: Context,
    state: JobState | None = None,
    tool: Annotated[str, Field(max_length=60)] | None = None,
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
    cursor: Cursor | None = None,
) -> JobLines:
    """List the latest jobs, newest first: long work that was started, and how it stands."""
    found, following = await ctx.get(Jobs).list(ctx.principal, state=state, tool=tool, limit=limit, cursor=cursor)
    return JobLines(jobs=found, next_cursor=following)


@jobs.tool("read", scopes="jobs:read", open_world=False)
async def jobs_get(ctx: Context, job: JobId) -> JobView:
    """Show one job: how far it is, what it gave, what it cost, or what it waits for."""
    return await ctx.get(Jobs).get(ctx.principal, job)


@jobs.tool("read", scopes="jobs:read", core=True, open_world=False, timeout=LONGEST_WAIT + 10)
async def jobs_wait(
    ctx: Context,
    job: JobId,
    seconds: Annotated[float, Field(ge=0, le=LONGEST_WAIT, description="At most so long.")] = 25,
) -> JobView:
    """Wait until a job has ended or needs a person, with progress. Call it again while the job is under way."""
    return await ctx.get(Jobs).wait(ctx.principal, job, seconds, ctx.sink)


@jobs.tool("write", scopes="jobs:write", open_world=False, idempotent=True)
async def jobs_cancel(ctx: Context, job: JobId) -> JobView:
    """Stop a job. What it has done stays done, and a paid request that is under way is finished first."""
    return await ctx.get(Jobs).cancel(ctx.principal, job)


@jobs.tool("write", scopes="jobs:write", open_world=False)
async def jobs_answer(
    ctx: Context,
    job: JobId,
    answers: Annotated[
        dict[str, Any],
        Field(description="By question.name, what question.schema allows; null declines.", min_length=1, max_length=50),
    ],
) -> JobView:
    """Answer what a job asks, so that it goes on. Not where a person's consent is asked for (question.consent)."""
    return await ctx.get(Jobs).answer(ctx.principal, job, answers)


@jobs.tool("destroy", scopes="jobs:write", open_world=False, privileged=True)
async def jobs_resolve(
    ctx: Context,
    job: JobId,
    action: Annotated[
        Resolution,
        Field(description="attach: it was taken, as task. resubmit: it was not, send again. abandon: give it up."),
    ],
    task: Annotated[str, Field(min_length=1, max_length=200, description="The provider's task id.")] | None = None,
) -> JobView:
    """Say what became of a paid request whose answer was lost, so that the job goes on."""
    return await ctx.get(Jobs).resolve(ctx.principal, job, action, task)


async def read_job(ctx: Context, values: Mapping[str, str]) -> dict[str, Any]:
    """The job as ``jobs_get`` gives it."""
    view = await ctx.get(Jobs).get(ctx.principal, values["id"])
    return view.model_dump(mode="json", exclude_none=True)


async def job_ids(ctx: Context, _variable: str, prefix: str) -> list[str]:
    """Ids of the latest jobs that begin with the prefix."""
    found, _ = await ctx.get(Jobs).list(ctx.principal, limit=100)
    return [view.job for view in found if view.job.startswith(prefix)]
