"""``devskyy resolve`` at a real pseudo-terminal: a person's word on a request that was lost."""

from __future__ import annotations

from pathlib import Path

import anyio.to_thread
import pytest

from devskyy_mcp.app import local_principal
from devskyy_mcp.db.database import Database
from tests.fakes.elsewhere import Hands

from .test_approve import at_a_terminal

pytestmark = pytest.mark.requirement("gate:privileged")


@pytest.mark.parametrize(("typed", "state"), [("abandon", "queued"), ("resubmit", "needs_review")])
async def test_a_person_types_what_became_of_it(tmp_path: Path, typed: str, state: str) -> None:
    db = Database(tmp_path / "data" / "devskyy.db")
    hands = Hands(db)
    await hands.add("job_review", local_principal().id)
    await hands.review("job_review")
    await db.close()

    def run() -> tuple[int, str]:
        return at_a_terminal("resolve", "job_review", "abandon", typed=typed)

    status, shown = await anyio.to_thread.run_sync(run)
    assert status == (0 if state == "queued" else 1), shown
    assert ("Left as it is" in shown) is (state == "needs_review")
    async with db.read() as conn:
        from devskyy_mcp.jobs import store

        row = await store.read(conn, "job_review")
    await db.close()
    assert row is not None
    assert row["state"] != "needs_review" if state == "queued" else row["state"] == state
