"""A process dies at lines that a generator's paid call goes through; the next one finishes it, paid once and kept once.

Of each kind of provider one: FASHN takes a task that is followed, OpenAI's pictures come in the paid answer itself.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import pytest

from devskyy_mcp.app import App
from devskyy_mcp.assets.store import Assets
from devskyy_mcp.db.database import Database
from devskyy_mcp.invoke import Call
from devskyy_mcp.jobs import runs
from devskyy_mcp.jobs.model import JobView
from devskyy_mcp.jobs.service import Jobs
from tests.fakes.made import png

from .generating import FILES, TOOLS, Studio, studio
from .lines import Line
from .test_lines import ME, in_process, rerun

AT_ONCE = 6
FEW = 7
"""Lines at which it dies in the short run."""
PICTURES = ("media_pictures_generate", {"provider": "openai"}, "openai")
GARMENTS = ("media_garments_render", {"action": "edit"}, "fashn")
Kind = tuple[str, dict[str, Any], str]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[tuple[Studio, App]]:
    url = f"sqlite:///{tmp_path}/app.db"
    database = Database(url, migrate=True)
    await database.open()
    await database.close()
    with studio(tmp_path, url) as made:
        async with made.app(worker="off").running(eager=False) as app:
            yield made, app


async def submit(app: App, kind: Kind, prompt: str) -> tuple[str, int]:
    """A job that waits to be run, as if a worker had been handed it; its token."""
    tool, given, name = kind
    arguments = {**given, "prompt": prompt}
    if name == "fashn":
        kept = await app.services.get(Assets).put(png(5, 90, 120), "photo.png", "upload")
        arguments["asset"] = kept.id
    job = (await app.road.invoke(Call(ME, tool, arguments, "cli"))).data["job"]
    async with app.services.get(Database).begin() as conn:
        token = await runs.hand(conn, [job])
    return job, token


def paid(made: Studio, kind: Kind, prompt: str) -> int:
    if kind[2] == "openai":
        return sum(1 for one in made.seen(made.openai)["asked"] if one["prompt"] == prompt)
    return sum(1 for one in made.seen(made.fashn)["predictions"] if one["inputs"]["prompt"] == prompt)


async def died_at(made: Studio, app: App, kind: Kind, prompt: str, line: Line) -> tuple[JobView, int]:
    """Let it die there, and finish it; how it ended, and how often it was paid."""
    job, token = await submit(app, kind, prompt)
    code, _ = await in_process(made, job, token, line, FILES)
    assert code == -9, f"{prompt} was not reached again"
    return await rerun(app, made, job, token), paid(made, kind, prompt)


async def kept(app: App, view: JobView) -> bool:
    """Whether the store has what the result names."""
    assets = app.services.get(Assets)
    found = [await assets.get(one["asset"]) for one in (view.result or {}).get("files", [])]
    return bool(found) and all([await anyio.Path(assets.path(one)).exists() for one in found])


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.requirement("generators:paid-once")
@pytest.mark.parametrize("kind", [PICTURES, GARMENTS], ids=["answer", "task"])
async def test_killed_at_lines(desk: tuple[Studio, App], kind: Kind) -> None:
    made, app = desk
    job, token = await submit(app, kind, "whole")
    code, lines = await in_process(made, job, token, None, FILES)
    assert code == 0
    view = await app.services.get(Jobs).get(ME, job)
    assert view.state == "succeeded", view
    chosen = lines if os.environ.get("DEVSKYY_LONG") else lines[3 :: len(lines) // FEW]
    wrong: list[str] = []
    limit = anyio.CapacityLimiter(AT_ONCE)

    async def die_at(line: Line) -> None:
        async with limit:
            prompt = f"{Path(line[0]).name}:{line[1]}"
            view, times = await died_at(made, app, kind, prompt, line)
            good = times == 1 and await kept(app, view) if view.state == "succeeded" else view.state == "needs_review"
            if not good or times > 1:
                wrong.append(f"{prompt}: {view.state}, paid {times} times, {view.error}")

    async with anyio.create_task_group() as tasks:
        for line in chosen:
            tasks.start_soon(die_at, line)
    assert not wrong


def line_of(file: str, text: str) -> Line:
    """The first line of the file with that text."""
    path = TOOLS / file
    number = next(number for number, line in enumerate(path.read_text().splitlines(), 1) if text in line)
    return str(path), number


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.requirement("generators:answer-kept")
async def test_an_answer_that_was_kept_is_found_again(desk: tuple[Studio, App]) -> None:
    made, app = desk
    after = line_of("media/generators/receipts.py", "return _done(kept, cost)")
    view, times = await died_at(made, app, PICTURES, "kept", after)
    assert (view.state, times) == ("succeeded", 1), view
    assert await kept(app, view)
    assert view.cost_usd == pytest.approx(0.03825)
    before = line_of("media/generators/openai.py", "pictures, cost = ")
    view, times = await died_at(made, app, PICTURES, "not kept", before)
    assert (view.state, times) == ("needs_review", 1), view
