"""The analysts at work."""

from __future__ import annotations

from decimal import Decimal
from statistics import median

from tests.agents.cases.counted import part, percent, pick, sums
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.unit.insights.conftest import ago, money
from tests.unit.insights.test_customers import PEOPLE

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


def _customers(seen: Seen) -> Json:
    found, accounts = seen("insights_customers_segment"), seen("woo_reports_totals")["rows"]
    best = found["segments"][0]
    return {
        **pick(found, "first", "last", "currency", "customers", "orders", "repeat_percent", "days_between_orders"),
        **pick(found, "lifetime_value", "churned", "churned_percent", "cohorts"),
        "churn_days": int(seen.arguments["churn_days"]),
        "segments": [
            pick(one, "segment", "customers", "orders", "sales", "share_of_sales", "average_order")
            for one in found["segments"]
        ],
        "findings": [
            {"what": "Few bring much.", "figures": [best["share_of_sales"], best["sales"]], "strength": "too_few"}
        ],
        "actions": [{"segment": "at risk", "what": "Ask before you offer.", "hand_to": "vip-clienteler"}],
        "caveats": [f"A customer is an e-mail address; accounts of {len(accounts)} roles are another count."],
    }


def _people(facts: Facts, told: Json) -> Json:
    people = facts.sql(PEOPLE)
    gone = sum(1 for row in people if row[2] < ago(told["churn_days"]))
    gaps = "SELECT julianday(day) - julianday(lag(day) OVER (PARTITION BY email ORDER BY day, id)) AS gap FROM sales"
    return {
        "customers": len(people),
        "orders": sum(row[3] for row in people),
        "repeat_percent": percent(sum(1 for row in people if row[3] > 1), len(people)),
        "days_between_orders": round(median(gap for gap in facts.column(gaps) if gap is not None)),
        "lifetime_value": f"{sum(row[4] for row in people) / 100 / len(people):.2f}",
        "churn_days": int(facts.arguments["churn_days"]),
        "churned": gone,
        "churned_percent": percent(gone, len(people)),
        "findings": [{"figures": [told["segments"][0]["share_of_sales"], told["segments"][0]["sales"]]}],
    }


def _segment(facts: Facts, row: Json) -> Json:
    people = facts.sql(PEOPLE)
    some = [one for one in people if one[5] == row["segment"]]
    orders, cents = sum(one[3] for one in some), sum(one[4] for one in some)
    return {
        "customers": len(some),
        "orders": orders,
        "sales": money(cents),
        "share_of_sales": percent(cents, sum(one[4] for one in people)),
        "average_order": f"{Decimal(cents) / 100 / orders:.2f}",
    }


def _cohort(facts: Facts, row: Json) -> Json:
    some = [one for one in facts.sql(PEOPLE) if one[1][:7] == row["month"]]
    first = int(row["month"][:4]) * 12 + int(row["month"][5:]) - 1
    now = int(ago(0)[:4]) * 12 + int(ago(0)[5:7]) - 1
    back = [
        facts.one(
            "SELECT count(DISTINCT email) FROM sales WHERE substr(day, 1, 7) = ? AND email IN"
            " (SELECT email FROM sales GROUP BY email HAVING substr(min(day), 1, 7) = ?)",
            f"{month // 12:04d}-{month % 12 + 1:02d}",
            row["month"],
        )
        for month in range(first + 1, min(now, first + 12) + 1)
    ]
    return {
        "customers": len(some),
        "back": back,
        "sales_per_customer": f"{Decimal(sum(one[4] for one in some)) / 100 / len(some):.2f}",
    }


CUSTOMERS = Case(
    agent="customer-analyst",
    arguments={"months": "24", "churn_days": "90", "question": "Do they come back?"},
    steps=[
        Step(
            "insights_customers_segment",
            lambda seen: {name: int(seen.arguments[name]) for name in ("months", "churn_days")} | {"examples": 0},
        ),
        Step("woo_reports_totals", {"of": "customers"}),
        Step("woo_reports_sales", lambda seen: pick(seen("insights_customers_segment"), "first", "last")),
    ],
    deliver=_customers,
    checks=[Check("", _people), Check("segments[]", _segment), Check("cohorts[]", _cohort)],
    falsify=[
        "insights_customers_segment",
        "insights_customers_segment:back",
        "insights_customers_segment:share_of_sales",
    ],
)


CASES = [SALES, CUSTOMERS]
