"""Rounds in which a provider hangs: nobody waits for it long, and who is there drafts and judges."""

from __future__ import annotations

import contextlib
from typing import Any

import anyio
import pytest

from devskyy_mcp.jobs.worker import Worker
from devskyy_mcp.llm.port import Name, Request
from devskyy_mcp.llm.round_table import judging
from tests.fakes.llm.voices import Asked, Voices, begun, played, shown

from .conftest import Apps
from .test_rounds import velvet


@pytest.mark.requirement("round-table:quorum")
@pytest.mark.parametrize("dies", ["", "draft", "scores"])
async def test_of_four_one_that_hangs_neither_delays_a_round_nor_leaves_it_unjudged(
    apps: Apps, voices: Voices, dies: str
) -> None:
    """Two answers stand, and one alone that is there may judge both: it is asked for a draft, and all three may."""
    velvet(voices)
    four = ("openai", "google", "mistral", "anthropic")
    hangs = anyio.Event()
    app, first = apps(*four), list[Name]()

    def told(name: Name, kind: Asked, _request: Request) -> None:
        if kind == "draft" and not first:
            first.append(name)
            voices.drafts[name] = hangs
        if name in first and kind != "draft":
            voices.judges[name] = hangs

        if kind == dies and voices.times(kind) == {"draft": 4, "scores": 2}[dies] and not died:
            died.append(True)
            raise Died

    class Died(BaseException):
        pass

    died = list[bool]()
    voices.told = told
    job, token = await begun(app, k=3, budget_usd=5.0)
    with anyio.fail_after(25):
        for _ in range(2 if dies else 1):
            worker = Worker(app.services)
            worker.executor = "test"
            with contextlib.suppress(*[BaseException] if dies and not died else []):
                await worker.run_job(job, token)
    assert bool(died) == bool(dies)
    view = await shown(app, job)
    states = [one["state"] for one in view["entries"]]
    assert states.count("late") == 1
    assert states.count("stands") == 3
    assert voices.times("draft") == (5 if dies == "draft" else 4), "only what was lost is asked for again"
    assert view["how"] in {"panel", "pairs", "tie-break"}, view
    if not dies:
        assert all(one["state"] == "scored" for one in view["judges"]), view["judges"]
        assert not any(name in first and kind == "scores" for name, kind, _ in voices.asked), (
            "who is late is asked last"
        )


@pytest.mark.requirement("round-table:quorum")
async def test_a_judge_that_hangs_while_each_is_needed_holds_up_nobody_for_long(
    apps: Apps, voices: Voices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "LAST_SECONDS", 0.3)

    def told(name: Name, kind: Asked, _request: Request) -> None:
        if kind == "scores" and not voices.judges:
            voices.judges[name] = anyio.Event()

    voices.told = told
    app = apps("openai", "google", "mistral", "anthropic")
    with anyio.fail_after(15):
        job = await played(app, k=2)
    view = await shown(app, job.job)
    assert (view["how"], sorted(one["state"] for one in view["judges"])) == ("unjudged", ["late", "scored"])


@pytest.mark.requirement("round-table:degrades")
async def test_of_three_one_that_hangs_leaves_nobody_to_judge(apps: Apps, voices: Voices) -> None:
    voices.drafts["openai"] = anyio.Event()
    with anyio.fail_after(15):
        result: Any = (await played(apps("openai", "google", "mistral"), k=3)).result
    assert (result["how"], result["answers"], voices.times("scores")) == ("unjudged", 2, 0)
