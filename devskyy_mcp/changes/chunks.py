"""The chunks of a big set, read from the journal window by window, and the patience with a system that is away."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import anyio

from . import pages
from .model import Op, refs

if TYPE_CHECKING:
    from ..db.database import Database

PATIENCE = 1800.0
"""Seconds without one answer after which a job gives the rest of its set up."""
PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Chunks:
    """Gives out what is staged once, in the plan's order; what needs an object that is not made yet is passed over.

    Args:
        db: where the journal is.
        change: the set's id.
        groups: splits operations into chunks.
        window: operations read at once.
    """

    def __init__(
        self, db: Database, change: str, groups: Callable[[Sequence[Op]], list[list[Op]]], window: int
    ) -> None:
        self.db = db
        self.change = change
        self.groups = groups
        self.window = window
        self.taken = 0
        self._after = 0
        self._queue: deque[list[Op]] = deque()
        self._turn = anyio.Lock()

    async def next(self) -> list[Op] | None:
        """The next chunk; None when there is none left."""
        async with self._turn:
            while not self._queue:
                async with self.db.read() as conn:
                    found = await pages.of_states(conn, self.change, ["staged"], after=self._after, limit=self.window)
                if not found:
                    return None
                self._after = found[-1].op.seq
                self._queue.extend(self.groups([item.op for item in found if not refs(item.op)]))
            self.taken += len(self._queue[0])
            return self._queue.popleft()


class Patience:
    """Waits for a system that can't be reached, longer each time, and gives up in the end.

    Args:
        stopping: set when nothing more is to be sent; set by this when it gives up.
    """

    def __init__(self, stopping: anyio.Event) -> None:
        self.stopping = stopping
        self.gave_up: dict[str, Any] | None = None
        self._since: float | None = None
        self._times = 0

    async def wait(self, error: Mapping[str, Any], *, worth_it: bool = True) -> None:
        """Pause after ``error``, as long as the system asks if it does; not at all when waiting can't help."""
        at = anyio.current_time()
        self._since = at if self._since is None else self._since
        if not worth_it or at - self._since > PATIENCE:
            self.gave_up = dict(error)
            self.stopping.set()
            return
        pause = max(PAUSES[min(self._times, len(PAUSES) - 1)], float(error.get("retry_after") or 0))
        self._times += 1
        with anyio.move_on_after(min(pause, PATIENCE)):
            await self.stopping.wait()

    def over(self) -> None:
        """It answers again."""
        self._since, self._times = None, 0
