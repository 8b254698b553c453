"""Stage, preview, ask, apply, repeat, undo: on a small system of notes."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from devskyy_mcp.errors import Code
from devskyy_mcp.guard.audit_check import verify
from tests.fakes.notes import Notes

from .conftest import ADA, BOB, Desk, make


@pytest.mark.requirement("changes:write")
async def test_a_write_is_done_and_told(desk: Desk) -> None:
    done = await desk.do("notes_update", note=1, title="changed")
    assert done["state"] == "applied"
    assert desk.notes.rows[1]["title"] == "changed"
    assert done["changes"][0]["fields"] == {"title": ["first", "changed"]}
    assert done["changes"][0]["outcome"] == "done"
    assert "changes_undo" in done["next"]


@pytest.mark.requirement("changes:no-op")
async def test_what_is_so_already_sends_nothing(desk: Desk) -> None:
    done = await desk.do("notes_update", note=1, title="first")
    assert done["state"] == "nothing_to_change"
    assert desk.notes.requests == []


@pytest.mark.requirement("changes:preview")
async def test_preview_sends_nothing_and_can_be_applied(desk: Desk) -> None:
    shown = await desk.do("notes_update", note=1, title="changed", preview=True)
    assert (shown["state"], desk.notes.requests) == ("proposed", [])
    done = await desk.do("changes_apply", change=shown["change"])
    assert (done["state"], done["change"]) == ("applied", shown["change"])
    assert desk.notes.rows[1]["title"] == "changed"


@pytest.mark.requirement("changes:apply-once")
async def test_many_applies_send_once(desk: Desk) -> None:
    shown = await desk.do("notes_update", note=1, title="changed", preview=True)
    results: list[dict[str, object]] = []

    async def apply() -> None:
        results.append(await desk.do("changes_apply", change=shown["change"]))

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(apply)
    assert desk.notes.requests == [("update", 1)]
    assert sum(1 for result in results if not result.get("repeated")) == 1


@pytest.mark.requirement("changes:stale")
async def test_a_stale_plan_is_refused_with_the_new_one(desk: Desk) -> None:
    shown = await desk.do("notes_update", note=1, title="changed", preview=True)
    desk.notes.rows[1]["title"] = "edited by somebody else"
    refused = await desk.refused("changes_apply", change=shown["change"])
    assert refused.code is Code.STALE
    fresh = refused.details["change"]
    assert fresh["changes"][0]["fields"] == {"title": ["edited by somebody else", "changed"]}
    assert desk.notes.requests == []
    done = await desk.do("changes_apply", change=fresh["change"])
    assert done["state"] == "applied"


@pytest.mark.requirement("changes:stale")
async def test_another_field_moving_is_not_stale(desk: Desk) -> None:
    shown = await desk.do("notes_update", note=1, title="changed", preview=True)
    desk.notes.rows[1]["text"] = "somebody else's"
    assert (await desk.do("changes_apply", change=shown["change"]))["state"] == "applied"


@pytest.mark.requirement("changes:person")
async def test_what_cannot_be_undone_waits_for_a_person(desk: Desk) -> None:
    waits = await desk.do("notes_burn", note=1)
    assert waits["state"] == "waits_for_person"
    assert waits["approve"]["command"] == f"devskyy approve {waits['change']}"
    assert any("Can't be undone" in reason for reason in waits["asks"])
    assert desk.notes.requests == []
    again = await desk.do("notes_burn", note=1)
    assert again["change"] == waits["change"]
    model = await desk.do("changes_apply", change=waits["change"])
    assert (model["state"], desk.notes.requests) == ("waits_for_person", [])


@pytest.mark.requirement("changes:person")
async def test_a_person_agrees_elsewhere_and_the_host_sees_it(desk: Desk) -> None:
    waits = await desk.do("notes_burn", note=1)
    done = await desk.decide(waits["change"], agreed=True)
    assert (done["state"], done["approved_by"]) == ("applied", "Grace (page)")
    assert 1 not in desk.notes.rows
    shown = await desk.do("changes_show", change=waits["change"])
    assert (shown["state"], shown["approved_by"]) == ("applied", "Grace (page)")


@pytest.mark.requirement("changes:person")
async def test_a_person_declines(desk: Desk) -> None:
    waits = await desk.do("notes_burn", note=1)
    with pytest.raises(Exception, match="declined"):
        await desk.decide(waits["change"], agreed=False)
    assert (await desk.do("changes_show", change=waits["change"]))["state"] == "declined"
    assert desk.notes.requests == []


@pytest.mark.requirement("changes:elicit")
async def test_a_host_that_can_ask_gets_a_question(desk: Desk) -> None:
    asked = await desk.call("notes_burn", note=1, can_ask=True)
    assert asked.question is not None
    assert "note 1" in asked.question.message
    done = await desk.answer("notes_burn", asked.question.change, agreed=True, note=1)
    assert done.data["state"] == "applied"
    assert 1 not in desk.notes.rows


@pytest.mark.requirement("changes:elicit")
async def test_an_object_edited_while_the_person_reads_is_asked_again(desk: Desk) -> None:
    asked = await desk.call("notes_burn", note=1, can_ask=True)
    assert asked.question is not None
    desk.notes.rows[1]["title"] = "edited meanwhile"
    again = await desk.answer("notes_burn", asked.question.change, agreed=True, note=1)
    assert again.question is not None
    assert again.question.change != asked.question.change
    assert "edited meanwhile" in again.question.message
    assert desk.notes.requests == []
    done = await desk.answer("notes_burn", again.question.change, agreed=True, note=1)
    assert done.data["state"] == "applied"


@pytest.mark.requirement("changes:elicit")
async def test_another_principals_question_cannot_be_answered(desk: Desk) -> None:
    asked = await desk.call("notes_burn", note=1, can_ask=True)
    assert asked.question is not None
    with pytest.raises(Exception, match="no change"):
        await desk.answer("notes_burn", asked.question.change, agreed=True, note=1, who=BOB)
    assert desk.notes.requests == []


@pytest.mark.requirement("changes:person")
async def test_more_than_ten_objects_ask(tmp_path: Path) -> None:
    notes = Notes(*(f"note {number}" for number in range(11)))
    desk = Desk(make(tmp_path, notes), notes)
    try:
        waits = await desk.do("notes_rename_all", prefix="new ")
        assert waits["state"] == "waits_for_person"
        assert any("11 objects" in reason for reason in waits["asks"])
        done = await desk.decide(waits["change"], agreed=True)
        assert (done["state"], done["counts"]) == ("applied", {"done": 11})
        assert len(notes.requests) == 11
    finally:
        await desk.app.close()


@pytest.mark.requirement("changes:confirm-always")
async def test_a_new_shop_asks_for_every_write(tmp_path: Path) -> None:
    notes = Notes("first")
    desk = Desk(make(tmp_path, notes, confirm_writes="always"), notes)
    try:
        waits = await desk.do("notes_update", note=1, title="x")
        assert (waits["state"], notes.requests) == ("waits_for_person", [])
    finally:
        await desk.app.close()


@pytest.mark.requirement("changes:repeat")
async def test_the_same_create_twice_makes_one(desk: Desk) -> None:
    first = await desk.do("notes_create", title="new")
    second = await desk.do("notes_create", title="new")
    assert second["change"] == first["change"]
    assert second["repeated"] is True
    assert desk.notes.requests == [("create", None)]


@pytest.mark.requirement("changes:repeat")
async def test_an_idempotency_key_repeats_the_answer_and_is_bound_to_the_call(desk: Desk) -> None:
    first = await desk.do("notes_update", note=1, title="x", key="k1")
    second = await desk.do("notes_update", note=1, title="x", key="k1")
    assert (second["change"], second["repeated"]) == (first["change"], True)
    refused = await desk.refused("notes_update", note=1, title="y", key="k1")
    assert refused.code is Code.INVALID_ARGUMENTS


@pytest.mark.requirement("changes:repeat")
async def test_what_was_taken_back_can_be_done_again(desk: Desk) -> None:
    first = await desk.do("notes_create", title="new")
    await desk.do("changes_undo", change=first["change"])
    second = await desk.do("notes_create", title="new")
    assert second["change"] != first["change"]
    assert not second.get("repeated")


@pytest.mark.requirement("changes:repeat")
async def test_an_update_is_never_taken_for_a_repetition(desk: Desk) -> None:
    await desk.do("notes_update", note=1, title="changed")
    desk.notes.rows[1]["title"] = "edited by somebody else"
    again = await desk.do("notes_update", note=1, title="changed")
    assert (again["state"], again.get("repeated")) == ("applied", None)
    del desk.notes.rows[1]
    refused = await desk.refused("notes_update", note=1, title="changed")
    assert refused.code is Code.NOT_FOUND


@pytest.mark.requirement("changes:repeat")
async def test_a_repeated_delete_for_good_gets_the_first_outcome(desk: Desk) -> None:
    waits = await desk.do("notes_burn", note=1)
    await desk.decide(waits["change"], agreed=True)
    again = await desk.do("notes_burn", note=1)
    assert (again["change"], again["state"], again["repeated"]) == (waits["change"], "applied", True)


@pytest.mark.requirement("changes:repeat")
async def test_one_idempotency_key_in_two_calls_at_once_sends_once(desk: Desk) -> None:
    desk.notes.gate = anyio.Event()
    results: list[str] = []

    async def first() -> None:
        results.append((await desk.do("notes_create", title="new", key="k"))["state"])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first)
        await desk.notes.sending.wait()
        again = await desk.do("notes_create", title="new", key="k")
        assert (again["state"], again["repeated"]) == ("applying", True)
        desk.notes.gate.set()
    assert results == ["applied"]
    assert desk.notes.requests == [("create", None)]


@pytest.mark.requirement("changes:undo")
async def test_undo_and_redo(desk: Desk) -> None:
    done = await desk.do("notes_update", note=1, title="changed", text="new text")
    undone = await desk.do("changes_undo", change=done["change"])
    assert (undone["state"], undone["undoes"]) == ("applied", done["change"])
    assert desk.notes.rows[1]["title"] == "first"
    redone = await desk.do("changes_undo", change=undone["change"])
    assert redone["state"] == "applied"
    assert desk.notes.rows[1]["title"] == "changed"


@pytest.mark.requirement("changes:undo")
async def test_undo_leaves_alone_what_was_changed_since(desk: Desk) -> None:
    done = await desk.do("notes_update", note=1, title="changed")
    desk.notes.rows[1]["title"] = "edited by somebody else"
    undone = await desk.do("changes_undo", change=done["change"])
    assert undone["state"] == "nothing_to_change"
    row = undone["changes"][0]
    assert row["outcome"] == "left_alone"
    assert desk.notes.rows[1]["title"] == "edited by somebody else"


@pytest.mark.requirement("changes:undo")
async def test_undo_says_what_is_impossible(desk: Desk) -> None:
    waits = await desk.do("notes_burn", note=1)
    await desk.decide(waits["change"], agreed=True)
    undone = await desk.do("changes_undo", change=waits["change"])
    assert undone["changes"][0]["outcome"] == "impossible"


@pytest.mark.requirement("changes:outcomes")
async def test_what_the_system_did_not_take_is_said(desk: Desk) -> None:
    refused = await desk.refused("notes_update", note=1, text="x" * 1001)
    assert refused.code is Code.UPSTREAM_REFUSED
    assert "did not take text" in refused.message


@pytest.mark.requirement("changes:outcomes")
@pytest.mark.parametrize(
    ("fault", "code", "state"),
    [("refused", Code.UPSTREAM_REFUSED, "failed"), ("unreached", Code.UPSTREAM_TIMEOUT, "failed")],
)
async def test_a_failure_is_an_error_with_the_whole_view(desk: Desk, fault: str, code: Code, state: str) -> None:
    desk.notes.faults = [fault]
    refused = await desk.refused("notes_update", note=1, title="x")
    assert refused.code is code
    assert refused.details["change"]["state"] == state
    assert desk.notes.rows[1]["title"] == "first"


@pytest.mark.requirement("changes:lost-answer")
async def test_a_lost_answer_is_looked_up(desk: Desk) -> None:
    desk.notes.faults = ["lost"]
    done = await desk.do("notes_create", title="new")
    assert done["state"] == "applied"
    assert desk.notes.requests == [("create", None)]


@pytest.mark.requirement("changes:locks")
async def test_two_writers_on_one_object(desk: Desk) -> None:
    desk.notes.gate = anyio.Event()
    results: list[str] = []

    async def first() -> None:
        results.append((await desk.do("notes_update", note=1, title="one"))["state"])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first)
        await desk.notes.sending.wait()
        refused = await desk.refused("notes_update", note=1, title="two", who=BOB)
        assert refused.code is Code.CONFLICT
        assert refused.retryable
        desk.notes.gate.set()
    assert results == ["applied"]
    assert (await desk.do("notes_update", note=1, title="two", who=BOB))["state"] == "applied"


@pytest.mark.requirement("changes:private")
async def test_a_change_of_another_principal_is_not_found(desk: Desk) -> None:
    shown = await desk.do("notes_update", note=1, title="x", preview=True)
    for tool in ("changes_show", "changes_apply", "changes_undo"):
        refused = await desk.refused(tool, change=shown["change"], who=BOB)
        assert refused.code is Code.NOT_FOUND


@pytest.mark.requirement("audit:every-call")
async def test_each_call_leaves_one_record_and_the_chain_holds(desk: Desk) -> None:
    await desk.do("notes_list")
    await desk.do("notes_update", note=1, title="x")
    await desk.refused("notes_update", note="no")
    await desk.app.road.audit.flush()
    db = desk.app.changes.committer.db
    async with db.read() as conn:
        from sqlalchemy import text

        rows = (await conn.execute(text("select phase, capability, code from audit order by seq"))).all()
    assert sorted(tuple(row) for row in rows if row[0] == "call") == [
        ("call", "notes_list", "ok"),
        ("call", "notes_update", "invalid_arguments"),
        ("call", "notes_update", "ok"),
    ]
    assert [row.phase for row in rows if row.phase != "call"] == ["intent", "outcome"]
    assert (await verify(db)).ok


@pytest.mark.requirement("audit:no-write-without")
async def test_nothing_is_sent_when_the_intent_cannot_be_written(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from devskyy_mcp.errors import Refused

    async def away(*_: object) -> None:
        raise Refused(Code.NOT_CONFIGURED, "The database is away.")

    monkeypatch.setattr(desk.app.road.audit, "append", away)
    refused = await desk.refused("notes_update", note=1, title="x")
    monkeypatch.undo()
    assert refused.code is Code.NOT_CONFIGURED
    assert desk.notes.requests == []
    assert desk.notes.rows[1]["title"] == "first"


@pytest.mark.requirement("errors:no-internals")
async def test_a_nul_is_refused_and_a_text_that_names_it_is_not(desk: Desk) -> None:
    assert (await desk.refused("notes_update", note=1, text="a\0b")).code is Code.INVALID_ARGUMENTS
    assert (await desk.refused("notes_update", note=1, text="a\\\0b")).code is Code.INVALID_ARGUMENTS
    assert (await desk.do("notes_update", note=1, text="a \\u0000 b"))["state"] == "applied"


@pytest.mark.requirement("errors:no-internals")
async def test_an_unforeseen_error_says_nothing_of_itself(desk: Desk) -> None:
    refused = await desk.refused("notes_break")
    assert refused.code is Code.INTERNAL
    assert "hunter2" not in str(refused.as_dict())


def test_ada_may_not_do_all() -> None:
    assert not ADA.may("other:read")
    assert ADA.may("notes:read")
