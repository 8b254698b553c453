"""The fixtures of the suite's tasks scenarios: ordinary jobs, on the same road and worker as any other."""

from __future__ import annotations

from typing import Annotated, Any

import anyio
from mcp.server.context import CallNext, HandlerResult
from pydantic import BaseModel, Field

from devskyy_mcp.capability import Capability, JobPolicy, Registry, Toolset
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.invoke import Road
from devskyy_mcp.jobs.model import Job
from devskyy_mcp.jobs.service import Jobs
from devskyy_mcp.surfaces.mcp import tasks
from devskyy_mcp.surfaces.mcp.files import Files
from devskyy_mcp.surfaces.mcp.sdk import AnnouncingServer, RequestContext

NEEDS_TASKS = "failing_job"
"""The tool that the suite wants refused to hosts without tasks; none of DevSkyy's is."""
jobs = Toolset("jobs", timeout=20)
JOB = JobPolicy(deadline=120)


class Text(BaseModel):
    text: str


@jobs.tool("read", scopes=(), core=True, job=JOB)
async def slow_compute(ctx: Context, seconds: Annotated[float, Field(ge=0, le=100)], label: str = "") -> Text:
    """Take some seconds."""
    await anyio.sleep(seconds)
    return Text(text=f"computed {label}")


@jobs.tool("read", scopes=(), core=True, job=JOB)
async def failing_job(ctx: Context) -> Text:
    """Be refused after a while."""
    await anyio.sleep(0.5)
    raise Refused(Code.UPSTREAM_REFUSED, "This job intentionally fails.")


@jobs.tool("read", scopes=(), core=True, job=JOB)
async def protocol_error_job(ctx: Context) -> Text:
    """Fail in a way nobody foresaw."""
    raise RuntimeError("intended")


def _form(**fields: str) -> dict[str, Any]:
    properties = {name: {"type": kind} for name, kind in fields.items()}
    return {"type": "object", "properties": properties}


@jobs.tool("read", scopes=(), core=True, job=JOB)
async def confirm_delete(ctx: Context, filename: str) -> Text:
    """Ask before it goes on."""
    answer = await ctx.get(Job).ask("sure", f"Delete {filename}?", _form(confirm="boolean"))
    return Text(text=f"{filename} deleted" if answer and answer.get("confirm") else f"{filename} kept")


@jobs.tool("read", scopes=(), core=True, job=JOB)
async def multi_input(ctx: Context) -> Text:
    """Ask two things at once."""
    forms = {"who": _form(name="string"), "sure": _form(confirm="boolean")}
    schema = {"type": "object", "properties": forms}
    answer = await ctx.get(Job).ask("both", "Two forms, please.", schema)
    return Text(text=f"answered: {answer}")


@jobs.tool("read", scopes=(), job=JOB)
async def greet_later(ctx: Context, name: str) -> Text:
    """Greet, as a job."""
    return Text(text=f"Hello, {name}!")


async def start(ctx: Context, capability: Capability, arguments: dict[str, Any]) -> dict[str, Any]:
    """Start a job from inside a call; the call's answer."""
    view = await ctx.get(Jobs).submit(ctx, capability, arguments)
    found = tasks.Tasks(ctx.get(Road), ctx.get(Settings).keep_jobs_days, Files(ctx.services))
    return await found.created(ctx.principal, view.job)


def later(ctx: Context) -> Capability:
    return ctx.get(Registry).tool("greet_later")


async def _refuse_without_tasks(ctx: RequestContext, call_next: CallNext) -> HandlerResult:
    if ctx.method == "tools/call" and (ctx.params or {}).get("name") == NEEDS_TASKS:
        tasks.require(ctx)
    return await call_next(ctx)


def extend(server: AnnouncingServer) -> None:
    server.middleware.append(_refuse_without_tasks)
