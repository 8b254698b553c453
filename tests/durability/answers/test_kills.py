"""kill -9 at any line of asking a model, and in the middle of its answer: what was answered is never asked again, what
was under way is lost, told and booked, and the job comes to its end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest

import devskyy_mcp
from devskyy_mcp.app import App
from devskyy_mcp.db.database import Database
from devskyy_mcp.jobs.model import JobView
from devskyy_mcp.jobs.service import Jobs
from devskyy_mcp.llm import prices
from tests.durability.paid.lines import Line
from tests.durability.paid.test_lines import in_process
from tests.fakes.llm.scripted import ME, started

from .place import USED, Place, noted, place

HOME = Path(devskyy_mcp.__file__).parent
FILES = tuple(str(HOME / name) for name in ("llm/trying.py", "llm/flight.py", "llm/calls.py", "jobs/ledger.py"))
COST = prices.micro(prices.listed("openai", "gpt-6.1-terra", USED) or Decimal(0))
SOME = 3
"""Lines that a process dies at, spread over all that are reached; all of them in the long run."""
AT_ONCE = 2


@pytest.fixture
async def here(tmp_path: Path, database_url: str) -> Place:
    database = Database(database_url, migrate=True)
    await database.open()
    await database.close()
    return place(tmp_path, database_url)


@pytest.fixture
async def app(here: Place) -> AsyncGenerator[App]:
    """Takes jobs in and runs none."""
    async with here.app(worker="off").running(eager=False) as made:
        yield made


async def rows(app: App, job: str) -> list[dict[str, Any]]:
    from devskyy_mcp.db.tables import llm_calls

    query = llm_calls.select().where(llm_calls.c.job_id == job).order_by(llm_calls.c.created_at)
    async with app.services.get(Database).read() as conn:
        return [dict(row) for row in (await conn.execute(query)).mappings()]


async def spent(app: App, job: str) -> int:
    """What the ledger has booked for the job."""
    from devskyy_mcp.jobs import store

    async with app.services.get(Database).read() as conn:
        return (await store.money(conn, job))[1] or 0


async def rerun(app: App, here: Place, job: str, token: int) -> JobView:
    for _ in range(4):
        await in_process(here, job, token)
        view = await app.services.get(Jobs).get(ME, job)
        if view.state not in {"queued", "running"}:
            return view
    return await app.services.get(Jobs).get(ME, job)


async def check(app: App, here: Place, job: str, token: int) -> list[str]:
    """Run the job to its end; what is wrong with it."""
    kept = {row["step"] for row in await rows(app, job) if row["state"] == "done"}
    before = Counter(words for words in noted(here.folder) if words.startswith(job))
    view = await rerun(app, here, job, token)
    if view.state != "succeeded" or view.result is None:
        return [f"{view.state}: {view.error}"]
    wrong: list[str] = []
    asked = Counter(words for words in noted(here.folder) if words.startswith(job))
    said: list[str] = view.result["said"]["found"]["said"]
    booked = await rows(app, job)
    states = Counter(row["state"] for row in booked)
    for number in range(2):
        words = f"{job} {number}"
        if f"step-{number}" in kept and asked[words] != before[words]:
            wrong.append(f"{words} was answered and asked again")
        if asked[words] > 2:
            wrong.append(f"{words} was asked {asked[words]} times")
    if [words for words in said if words != "lost"] != [f"Half, whole of {job} {number}" for number in range(2)]:
        wrong.append(f"said {said}")
    if states["done"] != 2 or states["sent"] or states["lost"] != said.count("lost"):
        wrong.append(f"calls {states}, said {said}")
    if sum(asked.values()) > sum(row["booked"] != "nothing" for row in booked):
        wrong.append(f"asked {asked}, and booked less")
    money = sum(row["cost"] for row in booked)
    if money < COST * sum(asked.values()) or money != await spent(app, job):
        wrong.append(f"booked {money}, the ledger {await spent(app, job)}")
    return wrong


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.requirement("llm:lost")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_killed_at_lines_all_over(app: App, here: Place) -> None:
    import os

    job, token = await started(app)
    code, lines = await in_process(here, job, token, None, FILES)
    assert code == 0
    assert len({file for file, _ in lines}) == len(FILES)
    chosen = lines if os.environ.get("DEVSKYY_LONG") else lines[:: max(1, len(lines) // SOME)]
    wrong: list[str] = []
    limit = anyio.CapacityLimiter(AT_ONCE)

    async def die_at(line: Line) -> None:
        async with limit:
            job, token = await started(app)
            code, _ = await in_process(here, job, token, line, FILES)
            assert code == -9, f"{line} was not reached again"
            wrong.extend(f"{Path(line[0]).name}:{line[1]}: {one}" for one in await check(app, here, job, token))

    async with anyio.create_task_group() as tasks:
        for line in chosen:
            tasks.start_soon(die_at, line)
    assert not wrong


@pytest.mark.slow
@pytest.mark.requirement("llm:lost")
async def test_killed_in_the_middle_of_an_answer(app: App, here: Place) -> None:
    job, token = await started(app)
    (here.folder / "dying").write_text(f"{job} 1")
    code, _ = await in_process(here, job, token)
    assert code == -9
    assert [row["state"] for row in await rows(app, job)] == ["done", "sent"]
    assert await check(app, here, job, token) == []
    first, lost, again = await rows(app, job)
    assert (first["state"], lost["state"], again["state"]) == ("done", "lost", "done")
    assert lost["cost"] == lost["estimate"] > again["cost"]
    assert noted(here.folder) == [f"{job} 0", f"{job} 1", f"{job} 1"]


@pytest.mark.slow
@pytest.mark.requirement("llm:budgets")
async def test_processes_side_by_side_stay_within_the_month(tmp_path: Path, database_url: str) -> None:
    database = Database(database_url, migrate=True)
    await database.open()
    await database.close()
    worst = 4096 * 5 + 100  # of a call: 4096 tokens out at $5 a million, and what goes in
    cap = worst + 6 * COST
    here = place(tmp_path, database_url, asks=5, budget_month_usd=cap / 1_000_000)
    async with here.app(worker="off").running(eager=False) as app:
        jobs = [await started(app) for _ in range(3)]
        async with anyio.create_task_group() as tasks:
            for job, token in jobs:
                tasks.start_soon(in_process, here, job, token)
        views = [await app.services.get(Jobs).get(ME, job) for job, _ in jobs]
        total = sum([await spent(app, job) for job, _ in jobs])
    codes = {view.error["code"] for view in views if view.error}
    assert codes == {"over_budget"}
    assert total <= cap
    assert total == COST * len(noted(tmp_path)) > 0
