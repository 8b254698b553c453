"""Telling hosts that something changed: listen streams in the modern era, notifications in the handshake era."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
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


class Announcer:
    """Passes events on to every host that wants them, while ``running``.

    Callbacks only note the event, so that a slow host never holds up a write; when too many wait, the newest are
    dropped (each says "look again", nothing more).
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self.bus = InMemorySubscriptionBus()
        self._connections: dict[Connection, set[str]] = {}
        self._note: MemoryObjectSendStream[ServerEvent] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        self._note, noted = anyio.create_memory_object_stream[ServerEvent](MOST_WAITING)
        self._app.changes.on_written.append(self._written)
        self._app.registry.on_added.append(self._added)
        try:
            async with self._note, noted, anyio.create_task_group() as tasks:
                tasks.start_soon(self._pass_on, noted)
                yield
                tasks.cancel_scope.cancel()
        finally:
            self._note = None
            self._app.changes.on_written.remove(self._written)
            self._app.registry.on_added.remove(self._added)

    def tell(self, event: ServerEvent) -> None:
        """Note an event; never waits."""
        if self._note is None:
            return
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
            for connection, uris in list(self._connections.items()):
                await self._send(connection, uris, event)

    async def _send(self, connection: Connection, uris: set[str], event: ServerEvent) -> None:
        match event:
            case ResourceUpdated(uri):
                if uri in uris:
                    await connection.send_resource_updated(uri)
            case ToolsListChanged():
                await connection.send_tool_list_changed()
            case PromptsListChanged():
                await connection.send_prompt_list_changed()
            case ResourcesListChanged():
                await connection.send_resource_list_changed()

    # ---- handshake-era hosts -----------------------------------------------------------------------------------

    def joined(self, ctx: RequestContext) -> set[str]:
        """Take note of a host; forgotten when its connection closes. The resources it subscribed to."""
        connection = connection_of(ctx)
        if connection not in self._connections:
            self._connections[connection] = set()
            connection.exit_stack.callback(self._connections.pop, connection, None)
        return self._connections[connection]

    def subscribe(self, ctx: RequestContext, uri: str) -> None:
        """Note that a host wants to hear of a resource.

        Raises:
            Refused: TOO_LARGE over 200 per connection.
        """
        uris = self.joined(ctx)
        if len(uris) >= MOST_SUBSCRIPTIONS:
            raise Refused(Code.TOO_LARGE, f"A connection may subscribe to {MOST_SUBSCRIPTIONS} resources.")
        uris.add(uri)

    def unsubscribe(self, ctx: RequestContext, uri: str) -> None:
        self.joined(ctx).discard(uri)
