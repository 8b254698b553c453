from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import pytest

from devskyy_mcp.auth.grants import Grants
from devskyy_mcp.auth.people import User
from devskyy_mcp.auth.signing import SigningKeys
from devskyy_mcp.db import Database
from tests.fakes.oauth import Host, Server, Web, signing_in
from tests.fakes.people import Clock, Visit, person


@pytest.fixture
async def shop(tmp_path: Path, database_url: str) -> AsyncGenerator[Server]:
    """A server that signs people in, on SQLite and on Postgres."""
    given = {}
    if database_url.startswith("postgres"):
        given = {"database_url": database_url}
        database = Database(database_url, migrate=True)
        await database.open()
        await database.close()
    async with signing_in(tmp_path, **given) as shop:
        yield shop


@pytest.fixture
def clock(shop: Server) -> Clock:
    clock = Clock()
    clock.install(shop.app)
    shop.app.services.get(Grants).clock = shop.app.services.get(SigningKeys).clock = clock
    return clock


@pytest.fixture
async def ada(shop: Server) -> User:
    """An owner."""
    return await person(shop.app)


@pytest.fixture
async def browser(shop: Server, ada: User) -> Visit:
    """Ada's, signed in."""
    visit = Visit(shop.http)
    await visit.sign_in()
    return visit


@pytest.fixture
def host(shop: Server, browser: Visit) -> Host:
    """A program beside Ada's browser."""
    return Host(shop.http)


@pytest.fixture
def web(shop: Server) -> Web:
    return Web(shop.app)


@pytest.fixture
async def stranger(shop: Server) -> AsyncGenerator[httpx2.AsyncClient]:
    """A client without any cookie."""
    transport = httpx2.ASGITransport(app=shop.asgi)
    async with httpx2.AsyncClient(transport=transport, base_url=shop.url, trust_env=False) as http:
        yield http
