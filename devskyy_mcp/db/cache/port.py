"""The cache port: values, limits, messages and locks that the servers of one installation share for a while.

Nothing in it is the only copy of anything, since it may be lost at any moment. While Redis is away no method raises:
values are not found and not kept, messages reach nobody, limits and locks are this process's own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

SECONDS = 1.0
"""A command to Redis may take so long with everything that it needs: a connection, the login, the answer."""
LOOK_EVERY = 0.25
"""How often a subscriber is told to look itself while Redis is away."""


class Rate(NamedTuple):
    """How often events of one key may happen, by GCRA (ITU-T I.371 annex A).

    Args:
        key: whose events.
        rate: events per second on average.
        burst: events at once.
    """

    key: str
    rate: float
    burst: int


class Count(NamedTuple):
    """Where a key stands after an event was counted, or refused.

    Args:
        wait: seconds until the event may happen; 0 when it may now.
        left: events that may still happen at once.
        reset: seconds until the whole burst may happen again.
    """

    wait: float
    left: int
    reset: float


class Cache(Protocol):
    """Keys are short texts, values and messages are bytes, times are seconds."""

    async def get(self, key: str) -> bytes | None:
        """The value; None when there is none, it has expired, or Redis is away."""
        ...

    async def set(self, key: str, value: bytes, ttl: float) -> bool:
        """Keep a value for ``ttl`` seconds, at least a millisecond; whether it is kept."""
        ...

    async def delete(self, key: str) -> bool:
        """Forget a value; False when Redis could not be told, so that it may be read until it expires."""
        ...

    async def hit(self, key: str, rate: float, burst: int) -> float:
        """Count one event of one key: 0 when it may happen, else the seconds to wait. See ``hits``."""
        ...

    async def hits(self, rates: Sequence[Rate]) -> list[Count]:
        """Count one event of several keys at once, in one round trip: all, or, when one must wait, none.

        Returns:
            Where each key stands, in their order.
        """
        ...

    async def publish(self, channel: str, message: bytes) -> None:
        """Send a message to whoever is subscribed now, in any process."""
        ...

    def subscribe(self, channel: str) -> AbstractAsyncContextManager[AsyncIterator[bytes | None]]:
        """The messages from entering the block on, each once and in order, without end.

        None stands for messages that may have been missed: look at the truth again. While Redis is away it comes
        several times a second, so that a reader goes on without wake-ups.
        """
        ...

    async def lock(self, key: str, ttl: float) -> str | None:
        """Take a lock for at most ``ttl`` seconds: a token to give it back with; None at once when it is taken.

        It saves work that is done twice, no more: while Redis is away each process has locks of its own.
        """
        ...

    async def unlock(self, key: str, token: str) -> bool:
        """Give back one's own lock; False when it has expired, whoever has it now."""
        ...

    async def check(self) -> str:
        """What is in use, in words, after asking it.

        Raises:
            Refused: UPSTREAM_UNREACHABLE when Redis is away, NOT_CONFIGURED when REDIS_URL or its rights are wrong.
        """
        ...

    async def aclose(self) -> None:
        """Close connections; a later use opens them again."""
        ...
