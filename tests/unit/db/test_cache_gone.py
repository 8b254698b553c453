"""Redis killed, frozen and back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import anyio
import pytest

from devskyy_mcp.db.cache import RedisCache
from devskyy_mcp.errors import Code, Refused
from tests.fakes.valkey import Valkey

pytestmark = pytest.mark.requirement("cache:redis-gone")


@pytest.fixture
async def cache(own_valkey: Valkey) -> AsyncGenerator[RedisCache]:
    cache = RedisCache(own_valkey.url)
    assert await cache.check() == "redis: ok"
    yield cache
    await cache.aclose()


async def took(work: Awaitable[object]) -> float:
    began = time.monotonic()
    await work
    return time.monotonic() - began


async def until(true: Callable[[], Awaitable[bool]], seconds: float) -> float:
    """How long it took until it was so."""
    began = time.monotonic()
    while not await true():
        assert time.monotonic() - began < seconds
        await anyio.sleep(0.05)
    return time.monotonic() - began


async def answers(cache: RedisCache) -> bool:
    return await cache.set("back", b"1", 60)


async def refusal(cache: RedisCache) -> Refused:
    with pytest.raises(Refused) as refused:
        await cache.check()
    return refused.value


async def test_without_redis_everything_is_answered_and_limits_are_the_process_own(
    cache: RedisCache, own_valkey: Valkey
) -> None:
    assert await cache.set("key", b"1", 60)
    own_valkey.kill()
    assert await cache.get("key") is None
    assert not await cache.set("key", b"2", 60)
    assert not await cache.delete("key")
    await cache.publish("news", b"unheard")
    assert [await cache.hit("ada", 0.001, 3) > 0 for _ in range(4)] == [False, False, False, True]
    token = await cache.lock("export", 60)
    assert token
    assert await cache.lock("export", 60) is None
    assert await cache.unlock("export", token)
    assert (await refusal(cache)).code is Code.UPSTREAM_UNREACHABLE


async def test_it_is_back_by_itself_within_five_seconds(cache: RedisCache, own_valkey: Valkey) -> None:
    own_valkey.kill()
    assert not await cache.set("key", b"1", 60)
    for _ in range(20):  # away for a while, with calls all the time
        await cache.hit("ada", 1000, 1000)
        await anyio.sleep(0.1)
    own_valkey.start()
    assert await until(lambda: answers(cache), 5) < 2
    assert await cache.check() == "redis: ok"


async def test_a_restart_that_nobody_noticed_costs_no_call(cache: RedisCache, own_valkey: Valkey) -> None:
    own_valkey.kill()
    own_valkey.start()
    await anyio.sleep(0.05)  # the connections' end is heard of, as in any loop that is not blocked by its own test
    assert await cache.set("key", b"1", 60)


async def test_a_frozen_redis_costs_few_calls_and_those_about_a_second(cache: RedisCache, own_valkey: Valkey) -> None:
    own_valkey.freeze()
    began = time.monotonic()
    times: list[float] = []
    while time.monotonic() - began < 4.5:
        times.append(await took(cache.hit("ada", 1000, 1000)))
        await anyio.sleep(0.01)
    slow = [seconds for seconds in times if seconds > 0.1]
    assert max(times) <= 1.2
    assert 1 <= len(slow) <= 3
    assert len(times) > 100
    refused = await refusal(cache)
    assert refused.code is Code.UPSTREAM_UNREACHABLE
    own_valkey.thaw()
    assert await until(lambda: answers(cache), 5) < 2.5


async def test_a_frozen_redis_holds_up_many_calls_at_once_for_one_second(cache: RedisCache, own_valkey: Valkey) -> None:
    own_valkey.freeze()
    times: list[float] = []

    async def call() -> None:
        times.append(await took(cache.hit("ada", 1000, 1000)))

    async with anyio.create_task_group() as tasks:
        for _ in range(120):  # more than there are connections
            tasks.start_soon(call)
    assert max(times) <= 1.2
    await anyio.sleep(1.1)
    times.clear()
    async with anyio.create_task_group() as tasks:
        for _ in range(120):
            tasks.start_soon(call)
    assert sum(seconds > 0.5 for seconds in times) == 1, "one tries it out, the others don't wait for that"
    own_valkey.thaw()
    await until(lambda: answers(cache), 5)


async def test_given_up_calls_leave_the_pool_whole(cache: RedisCache, own_valkey: Valkey) -> None:
    for frozen in (False, True):
        if frozen:
            own_valkey.freeze()
        for number in range(30):  # at thirty moments of connecting, waiting for a connection, sending and reading
            with anyio.move_on_after(number / 1000):
                async with anyio.create_task_group() as tasks:
                    for _ in range(120):
                        tasks.start_soon(cache.get, "key")
    own_valkey.thaw()
    await until(lambda: answers(cache), 5)
    async with anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(cache.get, "key")
    assert await answers(cache)
    inner: Any = cache
    assert not inner._driver.client.connection_pool._in_use_connections


async def test_what_was_asked_before_a_change_does_not_turn_it_back(caplog: pytest.LogCaptureFixture) -> None:
    """A server in whose answers one key is lost, one late and one ends the connection."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while command := await reader.read(10_000):
            if b"drop" in command:
                break
            if b"late" in command:
                await asyncio.sleep(0.2)
            if b"lost" not in command:
                writer.write(b"*2\r\n:0\r\n:0\r\n" if b"EVALSHA" in command else b"+OK\r\n")
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        cache = RedisCache(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}", clock=lambda: 1.0)
        assert await answers(cache)
        async with anyio.create_task_group() as tasks:
            for key in ("lost", "late", "drop"):
                tasks.start_soon(cache.set, key, b"1", 60)
            await anyio.sleep(0.4)
            assert not await answers(cache), "the late answer is older than the failure"
            assert await cache.check() == "redis: ok"
        assert await answers(cache), "the lost answer is older than the check"
        await cache.aclose()
    assert len([record for record in caplog.records if record.name.startswith("devskyy")]) == 2


async def test_it_is_told_once_per_change_and_without_a_secret(
    own_valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    cache = RedisCache(own_valkey.url.replace("//", "//:hunter2@"))
    caplog.set_level(logging.DEBUG)
    own_valkey.ask("CONFIG", "SET", "requirepass", "hunter2")
    assert await cache.check() == "redis: ok"
    own_valkey.kill()
    async with anyio.create_task_group() as tasks:
        for _ in range(30):
            tasks.start_soon(cache.hit, "ada", 1, 1)
    for _ in range(15):
        await cache.hit("ada", 1, 1)
        await anyio.sleep(0.1)
    own_valkey.start()  # its password is gone with it
    own_valkey.ask("CONFIG", "SET", "requirepass", "hunter2")
    await until(lambda: answers(cache), 5)
    await cache.aclose()
    told = [record.getMessage() for record in caplog.records if record.name.startswith("devskyy")]
    # Where the machine itself stops for a second, Redis is away once more: then both are told again, in turn.
    assert set(told[0::2]) == {"Redis does not answer. Limits are counted per process until it is back."}
    assert set(told[1::2]) == {"Redis is back; limits are shared again."}
    assert "hunter2" not in caplog.text


async def test_subscribers_look_themselves_meanwhile_and_hear_again(cache: RedisCache, own_valkey: Valkey) -> None:
    async with cache.subscribe("news") as messages:
        await cache.publish("news", b"1")
        with anyio.fail_after(2):
            assert await anext(messages) == b"1"
        own_valkey.kill()
        with anyio.fail_after(2):
            assert [await anext(messages) for _ in range(3)] == [None, None, None]
        own_valkey.start()
        await until(lambda: answers(cache), 5)
        heard: list[bytes | None] = []
        with anyio.fail_after(5):
            while b"2" not in heard:
                await cache.publish("news", b"2")
                heard.append(await anext(messages))


async def test_a_subscription_begins_while_redis_is_away(own_valkey: Valkey) -> None:
    own_valkey.kill()
    cache = RedisCache(own_valkey.url)
    async with cache.subscribe("news") as messages:
        assert await anext(messages) is None
        own_valkey.start()
        await until(lambda: answers(cache), 5)
        with anyio.fail_after(5):
            while True:
                await cache.publish("news", b"1")
                if await anext(messages) == b"1":
                    break
    await cache.aclose()


async def test_a_frozen_redis_is_noticed_by_its_subscribers(
    cache: RedisCache, own_valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devskyy_mcp.db.cache.driver.PING_EVERY", 0.2)
    async with cache.subscribe("news") as messages:
        with anyio.move_on_after(1):  # long enough for some pings, which are no messages
            raise AssertionError(await anext(messages))
        own_valkey.freeze()
        with anyio.fail_after(4):
            assert await anext(messages) is None
        own_valkey.thaw()
        await until(lambda: answers(cache), 5)
        with anyio.fail_after(5):
            while True:
                await cache.publish("news", b"1")
                if await anext(messages) == b"1":
                    break


async def test_locks_taken_while_it_was_away_are_given_back(cache: RedisCache, own_valkey: Valkey) -> None:
    own_valkey.kill()
    token = await cache.lock("export", 60)
    assert token
    own_valkey.start()
    await until(lambda: answers(cache), 5)
    assert await cache.unlock("export", token)
