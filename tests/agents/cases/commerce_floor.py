"""Those who arrange the shop, test its checkout and release collections, at work."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal

from tests.agents.cases.counted import of, pick
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
        key=lambda one: (one["stock_status"] == "outofstock", -sold.get(one["id"], 0) * Decimal(one["price"]), one["id"]),
    )


def _upsells(seen: Seen) -> list[int]:
    """Dearer by 15 to 60 %, in stock and in the collection."""
    first = _ordered(seen)[0]
    low, high = (Decimal(first["price"]) * share for share in (Decimal("1.15"), Decimal("1.6")))
    return [one["id"] for one in _ordered(seen)
            if low <= Decimal(one["price"]) <= high and one["stock_status"] == "instock"][:4]  # fmt: skip


def _floor(seen: Seen) -> Json:
    sold, places = _sold(seen), {}
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
    sold = facts.one("SELECT coalesce(sum(quantity), 0) FROM lines WHERE day >= ? AND product = ?", MONTH["first"],
                     row["product_id"])  # fmt: skip
    return {
        "product_id": row["product_id"] if row["product_id"] in facts.column(SHOWN, facts.arguments["collection"]) else None,
        "menu_order": of(facts, "product", row["product_id"], "menu_order"),
        "stock_status": of(facts, "product", row["product_id"], "stock_status"),
        "sold_pieces": sold,
    }


def _whole_floor(facts: Facts, told: Json) -> Json:
    ids = facts.column(SHOWN, facts.arguments["collection"])
    assert sorted(row["product_id"] for row in told["ordering"]) == sorted(ids)
    return {
        "category_id": facts.one("SELECT id FROM objects WHERE kind = 'product_cat' AND json_extract(body, '$.name') = ?",
                                 facts.arguments["collection"]),
        "featured": [one for one in ids if of(facts, "product", one, "featured")],
    }  # fmt: skip


def _linked(facts: Facts, row: Json) -> Json:
    price = Decimal(of(facts, "product", row["product_id"], "price"))
    kept = json.loads(of(facts, "product", row["product_id"], "upsell_ids"))
    assert all(
        price * Decimal("1.15") <= Decimal(of(facts, "product", one, "price")) <= price * Decimal("1.6") for one in kept
    )
    return {"product_id": facts.one("SELECT id FROM objects WHERE kind = 'product' AND json_extract(body, '$.menu_order') = 10"),
            "upsell_ids": kept}  # fmt: skip


FLOOR = Case(
    agent="merchandiser",
    arguments={"collection": "SIGNATURE", "objective": "revenue"},
    steps=[
        Step("woo_collections_list"),
        Step("brand_guide_get"),
        Step("woo_products_list", lambda seen: {"category": _category(seen), "status": "publish", "limit": 100}),
        Step("woo_products_get", lambda seen: [{"id": one["id"]} for one in seen("woo_products_list")["items"]]),
        Step("woo_reports_top_sellers", MONTH | {"limit": 50}),
        Step("woo_catalog_bulk", lambda seen: {
            "noun": "products",
            "update": [{"id": one["id"], "menu_order": 10 * place} for place, one in enumerate(_ordered(seen), 1)],
        }),
        Step("woo_products_update", lambda seen: {"id": _ordered(seen)[0]["id"], "more": {"upsell_ids": _upsells(seen)}}),
    ],
    deliver=_floor,
    checks=[Check("", _whole_floor), Check("ordering[]", _placed), Check("links[]", _linked)],
    falsify=["woo_reports_top_sellers:sold", "woo_catalog_bulk"],
)  # fmt: skip


def _asked(seen: Seen) -> list[str]:
    return seen.arguments["country"].split(",")


def _baskets(seen: Seen) -> list[tuple[str, Decimal]]:
    """The cheapest and the dearest piece, and those next to the sum from which delivery is free."""
    goods = sorted((Decimal(one["price"]), one["name"]) for one in seen("woo_products_list")["items"] if "price" in one)
    ways = [way["settings"] for zone in seen.all("woo_zones_get") for way in zone["methods"]]
    free = min(Decimal(one["min_amount"]) for one in ways if "min_amount" in one)
    below, above = ([one for one in goods if (one[0] >= free) == over] for over in (False, True))
    return [(name, price) for price, name in (goods[0], below[-1], above[0], goods[-1])]


def _zone(seen: Seen, country: str) -> Json:
    zones = {one["id"]: one for one in seen.all("woo_zones_get")}
    order = sorted((one for one in zones.values() if one["id"]), key=lambda one: (one["order"], one["id"]))
    return next((one for one in order if country in {place["code"] for place in one["places"]}), zones[0])


def _way(zone: Json, total: Decimal) -> tuple[int | None, str | None]:
    """The way of shipping that costs least, and what it costs."""
    ways: list[tuple[Decimal, int]] = []
    for one in zone["methods"]:
        settings = one["settings"]
        if one["enabled"] and one["kind"] == "flat_rate":
            ways.append((Decimal(settings["cost"]), one["id"]))
        if one["enabled"] and one["kind"] == "free_shipping" and total >= Decimal(settings["min_amount"]):
            ways.append((Decimal(0), one["id"]))
    return (min(ways)[1], f"{min(ways)[0]:.2f}") if ways else (None, None)


def _audit(seen: Seen) -> Json:
    rates = {one["country"]: one for one in seen("woo_taxes_list")["items"]}
    open_ways = [one["id"] for one in seen("woo_gateways_list")["items"] if one["enabled"]]
    settings = {one["id"]: (group, one["value"]) for group, page in zip(("general", "tax", "account"),
                seen.all("woo_settings_list"), strict=True) for one in page["items"]}  # fmt: skip
    lines: list[Json] = []
    for country in _asked(seen):
        for name, total in _baskets(seen):
            zone, rate = _zone(seen, country), rates.get(country)
            way, price = _way(zone, total)
            lines.append({
                "country": country,
                "state": None,
                "basket": name,
                "goods_total": str(total),
                "zone_id": zone["id"],
                "method_id": way,
                "shipping_cost": price,
                "tax_rate_id": rate and rate["id"],
                "tax_percent": rate and rate["rate"],
                "gateways": open_ways,
                "verdict": "fail" if way is None else "cannot_tell",
            })  # fmt: skip
    shut = {line["zone_id"] for line in lines if line["method_id"] is None}
    read = ("woocommerce_default_country", "woocommerce_calc_taxes", "woocommerce_prices_include_tax",
            "woocommerce_enable_guest_checkout")  # fmt: skip
    return {
        "countries": _asked(seen),
        "matrix": lines,
        "faults": [
            {"severity": "blocks_sale", "area": "shipping", "what": "No way of shipping.", "where_id": str(zone),
             "fix": "Add one, or sell to other countries only.", "tool": "woo_zone_methods_create"}
            for zone in sorted(shut)
        ] + [
            {"severity": "legal", "area": "settings", "what": said, "where_id": None, "fix": "Ask the host.", "tool": None}
            for said in seen("woo_system_status_get")["problems"] if "https" in said
        ],
        "settings_read": [{"group": settings[one][0], "id": one, "value": settings[one][1]} for one in read],
        "repaired": [],
        "changes": [],
        "unknowns": ["Where the shop is registered for tax."],
    }  # fmt: skip


METHODS = "SELECT id, json_extract(body, '$.method_id'), json_extract(body, '$.settings.cost'), json_extract(body," \
    " '$.settings.min_amount') FROM objects WHERE kind = 'zone_method' AND parent = ? AND json_extract(body, '$.enabled')"


def _computed(facts: Facts, row: Json) -> Json:
    total = Decimal(facts.one("SELECT json_extract(body, '$.price') FROM objects WHERE kind = 'product' AND"
                              " replace(json_extract(body, '$.name'), '&amp;', '&') = ?", row["basket"]))  # fmt: skip
    zone = facts.one("SELECT z.id FROM objects z, json_each(z.body, '$.locations') l WHERE z.kind = 'zone' AND"
                     " json_extract(l.value, '$.code') = ? ORDER BY json_extract(z.body, '$.order')", row["country"]) or 0
    ways = [(Decimal(each if kind == "flat_rate" else 0), number) for number, kind, each, least in facts.sql(METHODS, zone)
            if kind == "flat_rate" or total >= Decimal(least)]  # fmt: skip
    rate = facts.sql("SELECT id, json_extract(body, '$.rate') FROM objects WHERE kind = 'tax' AND json_extract(body,"
                     " '$.country') = ?", row["country"])  # fmt: skip
    return {
        "goods_total": str(total),
        "zone_id": zone,
        "method_id": min(ways)[1] if ways else None,
        "shipping_cost": str(min(ways)[0]) if ways else None,
        "tax_rate_id": rate[0][0] if rate else None,
        "tax_percent": rate[0][1] if rate else None,
        "verdict": "cannot_tell" if ways else "fail",
    }  # fmt: skip


def _faulty(facts: Facts, row: Json) -> Json:
    if row["area"] != "shipping":
        return {}
    return {"where_id": "0" if not facts.sql(METHODS, int(row["where_id"])) else None}


AUDIT = Case(
    agent="checkout-auditor",
    arguments={"country": "FR,DE,IT,US"},
    steps=[
        Step("woo_settings_list", [{"group": group} for group in ("general", "tax", "account")]),
        Step("woo_system_status_get"),
        Step("woo_products_list", {"status": "publish", "limit": 100}),
        Step("woo_zones_list"),
        Step("woo_zones_get", lambda seen: [{"id": one["id"]} for one in seen("woo_zones_list")["items"]]),
        Step("woo_taxes_list"),
        Step("woo_gateways_list"),
    ],
    deliver=_audit,
    checks=[Check("matrix[]", _computed), Check("faults[]", _faulty)],
    falsify=["woo_zones_get:cost", "woo_zones_get:min_amount", "woo_taxes_list:rate", "woo_products_list:price"],
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
        "checks": [{"check": name, "result": "pass" if fine else "fail", "evidence": said} for name, fine, said in checks],
        "run_sheet": [
            {"at": (live - timedelta(minutes=2)).isoformat(), "step": "Publish.", "tool": "woo_products_bulk_update",
             "done_by": "agent_after_yes", "state": "planned"},
            {"at": seen("wp_posts_create")["changes"][0]["fields"]["date"], "step": "The post goes live.",
             "tool": "wp_posts_create", "done_by": "shop_by_schedule", "state": "scheduled"},
        ],
        "rollback": {"triggers": ["A wrong price."], "steps": ["changes_undo on the publishing change."]},
        "changes": seen.changes,
        "unknowns": [],
    }  # fmt: skip


def _released(facts: Facts, row: Json) -> Json:
    number = row["product_id"]
    sizes = facts.sql("SELECT json_extract(body, '$.sku'), coalesce(json_extract(body, '$.stock_quantity'), 0) FROM objects"
                      " WHERE kind = 'variation' AND parent = ? ORDER BY id DESC", number)  # fmt: skip
    own = of(facts, "product", number, "stock_quantity")
    pictures = len(json.loads(of(facts, "product", number, "images")))
    pieces = sum(one[1] for one in sizes) if sizes else own
    empty = [sku for sku, stock in sizes if stock <= 0]
    status = of(facts, "product", number, "status")
    return {
        "product_id": number if number in facts.column(IN.format(status="<> 'trash'"), facts.arguments["collection"]) else 0,
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
        "collection_id": facts.one("SELECT id FROM objects WHERE kind = 'product_cat' AND json_extract(body, '$.name') = ?",
                                   facts.arguments["collection"]),
        "run_sheet": [{"state": "planned"}, {"state": "scheduled" if planned == 1 else "failed"}],
        "verdict": "not_ready",
    }  # fmt: skip


DROP = Case(
    agent="drop-launcher",
    arguments={"collection": "LOVE HURTS", "kind": "drop", "go_live_at": f"{ago(-10)}T12:00:00"},
    steps=[
        Step("wp_site_get"),
        Step("server_health_get"),
        Step("woo_collections_list"),
        Step("woo_products_list", lambda seen: {"category": _category(seen), "status": "any", "limit": 100}),
        Step("woo_products_get", lambda seen: [{"id": one["id"]} for one in seen("woo_products_list")["items"]]),
        Step("woo_variations_list", lambda seen: [
            {"product_id": one["id"], "limit": 100} for one in seen("woo_products_list")["items"]
            if one["type"] == "variable"
        ]),
        Step("woo_gateways_list"),
        Step("wp_links_check", {"external": False}),
        Step("wp_posts_create", lambda seen: {
            "title": seen.arguments["collection"], "content": "<p>It is here.</p>", "status": "future",
            "date": seen.arguments["go_live_at"],
        }),
    ],
    deliver=_release,
    checks=[Check("", _drop), Check("products[]", _released)],
    falsify=["woo_variations_list:stock", "woo_products_get:price", "woo_products_get:stock_quantity"],
)  # fmt: skip

CASES = [FLOOR, AUDIT, DROP]
