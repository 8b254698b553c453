"""``devskyy stop-writes`` and ``resume-writes``."""

from __future__ import annotations

import pytest

from devskyy_mcp.errors import EXIT_STATUS, Code
from tests.fakes.notes import Notes

from .conftest import Run

pytestmark = pytest.mark.requirement("stop:command")


def test_anybody_here_stops_writes_and_a_person_lets_them_go_on(
    run: Run, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Writes are stopped since" in run("stop-writes").out
    refused = run("call", "notes_update", "--note", "1", "--title", "new")
    assert refused.status == EXIT_STATUS[Code.WRITES_STOPPED]
    assert "Writes were stopped by" in refused.error["message"]
    piped = run("resume-writes")
    assert piped.status == EXIT_STATUS[Code.FORBIDDEN]
    monkeypatch.setattr("devskyy_mcp.surfaces.office._check_terminal", _at_a_terminal)
    assert run("resume-writes").out == "Writes go on.\n"
    assert run("resume-writes").out == "Writes were not stopped.\n"
    assert run("call", "notes_update", "--note", "1", "--title", "new").status == 0
    assert len(notes.requests) == 1


def _at_a_terminal(_what: str, _command: str) -> None:
    """Somebody sits there."""
