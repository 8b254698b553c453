"""Those who move goods and prices, at work."""

from __future__ import annotations

from decimal import Decimal

from tests.agents.cases.counted import NOW, cost, of, pick
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.unit.insights.conftest import ago, money

YEAR = {"first": ago(364), "last": ago(0)}


def _scope(seen: Seen) -> list[Json]:
    """Simple products of the collection that have a price."""
    return [one for one in seen("woo_products_list")["items"] if one["type"] == "simple" and "price" in one]


def _on_sale(one: Json) -> bool:
    return one.get("regular_price", one["price"]) != one["price"]


def _costs(seen: Seen) -> dict[int, Decimal]:
    rows = seen("insights_margins_report")["items"]
    return {int(one["key"]): Decimal(one["cost"]) / one["units"] for one in rows if not one["units_without_cost"]}


def _movable(seen: Seen) -> list[int]:
    return [one["id"] for one in _scope(seen) if one["id"] in _costs(seen) and not _on_sale(one)]


def _margin(price: Decimal, each: Decimal) -> str:
    return f"{100 * (price - each) / price:.1f}"


def _prices(seen: Seen) -> Json:
    costs, done = _costs(seen), seen("play_reprice")
    sold = {int(one["key"]): one["units"] for one in seen("insights_margins_report")["items"]}
    rows: list[Json] = []
    for one in done["changes"]:
        number, (old, new) = int(one["id"]), map(Decimal, one["fields"]["regular_price"])
        each = costs[number]
        rows.append(
            {
                "product_id": number,
                "variation_id": None,
                "old_price": str(old),
                "new_price": str(new),
                "cost": f"{each:.2f}",
                "margin_before_percent": _margin(old, each),
                "margin_after_percent": _margin(new, each),
                "sold_pieces": sold[number],
                "break_even_volume_percent": f"{-(new - old) / (old - each + new - old) * 100:.1f}",
                "reason": "asked",
            }
        )
    left = [
        {"product_id": one["id"], "why": "on_sale" if _on_sale(one) else "cost_unknown"}
        for one in _scope(seen)
        if one["id"] not in _movable(seen)
    ]
    unknown = sum(1 for one in left if one["why"] == "cost_unknown")
    raised = sum(1 for one in rows if Decimal(one["new_price"]) > Decimal(one["old_price"]))
    return {
        "currency": seen("insights_margins_report")["currency"],
        "tax_in_prices": None,
        "floor_margin_percent": seen.arguments["floor_margin"],
        "proposals": rows,
        "left_alone": left,
        "summary": {"products": len(rows), "raised": raised, "lowered": len(rows) - raised, "cost_unknown": unknown},
        "plan": {"state": seen("changes_show")["state"], "batches": 1, "review_after_days": 28},
        "changes": seen.changes,
        "unknowns": [],
    }


PRICE = "SELECT json_extract(body, '$.regular_price') FROM objects WHERE kind = 'product' AND id = ?"


def _priced(facts: Facts, row: Json) -> Json:
    number = row["product_id"]
    old, new = Decimal(facts.was(PRICE, number)), Decimal(facts.one(PRICE, number))
    each = Decimal(cost(facts, number) or 0) / 100
    return {
        "product_id": number,
        "old_price": str(old),
        "new_price": str(new),
        "cost": str(each),
        "margin_before_percent": _margin(old, each),
        "margin_after_percent": _margin(new, each),
        "sold_pieces": facts.one(
            "SELECT sum(quantity) FROM lines WHERE day >= ? AND product = ?", YEAR["first"], number
        ),
        "break_even_volume_percent": f"{-(new - old) / (new - each) * 100:.1f}",
    }


def _left_alone(facts: Facts, row: Json) -> Json:
    sale, sold = of(facts, "product", row["product_id"], "sale_price"), cost(facts, row["product_id"])
    if not sale and sold is not None:  # known to the shop, and not to who has only what was sold
        sold = facts.one("SELECT 1 FROM lines WHERE day >= ? AND product = ?", YEAR["first"], row["product_id"])
    assert sale or sold is None
    return {"product_id": row["product_id"], "why": "on_sale" if sale else "cost_unknown"}


def _summed(facts: Facts, told: Json) -> Json:
    old = [facts.was(PRICE, row["product_id"]) for row in told["proposals"]]
    new = [facts.one(PRICE, row["product_id"]) for row in told["proposals"]]
    raised = sum(Decimal(one) < Decimal(other) for one, other in zip(old, new, strict=True))
    moved = {
        one[0]
        for one in facts.sql("SELECT id, json_extract(body, '$.regular_price') FROM objects WHERE kind = 'product'")
        if facts.was(PRICE, one[0]) != one[1]
    }
    assert moved == {row["product_id"] for row in told["proposals"]}
    return {
        "floor_margin_percent": facts.arguments["floor_margin"],
        "summary": {
            "products": len(moved),
            "raised": raised,
            "lowered": len(old) - raised,
            "cost_unknown": sum(row["why"] == "cost_unknown" for row in told["left_alone"]),
        },
    }


PRICES = Case(
    agent="price-strategist",
    arguments={"scope": "BLACK ROSE", "goal": "margin", "floor_margin": "55"},
    steps=[
        Step("woo_collections_list"),
        Step(
            "woo_products_list",
            lambda seen: {
                "category": next(
                    one["id"] for one in seen("woo_collections_list")["items"] if one["name"] == seen.arguments["scope"]
                ),
                "status": "publish",
                "limit": 100,
                "fields": ["id", "type", "price", "regular_price", "stock"],
            },
        ),
        Step("insights_margins_report", YEAR | {"limit": 100}),
        Step("woo_taxes_list"),
        Step(
            "play_reprice",
            lambda seen: {
                "filter": {"ids": _movable(seen)},
                "move": "+5%",
                "min_margin": "55",
                "cost_field": "_unit_cost",
                "ending": ".00",
            },
        ),
        Step("changes_show", lambda seen: {"change": seen.changes[-1]}),
    ],
    deliver=_prices,
    checks=[Check("", _summed), Check("proposals[]", _priced), Check("left_alone[]", _left_alone)],
    falsify=["insights_margins_report:cost", "insights_margins_report:units", "play_reprice"],
    own={"plan": "how many batches, and the day of the second look"},
)


def _live(seen: Seen) -> list[Json]:
    return [one for one in seen("woo_coupons_list")["items"] if one.get("expires", NOW) >= NOW]


def _uses(seen: Seen) -> int:
    each = Decimal(seen("woo_reports_sales")["average_order"]) * Decimal(seen.arguments["percent"]) / 100
    return int(Decimal(seen.arguments["budget"]) / each)


def _promotion(seen: Seen) -> Json:
    made, costs = seen.all("woo_coupons_get")[-1], _costs(seen)
    share = 1 - Decimal(made["amount"]) / 100
    goods = [one for one in _scope(seen) if not _on_sale(one) and one["id"] in costs]
    paid = {one["id"]: Decimal(one["price"]) * share for one in goods}
    worst = min(paid, key=lambda one: (1 - costs[one] / paid[one], paid[one]))
    each = Decimal(seen("woo_reports_sales")["average_order"]) * Decimal(made["amount"]) / 100
    return {
        "offer": seen.arguments["offer"],
        "mechanism": "coupon",
        "starts": NOW,
        "ends": made["expires"],
        "coupon": {
            "coupon_id": made["id"],
            "code": made["code"],
            "discount_type": made["type"],
            **pick(made, "amount", "individual_use", "exclude_sale_items", "free_shipping", "usage_limit"),
            **pick(made, "usage_limit_per_user"),
            "minimum_amount": made.get("minimum_amount"),
            "product_ids": made.get("product_ids", []),
            "category_ids": made.get("product_categories", []),
        },
        "sale_items": {"count": 0, "rows": []},
        "collisions": [
            {
                "coupon_id": one["id"],
                "code": one["code"],
                "combined_percent": None,
                "verdict": "cannot_combine",
                "fix": None,
            }
            for one in _live(seen)
        ],
        "worst_case": {
            "product_id": worst,
            "price": f"{paid[worst]:.2f}",
            "cost": f"{costs[worst]:.2f}",
            "margin_percent": _margin(paid[worst], costs[worst]),
        },
        "budget": {"given": seen.arguments["budget"], "capped_at": f"{made['usage_limit'] * each:.2f}"},
        "end_plan": ["The code ends by itself."],
        "changes": seen.changes,
        "unknowns": ["The cap is an estimate by the average order."],
    }


def _coupon(facts: Facts, told: Json) -> Json:
    number = told["coupon_id"]
    body = {name: of(facts, "coupon", number, name) for name in ("amount", "discount_type", "code", "minimum_amount")}
    limits = {name: of(facts, "coupon", number, name) for name in ("usage_limit", "usage_limit_per_user")}
    alone = {
        name: bool(of(facts, "coupon", number, name))
        for name in ("individual_use", "exclude_sale_items", "free_shipping")
    }
    newest = facts.one("SELECT max(id) FROM objects WHERE kind = 'coupon'")
    category = facts.one(
        "SELECT id FROM objects WHERE kind = 'product_cat' AND json_extract(body, '$.name') = ?",
        facts.arguments["scope"],
    )
    assert of(facts, "coupon", number, "product_categories") == f"[{category}]"
    return {"coupon_id": newest, **body, **limits, **alone, "category_ids": [category]}


def _worst(facts: Facts, row: Json) -> Json:
    each = Decimal(cost(facts, row["product_id"]) or 0) / 100
    price = Decimal(of(facts, "product", row["product_id"], "price")) * (1 - Decimal(facts.arguments["percent"]) / 100)
    return {
        "product_id": row["product_id"],
        "price": f"{price:.2f}",
        "cost": str(each),
        "margin_percent": _margin(price, each),
    }


def _cap(facts: Facts, told: Json) -> Json:
    cents, count = facts.sql("SELECT sum(cents), count(*) FROM sales WHERE day BETWEEN ? AND ?", *YEAR.values())[0]
    each = Decimal(money(round(cents / count))) * Decimal(facts.arguments["percent"]) / 100
    budget = Decimal(facts.arguments["budget"])
    return {"given": str(budget), "capped_at": f"{budget // each * each:.2f}"}


PROMOTION = Case(
    agent="promotion-manager",
    arguments={
        "offer": "20 % off Signature",
        "percent": "20.00",
        "scope": "SIGNATURE",
        "budget": "900",
        "ends": f"{ago(-14)}T00:00:00",
    },
    steps=[
        Step("woo_categories_list", {"limit": 100}),
        Step("woo_coupons_list", {"limit": 100}),
        Step("woo_coupons_get", lambda seen: [{"id": one["id"]} for one in _live(seen)]),
        Step("woo_settings_list", {"group": "general"}),
        Step(
            "woo_products_list",
            lambda seen: {
                "category": next(
                    one["id"] for one in seen("woo_categories_list")["items"] if one["name"] == seen.arguments["scope"]
                ),
                "status": "publish",
                "limit": 100,
            },
        ),
        Step("insights_margins_report", YEAR | {"limit": 100}),
        Step("woo_reports_sales", YEAR),
        Step(
            "woo_coupons_create",
            lambda seen: {
                "code": "SKYY24WTR",
                "discount_type": "percent",
                "amount": seen.arguments["percent"],
                "individual_use": True,
                "exclude_sale_items": True,
                "usage_limit_per_user": 1,
                "usage_limit": _uses(seen),
                "date_expires": seen.arguments["ends"],
                "product_categories": [
                    next(
                        one["id"]
                        for one in seen("woo_categories_list")["items"]
                        if one["name"] == seen.arguments["scope"]
                    )
                ],
            },
        ),
        Step("woo_coupons_get", lambda seen: {"id": int(seen("woo_coupons_create")["changes"][0]["id"])}),
    ],
    deliver=_promotion,
    checks=[
        Check("coupon", _coupon),
        Check(
            "collisions[].coupon_id",
            "SELECT id FROM objects WHERE kind = 'coupon' AND id <> (SELECT max(id) FROM"
            " objects WHERE kind = 'coupon') AND coalesce(json_extract(body, '$.date_expires'), '9') > date('now')"
            " ORDER BY id DESC",
        ),
        Check("worst_case", _worst),
        Check("budget", _cap),
        Check("sale_items", lambda facts, _: {"count": 0}),
    ],
    falsify=[
        "woo_coupons_get:usage_limit",
        "woo_products_list:price",
        "insights_margins_report:cost",
        "woo_reports_sales",
    ],
)

CASES = [PRICES, PROMOTION]
