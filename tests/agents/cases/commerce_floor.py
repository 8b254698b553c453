"""Those who arrange the shop and release collections, at work."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal

from tests.agents.cases.counted import of
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.unit.insights.conftest import ago

MONTH = {"first": ago(29), "last": ago(0)}
IN = """SELECT p.id FROM objects p, json_each(p.body, '$.categories') c JOIN objects k ON k.kind = 'product_cat' AND
k.id = c.value WHERE p.kind = 'product' AND json_extract(k.body, '$.name') = ? AND p.status {status}"""
SHOWN = IN.format(status="= 'publish'")


def _category(seen: Seen) -> int:
    named = seen.arguments["collection"]
    return next(one["id"] for one in seen("woo_collections_list")["items"] if one["name"] == named)


def _sold(seen: Seen) -> dict[int, int]:
    return {one["product_id"]: one["sold"] for one in seen("woo_reports_top_sellers")["items"]}


def _ordered(seen: Seen) -> list[Json]:
    """By pieces times price of the month, sold out last."""
    sold = _sold(seen)
    return sorted(
        seen.all("woo_products_get"),
        key=lambda one: (
            one["stock_status"] == "outofstock",
            -sold.get(one["id"], 0) * Decimal(one["price"]),
            one["id"],
        ),
    )


def _upsells(seen: Seen) -> list[int]:
    """Dearer by 15 to 60 %, in stock and in the collection."""
    first = _ordered(seen)[0]
    low, high = (Decimal(first["price"]) * share for share in (Decimal("1.15"), Decimal("1.6")))
    return [
        one["id"] for one in _ordered(seen) if low <= Decimal(one["price"]) <= high and one["stock_status"] == "instock"
    ][:4]


def _floor(seen: Seen) -> Json:
    sold, places = _sold(seen), dict[int, int]()
    for done in seen.all("woo_catalog_bulk"):
        places |= {int(one["id"]): one["fields"]["menu_order"][1] for one in done["changes"]}
    links = seen("woo_products_update")["changes"][0]
    return {
        "category_id": _category(seen),
        "objective": seen.arguments["objective"],
        "ordering": [
            {
                "product_id": one["id"],
                "menu_order": places[one["id"]],
                "stock_status": one["stock_status"],
                "sold_pieces": sold.get(one["id"], 0),
                "reason": "best_seller" if sold.get(one["id"]) else "steady",
            }
            for one in _ordered(seen)
        ],
        "links": [
            {"product_id": int(links["id"]), "upsell_ids": links["fields"]["upsell_ids"][1], "cross_sell_ids": []}
        ],
        "featured": [one["id"] for one in seen.all("woo_products_get") if one["featured"]],
        "tree": [],
        "test_idea": None,
        "changes": seen.changes,
        "unknowns": ["Whether the shop sorts by its own order."],
    }


def _placed(facts: Facts, row: Json) -> Json:
    sold = facts.one(
        "SELECT coalesce(sum(quantity), 0) FROM lines WHERE day >= ? AND product = ?", MONTH["first"], row["product_id"]
    )
    return {
        "product_id": row["product_id"]
        if row["product_id"] in facts.column(SHOWN, facts.arguments["collection"])
        else None,
        "menu_order": of(facts, "product", row["product_id"], "menu_order"),
        "stock_status": of(facts, "product", row["product_id"], "stock_status"),
        "sold_pieces": sold,
    }


def _whole_floor(facts: Facts, told: Json) -> Json:
    ids = facts.column(SHOWN, facts.arguments["collection"])
    assert sorted(row["product_id"] for row in told["ordering"]) == sorted(ids)
    return {
        "category_id": facts.one(
            "SELECT id FROM objects WHERE kind = 'product_cat' AND json_extract(body, '$.name') = ?",
            facts.arguments["collection"],
        ),
        "featured": [one for one in ids if of(facts, "product", one, "featured")],
    }


def _linked(facts: Facts, row: Json) -> Json:
    price = Decimal(of(facts, "product", row["product_id"], "price"))
    kept = json.loads(of(facts, "product", row["product_id"], "upsell_ids"))
    assert all(
        price * Decimal("1.15") <= Decimal(of(facts, "product", one, "price")) <= price * Decimal("1.6") for one in kept
    )
    return {
        "product_id": facts.one(
            "SELECT id FROM objects WHERE kind = 'product' AND json_extract(body, '$.menu_order') = 10"
        ),
        "upsell_ids": kept,
    }


FLOOR = Case(
    agent="merchandiser",
    arguments={"collection": "SIGNATURE", "objective": "revenue"},
    steps=[
        Step("woo_collections_list"),
        Step("brand_guide_get"),
        Step("woo_products_list", lambda seen: {"category": _category(seen), "status": "publish", "limit": 100}),
        Step("woo_products_get", lambda seen: [{"id": one["id"]} for one in seen("woo_products_list")["items"]]),
        Step("woo_reports_top_sellers", MONTH | {"limit": 50}),
        Step(
            "woo_catalog_bulk",
            lambda seen: {
                "noun": "products",
                "update": [{"id": one["id"], "menu_order": 10 * place} for place, one in enumerate(_ordered(seen), 1)],
            },
        ),
        Step(
            "woo_products_update", lambda seen: {"id": _ordered(seen)[0]["id"], "more": {"upsell_ids": _upsells(seen)}}
        ),
    ],
    deliver=_floor,
    checks=[Check("", _whole_floor), Check("ordering[]", _placed), Check("links[]", _linked)],
    falsify=["woo_reports_top_sellers:sold", "woo_catalog_bulk"],
)


def _sizes(seen: Seen, product: int) -> list[Json]:
    return [one for page in seen.all("woo_variations_list") for one in page["items"] if one["product_id"] == product]


def _piece(seen: Seen, one: Json) -> Json:
    sizes = _sizes(seen, one["id"])
    counted = [size.get("stock") or 0 for size in sizes] if sizes else [one.get("stock_quantity")]
    empty = [size["sku"] for size in sizes if (size.get("stock") or 0) <= 0]
    pieces = None if None in counted else sum(counted)
    return {
        "product_id": one["id"],
        "status": one["status"],
        "price": one.get("price"),
        "pictures": len(one["images"]),
        "stock_pieces": pieces,
        "sizes_without_stock": empty,
        "ready": bool(one["status"] != "publish" and len(one["images"]) >= 3 and pieces and not empty),
    }


def _release(seen: Seen) -> Json:
    live = datetime.fromisoformat(seen.arguments["go_live_at"])
    goods = [_piece(seen, one) for one in seen.all("woo_products_get")]
    ways = [one["title"] for one in seen("woo_gateways_list")["items"] if one["enabled"]]
    broken = seen("wp_links_check")["broken"]
    checks: list[tuple[str, bool, str]] = [
        ("products", all(one["status"] != "publish" for one in goods), "Some are live already."),
        ("prices", all(one["price"] for one in goods), "Every piece has a price."),
        ("pictures", all(one["pictures"] >= 3 for one in goods), "Fewer than three pictures."),
        ("stock", all(one["stock_pieces"] and not one["sizes_without_stock"] for one in goods), "Counted by size."),
        ("landing_page", bool(seen.changes), "A post is on schedule."),
        ("links", not broken, "Links of published pages."),
        ("payment", "Card" in ways, "Cards are taken."),
        ("server", seen("server_health_get")["status"] == "healthy", "The server is well."),
    ]
    return {
        "collection_id": _category(seen),
        "kind": "drop",
        "go_live_at": seen.arguments["go_live_at"],
        "time_zone": seen("wp_site_get")["time_zone"],
        "verdict": "ready" if all(fine for _, fine, _ in checks) else "not_ready",
        "products": goods,
        "checks": [
            {"check": name, "result": "pass" if fine else "fail", "evidence": said} for name, fine, said in checks
        ],
        "run_sheet": [
            {
                "at": (live - timedelta(minutes=2)).isoformat(),
                "step": "Publish.",
                "tool": "woo_products_bulk_update",
                "done_by": "agent_after_yes",
                "state": "planned",
            },
            {
                "at": seen("wp_posts_create")["changes"][0]["fields"]["date"],
                "step": "The post goes live.",
                "tool": "wp_posts_create",
                "done_by": "shop_by_schedule",
                "state": "scheduled",
            },
        ],
        "rollback": {"triggers": ["A wrong price."], "steps": ["changes_undo on the publishing change."]},
        "changes": seen.changes,
        "unknowns": [],
    }


def _released(facts: Facts, row: Json) -> Json:
    number = row["product_id"]
    sizes = facts.sql(
        "SELECT json_extract(body, '$.sku'), coalesce(json_extract(body, '$.stock_quantity'), 0) FROM objects"
        " WHERE kind = 'variation' AND parent = ? ORDER BY id DESC",
        number,
    )
    own = of(facts, "product", number, "stock_quantity")
    pictures = len(json.loads(of(facts, "product", number, "images")))
    pieces = sum(one[1] for one in sizes) if sizes else own
    empty = [sku for sku, stock in sizes if stock <= 0]
    status = of(facts, "product", number, "status")
    return {
        "product_id": number
        if number in facts.column(IN.format(status="<> 'trash'"), facts.arguments["collection"])
        else 0,
        "status": status,
        "price": of(facts, "product", number, "price"),
        "pictures": pictures,
        "stock_pieces": pieces,
        "sizes_without_stock": empty,
        "ready": bool(status != "publish" and pictures >= 3 and pieces and not empty),
    }


def _drop(facts: Facts, told: Json) -> Json:
    ids = facts.column(IN.format(status="<> 'trash'"), facts.arguments["collection"])
    assert sorted(row["product_id"] for row in told["products"]) == sorted(ids)
    planned = facts.one("SELECT count(*) FROM objects WHERE kind = 'post' AND status = 'future'")
    return {
        "collection_id": facts.one(
            "SELECT id FROM objects WHERE kind = 'product_cat' AND json_extract(body, '$.name') = ?",
            facts.arguments["collection"],
        ),
        "run_sheet": [{"state": "planned"}, {"state": "scheduled" if planned == 1 else "failed"}],
        "verdict": "not_ready",
    }


DROP = Case(
    agent="drop-launcher",
    arguments={"collection": "LOVE HURTS", "kind": "drop", "go_live_at": f"{ago(-10)}T12:00:00"},
    steps=[
        Step("wp_site_get"),
        Step("server_health_get"),
        Step("woo_collections_list"),
        Step("woo_products_list", lambda seen: {"category": _category(seen), "status": "any", "limit": 100}),
        Step("woo_products_get", lambda seen: [{"id": one["id"]} for one in seen("woo_products_list")["items"]]),
        Step(
            "woo_variations_list",
            lambda seen: [
                {"product_id": one["id"], "limit": 100}
                for one in seen("woo_products_list")["items"]
                if one["type"] == "variable"
            ],
        ),
        Step("woo_gateways_list"),
        Step("wp_links_check", {"external": False}),
        Step(
            "wp_posts_create",
            lambda seen: {
                "title": seen.arguments["collection"],
                "content": "<p>It is here.</p>",
                "status": "future",
                "date": seen.arguments["go_live_at"],
            },
        ),
    ],
    deliver=_release,
    checks=[Check("", _drop), Check("products[]", _released)],
    falsify=["woo_variations_list:stock", "woo_products_get:price", "woo_products_get:stock_quantity"],
)

CASES = [FLOOR, DROP]
