"""``subscriptions/listen`` with ``taskIds``: the SDK's handler for everything else, and a task's news beside it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, cast

import anyio
import mcp_types as types
from mcp.server.subscriptions import SUBSCRIPTION_ID_META_KEY, ListenHandler, SubscriptionBus
from mcp.shared.exceptions import MCPError

from ...errors import Refused
from ...jobs.events import Events
from . import asking, tasks
from .caller import CallerOf
from .sdk import RequestContext

log = logging.getLogger(__name__)
MOST_TASKS = 100


class TaskNotification(types.Notification[dict[str, Any], Literal["notifications/tasks"]]):
    method: Literal["notifications/tasks"] = "notifications/tasks"


class Listening:
    """Serves listen streams."""

    def __init__(
        self, bus: SubscriptionBus, events: Callable[[], Events], found: tasks.Tasks, caller_of: CallerOf
    ) -> None:
        self._plain = ListenHandler(bus)
        self._events = events
        self._tasks = found
        self._caller_of = caller_of

    async def __call__(
        self, ctx: RequestContext, params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        wanted = _wanted(params)
        if not wanted:
            return await self._plain(ctx, params)
        tasks.require(ctx)
        own = [task for task in wanted if await self._is_own(ctx, task)]
        session = _Acknowledging(ctx, own)
        result: types.SubscriptionsListenResult | MCPError | None = None
        async with anyio.create_task_group() as followers:
            for task in own:
                followers.start_soon(self._follow, ctx, session.acknowledged, task)
            try:
                result = await self._plain(replace(ctx, session=session), params)  # pyright: ignore[reportArgumentType] # all it uses
            except MCPError as error:  # raised below, as it is: the group would wrap it
                result = error
            followers.cancel_scope.cancel()
        if isinstance(result, MCPError):
            raise result
        assert result is not None
        return result

    async def _is_own(self, ctx: RequestContext, task: str) -> bool:
        try:
            await self._tasks.get(self._caller_of(ctx).principal, task, can_ask=False)
        except Refused:
            return False
        return True

    async def _follow(self, ctx: RequestContext, acknowledged: anyio.Event, task: str) -> None:
        """Tell how the task stands, now and after each of its events, until it ends."""
        await acknowledged.wait()
        try:
            async with self._events().following(task) as happening:
                await self._tell(ctx, task)
                async for _ in happening:
                    await self._tell(ctx, task)
        except Refused as refused:  # it was tidied away, or the database is: the host may still poll
            log.warning("a task's news end: %s", refused.message)

    async def _tell(self, ctx: RequestContext, task: str) -> None:
        principal, can_ask = self._caller_of(ctx).principal, asking.can_ask(ctx)
        state = await self._tasks.get(principal, task, can_ask=can_ask)
        meta = {SUBSCRIPTION_ID_META_KEY: ctx.request_id}
        said: Any = TaskNotification(params={**state, "_meta": meta})
        await ctx.session.send_notification(said, related_request_id=ctx.request_id)


class _Acknowledging:
    """A request's session that names the tasks in the acknowledgement, which is the stream's first message."""

    def __init__(self, ctx: RequestContext, own: list[str]) -> None:
        self._session = ctx.session
        self._own = own
        self.acknowledged = anyio.Event()

    async def send_notification(self, notification: Any, related_request_id: types.RequestId | None = None) -> None:
        if isinstance(notification, types.SubscriptionsAcknowledgedNotification):
            honored = notification.params.notifications
            notification.params.notifications = honored.model_copy(update={"taskIds": self._own})
        await self._session.send_notification(notification, related_request_id)
        self.acknowledged.set()


def _wanted(params: types.SubscriptionsListenRequestParams) -> list[str]:
    """The tasks that a request names, each once."""
    given: Any = (params.notifications.model_extra or {}).get("taskIds", [])
    texts = cast("list[str]", given) if isinstance(given, list) else []
    if texts is not given or not all(isinstance(task, str) for task in texts):  # pyright: ignore[reportUnnecessaryIsInstance] # JSON
        raise MCPError(code=types.INVALID_PARAMS, message="taskIds must be a list of texts.")
    unique: list[str] = list(dict.fromkeys(texts))
    if len(unique) > MOST_TASKS:
        raise MCPError(code=types.INVALID_PARAMS, message=f"One stream follows at most {MOST_TASKS} tasks.")
    return unique
