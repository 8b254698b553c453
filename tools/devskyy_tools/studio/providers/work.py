"""The road of a paid task inside a job: paid once, followed to its end, its files kept at once.

Each part is a step of the job: after a crash a task that was paid for is followed on, and what was kept is not fetched
again. Tasks are followed by asking, not by webhooks: asking needs no address of this server that the internet reaches,
nobody can forge it, and it finds what a lost call back would not tell.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import anyio

from devskyy_mcp.assets.provenance import Provenance
from devskyy_mcp.assets.store import Assets
from devskyy_mcp.changes.model import Op
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.jobs.model import Job

from .downloads import Downloads
from .port import OVER, Provider, Task
from .registry import Pace, Providers


@dataclass(frozen=True, slots=True)
class Done:
    """A task that succeeded. ``credits`` is what it took, None where the provider does not say."""

    id: str
    action: str
    credits: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


async def carry_out(ctx: Context, provider: Provider, step: str, op: Op) -> Done:
    """Pay for the operation, once however often the job starts anew, and follow its task to the end.

    Args:
        ctx: of a job's handler.
        provider: who does it.
        step: the step's name within the job.
        op: from ``an_op``.

    Raises:
        Refused: OVER_BUDGET; NOT_CONFIGURED for a key that is not accepted; RATE_LIMITED; otherwise what the provider
            says, or that it can't be followed.
    """
    job = ctx.get(Job)
    task = str((await job.paid(step, op)).object_id)
    pace = ctx.get(Providers).pace
    followed = f"{step} followed"
    end: dict[str, Any] = await job.step(followed, _follow, ctx, provider, op.collection, task, pace, retries=0)
    succeeded = end["state"] == "succeeded"
    took: float | None = end["credits"] if succeeded or not provider.about.refunds else 0.0
    if took is not None:
        await job.cost(step, provider.about.prices.micro(took))
    if not succeeded:
        error: dict[str, Any] = end["error"]
        raise Refused(Code(error["code"]), error["message"], error.get("hint", ""), retryable=False)
    return Done(task, op.collection, took, end["facts"])


async def _follow(ctx: Context, provider: Provider, action: str, task: str, pace: Pace) -> dict[str, Any]:
    """Ask until the task is over, and how it ended."""
    pause = pace.first
    trouble = odd = time.monotonic()
    while True:
        now = time.monotonic()
        try:
            seen = await provider.task(action, task)
        except Refused as refused:
            if not refused.retryable or now - trouble > pace.trouble:
                raise
            await _wait(max(pause, refused.retry_after or 0))
            continue
        trouble = now
        if seen.state in OVER:
            return _ended(provider, seen)
        if seen.state != "unknown":
            odd = now
        elif now - odd > pace.unknown:
            raise _odd(provider, task)
        words = f"{provider.about.title}: {seen.state}"
        await ctx.progress(seen.progress, 100, words)
        await _wait(pause)
        pause = min(pause * pace.growth, pace.longest)


async def _wait(seconds: float) -> None:
    from devskyy_mcp.jobs.run import spread

    await anyio.sleep(spread(seconds))


def _ended(provider: Provider, seen: Task) -> dict[str, Any]:
    title = provider.about.title
    error = seen.error
    if error is None and seen.state != "succeeded":
        error = Refused(
            Code.UPSTREAM_REFUSED, f"{title} ended the task as {seen.state}.", f"Look at {title}'s own list."
        )
    return {
        "state": seen.state,
        "credits": seen.credits,
        "facts": dict(seen.facts),
        "error": None if error is None else error.as_dict(),
    }


def _odd(provider: Provider, task: str) -> Refused:
    title = provider.about.title
    message = f"{title} says of task {task} only what it does not document, so it is followed no further."
    return Refused(Code.UPSTREAM_INVALID, message, f"Look at the task at {provider.about.site}.", retryable=False)


async def keep(
    ctx: Context, provider: Provider, step: str, done: Done, name: str, provenance: Provenance
) -> dict[str, str]:
    """Copy what the task made into the asset store; the assets' ids by the files' roles.

    Args:
        ctx: of a job's handler.
        provider: who made it.
        step: the step's name within the job.
        done: the task.
        name: what the files are called.
        provenance: how they were made; provider, cost, licence and the task's id are added.

    Raises:
        Refused: as ``Downloads.get``, for a file that is needed.
    """
    about = provider.about
    cost = None if done.credits is None else about.prices.micro(done.credits) / 1_000_000
    made = replace(
        provenance,
        provider=about.name,
        cost_usd=cost if provenance.cost_usd is None else provenance.cost_usd,
        licence=about.licence,
        parameters={**provenance.parameters, "task": done.id, "action": done.action, "credits": done.credits},
    )
    return await ctx.get(Job).step(f"{step} kept", _keep, ctx, provider, done, name, made)


async def _keep(ctx: Context, provider: Provider, done: Done, name: str, made: Provenance) -> dict[str, str]:
    """Fetch each file by an address that was asked for just now: such addresses live for minutes."""
    downloads, assets = ctx.get(Downloads), ctx.get(Assets)
    seen = await provider.task(done.action, done.id)
    if not any(file.needed for file in seen.files):
        message = f"{provider.about.title} calls task {done.id} done and gives no file of it."
        raise Refused(Code.UPSTREAM_INVALID, message, f"Look at the task at {provider.about.site}.")
    kept: dict[str, str] = {}
    for file in seen.files:
        try:
            content, kind = await downloads.get(provider.about.title, file)
        except Refused:
            if file.needed:
                raise
            continue
        called = name if file.role == "model" else f"{name}-{file.role}"
        asset = await assets.add(content, called, kind, made)
        kept[file.role] = asset.id
    return kept
