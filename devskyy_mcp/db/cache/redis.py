"""The cache port through Redis (or Valkey), and what happens while it is away.

A Redis that does not answer is left alone for a second, then one call tries it; the others don't wait for that.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import anyio
from anyio import to_thread

from devskyy_mcp.errors import Refused

from .address import parse_address
from .memory import MemoryCache
from .port import LOOK_EVERY, SECONDS, Count, Rate

if TYPE_CHECKING:
    from devskyy_mcp.db.wake import Bells

    from .driver import Driver

log = logging.getLogger(__name__)
PREFIX = "devskyy:"
PAUSE = 1.0
LONGEST = 1e12  # microseconds between two events; Lua's numbers are exact up to 9e15
CHECK_SECONDS = 0.8  # less than /health waits, so that it says why


class RedisCache:
    """Values, limits, messages and locks of all processes with the same Redis. It also carries wake-ups (Relay).

    Args:
        url: REDIS_URL. One that can't be read is like a Redis that is away; ``check`` says so.
        clock: seconds.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._own = MemoryCache(clock)
        self._driver: Driver | None = None
        self._away: Refused | None = None
        self._try_at = 0.0
        self._era: int = 0

    async def get(self, key: str) -> bytes | None:
        try:
            return await self._ask(lambda driver: driver.client.get(f"{PREFIX}value:{key}"))
        except Refused:
            return None

    async def set(self, key: str, value: bytes, ttl: float) -> bool:
        try:
            await self._ask(lambda driver: driver.client.set(f"{PREFIX}value:{key}", value, px=_milliseconds(ttl)))
        except Refused:
            return False
        return True

    async def delete(self, key: str) -> bool:
        try:
            await self._ask(lambda driver: driver.client.delete(f"{PREFIX}value:{key}"))
        except Refused:
            return False
        return True

    async def hit(self, key: str, rate: float, burst: int) -> float:
        return (await self.hits((Rate(key, rate, burst),)))[0].wait

    async def hits(self, rates: Sequence[Rate]) -> list[Count]:
        try:
            return await self._ask(lambda driver: _count(driver, "limit:", rates))
        except Refused:
            return self._own.count(rates)

    async def publish(self, channel: str, message: bytes) -> None:
        try:
            await self._ask(lambda driver: driver.client.publish(f"{PREFIX}{channel}", message))
        except Refused:
            return

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncGenerator[AsyncIterator[bytes | None]]:
        try:
            subscription = (await self._connect()).subscription(f"{PREFIX}{channel}")
        except Refused:
            yield _Nothing()
            return
        try:
            await subscription.join()
            yield subscription
        finally:
            await subscription.aclose()

    async def messages(self, channel: str, ring: Bells) -> None:
        """Ring for each message, and for all when some may have been missed; never ends."""
        async with self.subscribe(channel) as messages:
            ring.ring_all()  # what was said before it listened
            async for message in messages:
                if message is None:
                    ring.ring_all()
                else:
                    ring.ring(message.decode(errors="replace"))

    async def lock(self, key: str, ttl: float) -> str | None:
        token = secrets.token_hex(16)
        try:
            taken = await self._ask(
                lambda driver: driver.client.set(f"{PREFIX}lock:{key}", token, px=_milliseconds(ttl), nx=True)
            )
        except Refused:
            return await self._own.lock(key, ttl)
        return token if taken else None

    async def unlock(self, key: str, token: str) -> bool:
        if await self._own.unlock(key, token):  # taken while Redis was away
            return True
        try:
            return bool(await self._ask(lambda driver: driver.unlock([f"{PREFIX}lock:{key}"], [token])))
        except Refused:
            return False

    async def check(self) -> str:
        # Not PING: a Redis that is full or lets this user run no script answers that too.
        await self._ask(_use, CHECK_SECONDS, at_once=True)
        return "redis: ok"

    async def aclose(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            await driver.aclose()

    async def _connect(self) -> Driver:
        if self._driver is None:
            address = parse_address(self._url)
            module = await to_thread.run_sync(import_module, f"{__package__}.driver")  # half a second
            self._driver = self._driver or module.Driver(address)
        return cast("Driver", self._driver)

    async def _ask(
        self, command: Callable[[Driver], Awaitable[Any]], seconds: float = SECONDS, *, at_once: bool = False
    ) -> Any:
        """What Redis answers; ``at_once`` also while it is left alone.

        Raises:
            Refused: it is away, and in words why.
        """
        if self._away is not None:
            if self._clock() < self._try_at and not at_once:
                raise self._away
            self._try_at = self._clock() + seconds + PAUSE  # meanwhile nobody else tries
        era = self._era
        try:
            driver = await self._connect()
            answer = await driver.run(command(driver), seconds)
        except Refused as refused:
            self._lost(refused, era)
            raise
        self._answered(era)
        return answer

    def _lost(self, refused: Refused, era: int) -> None:
        if era != self._era:
            return  # it began before the last change: what came since is newer
        if self._away is None or self._away.code is not refused.code:
            log.warning("%s Limits are counted per process until it is back.", refused.message)
        if self._away is None:
            self._era += 1
        self._away, self._try_at = refused, self._clock() + PAUSE

    def _answered(self, era: int) -> None:
        if self._away is not None and era == self._era:
            log.warning("Redis is back; limits are shared again.")
            self._away = None
            self._era += 1


class _Nothing(AsyncIterator[bytes | None]):
    """The messages of a Redis whose address can't be read."""

    async def __anext__(self) -> None:
        await anyio.sleep(LOOK_EVERY)


async def _use(driver: Driver) -> None:
    await _count(driver, "", (Rate("check", 1000, 1000),))
    await driver.check_whole()


async def _count(driver: Driver, kind: str, rates: Sequence[Rate]) -> list[Count]:
    keys: list[str] = []
    numbers: list[int] = []
    for key, rate, burst in rates:
        interval = max(round(min(1_000_000 / rate, LONGEST)), 1)
        keys.append(f"{PREFIX}{kind}{key}")
        numbers += interval, interval * (burst - 1)
    answer: list[int] = await driver.hit(keys, numbers)
    counts: list[Count] = []
    for at in range(0, len(numbers), 2):
        interval, tolerance = numbers[at : at + 2]
        wait, ahead = int(answer[at]), int(answer[at + 1])
        counts.append(Count(wait / 1e6, max((tolerance + interval - ahead) // interval, 0), ahead / 1e6))
    return counts


def _milliseconds(seconds: float) -> int:
    return max(round(seconds * 1000), 1)
