"""People for tests: a clock that stands still, and passwords that are known."""

from __future__ import annotations

import time

PASSWORD = "four words nobody guesses"


class Clock:
    """Microseconds since the epoch, moved by hand."""

    def __init__(self) -> None:
        self.now = time.time_ns() // 1000

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += int(seconds * 1e6)
