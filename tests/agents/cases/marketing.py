"""The marketers at work: plans, mails, tests, creators."""

from __future__ import annotations

import re
from decimal import Decimal

from tests.agents.cases.counted import cost, of, pick, segment_size, sums
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.agents.cases.marketing_site import money_of, page_of
from tests.unit.insights.conftest import ago

COUPONS = "SELECT id FROM objects WHERE kind = 'coupon' AND status = 'publish'"


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
            "target": money_of(Decimal(report["now"]["net"]) * Decimal("1.2")),
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
            "total": money_of(budget),
            "lines": [
                {"item": item, "amount": money_of(budget * part)}
                for item, part in (("Film of the embroidery", Decimal("0.9")), ("Kept until half-time", Decimal("0.1")))
            ],
            "break_even_net_sales": None if share is None else money_of(budget / share),
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
        "goal": {"target": money_of(Decimal(counted["net"]) * Decimal("1.2"))},
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
    return money_of(300 / (Decimal(left) / sales))


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


def _body(names: list[tuple[str, str]], coupon: Json, currency: str) -> str:
    pieces = "".join(f"<li>{name}, {price} {currency}</li>" for name, price in names)
    return (
        "<p>Hello {{first_name|there}}, two pieces are back on the rail, cut and sewn in Paris in small runs.</p>"
        f"<ul>{pieces}</ul><p>The code {coupon['code']} takes {coupon['amount']} {currency} off"
        f" from {coupon['minimum_amount']} {currency}.</p>"
    )


def _plain(html: str) -> int:
    return len(re.sub(r"<[^>]+>", " ", html).split())


def _newsletter(seen: Seen) -> Json:
    site, pieces, coupon = seen("wp_site_get"), seen.all("woo_products_get"), seen("woo_coupons_get")
    body = _body(
        [(one["name"], one["price"]) for one in pieces],
        coupon,
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
    body = _body(names, shown, "EUR")
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
        Step("woo_coupons_list", lambda seen: {"code": seen.arguments["offer"]}),
        Step("woo_coupons_get", lambda seen: {"id": seen("woo_coupons_list")["items"][0]["id"]}),
        Step("wp_media_list", lambda seen: [{"search": f"{one['name']} in"} for one in seen.all("woo_products_get")]),
    ],
    deliver=_newsletter,
    checks=[Check("", _newsletter_in_shop)],
    own={"mails[].number": "its own order of mails", "mails[].send_after_hours": "its own timing"},
    falsify=["woo_products_get", "woo_coupons_get", "insights_customers_segment", "wp_media_list:id"],
)

CASES = [CAMPAIGN, MAIL]
