"""How often a principal may call: GCRA, one number per key (Turner, ITU-T I.371 annex A).

In process; several processes each keep their own count.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ..errors import Code, Refused

KEYS = 10_000


class Limiter:
    """Args: ``rate`` calls per second on average, ``burst`` at once."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.interval = 1 / rate
        self.tolerance = self.interval * (burst - 1)
        self.clock = clock
        self._arrivals: dict[str, float] = {}

    def hit(self, key: str) -> None:
        """Count one call.

        Raises:
            Refused: RATE_LIMITED with the seconds to wait.
        """
        at = self.clock()
        arrival = max(self._arrivals.get(key, at), at)
        if arrival - at > self.tolerance:
            wait = round(arrival - at - self.tolerance, 3)
            raise Refused(
                Code.RATE_LIMITED,
                "Too many calls in a short time.",
                f"Wait {wait} s before the next call.",
                retry_after=wait,
            )
        if len(self._arrivals) >= KEYS:
            self._arrivals = {name: value for name, value in self._arrivals.items() if value > at}
        self._arrivals[key] = arrival + self.interval
