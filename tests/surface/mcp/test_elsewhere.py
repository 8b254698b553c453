"""What a host hears of jobs and changes that another process works on."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp import Client
from mcp.server.subscriptions import ResourceUpdated
from mcp.shared.exceptions import MCPError

from devskyy_mcp.app import build
from devskyy_mcp.config import Settings
from devskyy_mcp.context import ALL_SCOPES, Principal
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.surfaces.mcp import events
from devskyy_tools.platform.pack import pack as platform
from tests.fakes.elsewhere import There, elsewhere
from tests.fakes.jobs import Press
from tests.fakes.notes import Notes
from tests.fakes.packs import Waiting, notes_pack

from .test_events import subscribe, until
from .world import World, data_of, host

EVE = Principal("user:eve", "user", ALL_SCOPES - {"*"} | {"jobs:read", "changes:read"}, "Eve")
JOB, URI = "job_a", "devskyy://jobs/job_a"
SECONDS = 4
"""Less than the look that needs no wake-up."""
transports = pytest.mark.parametrize("transport", ["memory", "http"])


@pytest.fixture
def world(tmp_path: Path) -> World:
    settings = Settings(environment="test", data_dir=tmp_path / "data", port=8000, worker="off")
    notes, waiting = Notes("one", "two"), Waiting()
    return World(build(settings, [notes_pack(notes, waiting), platform]), notes, waiting, Press())


@pytest.fixture
async def there(world: World) -> AsyncGenerator[There]:
    async with elsewhere(str(world.app.settings.database)) as process:
        yield process


def updates(heard: list[Any]) -> list[str]:
    return [message.params.uri for message in heard if isinstance(message, types.ResourceUpdatedNotification)]


async def unsubscribe(client: Client, uri: str) -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        await client.unsubscribe_resource(uri)  # pyright: ignore[reportDeprecated]


@transports
@pytest.mark.requirement("events:subscriptions")
async def test_a_modern_host_hears_of_a_job_that_runs_elsewhere(world: World, there: There, transport: str) -> None:
    await there.do("add", JOB, "user:bob")
    await there.do("add", "job_b", "user:bob")
    async with host(world, (transport, "modern")) as client:
        with anyio.fail_after(SECONDS):
            async with client.listen(resource_subscriptions=[URI]) as events:
                await there.do("start", "job_b")
                for what in ("start", "ask", "end"):
                    await there.do(what, JOB)
                    assert await anext(events) == ResourceUpdated(URI)
        read: Any = (await client.read_resource(URI)).contents[0]
        assert '"succeeded"' in read.text


@transports
@pytest.mark.requirement("events:subscriptions")
async def test_an_older_host_hears_of_a_job_until_it_unsubscribes(world: World, there: There, transport: str) -> None:
    await there.do("add", JOB, "user:bob")
    heard: list[Any] = []
    async with host(world, (transport, "legacy"), heard=heard) as client:
        await subscribe(client, URI)
        await subscribe(client, URI)
        for number, what in enumerate(["start", "ask"], 1):
            await there.do(what, JOB)
            with anyio.fail_after(SECONDS):
                await until(lambda number=number: len(updates(heard)) == number)
        await unsubscribe(client, URI)
        await there.do("progress", JOB, 2, 2)
        await there.do("add", "job_b", "user:bob")
        await subscribe(client, "devskyy://jobs/job_b")
        await there.do("start", "job_b")
        with anyio.fail_after(SECONDS):
            await until(lambda: len(updates(heard)) == 3)
    assert updates(heard) == [URI, URI, "devskyy://jobs/job_b"]


@transports
@pytest.mark.parametrize("era", ["modern", "legacy"])
@pytest.mark.requirement("events:changes")
async def test_a_host_hears_of_a_change_that_another_process_carries_out(
    world: World, there: There, transport: str, era: str
) -> None:
    from tests.fakes.served import settings_for

    heard: list[Any] = []
    async with host(world, (transport, era), heard=heard) as client:
        proposed = data_of(await client.call_tool("notes_create", {"title": "new", "preview": True}))["change"]
        uri = f"devskyy://changes/{proposed}"
        other = build(settings_for(Path(), data_dir=world.app.settings.data_dir), [notes_pack(world.notes), platform])

        async def apply() -> None:
            """In another app: it shares with this one only the database and what stands for the shop."""
            from devskyy_mcp.invoke import Call

            from .world import ADA

            await there.do("change", str(world.app.settings.data_dir), "not subscribed to")
            done = await other.road.invoke(Call(ADA, "changes_apply", {"change": proposed}, "cli"))
            assert done.data["state"] == "applied"

        if era == "modern":
            async with client.listen(resource_subscriptions=[uri]) as events:
                await apply()
                with anyio.fail_after(SECONDS):
                    assert await anext(events) == ResourceUpdated(uri)
        else:
            await subscribe(client, uri)
            await apply()
            with anyio.fail_after(SECONDS):
                await until(lambda: updates(heard) == [uri])
        await other.close()


@transports
@pytest.mark.requirement("jobs:not-found")
async def test_nobody_subscribes_to_what_is_anothers_or_not_there(world: World, there: There, transport: str) -> None:
    await there.do("add", JOB, "user:bob")
    change = await there.do("change", str(world.app.settings.data_dir), "another's")
    foreign = [URI, f"devskyy://changes/{change}", "devskyy://jobs/job_none", "devskyy://jobs/%00", "devskyy://x"]
    async with host(world, (transport, "legacy"), principal=EVE) as client:
        told: set[str] = set()
        for uri in foreign:
            with pytest.raises(MCPError) as caught:
                await subscribe(client, uri)
            told.add(caught.value.error.data["code"])
        assert told == {"not_found"}
    await there.do("add", "job_hers", EVE.id)
    mine = "devskyy://jobs/job_hers"
    async with host(world, (transport, "modern"), principal=EVE) as client:
        with anyio.fail_after(SECONDS):
            async with client.listen(resource_subscriptions=[*foreign, mine]) as events:
                await there.do("start", JOB)
                await there.do("start", "job_hers")
                assert await anext(events) == ResourceUpdated(mine)


@pytest.mark.requirement("events:subscriptions")
async def test_nothing_is_followed_when_its_subscribers_are_gone(world: World, there: There) -> None:
    from devskyy_mcp.db.wake import Wake

    await there.do("add", JOB, "user:bob")
    waiting = world.app.services.get(Wake)._bells._bells  # pyright: ignore[reportPrivateUsage] # by what they wait for
    for era in ("modern", "legacy"):
        async with host(world, ("http", era)) as client:
            assert JOB not in waiting
            if era == "modern":
                async with client.listen(resource_subscriptions=[URI]), client.listen(resource_subscriptions=[URI]):
                    await until(lambda: JOB in waiting)
            else:
                await subscribe(client, URI)
                await until(lambda: JOB in waiting)
                await unsubscribe(client, URI)
            with anyio.fail_after(SECONDS):
                await until(lambda: JOB not in waiting)
    async with host(world, ("memory", "legacy")) as client:
        await subscribe(client, URI)
        assert JOB in waiting
    with anyio.fail_after(SECONDS):
        await until(lambda: JOB not in waiting)


@pytest.mark.requirement("events:subscriptions")
async def test_a_job_that_cannot_be_followed_for_a_while_is_looked_at_again(
    world: World, there: There, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, away = world.app.road.jobs.events, [True]
    following = jobs.following

    def asked(job: str, after: int | None = None) -> Any:
        if away:
            away.pop()
            raise Refused(Code.UPSTREAM_UNREACHABLE, "The database does not answer.")
        return following(job, after)

    monkeypatch.setattr(jobs, "following", asked)
    monkeypatch.setattr(events, "TRY_AGAIN", 0.05)
    await there.do("add", JOB, "user:bob")
    async with host(world, ("memory", "modern")) as client:
        with anyio.fail_after(2 * SECONDS):
            async with client.listen(resource_subscriptions=[URI]) as heard:
                assert await anext(heard) == ResourceUpdated(URI)  # whatever happened meanwhile
                await there.do("start", JOB)
                assert await anext(heard) == ResourceUpdated(URI)
