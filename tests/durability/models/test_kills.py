"""Workers are killed at random while models are made: nothing is lost, paid for twice or stored twice."""

from __future__ import annotations

import random
from collections import Counter

import anyio
import pytest

from devskyy_mcp.app import App
from devskyy_mcp.invoke import Call
from devskyy_mcp.jobs.service import Jobs
from tests.durability.paid.processes import Running
from tests.durability.paid.test_lines import ME

from .place import ModelPlace, StandIn

KILLS = 4
JOBS = 6


@pytest.mark.slow
@pytest.mark.timeout(200)
@pytest.mark.requirement("providers:paid-once")
@pytest.mark.parametrize("name", ["meshy"], indirect=True)  # whose list tells of every lost answer
async def test_workers_are_killed_at_random(app: App, here: ModelPlace, provider: StandIn) -> None:
    chance = random.Random(20261128)
    worker = Running(here)  # pyright: ignore[reportArgumentType] # of a place it needs the app only
    worker.start()
    try:
        jobs: dict[str, str] = {}
        for number in range(JOBS):
            call = Call(ME, "three_d_models_generate", {"prompt": f"hat {number}", "texture": number % 2 == 0}, "cli")
            jobs[(await app.road.invoke(call)).data["job"]] = f"hat {number}"
            if number < KILLS:
                await anyio.sleep(chance.uniform(0.3, 1.5))
                worker.kill()
                worker.start()
        views = [await app.services.get(Jobs).wait(ME, job, 120) for job in jobs]
    finally:
        worker.kill()
    assert [view.state for view in views] == ["succeeded"] * JOBS, [view.error for view in views]
    shapes = Counter(task["body"].get("prompt") for task in provider.seen()["tasks"])
    assert [shapes[prompt] for prompt in jobs.values()] == [1] * JOBS
    assert shapes[None] == JOBS // 2, "each texture once"
