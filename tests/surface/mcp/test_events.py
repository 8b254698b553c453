"""What a host hears while it waits: changes, lists that changed, progress; and what happens when it goes away."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp import Client
from mcp.server.subscriptions import PromptsListChanged, ResourcesListChanged, ResourceUpdated, ToolsListChanged
from mcp.shared.exceptions import MCPError

from devskyy_mcp.surfaces.mcp.events import MOST_SUBSCRIPTIONS, MOST_WAITING
from tests.fakes.packs import late_pack

from .world import WAYS, World, data_of, host

every_way = pytest.mark.parametrize("way", WAYS, ids="-".join)
SECONDS = 10


async def until(found: Callable[[], object]) -> None:
    with anyio.fail_after(SECONDS):
        while not found():  # a list that fills has no event
            await anyio.sleep(0.005)


async def subscribe(client: Client, uri: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # gone since 2026-07-28, alive in hosts before it
        await client.subscribe_resource(uri)  # pyright: ignore[reportDeprecated]


@pytest.mark.parametrize("transport", ["memory", "http"])
@pytest.mark.requirement("mcp:subscriptions")
async def test_a_modern_host_hears_of_a_change_and_of_new_tools(world: World, transport: str) -> None:
    async with host(world, (transport, "modern")) as client:
        proposed = data_of(await client.call_tool("notes_create", {"title": "new", "preview": True}))
        uri = f"devskyy://changes/{proposed['change']}"
        with anyio.fail_after(SECONDS):
            async with client.listen(
                resource_subscriptions=[uri],
                tools_list_changed=True,
                prompts_list_changed=True,
                resources_list_changed=True,
            ) as events:
                await client.call_tool("notes_update", {"note": 1, "title": "not subscribed to"})
                await client.call_tool("changes_apply", {"change": proposed["change"]})
                assert await anext(events) == ResourceUpdated(uri)
                world.app.registry.add(late_pack())
                assert await anext(events) == ToolsListChanged()
                world.app.registry.add(_pack_with_prompt_and_resource(world))
                assert {await anext(events), await anext(events)} == {PromptsListChanged(), ResourcesListChanged()}


def _pack_with_prompt_and_resource(world: World) -> Any:
    from dataclasses import replace

    from devskyy_mcp.capability import Pack

    prompt = replace(world.app.registry.prompts["notes_briefing"], name="late_briefing")
    resource = replace(world.app.registry.resources["devskyy://notes"], uri="devskyy://late")
    return Pack("late_too", prompts=[prompt], resources=[resource])


@pytest.mark.parametrize("transport", ["memory", "http"])
@pytest.mark.requirement("mcp:subscriptions")
async def test_an_older_host_hears_of_a_change_and_of_new_tools(world: World, transport: str) -> None:
    heard: list[Any] = []

    def kinds() -> list[str]:
        return [getattr(message, "method", "") for message in heard]

    async with host(world, (transport, "legacy"), heard=heard) as client:
        capabilities = client.server_capabilities
        assert capabilities is not None
        assert capabilities.tools is not None
        assert capabilities.tools.list_changed is True
        proposed = data_of(await client.call_tool("notes_create", {"title": "new", "preview": True}))
        uri = f"devskyy://changes/{proposed['change']}"
        await subscribe(client, uri)
        await client.call_tool("notes_update", {"note": 1, "title": "not subscribed to"})
        await client.call_tool("changes_apply", {"change": proposed["change"]})
        await until(lambda: "notifications/resources/updated" in kinds())
        world.app.registry.add(late_pack())
        await until(lambda: "notifications/tools/list_changed" in kinds())
        world.app.registry.add(_pack_with_prompt_and_resource(world))
        for kind in ("prompts", "resources"):
            await until(lambda kind=kind: f"notifications/{kind}/list_changed" in kinds())
        with pytest.raises(MCPError):
            await subscribe(client, "devskyy://nothing/here")
    updated = [message for message in heard if isinstance(message, types.ResourceUpdatedNotification)]
    assert [message.params.uri for message in updated] == [uri]


@every_way
@pytest.mark.requirement("mcp:progress")
async def test_a_host_that_asks_hears_of_progress(world: World, way: tuple[str, str]) -> None:
    told: list[tuple[float, float | None, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))
        world.waiting.go.set()

    async with host(world, way) as client:
        with anyio.fail_after(SECONDS):
            result = await client.call_tool("notes_wait", progress_callback=hear)
            await until(lambda: len(told) == 2)
    assert data_of(result) == {"text": "went"}
    assert told == [(1, 2, "waiting"), (2, 2, "done")]


@every_way
@pytest.mark.requirement("mcp:cancellation")
async def test_a_call_that_is_given_up_is_cancelled(world: World, way: tuple[str, str]) -> None:
    async with host(world, way) as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "notes_wait")
            with anyio.fail_after(SECONDS):
                await world.waiting.started.wait()
            tasks.cancel_scope.cancel()
        with anyio.fail_after(SECONDS):
            await world.waiting.cancelled.wait()
            assert not (await client.call_tool("notes_list")).is_error


@every_way
@pytest.mark.requirement("mcp:cancellation")
async def test_a_write_under_way_is_finished_though_its_host_gives_up(world: World, way: tuple[str, str]) -> None:
    world.notes.gate = anyio.Event()
    async with host(world, way) as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "notes_update", {"note": 1, "title": "finished"})
            with anyio.fail_after(SECONDS):
                await world.notes.sending.wait()
            tasks.cancel_scope.cancel()
            world.notes.gate.set()
        await until(lambda: world.notes.rows[1]["title"] == "finished")
        again = data_of(await client.call_tool("notes_update", {"note": 1, "title": "finished"}))
    assert again["state"] == "nothing_to_change"
    assert world.notes.requests == [("update", 1)]


@pytest.mark.requirement("mcp:subscriptions")
async def test_a_host_subscribes_to_so_many_resources_and_no_more(world: World) -> None:
    many = [f"devskyy://notes/{number}" for number in range(MOST_SUBSCRIPTIONS + 1)]
    async with host(world, ("memory", "modern")) as client:
        with pytest.raises(MCPError, match=str(MOST_SUBSCRIPTIONS)):
            async with client.listen(resource_subscriptions=many):
                raise AssertionError("it must be refused")
        async with client.listen(resource_subscriptions=many[1:]):
            assert not (await client.call_tool("notes_list")).is_error
    async with host(world, ("memory", "legacy")) as client:
        for uri in many[1:]:
            await subscribe(client, uri)
        with pytest.raises(MCPError, match=str(MOST_SUBSCRIPTIONS)) as caught:
            await subscribe(client, many[0])
        assert caught.value.error.data["code"] == "too_large"
        await subscribe(client, many[1])  # which it has already


@every_way
@pytest.mark.requirement("mcp:subscriptions")
async def test_a_flood_of_events_drops_some_and_the_next_is_heard(
    world: World, way: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Any] = []
    async with host(world, way, heard=heard) as client:
        proposed = data_of(await client.call_tool("notes_create", {"title": "new", "preview": True}))
        uri = f"devskyy://changes/{proposed['change']}"

        async def flood_and_change() -> None:
            for number in range(2 * MOST_WAITING):
                for tell in world.app.changes.on_written:
                    tell(f"chg_{number}")
            assert "too many wait" in caplog.text
            await client.call_tool("changes_apply", {"change": proposed["change"]})

        with anyio.fail_after(SECONDS):
            if way[1] == "modern":
                async with client.listen(resource_subscriptions=[uri]) as events:
                    await flood_and_change()
                    assert await anext(events) == ResourceUpdated(uri)
            else:
                await subscribe(client, uri)
                await flood_and_change()
                await until(lambda: any(isinstance(one, types.ResourceUpdatedNotification) for one in heard))
