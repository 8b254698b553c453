"""Those who say what fits, and what a person may know of themselves, at work."""

from __future__ import annotations

import re

from tests.agents.cases.counted import pick
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.agents.cases.support import OPEN
from tests.unit.insights.conftest import ago

# --- size-advisor ----------------------------------------------------------------------------------------------------

SMALL, LARGE, TRUE = ("small", "tight", "short", "size up"), ("large", "wide", "long", "size down"), ("true to size",)


def _size(seen: Seen) -> Json:
    product, size = seen("woo_products_get"), seen.arguments["usual_size"].split()[0]
    fitting = [one for one in seen("woo_variations_list")["items"] if one["options"]["Size"] == size]
    stock = sum(one["stock"] for one in fitting)
    said = [one["review"].lower() for one in seen("woo_reviews_list")["items"]]
    page = seen("wp_pages_get")["content"]
    return {
        "product_id": product["id"],
        "size": size,
        "variation_ids": sorted(one["id"] for one in fitting),
        "stock": stock,
        "in_stock": stock > 0,
        "second_size": None,
        "confidence": "low",
        "basis": ["usual_size", "reviews"],
        "reviews_read": len(said),
        **{
            name: sum(any(word in text for word in words) for text in said)
            for name, words in (("says_small", SMALL), ("says_large", LARGE), ("says_true", TRUE))
        },
        "reason": f"{len(said)} review, and none that tells how it runs.",
        "answer": f"{size}: that is what you wear of ours. Compare it with a piece that fits you.",
        "ask": "What does a dress that fits you measure across the chest, lying flat?",
        "unknown": [] if re.search(r"\d cm", page) else ["The size guide has no figures."],
    }


def _size_in_shop(facts: Facts, told: Json) -> Json:
    product = int(facts.arguments["product_id"])
    rows = facts.sql(
        "SELECT v.id, json_extract(v.body, '$.stock_quantity') FROM objects v, json_each(v.body, '$.attributes') a"
        " WHERE v.kind = 'variation' AND v.parent = ? AND json_extract(a.value, '$.slug') = 'pa_size'"
        " AND json_extract(a.value, '$.option') = ? ORDER BY v.id", product, told["size"],
    )  # fmt: skip
    said = facts.column(
        "SELECT lower(json_extract(body, '$.content')) FROM objects WHERE kind = 'review' AND parent = ?"
        " AND status = 'approved'", product,
    )  # fmt: skip
    return {
        "product_id": product,
        "variation_ids": [number for number, _ in rows],
        "stock": sum(stock for _, stock in rows),
        "reviews_read": len(said),
        "says_small": len([text for text in said if any(word in text for word in SMALL)]),
        "says_large": len([text for text in said if any(word in text for word in LARGE)]),
        "says_true": len([text for text in said if any(word in text for word in TRUE)]),
        "reason": f"{len(said)} review, and none that tells how it runs.",
    }


SIZE = Case(
    agent="size-advisor",
    arguments={"product_id": "169", "usual_size": "M of this house"},
    steps=[
        Step("woo_products_get", lambda seen: {"id": int(seen.arguments["product_id"])}),
        Step("woo_variations_list", lambda seen: {"product_id": seen("woo_products_get")["id"]}),
        Step("wp_pages_list", {"search": "size"}),
        Step("wp_pages_get", lambda seen: {"id": seen("wp_pages_list")["items"][0]["id"]}),
        Step("woo_reviews_list", lambda seen: {"product": [seen("woo_products_get")["id"]], "status": "approved"}),
        Step("insights_refunds_analyze"),
    ],
    deliver=_size,
    checks=[Check("", _size_in_shop)],
    falsify=["woo_variations_list", "woo_variations_list:id", "woo_products_get:id"],
)

# --- privacy-officer -------------------------------------------------------------------------------------------------


def _access(seen: Seen) -> Json:
    export, account = seen("wp_privacy_export"), seen("woo_customers_list")["items"][0]
    held: list[Json] = [{"group": one["group"], "count": one["count"], "action": "give"} for one in export["groups"]]
    orders = seen("woo_orders_list")["items"]
    year, month, day = map(int, seen.arguments["received_on"].split("-"))
    year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return {
        **pick(seen.arguments, "kind", "law", "received_on"),
        "due_on": f"{year}-{month:02d}-{min(day, 28):02d}",
        "identity": "confirmed_by_person",
        "customer_id": account["id"],
        "held": held,
        "held_total": sum(one["count"] for one in held),
        "open_orders": sorted(one["id"] for one in orders if one["status"] in OPEN),
        "decision": "ready_to_give",
        "exceptions": [],
        "done": [],
        "recipients_to_tell": [],
        "reply": "[name], here is what we hold of you.",
        "unknown": export.get("missing", []),
    }


OF_USER = "FROM objects WHERE kind = 'user' AND json_extract(body, '$.email') = ?"
OF_ORDER = "FROM objects WHERE kind = 'order' AND json_extract(body, '$.billing.email') = ?"
HELD = {
    "user": f"SELECT count(*) {OF_USER}",
    "comments": "SELECT count(*) FROM objects WHERE kind IN ('review', 'comment') AND body ->> '$.email' = ?",
    "woocommerce_orders": f"SELECT count(*) {OF_ORDER}",
}


def _access_in_shop(facts: Facts, told: Json) -> Json:
    email = facts.arguments["email"]
    counts = {group: facts.one(query, email) for group, query in HELD.items()}
    return {
        "customer_id": facts.one(f"SELECT id {OF_USER}", email),
        "held": [{"group": group, "count": count} for group, count in counts.items() if count],
        "held_total": sum(counts.values()),
        "open_orders": facts.column(
            f"SELECT id {OF_ORDER} AND status IN ('pending', 'on-hold', 'processing') ORDER BY id", email,
        ),
    }  # fmt: skip


ACCESS = Case(
    agent="privacy-officer",
    arguments={"email": "amina.okafor@example.com", "kind": "access", "received_on": ago(3), "law": "gdpr"},
    steps=[
        Step("wp_privacy_export", lambda seen: pick(seen.arguments, "email")),
        Step("woo_customers_list", lambda seen: pick(seen.arguments, "email")),
        Step("woo_customers_get", lambda seen: {"id": seen("woo_customers_list")["items"][0]["id"]}),
        Step("woo_orders_list", lambda seen: {"search": seen.arguments["email"], "limit": 100}),
        Step("wp_users_list", lambda seen: {"search": seen.arguments["email"]}),
        Step("wp_plugins_list"),
    ],
    deliver=_access,
    checks=[Check("", _access_in_shop)],
    falsify=["wp_privacy_export", "woo_customers_list:id", "woo_orders_list:id"],
)

CASES = [SIZE, ACCESS]
