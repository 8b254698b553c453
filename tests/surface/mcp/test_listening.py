"""Hearing of tasks on a listen stream."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp import Client
from mcp.server.subscriptions import SUBSCRIPTION_ID_META_KEY, ListenHandler
from mcp.shared.exceptions import MCPError

from devskyy_mcp.surfaces.mcp.listening import MOST_TASKS
from tests.fakes.packs import late_pack

from .taking import Answer, TakesTasks, ask, begin, end_job, until, wire
from .test_events import until as becomes
from .world import Person, World, host, make_world

MEMORY = ("memory", "modern")
LIMITS = {"max_subscriptions": 1024, "max_buffered_events": 1024}
"""The SDK's own."""


class Listen(types.Request[dict[str, Any], str]):
    method: str = "subscriptions/listen"


@asynccontextmanager
async def listening(client: Client, **wanted: Any) -> AsyncGenerator[None]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.session.send_request, Listen(params={"notifications": wanted}), Answer)
        yield
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("transport", ["memory", "http"])
@pytest.mark.requirement("mcp:tasks-news")
async def test_a_host_hears_of_its_task_until_it_ends(world: World, transport: str) -> None:
    host_tasks = TakesTasks()
    async with host(world, (transport, "modern"), person=Person(), extensions=[host_tasks]) as client:
        task = (await begin(client, "prints_ask"))["taskId"]
        asking = await until(client, task, "input_required")
        async with listening(client, taskIds=[task]):
            await becomes(lambda: host_tasks.told)
            assert host_tasks.told[0]["status"] == "input_required"
            [key] = asking["inputRequests"]
            await ask(client, "update", task, inputResponses={key: {"action": "accept", "content": {"title": "a"}}})
            await becomes(lambda: host_tasks.told[-1]["status"] == "completed")
        done = await ask(client, "get", task)
    last = host_tasks.told[-1]
    assert last["_meta"][SUBSCRIPTION_ID_META_KEY]
    assert {name: value for name, value in last.items() if name != "_meta"} == {
        name: value for name, value in done.items() if name != "resultType"
    }
    assert "input_required" in {told["status"] for told in host_tasks.told}


@pytest.mark.requirement("mcp:tasks-news")
async def test_a_task_that_has_ended_is_told_once(world: World) -> None:
    host_tasks = TakesTasks()
    async with host(world, MEMORY, extensions=[host_tasks]) as client:
        task = (await begin(client, "prints_refuse"))["taskId"]
        await until(client, task)
        async with listening(client, taskIds=[task, task]):
            await becomes(lambda: host_tasks.told)
            await anyio.sleep(0.2)  # nothing more comes
    assert [told["status"] for told in host_tasks.told] == ["completed"]


@pytest.mark.requirement("mcp:tasks-news")
async def test_the_acknowledgement_names_ones_own_tasks_and_comes_first(tmp_path: Path) -> None:
    world = make_world(tmp_path, worker="off")
    frames: list[tuple[str, Any]] = []
    async with host(world, MEMORY, extensions=[TakesTasks()]) as client:
        task = (await begin(client, "prints_make", {"title": "news"}))["taskId"]
        _spy(client, frames)
        async with listening(client, taskIds=["job_22222222222222222222", task], toolsListChanged=True):
            await becomes(lambda: len(frames) == 2)
            await end_job(world, task, "cancelled")
            await becomes(lambda: len(frames) == 3)
    acknowledged = frames[0]
    assert acknowledged[0] == "notifications/subscriptions/acknowledged"
    assert acknowledged[1]["notifications"] == {"toolsListChanged": True, "taskIds": [task]}
    assert [(method, params["status"]) for method, params in frames[1:]] == [
        ("notifications/tasks", "working"),
        ("notifications/tasks", "cancelled"),
    ]


def _spy(client: Client, frames: list[tuple[str, Any]], reads: anyio.Event | None = None) -> None:
    """Note the notifications as they come in, before the SDK sorts them; read no further before ``reads`` is set."""
    session: Any = client.session
    inner = session._on_notify

    async def noted(context: Any, method: str, params: Any) -> None:
        frames.append((method, dict(params or {})))
        if reads is not None:
            await reads.wait()
        await inner(context, method, params)

    session._dispatcher.__dict__["_on_notify"] = noted


@pytest.mark.parametrize("wrong", ["job_22222222222222222222", [5], [str(number) for number in range(MOST_TASKS + 1)]])
@pytest.mark.requirement("mcp:tasks-news")
async def test_what_names_no_tasks_is_refused(world: World, wrong: Any) -> None:
    async with host(world, MEMORY, extensions=[TakesTasks()]) as client:
        with pytest.raises(MCPError) as caught:
            await client.session.send_request(Listen(params={"notifications": {"taskIds": wrong}}), Answer)
    assert caught.value.error.code == types.INVALID_PARAMS


@pytest.mark.requirement("mcp:tasks-without")
async def test_who_does_not_take_tasks_may_not_listen_to_them(world: World) -> None:
    async with host(world, MEMORY) as client:
        with pytest.raises(MCPError) as caught:
            await client.session.send_request(Listen(params={"notifications": {"taskIds": ["x"]}}), Answer)
    assert caught.value.error.code == types.MISSING_REQUIRED_CLIENT_CAPABILITY


@pytest.mark.requirement("mcp:tasks-news")
async def test_a_stream_of_tasks_tells_of_everything_else_that_it_asks_for(tmp_path: Path) -> None:
    world = make_world(tmp_path, worker="off")
    frames: list[tuple[str, Any]] = []
    async with host(world, MEMORY, extensions=[TakesTasks()]) as client:
        task = (await begin(client, "prints_make", {"title": "news"}))["taskId"]
        _spy(client, frames)
        async with listening(client, taskIds=[task], toolsListChanged=True):
            await becomes(lambda: len(frames) == 2)
            world.app.registry.add(late_pack())
            await becomes(lambda: frames[-1][0] == "notifications/tools/list_changed")


@pytest.mark.requirement("mcp:tasks-news")
async def test_one_stream_more_than_there_may_be_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ListenHandler.__init__, "__kwdefaults__", LIMITS | {"max_subscriptions": 1})
    frames: list[tuple[str, Any]] = []
    async with host(world, MEMORY, extensions=[TakesTasks()]) as client:
        task = (await begin(client, "prints_make", {"title": "news"}))["taskId"]
        _spy(client, frames)
        async with listening(client, taskIds=[task]):
            await becomes(lambda: frames)
            with pytest.raises(MCPError, match="limit"):
                await client.session.send_request(Listen(params={"notifications": {"taskIds": [task]}}), Answer)
        world.press.go.set()
        await until(client, task)


@pytest.mark.requirement("mcp:tasks-news")
async def test_a_stream_whose_host_falls_behind_is_ended_and_the_host_told(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ListenHandler.__init__, "__kwdefaults__", LIMITS | {"max_buffered_events": 0})
    async with host(world, MEMORY, extensions=[TakesTasks()]) as client:
        task = (await begin(client, "prints_make", {"title": "news"}))["taskId"]
        ended: list[dict[str, Any]] = []

        async def listen() -> None:
            wanted = {"taskIds": [task], "toolsListChanged": True}
            ended.append(wire(await client.session.send_request(Listen(params={"notifications": wanted}), Answer)))

        frames: list[tuple[str, Any]] = []
        reads = anyio.Event()
        _spy(client, frames, reads)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            with anyio.fail_after(10):
                await becomes(lambda: frames)
                while "backlog full" not in caplog.text:
                    for told in world.app.registry.on_added:
                        told(late_pack())
                    await anyio.sleep(0.001)
                reads.set()
                while not ended:
                    await anyio.sleep(0.01)
        assert ended[0]["resultType"] == "complete"
        world.press.go.set()
        await until(client, task)
