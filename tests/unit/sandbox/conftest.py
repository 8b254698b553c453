from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, cast

import httpx2
import pytest
from starlette.applications import Starlette

from devskyy_tools.sandbox import DEMO_APP_PASSWORD, DEMO_USER, Sandbox, create_sandbox


@pytest.fixture
def app() -> Starlette:
    return create_sandbox()


@pytest.fixture
def sandbox(app: Starlette) -> Sandbox:
    return app.state.sandbox


def client(app: Starlette) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=cast("Any", app))
    return httpx2.AsyncClient(
        transport=transport, base_url="http://sandbox.test/wp-json/", auth=(DEMO_USER, DEMO_APP_PASSWORD)
    )


@pytest.fixture
async def shop(app: Starlette) -> AsyncGenerator[httpx2.AsyncClient]:
    async with client(app) as http:
        yield http
