"""Telling hosts that something changed: listen streams in the modern era, notifications in the handshake era."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from urllib.parse import unquote

import anyio
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server.connection import Connection
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    PromptsListChanged,
    ResourcesListChanged,
    ResourceUpdated,
    ServerEvent,
    ToolsListChanged,
)

from ...app import App
from ...capability import Pack
from ...errors import Code, Refused
from .sdk import RequestContext, connection_of

log = logging.getLogger(__name__)
MOST_WAITING = 1_000
MOST_SUBSCRIPTIONS = 200
CHANGE, JOB = "devskyy://changes/", "devskyy://jobs/"
TRY_AGAIN = 5.0


class _Followed:
    """A job that is followed for its subscribers; ``begun`` once nothing that happens to it is missed."""

    def __init__(self) -> None:
        self.scope = anyio.CancelScope()
        self.begun = anyio.Event()


class _Host:
    """A handshake-era host: the resources it subscribed to, and what it has still to be told, each event once.

    One that does not read holds up nobody else, and what waits for it never exceeds what it can subscribe to.
    """

    def __init__(self) -> None:
        self.uris: set[str] = set()
        self.scope = anyio.CancelScope()
        self._untold: dict[ServerEvent, None] = {}
        self._more = anyio.Event()

    def note(self, event: ServerEvent) -> None:
        if not isinstance(event, ResourceUpdated) or event.uri in self.uris:
            self._untold[event] = None
            self._more.set()

    async def next(self) -> ServerEvent:
        while not self._untold:
            self._more = anyio.Event()
            await self._more.wait()
        event = next(iter(self._untold))
        del self._untold[event]
        return event


class Announcer:
    """Passes events on to every host that wants them, while ``running``: wherever the change or the job is carried out.

    Callbacks only note the event, so that a slow host never holds up a write; when too many wait, the newest are
    dropped (each says "look again", nothing more).
    """

    _tasks: TaskGroup
    _note: MemoryObjectSendStream[ServerEvent]

    def __init__(self, app: App) -> None:
        self._app = app
        self.bus = InMemorySubscriptionBus()
        self._hosts: dict[Connection, _Host] = {}
        self._wanted: Counter[str] = Counter()
        self._followed: dict[str, _Followed] = {}

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        self._note, noted = anyio.create_memory_object_stream[ServerEvent](MOST_WAITING)
        async with self._note, noted, anyio.create_task_group() as self._tasks:
            self._app.changes.on_written.append(self._written)
            self._app.registry.on_added.append(self._added)
            self._tasks.start_soon(self._pass_on, noted)
            try:
                yield
            finally:
                self._app.changes.on_written.remove(self._written)
                self._app.registry.on_added.remove(self._added)
                self._tasks.cancel_scope.cancel()

    def tell(self, event: ServerEvent) -> None:
        """Note an event; never waits."""
        try:
            self._note.send_nowait(event)
        except anyio.WouldBlock:
            log.warning("events: too many wait, one was dropped")

    def _written(self, change: str) -> None:
        self.tell(ResourceUpdated(f"devskyy://changes/{change}"))

    def _added(self, pack: Pack) -> None:
        if pack.toolsets:
            self.tell(ToolsListChanged())
        if pack.prompts:
            self.tell(PromptsListChanged())
        if pack.resources:
            self.tell(ResourcesListChanged())

    async def _pass_on(self, noted: MemoryObjectReceiveStream[ServerEvent]) -> None:
        async for event in noted:
            await self.bus.publish(event)
            for host in self._hosts.values():
                host.note(event)

    async def _keep_told(self, connection: Connection, host: _Host) -> None:
        with host.scope:
            while True:
                match await host.next():
                    case ResourceUpdated(uri):
                        await connection.send_resource_updated(uri)
                    case ToolsListChanged():
                        await connection.send_tool_list_changed()
                    case PromptsListChanged():
                        await connection.send_prompt_list_changed()
                    case ResourcesListChanged():
                        await connection.send_resource_list_changed()

    # ---- what hosts have subscribed to ---------------------------------------------------------------------------

    @asynccontextmanager
    async def wanting(self, uris: Collection[str]) -> AsyncGenerator[None]:
        """Somebody wants to hear of these resources while the block runs."""
        self._wanted.update(uris)
        try:
            for uri in uris:
                await self._begin(uri)
            yield
        finally:
            for uri in uris:
                self._leave(uri)

    async def _begin(self, uri: str) -> None:
        """From the return on nothing that happens to the resource is missed."""
        if uri.startswith(CHANGE):
            self._app.changes.news.wanted.set()
        elif uri.startswith(JOB):
            if uri not in self._followed:
                self._followed[uri] = _Followed()
                self._tasks.start_soon(self._follow, uri, self._followed[uri])
            await self._followed[uri].begun.wait()

    def _leave(self, uri: str) -> None:
        self._wanted[uri] -= 1
        if not self._wanted[uri]:
            del self._wanted[uri]
            followed = self._followed.pop(uri, None)
            if followed is not None:
                followed.scope.cancel()
                followed.begun.set()

    async def _follow(self, uri: str, followed: _Followed) -> None:
        events = self._app.road.jobs.events
        with followed.scope:
            while True:
                try:
                    async with events.following(unquote(uri.removeprefix(JOB))) as happening:
                        followed.begun.set()
                        async for _ in happening:
                            self.tell(ResourceUpdated(uri))
                    return
                except Refused as refused:
                    log.warning("events: a job can't be followed now: %s", refused.code)
                    followed.begun.set()
                    await anyio.sleep(TRY_AGAIN)
                    self.tell(ResourceUpdated(uri))  # what happened meanwhile is told as one

    # ---- handshake-era hosts -----------------------------------------------------------------------------------

    def joined(self, ctx: RequestContext) -> set[str]:
        """Take note of a host; forgotten when its connection closes. The resources it subscribed to."""
        connection = connection_of(ctx)
        if connection not in self._hosts:
            self._hosts[connection] = _Host()
            self._tasks.start_soon(self._keep_told, connection, self._hosts[connection])
            connection.exit_stack.callback(self._left, connection)
        return self._hosts[connection].uris

    async def subscribe(self, ctx: RequestContext, uri: str) -> None:
        """Note that a host wants to hear of a resource.

        Raises:
            Refused: TOO_LARGE over 200 per connection.
        """
        uris = self.joined(ctx)
        if uri in uris:
            return
        if len(uris) >= MOST_SUBSCRIPTIONS:
            raise Refused(Code.TOO_LARGE, f"A connection may subscribe to {MOST_SUBSCRIPTIONS} resources.")
        uris.add(uri)
        self._wanted[uri] += 1
        await self._begin(uri)

    def unsubscribe(self, ctx: RequestContext, uri: str) -> None:
        uris = self.joined(ctx)
        if uri in uris:
            uris.remove(uri)
            self._leave(uri)

    def _left(self, connection: Connection) -> None:
        host = self._hosts.pop(connection)
        host.scope.cancel()
        for uri in host.uris:
            self._leave(uri)
