from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.fakes.people import Clock, Visit
from tests.fakes.served import Site, site


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Site]:
    """A server that people sign in to."""
    async with site(tmp_path, auth_mode="embedded") as shop:
        yield shop


@pytest.fixture
def clock(shop: Site) -> Clock:
    clock = Clock()
    clock.install(shop.app)
    return clock


@pytest.fixture
def visit(shop: Site, clock: Clock) -> Visit:
    """A browser without any cookie."""
    return Visit(shop.http)
