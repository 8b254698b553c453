from __future__ import annotations

import base64
import json
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

import anyio
import pytest
from pydantic import BaseModel

from devskyy_mcp.capability import JobPolicy, Pack, Registry, Toolset
from devskyy_mcp.context import Context, Principal, Services
from devskyy_mcp.db.database import Database
from devskyy_mcp.db.wake import Wake
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.jobs.events import Events
from devskyy_mcp.jobs.service import Jobs
from tests.fakes.elsewhere import Hands, There

from .conftest import Two

SCOPES = frozenset({"jobs:read", "jobs:write"})
ADA, BOB = Principal("user:ada", "user", SCOPES, "Ada"), Principal("user:bob", "user", SCOPES, "Bob")
AUDITOR = Principal("user:eve", "user", SCOPES | {"audit:read"}, "Eve")
JOB = "job_a"
NONSENSE = ["", "job", "job_", "job_a\0", "job_\ud800", "job_é", "job_" + "a" * 100, "job_a'; --", "JOB_A", "job_b"]


class Made(BaseModel):
    size: str


tools = Toolset("models", timeout=5)


@tools.tool("generate", scopes="jobs:write", job=JobPolicy())
async def models_make(ctx: Context, size: str) -> Made:
    """Make a model."""
    raise AssertionError("only a worker calls it")


GONE: list[str] = []
"""Sizes that can't be made any more."""


def _there(_ctx: Context, given: Any) -> None:
    if given.size in GONE:
        raise Refused(Code.NOT_FOUND, "There is no such size.", "Take another.")


@tools.tool("generate", scopes="jobs:write", job=JobPolicy(check=_there))
async def models_cut(ctx: Context, size: str) -> Made:
    """Cut a model."""
    raise AssertionError("only a worker calls it")


@dataclass
class Desk:
    jobs: Jobs
    two: Two

    @property
    def here(self) -> Hands:
        return self.two.here

    @property
    def there(self) -> There:
        return self.two.there

    async def submit(self, size: Any, key: str | None = None, who: Principal = ADA, tool: str = "models_make") -> Any:
        ctx = Context(who, self.jobs.services, tool, key=key)
        return await self.jobs.submit(ctx, Registry([Pack("models", [tools])]).tool(tool), {"size": size})


@pytest.fixture
async def desk(two: Two) -> Desk:
    services = Services()
    services.put(Database, two.db)
    services.put(Events, two.events)
    return Desk(Jobs(services), two)


async def refused(call: Awaitable[Any]) -> Code:
    with pytest.raises(Refused) as caught:
        await call
    return caught.value.code


@pytest.mark.requirement("jobs:not-found")
async def test_what_is_not_there_and_what_is_anothers_are_the_same(desk: Desk) -> None:
    await desk.here.add(JOB, ADA.id)
    jobs = desk.jobs
    for job in (JOB, *NONSENSE):
        for call in (
            jobs.get(BOB, job),
            jobs.wait(BOB, job, 5),
            jobs.cancel(BOB, job),
            jobs.answer(BOB, job, {"size": {"size": "S"}}),
            jobs.resolve(BOB, job, "abandon"),
        ):
            with pytest.raises(Refused) as caught:
                await call
            assert caught.value.code is Code.NOT_FOUND
            assert caught.value.message == f"There is no job {job[:40]}."
    assert (await jobs.get(ADA, JOB)).state == "queued"
    assert (await jobs.get(AUDITOR, JOB)).state == "queued"
    assert [view.job for view in (await jobs.list(BOB))[0]] == []


@pytest.mark.requirement("jobs:stopping")
async def test_cancelling_ends_what_nobody_works_on_and_asks_who_does(desk: Desk) -> None:
    jobs = desk.jobs
    for job in ("job_a", "job_b", "job_c"):
        await desk.here.add(job, ADA.id)
    assert (await jobs.cancel(ADA, "job_a")).state == "cancelled"
    assert (await jobs.cancel(ADA, "job_a")).state == "cancelled"
    assert [event.data["state"] for event in await jobs.events.read("job_a")] == ["queued", "cancelled"]
    await desk.there.do("start", "job_b")
    assert (await jobs.cancel(ADA, "job_b")).state == "running"
    assert (await jobs.cancel(ADA, "job_b")).state == "running"
    await desk.there.do("end", "job_b", "cancelled")
    assert (await jobs.cancel(ADA, "job_b")).state == "cancelled"
    for state in ("succeeded", "failed"):
        await desk.there.do("end", "job_c", state)
        assert await refused(jobs.cancel(ADA, "job_c")) is Code.CONFLICT
        assert (await jobs.get(ADA, "job_c")).state == state


@pytest.mark.requirement("jobs:stopping")
async def test_a_running_jobs_worker_elsewhere_is_woken_by_a_cancel(two_on_postgres: Two) -> None:
    """On SQLite any commit rings; on Postgres only who is named."""
    two = two_on_postgres
    services = Services()
    services.put(Database, two.db)
    services.put(Events, two.events)
    await two.here.add(JOB, ADA.id)
    await two.here.start(JOB)
    worker = Wake(two.db.dsn)
    with worker.watch(JOB) as bell:
        while await two.listeners() == 0 or await bell.wait(0.3):
            pass
        await Jobs(services).cancel(ADA, JOB)
        assert await bell.wait(2)


@pytest.mark.requirement("jobs:stopping")
async def test_a_cancel_and_a_start_at_once_do_not_both_win(desk: Desk) -> None:
    """A worker that starts the job between the cancel's look and its write."""
    from devskyy_mcp.jobs import store

    for number in range(20):
        job = f"job_{number}x"
        await desk.here.add(job, ADA.id)
        started: list[bool] = []

        async def start(job: str = job, started: list[bool] = started) -> None:
            async with desk.two.db.begin() as conn:
                started.append(await store.move(conn, job, ["queued"], "running", attempt=None))
                if started[0]:
                    await desk.two.events.append(conn, job, "state", {"state": "running"})

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(desk.jobs.cancel, ADA, job)
            tasks.start_soon(start)
        states = [event.data["state"] for event in await desk.two.events.read(job)]
        assert states == (["queued", "running"] if started[0] else ["queued", "cancelled"])
        assert (await desk.jobs.get(ADA, job)).state == states[-1]


@pytest.mark.requirement("jobs:answering")
async def test_only_an_answer_that_the_question_allows_lets_the_job_go_on(desk: Desk) -> None:
    jobs = desk.jobs
    await desk.here.add(JOB, ADA.id)
    assert await refused(jobs.answer(ADA, JOB, {"size": {"size": "S"}})) is Code.CONFLICT
    await desk.there.do("ask", JOB)
    view = await jobs.wait(ADA, JOB, 5)
    assert (view.state, (view.question or {})["message"]) == ("input_required", "Which size?")
    wrong: list[dict[str, Any]] = [
        {},
        {"colour": {"size": "S"}},
        {"size": {"size": "XXL"}},
        {"size": {}},
        {"size": "S"},
        {"size": {"size": "S", "note": "\0"}},
        {"size": {"size": "S", "note": float("nan")}},
    ]
    for answers in wrong:
        assert await refused(jobs.answer(ADA, JOB, answers)) is Code.INVALID_ARGUMENTS
    assert (await jobs.get(ADA, JOB)).state == "input_required"
    assert (await jobs.answer(ADA, JOB, {"size": {"size": "S", "note": "\\u0000"}})).state == "queued"
    assert await refused(jobs.answer(ADA, JOB, {"size": {"size": "S"}})) is Code.CONFLICT
    from devskyy_mcp.jobs import store

    async with desk.two.db.read() as conn:
        row = await store.read(conn, JOB)
    assert row is not None
    assert row["question"] == {"answers": {"size": {"size": "S", "note": "\\u0000"}}}
    await desk.there.do("ask", JOB)
    assert (await jobs.answer(ADA, JOB, {"size": None})).state == "queued"


@pytest.mark.requirement("jobs:consent")
async def test_what_asks_for_consent_takes_a_persons_answer_only(desk: Desk) -> None:
    jobs = desk.jobs
    await desk.here.add(JOB, ADA.id)
    await desk.there.do("ask", JOB, True)
    for answers in ({"size": {"size": "S"}}, {"size": None}, {}):
        assert await refused(jobs.answer(ADA, JOB, answers)) is Code.FORBIDDEN
    view = await jobs.get(ADA, JOB)
    assert view.state == "input_required"
    assert "jobs_answer" not in (view.next or "")
    assert (await jobs.answer(ADA, JOB, {"size": {"size": "S"}}, person=True)).state == "queued"


@pytest.mark.requirement("jobs:resolving")
async def test_a_paid_call_is_resolved_once_by_who_owns_it(desk: Desk) -> None:
    from devskyy_mcp.changes import operations

    jobs = desk.jobs
    outcomes = {"attach": ("done", "task_9"), "resubmit": ("not_sent", None), "abandon": ("failed", None)}
    for action, (state, found) in outcomes.items():
        job, task = f"job_{action}", "task_9" if action == "attach" else None
        await desk.here.add(job, ADA.id)
        assert await refused(jobs.resolve(ADA, job, action, task)) is Code.CONFLICT  # pyright: ignore[reportArgumentType] # one of the three
        await desk.there.do("review", job)
        assert await refused(jobs.resolve(ADA, job, "attach")) is Code.INVALID_ARGUMENTS
        assert await refused(jobs.resolve(ADA, job, "attach", "")) is Code.INVALID_ARGUMENTS
        assert await refused(jobs.resolve(ADA, job, "abandon", "task_9")) is Code.INVALID_ARGUMENTS
        assert await refused(jobs.resolve(BOB, job, action, task)) is Code.NOT_FOUND  # pyright: ignore[reportArgumentType]
        assert (await jobs.get(ADA, job)).state == "needs_review"
        assert (await jobs.resolve(ADA, job, action, task)).state == "queued"  # pyright: ignore[reportArgumentType]
        assert await refused(jobs.resolve(ADA, job, action, task)) is Code.CONFLICT  # pyright: ignore[reportArgumentType]
        async with desk.two.db.read() as conn:
            [item] = await operations.read_ops(conn, f"{job}.make")
        assert (item.state, item.outcome.object_id) == (state, found)


@pytest.mark.requirement("jobs:listing")
async def test_pages_hold_each_job_once_and_other_cursors_are_refused(desk: Desk) -> None:
    for number in range(7):
        await desk.here.add(f"job_{number}", ADA.id)
    await desk.here.add("job_bobs", BOB.id)
    found: list[str] = []
    cursor: str | None = None
    while True:
        page, cursor = await desk.jobs.list(ADA, limit=3, cursor=cursor)
        found += [view.job for view in page]
        if cursor is None:
            break
    assert found == [f"job_{number}" for number in reversed(range(7))]
    _, cursor = await desk.jobs.list(ADA, limit=3)
    assert cursor
    foreign: list[Any] = [
        [1, "chg_a"],
        [1, "job_a\0"],
        [1, 2],
        [1],
        {"a": 1, "b": 2},
        [2**63, "job_a"],
        [-1, "job_a"],
        [10**100, "job_a"],
        [True, "job_a"],
        [1.5, "job_a"],
        ["1", "job_a"],
        None,
    ]
    wrong = [base64.urlsafe_b64encode(json.dumps(value).encode()).decode() for value in foreign]
    wrong += ["x", "é", "\0", "[[[[", cursor[:-3], cursor * 2, base64.b64encode(b'[Infinity,"job_a"]').decode()]
    for text in wrong:
        assert await refused(desk.jobs.list(ADA, cursor=text)) is Code.INVALID_ARGUMENTS, text


@pytest.mark.requirement("jobs:waiting")
async def test_waiting_ends_with_the_job_wherever_it_runs(desk: Desk) -> None:
    heard: list[tuple[float, float | None, str | None]] = []

    async def sink(done: float, total: float | None, message: str | None) -> None:
        heard.append((done, total, message))

    await desk.there.do("add", JOB, ADA.id)
    with anyio.fail_after(2):
        assert (await desk.jobs.wait(ADA, JOB, 0)).state == "queued"
        assert (await desk.jobs.wait(ADA, JOB, 0.2)).state == "queued"

    async def work() -> None:
        await anyio.sleep(0.2)
        await desk.there.do("start", JOB)
        await desk.there.do("burst", JOB, 3, 0.1)
        await desk.there.do("end", JOB)

    with anyio.fail_after(4):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            assert (await desk.jobs.wait(ADA, JOB, 30, sink)).state == "succeeded"
    assert heard == [(1, 3, None), (2, 3, None), (3, 3, None)]
    for state in ("input_required", "needs_review"):
        await desk.there.do("move", JOB, state)
        with anyio.fail_after(1):
            assert (await desk.jobs.wait(ADA, JOB, 30)).state == state


@pytest.mark.requirement("jobs:waiting")
async def test_a_key_or_the_same_call_again_gives_the_same_job(desk: Desk) -> None:
    first = await desk.submit("S", key="k")
    assert (await desk.submit("S", key="k")).job == first.job
    assert await refused(desk.submit("M", key="k")) is Code.INVALID_ARGUMENTS
    assert (await desk.submit("S", key="k", who=BOB)).job != first.job
    assert (await desk.submit("S")).job == first.job
    assert (await desk.submit("M")).job != first.job
    assert await refused(desk.submit(7)) is Code.INVALID_ARGUMENTS


@pytest.mark.requirement("jobs:waiting")
@pytest.mark.parametrize("key", ["k", None])
async def test_a_repeat_gives_its_job_though_nothing_new_would_be_taken(
    desk: Desk, key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await desk.submit("S", key, tool="models_cut")
    monkeypatch.setattr(f"{__name__}.GONE", ["S", "M"])
    assert (await desk.submit("S", key, tool="models_cut")).job == first.job
    assert await refused(desk.submit("M", key and "l", tool="models_cut")) is Code.NOT_FOUND
    assert await refused(desk.submit("S", "other", tool="models_cut")) is Code.NOT_FOUND
    assert [view.job for view in (await desk.jobs.list(ADA))[0]] == [first.job], "what is refused leaves no job"
