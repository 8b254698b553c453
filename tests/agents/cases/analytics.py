"""The analysts at work."""

from __future__ import annotations

from decimal import Decimal

from tests.agents.cases.counted import part, pick, sums
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.unit.insights.conftest import ago, money

SUM = ("sales", "net", "refunded", "discounts", "orders", "units", "average_order")


def _sales(seen: Seen) -> Json:
    found = seen("insights_sales_analyze")
    drivers = [
        {"by": one["by"]} | pick(row, "key", "name", "sales", "sales_before", "change", "orders", "orders_before")
        for one in seen.all("insights_sales_analyze")
        for row in one["parts"][:4]
    ]
    own, shop = found["now"]["orders"], seen("woo_reports_sales")["orders"]
    return {
        **pick(found, "first", "last", "against_first", "against_last", "currency", "change", "change_percent"),
        "now": pick(found["now"], *SUM),
        "before": pick(found["before"], *SUM),
        "by_orders": found["moved"]["by_orders"],
        "by_average_order": found["moved"]["by_average_order"],
        "drivers": sorted(drivers, key=lambda one: -abs(Decimal(one["change"]))),
        "headline": f"Sales moved by {found['change']} {found['currency']}.",
        "story": ["More orders than before."] if own > found["before"]["orders"] else [],
        "events": [
            {"at": row["at"], "what": row["tool"], "ref": row.get("change"), "link": "unrelated"}
            for row in seen("changes_report").get("rows", [])
        ],
        "caveats": [] if own == shop else ["The shop's report counts other orders."],
        "queries": ["insights_sales_analyze by product", "insights_sales_analyze by country", "woo_reports_sales"],
        "next_questions": ["Will it last?"],
    }


def _driver(facts: Facts, row: Json) -> Json:
    told = facts.delivered
    now = part(facts, row["by"], row["key"], told["first"], told["last"])
    was = part(facts, row["by"], row["key"], told["against_first"], told["against_last"])
    return {
        "sales": money(now[0]),
        "sales_before": money(was[0]),
        "change": money(now[0] - was[0]),
        "orders": now[1],
        "orders_before": was[1],
        "key": row["key"],
    }


def _moved(facts: Facts, told: Json) -> Json:
    now = sums(facts, told["first"], told["last"])
    before = sums(facts, told["against_first"], told["against_last"])
    change = Decimal(now["sales"]) - Decimal(before["sales"])
    by_orders = (now["orders"] - before["orders"]) * Decimal(before["sales"]) / before["orders"]
    return {
        "now": {name: now[name] for name in SUM},
        "before": {name: before[name] for name in SUM},
        "change": str(change),
        "change_percent": f"{100 * change / Decimal(before['sales']):+.1f}",
        "by_orders": f"{by_orders:.2f}",
        "by_average_order": f"{change - by_orders:.2f}",
    }


SALES = Case(
    agent="sales-analyst",
    arguments={"first": ago(220), "last": ago(100), "question": "Why did sales move?"},
    steps=[
        Step(
            "insights_sales_analyze",
            lambda seen: [pick(seen.arguments, "first", "last") | {"by": by} for by in ("product", "country")],
        ),
        Step("woo_reports_sales", lambda seen: pick(seen.arguments, "first", "last")),
        Step("woo_reports_totals", {"of": "orders"}),
        Step("changes_report", lambda seen: {"since": f"{seen.arguments['first']}T00:00:00Z"}),
    ],
    deliver=_sales,
    checks=[Check("", _moved), Check("drivers[]", _driver)],
    falsify=["insights_sales_analyze", "insights_sales_analyze:units"],
)

CASES = [SALES]
