"""Deadlines and cancels that come while a job waits for a person, or while money is being spent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
import sqlalchemy as sa

from devskyy_mcp.app import App, local_principal
from devskyy_mcp.changes.settle import Settler
from devskyy_mcp.db.database import Database
from devskyy_mcp.db.tables import change_ops
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.audit_check import verify
from devskyy_mcp.invoke import Call
from devskyy_mcp.jobs import runs, store
from devskyy_mcp.jobs.model import JobView
from devskyy_mcp.jobs.service import Jobs
from devskyy_mcp.jobs.worker import Worker

from .processes import ProviderServer, Running
from .renders import Gate

ME = local_principal()
Start = Callable[..., Running]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120), pytest.mark.requirement("jobs:parked")]


async def submit(app: App, tool: str, **given: Any) -> str:
    return (await app.road.invoke(Call(ME, tool, given, "cli"))).data["job"]


async def stopped(app: App, job: str) -> JobView:
    """The job once nothing works on it."""
    view = await app.services.get(Jobs).wait(ME, job, 40)
    assert view.state not in {"queued", "running"}, view
    return view


async def parked(app: App, provider: ProviderServer, state: str, prompt: str) -> str:
    """A job that waits for a person: for an answer, or because the answer to a paid request was lost."""
    if state == "input_required":
        job = await submit(app, "renders_choose", number=abs(hash(prompt)))
    else:
        provider.harm(blind=["lost"])
        job = await submit(app, "renders_make", prompt=prompt, kind="blind", seconds=0)
    assert (await stopped(app, job)).state == state
    return job


async def refused(call: Awaitable[Any]) -> Code:
    with pytest.raises(Refused) as caught:
        await call
    return caught.value.code


async def run_out(app: App, job: str) -> None:
    """Let the job's time be over."""
    async with app.services.get(Database).begin() as conn:
        await conn.execute(store.jobs.update().where(store.c.id == job).values(deadline_at=store.now() - 1))


async def ended(app: App, job: str) -> JobView:
    with anyio.fail_after(40):
        while (view := await app.services.get(Jobs).get(ME, job)).finished_at is None:
            await anyio.sleep(0.05)
    return view


async def states_of(app: App, job: str) -> list[str]:
    events = await app.services.get(Jobs).events.read(job)
    return [event.data["state"] for event in events if event.kind == "state"]


async def op_of(app: App, job: str) -> tuple[str, str | None, int]:
    """State, task and number of sendings of the job's paid call."""
    o = change_ops.c
    query = sa.select(o.state, o.object_id, o.attempts).where(o.change_id == f"{job}.submit")
    async with app.services.get(Database).read() as conn:
        row = (await conn.execute(query)).one()
    return row[0], row[1], row[2]


async def settled(app: App, job: str) -> str:
    """The paid call's state once the settle loop has nothing to find out about it."""
    from devskyy_mcp.changes.service import Changes

    made = app.services.get(Changes).committer
    settler = Settler(made.db, made.audit, made.systems, set(), 0, made.wake)
    with anyio.fail_after(40):
        while (state := (await op_of(app, job))[0]) in {"sent", "unknown"}:
            await settler.settle_one(f"{job}.submit")
            await anyio.sleep(0.05)
    return state


@pytest.mark.parametrize("state", ["input_required", "needs_review"])
async def test_a_deadline_passes_while_a_person_is_waited_for(
    app: App, worker: Start, provider: ProviderServer, state: str, database_url: str
) -> None:
    worker()
    prompt = f"late {state} {database_url}"
    job = await parked(app, provider, state, prompt)
    await run_out(app, job)
    view = await ended(app, job)
    assert (view.state, (view.error or {})["code"], view.question) == ("failed", "timeout", None)
    assert (await states_of(app, job))[-2:] == [state, "failed"]
    assert await refused(app.services.get(Jobs).answer(ME, job, {"size": {"size": "S"}})) is Code.CONFLICT
    assert await refused(app.services.get(Jobs).cancel(ME, job)) is Code.CONFLICT
    if state == "needs_review":
        await said_afterwards(app, job, provider, prompt, "failed")


@pytest.mark.parametrize("state", ["input_required", "needs_review"])
async def test_a_cancel_comes_while_a_person_is_waited_for(
    app: App, worker: Start, provider: ProviderServer, state: str, database_url: str
) -> None:
    worker()
    prompt = f"unwanted {state} {database_url}"
    job = await parked(app, provider, state, prompt)
    view = await app.services.get(Jobs).cancel(ME, job)
    assert (view.state, view.question) == ("cancelled", None)
    assert view.finished_at is not None
    assert await refused(app.services.get(Jobs).answer(ME, job, {"size": {"size": "S"}})) is Code.CONFLICT
    if state == "needs_review":
        await said_afterwards(app, job, provider, prompt, "cancelled")
    last = await submit(app, "renders_nothing", number=abs(hash(prompt)))  # the worker has looked for work since
    assert (await stopped(app, last)).state == "succeeded"
    assert (await states_of(app, job))[-1] == "cancelled"


async def said_afterwards(app: App, job: str, provider: ProviderServer, prompt: str, state: str) -> None:
    """What became of the paid call can still be said, once; the job stays as it has ended."""
    jobs = app.services.get(Jobs)
    view = await jobs.get(ME, job)
    assert view.paid is not None
    assert [(call.state, call.task, call.estimate_usd) for call in view.paid] == [("needs_review", None, 0.3)]
    assert "jobs_resolve" in (view.next or "")
    assert await refused(jobs.resolve(ME, job, "resubmit")) is Code.CONFLICT
    view = await jobs.resolve(ME, job, "attach", "task 7")
    assert view.state == state
    assert view.paid is not None
    assert [(call.state, call.task) for call in view.paid] == [("done", "task 7")]
    assert await refused(jobs.resolve(ME, job, "abandon")) is Code.CONFLICT
    assert provider.submitted(prompt) == 1
    assert (await verify(app.services.get(Database))).ok


@pytest.mark.requirement("jobs:paid-once")
@pytest.mark.parametrize(("kind", "becomes"), [("key", "done"), ("list", "done"), ("blind", "needs_review")])
async def test_a_cancel_inside_a_paid_call_loses_nothing(
    app: App, worker: Start, provider: ProviderServer, kind: str, becomes: str, database_url: str
) -> None:
    """The provider takes the request and never answers: the cancel finds the call open for more than a second."""
    worker()
    prompt = f"cancel inside {kind} {database_url}"
    provider.harm(**{kind: ["hang"]})
    job = await submit(app, "renders_make", prompt=prompt, kind=kind, seconds=1000)
    with anyio.fail_after(40):
        while not provider.submitted(prompt):
            await anyio.sleep(0.02)
    assert (await app.services.get(Jobs).cancel(ME, job)).state == "running"
    assert (await op_of(app, job))[0] == "sent"
    assert (await stopped(app, job)).state == "cancelled"
    assert await settled(app, job) == becomes
    view = await app.services.get(Jobs).get(ME, job)
    assert (view.state, view.estimate_usd) == ("cancelled", 0.3)
    assert view.paid is not None
    [call] = view.paid
    assert (call.state, call.change, call.label) == (becomes, f"{job}.submit", f"render {prompt}")
    state, task, sendings = await op_of(app, job)
    assert (state, call.task, sendings) == (becomes, task, 1)
    assert (task is not None) is (becomes == "done")
    assert provider.submitted(prompt) == 1


async def test_a_cancel_just_before_a_question_is_not_forgotten(app: App) -> None:
    """The job is under way when the cancel comes, and asks before its worker has seen it."""
    jobs, gate = app.services.get(Jobs), app.services.get(Gate)
    gate.open = anyio.Event()
    job = await submit(app, "renders_choose", number=1)
    worker = Worker(app.services)
    worker.executor = "here"
    async with app.services.get(Database).begin() as conn:
        token = await runs.hand(conn, [job])
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(worker.run_job, job, token)
        await gate.reached.wait()
        assert (await jobs.cancel(ME, job)).state == "running"
        gate.open.set()
    assert (await jobs.get(ME, job)).state == "cancelled"
    assert await states_of(app, job) == ["queued", "running", "cancelled"]


async def test_a_cancel_outlives_the_worker_that_did_not_see_it(app: App) -> None:
    jobs, gate = app.services.get(Jobs), app.services.get(Gate)
    job = await submit(app, "renders_choose", number=2)
    db = app.services.get(Database)
    async with db.begin() as conn:
        token = await runs.hand(conn, [job])
        assert job in await runs.start(conn, [(job, token)], "dead")
    assert (await jobs.cancel(ME, job)).state == "running"
    assert await Worker(app.services).run_job(job, token)  # as whoever rescues the claim does
    assert (await jobs.get(ME, job)).state == "cancelled"
    assert not gate.reached.is_set()


async def test_a_deadline_passes_while_the_engine_is_closed(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for a person keeps no engine open; its time passes all the same."""
    made: list[Worker] = []

    async def note(worker: Worker) -> None:
        made.append(worker)

    monkeypatch.setattr(Worker, "_make_engine", note)
    job = await submit(app, "renders_choose", number=3)
    async with app.services.get(Database).begin() as conn:
        await store.move(
            conn, job, ["queued"], "input_required", question={"name": "size", "message": "?", "schema": {}}
        )
    await run_out(app, job)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Worker(app.services).run)
        assert (await ended(app, job)).state == "failed"
        tasks.cancel_scope.cancel()
    assert not made


@pytest.mark.requirement("jobs:retention")
async def test_finished_claims_go_an_hour_after_their_end(app: App, worker: Start) -> None:
    worker()
    old, new = [await submit(app, "renders_nothing", number=number) for number in (10, 11)]
    for job in (old, new):
        assert (await stopped(app, job)).state == "succeeded"
    schema = "dbos." if app.services.get(Database).dialect == "postgresql" else ""
    query = sa.text(f"SELECT workflow_uuid, status FROM {schema}workflow_status")  # our own words

    async def claims() -> dict[str, str]:
        async with app.services.get(Database).read() as conn:
            return {row[0].split(":")[0]: row[1] for row in await conn.execute(query)}

    with anyio.fail_after(20):
        while set((await claims()).values()) != {"SUCCESS"}:
            await anyio.sleep(0.05)
    assert set(await claims()) == {old, new}
    age = sa.text(
        f"UPDATE {schema}workflow_status SET completed_at = completed_at - :less WHERE workflow_uuid LIKE :job"
    )
    async with app.services.get(Database).begin() as conn:
        await conn.execute(age, {"less": 3_300_000, "job": f"{new}:%"})
        await conn.execute(age, {"less": 3_600_001, "job": f"{old}:%"})
    with anyio.fail_after(20):
        while old in await claims():
            await anyio.sleep(0.05)
    assert set(await claims()) == {new}
    assert (await app.services.get(Jobs).get(ME, old)).state == "succeeded"  # the job itself is kept longer
