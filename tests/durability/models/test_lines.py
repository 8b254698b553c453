"""A process dies at lines of a model's road, from paid request to stored file; the next one goes on from there."""

from __future__ import annotations

import os
from pathlib import Path

import anyio
import pytest

from devskyy_mcp.app import App
from devskyy_mcp.assets.store import Assets
from devskyy_mcp.db.database import Database
from devskyy_mcp.invoke import Call
from devskyy_mcp.jobs import runs
from devskyy_mcp.jobs.service import Jobs
from tests.durability.paid.lines import Line
from tests.durability.paid.test_lines import ME, in_process, rerun
from tests.fakes.paid_tasks import glb_of

from .place import OURS, ModelPlace, StandIn

AT_ONCE = 8
FEW = {True: 16, False: 4}
"""Lines of each provider in the short run, on SQLite and on Postgres; all in the long one."""


async def submit(app: App, prompt: str) -> tuple[str, int]:
    """A job that waits to be run, as if a worker had been handed it; its token."""
    call = Call(ME, "three_d_models_generate", {"prompt": prompt, "texture": False}, "cli")
    job = (await app.road.invoke(call)).data["job"]
    async with app.services.get(Database).begin() as conn:
        token = await runs.hand(conn, [job])
    return job, token


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.requirement("providers:paid-once")
async def test_killed_at_lines_of_the_road(app: App, here: ModelPlace, provider: StandIn) -> None:
    job, token = await submit(app, "whole")
    code, lines = await in_process(here, job, token, files=OURS)
    assert code == 0
    assert (await app.services.get(Jobs).get(ME, job)).state == "succeeded"
    assert len({file for file, _ in lines}) >= 5
    few = len(lines) if os.environ.get("DEVSKYY_LONG") else FEW[here.settings["database_url"].startswith("sqlite")]
    chosen = lines[:: max(1, len(lines) // few)]
    wrong: list[str] = []
    asked: list[str] = []
    limit = anyio.CapacityLimiter(AT_ONCE)

    async def die_at(line: Line) -> None:
        async with limit:
            prompt = f"{Path(line[0]).name}:{line[1]}"
            job, token = await submit(app, prompt)
            code, _ = await in_process(here, job, token, line, OURS)
            if code == 0:  # a line of waiting, which this run did not need
                return
            view = await rerun(app, here, job, token)
            paid = provider.paid(prompt)
            if provider.name == "tripo" and view.state == "needs_review" and paid == 0:
                asked.append(prompt)  # Tripo's list proves no absence, so a person says that it never arrived
                return
            if view.state != "succeeded" or view.result is None or paid != 1:
                wrong.append(f"{prompt}: {view.state}, paid {paid} times, {view.error}")
                return
            store = app.services.get(Assets)
            asset = await store.get(view.result["model"]["asset"])
            if store.path(asset).read_bytes() != glb_of(view.result["task"]):
                wrong.append(f"{prompt}: what was stored is not what was made")

    async with anyio.create_task_group() as tasks:
        for line in chosen:
            tasks.start_soon(die_at, line)
    assert not wrong
    assert len(asked) <= 1 + len(chosen) // 3
    kept = list((Path(here.settings["data_dir"]) / "assets").rglob("ast_*.json"))
    models = sum(1 for file in kept if '"model/gltf-binary"' in file.read_text())
    assert models == len(provider.seen()["tasks"]), "each paid task's model is stored once"
