"""What a write costs in durable commits."""

from __future__ import annotations

from typing import Any

import aiosqlite
import pytest

from devskyy_mcp.guard import audit

from .conftest import Desk


@pytest.mark.requirement("changes:write")
async def test_a_single_write_is_two_commits(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One before the request leaves, with the intent; one after it, with the outcome."""
    await desk.do("notes_update", note=1, title="opened")  # migrates, too
    await desk.app.road.audit.flush()
    monkeypatch.setattr(audit, "WINDOW", 3600)  # the call's own record waits for company
    told: list[str] = []
    commit = aiosqlite.Connection.commit

    async def counted(connection: aiosqlite.Connection) -> None:
        told.append("commit")
        await commit(connection)

    update = desk.notes.send

    async def sent(*given: Any, **named: Any) -> Any:
        told.append("request")
        return await update(*given, **named)

    monkeypatch.setattr(aiosqlite.Connection, "commit", counted)
    monkeypatch.setattr(desk.notes, "send", sent)
    done = await desk.do("notes_update", note=1, title="changed")
    assert done["state"] == "applied"
    assert told == ["commit", "request", "commit"]
