"""Running agents on this server, and reading what happened in a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from devskyy_mcp.agents.catalogue import Agents
from devskyy_mcp.agents.runs.model import TOOL, Caps, RunEnd
from devskyy_mcp.capability import JobPolicy, Queue, Registry
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.jobs.service import Jobs
from devskyy_mcp.llm.gateway import Gateway

from .agents import agents

DAY = 24 * 3600
QUEUE = Queue("agents", concurrency=4)
"""Fewer at once than a worker runs by default: runs wait for other jobs."""


class RunTranscript(BaseModel):
    run: str
    state: str
    text: str | None = Field(default=None, description="Markdown.")
    events: list[dict[str, Any]] | None = None


def _check(ctx: Context, given: Any) -> None:
    """Refuse at once what no run could do.

    Args:
        ctx: of the call.
        given: its arguments.
    """
    known = ctx.get(Agents).get(given.agent)
    arguments: dict[str, str] = given.arguments or {}
    if not (given.request.strip() or arguments):
        raise Refused(Code.INVALID_ARGUMENTS, "Nothing is wanted.", "Give a request, or arguments of the agent.")
    if arguments or not given.request.strip():
        ctx.get(Registry).prompts[known.name].check(arguments)
    unset = ctx.get(Gateway).unset()
    if unset is not None and ctx.get(Settings).worker == "on":  # else the worker may have keys of its own
        hint = f"{unset.hint} Without one, agents_brief gives a host's own model the agent's instructions."
        raise Refused(unset.code, unset.message, hint)


@agents.tool(
    "generate",
    scopes="agents:write",
    job=JobPolicy(queue=QUEUE.name, deadline=7 * DAY, attempts=100, check=_check),
    texts="outside",
)
async def agents_run(
    ctx: Context,
    agent: Annotated[str, Field(description="A specialist's name.", max_length=64)],
    request: Annotated[str, Field(description="What is wanted, in words.", max_length=8_000)] = "",
    arguments: Annotated[dict[str, str] | None, Field(description="Of its prompt.")] = None,
    caps: Annotated[Caps | None, Field(description="Limits lower than its own.")] = None,
) -> RunEnd:
    """Have an agent do a task on the server, within its limits. Writes that it must ask for wait for a person."""
    from devskyy_mcp.agents.runs.loop import Running

    return await Running(ctx, ctx.get(Agents).get(agent), arguments or {}, request.strip(), caps).run()


@agents.tool("read", scopes="agents:read", open_world=False, texts="outside")
async def agents_transcript(
    ctx: Context,
    run: Annotated[str, Field(description="The job's id (job_…).", max_length=40)],
    form: Literal["markdown", "json"] = "markdown",
) -> RunTranscript:
    """Read what happened in an agent's run: each answer, call and result, and how it ended."""
    from devskyy_mcp.agents.runs.transcript import as_events, as_markdown

    state, events = await _events(ctx, run)
    if form == "json":
        return RunTranscript(run=run, state=state, events=as_events(events))
    return RunTranscript(run=run, state=state, text=as_markdown(events))


async def _events(ctx: Context, run: str) -> tuple[str, Any]:
    """State and events of a run that the caller may see.

    Raises:
        Refused: NOT_FOUND.
    """
    from devskyy_mcp.agents.runs.journal import read

    view = await ctx.get(Jobs).get(ctx.principal, run)
    if view.tool != TOOL:
        raise Refused(Code.NOT_FOUND, f"{run} is no run of an agent.", "jobs_list(tool='agents_run') lists the runs.")
    return view.state, await read(ctx.get(Database), run)


async def read_run(ctx: Context, values: Mapping[str, str]) -> str:
    """The transcript as Markdown."""
    from devskyy_mcp.agents.runs.transcript import as_markdown

    _, events = await _events(ctx, values["id"])
    return as_markdown(events)


async def run_ids(ctx: Context, _variable: str, prefix: str) -> list[str]:
    """Ids of the latest runs that begin with the prefix."""
    found, _ = await ctx.get(Jobs).list(ctx.principal, tool=TOOL, limit=100)
    return [view.job for view in found if view.job.startswith(prefix)]
