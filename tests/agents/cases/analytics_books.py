"""Those who judge books and products, at work."""

from __future__ import annotations

from decimal import Decimal

from devskyy_tools.insights.words import cause_of
from tests.agents.cases.counted import cost, of, part, percent, pick, sums
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.unit.insights.conftest import ago, money
from tests.unit.insights.test_margins import FEES
from tests.unit.insights.test_refunds import BACK


def _finance(seen: Seen) -> Json:
    found, margins = seen("insights_sales_analyze"), seen("insights_margins_report")
    shop, stock = seen("woo_reports_sales"), seen("insights_stock_value")
    rates = {one["country"]: one["rate"] for one in seen("woo_taxes_list")["items"]}
    first, last = found["first"], found["last"]
    given = [one for one in seen("woo_refunds_list")["items"] if first <= one["date"][:10] <= last]
    counted = {one["id"] for page in seen.all("woo_orders_list") for one in page["items"]}
    bridge = {one["step"]: one["amount"] for one in margins["bridge"]}
    pairs = [
        ("orders against the shop's report", found["now"]["sales"], shop["sales"]),
        ("orders against the bridge", found["now"]["sales"], bridge["= sales"]),
        (
            "refunded of these orders against refunds given",
            found["now"]["refunded"],
            str(sum((Decimal(one["amount"]) for one in given), Decimal("0.00"))),
        ),
    ]
    return {
        **pick(found, "first", "last", "currency"),
        **pick(found["now"], "orders", "sales", "net", "tax", "shipping", "discounts", "refunded"),
        **pick(margins, "bridge", "margin_percent", "complete"),
        "countries": [
            {
                "country": one["key"],
                "orders": one["orders"],
                "sales": one["sales"],
                "rate_on_file": rates.get(one["key"]),
            }
            for one in found["parts"]
            if one["orders"]
        ],
        "refunds_in_period": {
            "count": len(given),
            "amount": pairs[2][2],
            "of_orders_before": sum(1 for one in given if one["order_id"] not in counted),
        },
        "stock": pick(stock, "pieces", "at_price", "at_cost", "pieces_without_cost"),
        "reconciliation": [
            {
                "what": what,
                "one": one,
                "other": other,
                "difference": str(Decimal(one) - Decimal(other)),
                "explained": None,
            }
            for what, one, other in pairs
        ],
        "anomalies": [
            {"kind": "refund_without_lines", "order_id": one["order_id"], "amount": one["amount"], "what": "No lines."}
            for one in given
            if "lines" not in one
        ],
        "missing": margins["unknown"],
        "for_accountant": ["Orders count by their date, not by that of the payment."],
    }


def _books(facts: Facts, told: Json) -> Json:
    days = (told["first"], told["last"])
    now = sums(facts, *days)
    lines = facts.sql(
        "SELECT product, sum(quantity), sum(cents), sum(full_cents) FROM lines WHERE day BETWEEN ? AND ? GROUP BY 1",
        *days,
    )
    costs = {row[0]: cost(facts, row[0]) for row in lines}
    known = sum(row[1] * (costs[row[0]] or 0) for row in lines)
    fees = facts.one(FEES, *days)
    cents = {name: round(Decimal(now[name]) * 100) for name in ("sales", "refunded", "discounts", "shipping")}
    with_cost = sum(row[2] for row in lines if costs[row[0]] is not None)
    left = cents["sales"] - cents["refunded"]
    given = facts.sql(
        "SELECT r.id, json_extract(r.body, '$.amount'), s.day FROM objects r JOIN sales s ON s.id = r.parent"
        " WHERE r.kind = 'refund' AND local(r.created) BETWEEN ? AND ?",
        *days,
    )
    amount = f"{sum((Decimal(row[1]) for row in given), Decimal(0)):.2f}"
    return {
        **{name: now[name] for name in ("orders", "sales", "net", "tax", "shipping", "discounts", "refunded")},
        "bridge": [
            {"amount": money(step)}
            for step in (
                sum(row[3] for row in lines),
                -cents["discounts"],
                0,
                cents["shipping"],
                0,
                cents["sales"],
                0,
                -cents["refunded"],
                left,
                -known,
                -fees,
                left - known - fees,
            )
        ],
        "margin_percent": percent(with_cost - known, with_cost),
        "complete": None not in costs.values(),
        "refunds_in_period": {
            "count": len(given),
            "amount": amount,
            "of_orders_before": sum(1 for row in given if row[2] < told["first"]),
        },
        "reconciliation": [
            {"one": now["sales"], "other": now["sales"], "difference": "0.00"},
            {"one": now["sales"], "other": now["sales"], "difference": "0.00"},
            {"one": now["refunded"], "other": amount, "difference": str(Decimal(now["refunded"]) - Decimal(amount))},
        ],
    }


def _stock(facts: Facts, _: Json) -> Json:
    rows = facts.sql(
        "SELECT CASE kind WHEN 'variation' THEN parent ELSE id END, stock, price FROM keepers WHERE stock > 0"
    )
    costs = {row[0]: cost(facts, row[0]) for row in rows}
    return {
        "pieces": sum(row[1] for row in rows),
        "at_price": money(sum(row[1] * row[2] for row in rows)),
        "at_cost": money(sum(row[1] * (costs[row[0]] or 0) for row in rows)),
        "pieces_without_cost": sum(row[1] for row in rows if costs[row[0]] is None),
    }


def _country(facts: Facts, row: Json) -> Json:
    told = facts.delivered
    cents, orders, _ = part(facts, "country", row["country"], told["first"], told["last"])
    rate = facts.one(
        "SELECT json_extract(body, '$.rate') FROM objects WHERE kind = 'tax' AND json_extract(body, '$.country') = ?",
        row["country"],
    )
    return {"orders": orders, "sales": money(cents), "rate_on_file": rate}


FINANCE = Case(
    agent="finance-controller",
    arguments={"first": ago(70), "last": ago(20), "question": "close"},
    steps=[
        Step("woo_settings_list", {"group": "tax"}),
        Step(
            "insights_sales_analyze",
            lambda seen: pick(seen.arguments, "first", "last") | {"by": "country", "limit": 50},
        ),
        Step("insights_margins_report", lambda seen: pick(seen.arguments, "first", "last")),
        Step("woo_reports_sales", lambda seen: pick(seen.arguments, "first", "last")),
        Step("woo_refunds_list", {"limit": 100}),
        Step("woo_orders_list", lambda seen: {"after": f"{seen.arguments['first']}T00:00:00", "limit": 100}),
        Step("woo_taxes_list"),
        Step("insights_stock_value"),
    ],
    deliver=_finance,
    checks=[
        Check("", _books),
        Check("stock", _stock),
        Check("countries[]", _country),
        Check(
            "anomalies[]",
            lambda facts, row: {
                "order_id": row["order_id"],
                "amount": facts.one(
                    "SELECT json_extract(body, '$.amount') FROM objects WHERE kind = 'refund' AND parent = ?"
                    " AND json_array_length(body, '$.line_items') = 0",
                    row["order_id"],
                ),
            },
        ),
    ],
    falsify=[
        "insights_sales_analyze",
        "insights_margins_report:amount",
        "woo_refunds_list",
        "insights_stock_value",
        "woo_taxes_list",
    ],
)


def _products(seen: Seen) -> Json:
    found, stock, back = (seen(f"insights_{name}") for name in ("sales_analyze", "stock_value", "refunds_analyze"))
    margins = {one["key"]: one for one in seen("insights_margins_report")["items"]}
    rates = {one["key"]: one["rate"] for one in back["products"]}
    pieces = {one["id"]: one.get("stock") for one in seen.all("woo_products_get")}
    sizes = {page["items"][0]["product_id"]: page for page in seen.all("woo_reviews_list") if page["items"]}
    rows: list[Json] = []
    for one in found["parts"][:6]:
        reviews = [review["rating"] for review in sizes.get(int(one["key"]), {"items": []})["items"]]
        margin = margins.get(one["key"], {"units_without_cost": 1})
        rows.append(
            {
                "product_id": int(one["key"]),
                "name": one["name"],
                "verdict": "keep" if one["units"] else "watch",
                "units": one["units"],
                "sales": one["sales"],
                "margin_percent": None if margin["units_without_cost"] else margin["margin_percent"],
                "stock": pieces[int(one["key"])],
                "return_rate": rates.get(one["key"]),
                "rating": sum(reviews) / len(reviews) if reviews else None,
                "reviews": len(reviews),
                "reason": f"{one['units']} sold, {one['units_before']} before.",
                "hand_to": None,
            }
        )
    return {
        **pick(found, "first", "last", "currency"),
        "products_judged": len(rows),
        "list": sorted(rows, key=lambda row: (row["verdict"] == "keep", -Decimal(row["sales"]))),
        "return_causes": [pick(one, "cause", "refunds", "amount") for one in back["causes"]],
        "dead_stock": {
            **pick(stock["dead"], "days", "goods", "pieces", "at_price", "at_cost", "pieces_without_cost"),
            "product_ids": sorted({one.get("product_id", one["id"]) for one in stock["dead"]["items"]}),
        },
        "not_judged": [],
        "caveats": [back["counted"]],
    }


def _judged(facts: Facts, row: Json) -> Json:
    days = (facts.delivered["first"], facts.delivered["last"])
    number = row["product_id"]
    cents, _, units = part(facts, "product", str(number), *days)
    each = cost(facts, number)
    pieces = facts.one(f"SELECT sum(quantity) FROM ({BACK}) WHERE product = {int(number)}", *days)
    [(reviews, mean)] = facts.sql(
        "SELECT count(*), avg(json_extract(body, '$.rating')) FROM objects WHERE kind = 'review' AND"
        " status = 'approved' AND parent = ?",
        number,
    )
    return {
        "product_id": number,
        "name": of(facts, "product", number, "name"),
        "units": units,
        "sales": money(cents),
        "margin_percent": None if each is None or not units else percent(cents - units * each, cents),
        "stock": facts.one("SELECT stock FROM keepers WHERE kind = 'product' AND id = ?", number),
        "return_rate": pieces and percent(pieces, units),
        "rating": mean,
        "reviews": reviews,
    }


def _dead(facts: Facts, told: Json) -> Json:
    sold = set(
        facts.column("SELECT CASE WHEN variation THEN variation ELSE product END FROM lines WHERE day >= ?", ago(179))
    )
    rows = facts.sql(
        "SELECT id, CASE kind WHEN 'variation' THEN parent ELSE id END, stock, price FROM keepers WHERE stock > 0"
        " AND since <= ?",
        ago(180),
    )
    dead = [row for row in rows if row[0] not in sold]
    costs = {row[1]: cost(facts, row[1]) for row in dead}
    return {
        "days": 180,
        "goods": len(dead),
        "pieces": sum(row[2] for row in dead),
        "at_price": money(sum(row[2] * row[3] for row in dead)),
        "at_cost": money(sum(row[2] * (costs[row[1]] or 0) for row in dead)),
        "pieces_without_cost": sum(row[2] for row in dead if costs[row[1]] is None),
        "product_ids": sorted({row[1] for row in dead}),
    }


def _causes(facts: Facts, row: Json) -> Json:
    given = facts.sql(
        "SELECT reason, b.cents FROM back b JOIN sales s ON s.id = b.order_id WHERE day BETWEEN ? AND ?",
        facts.delivered["first"],
        facts.delivered["last"],
    )
    some = [cents for reason, cents in given if cause_of(reason) == row["cause"]]
    return {"refunds": len(some), "amount": money(sum(some))}


PRODUCTS = Case(
    agent="product-analyst",
    arguments={"days": "200", "question": "What sells, what comes back?"},
    steps=[
        Step("insights_sales_analyze", {"first": ago(219), "last": ago(20), "by": "product", "limit": 50}),
        Step("insights_margins_report", {"first": ago(219), "last": ago(20), "limit": 100}),
        Step("insights_refunds_analyze", {"first": ago(219), "last": ago(20), "limit": 50}),
        Step("insights_stock_value", {"dead_days": 180, "limit": 50}),
        Step(
            "woo_products_get",
            lambda seen: [{"id": int(one["key"])} for one in seen("insights_sales_analyze")["parts"][:6]],
        ),
        Step(
            "woo_reviews_list",
            lambda seen: [
                {"product": [int(one["key"])], "status": "approved"}
                for one in seen("insights_sales_analyze")["parts"][:6]
            ],
        ),
    ],
    deliver=_products,
    checks=[
        Check("list[]", _judged),
        Check("products_judged", lambda facts, _: len(facts.delivered["list"])),
        Check("dead_stock", _dead),
        Check("return_causes[]", _causes),
    ],
    falsify=[
        "insights_sales_analyze",
        "insights_margins_report",
        "insights_refunds_analyze:rate",
        "insights_stock_value",
        "woo_reviews_list",
    ],
)

CASES = [FINANCE, PRODUCTS]
