"""A process dies at every line that a paid job goes through, each once; the next one finishes the job."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import anyio
import pytest

from devskyy_mcp.app import App, local_principal
from devskyy_mcp.db.database import Database
from devskyy_mcp.invoke import Call
from devskyy_mcp.jobs import runs
from devskyy_mcp.jobs.model import JobView
from devskyy_mcp.jobs.service import Jobs
from tests.durability.processes import context, ended

from .lines import FILES, Line, Opens, run_once
from .processes import Place, ProviderServer
from .renders import KINDS

ME = local_principal()
AT_ONCE = 12


async def submit(app: App, prompt: str, kind: str) -> tuple[str, int]:
    """A job that waits to be run, as if a worker had been handed it; its token."""
    result = await app.road.invoke(Call(ME, "renders_make", {"prompt": prompt, "kind": kind, "seconds": 0}, "cli"))
    job = result.data["job"]
    async with app.services.get(Database).begin() as conn:
        token = await runs.hand(conn, [job])
    return job, token


async def in_process(
    here: Opens, job: str, token: int, die_at: Line | None = None, files: Collection[str] = FILES
) -> tuple[int, list[Line]]:
    """Run the job in a process of its own; the exit code, and the lines it reached if it lived."""
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=run_once, args=(here, job, token, die_at, theirs, files))
    process.start()
    theirs.close()
    code = await ended(process, 60)
    reached: list[Line] = ours.recv() if code == 0 else []
    ours.close()
    process.close()
    assert code is not None
    return code, reached


async def rerun(app: App, here: Opens, job: str, token: int) -> JobView:
    """Run the job until it has ended or waits for a person."""
    for _ in range(5):
        await in_process(here, job, token)
        view = await app.services.get(Jobs).get(ME, job)
        if view.state not in {"queued", "running"}:
            return view
    return await app.services.get(Jobs).get(ME, job)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.requirement("jobs:paid-once")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", KINDS)
async def test_killed_at_every_line(app: App, here: Place, provider: ProviderServer, kind: str) -> None:
    job, token = await submit(app, f"whole {kind}", kind)
    code, lines = await in_process(here, job, token)
    assert code == 0
    view = await app.services.get(Jobs).get(ME, job)
    assert view.state == "succeeded", view
    assert {file for file, _ in lines} >= {FILES[0], FILES[1], FILES[2], FILES[3]}
    # The whole of it in the long run; here every fifth line, others for each kind.
    step = 1 if os.environ.get("DEVSKYY_LONG") else 5
    chosen = lines[KINDS.index(kind) % step :: step]
    wrong: list[str] = []
    limit = anyio.CapacityLimiter(AT_ONCE)

    async def die_at(line: Line) -> None:
        async with limit:
            prompt = f"{kind} {Path(line[0]).name}:{line[1]}"
            job, token = await submit(app, prompt, kind)
            code, _ = await in_process(here, job, token, line)
            assert code == -9, f"{prompt} was not reached again"
            view = await rerun(app, here, job, token)
            paid = provider.submitted(prompt)
            good = paid == 1 if view.state == "succeeded" else kind == "blind" and view.state == "needs_review"
            if not good or paid > 1:
                wrong.append(f"{prompt}: {view.state}, paid {paid} times, {view.error}")

    async with anyio.create_task_group() as tasks:
        for line in chosen:
            tasks.start_soon(die_at, line)
    assert not wrong
    stored = provider.seen()["stored"]
    assert all(count >= 1 for count in stored.values())
