"""Jobs for hosts that take no tasks: the call waits, with progress, and says how to go on when that takes too long."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp import Client

from .taking import TakesTasks, end_job, long_change
from .world import WAYS, Person, World, data_of, error_of, host, make_world, text_of

every_way = pytest.mark.parametrize("way", WAYS, ids="-".join)
ERAS = pytest.mark.parametrize("era", ["modern", "legacy"])
POEM: dict[str, Any] = {"action": "accept", "content": {"title": "poem"}}


@every_way
@pytest.mark.requirement("mcp:tasks-without")
async def test_the_call_waits_for_the_job_and_tells_its_progress(world: World, way: tuple[str, str]) -> None:
    told: list[tuple[float, float | None, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))
        world.press.go.set()  # so the call goes on only after the host has heard

    async with host(world, way) as client:
        with anyio.fail_after(20):
            result = await client.call_tool("prints_make", {"title": "news"}, progress_callback=hear)
    view = data_of(result)
    assert (view["state"], view["result"]) == ("succeeded", {"title": "news"})
    assert "title news" in text_of(result)
    assert told[0] == (1, 2, "inked")


@every_way
@pytest.mark.requirement("mcp:tasks-without")
async def test_a_long_job_goes_on_and_its_call_says_how_to_follow_it(world: World, way: tuple[str, str]) -> None:
    assert world.app.settings.host_wait == 45
    world.app.settings.host_wait = 0.5
    async with host(world, way) as client:
        started = time.monotonic()
        view = data_of(await client.call_tool("prints_make", {"title": "news"}))
        took = time.monotonic() - started
        assert view["state"] in {"queued", "running"}
        assert view["next"].startswith(f"jobs_wait(job='{view['job']}')")
        world.press.go.set()
        world.app.settings.host_wait = 20
        assert data_of(await client.call_tool("prints_shout", {"words": "later"}))["state"] == "succeeded"
    assert 0.5 <= took < 5


@every_way
@pytest.mark.requirement("mcp:tasks-without")
async def test_a_failed_job_is_a_refusal(world: World, way: tuple[str, str]) -> None:
    async with host(world, way) as client:
        error = error_of(await client.call_tool("prints_refuse"))
        broken = error_of(await client.call_tool("prints_break"))
    assert (error["code"], error["message"], error["hint"]) == ("upstream_refused", "There is no ink.", "Buy some.")
    assert error["details"]["job"]["state"] == "failed"
    assert broken["code"] == "internal"
    assert "hunter2" not in str(broken)


@every_way
@pytest.mark.requirement("mcp:tasks-without")
async def test_what_a_job_asks_is_asked_in_its_call(world: World, way: tuple[str, str]) -> None:
    person = Person([POEM])
    async with host(world, way, person=person) as client:
        with anyio.fail_after(20):
            view = data_of(await client.call_tool("prints_ask"))
    assert person.asked == ["What shall be printed?"]
    assert (view["state"], view["result"]["title"]) == ("succeeded", "poem")


@ERAS
@pytest.mark.requirement("mcp:tasks-without")
async def test_two_forms_are_both_asked(world: World, era: str) -> None:
    person = Person([{"action": "accept", "content": {"title": "a"}}, {"action": "decline"}])
    async with host(world, ("memory", era), person=person) as client:
        with anyio.fail_after(20):
            view = data_of(await client.call_tool("prints_ask_both"))
    assert len(person.asked) == 2
    assert view["result"]["said"] == {"what": {"title": "a"}, "how": None}


@ERAS
@pytest.mark.requirement("mcp:tasks-without")
async def test_a_host_that_cannot_ask_is_told_what_the_job_waits_for(world: World, era: str) -> None:
    async with host(world, ("memory", era)) as client:
        with anyio.fail_after(20):
            result = await client.call_tool("prints_ask")
    view = data_of(result)
    assert (view["state"], view["question"]["message"]) == ("input_required", "What shall be printed?")
    assert "A person must answer" in view["next"]
    assert "What shall be printed?" in text_of(result)


@ERAS
@pytest.mark.requirement("mcp:tasks-without")
async def test_who_waits_for_a_job_later_is_asked_what_it_asks(world: World, era: str) -> None:
    async with host(world, ("memory", era)) as client:
        job = data_of(await client.call_tool("prints_ask"))["job"]
    person = Person([POEM])
    async with host(world, ("memory", era), person=person) as client:
        with anyio.fail_after(20):
            view = data_of(await client.call_tool("prints_wait", {"job": job}))
    assert person.asked == ["What shall be printed?"]
    assert (view["job"], view["result"]["title"]) == (job, "poem")


@ERAS
@pytest.mark.requirement("mcp:tasks-without")
async def test_an_answer_that_is_none_is_refused_and_the_job_waits_on(world: World, era: str) -> None:
    person = Person([{"action": "accept", "content": {"title": 5}}, POEM])
    async with host(world, ("memory", era), person=person) as client:
        with anyio.fail_after(20):
            refused = await client.call_tool("prints_ask")
            view = data_of(await client.call_tool("prints_ask"))
    assert error_of(refused)["code"] == "invalid_arguments"
    assert view["result"]["title"] == "poem"


@pytest.mark.requirement("mcp:sealed-state")
async def test_the_state_of_a_jobs_question_is_sealed(world: World) -> None:
    async with host(world, ("http", "modern"), person=Person([POEM])) as client:
        asked: Any = await client.session.call_tool("prints_ask", {}, allow_input_required=True)
    assert isinstance(asked, types.InputRequiredResult)
    assert asked.request_state
    assert "job_" not in asked.request_state


@ERAS
@pytest.mark.requirement("mcp:tasks-changes")
async def test_a_long_change_is_waited_for_by_who_started_it_and_not_by_who_looks(tmp_path: Path, era: str) -> None:
    world = make_world(tmp_path, worker="off")
    async with host(world, ("memory", era)) as client:
        job = await long_change(world, client)
        with anyio.fail_after(20):
            assert data_of(await client.call_tool("prints_look"))["state"] == "applying"
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_end_soon, world, job)
                assert data_of(await client.call_tool("prints_change"))["state"] == "applied"


async def _end_soon(world: World, job: str) -> None:
    await anyio.sleep(0.5)
    await end_job(world, job)


@pytest.mark.requirement("mcp:tasks-without")
async def test_older_hosts_hear_nothing_of_tasks(world: World) -> None:
    world.press.go.set()
    async with host(world, ("memory", "legacy"), extensions=[TakesTasks()]) as client:
        capabilities: Any = client.server_capabilities
        assert capabilities.tasks is None
        listed = await client.list_tools()
        assert all(tool.execution is None for tool in listed.tools)
        assert await _augmented(client) == "succeeded"


async def _augmented(client: Client) -> str:
    """The state that a call with the task field of 2025-11-25 answers with: servers without tasks pass it over."""
    task = types.TaskMetadata(ttl=60_000)
    params = types.CallToolRequestParams(name="prints_make", arguments={"title": "news"}, task=task)
    done = await client.session.send_request(types.CallToolRequest(params=params), types.CallToolResult)
    return data_of(done)["state"]
