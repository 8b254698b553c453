"""What a run must ask for is decided at the host's form, on the change itself, however the host can be asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS

from tests.fakes.jobs import Press
from tests.fakes.notes import Notes
from tests.fakes.packs import Waiting
from tests.unit.agents.runs.bed import Bed, bed, calls, delivers

from .taking import TakesTasks, ask, begin, until
from .world import Person, World, data_of, host

YES: dict[str, Any] = {"action": "accept", "content": {"agree": True}}
RUN = {"agent": "shop-hand", "request": "Rename it."}


@asynccontextmanager
async def asking(folder: Path) -> AsyncGenerator[tuple[Bed, World]]:
    """A run's model that wants to rename a product, and a server that runs jobs."""
    async with bed(folder, worker="on", host_wait=60) as here:
        product = await here.desk.some("woo_products_list")
        here.models.say(calls(("woo_products_update", {"id": product, "name": "Renamed"})), delivers())
        yield here, World(here.desk.app, Notes(), Waiting(), Press())


def right(here: Bed, run: dict[str, Any], person: Person | None = None) -> None:
    assert (run["outcome"], run["done"]) == ("delivered", ["woo_products_update: applied"])
    assert len(here.desk.writes) == 1
    if person is not None:
        (said,) = person.asked
        assert "Renamed" in said
        assert "The agent shop-hand may call woo_products_update only when a person agrees." in said


@pytest.mark.requirement("runs:approve")
@pytest.mark.parametrize("era", ["modern", "legacy"])
async def test_hosts_without_tasks_ask_while_the_call_is_open(tmp_path: Path, era: str) -> None:
    person = Person()
    async with asking(tmp_path) as (here, world), host(world, ("memory", era), person=person) as client:
        run = data_of(await client.call_tool("agents_run", RUN))["result"]
        right(here, run, person)
        (change,) = run["changes"]
        shown = data_of(await client.call_tool("changes_show", {"change": change}))
        assert shown["approved_by"] == "ada (elicitation)"


@pytest.mark.requirement("runs:approve")
async def test_a_task_takes_a_yes_and_nothing_else_for_it(tmp_path: Path) -> None:
    way = ("memory", "modern")
    async with (
        asking(tmp_path) as (here, world),
        host(world, way, person=Person(), extensions=[TakesTasks()]) as client,
    ):
        task = (await begin(client, "agents_run", RUN))["taskId"]
        [(key, request)] = (await until(client, task, "input_required", seconds=60))["inputRequests"].items()
        assert request["params"]["requestedSchema"]["required"] == ["agree"]
        for wrong in ({}, {"agree": "yes"}, {"agree": 1}):
            with pytest.raises(MCPError) as caught:
                await ask(client, "update", task, inputResponses={key: {"action": "accept", "content": wrong}})
            assert caught.value.error.code == INVALID_PARAMS
        assert here.desk.writes == []
        assert (await ask(client, "update", task, inputResponses={"other": YES})) == {"resultType": "complete"}
        assert (await ask(client, "get", task))["status"] == "input_required"
        await ask(client, "update", task, inputResponses={key: YES})
        done = await until(client, task, seconds=60)
        right(here, done["result"]["structuredContent"]["result"])
        assert (await ask(client, "update", task, inputResponses={key: YES})) == {"resultType": "complete"}
        assert len(here.desk.writes) == 1


@pytest.mark.requirement("runs:approve")
@pytest.mark.parametrize("no", [{"action": "decline"}, {"action": "cancel"}, YES | {"content": {"agree": False}}])
async def test_a_no_declines_the_change(tmp_path: Path, no: dict[str, Any]) -> None:
    way = ("memory", "modern")
    async with (
        asking(tmp_path) as (here, world),
        host(world, way, person=Person(), extensions=[TakesTasks()]) as client,
    ):
        task = (await begin(client, "agents_run", RUN))["taskId"]
        [key] = (await until(client, task, "input_required", seconds=60))["inputRequests"]
        await ask(client, "update", task, inputResponses={key: no})
        run = (await until(client, task, seconds=60))["result"]["structuredContent"]["result"]
        assert run["done"] == ["woo_products_update: declined"]
        (change,) = run["changes"]
        assert data_of(await client.call_tool("changes_show", {"change": change}))["state"] == "declined"
        assert here.desk.writes == []


@pytest.mark.requirement("runs:approve")
async def test_a_host_that_can_ask_nobody_brings_no_yes(tmp_path: Path) -> None:
    way = ("memory", "modern")
    async with asking(tmp_path) as (here, world), host(world, way, extensions=[TakesTasks()]) as client:
        task = (await begin(client, "agents_run", RUN))["taskId"]
        while (view := await here.view(task)).state != "input_required":
            await anyio.sleep(0.05)
        assert view.question is not None
        assert view.next is not None
        assert "devskyy approve chg_" in view.next
        await ask(client, "update", task, inputResponses={view.question["name"]: YES})
        assert (await here.view(task)).state == "input_required"
        assert here.desk.writes == []
