"""Whether what carries a call (a grant, a key, a session) still stands, and the most that it allows now.

It is looked up at most every five seconds. While the database is away, what was known for at most a minute goes on
for reading; writing then waits until it can be looked up again.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from ..errors import Refused, unconfirmed

T = TypeVar("T")

Kind = Literal["grant", "key", "session"]
Most = frozenset[str]
Lookup = Callable[[str], Awaitable[Most | None]]
"""The most that the access of this id allows now; None when it has ended."""

FRESH = 5.0
SNAPSHOT = 60.0
PATIENCE = 0.8
"""Seconds that a lookup may take before the snapshot counts: every answer comes within a second."""
MOST_KNOWN = 20_000


@dataclass(frozen=True, slots=True)
class Standing:
    """The most that an access allows; ``confirmed`` is False for a snapshot while the database is away."""

    most: Most
    confirmed: bool = True


@dataclass(slots=True)
class _Seen:
    standing: Standing
    at: float


class Standings:
    """One per process. ``clock`` counts seconds; ``on_ended`` is told the id of an access that has ended."""

    def __init__(self, lookups: Mapping[Kind, Lookup], clock: Callable[[], float] = time.monotonic) -> None:
        self._lookups = lookups
        self._clock = clock
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Standing | None]] = {}
        self._away_until = 0.0
        self.on_ended: list[Callable[[str], None]] = []

    def recent(self, sid: str) -> Standing | None:
        """What is known for less than five seconds."""
        seen = self._seen.get(sid)
        return seen.standing if seen is not None and self._clock() - seen.at < FRESH else None

    async def of(self, kind: Kind, sid: str) -> Standing | None:
        """What the access is worth; None when it has ended.

        Raises:
            Unconfirmed: when nothing is known of it and the database does not answer.
        """
        found = self.recent(sid)
        if found is not None:
            return found
        task = self._asking.get(sid)
        if task is None:
            if self._clock() < self._away_until:
                return self._snapshot(sid)
            task = self._asking[sid] = asyncio.create_task(self._look(kind, sid))
            task.add_done_callback(lambda done: (self._asking.pop(sid, None), _taken_note(done)))
        # Not cancelled when it is late: a frozen database keeps its connection until the driver gives it up.
        await asyncio.wait({task}, timeout=PATIENCE)
        if task.done() and not task.cancelled() and task.exception() is None:
            return task.result()
        self._away_until = self._clock() + 1
        return self._snapshot(sid)

    async def _look(self, kind: Kind, sid: str) -> Standing | None:
        asked_at = self._clock()
        most = await self._lookups[kind](sid)
        self._away_until = 0.0
        if most is None:
            self.end(sid)
            return None
        standing = Standing(most)
        seen = self._seen.get(sid)
        if seen is not None and seen.standing == standing:
            standing = seen.standing  # the same object: what was made from it stays good
        self._seen[sid] = _Seen(standing, asked_at)
        self._seen.move_to_end(sid)
        while len(self._seen) > MOST_KNOWN:
            self._seen.popitem(last=False)
        return standing

    def _snapshot(self, sid: str) -> Standing:
        seen = self._seen.get(sid)
        if seen is None or self._clock() - seen.at > SNAPSHOT:
            raise unconfirmed()
        return Standing(seen.standing.most, confirmed=False)

    def end(self, sid: str) -> None:
        """Forget an access that has ended, and tell whoever goes on with it."""
        self._seen.pop(sid, None)
        for told in list(self.on_ended):
            told(sid)

    def doubt(self) -> None:
        """Look everything up anew at its next use, as when a person was changed in this process."""
        for seen in self._seen.values():
            seen.at = min(seen.at, self._clock() - FRESH)


async def soon(work: Coroutine[Any, Any, T]) -> T:
    """What the work gives, if that comes within a moment; work on a database that is frozen goes on by itself.

    Raises:
        Unconfirmed: when it does not, or the database refuses.
    """
    task = asyncio.create_task(work)
    await asyncio.wait({task}, timeout=PATIENCE)
    if not task.done():
        task.add_done_callback(_taken_note)
        raise unconfirmed()
    try:
        return task.result()
    except Refused as refused:
        if type(refused).__name__ == "DatabaseRefused":  # its module would load SQLAlchemy
            raise unconfirmed() from None
        raise


def _taken_note(done: asyncio.Task[Any]) -> None:
    if not done.cancelled():
        done.exception()
