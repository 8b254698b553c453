"""Jobs and changes of other processes over a WebSocket."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import pytest

from devskyy_mcp.context import ALL_SCOPES, Principal
from devskyy_mcp.guard import loopback
from tests.fakes.elsewhere import There, elsewhere
from tests.fakes.served import Site, served

from .test_ws import answer, hear, opened, say

ADA = Principal("user:ada", "user", ALL_SCOPES - {"*"}, "Ada")
JOB = "job_a"


@pytest.fixture
async def port(tmp_path: Path) -> AsyncGenerator[Site]:
    async with served(tmp_path, worker="off") as made:
        yield made


@pytest.fixture
async def there(port: Site) -> AsyncGenerator[There]:
    async with elsewhere(str(port.app.settings.database)) as process:
        yield process


@pytest.mark.requirement("events:once")
async def test_a_reader_that_comes_back_misses_nothing_and_has_nothing_twice(port: Site, there: There) -> None:
    await there.do("add", JOB, "user:bob")
    heard: list[dict[str, Any]] = []
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:

            async def work() -> None:
                await there.do("burst", JOB, 80, 0.01)
                await there.do("end", JOB)

            tasks.start_soon(work)
            while not heard or heard[-1]["data"] != {"state": "succeeded"}:
                async with opened(port) as socket:
                    await say(socket, resume={JOB: heard[-1]["seq"] if heard else 0})
                    for _ in range(7):
                        heard.append(await hear(socket))
                        if heard[-1]["data"] == {"state": "succeeded"}:
                            break
    assert [event["seq"] for event in heard] == list(range(1, 83))
    assert all((event["event"], event["job"]) == ("job", JOB) for event in heard)
    assert [event["data"]["done"] for event in heard[1:-1]] == list(range(1, 81))


@pytest.mark.requirement("events:once")
async def test_two_jobs_on_one_socket_and_the_same_again_from_another_place(port: Site, there: There) -> None:
    for job in ("job_a", "job_b"):
        await there.do("add", job, "user:bob")
        await there.do("start", job)
    async with opened(port) as socket:
        await say(socket, resume={"job_a": 0, "job_b": 1})
        first = [await hear(socket) for _ in range(3)]
        assert sorted((event["job"], event["seq"]) for event in first) == [("job_a", 1), ("job_a", 2), ("job_b", 2)]
        await say(socket, resume={"job_a": 1})
        assert (await hear(socket))["seq"] == 2
        await there.do("end", "job_a")
        assert [(await hear(socket))["seq"] for _ in range(1)] == [3]
        await there.do("end", "job_b")
        assert (await hear(socket))["job"] == "job_b"


@pytest.mark.requirement("jobs:bad-input")
async def test_garbage_to_resume_from_is_answered_and_the_socket_lives_on(
    port: Site, there: There, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loopback, "LOCAL", ADA)
    await there.do("add", JOB, ADA.id)
    await there.do("add", "job_bobs", "user:bob")
    wrong: list[tuple[Any, str]] = [
        (None, "invalid_arguments"),
        ({}, "invalid_arguments"),
        ([JOB], "invalid_arguments"),
        (JOB, "invalid_arguments"),
        ({JOB: None}, "invalid_arguments"),
        ({JOB: "0"}, "invalid_arguments"),
        ({JOB: -1}, "invalid_arguments"),
        ({JOB: 1.0}, "invalid_arguments"),
        ({JOB: True}, "invalid_arguments"),
        ({JOB: 2}, "invalid_arguments"),
        ({JOB: 2**31}, "invalid_arguments"),
        ({JOB: 2**63}, "invalid_arguments"),
        ({JOB: 10**300}, "invalid_arguments"),
        ({f"job_{number}": 0 for number in range(51)}, "invalid_arguments"),
        ({"": 0}, "not_found"),
        ({"job_bobs": 0}, "not_found"),
        ({"job_none": 0}, "not_found"),
        ({"job_\0": 0}, "not_found"),
        ({"j" * 100_000: 0}, "not_found"),
        ({JOB: 0, "job_none": 0}, "not_found"),
    ]
    async with opened(port) as socket:
        for cursors, code in wrong:
            await socket.send(json.dumps({"resume": cursors}))
            heard = await hear(socket)
            assert heard.get("error", {}).get("code") == code, (str(cursors)[:80], heard)
            assert len(str(heard)) < 500
        await socket.send(json.dumps({"resume": {JOB: 0}, "call": "notes_list", "id": 1}))
        assert (await hear(socket))["error"]["code"] == "invalid_arguments"
        await say(socket, resume={JOB: 1})  # all is known already
        await there.do("start", JOB)
        assert (await hear(socket))["seq"] == 2  # and nothing that was refused is followed


@pytest.mark.requirement("events:changes")
async def test_a_change_of_another_process_is_told_once_and_so_are_ones_own(port: Site, there: There) -> None:
    async with opened(port) as socket:
        await answer(socket, id=0, call="notes_list")
        theirs = await there.do("change", str(port.app.settings.data_dir), "theirs")
        assert await hear(socket) == {"event": "change", "change": theirs}
        own = (await port.call("notes_create", title="own")).json()["change"]
        assert await hear(socket) == {"event": "change", "change": own}
        again = await there.do("change", str(port.app.settings.data_dir), "again")
        assert await hear(socket) == {"event": "change", "change": again}
        await anyio.sleep(0.5)  # several looks
        assert "result" in await answer(socket, id=1, call="notes_list")  # and nothing else came before
        await say(socket, id=2, call="notes_list")
        assert (await hear(socket))["id"] == 2


@pytest.mark.requirement("events:changes")
async def test_what_another_process_wrote_is_not_read_from_memory(port: Site, there: There) -> None:
    """The road keeps answers of reads for a while: not past a change, wherever it was made."""
    cache = port.app.road._cache  # pyright: ignore[reportPrivateUsage] # what a kept answer leaves
    async with opened(port) as socket:
        await answer(socket, id=0, call="notes_list")
        cache["somebody", "notes_list", "{}"] = (float("inf"), {"notes": []})
        await there.do("change", str(port.app.settings.data_dir), "theirs")
        assert (await hear(socket))["event"] == "change"
    assert not cache
