"""A circuit breaker: a server that does not answer is left alone for a while instead of being waited for again."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

PROBE_PAUSE = 1.0  # seconds told to callers who arrive while another call is trying the server out


class Breaker:
    """Closed until calls fail in a row or too often, then open for a while, then one call tries it out.

    A call asks ``wait()``; when that is 0 it takes a ticket by ``enter()`` and hands it back by ``leave()``.
    Tickets from before the last change of state count for nothing, so a storm of late failures opens it once.

    Args:
        in_a_row: so many failures one after another open it.
        window: so many last calls are looked at; half of them failed opens it.
        first_pause: seconds it stays open the first time; doubled each time the probe fails.
        longest_pause: seconds it stays open at most.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        *,
        in_a_row: int = 5,
        window: int = 20,
        first_pause: float = 5.0,
        longest_pause: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._in_a_row = in_a_row
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._clock = clock
        self._results: deque[bool] = deque(maxlen=window)
        self._row = 0
        self._times_opened = 0
        self._open_until: float | None = None
        self._probing = False
        self._era = 0

    @property
    def is_open(self) -> bool:
        return self._open_until is not None

    def wait(self) -> float:
        """Seconds until a call may be tried; 0 means now."""
        if self._open_until is None:
            return 0.0
        left = self._open_until - self._clock()
        if left > 0:
            return left
        return PROBE_PAUSE if self._probing else 0.0

    def enter(self) -> int:
        """Begin a call that ``wait()`` has let through; the ticket goes to ``leave()``."""
        self._probing = self.is_open
        return self._era

    def leave(self, ticket: int, answered: bool | None) -> None:
        """End a call: answered, not answered, or None when it was given up for a reason of our own."""
        if ticket != self._era:
            return
        if self.is_open:
            self._probing = False
            if answered is not None:
                self._close() if answered else self._open()
        elif answered is not None:
            self._results.append(answered)
            self._row = 0 if answered else self._row + 1
            if self._row >= self._in_a_row or self._half_failed():
                self._open()

    def _half_failed(self) -> bool:
        return len(self._results) == self._results.maxlen and self._results.count(False) * 2 >= len(self._results)

    def _open(self) -> None:
        self._open_until = self._clock() + min(self._first_pause * 2**self._times_opened, self._longest_pause)
        self._times_opened += 1
        self._begin_era()

    def _close(self) -> None:
        self._open_until = None
        self._times_opened = 0
        self._begin_era()

    def _begin_era(self) -> None:
        self._era += 1
        self._row = 0
        self._results.clear()
