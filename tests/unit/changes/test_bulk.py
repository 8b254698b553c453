"""Sets too big for one call: handed to a job, carried out chunk by chunk, gone on with after any interruption."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import pytest

from devskyy_mcp.app import App
from devskyy_mcp.changes import bulk, chunks, commit, pages
from devskyy_mcp.changes.settle import Settler
from devskyy_mcp.context import Context
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.jobs.service import Jobs
from tests.fakes.notes import BATCH, Notes

from .conftest import ADA, BOB, Desk, make

NOTES = 130


async def lives(_conn: Any) -> None:
    """This run of the job was not superseded."""


class Floor(Desk):
    """A desk with more notes than are changed within a call."""

    async def hand_over(self, prefix: str = "x-") -> dict[str, Any]:
        """All titles get a prefix: proposed, agreed to, handed to a job."""
        asked = await self.do("notes_rename_all", prefix=prefix)
        assert asked["state"] == "waits_for_person"
        return await self.decide(asked["change"], agreed=True)

    async def carry_out(self, change: str, alive: Any = lives, **more: Any) -> dict[str, Any]:
        ctx = Context(ADA, self.app.services, surface="job", **more)
        view = await self.app.changes.carry_out(ctx, change, alive)
        return view.model_dump(mode="json", exclude_none=True)

    async def states(self, change: str) -> dict[str, int]:
        async with self.app.services.get(Database).read() as conn:
            return await pages.counts(conn, change)

    @property
    def updates(self) -> list[int | None]:
        """The notes that were sent an update, in order."""
        return [note for kind, note in self.notes.requests if kind == "update"]

    @property
    def renamed(self) -> int:
        return sum(row["title"].startswith("x-") for row in self.notes.rows.values())


@pytest.fixture
async def floor(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Floor]:
    monkeypatch.setattr(chunks, "PAUSES", (0.01,))
    monkeypatch.setattr(commit, "LOOKS", (0.0,))
    monkeypatch.setattr(commit, "FENCE", 0.5)
    notes = Notes(*(f"note {number}" for number in range(NOTES)))
    made = Database(database_url, migrate=True)
    await made.open()
    await made.close()
    app: App = make(tmp_path, notes, database_url=database_url)
    try:
        yield Floor(app, notes)
    finally:
        await app.close()


@pytest.mark.requirement("bulk:job")
async def test_a_big_plan_becomes_a_job(floor: Floor) -> None:
    reads = floor.notes.reads
    asked = await floor.do("notes_rename_all", prefix="x-")
    read_to_plan = floor.notes.reads - reads
    started = await floor.decide(asked["change"], agreed=True)
    assert (started["state"], started["change"]) == ("applying", asked["change"])
    job = await floor.app.services.get(Jobs).get(ADA, started["job"])
    assert (job.state, job.change, job.tool) == ("queued", started["change"], "notes_rename_all")
    assert floor.notes.reads - reads == read_to_plan  # the stored plan counts: nothing is staged again
    assert floor.notes.requests == []
    told: list[tuple[float, float | None]] = []

    async def sink(done: float, total: float | None, _message: str | None) -> None:
        told.append((done, total))

    view = await floor.carry_out(started["change"], sink=sink)
    assert view["state"] == "applied"
    assert view["counts"] == {"done": NOTES}
    assert view["summary"] == f"Updated {NOTES} objects."
    assert floor.renamed == NOTES
    assert len(floor.updates) == NOTES
    assert floor.notes.checks == -(-NOTES // BATCH)  # read anew once a chunk
    assert told == sorted(told)
    assert told[-1] == (NOTES, NOTES)


@pytest.mark.requirement("bulk:job")
async def test_it_is_one_change_and_undone_as_one(floor: Floor) -> None:
    started = await floor.hand_over()
    await floor.carry_out(started["change"])
    undoing = await floor.do("changes_undo", change=started["change"])
    assert undoing["state"] == "waits_for_person"
    back = await floor.decide(undoing["change"], agreed=True)
    assert back["state"] == "applying"
    view = await floor.carry_out(back["change"])
    assert (view["state"], view["undoes"], view["counts"]) == ("applied", started["change"], {"done": NOTES})
    assert floor.renamed == 0


@pytest.mark.requirement("bulk:drift")
async def test_what_changed_meanwhile_is_skipped_and_told(floor: Floor) -> None:
    started = await floor.hand_over()
    floor.notes.rows[7]["title"] = "somebody else's"
    del floor.notes.rows[8]
    view = await floor.carry_out(started["change"])
    assert view["state"] == "partial"
    assert view["counts"] == {"skipped": 2, "done": NOTES - 2}
    assert [(row["id"], row["outcome"]) for row in view["changes"][:2]] == [("7", "skipped"), ("8", "skipped")]
    assert "changed since" in view["changes"][0]["note"]
    assert floor.notes.rows[7]["title"] == "somebody else's"
    assert {7, 8}.isdisjoint(floor.updates)


@pytest.mark.requirement("bulk:pages")
async def test_pages_of_a_big_set_hold_each_row_once(floor: Floor) -> None:
    asked = await floor.do("notes_rename_all", prefix="x-")
    change = asked["change"]
    assert asked["more"] == NOTES - 20
    assert await rows(floor, change) == list(range(1, NOTES + 1))
    floor.notes.rows[100]["title"] = "somebody else's"
    await floor.decide(change, agreed=True)
    assert sorted(await rows(floor, change)) == list(range(1, NOTES + 1))
    assert (await floor.do("changes_show", change=change))[
        "summary"
    ] == f"Being carried out: 0 of {NOTES} objects so far."
    await floor.carry_out(change)
    assert await rows(floor, change) == [100, *(note for note in range(1, NOTES + 1) if note != 100)]


async def rows(floor: Floor, change: str) -> list[int]:
    found: list[int] = []
    page, more = 0, 1
    while more:
        page += 1
        view = await floor.app.changes.journal.show(ADA, change, page)
        found += [int(row.id or 0) for row in view.changes or []]
        more = view.more
    return found


@pytest.mark.requirement("bulk:locks")
async def test_two_big_sets_on_the_same_objects(floor: Floor) -> None:
    first = await floor.do("notes_rename_all", prefix="x-")
    second = await floor.do("notes_rename_all", prefix="y-")
    await floor.decide(first["change"], agreed=True)
    with pytest.raises(Refused) as caught:
        await floor.decide(second["change"], agreed=True)
    assert (caught.value.code, caught.value.details["change"]) == (Code.CONFLICT, first["change"])
    busy = await floor.refused("notes_update", note=NOTES, title="mine")
    assert busy.code is Code.CONFLICT
    await floor.carry_out(first["change"])
    assert (await floor.do("notes_update", note=NOTES, title="mine"))["state"] == "applied"
    assert (await floor.do("changes_show", change=second["change"]))["state"] == "proposed"


@pytest.mark.requirement("bulk:job")
async def test_agreeing_twice_starts_one_job(floor: Floor) -> None:
    asked = await floor.do("notes_rename_all", prefix="x-")
    first = await floor.decide(asked["change"], agreed=True)
    again = await floor.decide(asked["change"], agreed=True)
    assert (again["state"], again["job"]) == ("applying", first["job"])
    jobs, _ = await floor.app.services.get(Jobs).list(ADA)
    assert len(jobs) == 1


@pytest.mark.requirement("bulk:job")
async def test_without_a_person_it_waits(floor: Floor) -> None:
    asked = await floor.do("notes_rename_all", prefix="x-", preview=True)
    waiting = await floor.do("changes_apply", change=asked["change"])
    assert waiting["state"] == "waits_for_person"
    assert any(f"Changes {NOTES} objects" in why for why in waiting["asks"])
    assert floor.notes.requests == []


@pytest.mark.requirement("bulk:away")
async def test_a_system_that_is_away_is_waited_for(floor: Floor) -> None:
    started = await floor.hand_over()
    floor.notes.away = True
    floor.notes.faults = ["unreached"]  # and the first request that leaves then is not taken either
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(floor.carry_out, started["change"])
        while floor.notes.checks < 5:
            await anyio.sleep(0.01)
        assert floor.updates == []
        floor.notes.away = False
    assert (await floor.do("changes_show", change=started["change"]))["state"] == "applied"
    assert sorted(note or 0 for note in floor.updates) == list(range(1, NOTES + 1))


@pytest.mark.requirement("bulk:away")
async def test_after_long_enough_the_rest_is_given_up(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    started = await floor.hand_over()
    monkeypatch.setattr(chunks, "PATIENCE", 0.05)

    async def sink(done: float, _total: float | None, _message: str | None) -> None:
        floor.notes.away = done >= 30

    view = await floor.carry_out(started["change"], sink=sink)
    assert view["state"] == "partial"
    assert view["counts"]["done"] == len(floor.updates) < NOTES
    assert view["counts"]["not_sent"] == NOTES - len(floor.updates)
    assert "away" in view["changes"][0]["note"]
    assert (await floor.do("notes_update", note=NOTES, title="free again"))["state"] == "applied"


@pytest.mark.requirement("bulk:cancel")
async def test_cancelling_ends_the_chunks_under_way_and_leaves_the_rest(floor: Floor) -> None:
    started = await floor.hand_over()
    task = await halfway(floor, started["change"])
    view = await floor.app.services.get(Jobs).get(ADA, started["job"])
    await as_running(floor, started["job"])
    await floor.app.services.get(Jobs).cancel(ADA, started["job"])
    await cancelled(floor, task)
    shown = await floor.do("changes_show", change=started["change"])
    assert (view.state, shown["state"]) == ("queued", "partial")
    done = len(floor.updates)
    assert 0 < done < NOTES
    assert shown["counts"] == {"not_sent": NOTES - done, "done": done}
    assert floor.renamed == done
    assert "cancelled" in shown["changes"][0]["note"]
    undoing = await floor.do("changes_undo", change=started["change"])
    back = undoing if undoing["state"] == "applied" else await floor.decide(undoing["change"], agreed=True)
    assert back["counts"] == {"done": done}
    assert floor.renamed == 0


@pytest.mark.requirement("bulk:resumes")
async def test_a_process_that_ends_leaves_the_set_to_the_next(floor: Floor) -> None:
    started = await floor.hand_over()
    task = await halfway(floor, started["change"])
    await cancelled(floor, task)
    left = await floor.states(started["change"])
    assert left["done"] == len(floor.updates) < NOTES  # each answer is in the journal
    assert left["staged"] == NOTES - left["done"]
    committer = floor.app.changes.committer
    settler = Settler(committer.db, committer.audit, committer.systems, committer.active, 0.0, committer.wake)
    assert await settler.settle() == 0
    assert await floor.states(started["change"]) == left  # the job's until that has ended
    view = await floor.carry_out(started["change"])
    assert (view["state"], view["counts"]) == ("applied", {"done": NOTES})
    assert sorted(note or 0 for note in floor.updates) == list(range(1, NOTES + 1))


@pytest.mark.requirement("bulk:resumes")
async def test_a_set_whose_job_is_gone_is_settled(floor: Floor) -> None:
    started = await floor.hand_over()
    await floor.app.services.get(Jobs).cancel(ADA, started["job"])  # nobody has begun with it
    committer = floor.app.changes.committer
    await Settler(committer.db, committer.audit, committer.systems, committer.active, 0.0, committer.wake).settle()
    assert await floor.states(started["change"]) == {"not_sent": NOTES}
    assert (await floor.do("notes_update", note=1, title="free again"))["state"] == "applied"


@pytest.mark.requirement("bulk:zombie")
async def test_a_run_that_was_superseded_changes_nothing_more(floor: Floor) -> None:
    class Superseded(Exception):
        """Another process has the job."""

    started = await floor.hand_over()
    transactions = 0

    async def alive(_conn: Any) -> None:
        nonlocal transactions
        transactions += 1
        if transactions > 5:
            raise Superseded

    with pytest.raises(Superseded):
        await floor.carry_out(started["change"], alive)
    left = await floor.states(started["change"])
    sent = len(floor.updates)
    assert sent <= 5 * BATCH
    assert left["staged"] == NOTES - sent
    view = await floor.carry_out(started["change"])  # the one that has it now
    assert view["counts"] == {"done": NOTES}
    assert len(floor.updates) == NOTES


@pytest.mark.requirement("bulk:resumes")
@pytest.mark.parametrize("fault", ["lost", "lost_before"])
async def test_a_lost_answer_is_looked_up_and_only_what_had_no_effect_is_sent_again(floor: Floor, fault: str) -> None:
    floor.notes.quiet_after = 0.2
    started = await floor.hand_over()
    floor.notes.faults = ["", fault]
    view = await floor.carry_out(started["change"])
    assert (view["state"], view["counts"]) == ("applied", {"done": NOTES})
    assert floor.renamed == NOTES
    assert len(floor.updates) == NOTES + (BATCH if fault == "lost_before" else 0)


@pytest.mark.requirement("bulk:resumes")
async def test_what_stays_unknown_is_left_to_the_settle_loop(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "GRACE", 0.0)
    floor.notes.quiet_after = 0.1

    async def blind(ops: Any) -> Any:
        return [commit.Outcome("unknown") for _ in ops]

    monkeypatch.setattr(floor.notes, "look", blind)
    started = await floor.hand_over()
    floor.notes.faults = ["lost"]
    view = await floor.carry_out(started["change"])
    assert view["state"] == "unknown"
    assert view["counts"] == {"unknown": BATCH, "done": NOTES - BATCH}


async def halfway(floor: Floor, change: str) -> asyncio.Task[Any]:
    """A run of the job that has done some chunks, and has two under way."""
    passed = anyio.Event()

    async def sink(done: float, _total: float | None, _message: str | None) -> None:
        if done >= 30 and floor.notes.gate is None:
            floor.notes.gate = anyio.Event()
            passed.set()

    task = asyncio.ensure_future(floor.carry_out(change, sink=sink))
    await passed.wait()
    floor.notes.sending = anyio.Event()
    await floor.notes.sending.wait()
    return task


async def cancelled(floor: Floor, task: asyncio.Task[Any]) -> None:
    """Cancel the run while requests are under way, more than once, as impatient callers do."""
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0.01)
    assert not task.done()  # what has left gets its outcome written
    assert floor.notes.gate is not None
    floor.notes.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    floor.notes.gate = None


async def as_running(floor: Floor, job: str) -> None:
    """As the worker marks a job that it has begun with."""
    from devskyy_mcp.jobs import store

    async with floor.app.services.get(Database).begin() as conn:
        assert await store.move(conn, job, ["queued"], "running")


@pytest.mark.requirement("bulk:job")
async def test_another_principal_neither_sees_nor_applies_it(floor: Floor) -> None:
    started = await floor.hand_over()
    with pytest.raises(Refused) as caught:
        await floor.app.changes.journal.show(BOB, started["change"])
    assert caught.value.code is Code.NOT_FOUND
