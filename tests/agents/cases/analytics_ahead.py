"""The analysts of what visitors, tests, models and trends will bring, at work."""

from __future__ import annotations

from itertools import pairwise

from devskyy_mcp.assets.store import Assets
from devskyy_tools.insights import methods
from devskyy_tools.sandbox.seed.pictures import COLOURS, draw
from tests.agents.cases.counted import percent, pick, sums
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
            {
                "rank": rank,
                "step": name,
                "lost": by_name[name]["lost"],
                "evidence": [],
                "likely_cause": None,
                "confidence": "unknown",
            }
            for rank, name in enumerate(found["leaks"], 1)
        ],
        "shop_orders": {state.replace("-", "_"): total for state, total in zip(STATES, states, strict=True)},
        "tests": [],
        "caveats": ["worth is an upper bound.", f"{ways} ways to pay are offered."],
        "unknown": [one["name"] for one in seen("experiments_list")["experiments"]],
    }


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
    lost = [one - other for one, other in pairwise(counts)]
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
            {"step": "product", "count": 8200},
            {"step": "cart", "count": 900},
            {"step": "checkout", "count": 410},
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
)


def _forecast(seen: Seen) -> Json:
    found = seen("insights_sales_forecast")
    year, pace = seen("woo_reports_sales"), seen("insights_sales_analyze")
    fields = ("id", "name", "method", "expected", "low", "high", "wape", "mape", "periods", "sold")
    return {
        **pick(found, "of", "measure", "every", "horizon", "begins"),
        "currency": None,
        "rows": [
            pick(one, *fields)
            | {
                "trust": "none"
                if "wape" not in one
                else "good"
                if one["wape"] <= 20
                else "usable"
                if one["wape"] <= 40
                else "rough"
            }
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
    }


def _ahead(facts: Facts, told: Json) -> Json:
    query = "SELECT sum(quantity) FROM lines WHERE day BETWEEN ? AND ?"
    series = weekly(facts.sql, query, facts.one("SELECT min(day) FROM sales"))
    chosen = methods.choose(series, 8, 52)
    expected, spread = sum(chosen.steps), methods.Z80 * chosen.best.total_error
    year = facts.arguments["year_ago"]
    return {
        "horizon": 8,
        "begins": ago(0),
        "rows": [
            {
                "id": None,
                "method": chosen.best.method,
                "expected": round(expected, 2),
                "low": round(max(0.0, expected - spread), 2),
                "high": round(expected + spread, 2),
                "wape": round(chosen.best.wape or 0.0, 1),
                "mape": round(chosen.best.mape or 0.0, 1),
                "periods": len(series),
                "sold": sum(series),
            }
        ],
        "without_forecast": 0,
        "checks": [
            {"result": str(sums(facts, year["first"], year["last"])["units"])},
            {"result": str(sums(facts, ago(29), ago(0))["units"])},
        ],
    }


FORECAST = Case(
    agent="demand-forecaster",
    arguments={"of": "total", "horizon": "8", "year_ago": {"first": ago(365), "last": ago(365 - 55)}},
    steps=[
        Step(
            "insights_sales_forecast",
            lambda seen: {"of": "total", "horizon": int(seen.arguments["horizon"]), "measure": "units"},
        ),
        Step("insights_sales_analyze", {"first": ago(29), "last": ago(0)}),
        Step("woo_reports_sales", lambda seen: seen.arguments["year_ago"]),
        Step("woo_stock_list", {"stock_status": "outofstock"}),
    ],
    deliver=_forecast,
    checks=[Check("", _ahead)],
    falsify=["insights_sales_forecast", "insights_sales_forecast:high", "insights_sales_analyze", "woo_reports_sales"],
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
            {
                "ref": "s1",
                "kind": "text",
                "title": "Report",
                "publisher": None,
                "dated": None,
                "asset": None,
                "post_id": None,
                "interest": "unknown",
            },
            {
                "ref": "s2",
                "kind": "picture",
                "title": upload["name"],
                "publisher": None,
                "dated": None,
                "asset": upload["asset"],
                "post_id": None,
                "interest": "unknown",
            },
            {
                "ref": "s3",
                "kind": "post",
                "title": posts[0]["title"],
                "publisher": "the brand",
                "dated": None,
                "asset": None,
                "post_id": posts[0]["id"],
                "interest": "own_brand",
            },
        ],
        "claims": [{"ref": "c1", "claim": "Coats get longer.", "source": "s1", "quote": text, "kind": "prediction"}],
        "range_fit": [
            {
                "theme": "coats",
                "products": fits["total"],
                "product_ids": ids,
                "gap": not ids,
                "best_seller_ids": [one["product_id"] for one in best["items"] if one["product_id"] in ids],
            }
        ],
        "signals": [
            {
                "theme": "coats",
                "claims": ["c1"],
                "independent_sources": 1,
                "strength": "single_source",
                "horizon": "not_said",
            }
        ],
        "recommendations": [
            {"what": "Show coats first.", "rests_on": ["c1"], "costs_little": True, "hand_to": "merchandiser"}
        ],
        "quarantined": [],
        "unknown": ["Prices."],
    }


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
        Check(
            "sources[]",
            lambda facts, row: {
                "asset": facts.arguments["pictures"][0] if row["kind"] == "picture" else None,
                "post_id": facts.one(
                    "SELECT id FROM objects WHERE kind = 'post' AND json_extract(body, '$.title') = ?", row["title"]
                )
                if row["kind"] == "post"
                else None,
            },
        ),
    ],
    falsify=["woo_products_list"],
    own={"signals": "how many independent sources were supplied"},
)

CASES = [FUNNEL, FORECAST, TRENDS]
