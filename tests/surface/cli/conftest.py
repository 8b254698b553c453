"""The command line in this process, over the packs of ``tests.fakes``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import devskyy_mcp.app
from devskyy_mcp.cli import main
from tests.fakes.notes import Notes
from tests.fakes.packs import changes_pack, notes_pack


@dataclass(frozen=True)
class Ran:
    """What a command gave."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        return json.loads(self.err)["error"]


Run = Callable[..., Ran]


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> Notes:
    """The notes that every command of this test works on."""
    notes = Notes("first", "second")
    monkeypatch.setattr(devskyy_mcp.app, "installed_packs", lambda: [notes_pack(notes), changes_pack()])
    monkeypatch.setattr(devskyy_mcp.app, "own_folder", lambda: None)  # the project's agents use the project's packs
    return notes


@pytest.fixture
def run(notes: Notes, capfd: pytest.CaptureFixture[str]) -> Run:
    """``run("call", "notes_list")``: the command as ``devskyy`` would carry it out."""

    def carry_out(*words: str) -> Ran:
        try:
            status = main(words)
        except SystemExit as ended:  # argparse ends the process itself
            status = int(ended.code or 0)
        out, err = capfd.readouterr()
        return Ran(status, out, err)

    return carry_out
