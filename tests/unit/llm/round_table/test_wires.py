"""Rounds by the six providers' own clients, against the server that speaks their wires."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import pytest

from devskyy_mcp.app import App
from devskyy_mcp.config import Settings
from devskyy_mcp.db.database import Database
from devskyy_mcp.llm.port import NAMES, Name
from devskyy_mcp.llm.round_table import drafts, judging, playing, store
from tests.fakes.llm.server import Answer, Fault, Refusal, speaking
from tests.fakes.llm.talk import Talk, draft_of, schema_of, wired_app
from tests.fakes.llm.voices import played, shown

ALL = {"k": 6, "budget_usd": 5.0}
HANGS = Answer("never", fault=Fault("mute"))
SECOND = 1_000_000


@pytest.fixture
async def talk() -> AsyncGenerator[Talk]:
    async with speaking() as models:
        yield Talk(models)


@pytest.fixture
async def app(tmp_path: Path, database_url: str, talk: Talk) -> AsyncGenerator[App]:
    made = await make(tmp_path, database_url, talk)
    yield made
    await made.close()


async def make(folder: Path, database_url: str, talk: Talk, *only: Name) -> App:
    database = Database(database_url, migrate=True)
    await database.open()
    await database.close()
    given = {"environment": "test", "data_dir": folder, "database_url": database_url, "worker": "off"}
    return wired_app(Settings(_env_file=None, **given, **talk.models.settings(*only)))  # pyright: ignore[reportCallIssue] # pydantic-settings takes it


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is late: a busy machine's first use of a client takes longer than the loopback's answer."""
    monkeypatch.setattr(playing, "GRACE", 20.0)


def by_provider(view: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["model"].partition("/")[0]: one for one in view["entries"]}


@pytest.mark.requirement("round-table:wires")
@pytest.mark.usefixtures("unhurried")
async def test_all_six_draft(app: App, talk: Talk) -> None:
    talk.marks = lambda text: 5 if text == draft_of("mistral") else 2
    job = await played(app, **ALL)
    assert job.result is not None, job.error
    assert (job.result["how"], job.result["answer"]) == ("panel", draft_of("mistral"))
    view = await shown(app, job.job)
    assert {name: one["state"] for name, one in by_provider(view).items()} == dict.fromkeys(NAMES, "stands")
    assert {name: one["text"] for name, one in by_provider(view).items()} == {name: draft_of(name) for name in NAMES}
    assert all(one["scores"] for one in view["entries"])


@pytest.mark.requirement("round-table:wires")
@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("three", [NAMES[:3], NAMES[3:]], ids="-".join)
async def test_each_judges_after_its_schema(
    tmp_path: Path, database_url: str, talk: Talk, three: tuple[Name, ...]
) -> None:
    """Of three providers each judges the other two, and is held to the sheet's schema in its own dialect."""
    talk.marks = lambda text: 5 if text == draft_of(three[1]) else 2
    app = await make(tmp_path, database_url, talk, *three)
    job = await played(app, k=3)
    view = await shown(app, job.job)
    await app.close()
    assert {one["judge"].partition("/")[0] for one in view["judges"] if one["state"] == "scored"} == {*three}
    assert [one["dropped"] for one in view["judges"]] == [0, 0, 0]
    scored = {
        (one["judge"].partition("/")[0], one["criterion"]) for entry in view["entries"] for one in entry["scores"]
    }
    assert scored == {(name, criterion) for name in three for criterion in view["rubric"]}
    for name, part, asked in talk.asked:
        if part == "scores":
            schema = schema_of(asked)
            assert set(schema["properties"]["answers"]["properties"]) == {"A", "B"}, name
            assert set(schema["required"]) == {"answers", "ranking"}, name
    assert job.result is not None
    assert job.result["model"].startswith(three[1])


@pytest.mark.requirement("round-table:wires")
@pytest.mark.usefixtures("unhurried")
async def test_what_goes_wrong_on_the_wires(app: App, talk: Talk) -> None:
    """A 429 is tried again; what is cut off, filtered or no sheet counts for nothing, and is told by its name."""
    best = draft_of("mistral")
    talk.marks = lambda text: 5 if text == best else 2
    talk.says["mistral", "draft"] = [Refusal("rate_limit", "0")]
    cut = Answer(("A dress of silk", " that is"), fault=Fault("truncated"))
    talk.always |= {("openai", "draft"): cut, ("google", "draft"): Answer("A dress", stop="filter")}
    talk.first["scores"] = [Answer("I like them all."), Answer('{"answers": {"A":'), Refusal("rate_limit", "0")]
    job = await played(app, **ALL)
    assert job.result is not None, job.error
    view = await shown(app, job.job)
    drafted = by_provider(view)
    assert drafted["mistral"]["state"] == "stands"
    assert talk.times("draft", "mistral") == 2
    assert (drafted["openai"]["state"], "(truncated)" in drafted["openai"]["reasons"][0]) == ("failed", True)
    assert (drafted["google"]["state"], "filter" in drafted["google"]["reasons"][0]) == ("failed", True)
    assert Counter(one["state"] for one in view["judges"]) == {"useless": 2, "scored": 3}
    assert talk.times("scores") in {6, 7}, "five judges, one of them twice; in one round of ten one more"
    assert job.result["answer"] == best


@pytest.mark.requirement("round-table:same-decision")
@pytest.mark.usefixtures("unhurried")
async def test_the_same_round_decides_alike(
    tmp_path: Path, database_url: str, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The round's id is the seed of all that is drawn: who is asked, orders, chances. Two databases, one id."""
    monkeypatch.setattr("devskyy_mcp.jobs.store.new_id", lambda: "job_0SameSameSame")
    talk.marks = lambda text: int(text[24]) % 5 + 1
    decisions: list[Any] = []
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        app = await make(folder, f"sqlite+aiosqlite:///{folder}/own.db" if number else database_url, talk)
        job = await played(app, **ALL)
        view = await shown(app, job.job)
        await app.close()
        told = {
            one["number"]: (one["model"], one["text"], one.get("mean"), one.get("p_best")) for one in view["entries"]
        }
        decisions.append((view["winner"], view["how"], view["answer"], told, [one["order"] for one in view["judges"]]))
    assert decisions[0] == decisions[1]


@pytest.mark.requirement("round-table:hangs")
async def test_a_provider_that_hangs_delays_little(app: App, talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One hangs as drafter, another as judge. What the quorum took and what the round took are of the same run."""
    monkeypatch.setattr(judging, "REPEATED", 0.0)  # a judge asked once more would take its own time
    await played(app, **ALL, prompt="Each client is made, and has spoken once.")
    judges = {name for name, part, _ in talk.asked if part == "scores"}
    slow: Name = next(name for name in NAMES if name in judges)
    others: list[Name] = [name for name in NAMES if name not in judges]
    best, away = others[:2]
    talk.marks = lambda text: 5 if text == draft_of(best) else 2
    talk.wait = {"draft": 0.8, "scores": 0.8}
    hanging: set[tuple[Name, str]] = {(away, "draft"), (slow, "scores")}
    talk.always |= {(away, "draft"): HANGS, (slow, "scores"): HANGS}
    job = await played(app, **ALL)
    assert job.result is not None
    assert (job.result["how"], job.result["answer"]) == ("panel", draft_of(best))
    async with app.services.get(Database).read() as conn:
        row = await store.read(conn, job.job)
        entries, scores = await store.entries(conn, job.job), await store.scores(conn, job.job)
    assert row is not None
    assert [one["model"].partition("/")[0] for one in entries if one["state"] == "late"] == [away]
    assert [one["judge"].partition("/")[0] for one in scores if one["state"] == "late"] == [slow]
    drafted = took(entries, "stands", row["created_at"], drafts.quorum(6))
    judged = took(scores, "scored", max(one["at"] for one in entries), drafts.quorum(3))
    assert 0.8 <= drafted < 60
    assert 0.8 <= judged < 60
    assert (row["ended_at"] - row["created_at"]) / SECOND <= 1.5 * (drafted + judged) + 0.2
    hung = [asked for name, part, asked in talk.asked[-9:] if (name, part) in hanging]
    assert len(hung) == 2
    for asked in hung:
        with anyio.fail_after(5):
            await asked.gone.wait()


def took(rows: list[dict[str, Any]], state: str, begun: int, enough: int) -> float:
    """Seconds until so many were in that state."""
    return (sorted(row["at"] for row in rows if row["state"] == state)[enough - 1] - begun) / SECOND
