"""Who sends parcels, at work."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from devskyy_tools.sandbox import clock
from tests.agents.cases.counted import NOW, of, pick
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.fakes.demo import Demo

SHORT = """SELECT DISTINCT s.id FROM sales s JOIN lines l ON l.order_id = s.id JOIN keepers k ON k.id =
CASE WHEN variation THEN variation ELSE product END WHERE s.status = 'processing' AND k.stock < 0"""


async def _handed_over(shop: Demo) -> Json:
    """A parcel of the oldest order that was paid, with its number."""
    waiting = await shop.do("woo_orders_list", status="processing", limit=100)
    order = waiting["items"][-1]["id"]
    return {"tracking": [{"order_id": order, "carrier": "DHL", "number": "00340434161094042557"}]}


def _dispatch(seen: Seen) -> Json:
    orders = {one["id"]: one for one in seen.all("woo_orders_get")}
    sent = [row["order_id"] for row in seen.arguments["tracking"]]
    shelf = {one["id"]: one.get("stock") for page in seen.all("woo_stock_list") for one in page["items"]}
    short = [
        one["id"]
        for one in orders.values()
        if any((shelf.get(line.get("variation_id") or line["product_id"]) or 0) < 0 for line in one["lines"])
    ]
    ready = [one for one in orders.values() if one["id"] not in (*sent, *short)]
    pieces = Counter[tuple[Any, ...]]()
    for one in ready:
        for line in one["lines"]:
            pieces[(line.get("sku"), line["product_id"], line.get("variation_id"))] += line["quantity"]
    then = datetime.fromisoformat(seen.arguments["as_of"])
    return {
        "as_of": seen.arguments["as_of"],
        "counts": {"read": len(orders), "ready": len(ready), "shipped": len(sent), "exceptions": len(short)},
        "batch": [
            {
                "order_id": one["id"],
                "status": one["status"],
                "total": one["total"],
                "age_hours": max(0, int((then - datetime.fromisoformat(one["date"])).total_seconds() // 3600)),
                "pieces": sum(line["quantity"] for line in one["lines"]),
                "country": one["shipping"]["country"],
                "method": None,
            }
            for one in ready
        ],
        "pick_list": [
            {
                "sku": sku,
                "product_id": product,
                "variation_id": variation,
                "pieces": count,
                "stock": shelf.get(variation or product),
            }
            for (sku, product, variation), count in pieces.items()
        ],
        "shipped": [
            {
                "order_id": row["order_id"],
                "carrier": one["carrier"],
                "tracking_number": one["number"],
                "new_status": row["status"],
            }
            for row in seen.all("woo_shipments_list")[-1:]
            for one in row["items"]
        ],
        "exceptions": [
            {"order_id": one, "kind": "out_of_stock", "next_step": "Count the shelf.", "owner": "warehouse"}
            for one in short
        ],
        "changes": seen.changes,
        "unknowns": ["What the shop promises."],
    }


def _waiting(facts: Facts, row: Json) -> Json:
    created = datetime.fromisoformat(clock.local(of(facts, "order", row["order_id"], "created")) or "")
    hours = (datetime.fromisoformat(NOW) - created.replace(tzinfo=None)).total_seconds() // 3600
    return {
        "order_id": row["order_id"],
        "status": "processing",
        "total": of(facts, "order", row["order_id"], "total"),
        "age_hours": max(0, int(hours)),
        "pieces": facts.one("SELECT sum(quantity) FROM lines WHERE order_id = ?", row["order_id"]),
        "country": of(facts, "order", row["order_id"], "shipping.country"),
    }


def _picked(facts: Facts, row: Json) -> Json:
    kind, number = ("variation", row["variation_id"]) if row["variation_id"] else ("product", row["product_id"])
    return {
        "sku": of(facts, kind, number, "sku"),
        "product_id": of(facts, kind, number, "parent") or number,
        "variation_id": number if kind == "variation" else None,
        "pieces": facts.one(
            "SELECT sum(quantity) FROM lines l JOIN sales s ON s.id = order_id WHERE status = 'processing' AND s.id"
            f" NOT IN ({SHORT}) AND CASE WHEN variation THEN variation ELSE product END = ?",
            number,
        ),
        "stock": of(facts, kind, number, "stock_quantity"),
    }


def _sent(facts: Facts, row: Json) -> Json:
    kept = facts.one(
        "SELECT json_extract(m.value, '$.value[0].tracking_number') FROM objects o, json_each(o.body, '$.meta') m WHERE"
        " o.kind = 'order' AND o.id = ? AND json_extract(m.value, '$.key') = '_wc_shipment_tracking_items'",
        row["order_id"],
    )
    return {
        "order_id": facts.was("SELECT id FROM objects WHERE kind = 'order' AND status = 'processing' ORDER BY created"),
        "tracking_number": kept,
        "new_status": of(facts, "order", row["order_id"], "status"),
    }


def _first_parcel(seen: Seen) -> Json:
    return seen.arguments["tracking"][0]


DISPATCH = Case(
    agent="fulfilment-coordinator",
    arguments={"status": "processing", "as_of": NOW},
    arrange=_handed_over,
    steps=[
        Step("woo_order_statuses_list"),
        Step("woo_orders_list", {"status": "processing", "limit": 100}),
        Step("woo_orders_get", lambda seen: [{"id": one["id"]} for one in seen("woo_orders_list")["items"]]),
        Step(
            "woo_stock_list",
            [
                {"of": of, "stock_status": status, "limit": 100}
                for of in ("products", "variations")
                for status in ("instock", "outofstock")
            ],
        ),
        Step("woo_shipments_list", lambda seen: pick(_first_parcel(seen), "order_id")),
        Step("woo_shipments_save", _first_parcel),
        Step("woo_orders_set_status", lambda seen: {"id": _first_parcel(seen)["order_id"], "status": "completed"}),
        Step("woo_shipments_list", lambda seen: pick(_first_parcel(seen), "order_id")),
    ],
    deliver=_dispatch,
    checks=[
        Check(
            "batch[].order_id",
            f"SELECT id FROM sales WHERE status = 'processing' AND id NOT IN ({SHORT}) ORDER BY id DESC",
        ),
        Check("exceptions[].order_id", SHORT),
        Check("batch[]", _waiting),
        Check("pick_list[]", _picked),
        Check("shipped[]", _sent),
        Check(
            "counts",
            lambda facts, _: {
                "read": facts.was("SELECT count(*) FROM objects WHERE kind = 'order' AND status = 'processing'"),
                "ready": facts.one(f"SELECT count(*) FROM sales WHERE status = 'processing' AND id NOT IN ({SHORT})"),
                "shipped": len(facts.delivered["shipped"]),
                "exceptions": len(facts.column(SHORT)),
            },
        ),
    ],
    falsify=["woo_orders_get:total", "woo_orders_get:quantity", "woo_stock_list:stock", "woo_shipments_list"],
)

CASES = [DISPATCH]
