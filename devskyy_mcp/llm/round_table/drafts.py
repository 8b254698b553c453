"""Answers side by side, of drafters and of judges: on once enough have come and the others had their grace."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio

GRACE_SHARE = 0.5
"""Of the time until the quorum: who hangs makes a gathering half as long again, however short it is."""
GRACE = 0.1
"""Seconds of grace at least, for answers that come all but at once."""
GRACE_RESUMED = 2.0
"""The same where an earlier process began: nobody knows how long the quorum took, but longer than this."""
Ask = Callable[[int, str], Awaitable[bool]]
"""Asks the model as number so and so, and keeps what came; whether there is an answer."""
Close = Callable[[Sequence[int]], Awaitable[None]]
"""Writes down that these are late, before they are given up."""


def quorum(number: int) -> int:
    """How many answers are enough of so many."""
    return min(number, max(2, math.ceil(0.6 * number)))


async def unnoted(_numbers: Sequence[int]) -> None:
    """A ``Close`` where nothing is to be written down."""


class Gathering:
    """Answers under way.

    Args:
        models: in the order they are to be asked; the first ``number`` at once, the others when one of them fails or
            the quorum is late.
        number: how many answers are wanted.
        ask: asks one; it must never raise but when it is cancelled.
        close: see ``Close``.
        hedge_s: seconds after which the next in reserve is asked beside the others, while the quorum is not there.
        deadline_s: seconds after which all is over.
        grace: the shortest grace, in seconds.
        last_s: what those left get at least after the first answer, where they are no more than the quorum and nobody
            is in reserve; None to wait for them until the deadline.
    """

    def __init__(
        self,
        models: Sequence[str],
        number: int,
        ask: Ask,
        close: Close,
        *,
        hedge_s: float,
        deadline_s: float,
        grace: float = GRACE,
        last_s: float | None = None,
    ) -> None:
        self._models = list(models)
        self._number = min(number, len(models))
        self._ask = ask
        self._close = close
        self._hedge_s = hedge_s
        self._deadline_s = deadline_s
        self._grace = grace
        self._last_s = last_s
        self._first: float | None = None
        self._next = 0
        self._open: set[int] = set()
        self._answers = 0
        self._news = anyio.Event()

    async def run(self, ended: dict[int, bool]) -> None:
        """Until enough have answered.

        Args:
            ended: drafts that an earlier run has brought to an end: whether there is an answer.
        """
        started = anyio.current_time()
        self._answers = sum(ended.values())
        self._first = started if self._answers else None
        asked = max(self._number, *ended, 0)
        async with anyio.create_task_group() as tasks:
            for number in range(1, asked + 1):
                if number not in ended:
                    self._begin(tasks, number)
            self._next = asked
            failed = sum(not there for there in ended.values()) - (asked - self._number)
            await self._gather(tasks, max(0, failed), started)
            if self._open:
                with anyio.CancelScope(shield=True):
                    await self._close(sorted(self._open))
            tasks.cancel_scope.cancel()

    async def _gather(self, tasks: Any, failed: int, started: float) -> None:
        """Until the quorum and its grace, the deadline, or the end of all.

        Args:
            tasks: takes those in reserve.
            failed: how many came to nothing and nobody was asked in their place.
            started: when.
        """
        until, hedge = started + self._deadline_s, started + self._hedge_s
        while True:
            if self._answers >= quorum(self._number):
                now = anyio.current_time()
                until = min(until, now + max(self._grace, GRACE_SHARE * (now - started)))
                return await self._wait(until, enough=self._number)
            if failed > 0 and self._next < len(self._models):
                failed -= 1
                self._begin(tasks, self._next + 1)
                continue
            if not self._open:
                return None
            before = len(self._open) + self._answers
            if self._last_s is not None and self._first is not None and self._all_needed():
                least = max(self._last_s, self._grace)
                until = min(until, self._first + max(least, GRACE_SHARE * (self._first - started)))
            await self._wait(min(until, hedge))
            failed += before - len(self._open) - self._answers
            now = anyio.current_time()
            if now >= until:
                return None
            if now >= hedge:
                hedge = now + self._hedge_s
                failed += self._next < len(self._models)

    def _all_needed(self) -> bool:
        return self._next >= len(self._models) and len(self._open) + self._answers <= quorum(self._number)

    def _begin(self, tasks: Any, number: int) -> None:
        self._next = max(self._next, number)
        self._open.add(number)
        tasks.start_soon(self._one, number)

    async def _one(self, number: int) -> None:
        there = await self._ask(number, self._models[number - 1])
        self._open.discard(number)
        self._answers += there
        if there and self._first is None:
            self._first = anyio.current_time()
        self._news.set()

    async def _wait(self, until: float, *, enough: int = 0) -> None:
        """For news, or for so many answers or the end of all; until then at most."""
        with anyio.CancelScope(deadline=until):
            while self._open and (not enough or self._answers < enough):
                await self._news.wait()
                self._news = anyio.Event()
                if not enough:
                    return
