"""uvicorn's HTTP/1.1 with what it lacks: one write for an answer's head and body, an end to senders that drip and
readers that don't read, and room for new connections while others hold all there is.

uvicorn writes head and body apart, and a server that is killed between them has promised a body that nobody can send
any more; a load balancer can't ask another server then, since the client has the head. And it waits for the rest of a
head or a body without an end: some hundred connections that send a byte now and then would hold it (slowloris). Beyond
its most connections it answers 503 to all, whoever holds them: so before that, those that have asked nothing yet make
room, the oldest first.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from operator import attrgetter
from typing import Any, ClassVar, cast
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

HEAD_SECONDS = 10.0
"""A request's head may take so long, from the connection's start or the head's first byte."""
IDLE_SECONDS = 10.0
"""A body may pause so long."""
SLOWEST = 4096
"""Bytes of a body per second on average, once IDLE_SECONDS have passed."""
UNREAD_SECONDS = 30.0
"""Without taking anything of what waits for it a caller stays so long; what the system's own buffers hold is taken."""
LOOK_EVERY = 2.0
MOST_OF_ONE = 250
"""Connections of one address, where no proxy stands in between."""
ROOM = 0.4
"""Of the most connections; from there on, idle ones are closed for new ones, while there is room for a rush."""
CLOSED_AT_ONCE = 50
"""Looking which ones costs as much for one as for many."""


class Together:
    """A transport that sends what is written within one turn of the event loop at once."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._waiting: list[bytes] = []
        self._written = 0

    def write(self, data: bytes) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """A WebSocket takes the connection over."""
        self._flush()
        self._transport.set_protocol(protocol)

    def sent(self) -> int | None:
        """Bytes that the other side has taken so far, or the system for it; None when nothing waits."""
        waiting = self._transport.get_write_buffer_size()
        return self._written - waiting if waiting else None

    def _flush(self) -> None:
        if self._waiting:
            waiting, self._waiting = b"".join(self._waiting), []
            self._written += len(waiting)
            self._transport.write(waiting)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Protocol(H11Protocol):
    """uvicorn's HTTP/1.1 over such a transport; who drips, or does not read, is cut off."""

    _look: asyncio.TimerHandle | None = None
    _peer = ""
    since = 0.0
    """When what is being received began: the connection, a head, or a body."""
    _heard = 0.0
    _bytes = 0
    answered = False
    _sent: int | None = None
    _sent_at = 0.0
    """When the other side was last seen to have taken something, or to have nothing to take."""
    _servers: ClassVar[WeakKeyDictionary[ServerState, Counter[str]]] = WeakKeyDictionary()
    """Each server's connections by the address of the other end."""

    @property
    def _answering(self) -> RequestResponseCycle | None:
        """The request that is being answered; None before the first and between two."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle if cycle is not None and not cycle.response_complete else None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] # as uvicorn has it
        super().connection_made(cast("asyncio.Transport", Together(transport)))
        self.since = self._heard = self._sent_at = self.loop.time()
        self._look = self.loop.call_later(LOOK_EVERY, self._look_after)
        self._take_in()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_looking()
        self._leave()
        super().connection_lost(exc)

    def _take_in(self) -> None:
        """Count the connection, close it where its address has too many, and make room for those that follow."""
        self._peer = self.client[0] if self.client else ""
        self._of_peer[self._peer] += 1
        if self._of_peer[self._peer] > MOST_OF_ONE and not self.config.proxy_headers:
            self.transport.close()
        elif self.limit_concurrency is not None and len(self.connections) > ROOM * self.limit_concurrency:
            self._make_room(int(ROOM * self.limit_concurrency))

    def _make_room(self, most: int) -> None:
        held = [one for one in self.connections if isinstance(one, Protocol) and not one.transport.is_closing()]
        if len(held) > most:
            idle = sorted((one for one in held if one.asks_nothing), key=attrgetter("answered", "since"))
            for one in idle[: min(len(held) - most + CLOSED_AT_ONCE, len(idle) // 2)]:
                one.transport.close()

    def _leave(self) -> None:
        self._of_peer[self._peer] -= 1
        if not self._of_peer[self._peer]:
            del self._of_peer[self._peer]

    @property
    def _of_peer(self) -> Counter[str]:
        return self._servers.setdefault(self.server_state, Counter())

    @property
    def asks_nothing(self) -> bool:
        """Whether no whole request is here that would be lost."""
        cycle = self._answering
        return cycle is None or (cycle.more_body and not cycle.response_started)

    def handle_websocket_upgrade(self, event: Any) -> None:
        self._stop_looking()
        self._leave()  # WebSockets are counted by their principals
        super().handle_websocket_upgrade(event)

    def data_received(self, data: bytes) -> None:
        now, cycle = self.loop.time(), self._answering
        if not self._bytes and cycle is None:  # the first bytes of another head
            self.since = now
        self._heard = now
        self._bytes += len(data)
        super().data_received(data)
        if self._answering is not cycle:  # a head is whole
            self.since, self._bytes = now, 0

    def on_response_complete(self) -> None:
        self.since, self._bytes, self.answered = self.loop.time(), 0, True
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Say so, unless an answer is under way: behind a broken rest of a request nothing can be said any more."""
        cycle = self._answering
        if cycle is None:
            super().send_400_response(msg)
            return
        cycle.disconnected = True
        cycle.message_event.set()
        self.transport.close()

    def _stop_looking(self) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _look_after(self) -> None:
        now = self.loop.time()
        if self._is_unread(now):
            self.transport.abort()  # closing would wait until the rest is read
            return
        if self._drips(now):
            self.transport.close()
            return
        self._look = self.loop.call_later(LOOK_EVERY, self._look_after)

    def _is_unread(self, now: float) -> bool:
        sent = cast("Together", self.transport).sent()
        if sent is None or sent != self._sent:
            self._sent, self._sent_at = sent, now
        return now - self._sent_at > UNREAD_SECONDS

    def _drips(self, now: float) -> bool:
        spent, cycle = now - self.since, self._answering
        if cycle is None:
            # Between requests uvicorn's own timeout_keep_alive counts, which the first byte of a head ends.
            return (not self.answered or self._bytes > 0) and spent > HEAD_SECONDS
        if not cycle.more_body or self.flow.read_paused:  # all is here, or it is we who don't read
            return False
        return now - self._heard > IDLE_SECONDS or (spent > IDLE_SECONDS and self._bytes < SLOWEST * spent)
