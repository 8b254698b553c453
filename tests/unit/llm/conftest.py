"""One server of models for the tests of a file."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from .asking import Desk, a_desk


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Desk]:
    async with a_desk(tmp_path_factory.mktemp("llm")) as made:
        yield made
