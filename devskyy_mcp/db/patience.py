"""How long work waits for a Postgres that does not answer: callers are told within a second, and it is left alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

PATIENCE = 0.7
"""Seconds without a sign of life after which the database counts as away; less than what is above it waits."""
SLICES = 7
AGAIN_AFTER = 1.0
"""Seconds until one connection tries again."""


_heard: ContextVar[asyncio.Event | None] = ContextVar("heard", default=None)


async def connect(*args: Any, **named: Any) -> Any:
    """Connect as asyncpg does, and tell whoever waits for the connection that the server has spoken."""
    import asyncpg  # pyright: ignore[reportMissingTypeStubs]

    made = await asyncpg.connect(*args, **named)
    if (heard := _heard.get()) is not None:
        heard.set()
    return made


class Patience:
    """One per engine. ``clock`` counts seconds.

    Taking a connection asks the server for a sign of life: the pool pings it, or it is new. Where none comes, the
    database is away: everybody is refused at once, and every second one tries again. A new connection is set up in
    several round trips; once it stands the server is only slow, and the driver bounds the rest.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._away_until: float | None = None  # None while it answers
        self._trying = False
        self._answers = 0
        self._late: set[asyncio.Task[None]] = set()

    async def start(self, conn: AsyncConnection) -> None:
        """Start the connection.

        Raises:
            TimeoutError: while the database is away. What the driver then still waits for goes on by itself (asyncpg
                can't be cancelled while its server is silent), and into the pool.
        """
        trying = self._away_until is not None
        if self._away_until is not None and (self._trying or self._clock() < self._away_until):
            raise TimeoutError
        self._trying = trying
        answers, taken, heard = self._answers, False, asyncio.Event()
        token = _heard.set(heard)
        task = asyncio.ensure_future(conn.start())
        _heard.reset(token)
        hearing = asyncio.create_task(heard.wait())
        try:
            # Others' answers mean that it is only busy: then the pool says when that takes too long.
            while not await _done({task, hearing}):
                if trying or self._away_until is not None or answers == self._answers:
                    self._away_until = self._clock() + AGAIN_AFTER
                    raise TimeoutError
            await asyncio.shield(task)
            taken = True
            self._answered()
        finally:
            hearing.cancel()
            if trying:
                self._trying = False
            if not taken:
                late = asyncio.create_task(self._give_back(task, conn))
                self._late.add(late)
                late.add_done_callback(self._late.discard)

    def _answered(self) -> None:
        self._answers += 1
        self._away_until = None

    async def _give_back(self, task: asyncio.Future[AsyncConnection], conn: AsyncConnection) -> None:
        with suppress(Exception):  # whoever asked was told, and the pool has dropped it
            await task
            self._answered()
            await conn.close()


class Opening:
    """One try to open, which goes on by itself: whoever asks waits for it only while the database is heard of.

    ``work`` gets a function to call at the first sign of life; from then on it may take long (it migrates).
    """

    def __init__(self, work: Callable[[Callable[[], None]], Coroutine[None, None, None]]) -> None:
        self._heard = asyncio.Event()
        self._away = False
        self._task = asyncio.create_task(work(self._heard.set))
        self._task.add_done_callback(_taken_note_of)

    @property
    def ended(self) -> bool:
        return self._task.done()

    async def wait(self) -> None:
        """Wait until it is open.

        Raises:
            TimeoutError: when the database gives no sign of life; at once for whoever comes after that was found out.
            Exception: what went wrong with it.
        """
        if not self._away and not self._heard.is_set():
            hearing = asyncio.create_task(self._heard.wait())
            try:
                self._away = not await _done({hearing, self._task})
            finally:
                hearing.cancel()
        if self._away and not self._heard.is_set() and not self.ended:
            raise TimeoutError
        await asyncio.shield(self._task)

    async def end(self) -> None:
        """Wait until it has ended, well or not: the driver's own time limits see to that."""
        await asyncio.wait({self._task})


def _taken_note_of(task: asyncio.Task[None]) -> None:
    """Whoever asked has been told, also of what went wrong only after they went."""
    if not task.cancelled():
        task.exception()


async def _done(futures: set[asyncio.Future[Any]] | set[asyncio.Task[Any]]) -> bool:
    """Whether one of them is, at the latest after PATIENCE: in slices, since a time in which this process slept is no
    wait.
    """
    for _ in range(SLICES):
        done, _ = await asyncio.wait(futures, timeout=PATIENCE / SLICES, return_when=asyncio.FIRST_COMPLETED)
        if done:
            return True
    return False
