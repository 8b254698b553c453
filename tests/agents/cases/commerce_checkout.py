"""Who tests the checkout, at work."""

from __future__ import annotations

from decimal import Decimal

from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step


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
    settings = {
        one["id"]: (group, one["value"])
        for group, page in zip(("general", "tax", "account"), seen.all("woo_settings_list"), strict=True)
        for one in page["items"]
    }
    lines: list[Json] = []
    for country in _asked(seen):
        for name, total in _baskets(seen):
            zone, rate = _zone(seen, country), rates.get(country)
            way, price = _way(zone, total)
            lines.append(
                {
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
                }
            )
    shut = {line["zone_id"] for line in lines if line["method_id"] is None}
    read = (
        "woocommerce_default_country",
        "woocommerce_calc_taxes",
        "woocommerce_prices_include_tax",
        "woocommerce_enable_guest_checkout",
    )
    return {
        "countries": _asked(seen),
        "matrix": lines,
        "faults": [
            {
                "severity": "blocks_sale",
                "area": "shipping",
                "what": "No way of shipping.",
                "where_id": str(zone),
                "fix": "Add one, or sell to other countries only.",
                "tool": "woo_zone_methods_create",
            }
            for zone in sorted(shut)
        ]
        + [
            {
                "severity": "legal",
                "area": "settings",
                "what": said,
                "where_id": None,
                "fix": "Ask the host.",
                "tool": None,
            }
            for said in seen("woo_system_status_get")["problems"]
            if "https" in said
        ],
        "settings_read": [{"group": settings[one][0], "id": one, "value": settings[one][1]} for one in read],
        "repaired": [],
        "changes": [],
        "unknowns": ["Where the shop is registered for tax."],
    }


METHODS = (
    "SELECT id, json_extract(body, '$.method_id'), json_extract(body, '$.settings.cost'), json_extract(body,"
    " '$.settings.min_amount') FROM objects WHERE kind = 'zone_method' AND parent = ? AND"
    " json_extract(body, '$.enabled')"
)


def _computed(facts: Facts, row: Json) -> Json:
    total = Decimal(
        facts.one(
            "SELECT json_extract(body, '$.price') FROM objects WHERE kind = 'product' AND"
            " replace(json_extract(body, '$.name'), '&amp;', '&') = ?",
            row["basket"],
        )
    )
    zone = (
        facts.one(
            "SELECT z.id FROM objects z, json_each(z.body, '$.locations') l WHERE z.kind = 'zone' AND"
            " json_extract(l.value, '$.code') = ? ORDER BY json_extract(z.body, '$.order')",
            row["country"],
        )
        or 0
    )
    ways = [
        (Decimal(each if kind == "flat_rate" else 0), number)
        for number, kind, each, least in facts.sql(METHODS, zone)
        if kind == "flat_rate" or total >= Decimal(least)
    ]
    rate = facts.sql(
        "SELECT id, json_extract(body, '$.rate') FROM objects WHERE kind = 'tax' AND json_extract(body,"
        " '$.country') = ?",
        row["country"],
    )
    return {
        "goods_total": str(total),
        "zone_id": zone,
        "method_id": min(ways)[1] if ways else None,
        "shipping_cost": str(min(ways)[0]) if ways else None,
        "tax_rate_id": rate[0][0] if rate else None,
        "tax_percent": rate[0][1] if rate else None,
        "verdict": "cannot_tell" if ways else "fail",
    }


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

CASES = [AUDIT]
