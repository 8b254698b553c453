"""How often somebody may call: each principal, each principal with each writing tool, each address without a principal.

All layers of a call are counted in one step, and together or not at all.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import NamedTuple

from ..capability import Effect
from ..db.cache import Cache, Count, MemoryCache, Rate
from ..errors import Code, Refused

ALLOWANCE = "devskyy.allowance"
"""Where an ASGI scope has what the limits still allow its caller."""
ADDRESSES = 10_000
"""Addresses that are kept as refused; then all are asked about anew."""
KEPT = 4096
"""Limits that are kept made up, of principals and tools."""
AT_A_TIME = 2
TURN_SECONDS = 0.05
"""So many requests or calls of one principal begin at a time; after so long the next begins, whether they have ended or
not."""
REQUESTS_EACH = 5
"""Requests of any kind for each call that a principal may make, 100 a second and 1,000 at once at least."""

SHARE: dict[Effect, float] = {"write": 0.5, "destroy": 0.5, "generate": 0.1}
"""Of what a principal may call, how much one tool of each effect may take; a read may take all."""


class Layers(NamedTuple):
    """The limits that a call is counted against.

    Args:
        names: ``principal``, ``tool`` or ``address``, one for each of ``rates``.
        policy: the rates as ``RateLimit-Policy`` has them.
    """

    names: Sequence[str]
    rates: Sequence[Rate]
    policy: bytes

    @classmethod
    def of(cls, rates: Mapping[str, Rate]) -> Layers:
        """The limits by their names."""
        said = (f'"{name}";q={burst};w={math.ceil(burst / rate)}' for name, (_, rate, burst) in rates.items())
        return cls(tuple(rates), tuple(rates.values()), ", ".join(said).encode())


class Allowance(NamedTuple):
    """What is left of the limits that a call was counted against: ``counts`` has one for each of them."""

    layers: Layers
    counts: Sequence[Count]

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """``RateLimit-Policy`` and ``RateLimit`` (draft-ietf-httpapi-ratelimit-headers-10): quota and window of each
        limit, what remains of it, and the seconds until it is whole again.
        """
        limits = [
            f'"{name}";r={left};t={math.ceil(reset)}'
            for name, (_, left, reset) in zip(self.layers.names, self.counts, strict=True)
        ]
        return [(b"ratelimit-policy", self.layers.policy), (b"ratelimit", ", ".join(limits).encode())]

    @property
    def wait(self) -> float:
        """Seconds until all of the limits let the call through; 0 when they do."""
        return max([count.wait for count in self.counts])

    def enforce(self) -> None:
        """Raise RATE_LIMITED with the seconds to wait when one of the limits is used up."""
        if wait := self.wait:
            raise too_many(wait)


class Limiter:
    """One limit of many keys: ``rate`` calls per second on average, ``burst`` at once.

    ``cache`` counts, by default in this process; ``name`` tells apart the limiters on one cache.
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
            raise too_many(wait)


class AtOnce:
    """How many of something one key may have at the same time, in this process.

    Args:
        most: that many.
        what: follows the number in what is said.
    """

    def __init__(self, most: int, what: str) -> None:
        self._most = most
        self._what = what
        self._now: dict[str, int] = {}

    @contextmanager
    def __call__(self, key: str) -> Generator[None]:
        """Around one of them. Raises as ``enter``."""
        self.enter(key)
        try:
            yield
        finally:
            self.leave(key)

    def enter(self, key: str) -> None:
        """Count one more, until ``leave``.

        Raises:
            Refused: RATE_LIMITED when there are as many already.
        """
        now = self._now.get(key, 0)
        if now >= self._most:
            raise Refused(
                Code.RATE_LIMITED,
                f"{now} {self._what} already, the most there may be.",
                "Wait until one has ended.",
                retry_after=1,
            )
        self._now[key] = now + 1

    def leave(self, key: str) -> None:
        """One of them is over."""
        left = self._now[key] - 1
        if left:
            self._now[key] = left
        else:
            del self._now[key]


class Turn:
    """What has begun; calling it ends it, however often."""

    __slots__ = ("_turns", "key", "until")

    def __init__(self, turns: Turns, key: str, until: float) -> None:
        self._turns = turns
        self.key = key
        self.until = until

    def __call__(self) -> None:
        self._turns.end(self)


class Turns:
    """Lets each key begin a few things at a time, so that many of one don't keep others waiting.

    A turn ends with what began in it or after TURN_SECONDS, so that what waits long holds nobody up. Whether that time
    is over is asked only by who comes next: a turn that nobody waits for costs no timer.
    """

    def __init__(self) -> None:
        self._begun: dict[str, list[Turn]] = {}  # the oldest first
        self._waiting: dict[str, deque[asyncio.Future[Turn]]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}  # one for each key that is waited for

    async def begin(self, key: str) -> Turn:
        """Wait for a turn; call what is given back when it has ended."""
        turn = Turn(self, key, time.monotonic() + TURN_SECONDS)
        begun = self._begun.get(key)
        if begun is None:
            self._begun[key] = [turn]
            return turn
        if key not in self._waiting:
            if len(begun) == AT_A_TIME and begun[0].until <= turn.until - TURN_SECONDS:
                del begun[0]
            if len(begun) < AT_A_TIME:
                begun.append(turn)
                return turn
        return await self._wait(key)

    async def _wait(self, key: str) -> Turn:
        loop = asyncio.get_running_loop()
        waiting = self._waiting.get(key)
        if waiting is None:
            waiting = self._waiting[key] = deque()
            self._look_after(key)
        place: asyncio.Future[Turn] = loop.create_future()
        waiting.append(place)
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.end(place.result())
            raise

    def _look_after(self, key: str) -> None:
        """End the oldest turn when its time is over, as long as somebody waits."""
        seconds = max(self._begun[key][0].until - time.monotonic(), 0.0)
        self._timers[key] = asyncio.get_running_loop().call_later(seconds, self._time_over, key)

    def _time_over(self, key: str) -> None:
        oldest = self._begun[key][0]
        if oldest.until <= time.monotonic():
            self.end(oldest)
        if key in self._waiting:
            self._look_after(key)

    def end(self, turn: Turn) -> None:
        """Give the turn to who has waited longest, if it has not been given on before."""
        key = turn.key
        begun = self._begun.get(key)
        if begun is None or turn not in begun:
            return
        begun.remove(turn)
        waiting = self._waiting.get(key)
        while waiting:
            place = waiting.popleft()
            if not place.done():
                following = Turn(self, key, time.monotonic() + TURN_SECONDS)
                begun.append(following)
                place.set_result(following)
                break
        if waiting is not None and not waiting:
            del self._waiting[key]
            self._timers.pop(key).cancel()
        if not begun:
            del self._begun[key]


class Begun:
    """A call that is under way; calling it says that it has ended."""

    __slots__ = ("_running", "_turn")

    def __init__(self, running: AtOnce, turn: Turn) -> None:
        self._running = running
        self._turn = turn

    def __call__(self) -> None:
        self._turn()
        self._running.leave(self._turn.key)


class CallLimits:
    """The limits of calls on the road: of each principal, and of each principal with one tool that writes.

    Args:
        rate: calls per second on average.
        burst: calls at once; so many may be under way, too.
        cache: counts.
    """

    def __init__(self, rate: float, burst: int, cache: Cache | None = None) -> None:
        self.rate = rate
        self.burst = burst
        self.cache = cache or MemoryCache()
        self.running = AtOnce(burst, "calls are under way")
        self._turns = Turns()
        self._layers = lru_cache(KEPT)(self._layers_of)

    async def hit(self, principal: str, tool: str = "", effect: Effect = "read") -> Allowance:
        """Count one call; a refused one does not count. ``Allowance.wait`` says whether it may happen."""
        share = SHARE.get(effect)
        layers = self._layers(principal) if share is None else self._layers(principal, tool, share)
        return Allowance(layers, await self.cache.hits(layers.rates))

    async def begin(self, principal: str) -> Begun:
        """Wait for a call's turn; what is given back is called when it has ended.

        Raises:
            Refused: RATE_LIMITED when as many are under way as may be.
        """
        self.running.enter(principal)
        try:
            return Begun(self.running, await self._turns.begin(principal))
        except BaseException:
            self.running.leave(principal)
            raise

    def _layers_of(self, principal: str, tool: str = "", share: float = 0) -> Layers:
        rates = {"principal": Rate(f"calls:{principal}", self.rate, self.burst)}
        if share:
            burst = max(round(self.burst * share), 1)
            rates["tool"] = Rate(f"calls:{principal}:{tool}", self.rate * share, burst)
        return Layers.of(rates)


class RequestLimits:
    """The limits of requests of each principal, whatever they ask for, in this process: lists and documents cost, too.

    Args:
        rate: calls that a principal may make a second.
        burst: and at once.
    """

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = max(rate * REQUESTS_EACH, 100.0)
        self._burst = max(burst * REQUESTS_EACH, 1000)
        self._counts = MemoryCache()
        self._turns = Turns()

    async def begin(self, principal: str) -> Turn:
        """Count one request and wait for its turn; what is given back is called when it has ended.

        Raises:
            Refused: RATE_LIMITED with the seconds to wait.
        """
        if wait := self._counts.count((Rate(principal, self._rate, self._burst),))[0].wait:
            raise too_many(wait)
        return await self._turns.begin(principal)


class AddressLimits:
    """The limit of requests that come without a principal, or with a wrong proof of one, from one address."""

    def __init__(self, rate: float, burst: int, cache: Cache) -> None:
        self.rate = rate
        self.burst = burst
        self.cache = cache
        self._until: dict[str, float] = {}

    def left_out(self, address: str) -> float:
        """Seconds that this process still refuses the address without asking anybody; 0 when it does not."""
        return max(self._until[address] - time.monotonic(), 0.0) if address in self._until else 0.0

    async def hit(self, address: str) -> Allowance:
        """Count one request."""
        layers = Layers.of({"address": Rate(f"address:{address}", self.rate, self.burst)})
        allowance = Allowance(layers, await self.cache.hits(layers.rates))
        if allowance.wait:
            if len(self._until) >= ADDRESSES:
                self._until.clear()
            self._until[address] = time.monotonic() + allowance.wait
        else:
            self._until.pop(address, None)
        return allowance


def too_many(wait: float) -> Refused:
    """The refusal of a call that came too early. ``wait``: seconds, rounded up to whole milliseconds."""
    wait = max(math.ceil(wait * 1000) / 1000, 0.001)
    return Refused(
        Code.RATE_LIMITED,
        "Too many calls in a short time.",
        f"Wait {wait} s before the next call.",
        retry_after=wait,
    )
