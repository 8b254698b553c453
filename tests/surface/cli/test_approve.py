"""``devskyy approve`` at a real pseudo-terminal, in a process of its own."""

from __future__ import annotations

import re

import pytest

from devskyy_mcp.errors import EXIT_STATUS, Code
from tests.fakes.notes import Notes

from .conftest import Run
from .talking import talk

pytestmark = pytest.mark.requirement("cli:approve")

OTHERS = [f"other {number}" for number in range(110)]


def at_a_terminal(*words: str, typed: str | list[str]) -> tuple[int, str]:
    """Exit status and what the terminal showed; ``typed`` is answered to the questions, in turn."""
    asked = [typed] if isinstance(typed, str) else typed
    return talk(words, [("", text) for text in asked], OTHERS)


@pytest.fixture
def change(run: Run) -> str:
    return run("call", "notes_burn", "--note", "1").json["change"]


def test_without_a_terminal_nobody_agrees(run: Run, change: str) -> None:
    ran = run("approve", change)
    assert ran.status == EXIT_STATUS[Code.FORBIDDEN]
    assert run("changes", change).json["state"] == "proposed"


def test_the_diff_is_shown_and_the_number_of_objects_is_asked_for(run: Run, change: str) -> None:
    status, shown = at_a_terminal("approve", change, typed="1")
    assert status == 0, shown
    assert 'delete note 1 "first"' in shown
    assert "a burnt note is gone" in shown
    assert "Type the number of objects (1) to agree:" in shown
    outcome = run("changes", change).json
    assert outcome["state"] == "applied"
    assert re.fullmatch(r".+ \(terminal\)", outcome["approved_by"])


@pytest.mark.parametrize("typed", ["", "2", "yes"])
def test_another_answer_leaves_it(run: Run, change: str, typed: str) -> None:
    status, shown = at_a_terminal("approve", change, typed=typed)
    assert status == 1, shown
    assert run("changes", change).json["state"] == "proposed"


def test_declining(run: Run, change: str) -> None:
    status, shown = at_a_terminal("approve", change, "--decline", typed="decline")
    assert status == 0, shown
    assert run("changes", change).json["state"] == "declined"
    status, shown = at_a_terminal("approve", change, typed="1")
    assert status == EXIT_STATUS[Code.CONFLICT]
    assert "is declined" in shown


def test_all_rows_are_shown(run: Run) -> None:
    for number in range(25):
        run("call", "notes_create", "--title", f"n{number}")
    change = run("call", "notes_rename_all", "--prefix", "x-", "--preview").json["change"]
    _, shown = at_a_terminal("approve", change, typed="no")
    assert shown.count("- update note ") == 27
    assert "(27)" in shown


def test_a_big_change_is_followed_until_its_job_has_ended(run: Run, notes: Notes) -> None:
    for title in OTHERS:
        notes.put(title=title)
    total = 2 + len(OTHERS)
    change = run("call", "notes_rename_all", "--prefix", "x-").json["change"]
    status, shown = at_a_terminal("approve", change, typed=str(total))
    assert status == 0, shown
    assert shown.count("- update note ") == 40  # the first rows of the plan, then of what was done
    assert f"devskyy changes {change}" in shown
    assert f"{total} of {total} done" in shown
    assert f"Updated {total} objects." in shown
    outcome = run("changes", change).json
    assert (outcome["state"], outcome["counts"]) == ("applied", {"done": total})
    assert len(outcome["changes"]) == total
