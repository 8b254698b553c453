"""A host's person is asked about a privileged call after customers' texts; it then answers as it always does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.app import build
from devskyy_mcp.capability import Pack
from devskyy_mcp.config import Settings
from devskyy_mcp.db.database import Database
from devskyy_mcp.jobs.events import Events
from devskyy_tools.platform.jobs import jobs
from tests.fakes.elsewhere import Hands
from tests.fakes.jobs import Press
from tests.fakes.notes import Notes
from tests.fakes.packs import Waiting, changes_pack, notes_pack

from .world import ADA, WAYS, Person, World, data_of, error_of, host, text_of

every_way = pytest.mark.parametrize("way", WAYS, ids="-".join)
pytestmark = pytest.mark.requirement("gate:privileged")
JOB = "job_review"
GIVE_UP = {"job": JOB, "action": "abandon"}


@pytest.fixture
async def world(tmp_path: Path) -> World:
    settings = Settings(environment="test", data_dir=tmp_path / "data", port=8000, worker="off")
    notes, waiting = Notes("one"), Waiting()
    world = World(
        build(settings, [notes_pack(notes, waiting), changes_pack(), Pack("jobs", [jobs])]), notes, waiting, Press()
    )
    hands = Hands(world.app.services.get(Database), world.app.services.get(Events))
    await hands.add(JOB, ADA.id)
    await hands.review(JOB)
    await world.app.road.taints.mark(ADA.id)
    return world


async def state(client: Any) -> str:
    return data_of(await client.call_tool("jobs_get", {"job": JOB}))["state"]


@every_way
async def test_a_yes_carries_it_out_and_gives_the_jobs_view(world: World, way: tuple[str, str]) -> None:
    someone = Person()
    async with host(world, way, person=someone) as client:
        done = data_of(await client.call_tool("jobs_resolve", GIVE_UP))
    assert (done["job"], done["state"]) == (JOB, "queued")
    [question] = someone.asked
    assert "call jobs_resolve" in question
    assert "action abandon" in question
    assert "Text from customers or the web was read shortly before" in question


@every_way
async def test_a_no_leaves_it(world: World, way: tuple[str, str]) -> None:
    async with host(world, way, person=Person([{"action": "decline"}])) as client:
        result = await client.call_tool("jobs_resolve", GIVE_UP)
        assert await state(client) == "needs_review"
    assert error_of(result)["code"] == "declined"


@every_way
async def test_a_host_that_cannot_ask_gets_the_page(world: World, way: tuple[str, str]) -> None:
    async with host(world, way) as client:
        result = await client.call_tool("jobs_resolve", GIVE_UP)
        assert await state(client) == "needs_review"
    error = error_of(result)
    assert error["code"] == "waits_for_person"
    change = error["details"]["change"]
    assert change["approve"]["page"] in text_of(result)
    assert change["approve"]["page"].endswith(f"/approvals/{change['change']}")
