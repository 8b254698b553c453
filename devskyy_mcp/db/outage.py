"""What the log says of a database that is away: one line when it went and one when it is back."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)


class Outage:
    """One per database. ``clock`` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: float | None = None

    def began(self, kind: str) -> None:
        """It did not answer. ``kind`` names the error, nothing of its text."""
        if self._since is None:
            self._since = self._clock()
            log.warning("the database does not answer: %s; calls are refused until it does", kind)

    def over(self) -> None:
        """It has answered."""
        if self._since is not None:
            log.warning("the database answers again, after %.1f s", self._clock() - self._since)
            self._since = None
