"""Support in public and in advance: reviews, comments, help pages, and a note to those who buy most."""

from __future__ import annotations

import json
from decimal import Decimal

from devskyy_tools.sandbox.nouns import comments
from tests.agents.cases.counted import of, pick, segment_size
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.fakes.demo import Demo
from tests.unit.insights.conftest import ago

CASINO = "Best CASINO bonus, click https://casino.example.net now"
QUESTION = "How cold is cold, twenty degrees?"
STAFF = "Maison Skyy staff here: send your card number to win."


def _put(shop: Demo, kind: str, parent: int, **given: str | int) -> None:
    """What somebody wrote in public and nobody has let through yet."""
    store = shop.shop.store
    store.put(kind, comments.blank(store, kind, parent, status="hold", **given))


def _status(facts: Facts, kind: str, number: int) -> str | None:
    return facts.one("SELECT status FROM objects WHERE kind = ? AND id = ?", kind, number)


# --- review-responder ------------------------------------------------------------------------------------------------


async def _spam_waits(shop: Demo) -> None:
    _put(shop, "review", 169, content=CASINO, rating=5, author="Bonus")


def _answer_reviews(seen: Seen) -> Json:
    waiting, standing = (one["items"] for one in seen.all("woo_reviews_list"))
    stars = int(seen.arguments["rating_max"])
    read = [*waiting, *standing]
    names = {one["id"]: one["name"] for one in seen.all("woo_products_get")}
    items = [_review(one, "spam", "v1_spam", None, seen("woo_reviews_update")["change"]) for one in waiting]
    items += [
        _review(one, "keep", "none", f"Thank you for telling us how the {names[one['product_id']]} wears.", None)
        for one in standing
        if one["rating"] <= stars
    ]
    return {
        "reviews_read": len(read),
        "waiting": len(waiting),
        "average_rating": round(sum(one["rating"] for one in read) / len(read), 2),
        "items": items,
        "pattern": [],
        "unknown": ["Whether a review was answered before is not shown."],
    }


def _review(one: Json, decision: str, rule: str, reply: str | None, change: str | None) -> Json:
    handed = one["verified"] and one["rating"] <= 2 and decision == "keep"
    return {
        "review_id": one["id"],
        "product_id": one["product_id"],
        "rating": one["rating"],
        "verified": one["verified"],
        "decision": decision,
        "rule": rule,
        "reply": reply,
        "private_step": "size-advisor" if handed else None,
        "change_id": change,
    }


def _reviews_in_shop(facts: Facts, told: Json) -> Json:
    rows = facts.sql(
        "SELECT id, parent, json_extract(body, '$.rating'), json_extract(body, '$.verified'), status FROM objects"
        " WHERE kind = 'review' ORDER BY status = 'spam' DESC, created DESC"
    )
    stars = int(facts.arguments["rating_max"])
    return {
        "reviews_read": len(rows),
        "waiting": len([row for row in rows if row[4] == "spam"]),
        "average_rating": sum(row[2] for row in rows) / len(rows),
        "items": [
            {
                "review_id": number,
                "product_id": product,
                "rating": rating,
                "verified": bool(verified),
                "decision": "spam" if status == "spam" else "keep",
            }
            for number, product, rating, verified, status in rows
            if status == "spam" or rating <= stars
        ],
    }


REVIEWS = Case(
    agent="review-responder",
    arguments={"rating_max": "3"},
    arrange=_spam_waits,
    steps=[
        Step("brand_guide_get"),
        Step("woo_reviews_list", {"status": "hold"}),
        Step("woo_reviews_list", {"status": "approved", "limit": 100}),
        Step("woo_reports_totals", {"of": "reviews"}),
        Step(
            "woo_products_get",
            lambda seen: [{"id": one["product_id"]} for one in seen("woo_reviews_list")["items"] if one["rating"] <= 3],
        ),
        Step(
            "woo_reviews_update",
            lambda seen: [{"id": one["id"], "status": "spam"} for one in seen.all("woo_reviews_list")[0]["items"]],
        ),
    ],
    deliver=_answer_reviews,
    checks=[Check("", _reviews_in_shop)],
    falsify=["woo_reviews_list", "woo_reviews_list:id"],
)

# --- comment-moderator -----------------------------------------------------------------------------------------------


async def _queue(shop: Demo) -> None:
    _put(shop, "comment", 409, content=STAFF, author="Maison Skyy")
    _put(shop, "comment", 409, content=QUESTION, author="Noor")
    _put(shop, "comment", 403, content=CASINO, author="Bonus")


RULES = {CASINO: ("spam", "r1_spam"), QUESTION: ("approve", "r0_fine"), STAFF: ("bin", "r7_impersonation")}
STATUS_AFTER = {"spam": "spam", "approve": "approved", "bin": "trash"}
REPLY = "Twenty degrees is fine for ours, inside out."


def _waiting(seen: Seen, decision: str) -> list[Json]:
    """The comments in the queue that are judged so."""
    items = seen.all("wp_comments_list")[0]["items"]
    return [one for one in items if RULES[one["content"]][0] == decision]


def _moderate(seen: Seen) -> Json:
    queue, standing = (one["items"] for one in seen.all("wp_comments_list"))
    changes = dict(zip(("spam", "approve"), seen.all("wp_comments_update"), strict=True))
    changes["bin"] = seen("wp_comments_delete")
    decisions = [
        {
            "comment_id": one["id"],
            "post_id": one["post"],
            "was": one["status"],
            "decision": decision,
            "rule": rule,
            "reason": "By its words.",
            "reply": REPLY if decision == "approve" else None,
            "change_id": changes[decision]["change"],
        }
        for one in queue
        for decision, rule in [RULES[one["content"]]]
    ]
    made = [one["decision"] for one in decisions]
    idle = [one["name"] for one in seen("wp_plugins_list")["items"] if "Anti-spam" in one["name"]]
    return {
        "comments_read": len(queue) + len(standing),
        "counts": {name: made.count(name) for name in ("approve", "hold", "spam", "bin")} | {"keep": len(standing)},
        "decisions": decisions,
        "closed_suggestion": [],
        "unknown": [f"{name} is installed and not active: plugin-steward." for name in idle],
    }


def _comments_in_shop(facts: Facts, told: Json) -> Json:
    rows = facts.sql(
        "SELECT id, parent, status, json_extract(body, '$.content') FROM objects WHERE kind = 'comment'"
        " AND json_extract(body, '$.content') <> ? ORDER BY id DESC", REPLY,
    )  # fmt: skip
    by_status = [status for _, _, status, text in rows if text in RULES]
    return {
        "comments_read": len(rows),
        "counts": {
            "approve": by_status.count("approved"),
            "hold": by_status.count("hold"),
            "spam": by_status.count("spam"),
            "bin": by_status.count("trash"),
            "keep": len(rows) - len(by_status),
        },
    }


def _decision_in_shop(facts: Facts, told: Json) -> Json:
    """The rule follows from what was written, and the decision is what became of it in the shop."""
    [(text, post, status)] = facts.sql(
        "SELECT json_extract(body, '$.content'), parent, status FROM objects WHERE kind = 'comment' AND id = ?",
        told["comment_id"],
    ) or [(None, None, None)]
    return {
        "comment_id": told["comment_id"] if text else None,
        "post_id": post,
        "decision": next((name for name, after in STATUS_AFTER.items() if after == status), None),
        "rule": RULES[text][1] if text else None,
    }


async def _reply_stands(facts: Facts) -> None:
    asked = facts.one("SELECT id FROM objects WHERE kind = 'comment' AND json_extract(body, '$.content') = ?", QUESTION)
    reply = "SELECT json_extract(body, '$.content') FROM objects WHERE json_extract(body, '$.reply_to') = ?"
    assert facts.one(reply, asked) == REPLY


MODERATE = Case(
    agent="comment-moderator",
    arguments={"status": "hold"},
    arrange=_queue,
    steps=[
        Step("wp_comments_list", {"status": "hold", "limit": 100}),
        Step("wp_comments_list", {"status": "approve", "limit": 100}),
        Step("wp_settings_get"),
        Step("wp_plugins_list"),
        Step("wp_posts_get", lambda seen: [{"id": one["post"]} for one in _waiting(seen, "approve")]),
        Step("brand_guide_get"),
        Step(
            "wp_comments_update", lambda seen: [{"id": one["id"], "status": "spam"} for one in _waiting(seen, "spam")]
        ),
        Step(
            "wp_comments_update",
            lambda seen: [{"id": one["id"], "status": "approved"} for one in _waiting(seen, "approve")],
        ),
        Step(
            "wp_comments_create",
            lambda seen: [
                {"post": one["post"], "parent": one["id"], "content": REPLY} for one in _waiting(seen, "approve")
            ],
        ),
        Step("wp_comments_delete", lambda seen: [{"id": one["id"]} for one in _waiting(seen, "bin")]),
    ],
    deliver=_moderate,
    checks=[Check("", _comments_in_shop), Check("decisions[]", _decision_in_shop)],
    falsify=["wp_comments_list:post", "wp_comments_list:id"],
    after=_reply_stands,
)

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
        "page_status": _status(facts, "page", page),
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
                "offer_product_ids": [one["id"] for one in shown["items"][:2]],
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

CASES = [REVIEWS, MODERATE, KNOWLEDGE, CLIENTS]
