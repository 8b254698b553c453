from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.fakes.served import Site, served, site


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Site]:
    async with site(tmp_path) as made:
        yield made


@pytest.fixture
async def port(tmp_path: Path) -> AsyncGenerator[Site]:
    """The same on a real port."""
    async with served(tmp_path) as made:
        yield made
