"""Small jobs for tests: a press that prints when the test says go, asks, fails, and pays for shouting.

press = Press()
app = build(settings, [notes_pack(notes), prints_pack(press)])
"""

from __future__ import annotations

from typing import Annotated, Any

import anyio
from pydantic import BaseModel, Field

from devskyy_mcp.capability import JobPolicy, Pack, Toolset
from devskyy_mcp.changes.model import Op
from devskyy_mcp.changes.view import ChangeView
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.jobs.model import Job, JobView
from devskyy_mcp.jobs.service import Jobs


class Print(BaseModel):
    title: str
    said: dict[str, Any] | None = None


class Press:
    """What ``prints_make`` does, seen from the test: it sets ``started`` and then waits for ``go``. ``change`` is what
    ``prints_change`` and ``prints_look`` answer with.
    """

    def __init__(self) -> None:
        self.started = anyio.Event()
        self.go = anyio.Event()
        self.change: ChangeView | None = None


prints = Toolset("prints", timeout=5)
JOB = JobPolicy(deadline=60)


def form(**fields: str) -> dict[str, Any]:
    properties = {name: {"type": kind} for name, kind in fields.items()}
    return {"type": "object", "properties": properties, "required": list(fields)}


@prints.tool("read", scopes="notes:read", core=True, job=JOB)
async def prints_make(ctx: Context, title: Annotated[str, Field(max_length=100)]) -> Print:
    """Print a title once the press goes, telling the progress."""
    press = ctx.get(Press)
    await ctx.progress(1, 2, "inked")
    press.started.set()
    await press.go.wait()
    return Print(title=title)


@prints.tool("read", scopes="notes:read", job=JOB)
async def prints_ask(ctx: Context) -> Print:
    """Ask what to print, then print it."""
    said = await ctx.get(Job).ask("what", "What shall be printed?", form(title="string"))
    return Print(title=(said or {}).get("title", "nothing"), said=said)


@prints.tool("read", scopes="notes:read", job=JOB)
async def prints_ask_both(ctx: Context) -> Print:
    """Ask for two things at once."""
    schema = {"type": "object", "properties": {"what": form(title="string"), "how": form(bold="boolean")}}
    return Print(title="both", said=await ctx.get(Job).ask("both", "Two things.", schema))


@prints.tool("read", scopes="notes:read", job=JOB)
async def prints_refuse(ctx: Context) -> Print:
    """Be refused."""
    raise Refused(Code.UPSTREAM_REFUSED, "There is no ink.", "Buy some.")


@prints.tool("read", scopes="notes:read", job=JOB)
async def prints_break(ctx: Context) -> Print:
    """Fail in a way nobody foresaw."""
    raise RuntimeError("secret detail: hunter2")


@prints.tool("generate", scopes="notes:write", job=JOB)
async def prints_shout(ctx: Context, words: str) -> Print:
    """Pay for words to be shouted."""
    op = Op("notes", "act", "shouts", None, {"words": words}, label="shout", undo="words can't be taken back")
    outcome = await ctx.get(Job).paid("shout", op)
    return Print(title=words, said={"task": outcome.object_id})


@prints.tool("read", scopes="notes:read")
async def prints_wait(ctx: Context, job: str) -> JobView:
    """Wait for a job, as ``jobs_wait`` of the platform's pack does."""
    return await ctx.get(Jobs).wait(ctx.principal, job, 4, ctx.sink)


@prints.tool("write", scopes="notes:write", core=True)
async def prints_change(ctx: Context) -> ChangeView:
    """Carry out the change that the test has prepared."""
    found = ctx.get(Press).change
    assert found is not None
    return found


@prints.tool("read", scopes="notes:read")
async def prints_look(ctx: Context) -> ChangeView:
    """Look at the change that the test has prepared."""
    found = ctx.get(Press).change
    assert found is not None
    return found


def prints_pack(press: Press) -> Pack:
    return Pack("prints", [prints], provides=lambda services: services.put(Press, press))
