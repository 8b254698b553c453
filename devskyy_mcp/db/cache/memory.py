"""The cache port in one process."""

from __future__ import annotations

import heapq
import secrets
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager

import anyio

from .port import Count, Rate

KEYS = 10_000
"""Values, locks or counted keys that are kept; then the oldest go."""
WAITING = 1000
"""Messages that wait for a slow subscriber; then it is told that it missed some."""


class MemoryCache:
    """Values, limits, messages and locks of this process alone. ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._values: dict[str, tuple[float, bytes]] = {}
        self._locks: dict[str, tuple[float, str]] = {}
        self._arrivals: dict[str, float] = {}
        self._mailboxes: dict[str, set[_Mailbox]] = {}

    async def get(self, key: str) -> bytes | None:
        until, value = self._values.get(key, (0.0, None))
        return value if until > self.clock() else None

    async def set(self, key: str, value: bytes, ttl: float) -> bool:
        at = self.clock()
        self._values.pop(key, None)  # so that the oldest are in front
        if len(self._values) >= KEYS:
            self._values = {name: kept for name, kept in self._values.items() if kept[0] > at}
            while len(self._values) >= KEYS:
                del self._values[next(iter(self._values))]
        self._values[key] = (at + ttl, value)
        return True

    async def delete(self, key: str) -> bool:
        self._values.pop(key, None)
        return True

    async def hit(self, key: str, rate: float, burst: int) -> float:
        return self.count((Rate(key, rate, burst),))[0].wait

    async def hits(self, rates: Sequence[Rate]) -> list[Count]:
        return self.count(rates)

    def count(self, rates: Sequence[Rate]) -> list[Count]:
        """``hits`` without waiting."""
        at, arrivals, open_ = self.clock(), self._arrivals, True
        ahead: list[float] = []
        for key, rate, burst in rates:
            # Further ahead than a full burst: the limit was another one before.
            mine = arrivals.get(key, at) - at
            mine = 0.0 if mine <= 0 else min(mine, burst / rate)
            ahead.append(mine)
            open_ = open_ and mine <= (burst - 1) / rate
        if open_ and len(arrivals) + len(rates) > KEYS:
            self._forget(at)
        counts: list[Count] = []
        for mine, (key, rate, burst) in zip(ahead, rates, strict=True):
            wait = max(mine - (burst - 1) / rate, 0.0)
            if open_:
                mine += 1 / rate
                arrivals[key] = at + mine
            elif key in arrivals:
                arrivals[key] = at + mine
            counts.append(Count(wait, max(int(burst - mine * rate + 1e-9), 0), mine))
        return counts

    def _forget(self, at: float) -> None:
        """Make room: first of what is whole again, then of what is the nearest to it, half at a time."""
        self._arrivals = {key: value for key, value in self._arrivals.items() if value > at}
        if len(self._arrivals) > KEYS // 2:
            kept = heapq.nlargest(KEYS // 2, self._arrivals.items(), key=lambda item: item[1])
            self._arrivals = dict(kept)

    async def publish(self, channel: str, message: bytes) -> None:
        for mailbox in self._mailboxes.get(channel, ()):
            mailbox.put(message)

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncGenerator[AsyncIterator[bytes | None]]:
        with self._mailbox(channel) as mailbox:
            yield mailbox

    @contextmanager
    def _mailbox(self, channel: str) -> Generator[_Mailbox]:
        mailbox = _Mailbox()
        mailboxes = self._mailboxes.setdefault(channel, set())
        mailboxes.add(mailbox)
        try:
            yield mailbox
        finally:
            mailboxes.discard(mailbox)
            if not mailboxes:
                self._mailboxes.pop(channel, None)

    async def lock(self, key: str, ttl: float) -> str | None:
        at = self.clock()
        if self._locks.get(key, (0.0, ""))[0] > at:
            return None
        if len(self._locks) >= KEYS:
            self._locks = {name: held for name, held in self._locks.items() if held[0] > at}
        token = secrets.token_hex(16)
        self._locks[key] = (at + ttl, token)
        return token

    async def unlock(self, key: str, token: str) -> bool:
        until, holder = self._locks.get(key, (0.0, ""))
        if until <= self.clock() or holder != token:
            return False
        del self._locks[key]
        return True

    async def check(self) -> str:
        return "in process, this server only"

    async def aclose(self) -> None:
        """Nothing is open."""


class _Mailbox(AsyncIterator[bytes | None]):
    """What one subscriber has not read yet."""

    def __init__(self) -> None:
        self._waiting: deque[bytes | None] = deque()
        self._new = anyio.Event()

    def put(self, message: bytes) -> None:
        if len(self._waiting) >= WAITING:
            self._waiting.clear()
            self._waiting.append(None)
        self._waiting.append(message)
        self._new.set()

    async def __anext__(self) -> bytes | None:
        while not self._waiting:
            self._new = anyio.Event()
            await self._new.wait()
        return self._waiting.popleft()
