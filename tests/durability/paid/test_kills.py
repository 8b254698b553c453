"""A short run of what ``make durability`` does 200 times."""

from __future__ import annotations

from pathlib import Path

import pytest

from .kills import crash

KILLS = 6


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.requirement("jobs:kill")
async def test_killed_at_random(tmp_path: Path, database_url: str) -> None:
    tally = await crash(tmp_path, database_url, KILLS, seed=20261125)
    assert not tally.wrong
    assert tally.jobs >= KILLS
    assert tally.succeeded + tally.needs_review == tally.jobs
