"""The analysts of tests and of paid answers, at work."""

from __future__ import annotations

from datetime import UTC, datetime
from math import erfc, sqrt
from typing import Any

import sqlalchemy as sa

from devskyy_mcp.db import Database
from devskyy_mcp.db.tables.models import llm_calls
from tests.agents.cases.counted import percent, pick
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.fakes.demo import Demo
from tests.unit.insights.conftest import ago


async def _tested(shop: Demo) -> None:
    """A test of which the first look is due: of the new title's people many more have bought."""
    await shop.carry_out(
        "experiments_create",
        name="title",
        hypothesis="A shorter title sells more",
        looks=2,
        mde=0.3,
        variants=[{"key": "old", "percent": 50.0}, {"key": "new", "percent": 50.0}],
        metric={"name": "order", "kind": "rate", "base": 0.3},
    )
    units = [f"customer-{number}" for number in range(800)]
    variants = (await shop.do("experiments_expose", experiment="title", units=units))["variants"]
    bought = [unit for place, unit in enumerate(units) if place % 10 < (3 if variants[unit] == "old" else 6)]
    for place in range(0, len(bought), 100):
        events = [{"unit": unit, "key": unit} for unit in bought[place : place + 100]]
        await shop.do("experiments_convert", experiment="title", metric="order", events=events)


def _memo(seen: Seen) -> Json:
    found = seen("experiments_results")
    return {
        **pick(found, "experiment", "sha256", "decision", "planned", "fraction"),
        "state": "stopped" if seen.changes else "running",
        "recommendation": "ship_variant" if found["decision"] == "stop_efficacy" else "go_on",
        "split": pick(found["split"], "p", "ok"),
        "look": pick(found["look"], "number", "of", "at") if found.get("look") else None,
        "arms": [pick(one, "variant", "units", "value", "conversions") for one in found["arms"]],
        "comparisons": [
            pick(one, "variant", "difference", "relative", "low", "high", "p", "p_needed", "differs")
            for one in found.get("comparisons", [])
        ],
        "guardrails": [],
        "contamination": [],
        "memo": found["words"],
        "next_look_at": None,
        "change_id": seen.changes[-1] if seen.changes else None,
        "caveats": ["A test that stops early overstates its effect."],
    }


def _arm(facts: Facts, row: Json) -> Json:
    [(units, conversions)] = facts.ours(
        "SELECT count(DISTINCT u.unit), count(DISTINCT e.unit) FROM experiment_units u LEFT JOIN experiment_events e"
        " ON e.experiment = u.experiment AND e.unit = u.unit AND e.metric = 'order' WHERE u.experiment = ?"
        " AND variant = ?",
        facts.delivered["experiment"],
        row["variant"],
    )
    return {"units": units, "conversions": conversions, "value": conversions / units}


def _chance(one: int, other: int) -> float:
    """That an even split goes this far astray, by the chi-squared test."""
    return erfc(abs(one - other) / sqrt(2 * (one + other)))


def _test(facts: Facts, told: Json) -> Json:
    [(sha, ended)] = facts.ours("SELECT sha256, ended_at FROM experiments WHERE id = ?", told["experiment"])
    arms = {row["variant"]: _arm(facts, row) for row in told["arms"]}
    old, new = arms["old"], arms["new"]
    return {
        "sha256": sha,
        "state": "stopped" if ended else "running",
        "fraction": round(2 / (1 / old["units"] + 1 / new["units"]) / told["planned"], 4),
        "split": {"p": _chance(old["units"], new["units"])},
        "comparisons": [
            {
                "difference": new["value"] - old["value"],
                "relative": (new["value"] - old["value"]) / old["value"],
            }
        ],
    }


EXPERIMENT = Case(
    agent="experiment-analyst",
    arguments={"experiment": "title", "question": "May it go live?"},
    arrange=_tested,
    steps=[
        Step("experiments_list"),
        Step("experiments_results", lambda seen: pick(seen.arguments, "experiment")),
        Step("changes_report", {"since": f"{ago(1)}T00:00:00Z"}),
        Step("experiments_stop", lambda seen: pick(seen.arguments, "experiment") | {"reason": "The bound is crossed."}),
    ],
    deliver=_memo,
    checks=[Check("", _test), Check("arms[]", _arm)],
    falsify=["experiments_results:units", "experiments_results:difference"],
    own={
        "planned": "what was registered; the sample size is proven in tests of experiments",
        "look": "the look itself, as it was made",
        "comparisons": "interval and p at a look; proven against statsmodels in tests of experiments",
    },
)


async def _asked(shop: Demo) -> None:
    """What was paid for answers a while ago."""
    micros = int(datetime.now(UTC).timestamp() * 1_000_000) - 3_600_000_000
    spent = [
        ("openai", "gpt-6.1-terra", "product-copywriter", 1200, 300, 4100, None),
        ("openai", "gpt-6.1-terra", "sales-analyst", 9000, 800, 26500, None),
        ("anthropic", "claude-sonnet-5-5", "sales-analyst", 5000, 700, 17000, "timeout"),
        ("mistral", "elsewhere", "sales-analyst", 400, 90, None, None),
    ]
    rows = [
        {
            "id": f"chg_{place}",
            "job_id": f"job_{place}",
            "step": "ask",
            "number": 1,
            "run": 1,
            "principal": "os:0:root",
            "agent": agent,
            "kind": "copy",
            "provider": provider,
            "model": model,
            "state": "failed" if error else "done",
            "error": error,
            "estimate": cost or 0,
            "cost": cost,
            "booked": "known" if cost else "assumed",
            "tokens_in": into,
            "tokens_cached": 0,
            "tokens_out": out,
            "first_ms": 90,
            "total_ms": 900,
            "created_at": micros,
            "finished_at": micros,
        }
        for place, (provider, model, agent, into, out, cost, error) in enumerate(spent)
    ]
    async with shop.app.services.get(Database).begin() as conn:
        await conn.execute(sa.insert(llm_calls), rows)


def _bill(seen: Seen) -> Json:
    reports = seen.all("llm_usage_report")
    whole, budget = reports[0]["total"], float(seen.arguments["budget_usd"])
    spent = whole.get("cost_usd")
    return {
        **pick(reports[0], "since", "until"),
        "total_usd": spent,
        "calls": whole["calls"],
        "calls_without_price": whole["unpriced"],
        "lines": [
            {
                "by": by,
                "key": one["name"],
                "calls": one["calls"],
                "input_tokens": one["tokens_in"],
                "output_tokens": one["tokens_out"],
                "usd": one.get("cost_usd"),
                "share": percent(str(one["cost_usd"]), str(spent)) if one.get("cost_usd") else None,
                "failed": one["errors"],
                "seconds": None,
            }
            for by, report in zip(("model", "agent"), reports, strict=True)
            for one in report["rows"]
        ],
        "generators": [],
        "budget": {"usd": budget, "spent": spent, "days_gone": 1, "at_this_pace": None, "verdict": "within"},
        "proposals": [],
        "caveats": [f"{len(seen('llm_models_list')['models'])} models are known; quality is not measured here."],
        "unknown": [one["summary"] for one in seen("jobs_list")["jobs"] if one["state"] == "failed"],
    }


ASKED = "llm_calls WHERE created_at <= (SELECT min(created_at) FROM llm_calls WHERE agent = 'llm-economist')"
"""Calls up to the one by which the report was asked for."""


def _line(facts: Facts, row: Json) -> Json:
    column = {"model": "provider || '/' || model", "agent": "agent"}[row["by"]]
    [(calls, into, out, cost, failed)] = facts.ours(
        f"SELECT count(*), sum(tokens_in), sum(tokens_out), sum(cost), sum(error IS NOT NULL)"
        f" FROM {ASKED} AND {column} = ?",
        row["key"],
    )
    [(whole,)] = facts.ours(f"SELECT sum(cost) FROM {ASKED}")
    return {
        "calls": calls,
        "input_tokens": into,
        "output_tokens": out,
        "usd": None if cost is None else cost / 1_000_000,
        "share": None if cost is None else percent(cost, whole),
        "failed": failed,
    }


def _whole_bill(facts: Facts, _: Any) -> Json:
    [(calls, cost, unpriced)] = facts.ours(f"SELECT count(*), sum(cost), sum(cost IS NULL) FROM {ASKED}")
    return {
        "total_usd": cost / 1_000_000,
        "calls": calls,
        "calls_without_price": unpriced,
        "budget": {"usd": float(facts.arguments["budget_usd"]), "spent": cost / 1_000_000, "days_gone": 1},
    }


BILL = Case(
    agent="llm-economist",
    arguments={"since": f"{ago(1)}T00:00:00Z", "budget_usd": "20"},
    arrange=_asked,
    steps=[
        Step(
            "llm_usage_report", lambda seen: [pick(seen.arguments, "since") | {"by": by} for by in ("model", "agent")]
        ),
        Step("llm_models_list"),
        Step("jobs_list"),
    ],
    deliver=_bill,
    checks=[Check("", _whole_bill), Check("lines[]", _line)],
    falsify=["llm_usage_report", "llm_usage_report:tokens_in", "llm_usage_report:cost_usd"],
)

CASES = [EXPERIMENT, BILL]
