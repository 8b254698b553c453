"""What is shared for a while, in process or through Redis. The driver loads with the first command, not before."""

from __future__ import annotations

from .memory import MemoryCache
from .port import Cache, Count, Rate
from .redis import RedisCache

__all__ = ["Cache", "Count", "MemoryCache", "Rate", "RedisCache", "open_cache"]


def open_cache(url: str | None) -> Cache:
    """The cache behind REDIS_URL; without one, this process's own. Connects to nothing yet."""
    return RedisCache(url) if url else MemoryCache()
