"""What becomes of writes whose process vanished or whose answer was lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.changes.settle import Settler
from devskyy_mcp.errors import Code
from tests.fakes.notes import Notes

from .conftest import Desk, make


def settler(desk: Desk, abandoned_after: float = 0.0) -> Settler:
    committer = desk.app.changes.committer
    return Settler(committer.db, committer.audit, committer.systems, committer.active, abandoned_after, committer.wake)


class Vanished(BaseException):
    """The process is gone."""


async def vanish(desk: Desk, monkeypatch: pytest.MonkeyPatch, where: str, tool: str, **arguments: Any) -> None:
    """Let the call's process vanish at one arrow of the road: after the intent, or after sending."""
    committer = desk.app.changes.committer
    send_all: Any = getattr(committer, "_send_all")  # noqa: B009 # the arrow itself is no public name

    async def gone(*given: Any) -> None:
        if where == "sent":
            await send_all(*given)
        raise Vanished

    monkeypatch.setattr(committer, "_send_all", gone)
    with pytest.raises(Vanished):
        await desk.call(tool, **arguments)
    monkeypatch.setattr(committer, "_send_all", send_all)


@pytest.mark.requirement("changes:settle")
@pytest.mark.parametrize("where", ["intent", "sent"])
@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("notes_create", {"title": "new"}),
        ("notes_update", {"note": 1, "title": "changed"}),
        ("notes_delete", {"note": 1}),
    ],
)
async def test_a_crash_is_resolved_by_looking(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, where: str, tool: str, arguments: dict[str, Any]
) -> None:
    await vanish(desk, monkeypatch, where, tool, **arguments)
    sent = list(desk.notes.requests)
    change = (await desk.app.changes.journal.recent(_all(), limit=1))[0]["id"]
    assert (await desk.do("changes_show", change=change))["state"] == "applying"
    desk.notes.quiet_after = 0.0
    monkeypatch.setattr("devskyy_mcp.changes.commit.FENCE", 0.0)
    assert await settler(desk).settle() == 0
    shown = await desk.do("changes_show", change=change)
    assert shown["state"] == ("applied" if where == "sent" else "failed")
    assert shown["changes"][0]["outcome"] == ("done" if where == "sent" else "not_sent")
    assert desk.notes.requests == sent


def _all() -> Any:
    from devskyy_mcp.context import ALL_SCOPES, Principal

    return Principal("os:0", "os", ALL_SCOPES)


@pytest.mark.requirement("changes:settle")
async def test_an_absent_write_stays_unknown_while_the_shop_may_still_work(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devskyy_mcp.changes.commit.LOOKS", (0.0,))
    desk.notes.quiet_after = 60.0
    desk.notes.faults = ["lost_before"]
    refused = await desk.refused("notes_update", note=1, title="changed")
    assert refused.code is Code.OUTCOME_UNKNOWN
    change = refused.details["change"]["change"]
    assert await settler(desk).settle() == 1
    busy = await desk.refused("notes_update", note=1, title="other")
    assert (busy.code, busy.details["change"]) == (Code.CONFLICT, change)
    desk.notes.rows[1]["title"] = "changed"  # the late write arrives after all
    assert await settler(desk).settle() == 0
    assert (await desk.do("changes_show", change=change))["state"] == "applied"
    assert (await desk.do("notes_update", note=1, title="other"))["state"] == "applied"


@pytest.mark.requirement("changes:settle")
async def test_a_set_that_is_being_worked_on_is_left_to_its_process(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await vanish(desk, monkeypatch, "intent", "notes_update", note=1, title="changed")
    assert await settler(desk, abandoned_after=60).settle() == 1


@pytest.mark.requirement("changes:fence")
async def test_a_process_that_stood_still_does_not_send(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devskyy_mcp.changes.commit.FENCE", -1.0)
    refused = await desk.refused("notes_update", note=1, title="changed")
    assert (refused.code, refused.retryable) == (Code.TIMEOUT, True)
    assert desk.notes.requests == []


@pytest.mark.requirement("changes:privacy")
async def test_before_images_expire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = Notes("first")
    desk = Desk(make(tmp_path, notes), notes)
    try:
        done = await desk.do("notes_update", note=1, title="changed")
        monkeypatch.setattr("devskyy_mcp.changes.settle.KEEP_IMAGES", -1_000_000)
        await settler(desk).tidy()
        undone = await desk.do("changes_undo", change=done["change"])
        assert undone["changes"][0]["outcome"] == "impossible"
        assert "expired" in undone["changes"][0]["note"]
    finally:
        await desk.app.close()
