"""The marketers at work: plans, mails, tests, creators; ``marketing_site`` has those who write for the site."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_UP, Decimal
from statistics import NormalDist

from tests.agents.cases import marketing_site, marketing_social
from tests.agents.cases.counted import cost, of, pick, segment_size, sums
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.agents.cases.marketing_site import made, named, page_of
from tests.unit.insights.conftest import ago

CENT = Decimal("0.01")
COUPONS = "SELECT id FROM objects WHERE kind = 'coupon' AND status = 'publish'"


def _money(value: Decimal) -> str:
    return str(value.quantize(CENT, ROUND_HALF_UP))


# --- campaign-planner ------------------------------------------------------------------------------------------------


def _pieces(seen: Seen) -> list[Json]:
    """The two of the collection that most are there of."""
    items = [one for one in seen("woo_products_list")["items"] if one["status"] == "publish" and "stock" in one]
    return sorted(items, key=lambda one: -one["stock"])[:2]


def _collection(seen: Seen) -> Json:
    wanted = seen.arguments["collection"]
    return next(one for one in seen("woo_collections_list")["items"] if one["name"] == wanted)


def _segment(seen: Seen, name: str) -> Json:
    return next(one for one in seen("insights_customers_segment")["segments"] if one["segment"] == name)


def _campaign(seen: Seen) -> Json:
    report, budget = seen("insights_sales_analyze"), Decimal(seen.arguments["budget"])
    margins = next(
        one for one in seen("insights_margins_report")["items"] if one["name"] == seen.arguments["collection"]
    )
    share = Decimal(margins["margin"]) / (Decimal(margins["sales"])) if not margins["units_without_cost"] else None
    ids = [one["id"] for one in _pieces(seen)]
    starts, ends = seen.arguments["starts"], seen.arguments["ends"]
    utm = f"utm_source=newsletter&utm_medium=email&utm_campaign={starts[:4]}{starts[5:7]}-rose"
    return {
        "goal": {
            "metric": "net_sales",
            "target": _money(Decimal(report["now"]["net"]) * Decimal("1.2")),
            "from": starts,
            "to": ends,
        },
        "currency": report["currency"],
        "baseline": {
            "first": report["first"],
            "last": report["last"],
            **pick(report["now"], "net", "orders", "units", "average_order"),
            "source": "days_before",
        },
        "audience": [
            {"segment": name, "customers": _segment(seen, name)["customers"], "why": "They know the house."}
            for name in ("champions", "promising")
        ],
        "message": "Forty minutes and two hands for every rose.",
        "calendar": [
            _sent(starts, "launch", "email", "Mail to both segments", ids, utm, "email-writer"),
            _sent(starts, "launch", "instagram", "Carousel of the pieces", ids, None, "social-manager"),
            _sent(ends, "after", "blog", "How the roses are made", [], None, "blog-editor"),
        ],
        "budget": {
            "total": _money(budget),
            "lines": [
                {"item": item, "amount": _money(budget * part)}
                for item, part in (("Film of the embroidery", Decimal("0.9")), ("Kept until half-time", Decimal("0.1")))
            ],
            "break_even_net_sales": None if share is None else _money(budget / share),
        },
        "kpis": [
            {"name": "Net sales", "read_on": ends, "good": "at the target", "stop_below": None},
            {"name": "Code uses", "read_on": starts, "good": "any", "stop_below": None},
        ],
        "stock": [
            {"product_id": one["id"], "stock": one["stock"], "expected_units": None, "verdict": "tight"}
            for one in _pieces(seen)
        ],
        "risks": [f"{len(seen('woo_coupons_list')['items'])} codes run already."],
        "unknowns": [
            *(["Size of the mailing list."]),
            *([] if share else ["The cost of some pieces of the collection."]),
        ],
    }


def _sent(date: str, phase: str, channel: str, what: str, ids: list[int], utm: str | None, owner: str) -> Json:
    return {
        "date": date,
        "phase": phase,
        "channel": channel,
        "what": what,
        "product_ids": ids,
        "utm": utm,
        "owner": owner,
        "due": ago(0),
    }


def _campaign_in_shop(facts: Facts, told: Json) -> Json:
    counted = sums(facts, told["baseline"]["first"], told["baseline"]["last"])
    ids = facts.sql(
        "SELECT p.id, json_extract(p.body, '$.stock_quantity') FROM objects p, json_each(p.body, '$.categories') c"
        " JOIN objects t ON t.kind = 'product_cat' AND t.id = c.value WHERE p.kind = 'product' AND t.name = ?"
        " AND p.status = 'publish' AND json_extract(p.body, '$.manage_stock') ORDER BY 2 DESC, p.id DESC LIMIT 2",
        facts.arguments["collection"],
    )
    pieces = [number for number, _ in ids]
    return {
        "goal": {"target": _money(Decimal(counted["net"]) * Decimal("1.2"))},
        "baseline": {name: counted[name] for name in ("net", "orders", "units", "average_order")}
        | {"first": ago(14), "last": ago(1)},
        "audience": [{"customers": segment_size(facts, name)} for name in ("champions", "promising")],
        "calendar": [{"product_ids": pieces}, {"product_ids": pieces}, {"product_ids": []}],
        "budget": {
            "total": "300.00",
            "lines": [{"amount": "270.00"}, {"amount": "30.00"}],
            "break_even_net_sales": _break_even(facts),
        },
        "stock": [{"product_id": number, "stock": stock} for number, stock in ids],
        "risks": [f"{len(facts.column(COUPONS))} codes run already."],
    }


def _break_even(facts: Facts) -> str | None:
    """The budget over the margin of what the collection sold in a quarter; None where a piece's cost is not known."""
    rows = facts.sql(
        "SELECT product, sum(l.cents), sum(quantity) FROM lines l JOIN objects p ON p.kind = 'product' AND p.id ="
        " product, json_each(p.body, '$.categories') c JOIN objects t ON t.kind = 'product_cat' AND t.id = c.value"
        " WHERE t.name = ? AND l.day BETWEEN ? AND ? GROUP BY product",
        facts.arguments["collection"], ago(90), ago(1),
    )  # fmt: skip
    costs = [(cost(facts, product), sales, units) for product, sales, units in rows]
    if any(each is None for each, _, _ in costs):
        return None
    sales = sum(cents for _, cents, _ in costs)
    left = sales - sum(each * units for each, _, units in costs if each)
    return _money(300 / (Decimal(left) / sales))


CAMPAIGN = Case(
    agent="campaign-planner",
    arguments={
        "goal": "20 % more net sales than in the days before",
        "starts": ago(-7),
        "ends": ago(-20),
        "budget": "300.00",
        "collection": "SIGNATURE",
    },
    steps=[
        Step("brand_guide_get"),
        Step("woo_collections_list"),
        Step("woo_products_list", lambda seen: {"category": _collection(seen)["id"], "limit": 100}),
        Step("woo_coupons_list"),
        Step("wp_posts_list", {"status": "future"}),
        Step("experiments_list"),
        Step("insights_sales_analyze", {"first": ago(14), "last": ago(1)}),
        Step("insights_customers_segment"),
        Step("insights_margins_report", {"by": "category", "first": ago(90), "last": ago(1)}),
    ],
    deliver=_campaign,
    checks=[Check("", _campaign_in_shop)],
    falsify=[
        "insights_sales_analyze",
        "insights_customers_segment",
        "insights_margins_report",
        "woo_products_list:stock",
        "woo_products_list:id",
    ],
)

# --- email-writer ----------------------------------------------------------------------------------------------------


def _body(names: list[tuple[str, str]], code: str, amount: str, least: str, currency: str) -> str:
    pieces = "".join(f"<li>{name}, {price} {currency}</li>" for name, price in names)
    return (
        "<p>Hello {{first_name|there}}, two pieces are back on the rail, cut and sewn in Paris in small runs.</p>"
        f"<ul>{pieces}</ul><p>The code {code} takes {amount} {currency} off from {least} {currency}.</p>"
    )


def _plain(html: str) -> int:
    return len(re.sub(r"<[^>]+>", " ", html).split())


def _newsletter(seen: Seen) -> Json:
    site, pieces, coupon = seen("wp_site_get"), seen.all("woo_products_get"), seen("woo_coupons_get")
    body = _body(
        [(one["name"], one["price"]) for one in pieces],
        *(coupon[name] for name in ("code", "amount", "minimum_amount")),
        site["currency"],
    )
    return {
        "flow": seen.arguments["flow"],
        "audience": {
            "segment": "champions",
            "customers": _segment(seen, "champions")["customers"],
            "consent": "unknown",
        },
        "mails": [
            {
                "number": 1,
                "send_after_hours": 0,
                "subjects": ["Two pieces, back on the rail", "Which of the two would you wear?"],
                "preheader": "Cut and sewn in Paris, in small runs, and numbered.",
                "body": body,
                "words": _plain(body),
                "product_ids": [one["id"] for one in pieces],
                "media_ids": [one["items"][0]["id"] for one in seen.all("wp_media_list")],
                "link": f"{pieces[0]['link']}?utm_source=newsletter&utm_medium=email",
                "goal": "order",
            }
        ],
        "coupon": {
            "coupon_id": coupon["id"],
            "code": coupon["code"],
            "discount_type": coupon["type"],
            "amount": coupon["amount"],
            "expires": coupon.get("expires"),
        },
        "suppression": ["Who unsubscribed, bounced or complained."],
        "compliance": [{"check": "consent", "result": "person_must_check"}],
        "shop_settings": [],
        "changes": [],
        "unknowns": ["Consent of the recipients."],
    }


def _newsletter_in_shop(facts: Facts, told: Json) -> Json:
    ids = [int(one) for one in facts.arguments["product_ids"].split(",")]
    names = [(of(facts, "product", one, "name"), of(facts, "product", one, "price")) for one in ids]
    coupon = facts.one("SELECT id FROM objects WHERE kind = 'coupon' AND code = ?", facts.arguments["offer"])
    shown = {name: of(facts, "coupon", coupon, name) for name in ("code", "amount", "minimum_amount", "discount_type")}
    body = _body(names, shown["code"], shown["amount"], shown["minimum_amount"], "EUR")
    picture = "SELECT id FROM objects WHERE kind = 'attachment' AND name LIKE ?"
    return {
        "audience": {"customers": segment_size(facts, "champions")},
        "mails": [
            {
                "body": body,
                "words": _plain(body),
                "product_ids": ids,
                "media_ids": [facts.one(picture, f"{name} in %") for name, _ in names],
                "link": f"{page_of(facts, 'product', ids[0])}?utm_source=newsletter&utm_medium=email",
            }
        ],
        "coupon": {"coupon_id": coupon, "code": shown["code"], "amount": shown["amount"]},
    }


MAIL = Case(
    agent="email-writer",
    arguments={"flow": "newsletter", "segment": "champions", "product_ids": "57,124", "offer": "love15"},
    steps=[
        Step("brand_guide_get"),
        Step("wp_site_get"),
        Step("insights_customers_segment"),
        Step("woo_products_get", lambda seen: [{"id": int(one)} for one in seen.arguments["product_ids"].split(",")]),
        Step("woo_coupons_list"),
        Step(
            "woo_coupons_get",
            lambda seen: [
                {"id": one["id"]} for one in seen("woo_coupons_list")["items"] if one["code"] == seen.arguments["offer"]
            ],
        ),
        Step("wp_media_list", lambda seen: [{"search": f"{one['name']} in"} for one in seen.all("woo_products_get")]),
    ],
    deliver=_newsletter,
    checks=[Check("", _newsletter_in_shop)],
    own={"mails[].number": "its own order of mails", "mails[].send_after_hours": "its own timing"},
    falsify=["woo_products_get", "woo_coupons_get", "insights_customers_segment", "wp_media_list:id"],
)

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
        "hypothesis": "Because last week's export says view 12000, cart 900, we believe that naming the run in the short"
        " description moves more visitors to add the dress to the cart, since it tells what is rare.",
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
                "place": "short_description",
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
        "budget": {"total": _money(total), "planned": _money(planned), "left": _money(total - planned)},
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
        "results": [{"orders": orders, "sales": _money(Decimal(sales) / 100)}],
        "budget": {"total": _money(total), "planned": _money(planned), "left": _money(total - planned)},
    }


SCOUT = Case(
    agent="influencer-scout",
    arguments={
        "niche": "People in France who wear dresses on weekdays",
        "budget": "400.00",
        "candidates": "noor.wears, instagram, 8200 followers, 410 likes, FR\nbig.bag, instagram, 90000 followers, 90 likes, FR",
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

CASES = [CAMPAIGN, MAIL, TEST, SCOUT, *marketing_social.CASES, *marketing_site.CASES]
