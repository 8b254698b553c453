"""A real server and a headless Chromium that walks through its pages."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.people import Clock
from tests.fakes.served import Site, served

from .walk import Walk, chromium

WIDE = {"viewport": {"width": 1000, "height": 800}}


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Site]:
    """A server that people sign in to."""
    async with served(tmp_path, auth_mode="embedded") as site:
        yield site


@pytest.fixture
def clock(shop: Site) -> Clock:
    clock = Clock()
    clock.install(shop.app)
    return clock


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots go: DEVSKYY_PICTURES, or a folder of this test run."""
    folder = Path(os.environ.get("DEVSKYY_PICTURES", tmp_path / "pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
async def walk(shop: Site, pictures: Path) -> AsyncGenerator[Walk]:
    """A browser at the server."""
    async with AsyncExitStack() as stack:

        async def fresh(**options: Any) -> Walk:
            return Walk(await stack.enter_async_context(chromium(**options)), shop.url, pictures, fresh)

        yield await fresh(**WIDE)
