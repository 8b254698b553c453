"""What counting a call against all its limits costs: in this process, and through a real Valkey beside a bare PING."""

from __future__ import annotations

from devskyy_mcp.db.cache import open_cache
from devskyy_mcp.db.cache.driver import Driver
from devskyy_mcp.db.cache.redis import RedisCache
from devskyy_mcp.guard.limits import CallLimits
from tests.fakes.valkey import Valkey

from .measure import Row, cpu, nothing, wall

NEVER = 1e9
WHO, TOOL = "user:0123456789ab", "woo_products_update"
SHARED = 500


async def counted(limits: CallLimits) -> None:
    """All that a writing call goes through: the principal's limit, the tool's, and how many are under way."""
    (await limits.hit(WHO, TOOL, "write")).enforce()
    with limits.running(WHO):
        pass


async def run() -> list[Row]:
    """The figures of this file's subject."""
    own = CallLimits(NEVER, 10**9)

    async def read() -> None:
        (await own.hit(WHO)).enforce()
        with own.running(WHO):
            pass

    async def told() -> None:
        assert (await own.hit(WHO, TOOL, "write")).headers

    found = await cpu({"write": lambda: counted(own), "read": read, "told": told, "nothing": nothing}, 5000)
    spent = found.us("write")
    return [
        Row("counting a call that writes against all its limits", f"{spent:.1f} µs", "≤ 5 µs", spent <= 5),
        Row("the same of a read", f"{found.us('read'):.1f} µs", "≤ 5 µs", found.us("read") <= 5),
        Row("the same of a write, with the RateLimit headers", f"{found.us('told'):.1f} µs", "", None),
        *await _shared(),
    ]


async def _shared() -> list[Row]:
    server = Valkey()
    server.start()
    cache = open_cache(server.url)
    assert isinstance(cache, RedisCache)
    driver: Driver = await cache._connect()  # pyright: ignore[reportPrivateUsage] # a PING on the same connections
    try:
        limits = CallLimits(NEVER, 10**9, cache)
        await counted(limits)  # the server learns the script
        before = await _requests(driver)
        for _ in range(SHARED):
            await counted(limits)
        trips = (await _requests(driver) - before - 1) / SHARED  # the question itself is one
        found = await wall({"all limits": lambda: counted(limits), "PING": driver.client.ping}, SHARED)
    finally:
        await cache.aclose()
        server.close()
    return [
        Row("round trips to Valkey for all limits of a call", f"{trips:.2f}", "1", trips == 1),
        Row("all limits of a call in Valkey beside a bare PING", found.beside("all limits", "PING"), "", None),
    ]


async def _requests(driver: Driver) -> int:
    """How often the server has read something from a connection: once for each command of who waits for answers."""
    return int((await driver.client.info("stats"))["total_reads_processed"])
