"""kill -9 at lines all over a run of an agent: what a model has answered is not asked again, what was written is not
written again, and the run comes to the deliverable that it would have come to.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import devskyy_mcp
from devskyy_mcp.db.database import Database
from devskyy_mcp.invoke import Call
from devskyy_mcp.jobs import runs
from devskyy_mcp.jobs.service import Jobs
from tests.durability.paid.test_lines import in_process
from tests.fakes.llm.server import speaking
from tests.unit.agents.runs.bed import ME

from .place import drafts, place

HOME = Path(devskyy_mcp.__file__).parent
PARTS = ("loop", "question", "journal", "carrying")
FILES = tuple(str(HOME / f"agents/runs/{name}.py") for name in PARTS)
SOME = 3
"""Lines that a process dies at, spread over all that are reached; all of them in the long run."""


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.requirement("runs:resume")
async def test_killed_at_lines_all_over(tmp_path: Path, database_url: str) -> None:
    async with speaking() as models:
        here = await place(tmp_path, database_url, models, worker="off")
        async with here.app().running(eager=False) as app:

            async def run(title: str, die_at: Any = None) -> tuple[int, list[Any], str, int]:
                models.always = drafts(title)
                given = {"agent": "shop-hand", "request": title}
                job = (await app.road.invoke(Call(ME, "agents_run", given, "cli"))).data["job"]
                async with app.services.get(Database).begin() as conn:
                    token = await runs.hand(conn, [job])
                code, lines = await in_process(here, job, token, die_at, FILES)
                return code, lines, job, token

            code, lines, _, _ = await run("Whole")
            assert code == 0
            chosen = lines if os.environ.get("DEVSKYY_LONG") else lines[:: max(1, len(lines) // SOME)]
            for number, line in enumerate(chosen):
                title, before = f"Post {number}", len(models.asked)
                code, _, job, token = await run(title, line)
                assert code == -9, line
                for _ in range(3):
                    await in_process(here, job, token, None, FILES)
                    view = await app.services.get(Jobs).get(ME, job)
                    if view.state not in {"queued", "running"}:
                        break
                else:
                    pytest.fail(f"{line}: it does not end")
                assert view.state == "succeeded", (line, view)
                assert view.result is not None
                assert view.result["output"] == {"answer": "Drafted."}, line
                assert len(models.asked) - before == 3, line
                given = {"search": title, "status": "draft", "fields": ["id", "title"]}
                found = (await app.road.invoke(Call(ME, "wp_posts_list", given, "cli"))).data["items"]
                assert len([one for one in found if one["title"] == title]) == 1, line
