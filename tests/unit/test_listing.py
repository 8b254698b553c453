"""Lists that grow for ever: the audit and the changes, newest first, in pages."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.app import App, build, local_principal
from devskyy_mcp.changes.store import insert_set
from devskyy_mcp.config import Settings
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.audit import AuditLog, AuditRecord
from devskyy_mcp.invoke import Call
from tests.fakes.postgres import database_url, postgres_server, postgres_url

__all__ = ["database_url", "postgres_server", "postgres_url"]

ME = local_principal()
BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
async def app(tmp_path: Path, database_url: str) -> AsyncGenerator[App]:
    from devskyy_tools.platform.pack import pack

    database = Database(database_url, migrate=True)
    await database.open()
    await database.close()
    given = {"data_dir": tmp_path, "database_url": database_url, "environment": "test", "worker": "off"}
    made = build(Settings(_env_file=None, **given), [pack])  # pyright: ignore[reportCallIssue, reportArgumentType] # pydantic-settings takes it
    async with made.running(eager=False):
        yield made


async def ask(app: App, name: str, /, **given: Any) -> dict[str, Any]:
    return (await app.road.invoke(Call(ME, name, given, "cli"))).data


async def pages(app: App, name: str, rows: str, **given: Any) -> list[dict[str, Any]]:
    """All rows, page by page."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await ask(app, name, limit=3, **given, **cursor)
        assert len(page[rows]) <= 3
        found += page[rows]
        if not page.get("next_cursor"):
            return found
        cursor = {"cursor": page["next_cursor"]}


async def write(app: App) -> None:
    """Twenty rows, two at each minute, by two principals with two tools."""
    records = [
        AuditRecord(
            f"key:{number % 2}",
            "mcp",
            f"tool_{number % 4 // 2}_run",
            "read",
            change_id=f"chg_{number // 5}",
            arguments='{"secret": "x"}',
            at=int((BEGAN + timedelta(minutes=number // 2)).timestamp() * 1_000_000),
        )
        for number in range(20)
    ]
    async with app.services.get(Database).begin() as conn:
        await app.services.get(AuditLog).append(conn, *records)


@pytest.mark.requirement("audit:listing")
async def test_the_audit_is_narrowed_and_paged(app: App) -> None:
    await write(app)
    until = {"about": "chg_1"}
    assert [row["seq"] for row in await pages(app, "audit_list", "rows", **until)] == [10, 9, 8, 7, 6]
    by = await pages(app, "audit_list", "rows", principal="key:1")
    assert [row["seq"] for row in by] == list(range(20, 0, -2))
    both = await pages(app, "audit_list", "rows", principal="key:1", tool="tool_1_run")
    assert [row["seq"] for row in both] == [20, 16, 12, 8, 4]
    since = await pages(app, "audit_list", "rows", principal="key:0", since="2026-03-01T09:08:00+09:00")
    assert [row["seq"] for row in since] == [19, 17]
    assert (await pages(app, "audit_list", "rows", principal="nobody")) == []
    first = by[-1]
    assert first["at"] == "2026-03-01T00:00:00.000+00:00"
    assert first["tool"] == "tool_0_run"
    assert "arguments" not in str(first)
    assert "secret" not in str(first)


@pytest.mark.requirement("audit:listing")
@pytest.mark.parametrize(
    "wrong", [{"cursor": "x"}, {"cursor": "WzEsICJhIl0"}, {"since": "2026-03-01T00:00:00"}, {"limit": 0}]
)
async def test_bad_input_to_the_audit_is_refused(app: App, wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        await ask(app, "audit_list", **wrong)
    assert refused.value.code is Code.INVALID_ARGUMENTS


@pytest.mark.requirement("audit:listing")
async def test_the_audit_needs_its_scope(app: App) -> None:
    less = dataclasses.replace(ME, kind="client", scopes=frozenset({"changes:read", "jobs:read", "tools:read"}))
    with pytest.raises(Refused) as refused:
        await app.road.invoke(Call(less, "audit_list", {}, "cli"))
    assert refused.value.code in {Code.FORBIDDEN, Code.NOT_FOUND}


@pytest.mark.requirement("changes:pages")
async def test_pages_hold_each_change_once(app: App) -> None:
    async with app.services.get(Database).begin() as conn:
        for number in range(8):
            await insert_set(conn, change_set(f"chg_{number}", number // 3, "applied" if number % 2 else "failed"))
    names = [row["change"] for row in await pages(app, "changes_list", "changes")]
    assert names == [f"chg_{number}" for number in range(7, -1, -1)]
    names = [row["change"] for row in await pages(app, "changes_list", "changes", state="applied")]
    assert names == ["chg_7", "chg_5", "chg_3", "chg_1"]
    with pytest.raises(Refused) as refused:
        await ask(app, "changes_list", cursor="WzEsIDJd")
    assert refused.value.code is Code.INVALID_ARGUMENTS


def change_set(name: str, at: int, state: str, **more: Any) -> dict[str, Any]:
    """A change set's row, made at that time (µs)."""
    return {
        "id": name,
        "principal": ME.id,
        "surface": "cli",
        "tool": "notes_write",
        "arguments": {},
        "plan_hash": "",
        "state": state,
        "summary": {},
        "reasons": [],
        "created_at": at,
        "expires_at": at,
        "decided_at": at,
        "finished_at": at,
        "approved_by": None,
        "undoes": None,
        "idempotency_key": None,
        "request_hash": "",
        "outcome": None,
        **more,
    }
