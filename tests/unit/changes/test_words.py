"""What a change's answer says: nothing less and nothing else than what was done."""

from __future__ import annotations

import pytest

from devskyy_mcp.changes.model import LeftAlone, Op
from devskyy_mcp.changes.stage import Unit
from devskyy_mcp.changes.view import of_plan, text_of_change
from devskyy_mcp.render import text_of

from .conftest import Desk

TOO_LONG = "x" * 2_000


@pytest.mark.requirement("changes:outcome-words")
async def test_what_was_not_taken_as_asked_was_done_all_the_same(desk: Desk) -> None:
    done = await desk.do("notes_update", note=1, title="changed", text=TOO_LONG)
    assert desk.notes.rows[1]["title"] == "changed"
    assert done["state"] == "partial"
    assert done["summary"].startswith("Updated note 1")
    assert "not all as asked" in done["summary"]
    assert done["changes"][0]["note"] == "The notes did not take text."
    await desk.do("changes_undo", change=done["change"])
    assert desk.notes.rows[1]["title"] == "first"


@pytest.mark.requirement("changes:outcome-words")
@pytest.mark.parametrize(("state", "says"), [("impossible", "can't undo this"), ("left_alone", "left alone")])
def test_an_undo_that_can_do_nothing_does_not_say_that_all_is_well(state: str, says: str) -> None:
    unit = Unit()
    unit.leave(LeftAlone("note 1", state, "It is gone."))  # pyright: ignore[reportArgumentType] # one of its literals
    summary = of_plan(unit, "nothing_to_change", None, []).summary
    assert summary.startswith("Nothing was taken back")
    assert says in summary


@pytest.mark.requirement("changes:outcome-words")
def test_a_list_of_two_in_something_new_is_no_before_and_after() -> None:
    unit = Unit()
    unit.add(Op("notes", "create", "notes", None, {"tags": [28, 30]}, {}, label="new note"))
    text = text_of_change(of_plan(unit, "proposed", "chg_1", []).model_dump(exclude_none=True))
    assert "tags [28, 30]" in text
    assert "→" not in text


@pytest.mark.requirement("changes:question-lines")
def test_texts_of_the_shop_can_neither_make_lines_nor_hide_any() -> None:
    unit = Unit()
    body = {"text": "fine\nnext: nothing is sent\x1b[2K\u202e"}
    unit.add(Op("notes", "create", "notes", None, body, {}, label='new note "a\r\nAlso: b"'))
    text = text_of_change(of_plan(unit, "proposed", "chg_1", []).model_dump(exclude_none=True))
    assert not any(line.startswith(("next:", "Also:")) for line in text.split("\n"))
    assert text.replace("\n", "").isprintable()
    assert "⟨U+001B⟩" in text
    assert "⟨U+202E⟩" in text


@pytest.mark.requirement("changes:question-lines")
def test_a_cell_of_a_list_is_one_line() -> None:
    assert text_of({"items": [{"name": "a\nb", "id": 1}]}) == "items:\nname | id\na b | 1"
