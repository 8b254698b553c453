"""Servers with one Redis, as their callers see them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import SecretStr

from devskyy_mcp.app import App, build
from devskyy_mcp.db.database import Database
from devskyy_mcp.db.wake import Wake
from devskyy_mcp.ops.doctor import Finding, examine
from tests.fakes.postgres import postgres_server, postgres_url
from tests.fakes.served import Site, settings_for, site
from tests.fakes.valkey import Valkey, own_valkey, valkey, valkey_server

__all__ = ["own_valkey", "postgres_server", "postgres_url", "valkey", "valkey_server"]
GONE = "redis: unreachable; limits are counted per process"
FEW: dict[str, Any] = {"calls_per_second": 0.001, "calls_burst": 5}


@asynccontextmanager
async def two_sites(folder: Path, **given: Any) -> AsyncGenerator[list[Site]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(site(folder / name, **FEW, **given)) for name in ("a", "b")]


async def passed(shop: Site, calls: int = 8) -> int:
    """How many of so many calls were let through; the others say how long to wait."""
    statuses: list[int] = []
    for _ in range(calls):
        answer = await shop.call("notes_echo", text="x")
        statuses.append(answer.status_code)
        if answer.status_code != 200:
            assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
            assert 0 < answer.json()["retry_after"] <= 1000
    return statuses.count(200)


async def cache_of(shop: Site) -> tuple[str, str]:
    body = (await shop.http.get("/health")).json()
    return body["status"], body["services"]["cache"]


@pytest.mark.requirement("cache:limits")
async def test_servers_with_one_redis_share_a_principals_limit(tmp_path: Path, valkey: Valkey) -> None:
    async with two_sites(tmp_path, redis_url=valkey.url) as (one, other):
        assert await cache_of(one) == ("healthy", "redis: ok")
        assert (await passed(one, 3), await passed(other)) == (3, 2)
        assert await passed(one) == 0


@pytest.mark.requirement("cache:limits")
async def test_without_redis_each_server_counts_its_own_and_is_healthy(tmp_path: Path) -> None:
    async with two_sites(tmp_path) as (one, other):
        assert (await passed(one), await passed(other)) == (5, 5)
        assert await cache_of(one) == ("healthy", "in process, this server only")


@pytest.mark.requirement("cache:redis-gone")
async def test_redis_killed_under_two_servers_and_started_again(tmp_path: Path, own_valkey: Valkey) -> None:
    async with two_sites(tmp_path, redis_url=own_valkey.url) as (one, other):
        assert await passed(one) == 5
        assert await passed(other) == 0
        own_valkey.kill()
        assert (await passed(one), await passed(other)) == (5, 5)
        assert await cache_of(one) == ("degraded", GONE)
        assert (await one.http.get("/health/ready")).status_code == 200
        own_valkey.start()
        started = time.monotonic()
        while (await cache_of(one), await cache_of(other)) != (("healthy", "redis: ok"),) * 2:
            assert time.monotonic() - started < 5
            await anyio.sleep(0.1)
        assert await passed(one, 4) + await passed(other) == 5  # one limit again, and that of an empty Redis


@pytest.mark.requirement("cache:redis-gone")
async def test_a_frozen_redis_holds_up_no_call_for_long(tmp_path: Path, own_valkey: Valkey) -> None:
    async with site(tmp_path, redis_url=own_valkey.url, calls_burst=100_000) as shop:
        assert await cache_of(shop) == ("healthy", "redis: ok")
        own_valkey.freeze()
        times: list[float] = []
        started = time.monotonic()
        while time.monotonic() - started < 3:
            began = time.monotonic()
            assert (await shop.call("notes_echo", text="x")).status_code == 200
            times.append(time.monotonic() - began)
        slow = [seconds for seconds in times if seconds > 0.5]
        assert max(times) <= 1.2
        assert 1 <= len(slow) <= 3
        assert len(times) > 50
        await anyio.sleep(1)  # health looks once a second
        assert await cache_of(shop) == ("degraded", GONE)
        own_valkey.thaw()


@pytest.mark.requirement("cache:address")
async def test_health_says_what_is_wrong_with_redis_url(tmp_path: Path, own_valkey: Valkey) -> None:
    own_valkey.ask("CONFIG", "SET", "requirepass", "right")
    wrong = own_valkey.url.replace("//", "//:hunter2@")
    async with site(tmp_path, redis_url=wrong) as shop:
        assert await cache_of(shop) == (
            "degraded",
            "redis: not_configured: Redis refused the login; limits are counted per process",
        )
        assert await passed(shop) == 8
    async with site(tmp_path, redis_url="https://:hunter2@r.example") as shop:
        status, words = await cache_of(shop)
        assert status == "degraded"
        assert words.startswith("redis: not_configured: REDIS_URL can't be read: only redis://")
        assert "hunter2" not in words


async def doctor(app: App, check: str) -> list[Finding]:
    try:
        return (await examine(app.services))[check]
    finally:
        await app.close()


@pytest.mark.requirement("cache:address")
async def test_the_doctor_looks_at_redis(tmp_path: Path, own_valkey: Valkey) -> None:
    def app(**given: Any) -> App:
        return build(settings_for(tmp_path, **given), [])

    (found,) = await doctor(app(), "cache")
    assert found.level == "ok"
    assert found.what.startswith("In process, this server only.")
    (found,) = await doctor(app(redis_url=own_valkey.url), "cache")
    assert (found.level, found.what[:32]) == ("ok", "Redis answers and takes writes (")
    wrong = own_valkey.url.replace("//", "//:hunter2@")
    own_valkey.ask("CONFIG", "SET", "requirepass", "right")
    assert await doctor(app(redis_url=wrong), "cache") == [
        Finding("problem", "Redis refused the login.", "Check user and password in REDIS_URL.")
    ]
    own_valkey.kill()
    (found,) = await doctor(app(redis_url=wrong), "cache")
    assert (found.level, found.what) == ("problem", "Redis does not answer.")
    assert "hunter2" not in str(found)


COUNT = """
import asyncio, sys
from devskyy_mcp.db.cache import open_cache
async def main(url):
    cache = open_cache(url)
    await cache.check()
    print("ready", flush=True)
    sys.stdin.readline()
    waits = await asyncio.gather(*(cache.hit("ada", 0.001, 50) for _ in range(300)))
    print(waits.count(0), flush=True)
    await cache.aclose()
asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.requirement("cache:limits")
def test_two_processes_at_once_get_one_burst_between_them(valkey: Valkey) -> None:
    command = [sys.executable, "-c", COUNT, valkey.url]
    processes: list[Any] = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    try:
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        counts = [int(process.communicate(timeout=30)[0]) for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert sum(counts) == 50, counts


LIGHT = """
import sys, anyio
from pathlib import Path
from tests.fakes.served import site
async def main():
    async with site(Path(sys.argv[1])) as shop:
        assert (await shop.call("notes_echo", text="x")).status_code == 200
        assert (await shop.http.get("/health")).json()["services"]["cache"].startswith("in process")
anyio.run(main)
print([name for name in sys.modules if name.split(".")[0] == "redis"])
"""


@pytest.mark.requirement("cache:light")
def test_the_driver_is_not_loaded_where_it_is_not_used(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIGHT, str(tmp_path)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=60, cwd=Path(__file__).parents[2]
    )
    assert done.stdout == "[]\n"


# ---- wake-ups --------------------------------------------------------------------------------------------------------


def wake_of(folder: Path, **given: Any) -> tuple[App, Wake]:
    settings = settings_for(folder, **{name: SecretStr(value) for name, value in given.items()})
    app = build(settings, [])
    return app, app.services.get(Wake)


async def seconds_to_wake(one: Wake, other: Wake, app: App, *, commit: bool) -> float:
    """From a wake-up in one process to the ring in the other, which begins to listen before."""
    with other.watch("job") as bell:
        assert await bell.wait(2)  # the listening has begun
        await bell.wait(0.05)
        began = time.monotonic()
        if commit:
            async with app.services.get(Database).begin() as conn:
                await one.announce(conn, "job")
        await one.ring("job")
        assert await bell.wait(5)
        return time.monotonic() - began


@pytest.mark.requirement("cache:relay")
async def test_behind_a_pooler_redis_carries_wake_ups(tmp_path: Path, own_valkey: Valkey) -> None:
    pooled = "postgresql://u:p@127.0.0.1:1/d?pgbouncer=true"
    (app, one), (second, other) = (wake_of(tmp_path, database_url=pooled, redis_url=own_valkey.url) for _ in range(2))
    times = [await seconds_to_wake(one, other, app, commit=False) for _ in range(3)]
    assert min(times) < 0.1, times
    with other.watch("job") as bell:
        await bell.wait(0.5)
        own_valkey.kill()
        assert [await bell.wait(2) for _ in range(4)] == [True] * 4, "without Redis readers look themselves"
    await app.close()
    await second.close()


@pytest.mark.requirement("cache:relay")
async def test_behind_a_pooler_the_direct_address_listens(tmp_path: Path, postgres_url: str) -> None:
    pooled = f"{postgres_url}{'&' if '?' in postgres_url else '?'}pgbouncer=true"
    (app, one), (second, other) = (
        wake_of(tmp_path, database_url=pooled, database_direct_url=postgres_url, redis_url="redis://127.0.0.1:1")
        for _ in range(2)
    )
    schema = Database(postgres_url, migrate=True)
    await schema.open()
    await schema.close()
    times = [await seconds_to_wake(one, other, app, commit=True) for _ in range(3)]
    assert min(times) < 0.1, times
    await app.close()
    await second.close()
