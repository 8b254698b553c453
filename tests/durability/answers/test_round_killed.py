"""kill -9 among the drafts, the judges and at lines of a round: nothing that was answered is asked again, who was under
way is lost or replaced, and the round comes to its decision.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import devskyy_mcp
from devskyy_mcp.app import App
from devskyy_mcp.changes import commit
from devskyy_mcp.config import Settings
from devskyy_mcp.db.database import Database
from devskyy_mcp.jobs.service import Jobs
from devskyy_mcp.llm.port import Name, Request
from tests.durability.paid.lines import Line
from tests.durability.paid.test_lines import in_process, rerun
from tests.fakes.llm.scripted import KEYS, ME
from tests.fakes.llm.voices import Asked, Voices, begun, shown, table_app

from .place import FENCE, note, noted

HOME = Path(devskyy_mcp.__file__).parent
FILES = tuple(str(HOME / f"llm/round_table/{name}.py") for name in ("rounds", "drafting", "judging", "drafts", "store"))
SOME = 3


@dataclass(frozen=True)
class TablePlace:
    """Where the processes meet. Each request is a line on disk; the one that the file ``dying`` names kills its process
    once, before it is answered.
    """

    folder: Path
    settings: dict[str, Any]

    def app(self, **more: Any) -> App:
        commit.FENCE = FENCE
        settings = Settings(_env_file=None, **{**self.settings, **more})  # pyright: ignore[reportCallIssue] # pydantic-settings takes it
        voices = Voices(marks=lambda text: 5 if "number 7" in text else 2, told=self.told)
        return table_app(settings, voices)

    def told(self, name: Name, kind: Asked, request: Request) -> None:
        words = f"{name} {kind} {request.model}"
        note(self.folder, words)
        dying = self.folder / "dying"
        if dying.exists() and dying.read_text() in words:
            dying.unlink()
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
async def here(tmp_path: Path, database_url: str) -> TablePlace:
    database = Database(database_url, migrate=True)
    await database.open()
    await database.close()
    settings = {"environment": "test", "data_dir": tmp_path, "database_url": database_url, "settle_after": 0.5, **KEYS}
    return TablePlace(tmp_path, settings)


@pytest.fixture
async def app(here: TablePlace) -> AsyncGenerator[App]:
    """Takes jobs in and runs none."""
    async with here.app(worker="off").running(eager=False) as made:
        yield made


async def check(app: App, here: TablePlace, job: str, token: int) -> None:
    """Run the round to its end; what was answered before must not be asked again."""
    from devskyy_mcp.db.tables import llm_calls

    c = llm_calls.c
    query = llm_calls.select().where(c.job_id == job, c.state == "done")
    async with app.services.get(Database).read() as conn:
        kept = {(row["provider"], row["model"]) for row in (await conn.execute(query)).mappings()}
    before = Counter(noted(here.folder))
    view = await rerun(app, here, job, token)
    assert view.state == "succeeded", view.error
    again = Counter(noted(here.folder)) - before
    repeated = [words for words in again if (words.split()[0], words.split()[2]) in kept]
    assert not repeated, "answered, and asked again"
    found = await shown(app, job)
    assert found["state"] == "done"
    assert view.result is not None
    assert found["winner"] == view.result["number"]
    states = Counter(one["state"] for one in found["entries"])
    assert states["stands"] >= 2, "whose answers were lost are asked again when they are needed"
    assert states["stands"] + states["lost"] + states["late"] == len(found["entries"])


@pytest.mark.slow
@pytest.mark.requirement("round-table:resumed")
@pytest.mark.parametrize("dying", ["mistral draft", " scores "])
async def test_killed_in_the_middle_of_an_answer(app: App, here: TablePlace, dying: str) -> None:
    job, token = await begun(app, k=6, budget_usd=5.0)
    (here.folder / "dying").write_text(dying)
    code, _ = await in_process(here, job, token)
    assert code == -signal.SIGKILL
    await check(app, here, job, token)
    view = await shown(app, job)
    if dying == "mistral draft":
        lost = [one for one in view["entries"] if one["state"] == "lost"]
        assert "mistral/mistral-large-4" in [one["model"] for one in lost]
        return
    whole, token = await begun(app, k=6, budget_usd=5.0, again=True)
    assert (await in_process(here, whole, token))[0] == 0
    unharmed = await shown(app, whole)
    assert (view["answer"], view["how"]) == (unharmed["answer"], unharmed["how"]), "the same decision"
    assert "number 7" in view["answer"]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.requirement("round-table:resumed")
async def test_killed_at_lines_all_over(app: App, here: TablePlace) -> None:
    job, token = await begun(app, k=6, budget_usd=5.0)
    code, lines = await in_process(here, job, token, None, FILES)
    assert code == 0
    assert len({file for file, _ in lines}) == len(FILES)
    assert (await app.services.get(Jobs).get(ME, job)).state == "succeeded"
    chosen = lines if os.environ.get("DEVSKYY_LONG") else lines[:: max(1, len(lines) // SOME)]

    for number, line in enumerate(chosen):
        await _die_at(app, here, line, number)


async def _die_at(app: App, here: TablePlace, line: Line, number: int) -> None:
    job, token = await begun(app, k=6, budget_usd=5.0, prompt=f"A line about dress {number}.")
    (here.folder / "asked").unlink(missing_ok=True)
    code, _ = await in_process(here, job, token, line, FILES)
    if code == 0:  # a line of what only some rounds need
        return
    await check(app, here, job, token)
