"""Every list is read by an index from its newest row on: none is scanned, none is sorted.

On SQLite, whose planner needs no statistics to be asked. ``benchmarks/growth.py`` names the lists, and measures them
over a million rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import event

from benchmarks.growth import FEW, fill, works
from devskyy_mcp.db.database import Database

Page = tuple[list[Any], str | None]


@pytest.mark.requirement("lists:indexed")
async def test_no_list_is_scanned_or_sorted(tmp_path: Path) -> None:
    db = Database(tmp_path / "lists.db")
    await db.open()
    await fill(db, FEW)
    asked: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        asked.append((statement, parameters))

    engine = db._reads  # pyright: ignore[reportPrivateUsage] # there is no other way to see each statement
    assert engine is not None
    event.listen(engine.sync_engine, "before_cursor_execute", note)
    found = works(db, FEW)
    for name, work in found.items():
        asked.clear()
        rows, _ = cast("Page", await work())
        assert bool(rows) is not any(word in name for word in ("absent", "never")), name
        [(statement, parameters)] = list(asked)
        async with db.read() as conn:
            steps = (await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)).mappings()
            plan = [str(step["detail"]) for step in steps]
        assert len(plan) == 1, (name, plan)
        # An index is walked as a whole only where nothing narrows the list: newest first, up to the page's end.
        assert plan[0].startswith("SEARCH") or (plan[0].startswith("SCAN") and "USING INDEX" in plan[0]), (name, plan)
        # And by one for all that it is narrowed to, save for a change, which has few rows.
        of_change = name.startswith("audit") and "change" in name
        assert plan[0].count("=?") == (1 if of_change else statement.count(" = ?")), (name, plan)
        assert ("ix_audit_change_id_at_seq" in plan[0]) is of_change, (name, plan)
    await db.close()
