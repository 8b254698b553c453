from __future__ import annotations

import asyncio
import logging
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import anyio
import pytest

from devskyy_mcp.db.database import Database
from devskyy_mcp.db.dsn import normalize_dsn
from devskyy_mcp.db.wake import Bells, Wake
from tests.fakes.elsewhere import Hands, elsewhere

from .conftest import Two


async def until(true: Any, seconds: float = 5) -> None:
    with anyio.fail_after(seconds):
        while not await true():
            await anyio.sleep(0.01)


async def connected(two: Two) -> bool:
    return two.db.dialect == "sqlite" or await two.listeners() == 1


async def settled(bell: Any) -> None:
    """Wait until nothing rings any more: listening has begun, and older commits have been heard of."""
    with anyio.fail_after(10):
        while await bell.wait(0.3):
            pass


@pytest.mark.requirement("events:wake")
async def test_a_commit_in_another_process_rings_at_once(two: Two) -> None:
    await two.there.do("add", "job_a", "user:ada")
    took: list[float] = []
    with two.wake.watch("job_a") as bell:
        await until(lambda: connected(two))
        for done in range(8):
            await settled(bell)
            await two.there.do("progress", "job_a", done, 8)
            committed = time.perf_counter()
            assert await bell.wait(4)
            took.append(time.perf_counter() - committed)
    assert statistics.median(took) < 0.2


@pytest.mark.requirement("events:wake")
async def test_only_readers_of_that_job_and_of_all_are_woken(two_on_postgres: Two) -> None:
    two = two_on_postgres
    for job in ("job_a", "job_b"):
        await two.there.do("add", job, "user:ada")
    with two.wake.watch("job_a") as mine, two.wake.watch("job_b") as other, two.wake.watch() as every:
        await until(lambda: connected(two))
        for bell in (mine, other, every):
            await settled(bell)
        await two.there.do("start", "job_a")
        assert await mine.wait(4)
        assert await every.wait(1)
        assert not await other.wait(0.2)


@pytest.mark.requirement("events:wake")
async def test_nothing_runs_while_nobody_waits(two: Two) -> None:
    before = len(asyncio.all_tasks())
    assert await two.listeners() == 0
    with two.wake.watch("job_a"):
        with two.wake.watch("job_b"):
            await until(lambda: connected(two))
        await anyio.sleep(0.05)
        assert await connected(two)
        assert len(asyncio.all_tasks()) == before + 1
    await anyio.sleep(0.05)
    assert len(asyncio.all_tasks()) == before

    async def gone() -> bool:
        return await two.listeners() == 0

    await until(gone)


@pytest.mark.requirement("events:wake")
async def test_a_lost_connection_is_made_anew_and_what_was_missed_is_looked_for(two: Two) -> None:
    await two.there.do("add", "job_a", "user:ada")
    with two.wake.watch("job_a") as bell:
        await until(lambda: connected(two))
        await settled(bell)
        await two.cut()
        if two.db.dialect == "postgresql":
            assert await bell.wait(2)  # the connection was lost
        await until(lambda: connected(two))
        await settled(bell)
        await two.there.do("burst", "job_a", 1)
        assert await bell.wait(2)


@pytest.mark.requirement("events:wake")
async def test_behind_a_pooler_readers_look_by_themselves(two_on_postgres: Two) -> None:
    two = two_on_postgres
    await two.there.do("add", "job_a", "user:ada")
    wake = Wake(normalize_dsn(f"{two.url}&pgbouncer=true"))
    with wake.watch("job_a") as bell:
        for _ in range(3):
            assert await bell.wait(1)
        assert await two.listeners() == 0
    direct = Wake(normalize_dsn(f"{two.url}&pgbouncer=true"), two.db.dsn)
    with direct.watch("job_a") as bell:
        await until(lambda: connected(two))
        await settled(bell)
        await two.there.do("progress", "job_a", 1, 2)
        assert await bell.wait(1)


class Line:
    """Carries wake-ups between the processes of a test; ``cut`` is what a lost connection looks like."""

    def __init__(self) -> None:
        self.rings: list[Bells] = []
        self.lost = anyio.Event()
        self.away = False

    async def publish(self, channel: str, message: bytes) -> None:
        if self.away:
            raise ConnectionResetError
        for bells in self.rings:
            bells.ring(message.decode())

    async def messages(self, channel: str, ring: Bells) -> None:
        if self.away:
            raise ConnectionResetError
        self.rings.append(ring)
        ring.ring_all()
        try:
            await self.lost.wait()
        finally:
            self.rings.remove(ring)

    def cut(self) -> None:
        self.away = True
        self.lost.set()
        self.lost = anyio.Event()


@pytest.mark.requirement("events:wake")
async def test_a_relay_carries_wake_ups_where_the_database_can_not(caplog: pytest.LogCaptureFixture) -> None:
    dsn = normalize_dsn("postgresql://ada@db.example/shop?pgbouncer=true")
    line = Line()
    one, other = Wake(dsn, relay=line), Wake(dsn, relay=line)
    with one.watch("job_a") as bell:
        await settled(bell)
        await other.ring("job_a")
        assert await bell.wait(0.5)
        await other.ring("job_b")
        assert not await bell.wait(0.1)
        line.cut()
        assert await bell.wait(1)
        with caplog.at_level(logging.WARNING):
            await other.ring("job_a")  # what has been committed stays so, though nobody can be told
        assert "ConnectionResetError" in caplog.text
        line.away = False

        async def back() -> bool:
            return bool(line.rings)

        await until(back)
        await settled(bell)
        await other.ring("job_a")
        assert await bell.wait(0.5)


@pytest.mark.requirement("events:wake")
async def test_a_server_that_is_away_costs_readers_time_only(caplog: pytest.LogCaptureFixture) -> None:
    wake = Wake(normalize_dsn("postgresql://ada:hunter2@127.0.0.1:1/shop"))
    with caplog.at_level(logging.WARNING), wake.watch("job_a") as bell:
        assert await bell.wait(2)
        assert await bell.wait(2)
        assert await bell.wait(2)
    assert "OSError" in caplog.text or "ConnectionRefusedError" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.requirement("events:wake")
async def test_a_files_name_may_hold_anything(tmp_path: Path) -> None:
    path = tmp_path / "100% of #1? ünd"
    path.mkdir()
    db = Database(path / "app.db")
    await Hands(db).add("job_a", "user:ada")
    with Wake(db.dsn).watch("job_a") as bell:
        await settled(bell)
        async with elsewhere(str(path / "app.db")) as there:
            await there.do("start", "job_a")
            assert await bell.wait(1)
    await db.close()


@pytest.mark.requirement("events:wake")
async def test_a_ring_between_two_waits_is_not_lost() -> None:
    bells = Bells()
    bell = bells.add("job_a")
    bells.ring("job_b")
    assert not await bell.wait(0)
    bells.ring("job_a")
    bells.ring("job_a")
    assert await bell.wait(0)
    assert not await bell.wait(0)
    bells.remove("job_a", bell)
    assert not bells


@pytest.mark.requirement("events:wake")
@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require"])
def test_listening_reaches_the_same_servers_with_the_same_tls(mode: str) -> None:
    from asyncpg.connect_utils import _parse_connect_dsn_and_args  # pyright: ignore # what asyncpg makes of an address
    from sqlalchemy import make_url
    from sqlalchemy.dialects.postgresql.asyncpg import dialect

    def read(**given: Any) -> Any:
        import inspect

        parse = cast("Any", _parse_connect_dsn_and_args)
        addresses, parameters = parse(**dict.fromkeys(inspect.signature(parse).parameters) | given)[:2]
        tls = parameters.ssl and (parameters.ssl.verify_mode, parameters.ssl.check_hostname)
        return addresses, parameters.user, parameters.password, parameters.database, parameters.sslmode, tls

    for address in (
        "postgres://ada:p%40w%2F@[::1]:1/a%20shop",
        "postgres://ada@/shop?host=/var/run/pg&port=5433",
        "postgres://ada@/shop?host=one:1&host=two&target_session_attrs=read-write",
        "postgres://ada@h/shop?channel_binding=require",
    ):
        dsn = normalize_dsn(f"{address}{'&' if '?' in address else '?'}sslmode={mode}")
        _, arguments = dialect().create_connect_args(make_url(dsn.url))
        assert read(dsn=dsn.driver_url) == read(**arguments), replace(dsn, url="")
