"""Support before anybody asks: help pages, and a note to those who buy most."""

from __future__ import annotations

import json
from decimal import Decimal

from tests.agents.cases.counted import of, pick, segment_size
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.agents.cases.support_public import status_of
from tests.unit.insights.conftest import ago

# --- knowledge-curator -----------------------------------------------------------------------------------------------


def _answers(seen: Seen) -> list[Json]:
    """An entry for each zone's ways of delivery, and one for the ways to pay."""
    entries = [
        {
            "question": f"What does delivery to {zone['name']} cost?",
            "answer": "; ".join(_way(one["title"], one["settings"], zone["currency"]) for one in zone["methods"]),
            "source": "shipping_zone",
            "source_id": str(zone["id"]),
        }
        for zone in seen.all("woo_zones_get")
        if zone["methods"]
    ]
    pay = [one for one in seen("woo_gateways_list")["items"] if one["enabled"]]
    entries += [
        {"question": f"Can I pay by {one['title']}?", "answer": "Yes.", "source": "gateway", "source_id": one["id"]}
        for one in pay
    ]
    return entries


def _way(title: str, settings: Json, currency: str) -> str:
    cost = settings.get("cost")
    return f"{title}: {cost} {currency}" if cost else f"{title}: free from {settings['min_amount']} {currency}"


def _help_page(seen: Seen) -> Json:
    done = seen("wp_pages_create")
    return {
        "topic": seen.arguments["topic"],
        "tickets_read": 0,
        "groups": [],
        "page_id": int(done["changes"][0]["id"]),
        "page_status": done["changes"][0]["fields"]["status"],
        "entries": _answers(seen),
        "contradictions": [],
        "gaps": [] if "days" in seen("wp_pages_get")["content"] else ["How long does delivery take? (warehouse)"],
        "change_id": done["change"],
        "unknown": ["No tickets were given: there are no counts."],
    }


def _page_in_shop(facts: Facts, told: Json) -> Json:
    zones = facts.sql(
        "SELECT z.id, z.name, json_extract(m.body, '$.settings.title'), m.body -> '$.settings' FROM objects z"
        " JOIN objects m ON m.kind = 'zone_method' AND m.parent = z.id WHERE z.kind = 'zone' ORDER BY z.id, m.id"
    )
    answers: dict[str, list[str]] = {}
    for zone, _, title, settings in zones:
        answers.setdefault(str(zone), []).append(_way(title, json.loads(settings), "EUR"))
    page = facts.one("SELECT id FROM objects WHERE kind = 'page' ORDER BY id DESC LIMIT 1")
    return {
        "page_id": page,
        "page_status": status_of(facts, "page", page),
        "entries": [
            *({"source_id": zone, "answer": "; ".join(ways)} for zone, ways in answers.items()),
            *({"answer": "Yes."} for one in told["entries"] if one["source"] == "gateway"),
        ],
    }


async def _page_says_it(facts: Facts) -> None:
    content = of(facts, "page", facts.delivered["page_id"], "content")
    assert all(one["answer"] in content for one in facts.delivered["entries"])


KNOWLEDGE = Case(
    agent="knowledge-curator",
    arguments={"topic": "delivery and payment"},
    steps=[
        Step("brand_guide_get"),
        Step("wp_pages_list"),
        Step("wp_search", {"query": "delivery"}),
        Step("wp_pages_get", lambda seen: {"id": seen("wp_search")["items"][0]["id"]}),
        Step("woo_zones_list"),
        Step("woo_zones_get", lambda seen: [{"id": one["id"]} for one in seen("woo_zones_list")["items"]]),
        Step("woo_gateways_list"),
        Step(
            "wp_pages_create",
            lambda seen: {
                "title": "Delivery and payment",
                "status": "draft",
                "content": "".join(f"<h3>{one['question']}</h3><p>{one['answer']}</p>" for one in _answers(seen)),
            },
        ),
    ],
    deliver=_help_page,
    checks=[Check("", _page_in_shop)],
    own={"tickets_read": "no ticket file was given"},
    falsify=["woo_zones_get", "woo_zones_get:id", "wp_pages_create:id"],
    after=_page_says_it,
)

# --- vip-clienteler --------------------------------------------------------------------------------------------------

PAID_ORDERS = ("processing", "completed")


def _accounts(seen: Seen) -> list[int]:
    """The accounts among the champions."""
    segment = _champions(seen)
    return [int(one.split()[1]) for one in segment["examples"] if one.startswith("customer ")]


def _champions(seen: Seen) -> Json:
    return next(one for one in seen("insights_customers_segment")["segments"] if one["segment"] == "champions")


def _clients(seen: Seen) -> Json:
    people: list[Json] = []
    coupons = seen.all("woo_coupons_create")
    for account, orders, coupon, shown in zip(
        seen.all("woo_customers_get"),
        seen.all("woo_orders_list"),
        coupons,
        seen.all("woo_products_related"),
        strict=True,
    ):
        paid = [one for one in orders["items"] if one["status"] in PAID_ORDERS]
        fields = coupon["changes"][0]["fields"]
        people.append(
            {
                "customer_id": account["id"],
                "orders": len(paid),
                "spent": str(sum(Decimal(one["total"]) for one in paid)),
                "last_order_id": orders["items"][0]["id"],
                "last_order_on": orders["items"][0]["date"][:10],
                "why": "Comes back for the same piece.",
                "note": "[first name], the new piece is here; come and see it.",
                "channel": "letter_in_parcel",
                "gift": {
                    **pick(fields, "code", "discount_type", "amount"),
                    "expires": fields["date_expires"][:10],
                    "coupon_id": int(coupon["changes"][0]["id"]),
                },
                # The shop draws them by lot: those that are sold out are not offered.
                "offer_product_ids": [
                    one["id"] for one in shown["items"] if one.get("stock_status", "instock") == "instock"
                ][:2],
            }
        )
    return {
        "segment": "champions",
        "segment_size": _champions(seen)["customers"],
        "currency": seen("insights_customers_segment")["currency"],
        "people": people,
        "gift_total": str(sum(Decimal(one["gift"]["amount"]) for one in people)),
        "left_out": [],
        "unknown": ["Guests among the segment were left out."],
    }


def _person_in_shop(facts: Facts, told: Json) -> Json:
    """An account's paid orders, and the code that was made for its address alone."""
    number = told["customer_id"]
    paid = facts.sql(
        "SELECT count(*), sum(cents) FROM sales WHERE customer = ? AND status IN ('processing', 'completed')", number
    )[0]
    email = facts.one("SELECT json_extract(body, '$.email') FROM objects WHERE kind = 'user' AND id = ?", number)
    coupon = facts.one(
        "SELECT c.id FROM objects c, json_each(c.body, '$.email_restrictions') e WHERE c.kind = 'coupon'"
        " AND e.value = ?", email,
    )  # fmt: skip
    return {
        "customer_id": number if email else None,
        "orders": paid[0],
        "spent": f"{Decimal(paid[1] or 0) / 100:.2f}",
        "last_order_id": facts.one(
            "SELECT id FROM objects WHERE kind = 'order' AND json_extract(body, '$.customer_id') = ?"
            " ORDER BY created DESC LIMIT 1", number,
        ),
        "gift": {
            "coupon_id": coupon,
            "code": coupon and of(facts, "coupon", coupon, "code"),
            "amount": coupon and of(facts, "coupon", coupon, "amount"),
        },
    }  # fmt: skip


def _offered(facts: Facts, number: int) -> int | None:
    """A published piece with stock."""
    return facts.one(
        "SELECT id FROM objects WHERE kind = 'product' AND id = ? AND status = 'publish'"
        " AND json_extract(body, '$.stock_status') = 'instock'", number,
    )  # fmt: skip


def _gifts(facts: Facts, told: Json) -> Json:
    total = facts.one(
        "SELECT sum(json_extract(body, '$.amount')) FROM objects WHERE kind = 'coupon'"
        " AND json_array_length(body, '$.email_restrictions') = 1"
    )
    return {"gift_total": f"{total:.2f}", "segment_size": segment_size(facts, "champions")}


CLIENTS = Case(
    agent="vip-clienteler",
    arguments={"segment": "champions", "occasion": "a thank-you; the segment may be small", "gift_budget": "20.00"},
    steps=[
        Step("brand_guide_get"),
        Step("woo_collections_list"),
        Step("insights_customers_segment", {"examples": 20}),
        Step("woo_customers_get", lambda seen: [{"id": one} for one in _accounts(seen)]),
        Step("woo_orders_list", lambda seen: [{"customer": one, "limit": 100} for one in _accounts(seen)]),
        Step("woo_orders_get", lambda seen: [{"id": one["items"][0]["id"]} for one in seen.all("woo_orders_list")]),
        Step(
            "woo_products_related",
            lambda seen: [{"id": one["lines"][0]["product_id"]} for one in seen.all("woo_orders_get")],
        ),
        Step("woo_coupons_list"),
        Step(
            "woo_coupons_create",
            lambda seen: [
                {
                    "code": f"skyy{letters}",
                    "discount_type": "fixed_cart",
                    "amount": "8.00",
                    "usage_limit": 1,
                    "usage_limit_per_user": 1,
                    "individual_use": True,
                    "date_expires": f"{ago(-60)}T00:00:00",
                    "more": {"email_restrictions": [one["email"]]},
                }
                for letters, one in zip(("kqzm", "wvhr", "tlbx", "pgnd"), seen.all("woo_customers_get"), strict=False)
            ],
        ),
    ],
    deliver=_clients,
    checks=[Check("", _gifts), Check("people[]", _person_in_shop), Check("people[].offer_product_ids[]", _offered)],
    falsify=["woo_orders_list:total", "insights_customers_segment:customers", "woo_coupons_create:amount"],
)

CASES = [KNOWLEDGE, CLIENTS]
