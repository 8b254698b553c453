"""The kill switch and the read-only mode: nothing is sent while they hold, whatever else says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest

from devskyy_mcp.changes import commit
from devskyy_mcp.context import Context
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code
from devskyy_mcp.guard import brake as at
from devskyy_mcp.guard.audit_page import read_page
from devskyy_mcp.guard.brake import Brake
from devskyy_mcp.ops.health import HealthChecks
from tests.fakes.notes import BATCH, Notes

from .conftest import ADA, Desk, make
from .test_bulk import NOTES, Floor, floor

__all__ = ["floor"]

pytestmark = pytest.mark.requirement("stop:everything")


def brake_of(desk: Desk) -> Brake:
    return desk.app.services.get(Brake)


async def test_previews_go_on_and_nothing_is_sent(desk: Desk) -> None:
    shown = await desk.do("notes_update", note=1, title="new", preview=True)
    asked = await desk.do("notes_burn", note=2)
    await brake_of(desk).stop("Grace (terminal)", "os:1:grace", "cli")
    for tool, given in (
        ("notes_update", {"note": 1, "title": "new"}),
        ("changes_apply", {"change": shown["change"]}),
    ):
        refused = await desk.refused(tool, **given)
        assert refused.code is Code.WRITES_STOPPED
        assert "Grace (terminal)" in refused.message
        assert refused.details["stopped_at"] in refused.message
    with pytest.raises(Exception, match="writes_stopped"):
        await desk.decide(asked["change"], agreed=True)
    again = await desk.do("notes_update", note=1, title="other", preview=True)
    assert "stopped by Grace" in again["warnings"][0]
    assert desk.notes.requests == []
    assert await brake_of(desk).resume("os:1:grace", "cli")
    assert (await desk.do("changes_apply", change=shown["change"]))["state"] == "applied"
    rows, _ = await read_page(desk.app.services.get(Database), principal="os:1:grace", limit=10)
    assert [(row["capability"], row["code"]) for row in rows] == [
        ("resume_writes", "resumed"),
        ("stop_writes", "stopped"),
    ]


async def test_a_person_may_still_say_no(desk: Desk) -> None:
    asked = await desk.do("notes_burn", note=2)
    await brake_of(desk).stop("Grace (terminal)", "os:1:grace", "cli")
    with pytest.raises(Exception, match="declined"):
        await desk.decide(asked["change"], agreed=False)


async def test_another_process_sees_it_at_its_next_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at, "FRESH", 3600.0)  # whatever it has believed so far
    notes = Notes("first", "second")
    one, other = Desk(make(tmp_path, notes), notes), Desk(make(tmp_path, notes), notes)
    try:
        assert (await other.do("notes_update", note=1, title="new"))["state"] == "applied"
        await brake_of(one).stop("Grace (terminal)", "os:1:grace", "cli")
        assert await brake_of(other).state() is None
        refused = await other.refused("notes_update", note=1, title="newer")
        assert refused.code is Code.WRITES_STOPPED
        assert len(notes.requests) == 1
    finally:
        await one.app.close()
        await other.app.close()


async def test_a_server_that_only_reads(tmp_path: Path) -> None:
    notes = Notes("first", "second")
    desk = Desk(make(tmp_path, notes, read_only=True, confirm_writes="risky"), notes)
    try:
        assert (await desk.do("notes_update", note=1, title="new", preview=True))["state"] == "proposed"
        refused = await desk.refused("notes_update", note=1, title="new")
        assert (refused.code, "READ_ONLY" in refused.message) == (Code.WRITES_STOPPED, True)
        with pytest.raises(Exception, match="writes_stopped"):
            await brake_of(desk).resume("os:1:grace", "cli")
        state = await desk.app.services.get(HealthChecks).state("writes")
        assert (state.ok, state.words) == (True, "off, READ_ONLY is set")
    finally:
        await desk.app.close()
    assert notes.requests == []


async def test_health_says_so_without_a_name(desk: Desk) -> None:
    health = desk.app.services.get(HealthChecks)
    assert (await health.state("writes")).words == "on"
    health.clock = lambda: 1e12
    await brake_of(desk).stop("Grace (terminal)", "os:1:grace", "cli")
    state = await health.state("writes")
    assert not state.ok
    assert state.words.startswith("stopped since 2")
    assert "Grace" not in state.words


async def test_a_running_job_waits_before_its_next_chunk(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at, "FRESH", 0.01)
    monkeypatch.setattr(commit, "FENCE", 8.0)
    change = (await floor.hand_over())["change"]
    brake, send = brake_of(floor), floor.notes.send
    said: list[str] = []
    paused = anyio.Event()

    async def then_stopped(*given: Any) -> Any:
        found = await send(*given)
        await brake.stop("Grace (terminal)", "os:1:grace", "cli")
        return found

    async def sink(_done: float, _total: float | None, message: str | None) -> None:
        said.append(message or "")
        if "stopped" in said[-1]:
            paused.set()

    monkeypatch.setattr(floor.notes, "send", then_stopped)
    async with anyio.create_task_group() as tasks:

        async def work() -> None:
            ctx = Context(ADA, floor.app.services, surface="job", sink=sink)

            async def lives(_conn: Any) -> None:
                pass

            await floor.app.changes.carry_out(ctx, change, lives)

        tasks.start_soon(work)
        with anyio.fail_after(20):
            await paused.wait()
            # What was on its way when the stop was written ends; then nothing more is sent.
            while (await floor.states(change)).get("sent"):
                await anyio.sleep(0.01)
        before = len(floor.updates)
        assert before < NOTES
        assert before % BATCH == 0
        monkeypatch.setattr(floor.notes, "send", send)
        await brake.resume("os:1:grace", "cli")
    assert (await floor.states(change)) == {"done": NOTES}
    assert len(floor.updates) == len(set(floor.updates)) == NOTES
