"""What is tried out with others: tests of two versions, and people outside who show the brand."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from statistics import NormalDist

from tests.agents.cases.counted import cost, of, pick
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.agents.cases.marketing_site import made, money_of, named, page_of
from tests.unit.insights.conftest import ago

# --- experiment-designer ---------------------------------------------------------------------------------------------

ALPHA, POWER, MDE, PER_WEEK = 0.05, 0.8, 0.2, 4000
NEW = "Cut with raw edges in a run of 120, each numbered by hand."


def _rows(text: str) -> list[Json]:
    """The export in the request: ``view 12000, cart 900``."""
    return [{"step": step, "count": int(count)} for step, count in re.findall(r"(view|cart) (\d+)", text)]


def _design(seen: Seen) -> Json:
    done, product = seen("experiments_create"), seen("woo_products_get")
    test = done["changes"][0]["fields"]
    steps = seen("insights_funnel_analyze")["steps"]
    planned = test["planned"]
    return {
        "name": test["name"],
        "hypothesis": seen.arguments["hypothesis"],
        "unit": "browser",
        "place": "short_description",
        "product_ids": [product["id"]],
        "variants": [
            {"key": "now", "percent": 50, "content": product["short_description"]},
            {"key": "edges", "percent": 50, "content": NEW},
        ],
        "metric": {
            "name": "add_to_cart",
            "kind": "rate",
            "better": "up",
            "base": steps[1]["count"] / steps[0]["count"],
            "sd": None,
            "base_from": "export",
        },
        "guardrails": [{"name": "order", "kind": "rate", "better": "up", "margin": 0.05}],
        "mde": MDE,
        "power": POWER,
        "alpha": ALPHA,
        "looks": 1,
        "planned_units": planned,
        "weeks": max(2, math.ceil(2 * planned / PER_WEEK)),
        "feasible": "feasible",
        "clashes": [one["name"] for one in seen("experiments_list")["experiments"]],
        "decision_rule": "A win is kept, a loss or no difference leaves the text as it is.",
        "state": "running" if done["state"] == "applied" else "waits_for_person",
        "changes": seen.changes,
        "unknowns": [],
    }


def _design_in_shop(facts: Facts, told: Json) -> Json:
    number = int(facts.arguments["product_ids"])
    views, carts = (row["count"] for row in _rows(facts.arguments["hypothesis"]))
    base = carts / views
    other, z = base * (1 + MDE), NormalDist().inv_cdf(1 - ALPHA / 2) + NormalDist().inv_cdf(POWER)
    units = math.ceil(z**2 * (base * (1 - base) + other * (1 - other)) / (other - base) ** 2)
    return {
        "product_ids": [named(facts, "product", number)],
        "variants": [{"content": of(facts, "product", number, "short_description")}, {"content": NEW}],
        "metric": {
            "base": base if math.isclose(told["metric"]["base"], base) else None
        },  # a rate: two decimals are none
        "planned_units": units,
        "weeks": max(2, math.ceil(2 * units / int(facts.arguments["units_per_week"]))),
    }


TEST = Case(
    agent="experiment-designer",
    arguments={
        "hypothesis": "Because last week's export says view 12000, cart 900, we believe that naming the run in the"
        " short description moves more visitors to add the dress to the cart, since it tells what is rare.",
        "metric": "add_to_cart",
        "product_ids": "169",
        "units_per_week": str(PER_WEEK),
    },
    steps=[
        Step("experiments_list"),
        Step("woo_coupons_list"),
        Step("woo_products_get", lambda seen: {"id": int(seen.arguments["product_ids"])}),
        Step("brand_guide_get"),
        Step("insights_funnel_analyze", lambda seen: {"rows": _rows(seen.arguments["hypothesis"])}),
        Step(
            "experiments_create",
            lambda seen: {
                "name": "raw-edges",
                "hypothesis": seen.arguments["hypothesis"],
                "variants": [
                    {"key": "now", "percent": 50, "content": seen("woo_products_get")["short_description"]},
                    {"key": "edges", "percent": 50, "content": NEW},
                ],
                "metric": {
                    "name": "add_to_cart",
                    "kind": "rate",
                    "base": seen("insights_funnel_analyze")["steps"][1]["count"]
                    / seen("insights_funnel_analyze")["steps"][0]["count"],
                },
                "guardrails": [{"name": "order", "kind": "rate", "margin": 0.05}],
                "mde": MDE,
                "power": POWER,
                "alpha": ALPHA,
                "looks": 1,
                "shop_place": "short_description",
                "product_ids": [seen("woo_products_get")["id"]],
            },
        ),
        Step("experiments_assign", {"experiment": "raw-edges", "units": [f"unit-{one}" for one in range(12)]}),
    ],
    deliver=_design,
    checks=[Check("", _design_in_shop)],
    own={
        "place": "where on the page is its own choice",
        "variants[].percent": "even halves are its own choice",
        "guardrails[].margin": "how much worse is borne is a judgement",
        "mde": "the smallest difference worth finding is a judgement",
        "power": "its own choice",
        "alpha": "its own choice",
        "looks": "one, since it takes less than four weeks",
    },
    falsify=["insights_funnel_analyze:count", "experiments_create:planned", "woo_products_get:id"],
)

# --- influencer-scout ------------------------------------------------------------------------------------------------

USES = 10
PEOPLE = re.compile(r"(\S+), instagram, (\d+) followers, (\d+) likes, ([A-Z]{2})")


def _creators(text: str) -> list[tuple[str, int, str]]:
    """Handle, followers and engagement in per cent of each row."""
    rows = [(handle, int(followers), int(likes)) for handle, followers, likes, _ in PEOPLE.findall(text)]
    return [(handle, followers, f"{Decimal(100 * likes) / followers:.1f}") for handle, followers, likes in rows]


def _scout(seen: Seen) -> Json:
    product, coupon = seen("woo_products_get"), seen("woo_coupons_create")
    code = coupon["changes"][0]["fields"]
    margin = next(one for one in seen("insights_margins_report")["items"] if one["key"] == str(product["id"]))
    each = Decimal(margin["cost"]) / margin["units"]
    planned = each + USES * Decimal(product["price"]) * Decimal(code["amount"]) / 100
    total = Decimal(seen.arguments["budget"])
    old = seen("woo_coupons_get")
    used = next(one for one in seen("insights_sales_analyze")["parts"] if one["key"] == old["code"])
    return {
        "profile": {
            "platform": "instagram",
            "tier": "nano",
            "country": "FR",
            "must": ["Clothes in a third of the last posts"],
            "must_not": ["Bought followers"],
        },
        "candidates": [
            {
                "handle": handle,
                "followers": followers,
                "engagement_percent": engagement,
                "fit": fit,
                "verdict": "ask" if Decimal(engagement) >= 1 else "decline",
                "why": "By the figures supplied.",
            }
            for fit, (handle, followers, engagement) in zip(
                (4, 1), _creators(seen.arguments["candidates"]), strict=True
            )
        ],
        "offer": {"kind": "gift_only", "fee": None, "commission_percent": None, "goods_value": product["price"]},
        "codes": [
            {
                "coupon_id": made(coupon),
                **pick(code, "code", "discount_type", "amount", "usage_limit"),
                "expires": code["date_expires"],
                "used": 0,
            }
        ],
        "gifts": [
            {
                "order_id": None,
                "product_id": product["id"],
                "variation_id": None,
                "pieces": 1,
                "value": product["price"],
            }
        ],
        "brief": {
            "message": "A dress that is made to be kept.",
            "deliverables": ["1 post, by the end of the month"],
            "dos": ["Show the cut"],
            "donts": ["No claims on the cloth"],
            "disclosure": "Publicité",
            "links": [product["link"]],
        },
        "contract": ["Parties", "Deliverables and dates", "Disclosure", "Usage rights", "The gift stays"],
        "results": [
            {
                "code": old["code"],
                "orders": used["orders"],
                "sales": used["sales"],
                "cost": None,
                "return_on_cost": None,
            }
        ],
        "budget": {"total": money_of(total), "planned": money_of(planned), "left": money_of(total - planned)},
        "changes": seen.changes,
        "unknowns": ["Size and address of the person."],
    }


def _scout_in_shop(facts: Facts, told: Json) -> Json:
    number = int(facts.arguments["product_ids"])
    price, total = of(facts, "product", number, "price"), Decimal(facts.arguments["budget"])
    code = facts.one("SELECT id FROM objects WHERE kind = 'coupon' ORDER BY id DESC LIMIT 1")
    made_code = {name: of(facts, "coupon", code, name) for name in ("code", "amount", "usage_limit")}
    each = cost(facts, number) or 0
    planned = Decimal(each) / 100 + USES * Decimal(price) * Decimal(made_code["amount"]) / 100
    orders, sales = facts.sql(
        "SELECT count(*), sum(cents) FROM sales, json_each(body, '$.coupon_lines') c"
        " WHERE json_extract(c.value, '$.code') = 'love15' AND day BETWEEN ? AND ?", ago(365), ago(0),
    )[0]  # fmt: skip
    return {
        "candidates": [
            {"followers": followers, "engagement_percent": engagement}
            for _, followers, engagement in _creators(facts.arguments["candidates"])
        ],
        "offer": {"goods_value": price},
        "codes": [{"coupon_id": code, "used": of(facts, "coupon", code, "usage_count"), **made_code}],
        "gifts": [{"product_id": number, "value": price}],
        "brief": {"links": [page_of(facts, "product", number)]},
        "results": [{"orders": orders, "sales": money_of(Decimal(sales) / 100)}],
        "budget": {"total": money_of(total), "planned": money_of(planned), "left": money_of(total - planned)},
    }


SCOUT = Case(
    agent="influencer-scout",
    arguments={
        "niche": "People in France who wear dresses on weekdays",
        "budget": "400.00",
        "candidates": "noor.wears, instagram, 8200 followers, 410 likes, FR\n"
        "big.bag, instagram, 90000 followers, 90 likes, FR",
        "product_ids": "57",
    },
    steps=[
        Step("brand_guide_get"),
        Step("woo_products_get", lambda seen: {"id": int(seen.arguments["product_ids"])}),
        Step("woo_stock_list", {"stock_status": "instock", "limit": 100}),
        Step("insights_margins_report", {"first": ago(365), "last": ago(0), "limit": 50}),
        Step("woo_coupons_list"),
        Step(
            "woo_coupons_get",
            lambda seen: [{"id": one["id"]} for one in seen("woo_coupons_list")["items"] if one["code"] == "love15"],
        ),
        Step("insights_sales_analyze", {"by": "coupon", "first": ago(365), "last": ago(0)}),
        Step(
            "woo_coupons_create",
            {
                "code": "noor10",
                "discount_type": "percent",
                "amount": "10.00",
                "individual_use": True,
                "exclude_sale_items": True,
                "usage_limit": USES,
                "usage_limit_per_user": 1,
                "date_expires": f"{ago(-60)}T00:00:00",
            },
        ),
    ],
    deliver=_scout,
    checks=[Check("", _scout_in_shop)],
    own={"candidates[].fit": "a judgement", "gifts[].pieces": "one piece is its own offer"},
    falsify=[
        "woo_products_get",
        "insights_margins_report:cost",
        "insights_sales_analyze:sales",
        "woo_coupons_create:id",
    ],
)

CASES = [TEST, SCOUT]
