"""A run that dies before or behind any event and is begun again: it asks no model twice, sends no write twice, and
reads as if nothing had happened.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.agents.runs.journal import Journal, read
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code, Refused

from .bed import Bed, bed, calls, delivers

EVENTS = 1 + 3 + 4 + 4 + 1
"""Of the run below: the beginning, three turns, four calls and their results, the end."""
_CHANGE = re.compile(r"chg_\w+")


class Died(BaseException):
    """As if the process were gone."""


def answers(here: Bed) -> None:
    here.models.say(
        calls(
            ("woo_products_list", {"limit": 2}),
            ("wp_posts_create", {"title": "Boxy", "content": "<p>Soon.</p>"}),
            ("woo_products_get", {"id": 1}),
        ),
        calls(("wp_posts_create", {"title": "Silk is back", "content": "<p>Soon.</p>"})),
        delivers(),
    )


async def told(here: Bed, job: str) -> str:
    """The transcript, with the names of changes taken out."""
    return _CHANGE.sub("chg", await here.transcript(job))


@pytest.fixture
async def whole(tmp_path: Path) -> str:
    """What a run that nothing happens to reads like."""
    async with bed(tmp_path / "whole") as here:
        answers(here)
        job = await here.start()
        assert (await here.go(job)).state == "succeeded"
        assert len(await read(here.desk.app.services.get(Database), job)) == EVENTS
        return _without_times(await told(here, job))


def _without_times(text: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.+Z]+", "then", text)


@pytest.mark.requirement("runs:resume")
@pytest.mark.parametrize("behind", [False, True], ids=["before", "behind"])
async def test_it_dies_at_every_event(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    whole: str,
    behind: bool,  # pytest's way
) -> None:
    """One process dies at the first event, the next at the second, and so on: each event is a death of its own."""
    add = Journal.add
    dead = Counter[tuple[str, int]]()

    async def dying(journal: Journal, kind: Any, data: Any, ref: str | None = None) -> Any:
        key = (kind, data.get("turn", 0) * 100 + data.get("index", 0) + journal._last)  # pyright: ignore[reportPrivateUsage]
        dead[key] += 1
        if dead[key] == 1 and not behind:
            raise Died
        event = await add(journal, kind, data, ref)
        if dead[key] == 1 and behind:
            raise Died
        return event

    monkeypatch.setattr(Journal, "add", dying)
    async with bed(tmp_path) as here:
        answers(here)
        job = await here.start()
        deaths = 0
        while True:
            try:
                view = await here.go(job)
                break
            except (Died, BaseExceptionGroup):
                deaths += 1
                assert deaths <= EVENTS
        assert view.state == "succeeded", view
        assert deaths >= EVENTS - 2  # two reads go side by side, and may die together
        asked = [one for one in here.models.asked if one.asking == "answer"]
        assert len(asked) == 3
        assert sorted(here.desk.writes) == ["POST /wp/v2/posts"] * 2
        assert _without_times(await told(here, job)) == whole


@pytest.mark.requirement("runs:transcript")
async def test_a_transcript_is_read_as_tool_and_resource(tmp_path: Path, whole: str) -> None:
    async with bed(tmp_path) as here:
        answers(here)
        job = await here.start()
        await here.go(job)
        assert _without_times(await told(here, job)) == whole
        for words in ("# Run of shop-hand 1.0.0", "## Step 3", "### wp_posts_create", "## Delivered"):
            assert words in whole
        found = (await here.desk.do("agents_transcript", run=job, form="json"))["events"]
        assert [one["seq"] for one in found] == list(range(1, EVENTS + 1))
        assert found[-1]["output"] == {"answer": "Done."}
        assert '"native":' not in json.dumps(found)
        refused = await here.desk.refused("agents_transcript", run="job_none")
        assert refused.code == Code.NOT_FOUND


@pytest.mark.requirement("runs:transcript")
async def test_an_event_that_was_altered_is_found(tmp_path: Path) -> None:
    from sqlalchemy import text

    async with bed(tmp_path) as here:
        here.models.say(delivers())
        job = await here.start()
        await here.go(job)
        database = here.desk.app.services.get(Database)
        async with database.begin() as conn:
            await conn.execute(text("UPDATE run_events SET at = at + 1 WHERE seq = 2"))
        with pytest.raises(Refused) as caught:
            await read(database, job)
        assert caught.value.code is Code.CONFLICT


async def test_what_is_kept_of_a_run_is_sealed(tmp_path: Path) -> None:
    from sqlalchemy import text

    async with bed(tmp_path) as here:
        here.models.say(delivers("secretword"))
        job = await here.start("Say promptword.")
        await here.go(job)
        async with here.desk.app.services.get(Database).read() as conn:
            found = str((await conn.execute(text("SELECT * FROM run_events"))).all())
        assert "secretword" not in found
        assert "promptword" not in found
