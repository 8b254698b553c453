"""Tests from their registration to their decision, on SQLite and on Postgres."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from devskyy_mcp.changes.model import JournalOp, Op, Outcome
from devskyy_mcp.db.database import Database
from devskyy_mcp.db.tables import audit, experiment_looks, experiment_units, experiments
from devskyy_mcp.errors import Code
from devskyy_mcp.experiments.model import digest
from devskyy_mcp.experiments.service import Experiments
from tests.fakes.demo import Demo, demo

from .designs import HALVES, RATE, SMALL
from .exposing import UNITS

Json = dict[str, Any]


async def fill(desk: Desk, name: str, number: int, share: dict[str, float], start: int = 0, **value: float) -> None:
    """Expose units, and let a share of each variant convert."""
    units = [f"u{one}" for one in range(start, start + number)]
    seen: dict[str, int] = {}
    for first in range(0, number, 1000):
        told = await desk.do("experiments_expose", experiment=name, units=units[first : first + 1000])
        events: list[Json] = []
        for unit, variant in told["variants"].items():
            seen[variant] = seen.get(variant, 0) + 1
            if seen[variant] * 37 % 100 < share[variant] * 100:
                events.append({"unit": unit, **value})
        await desk.do("experiments_convert", experiment=name, metric="order", events=events)


Desk = Demo


@pytest.mark.requirement("experiments:from-first-to-last")
async def test_a_test_that_finds_something(desk: Demo) -> None:
    made = await desk.do("experiments_create", name="title", **SMALL)
    assert made["state"] == "applied"
    planned = made["changes"][0]["fields"]["planned"]
    assert planned == 93  # (1.96 + .84)² · (.5·.5 + .7·.3) / .2² = 90.3, and 2 % for four looks
    early = await desk.do("experiments_results", experiment="title")
    assert (early["decision"], early["next_look_at"], early.get("comparisons")) == ("too_early", 24, None)
    assert early["words"] == "Not enough yet: 0 of 93 customers in each variant; the first look is due at 24."

    await fill(desk, "title", 80, {"old": 0.5, "new": 0.6})
    first = await desk.do("experiments_results", experiment="title")
    assert (first["decision"], first["look"]["number"], first["look"]["of"]) == ("go_on", 1, 4)
    (one,) = first["comparisons"]
    assert one["low"] < one["difference"] < one["high"]
    assert one["p_needed"] < 0.01
    await fill(desk, "title", 10, {"old": 0.0, "new": 1.0}, start=1000)
    between = await desk.do("experiments_results", experiment="title")
    assert between["comparisons"] == first["comparisons"], "between looks nothing new is shown"
    assert sum(arm["units"] for arm in between["arms"]) == 90

    await fill(desk, "title", 160, {"old": 0.3, "new": 0.95}, start=2000)
    last = await desk.do("experiments_results", experiment="title")
    assert (last["decision"], last["comparisons"][0]["differs"]) == ("stop_efficacy", True)
    assert last["words"].startswith("Stop for efficacy: new is better than the control by")
    await fill(desk, "title", 400, {"old": 1.0, "new": 0.0}, start=3000)
    assert (await desk.do("experiments_results", experiment="title"))["comparisons"] == last["comparisons"]
    assert last["sha256"] == digest(last["definition"]) == made["changes"][0]["fields"]["sha256"]


async def test_what_a_test_ends_with(desk: Demo) -> None:
    for name, shares, decision in (
        ("same", {"old": 0.5, "new": 0.5}, "no_difference"),
        ("worse", {"old": 0.7, "new": 0.3}, "stop_harm"),
    ):
        await desk.do("experiments_create", name=name, **{**SMALL, "looks": 1})
        await fill(desk, name, 260, shares)
        found = await desk.do("experiments_results", experiment=name)
        assert (found["decision"], found.get("next_look_at")) == (decision, None)


@pytest.mark.requirement("experiments:srm")
async def test_a_split_that_is_none_hides_the_result(desk: Demo) -> None:
    await desk.do("experiments_create", name="broken", **SMALL)
    await fill(desk, "broken", 300, {"old": 0.2, "new": 0.9})
    async with desk.app.services.get(Database).begin() as conn:
        units = experiment_units.c
        rows = (await conn.execute(experiment_units.select().where(units.variant == "old"))).mappings().all()
        for row in rows[:90]:
            await conn.execute(experiment_units.delete().where(units.unit == row["unit"]))
    found = await desk.do("experiments_results", experiment="broken")
    assert (found["decision"], found["split"]["ok"]) == ("invalid", False)
    assert found["words"].startswith("Invalid: the units are not split as registered")
    assert not {"comparisons", "guardrails", "look"} & found.keys()
    assert all("value" not in arm for arm in found["arms"])


@pytest.mark.requirement("experiments:once")
async def test_counts_once_however_often_it_is_told(desk: Demo) -> None:
    await desk.do("experiments_create", name="once", **SMALL, guardrails=[rail("refund", "rate", "down")])
    for counted in (2, 0):
        told = await desk.do("experiments_expose", experiment="once", units=["ada", "bob", "ada"])
        assert (told["counted"], told["known"]) == (counted, 2 - counted)
    events = [{"unit": "ada", "key": "61"}, {"unit": "ada", "key": "62"}, {"unit": "ada", "key": "61"}]
    for counted in (2, 0):
        told = await desk.do("experiments_convert", experiment="once", metric="order", events=events)
        assert told["counted"] == counted
    other = await desk.do("experiments_convert", experiment="once", metric="refund", events=[*events, {"unit": "eve"}])
    assert (other["counted"], other["outside"]) == (2, 1)
    assigned = await desk.do("experiments_assign", experiment="once", units=["ada", "bob"])
    assert (
        assigned["variants"]
        == (await desk.do("experiments_expose", experiment="once", units=["ada", "bob"]))["variants"]
    )
    async with desk.app.services.get(Database).read() as conn:
        text = str((await conn.execute(experiment_units.select())).all())
    assert "'ada'" not in text, "units are kept as keyed hashes"


@pytest.mark.requirement("experiments:once")
@pytest.mark.timeout(120)
async def test_two_processes_tell_the_same_at_once(desk: Demo, database_url: str, tmp_path: Path) -> None:
    await desk.do("experiments_create", name="crowd", **SMALL)
    command = [sys.executable, "-m", "tests.unit.experiments.exposing", database_url]
    told: list[int] = []

    async def process(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        done = await anyio.run_process([*command, str(folder)], check=False, stderr=subprocess.PIPE)
        assert done.returncode == 0, done.stderr.decode()
        told.append(int(done.stdout))

    async with anyio.create_task_group() as tasks:
        for number in range(2):
            tasks.start_soon(process, number)
    assert sum(told) == len(UNITS) + len(UNITS) // 5
    found = await desk.do("experiments_results", experiment="crowd")
    assert sum(arm["units"] for arm in found["arms"]) == len(UNITS)


@pytest.mark.requirement("experiments:immutable")
async def test_what_was_registered_stays_so(desk: Demo) -> None:
    made = await desk.do("experiments_create", name="fixed", **SMALL)
    again = await desk.refused("experiments_create", name="fixed", **{**SMALL, "mde": 0.5})
    assert (again.code, "never changed" in again.hint) == (Code.CONFLICT, True)
    await fill(desk, "fixed", 120, {"old": 0.5, "new": 0.5})
    await desk.do("experiments_results", experiment="fixed")
    db = desk.app.services.get(Database)
    for change in (
        experiments.update().values(definition={}),
        experiments.update().values(sha256="0" * 64),
        experiments.delete(),
        experiment_looks.update().values(body={}),
    ):
        with pytest.raises((IntegrityError, DBAPIError)):
            async with db.begin() as conn:
                await conn.execute(change)
    async with db.read() as conn:
        row = (await conn.execute(experiments.select())).mappings().one()
        told = (await conn.execute(audit.select().where(audit.c.change_id == made["change"]))).mappings().all()
    assert digest(row["definition"]) == row["sha256"]
    assert row["change_id"] == made["change"]
    assert {one["phase"] for one in told} >= {"intent", "outcome"}


async def test_stopping_is_a_persons_and_for_good(desk: Demo) -> None:
    made = await desk.do("experiments_create", name="ended", **SMALL)
    await fill(desk, "ended", 80, {"old": 0.5, "new": 0.6})
    await desk.do("experiments_results", experiment="ended")
    asked = await desk.do("experiments_stop", experiment="ended", reason="the season is over")
    assert asked["state"] == "waits_for_person"
    assert (await desk.agree(asked["change"]))["state"] == "applied"
    for tool, more in (
        ("experiments_expose", {"units": ["a"]}),
        ("experiments_convert", {"metric": "order", "events": [{"unit": "u1"}]}),
        ("experiments_stop", {"reason": "again"}),
    ):
        assert (await desk.refused(tool, experiment="ended", **more)).code == Code.CONFLICT
    found = await desk.do("experiments_results", experiment="ended")
    assert (found["state"], found["decision"]) == ("stopped", "no_difference")
    assert found["words"].startswith("No difference shown: it was stopped")
    listed = await desk.do("experiments_list", state="stopped")
    assert [one["name"] for one in listed["experiments"]] == ["ended"]
    assert (await desk.do("changes_undo", change=made["change"]))["state"] == "nothing_to_change"


async def test_taking_a_registration_back_ends_it(desk: Demo) -> None:
    made = await desk.do("experiments_create", name="mistake", **SMALL)
    undone = await desk.carry_out("changes_undo", change=made["change"])
    assert undone["state"] == "applied", undone
    assert (await desk.do("experiments_list"))["experiments"][0]["state"] == "stopped"


async def test_lists_page_by_page(desk: Demo) -> None:
    for number in range(5):
        await desk.do("experiments_create", name=f"t{number}", **SMALL)
    seen: list[str] = []
    cursor: Json = {}
    while True:
        page = await desk.do("experiments_list", limit=2, **cursor)
        seen += [one["name"] for one in page["experiments"]]
        if "next_cursor" not in page:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == [f"t{number}" for number in reversed(range(5))]


def rail(name: str, kind: str, better: str, margin: float = 0.2) -> Json:
    return {"name": name, "kind": kind, "better": better, "margin": margin}


@pytest.mark.requirement("experiments:guardrails")
async def test_money_per_visitor_and_per_order_with_guardrails(desk: Demo) -> None:
    """A mean, a ratio, a winsorised outlier, and a guardrail that breaks."""
    rails = [rail("refund", "rate", "down"), rail("basket", "ratio", "up")]
    metric = {"name": "order", "kind": "mean", "base": 30.0, "sd": 30.0}
    await desk.do(
        "experiments_create", name="money", **{**SMALL, "metric": metric, "mde": 0.5, "looks": 1}, guardrails=rails
    )
    units = [f"u{one}" for one in range(1000)]
    told = await desk.do("experiments_expose", experiment="money", units=units)
    worth = {"old": 50.0, "new": 80.0}
    buyers = [(number, unit, variant) for number, (unit, variant) in enumerate(told["variants"].items()) if number % 2]
    orders: list[Json] = [{"unit": unit, "value": worth[variant] + number % 7} for number, unit, variant in buyers]
    orders[0]["value"] = 1_000_000.0
    await desk.do("experiments_convert", experiment="money", metric="order", events=orders)
    await desk.do("experiments_convert", experiment="money", metric="basket", events=orders[1:])
    refunds = [{"unit": unit} for number, unit, variant in buyers if variant == "new" or number % 10 == 1]
    await desk.do("experiments_convert", experiment="money", metric="refund", events=refunds)
    found = await desk.do("experiments_results", experiment="money")
    values = {arm["variant"]: arm["value"] for arm in found["arms"]}
    assert 23 < values["old"] < 30
    assert 38 < values["new"] < 46, "one order of a million counts as a large one"
    assert found["decision"] == "stop_efficacy"
    holds = {one["metric"]: one["holds"] for one in found["guardrails"]}
    assert holds == {"refund": False, "basket": True}
    assert "not shown that refund hold" in found["words"]


@pytest.mark.requirement("experiments:cuped")
async def test_values_from_before_narrow_the_interval(desk: Demo) -> None:
    metric = {"name": "order", "kind": "mean", "base": 50.0, "sd": 10.0}
    widths: list[float] = []
    for name, supplied in (("plain", False), ("cuped", True)):
        design = {**SMALL, "metric": metric, "mde": 0.1, "looks": 1}
        design |= {"covariate": "orders of the 90 days before"} if supplied else {}
        await desk.do("experiments_create", name=name, **design)
        units = [f"u{one}" for one in range(400)]
        past = [float(one * 37 % 101) for one in range(400)]
        more = {"before": past} if supplied else {}
        await desk.do("experiments_expose", experiment=name, units=units, **more)
        events = [{"unit": unit, "value": 20 + 0.6 * was} for unit, was in zip(units, past, strict=True)]
        await desk.do("experiments_convert", experiment=name, metric="order", events=events)
        found = await desk.do("experiments_results", experiment=name)
        widths.append(found["comparisons"][0]["high"] - found["comparisons"][0]["low"])
        assert ("cuped" in found) is supplied
    assert found["cuped"] > 0.99
    assert widths[1] < widths[0] / 5
    late = await desk.refused("experiments_expose", experiment="plain", units=["late"], before=[1.0])
    assert (late.code, "registered no covariate" in late.message) == (Code.INVALID_ARGUMENTS, True)


@pytest.mark.requirement("experiments:layers")
async def test_a_layer_is_shared_out(desk: Demo) -> None:
    for name, share in (("first", 60.0), ("second", 40.0)):
        await desk.do("experiments_create", name=name, **SMALL, layer="page", layer_percent=share)
    full = await desk.refused("experiments_create", name="third", **SMALL, layer="page", layer_percent=10.0)
    assert (full.code, "At most 0 % are" in full.hint) == (Code.CONFLICT, True)
    units = [f"u{one}" for one in range(500)]
    found = [
        (await desk.do("experiments_assign", experiment=name, units=units))["variants"] for name in ("first", "second")
    ]
    assert all((found[0][unit] is None) != (found[1][unit] is None) for unit in units)
    told = await desk.do("experiments_expose", experiment="second", units=units)
    assert told["outside"] == sum(one is None for one in found[1].values())
    await desk.carry_out("experiments_stop", experiment="first", reason="done with it")
    assert (await desk.do("experiments_create", name="third", **SMALL, layer="page", layer_percent=60.0))[
        "state"
    ] == "applied"


@pytest.mark.requirement("experiments:holm")
async def test_several_variants_share_the_error(light: Demo) -> None:
    thirds = [{"key": key, "percent": percent} for key, percent in (("a", 33.34), ("b", 33.33), ("c", 33.33))]
    made = await light.do("experiments_create", name="three", **{**SMALL, "variants": thirds, "looks": 1})
    planned = made["changes"][0]["fields"]["planned"]
    await fill(light, "three", planned * 4, {"a": 0.5, "b": 0.75, "c": 0.51})
    found = await light.do("experiments_results", experiment="three")
    assert [one["differs"] for one in found["comparisons"]] == [True, False]
    assert found["comparisons"][0]["p_needed"] == pytest.approx(0.025)
    assert found["comparisons"][1]["p_needed"] == pytest.approx(0.05), "what is left is tested at all of alpha"
    assert found["decision"] == "stop_efficacy"


@pytest.mark.requirement("experiments:refusals")
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"variants": [{"key": "a", "percent": 50.0}, {"key": "b", "percent": 40.0}]}, "make 90, not 100"),
        ({"variants": [{"key": "a", "percent": 50.005}, {"key": "b", "percent": 49.995}]}, "not 100"),
        ({"variants": [HALVES[0], HALVES[0]]}, "a key of its own"),
        ({"variants": [{"key": "Big Name", "percent": 50.0}, HALVES[1]]}, "is no name"),
        ({"guardrails": [{"name": "refund", "kind": "rate"}]}, "needs margin"),
        ({"metric": {"name": "order", "kind": "rate"}}, "needs base"),
        ({"metric": {**RATE, "base": 3.0}}, "between 0 and 1"),
        ({"metric": {**RATE, "base": 0.9}}, "between 0 and 1"),
        ({"metric": {**RATE, "kind": "mean"}}, "needs sd"),
        ({"mde": 1e-4}, "It would take"),
        ({"mde": 1e-7}, "mde"),
        ({"guardrails": [rail("order", "rate", "down")]}, "of the same name"),
        ({"layer_percent": 50.0}, "is of a layer"),
        ({"metric": {**RATE, "kind": "ratio", "sd": 1.0}, "covariate": "orders before"}, "not for a ratio"),
        ({"product_ids": [15]}, "for a test on the shop"),
        ({"mde": 0.0}, "mde"),
        ({"mde": -0.1}, "mde"),
        ({"power": 1.0}, "power"),
        ({"alpha": 0.0}, "alpha"),
        ({"looks": 0}, "looks"),
        ({"looks": 21}, "looks"),
        ({"variants": HALVES[:1]}, "variants"),
        ({"metric": {**RATE, "kind": "median"}}, "metric"),
        ({"hypothesis": "better"}, "hypothesis"),
        ({"seed": 3}, "seed"),
    ],
)
async def test_what_is_no_test_is_refused(light: Demo, wrong: Json, says: str) -> None:
    refused = await light.refused("experiments_create", name="wrong", **{**SMALL, **wrong})
    assert refused.code == Code.INVALID_ARGUMENTS
    assert says in f"{refused.message} {refused.hint} {refused.details}"
    assert (await light.do("experiments_list"))["experiments"] == []


@pytest.mark.requirement("experiments:refusals")
async def test_names_that_nobody_has_are_answered_with_the_nearest(light: Demo) -> None:
    await light.do("experiments_create", name="hero-title", **SMALL)
    for tool, more in (
        ("experiments_results", {}),
        ("experiments_assign", {"units": ["a"]}),
        ("experiments_expose", {"units": ["a"]}),
        ("experiments_convert", {"metric": "order", "events": [{"unit": "a"}]}),
        ("experiments_stop", {"reason": "enough"}),
    ):
        refused = await light.refused(tool, experiment="hero-titel", **more)
        assert (refused.code, refused.details["nearest"]) == (Code.NOT_FOUND, ["hero-title"])
    odd = await light.refused("experiments_convert", experiment="hero-title", metric="oder", events=[{"unit": "a"}])
    assert (odd.code, odd.hint) == (Code.INVALID_ARGUMENTS, "Did you mean order?")
    short = await light.refused("experiments_expose", experiment="hero-title", units=["a", "b"], before=[1.0])
    assert short.code == Code.INVALID_ARGUMENTS
    for units in ([], ["x" * 201], ["u"] * 1001):
        assert (
            await light.refused("experiments_expose", experiment="hero-title", units=units)
        ).code == Code.INVALID_ARGUMENTS


@pytest.mark.requirement("experiments:content")
async def test_texts_are_kept_with_a_test_that_is_not_on_the_shop(light: Demo) -> None:
    """Such as a mail's; no shop is needed for it."""
    variants = [HALVES[0], {**HALVES[1], "content": "A coat for three winters. " * 400}]
    made = await light.do("experiments_create", **{**SMALL, "name": "mail", "variants": variants})
    assert made["state"] == "applied", made
    definition = (await light.do("experiments_results", experiment="mail"))["definition"]
    assert definition["variants"] == variants


@pytest.mark.requirement("experiments:flag")
async def test_switched_off_there_are_no_such_tools(tmp_path: Path) -> None:
    async with demo(tmp_path, enable_ab_testing=False) as desk:
        assert not [name for name in desk.app.registry.tools if name.startswith("experiments_")]


async def test_what_became_of_a_registration_is_found_out_after_a_crash(desk: Demo) -> None:
    """Between the row and the journal's outcome the process may die: the row says whose change made it."""
    made = await desk.do("experiments_create", name="crashed", **SMALL)
    service = desk.app.services.get(Experiments)

    async def look(change: str, op: Op) -> str:
        (found,) = await service.look([JournalOp(change, op, "unknown", 0, Outcome("unknown"))])
        return found.state

    create = Op("experiments", "create", "experiments", None, {"name": "crashed", "sha256": "0"})
    end = Op("experiments", "update", "experiments", "crashed", {"state": "stopped", "reason": "x"})
    assert await look(made["change"], create) == "done"
    assert await look("chg_another", create) == "not_sent"
    assert await look("chg_another", end) == "not_sent"
    await desk.carry_out("experiments_stop", experiment="crashed", reason="it is over")
    assert await look("chg_another", end) == "done"
    (again,) = await service.send(made["change"], [create])
    assert (again.state, again.error and again.error["code"]) == ("failed", "conflict")
