"""How often a principal may call."""

from __future__ import annotations

from ..db.cache import Cache, MemoryCache
from ..errors import Code, Refused


class Limiter:
    """Args: ``rate`` calls per second on average, ``burst`` at once; ``cache`` counts, by default in this process.

    ``name`` tells apart the limiters on one cache.
    """

    def __init__(self, rate: float, burst: int, cache: Cache | None = None, name: str = "calls") -> None:
        self.rate = rate
        self.burst = burst
        self.cache = cache or MemoryCache()
        self.name = name

    async def hit(self, key: str) -> None:
        """Count one call.

        Raises:
            Refused: RATE_LIMITED with the seconds to wait.
        """
        wait = await self.cache.hit(f"{self.name}:{key}", self.rate, self.burst)
        if wait:
            wait = max(round(wait, 3), 0.001)
            raise Refused(
                Code.RATE_LIMITED,
                "Too many calls in a short time.",
                f"Wait {wait} s before the next call.",
                retry_after=wait,
            )
