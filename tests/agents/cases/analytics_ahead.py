"""The analysts of what visitors, tests, models and trends will bring, at work."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from devskyy_mcp.assets.store import Assets
from devskyy_mcp.db import Database
from devskyy_mcp.db.tables.models import llm_calls
from devskyy_tools.insights import methods
from devskyy_tools.sandbox.seed.pictures import COLOURS, draw
from tests.agents.cases.counted import of, percent, pick, sums
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.fakes.demo import Demo
from tests.unit.insights.conftest import ago
from tests.unit.insights.test_forecasts import weekly

STATES = ("completed", "processing", "pending", "failed", "cancelled", "on-hold")


def _funnel(seen: Seen) -> Json:
    found = seen("insights_funnel_analyze")
    steps = [pick(one, "step", "count", "of_first", "of_previous", "lost", "worth") for one in found["steps"]]
    by_name = {one["step"]: one for one in steps}
    states = [page["total"] for page in seen.all("woo_orders_list")]
    ways = sum(1 for one in seen("woo_gateways_list")["items"] if one["enabled"])
    return {
        "period": seen.arguments["period"],
        "source": "typed_counts",
        "steps": steps,
        **pick(found, "conversion", "order_value", "currency"),
        "leaks": [
            {"rank": rank, "step": name, "lost": by_name[name]["lost"], "evidence": [], "likely_cause": None,
             "confidence": "unknown"}
            for rank, name in enumerate(found["leaks"], 1)
        ],
        "shop_orders": {state.replace("-", "_"): total for state, total in zip(STATES, states, strict=True)},
        "tests": [],
        "caveats": ["worth is an upper bound.", f"{ways} ways to pay are offered."],
        "unknown": [one["name"] for one in seen("experiments_list")["experiments"]],
    }  # fmt: skip


def _funnel_facts(facts: Facts, told: Json) -> Json:
    given = facts.arguments["counts"]
    first, last = ago(89), ago(0)
    now = sums(facts, first, last)
    value = float(now["sales"]) / now["orders"]
    after = {
        state.replace("-", "_"): facts.one("SELECT count(*) FROM objects WHERE kind = 'order' AND status = ?", state)
        for state in STATES
    }
    counts = [one["count"] for one in given]
    lost = [one - other for one, other in zip(counts, counts[1:], strict=False)]
    passed = [counts[-1] / one for one in counts[1:]]
    return {
        "steps": [
            {
                "step": one["step"],
                "count": one["count"],
                "of_first": percent(one["count"], counts[0]),
                "of_previous": percent(one["count"], counts[place - 1]) if place else None,
                "lost": lost[place] if place < len(lost) else None,
                "worth": f"{lost[place] * passed[place] * value:.2f}" if place < len(lost) else None,
            }
            for place, one in enumerate(given)
        ],
        "conversion": percent(counts[-1], counts[0]),
        "order_value": now["average_order"],
        "leaks": [
            {"rank": rank, "lost": lost[[one["step"] for one in given].index(leak["step"])]}
            for rank, leak in enumerate(told["leaks"], 1)
        ],
        "shop_orders": after,
    }


FUNNEL = Case(
    agent="funnel-analyst",
    arguments={
        "counts": [
            {"step": "product", "count": 8200}, {"step": "cart", "count": 900}, {"step": "checkout", "count": 410},
            {"step": "order", "count": 260},
        ],
        "period": "the last 90 days",
    },
    steps=[
        Step("insights_funnel_analyze", lambda seen: {"rows": seen.arguments["counts"]}),
        Step("woo_orders_list", [{"status": state, "limit": 1} for state in STATES]),
        Step("woo_gateways_list"),
        Step("experiments_list", {"state": "running"}),
    ],
    deliver=_funnel,
    checks=[Check("", _funnel_facts)],
    falsify=["insights_funnel_analyze:worth", "insights_funnel_analyze:lost", "woo_orders_list"],
)  # fmt: skip


def _forecast(seen: Seen) -> Json:
    found = seen("insights_sales_forecast")
    year, pace = seen("woo_reports_sales"), seen("insights_sales_analyze")
    fields = ("id", "name", "method", "expected", "low", "high", "wape", "mape", "periods", "sold")
    return {
        **pick(found, "of", "measure", "every", "horizon", "begins"),
        "currency": None,
        "rows": [
            pick(one, *fields)
            | {"trust": "none" if "wape" not in one else "good" if one["wape"] <= 20 else "usable" if one["wape"] <= 40
               else "rough"}
            for one in found["items"]
        ],
        "without_forecast": found["without"],
        "checks": [
            {"check": "same_weeks_last_year", "result": str(year["items"])},
            {"check": "recent_pace", "result": str(pace["now"]["units"])},
        ],
        "events": [],
        "verdict": "Few pieces a week: only the bounds say something.",
        "caveats": [found["counted"]],
    }  # fmt: skip


def _ahead(facts: Facts, told: Json) -> Json:
    query = "SELECT sum(quantity) FROM lines WHERE day BETWEEN ? AND ?"
    series = weekly(facts.sql, query, facts.one("SELECT min(day) FROM sales"))
    chosen = methods.choose(series, 8, 52)
    expected, spread = sum(chosen.steps), methods.Z80 * chosen.best.total_error
    year = facts.arguments["year_ago"]
    return {
        "horizon": 8,
        "begins": ago(0),
        "rows": [{
            "id": None,
            "method": chosen.best.method,
            "expected": round(expected, 2),
            "low": round(max(0.0, expected - spread), 2),
            "high": round(expected + spread, 2),
            "wape": round(chosen.best.wape, 1),
            "mape": round(chosen.best.mape or 0, 1),
            "periods": len(series),
            "sold": sum(series),
        }],
        "without_forecast": 0,
        "checks": [
            {"result": str(sums(facts, year["first"], year["last"])["units"])},
            {"result": str(sums(facts, ago(29), ago(0))["units"])},
        ],
    }  # fmt: skip


FORECAST = Case(
    agent="demand-forecaster",
    arguments={"of": "total", "horizon": 8, "year_ago": {"first": ago(365), "last": ago(365 - 55)}},
    steps=[
        Step("insights_sales_forecast", lambda seen: pick(seen.arguments, "of", "horizon") | {"measure": "units"}),
        Step("insights_sales_analyze", {"first": ago(29), "last": ago(0)}),
        Step("woo_reports_sales", lambda seen: seen.arguments["year_ago"]),
        Step("woo_stock_list", {"stock_status": "outofstock"}),
    ],
    deliver=_forecast,
    checks=[Check("", _ahead)],
    falsify=["insights_sales_forecast", "insights_sales_forecast:high", "insights_sales_analyze", "woo_reports_sales"],
)


async def _tested(shop: Demo) -> None:
    """A test of which the first look is due: of the new title's people many more have bought."""
    await shop.carry_out(
        "experiments_create", name="title", hypothesis="A shorter title sells more", looks=2, mde=0.3,
        variants=[{"key": "old", "percent": 50.0}, {"key": "new", "percent": 50.0}],
        metric={"name": "order", "kind": "rate", "base": 0.3},
    )  # fmt: skip
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
        " ON e.experiment = u.experiment AND e.unit = u.unit AND e.metric = 'order' WHERE u.experiment = ? AND variant = ?",
        facts.delivered["experiment"], row["variant"],
    )  # fmt: skip
    return {"units": units, "conversions": conversions, "value": conversions / units}


def _test(facts: Facts, told: Json) -> Json:
    from scipy.stats import chisquare

    [(sha, ended)] = facts.ours("SELECT sha256, ended_at FROM experiments WHERE id = ?", told["experiment"])
    arms = {row["variant"]: _arm(facts, row) for row in told["arms"]}
    old, new = arms["old"], arms["new"]
    return {
        "sha256": sha,
        "state": "stopped" if ended else "running",
        "fraction": round(2 / (1 / old["units"] + 1 / new["units"]) / told["planned"], 4),
        "split": {"p": float(chisquare([old["units"], new["units"]]).pvalue)},
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
        {"id": f"chg_{place}", "job_id": f"job_{place}", "step": "ask", "number": 1, "run": 1, "principal": "os:0:root",
         "agent": agent, "kind": "copy", "provider": provider, "model": model, "state": "failed" if error else "done",
         "error": error, "estimate": cost or 0, "cost": cost, "booked": "known" if cost else "assumed", "tokens_in": into, "tokens_cached": 0, "tokens_out": out,
         "first_ms": 90, "total_ms": 900, "created_at": micros, "finished_at": micros}
        for place, (provider, model, agent, into, out, cost, error) in enumerate(spent)
    ]  # fmt: skip
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
        "unknown": [one["id"] for one in seen("jobs_list")["jobs"]],
    }


def _line(facts: Facts, row: Json) -> Json:
    column = {"model": "provider || '/' || model", "agent": "agent"}[row["by"]]
    [(calls, into, out, cost, failed)] = facts.ours(
        f"SELECT count(*), sum(tokens_in), sum(tokens_out), sum(cost), sum(error IS NOT NULL) FROM llm_calls WHERE {column} = ?",
        row["key"],
    )  # fmt: skip
    [(whole,)] = facts.ours("SELECT sum(cost) FROM llm_calls")
    return {
        "calls": calls,
        "input_tokens": into,
        "output_tokens": out,
        "usd": None if cost is None else cost / 1_000_000,
        "share": None if cost is None else percent(cost, whole),
        "failed": failed,
    }


def _whole_bill(facts: Facts, _: Any) -> Json:
    [(calls, cost, unpriced)] = facts.ours("SELECT count(*), sum(cost), sum(cost IS NULL) FROM llm_calls")
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
        Step("llm_usage_report", lambda seen: [pick(seen.arguments, "since") | {"by": by} for by in ("model", "agent")]),
        Step("llm_models_list"),
        Step("jobs_list"),
    ],
    deliver=_bill,
    checks=[Check("", _whole_bill), Check("lines[]", _line)],
    falsify=["llm_usage_report", "llm_usage_report:tokens_in", "llm_usage_report:cost_usd"],
)


async def _supplied(shop: Demo) -> Json:
    made = await shop.app.services.get(Assets).put(draw("coat", COLOURS["Rose"]), "runway-coat.png", "upload")
    return {"pictures": [made.id]}


def _brief(seen: Seen) -> Json:
    upload = seen("assets_list")["assets"][0]
    fits, best = seen("woo_products_list"), seen("woo_reports_top_sellers")
    ids = [one["id"] for one in fits["items"]]
    text = seen.arguments["sources"]
    posts = seen("wp_posts_list")["items"]
    return {
        "question": seen.arguments["question"],
        "sources": [
            {"ref": "s1", "kind": "text", "title": "Report", "publisher": None, "dated": None, "asset": None, "post_id": None,
             "interest": "unknown"},
            {"ref": "s2", "kind": "picture", "title": upload["name"], "publisher": None, "dated": None,
             "asset": upload["asset"], "post_id": None, "interest": "unknown"},
            {"ref": "s3", "kind": "post", "title": posts[0]["title"], "publisher": "the brand", "dated": None,
             "asset": None, "post_id": posts[0]["id"], "interest": "own_brand"},
        ],
        "claims": [{"ref": "c1", "claim": "Coats get longer.", "source": "s1", "quote": text, "kind": "prediction"}],
        "range_fit": [
            {"theme": "coats", "products": fits["total"], "product_ids": ids, "gap": not ids,
             "best_seller_ids": [one["product_id"] for one in best["items"] if one["product_id"] in ids]}
        ],
        "signals": [
            {"theme": "coats", "claims": ["c1"], "independent_sources": 1, "strength": "single_source", "horizon": "not_said"}
        ],
        "recommendations": [
            {"what": "Show coats first.", "rests_on": ["c1"], "costs_little": True, "hand_to": "merchandiser"}
        ],
        "quarantined": [],
        "unknown": ["Prices."],
    }  # fmt: skip


def _fit(facts: Facts, row: Json) -> Json:
    ids = facts.column(
        "SELECT id FROM objects WHERE kind = 'product' AND status = 'publish' AND"
        " (json_extract(body, '$.name') LIKE '%coat%' OR json_extract(body, '$.description') LIKE '%coat%')"
        " ORDER BY created DESC, id DESC"
    )
    sold = facts.column("SELECT product FROM lines WHERE day >= ? GROUP BY 1", ago(364))
    return {"products": len(ids), "product_ids": ids, "best_seller_ids": row["best_seller_ids"], "gap": False} | (
        {} if set(row["best_seller_ids"]) <= set(sold) & set(ids) else {"best_seller_ids": sold}
    )


TRENDS = Case(
    agent="trend-scout",
    arguments={"sources": "Coats will be longer next winter.", "question": "Do we need longer coats?"},
    arrange=_supplied,
    steps=[
        Step("assets_list", {"kind": "picture"}),
        Step("media_pictures_describe", lambda seen: {"asset": seen("assets_list")["assets"][0]["asset"]}),
        Step("woo_products_list", {"search": "coat", "status": "publish", "limit": 20}),
        Step("woo_reports_top_sellers", {"first": ago(364), "last": ago(0), "limit": 50}),
        Step("wp_posts_list", {"status": "publish"}),
        Step("brand_guide_get"),
    ],
    deliver=_brief,
    checks=[
        Check("range_fit[]", _fit),
        Check("sources[]", lambda facts, row: {
            "asset": facts.arguments["pictures"][0] if row["kind"] == "picture" else None,
            "post_id": facts.one("SELECT id FROM objects WHERE kind = 'post' AND json_extract(body, '$.title') = ?",
                                 row["title"]) if row["kind"] == "post" else None,
        }),
    ],
    falsify=["woo_products_list"],
    own={"signals": "how many independent sources were supplied"},
)  # fmt: skip

CASES = [FUNNEL, FORECAST, EXPERIMENT, BILL, TRENDS]
