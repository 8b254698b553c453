"""Many at the same moment: a code is taken once, a refresh token as often as the grace allows, and no host is put out.

Each race has 20 runners. ``make test`` runs some; ``DEVSKYY_LONG=1`` runs all 1,000 of each kind on each database.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import anyio
import pytest

from devskyy_mcp.auth.grants import DAY, Grants
from devskyy_mcp.auth.people import People
from devskyy_mcp.auth.server.clients import Clients
from devskyy_mcp.auth.server.documents import Documents
from devskyy_mcp.auth.server.families import GRACE, REISSUES, Families
from devskyy_mcp.auth.server.models import Registration
from devskyy_mcp.auth.server.server import Live, Store
from devskyy_mcp.auth.signing import SigningKeys
from devskyy_mcp.db import Database
from devskyy_mcp.db.cache import MemoryCache
from devskyy_mcp.guard.audit import AuditLog
from tests.fakes.oauth import LOOPBACK
from tests.fakes.people import BY, PASSWORD, Clock

LONG = os.environ.get("DEVSKYY_LONG") == "1"
RACES = 1000 if LONG else 20
RUNNERS = 20
pytestmark = pytest.mark.timeout(3600 if LONG else 120)


class Bed:
    """Two servers on one database, without HTTP."""

    def __init__(self, databases: list[Database], clock: Clock) -> None:
        self.clock = clock
        self.audits = [AuditLog(db) for db in databases]
        self.grants = [Grants(db, audit, clock) for db, audit in zip(databases, self.audits, strict=True)]
        self.families = [Families(grants) for grants in self.grants]
        self.ended: list[str] = []
        for grants in self.grants:
            grants.on_revoked.append(self.ended.append)
        self.user = self.client = ""

    async def code(self) -> str:
        grant: dict[str, Any] = {
            "client_id": self.client,
            "user_id": self.user,
            "scopes": ["tools:read", "offline_access"],
            "resource": "http://127.0.0.1:8000",
        }
        return await self.families[0].code(LOOPBACK, "c" * 43, named=True, grant=grant)

    async def family(self) -> tuple[str, str]:
        """A grant with its first refresh token."""
        taken = await self.families[0].take_code(await self.code(), self.client)
        assert taken
        token = await self.families[0].issue(taken.grant_id)
        assert token
        return taken.grant_id, token

    async def race(self, run: Callable[[Families], Awaitable[Any]], runners: int = RUNNERS) -> list[Any]:
        """What the runners got, half of them at each server."""
        got: list[Any] = []

        async def one(families: Families) -> None:
            got.append(await run(families))

        async with anyio.create_task_group() as tasks:
            for number in range(runners):
                tasks.start_soon(one, self.families[number % 2])
        return got


@pytest.fixture
async def bed(database_url: str) -> AsyncGenerator[Bed]:
    databases = [Database(database_url, migrate=True), Database(database_url)]
    for database in databases:
        await database.open()
    bed = Bed(databases, Clock())
    people = People(databases[0], bed.audits[0], MemoryCache())
    bed.user = (await people.add("ada@example.com", "Ada", "owner", PASSWORD, BY)).id
    clients = Clients(bed.grants[0], Documents(MemoryCache()))
    client, _ = await clients.register(Registration(redirect_uris=[LOOPBACK], token_endpoint_auth_method="none"))
    bed.client = client.id
    yield bed
    for audit, database in zip(bed.audits, databases, strict=True):
        await audit.close()
        await database.close()


@pytest.mark.requirement("oauth:races")
async def test_of_twenty_that_present_one_code_one_gets_it_and_it_is_then_worth_nothing(bed: Bed) -> None:
    for _ in range(RACES):
        code = await bed.code()
        got = [one for one in await bed.race(lambda families, code=code: families.take_code(code, bed.client)) if one]
        assert len(got) == 1
        state = await bed.grants[0].state(got[0].grant_id)
        assert state
        assert state.most is None
        assert await bed.families[0].issue(got[0].grant_id) is None


@pytest.mark.requirement("oauth:grace")
async def test_of_twenty_that_present_one_refresh_token_eleven_get_it_and_the_rest_ends_the_family(bed: Bed) -> None:
    for _ in range(RACES):
        sid, token = await bed.family()
        got = [
            one for one in await bed.race(lambda families, token=token: families.take_refresh(token, bed.client)) if one
        ]
        assert len(got) == 1 + REISSUES
        state = await bed.grants[0].state(sid)
        assert state
        assert state.most is None
        assert bed.ended.count(sid) == 1


async def test_four_processes_that_share_a_token_are_never_put_out(bed: Bed) -> None:
    for _ in range(RACES):
        sid, token = await bed.family()
        for _ in range(2):
            got = await bed.race(lambda families, token=token: families.take_refresh(token, bed.client), 4)
            assert all(got)
            fresh = await bed.families[0].issue(sid)
            assert fresh
            bed.clock.forward(30)
            token = fresh
        state = await bed.grants[0].state(sid)
        assert state
        assert state.live


async def test_a_thief_after_the_grace_ends_the_family(bed: Bed) -> None:
    sid, token = await bed.family()
    assert await bed.families[0].take_refresh(token, bed.client)
    fresh = await bed.families[0].issue(sid)
    assert fresh
    bed.clock.forward(GRACE / 1e6 - 1)
    assert await bed.families[1].take_refresh(token, bed.client)
    bed.clock.forward(2)
    assert await bed.families[1].take_refresh(token, bed.client) is None
    assert bed.ended == [sid]
    assert await bed.families[0].issue(sid) is None
    state = await bed.grants[0].state(sid)
    assert state
    assert not state.live


async def test_another_client_takes_nothing_and_ends_nothing(bed: Bed) -> None:
    _, token = await bed.family()
    code = await bed.code()
    assert await bed.families[0].take_refresh(token, "cl_other") is None
    assert await bed.families[0].take_code(code, "cl_other") is None
    assert await bed.families[0].take_code(code, bed.client)
    assert await bed.families[0].take_refresh(token, bed.client)
    assert bed.ended == []


async def test_a_refresh_token_ends_after_a_month_and_a_grant_after_half_a_year(bed: Bed) -> None:
    sid, token = await bed.family()
    for _ in range(6):
        bed.clock.forward(29 * DAY / 1e6)
        assert await bed.families[0].take_refresh(token, bed.client)
        fresh = await bed.families[0].issue(sid)
        assert fresh
        token = fresh
    bed.clock.forward(29 * DAY / 1e6)
    assert await bed.families[0].take_refresh(token, bed.client) is None


async def test_the_token_of_a_store_is_bound_to_its_resource(bed: Bed) -> None:
    keys = SigningKeys(bed.grants[0].db, bed.clock)
    clients = Clients(bed.grants[0], Documents(MemoryCache()))
    store = Store(bed.grants[0], clients, keys, MemoryCache(), "http://127.0.0.1:8000")
    sid, _ = await bed.family()
    grant = await bed.grants[0].state(sid)
    assert grant
    assert await store.token(Live(grant), None, "http://127.0.0.1:8000/mcp") is None
    assert await store.token(Live(grant), None, "http://127.0.0.1:8000/") is not None
