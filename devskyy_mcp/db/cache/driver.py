"""Connections to Redis. Import it inside functions only: it loads the driver."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from typing import Any, TypeVar, cast

import anyio
from redis import exceptions as errors
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from devskyy_mcp.errors import Code, Refused

from .address import Address
from .port import LOOK_EVERY, SECONDS

T = TypeVar("T")
CONNECTIONS = 50
POOL_SECONDS = 0.5
PING_EVERY = 15.0
CLASSES = {"tcp": Connection, "tls": SSLConnection, "unix": UnixDomainSocketConnection}

# The server's own clock: those of several servers differ. All in whole microseconds, which fit a double.
# An arrival further ahead than a full burst means that the clock was set back or that the limit was another one before.
# KEYS are counted together or not at all; ARGV has the interval and the tolerance of each.
HIT = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local stored, arrival, wait, open, answer = {}, {}, {}, true, {}
for i, key in ipairs(KEYS) do
  local interval, tolerance = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  stored[i] = tonumber(redis.call('GET', key) or now) or now
  arrival[i] = math.min(math.max(stored[i], now), now + tolerance + interval)
  wait[i] = math.max(arrival[i] - now - tolerance, 0)
  open = open and wait[i] == 0
end
for i, key in ipairs(KEYS) do
  if open then arrival[i] = arrival[i] + tonumber(ARGV[2 * i - 1]) end
  if open or arrival[i] < stored[i] then
    local milliseconds = math.max(math.ceil((arrival[i] - now) / 1000), 1)
    redis.call('SET', key, string.format('%.0f', arrival[i]), 'PX', string.format('%.0f', milliseconds))
  end
  answer[2 * i - 1], answer[2 * i] = wait[i], arrival[i] - now
end
return answer
"""
UNLOCK = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class Driver:
    """Two pools: one for commands, one for subscriptions, which wait without a time limit of the socket's."""

    def __init__(self, address: Address) -> None:
        shared: dict[str, Any] = {
            **address.options,
            "connection_class": CLASSES[address.kind],
            "protocol": 2,
            "socket_connect_timeout": SECONDS,
            "retry": Retry(NoBackoff(), 0, supported_errors=()),
            "driver_info": None,  # two commands less per connection
        }
        if address.kind != "unix":
            shared["socket_keepalive"] = True
        pool = BlockingConnectionPool(
            max_connections=CONNECTIONS, timeout=POOL_SECONDS, socket_timeout=SECONDS, **shared
        )
        self.client: Any = Redis.from_pool(pool)  # its commands have no types worth the name
        self.hit: Any = self.client.register_script(HIT)
        self.unlock: Any = self.client.register_script(UNLOCK)
        self._listeners = ConnectionPool(socket_timeout=None, **shared)

    async def run(self, command: Awaitable[T], seconds: float) -> T:
        """The command's answer within so many seconds.

        Raises:
            Refused: when there is none in time, or it is an error.
        """
        try:
            async with asyncio.timeout(seconds):
                return await command
        except (errors.RedisError, OSError) as error:
            raise in_words(error) from None

    async def check_whole(self) -> None:
        """Raises Refused when the server is one of several nodes that share the keys among them: which key it has not
        would show only later, one call in so many.
        """
        with suppress(errors.ResponseError):  # who may not ask that can still use the rest
            if not (await self.client.info("cluster")).get("cluster_enabled"):
                return
            if int((await self.client.cluster("INFO"))["cluster_size"]) != 1:
                raise _in_cluster()

    def subscription(self, channel: str) -> Subscription:
        return Subscription(self._listeners, channel)

    async def aclose(self) -> None:
        for closing in (self.client.aclose(), self._listeners.aclose()):
            with suppress(errors.RedisError, OSError):
                await closing


class Subscription(AsyncIterator[bytes | None]):
    """A subscription that comes back by itself; None after each time it was away, and while it is."""

    def __init__(self, pool: ConnectionPool, channel: str) -> None:
        self._pool = pool
        self._channel = channel
        self._pubsub: PubSub | None = None

    async def join(self) -> None:
        """Subscribe, so that what is published from now on is heard; when that fails, the next step tries again."""
        pubsub = PubSub(self._pool)
        try:
            async with asyncio.timeout(SECONDS):
                await pubsub.subscribe(self._channel)
                while (await _heard(pubsub, SECONDS))[0] != "subscribe":
                    pass
            self._pubsub = pubsub
        except (errors.RedisError, OSError):
            pass
        finally:
            if self._pubsub is None:
                await _close(pubsub)

    async def __anext__(self) -> bytes | None:
        if self._pubsub is not None:
            try:
                return await self._message(self._pubsub)
            except (errors.RedisError, OSError):
                await self.aclose()
        await asyncio.sleep(LOOK_EVERY)
        await self.join()
        return None

    async def _message(self, pubsub: PubSub) -> bytes:
        pinged = False
        while True:
            kind, data = await _heard(pubsub, SECONDS if pinged else PING_EVERY)
            if kind == "message":
                return data
            if kind:
                pinged = False
            elif pinged:
                raise TimeoutError
            else:
                async with asyncio.timeout(SECONDS):
                    await cast("Any", pubsub).ping()
                pinged = True

    async def aclose(self) -> None:
        pubsub, self._pubsub = self._pubsub, None
        if pubsub is not None:
            await _close(pubsub)


async def _heard(pubsub: PubSub, seconds: float) -> tuple[str, bytes]:
    """What came: its kind and content; empty when nothing came in time."""
    message = cast("dict[str, Any] | None", await cast("Any", pubsub).get_message(timeout=seconds))
    return (str(message["type"]), message["data"]) if message else ("", b"")


async def _close(pubsub: PubSub) -> None:
    with suppress(errors.RedisError, OSError), anyio.CancelScope(shield=True):
        await cast("Any", pubsub).aclose()


def in_words(error: Exception) -> Refused:
    """What went wrong, for the operator; nothing of the error's own text."""
    if isinstance(error, errors.AuthenticationError | errors.AuthorizationError):
        return _wrong("refused the login", "Check user and password in REDIS_URL.")
    if isinstance(error, errors.NoPermissionError):
        return _wrong(
            "refused: this user lacks a right", "Grant it +@all on the keys devskyy:* and the channels devskyy:*."
        )
    if isinstance(error, errors.ReadOnlyError):
        return _wrong("takes no writes here", "Point REDIS_URL at the primary server.")
    if isinstance(error, errors.OutOfMemoryError):
        return _wrong("is full", "Raise its maxmemory, or set maxmemory-policy to volatile-ttl.")
    if isinstance(error, errors.AskError | errors.ClusterError):  # MOVED, ASK, CLUSTERDOWN
        return _in_cluster()
    if isinstance(error, errors.InvalidResponse):
        return _wrong("is not what answers there", "Check host and port in REDIS_URL.")
    if _caused_by_tls(error):
        return _wrong(
            "can't be reached over TLS", "Check that it speaks TLS there (else redis://) and whose certificate it has."
        )
    if isinstance(error, errors.ResponseError):
        return _wrong("refused a command", "Check that it is Redis 6 or newer, or Valkey, and the database's number.")
    return Refused(
        Code.UPSTREAM_UNREACHABLE,
        "Redis does not answer.",
        "Check that it runs and that REDIS_URL names it, with rediss:// only where it speaks TLS.",
    )


def _wrong(what: str, hint: str) -> Refused:
    return Refused(Code.NOT_CONFIGURED, f"Redis {what}.", hint)


def _in_cluster() -> Refused:
    return _wrong(
        "is one node of a cluster, which DevSkyy can't use",
        "Point REDIS_URL at a Redis or Valkey that holds all keys itself: a single server, or a primary with replicas.",
    )


def _caused_by_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
