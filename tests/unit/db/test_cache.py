"""What every cache does, in process and through a real Valkey alike."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import anyio
import pytest

from devskyy_mcp.db.cache import Cache, MemoryCache, open_cache
from devskyy_mcp.db.cache import memory as memory_module
from tests.fakes.valkey import Valkey

pytestmark = pytest.mark.requirement("cache:port")


@pytest.fixture(params=["memory", "redis"])
async def cache(request: pytest.FixtureRequest) -> AsyncGenerator[Cache]:
    url = request.getfixturevalue("valkey").url if request.param == "redis" else None
    cache = open_cache(url)
    yield cache
    await cache.aclose()


@pytest.mark.parametrize("value", [b"", b"\x00\xff\r\n$-1", "Größe".encode(), b"x" * 1_000_000])
async def test_a_value_comes_back_byte_by_byte(cache: Cache, value: bytes) -> None:
    assert await cache.get("key") is None
    assert await cache.set("key", b"before", 60)
    assert await cache.set("key", value, 60)
    assert await cache.get("key") == value
    assert await cache.delete("key")
    assert await cache.get("key") is None
    assert await cache.delete("key")


async def test_a_value_lives_as_long_as_it_was_kept_for(cache: Cache) -> None:
    await cache.set("short", b"1", 0.1)
    await cache.set("renewed", b"2", 0.1)
    await cache.set("renewed", b"2", 60)
    assert await cache.get("short") == b"1"
    await anyio.sleep(0.15)
    assert (await cache.get("short"), await cache.get("renewed")) == (None, b"2")


async def test_a_limit_lets_a_burst_through_and_then_the_rate(cache: Cache) -> None:
    waits = [await cache.hit("ada", 10, 3) for _ in range(5)]
    assert waits[:3] == [0, 0, 0]
    assert all(0 < wait < 0.101 for wait in waits[3:]), "refused events do not count"
    assert await cache.hit("bob", 10, 3) == 0
    await anyio.sleep(waits[4] + 0.01)
    again = [await cache.hit("ada", 10, 3) for _ in range(2)]
    assert again[0] == 0
    assert again[1] > 0


@pytest.mark.parametrize(("rate", "burst"), [(1e-9, 1), (1e-300, 2), (1e9, 1), (0.3, 1000)])
async def test_limits_of_any_size_count(cache: Cache, rate: float, burst: int) -> None:
    passed = [await cache.hit("key", rate, burst) == 0 for _ in range(burst + 1)]
    assert passed[:burst] == [True] * burst
    assert passed[burst] is (rate > 1e6)


async def test_a_changed_limit_holds_at_once(cache: Cache) -> None:
    while await cache.hit("key", 0.001, 20) == 0:
        pass
    assert 0 < await cache.hit("key", 10, 1) < 0.101
    await anyio.sleep(0.12)
    assert await cache.hit("key", 10, 1) == 0
    while await cache.hit("other", 1000, 5) == 0:
        pass
    assert await cache.hit("other", 1000, 100) == 0


async def test_messages_reach_each_subscriber_of_the_channel_in_order(cache: Cache) -> None:
    async with cache.subscribe("news") as first, cache.subscribe("news") as second, cache.subscribe("other") as other:
        for number in range(300):
            await cache.publish("news", str(number).encode())
        await cache.publish("other", b"\x00")
        with anyio.fail_after(5):
            for reader in (first, second):
                assert [await anext(reader) for _ in range(300)] == [str(number).encode() for number in range(300)]
            assert await anext(other) == b"\x00"
        with anyio.move_on_after(0.05) as quiet:
            await anext(first)
        assert quiet.cancelled_caught
        await cache.publish("news", b"last")  # a wait that was given up has lost nothing
        with anyio.fail_after(5):
            assert await anext(first) == b"last"
    await cache.publish("news", b"nobody is there")


async def test_a_lock_is_held_by_one_and_given_back_by_its_holder_only(cache: Cache) -> None:
    token = await cache.lock("export", 60)
    assert token
    assert await cache.lock("export", 60) is None
    assert await cache.lock("import", 60)
    assert not await cache.unlock("export", "guessed")
    assert await cache.lock("export", 60) is None
    assert await cache.unlock("export", token)
    assert not await cache.unlock("export", token)
    assert await cache.lock("export", 60)


async def test_a_lock_ends_by_itself_and_its_late_holder_takes_no_other(cache: Cache) -> None:
    late = await cache.lock("export", 0.05)
    assert late
    await anyio.sleep(0.1)
    assert await cache.lock("export", 60)
    assert not await cache.unlock("export", late)
    assert await cache.lock("export", 60) is None


async def test_of_many_at_once_one_gets_the_lock_and_a_burst_gets_through(cache: Cache) -> None:
    locks: list[str | None] = []
    waits: list[float] = []

    async def one() -> None:
        locks.append(await cache.lock("key", 60))
        waits.append(await cache.hit("key", 0.001, 7))

    async with anyio.create_task_group() as tasks:
        for _ in range(200):  # four times as many as there are connections
            tasks.start_soon(one)
    assert (sum(lock is not None for lock in locks), sum(wait == 0 for wait in waits)) == (1, 7)


async def test_values_limits_and_locks_of_the_same_key_are_different_things(cache: Cache) -> None:
    assert await cache.lock("key", 60)
    assert await cache.hit("key", 1, 1) == 0
    await cache.set("key", b"value", 60)
    assert await cache.get("key") == b"value"
    assert await cache.delete("key")
    assert await cache.lock("key", 60) is None
    assert await cache.hit("key", 1, 1) > 0


async def test_it_says_what_is_in_use_and_works_on_after_closing(cache: Cache) -> None:
    expected = "in process, this server only" if isinstance(cache, MemoryCache) else "redis: ok"
    assert await cache.check() == expected
    await cache.set("key", b"1", 60)
    await cache.aclose()
    assert await cache.get("key") == b"1"


# ---- in process only: what nobody reads must not grow --------------------------------------------------------------


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_the_memory_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_module, "KEYS", 10)
    clock = Clock()
    cache = MemoryCache(clock)
    for number in range(30):
        clock.now += 1
        await cache.set(f"v{number}", b"x", 100)
        await cache.hit(f"h{number}", 2, 1)
        assert await cache.lock(f"l{number}", 5)
    inner: Any = cache
    assert len(inner._values) <= 10
    assert len(inner._arrivals) <= 10
    assert len(inner._locks) <= 10
    assert (await cache.get("v19"), await cache.get("v20")) == (None, b"x")


async def test_a_subscriber_who_does_not_read_is_told_that_it_missed_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_module, "WAITING", 3)
    cache = MemoryCache()
    async with cache.subscribe("news") as reader:
        for number in range(5):
            await cache.publish("news", str(number).encode())
        assert [await anext(reader) for _ in range(3)] == [None, b"3", b"4"]


async def test_keys_in_redis_are_our_own_and_all_expire(valkey: Valkey) -> None:
    cache = open_cache(valkey.url)
    await cache.set("a", b"1", 60)
    await cache.hit("a", 1, 5)
    await cache.lock("a", 60)
    await cache.check()
    await cache.aclose()
    left = {key: valkey.ask("PTTL", key) for key in valkey.ask("KEYS", "*") if key != b"devskyy:check"}  # 1 ms
    assert set(left) == {b"devskyy:limit:a", b"devskyy:lock:a", b"devskyy:value:a"}
    assert all(0 < milliseconds <= 60_000 for milliseconds in left.values())
