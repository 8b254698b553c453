"""How long work waits for a Postgres that does not answer: callers are told within a second, and it is left alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

PATIENCE = 0.7
"""Seconds without a sign of life after which the database counts as away; less than what is above it waits."""
SLICES = 7
AGAIN_AFTER = 1.0
"""Seconds until one connection tries again."""


class Patience:
    """One per engine. ``clock`` counts seconds.

    Taking a connection asks the server for a sign of life: the pool pings it, or it is new. Where none comes, the
    database is away: everybody is refused at once, and every second one tries again.
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
        answers, taken = self._answers, False
        task = asyncio.ensure_future(conn.start())
        try:
            # Others' answers mean that it is only busy: then the pool says when that takes too long.
            while not await _done(task):
                if trying or self._away_until is not None or answers == self._answers:
                    self._away_until = self._clock() + AGAIN_AFTER
                    raise TimeoutError
            task.result()
            taken = True
            self._answered()
        finally:
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


async def _done(task: asyncio.Future[AsyncConnection]) -> bool:
    """Whether it is, at the latest after PATIENCE: in slices, since a time in which this process slept is no wait."""
    for _ in range(SLICES):
        await asyncio.wait({task}, timeout=PATIENCE / SLICES)
        if task.done():
            return True
    return False
