"""Changes that other processes on the same database have finished, told in this one as its own are."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import anyio

from ..db.database import Database
from ..db.wake import Wake

log = logging.getLogger(__name__)
FINISHED = "changes"
"""What wake-ups of finished changes are called."""
SECOND = 1_000_000
OVERLAP = 30 * SECOND
"""How far each look goes back behind the one before: a change may become visible later than its time of finishing says,
and the clocks of two servers differ."""
GRACE = SECOND
"""How far the first look goes back: told twice does no harm, not told would."""
AT_MOST_EVERY = 0.1
SAFETY = 5.0


class News:
    """Looks for finished changes from when ``wanted`` is set.

    Args:
        db: the database.
        wake: says when it is worth looking.
        tell: is called with the id of each change that was finished elsewhere, once per time it was finished.
        active: ids that this process is working on; their end is told by whoever carries them out.
    """

    def __init__(self, db: Database, wake: Wake, tell: Callable[[str], None], active: set[str]) -> None:
        self.wanted = anyio.Event()
        self._db = db
        self._wake = wake
        self._tell = tell
        self._active = active
        self._seen: dict[str, int] = {}

    def known(self, change: str) -> None:
        """Note that the change was told just now, by the process's own doing."""
        if self.wanted.is_set():
            self._seen[change] = _now()

    async def run(self) -> None:
        """Wait until somebody wants to know, then tell until cancelled."""
        await self.wanted.wait()
        start = upto = _now()
        with self._wake.watch(FINISHED) as bell:
            while True:
                began = _now()
                try:
                    await self._look(upto - OVERLAP, start - GRACE)
                    upto = began
                except Exception as error:  # the database may be away; whatever it is, the next look tells all
                    log.warning("news of changes wait: %s", type(error).__name__)
                await anyio.sleep(AT_MOST_EVERY)
                await bell.wait(SAFETY)

    async def _look(self, since: int, start: int) -> None:
        from . import store

        async with self._db.read() as conn:
            found = await store.finished_since(conn, since)
        for change, at in found:
            if at > max(start, self._seen.get(change, 0)) and change not in self._active:
                self._seen[change] = at
                self._tell(change)
        self._seen = {change: at for change, at in self._seen.items() if at > since}


def _now() -> int:
    return time.time_ns() // 1000
