"""Whole rounds as jobs: drafts, checks, judges, decision, books; what goes wrong is told."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import anyio
import pytest

from devskyy_mcp.app import App
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.invoke import Call
from devskyy_mcp.jobs.worker import Worker
from devskyy_mcp.llm.asking import Learned
from devskyy_mcp.llm.port import NAMES, LLMError, Name, Request
from devskyy_mcp.llm.round_table import store
from devskyy_mcp.llm.round_table.decide import standings
from devskyy_mcp.llm.round_table.judging import opened
from devskyy_mcp.llm.round_table.service import RoundTable
from tests.fakes.llm.scripted import ME
from tests.fakes.llm.voices import Asked, Voices, answers_in, begun, played, shown

from .conftest import Apps

ALL = {"k": 6, "budget_usd": 5.0}


def velvet(voices: Voices, name: Name = "mistral") -> None:
    """This provider's draft is the best, and every judge says so."""
    voices.drafts[name] = "A velvet dress for long evenings."
    voices.marks = lambda text: 5 if "velvet" in text else 4 if "number 4" in text else 2


@pytest.mark.requirement("round-table:from-first-to-last")
async def test_a_round(app: App, voices: Voices) -> None:
    velvet(voices)
    job = await played(app, **ALL)
    assert job.state == "succeeded", job.error
    result: Any = job.result
    assert (result["answer"], result["how"]) == ("A velvet dress for long evenings.", "panel")
    assert result["model"].startswith("mistral/")
    assert result["p_best"] >= 0.6
    assert 0 < result["cost_usd"] < 5
    assert job.cost_usd == pytest.approx(result["cost_usd"])
    assert (voices.times("draft"), voices.times("better")) == (6, 0)
    assert voices.times("scores") in {3, 4}, "in one round of ten a judge is asked twice"
    view = await shown(app, job.job)
    assert (view["state"], view["winner"], view["brief_sha256"][:4].isalnum()) == ("done", result["number"], True)
    assert [one["state"] for one in view["entries"]] == ["stands"] * 6
    judges = [one["judge"] for one in view["judges"]]
    assert len({name.split("/")[0] for name in judges}) == 3
    for entry in view["entries"]:
        provider = entry["model"].split("/")[0]
        assert all(not score["judge"].startswith(f"{provider}/") for score in entry["scores"])
        assert entry["scores"]
        assert all(score["evidence"] for score in entry["scores"])


@pytest.mark.requirement("round-table:blind")
async def test_judges_see_fenced_answers_without_names(app: App, voices: Voices) -> None:
    voices.drafts |= {name: f"As {name.title()} AI, I wrote this. Choose me! By {name}." for name in NAMES}
    await played(app, **ALL)
    for name, kind, request in voices.asked:
        if kind == "scores":
            seen = answers_in(request)
            assert len(seen) in {4, 5}
            assert not any(one in text.lower() for text in seen.values() for one in ("openai", "mistral", "cohere"))
            assert name


@pytest.mark.requirement("round-table:checks")
async def test_what_fails_the_checks_is_never_judged(app: App, voices: Voices) -> None:
    velvet(voices)
    checks = {"facts": {"price": "129 EUR"}, "forbidden": ["cheapest"]}
    voices.drafts |= {name: f"A dress for 129 EUR, by number {len(name)}." for name in NAMES}
    voices.drafts["openai"] = "The cheapest dress, for 129 EUR."
    voices.drafts["google"] = "A velvet dress for 99 EUR."
    job = await played(app, **ALL, checks=checks)
    view = await shown(app, job.job)
    out = {one["model"].split("/")[0]: one for one in view["entries"] if one["state"] == "disqualified"}
    assert set(out) == {"openai", "google"}
    assert "forbidden" in out["openai"]["reasons"][0]
    assert not any(one["scores"] for one in out.values())
    judged = [text for _, kind, one in voices.asked if kind == "scores" for text in answers_in(one).values()]
    assert judged
    assert not any("99 EUR" in text or "cheapest" in text for text in judged)
    with pytest.raises(Refused, match="no answer") as raised:
        await tool(app, "round_table_pick", round=job.job, number=out["google"]["number"])
    assert raised.value.code == Code.INVALID_ARGUMENTS
    standing = sorted(one["number"] for one in view["entries"] if one["state"] == "stands")
    assert ", ".join(map(str, standing)) in raised.value.message


@pytest.mark.requirement("round-table:quorum")
async def test_a_provider_that_hangs_is_late_and_booked(app: App, voices: Voices) -> None:
    velvet(voices)
    voices.drafts["openai"] = anyio.Event()
    with anyio.fail_after(25):
        job = await played(app, **ALL, deadline_s=60)
    view = await shown(app, job.job)
    states = {one["model"].split("/")[0]: one["state"] for one in view["entries"]}
    assert states == {**dict.fromkeys(NAMES, "stands"), "openai": "late"}
    rows = (await tool(app, "llm_usage_report", since="2020-01-01T00:00:00Z", by="provider"))["rows"]
    assert next(one for one in rows if one["name"] == "openai")["cost_usd"] > 0


@pytest.mark.requirement("round-table:ties")
async def test_leaders_too_close_are_compared_in_both_orders(app: App, voices: Voices) -> None:
    voices.marks = lambda _text: 3
    job = await played(app, **ALL)
    result: Any = job.result
    assert voices.times("better") >= 2
    assert result["how"] == "tie-break", result
    assert "cheaper" in result["why"]


@pytest.mark.requirement("round-table:same-decision")
async def test_a_round_that_starts_again_decides_alike(app: App, voices: Voices) -> None:
    """Its process ends among the judges: no draft is asked again, and the same scores give the same decision."""
    voices.marks = lambda text: len(text) % 5 + 1
    job, token = await begun(app, **ALL)
    worker = Worker(app.services)
    worker.executor = "test"

    class Died(BaseException):
        pass

    def die(_name: Name, kind: Asked, _request: Request) -> None:
        if kind == "scores" and voices.times("scores") == 2:
            raise Died

    voices.told = die
    with contextlib.suppress(BaseException):
        await worker.run_job(job, token)
    voices.told = lambda _name, _kind, _request: None
    await worker.run_job(job, token)
    assert voices.times("draft") == 6
    view = await shown(app, job)
    assert view["state"] == "done", view
    service = app.services.get(RoundTable)
    assert sum(one["state"] == "scored" for one in view["judges"]) >= 2
    async with app.services.get(Database).read() as conn:
        kept = [opened(row).sheet for row in await store.scores(conn, job) if row["state"] == "scored"]
    again = standings(kept[::-1], view["rubric"], (await service.known("product-copy"))[1], job)
    told = {one["number"]: (one["mean"], one["p_best"]) for one in view["entries"] if "mean" in one}
    assert {one.answer: (round(one.mean, 4), round(one.p_best, 4)) for one in again} == told
    assert again[0].answer == view["winner"] or view["how"] != "panel"


@pytest.mark.requirement("round-table:degrades")
@pytest.mark.parametrize(
    ("only", "how", "word"),
    [(("openai",), "only-one", "Only one provider"), (("openai", "google"), "unjudged", "Nobody|nobody")],
)
async def test_few_providers(apps: Apps, voices: Voices, only: tuple[str, ...], how: str, word: str) -> None:
    import re

    job = await played(apps(*only), k=3)
    result: Any = job.result
    assert (result["how"], voices.times("scores")) == (how, 0)
    assert re.search(word, " ".join(result["warnings"]))
    assert "p_best" not in result


@pytest.mark.requirement("round-table:degrades")
async def test_three_providers_judge_each_other(apps: Apps, voices: Voices) -> None:
    velvet(voices)
    job = await played(apps("openai", "google", "mistral"), k=3)
    result: Any = job.result
    assert result["model"].startswith("mistral/")
    view = await shown(app=apps("openai", "google", "mistral"), job=job.job)
    assert [len(one["order"]) for one in view["judges"]] == [2, 2, 2]


@pytest.mark.requirement("round-table:degrades")
async def test_judges_that_say_nonsense(app: App, voices: Voices) -> None:
    voices.judges |= dict.fromkeys(NAMES, "I like them all.")
    result: Any = (await played(app, **ALL)).result
    assert result["how"] == "unjudged"
    assert voices.times("scores") == 5, "of each provider and maker one was asked"


@pytest.mark.requirement("round-table:degrades")
async def test_all_providers_fail(app: App, voices: Voices) -> None:
    voices.drafts |= {name: LLMError("bad_request", "It went wrong.", provider=name) for name in NAMES}
    job = await played(app, k=3)
    assert job.state == "failed"
    assert job.error is not None
    assert "No answer stood" in job.error["message"]
    assert voices.times("draft") == 6, "those in reserve were asked too"
    view = await shown(app, job.job)
    assert view["state"] == "failed"
    assert {one["state"] for one in view["entries"]} == {"failed"}


@pytest.mark.requirement("round-table:degrades")
async def test_no_provider(apps: Apps) -> None:
    app = apps("none")
    job = await played(app)
    assert job.error is not None
    assert job.error["code"] == str(Code.NOT_CONFIGURED)


@pytest.mark.requirement("round-table:budget")
async def test_nothing_goes_beyond_the_budget(app: App, voices: Voices) -> None:
    job = await played(app, k=6, budget_usd=0.02)
    spent = (await shown(app, job.job))["cost_usd"]
    assert spent <= 0.02
    view = await shown(app, job.job)
    assert any("may cost" in " ".join(one["reasons"]) for one in view["entries"])
    assert job.result is not None, "whoever could be paid for has answered"
    assert "budget was too small" in " ".join(job.result["warnings"])
    nothing = await played(app, k=3, budget_usd=0.000001)
    assert nothing.state == "failed"
    assert (await shown(app, nothing.job))["cost_usd"] == 0


@pytest.mark.requirement("round-table:modes")
async def test_solo_asks_one_and_another_when_it_fails(app: App, voices: Voices) -> None:
    result: Any = (await played(app, mode="solo")).result
    assert (result["how"], voices.times("draft"), voices.times("scores")) == ("solo", 1, 0)
    first = voices.asked[0][0]
    voices.drafts |= {name: "The cheapest." for name in NAMES if name == first}
    job = await played(app, mode="solo", checks={"forbidden": ["cheapest"]})
    assert voices.times("draft") in {2, 3}
    assert job.state == "succeeded"


@pytest.mark.requirement("round-table:modes")
async def test_cascade_goes_on_until_it_is_good_enough(app: App, voices: Voices) -> None:
    marks = iter([3, 5])
    voices.marks = lambda _text: next(marks)
    result: Any = (await played(app, mode="cascade")).result
    assert (result["how"], result["number"], voices.times("draft"), voices.times("scores")) == ("cascade", 2, 2, 2)
    asked = [name for name, kind, _ in voices.asked if kind == "draft"]
    judged = [name for name, kind, _ in voices.asked if kind == "scores"]
    assert all(drafter != one for drafter, one in zip(asked, judged, strict=True))
    voices.marks = lambda _text: 2
    result = (await played(app, mode="cascade", prompt="Another.")).result
    assert "None was good enough" in result["why"]


@pytest.mark.requirement("round-table:modes")
async def test_fuse_makes_one_of_the_best(app: App, voices: Voices) -> None:
    velvet(voices)

    def told(name: Name, kind: Asked, request: Request) -> None:
        if kind == "draft" and "Several answers" in request.system[0].text:
            voices.drafts[name] = "Velvet and silk, for long evenings."

    voices.told = told
    result: Any = (await played(app, **ALL, mode="fuse")).result
    assert (result["fused"], result["answer"]) == (True, "Velvet and silk, for long evenings.")
    velvet(voices)

    def worse(name: Name, kind: Asked, request: Request) -> None:
        if kind == "draft" and "Several answers" in request.system[0].text:
            voices.drafts[name] = "The cheapest."

    voices.told = worse
    result = (await played(app, **ALL, mode="fuse", checks={"forbidden": ["cheapest"]})).result
    assert (result["fused"], result["answer"]) == (False, "A velvet dress for long evenings.")
    assert "could not be fused" in result["warnings"][0]


@pytest.mark.requirement("round-table:modes")
async def test_answers_after_a_schema(app: App, voices: Voices) -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    voices.drafts |= {name: json.dumps({"title": f"Silk {name}"}) for name in NAMES}
    voices.drafts["openai"] = "Silk"
    job = await played(app, **ALL, output_schema=schema)
    assert job.result is not None
    assert json.loads(job.result["answer"])["title"].startswith("Silk")
    assert [one["model"] for one in (await shown(app, job.job))["entries"] if one["state"] == "disqualified"] == [
        "openai/gpt-6.1-terra"
    ]


async def tool(app: App, name: str, **arguments: Any) -> dict[str, Any]:
    return (await app.road.invoke(Call(ME, name, arguments, "cli"))).data


@pytest.mark.requirement("round-table:learning")
async def test_standings_and_a_persons_pick(app: App, voices: Voices) -> None:
    velvet(voices)
    job = await played(app, **ALL)
    found = await tool(app, "round_table_standings", kind="product-copy")
    assert (found["rounds"], found["models"][0]["model"]) == (1, "mistral/mistral-large-4")
    assert all(one["low"] <= one["won"] <= one["high"] for one in found["models"])
    assert (await tool(app, "round_table_standings", kind="other"))["models"] == []
    view = await shown(app, job.job)
    number = next(one["number"] for one in view["entries"] if one["model"].startswith("cohere/"))
    assert (await tool(app, "round_table_pick", round=job.job, number=number))["picked"] == number
    found = await tool(app, "round_table_standings")
    assert found["models"][0]["model"].startswith("cohere/")
    assert all(value < 0.5 for name, value in found["judges"].items() if not name.startswith("cohere/"))
    learned = await app.services.get(Learned).scores("product-copy")
    assert max(learned, key=lambda name: learned[name]).startswith("cohere/")
    with pytest.raises(Refused, match="no answer 20"):
        await tool(app, "round_table_pick", round=job.job, number=20)


@pytest.mark.requirement("round-table:learning")
async def test_flips_are_counted(app: App, voices: Voices) -> None:
    """Judges for whom whatever stands first is the better one."""
    voices.marks = lambda _text: 3
    voices.first = True
    job = await played(app, **ALL)
    found = await tool(app, "round_table_standings")
    assert found["repeats"] >= 1
    assert found["position_flips"] >= 0.5
    flips, repeats = (await shown(app, job.job))["flips"].split(" of ")
    assert found["position_flips"] == pytest.approx(int(flips) / int(repeats), abs=1e-4)


@pytest.mark.requirement("round-table:bad-input")
@pytest.mark.parametrize(
    "wrong",
    [
        {"prompt": ""}, {"prompt": "silk " * 400_000}, {"prompt": "silk " * 40_000}, {"k": 9}, {"kind": "No Slug"},
        {"budget_usd": 0.0},
        {"rubric": "none"}, {"rubric": [{"name": "a"}]}, {"checks": {"min_chars": "a"}},
    ],
)  # fmt: skip
async def test_what_is_no_call_is_refused(app: App, voices: Voices, wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused) as raised:
        await begun(app, **wrong)
    assert raised.value.code in {Code.INVALID_ARGUMENTS, Code.TOO_LARGE}
    assert not voices.asked


@pytest.mark.requirement("round-table:bad-input")
async def test_a_contradicting_brief_asks_nobody(app: App, voices: Voices) -> None:
    job = await played(app, checks={"min_chars": 20, "max_chars": 10})
    assert job.error is not None
    assert "min_chars" in job.error["message"]
    assert not voices.asked
    with pytest.raises(Refused, match="no round"):
        await shown(app, "job_none")


@pytest.mark.requirement("round-table:flag")
async def test_switched_off(apps: Apps) -> None:
    app = apps(enable_round_table=False)
    assert not [name for name in app.registry.tools if name.startswith("round_table")]
    assert not app.services.has(Learned)
    assert app.services.get(RoundTable)
