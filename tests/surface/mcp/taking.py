"""A host that takes tasks, and what it asks about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import anyio
import mcp_types as types
from mcp import Client
from mcp.client.extension import ClaimContext, ClientExtension, NotificationBinding, ResultClaim
from pydantic import BaseModel, ConfigDict

from devskyy_mcp.changes.view import ChangeView
from devskyy_mcp.context import Context
from devskyy_mcp.db.database import Database
from devskyy_mcp.jobs.model import JobState
from devskyy_mcp.jobs.service import Jobs
from devskyy_mcp.surfaces.mcp.tasks import EXTENSION

from .world import ADA, World, data_of

SECONDS = 20
ENDED = ("completed", "failed", "cancelled")


class Created(types.Result):
    """The answer that a call became a task."""

    model_config = ConfigDict(extra="allow")
    result_type: Literal["task"] = "task"


class Answer(types.Result):
    model_config = ConfigDict(extra="allow")


class Said(BaseModel):
    model_config = ConfigDict(extra="allow")


class TaskRequest(types.Request[dict[str, Any], str]):
    name_param = "taskId"


class TakesTasks(ClientExtension):
    """Declares the extension. ``told`` takes the news of tasks."""

    identifier = EXTENSION

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def claims(self) -> Sequence[ResultClaim[Any]]:
        return [ResultClaim(result_type="task", model=Created, resolve=_not_here)]

    def notifications(self) -> Sequence[NotificationBinding[Any]]:
        return [NotificationBinding(method="notifications/tasks", params_type=Said, handler=self._hear)]

    async def _hear(self, said: Said) -> None:
        self.told.append(said.model_dump())


async def _not_here(created: Created, context: ClaimContext) -> types.CallToolResult:
    raise AssertionError("these tests follow tasks by hand")


async def begin(client: Client, name: str, arguments: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Call a tool; the task that it became."""
    created = await client.session.call_tool(name, arguments or {}, allow_claimed=True, **more)
    assert isinstance(created, Created), created
    return wire(created)


async def ask(client: Client, action: str, task: str, **more: Any) -> dict[str, Any]:
    """What tasks/get, tasks/update or tasks/cancel answers."""
    request = TaskRequest(method=f"tasks/{action}", params={"taskId": task, **more})
    return wire(await client.session.send_request(request, Answer))


async def until(client: Client, task: str, *states: str, seconds: float = SECONDS) -> dict[str, Any]:
    """The task once it is in one of the states; by default once it has ended."""
    with anyio.fail_after(seconds):
        while True:
            found = await ask(client, "get", task)
            if found["status"] in (states or ENDED):
                return found
            await anyio.sleep(0.05)  # as hosts do


def wire(result: types.Result) -> dict[str, Any]:
    """The result's own fields as they came, without what the SDK adds to every answer."""
    fields = result.model_dump(by_alias=True, mode="json")
    return {name: value for name, value in fields.items() if name != "_meta"}


async def long_change(world: World, client: Client) -> str:
    """A change that is done already and seems to be carried out by a job, whose id is given; no worker may run."""
    jobs: Jobs = world.app.services.get(Jobs)
    done = data_of(await client.call_tool("notes_create", {"title": "big"}))
    tool = world.app.registry.tool("notes_create")
    async with world.app.services.get(Database).begin() as conn:
        ctx = Context(ADA, world.app.services, "notes_create", "stdio")
        job = (await jobs.submit(ctx, tool, {}, conn=conn, change=done["change"])).job
    world.press.change = ChangeView(state="applying", summary="under way", change=done["change"], job=job)
    return job


async def end_job(world: World, job: str, state: JobState = "succeeded") -> None:
    """End a job as a worker does."""
    from devskyy_mcp.jobs import store

    jobs: Jobs = world.app.services.get(Jobs)
    async with world.app.services.get(Database).begin() as conn:
        assert await store.move(conn, job, ["queued"], state, result={}, finished_at=store.now())
        await jobs.events.append(conn, job, "state", {"state": state})
    await jobs.announce(job)
