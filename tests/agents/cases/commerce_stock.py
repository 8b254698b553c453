"""Those who plan what is in stock and in the catalogue, at work."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal
from statistics import NormalDist

from devskyy_mcp.assets.store import Assets
from devskyy_tools.insights import methods
from tests.agents.cases.counted import NOW, cost, of, pick
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.fakes.demo import Demo
from tests.unit.insights.conftest import ago, money
from tests.unit.insights.test_forecasts import weekly

WEEKS = 8


async def _counted(shop: Demo) -> Json:
    """A count: two pieces more of what was found by chance, and a label that nobody knows."""
    [found] = (await shop.do("woo_stock_list", of="variations", stock_status="instock", limit=1))["items"]
    rows = f"SKU,counted\n{found['sku']},{found['stock'] + 2}\nNO-SUCH-SKU,3\n"
    made = await shop.app.services.get(Assets).put(rows.encode(), "count.csv", "upload")
    return {"count": made.id, "labels": [found["sku"], "NO-SUCH-SKU"]}


def _plan(seen: Seen) -> Json:
    found, counted = seen("insights_stock_plan"), seen("play_stock_reconcile")
    rows = [one for one in found["items"] if one["order"] or one.get("sold_out")]
    lines: list[Json] = [
        {
            "product_id": one.get("product_id", one["id"]),
            "variation_id": one["id"] if "product_id" in one else None,
            **pick(one, "sku", "stock", "per_week", "days_left", "reorder_point", "cost"),
            "order_quantity": one["order"],
            "order_by": None,
            "confidence": "low",
            "why": "sold_out" if one.get("sold_out") else "below_reorder_point",
        }
        for one in rows
    ]
    known = [Decimal(one["cost"]) for one in lines if one["cost"]]
    told = " ".join(counted["warnings"])
    return {
        "as_of": ago(0),
        "cover_days": found["cover_days"],
        "service_level": str(found["service"]),
        "lead_days": found["lead_days"],
        "lines": lines,
        "totals": {
            "lines": len(lines),
            "order_pieces": sum(one["order_quantity"] for one in lines),
            "order_cost": str(sum(known)) if known else None,
            "pieces_without_cost": sum(one["order_quantity"] for one in lines if not one["cost"]),
            "sold_out": sum(one["why"] == "sold_out" for one in lines),
        },
        "count": {
            "rows": len(seen.arguments["labels"]),
            "changed": len(counted["changes"]),
            "not_found": [label for label in seen.arguments["labels"] if f"SKU {label}." in told],
        },
        "changes": seen.changes,
        "unknowns": ["What is on the way."],
    }


def _need(facts: Facts, number: int, kind: str) -> Json:
    own = "variation = ?" if kind == "variation" else "product = ? AND NOT coalesce(variation, 0)"
    [(since, stock)] = facts.sql("SELECT since, stock FROM keepers WHERE id = ?", number)
    series = weekly(facts.sql, f"SELECT sum(quantity) FROM lines WHERE day BETWEEN ? AND ? AND {own}", ago(730), number)
    there = len(series) - 1 - (date.fromisoformat(ago(1)) - date.fromisoformat(since)).days // 7
    series = series[min(there, next(place for place, value in enumerate(series) if value)) :]
    if methods.lacking(series, 2 * WEEKS):
        demand = sum(series) / len(series)
        error = math.sqrt(demand)
    else:
        chosen = methods.choose(series, 2 * WEEKS, 52)
        demand, error = sum(chosen.steps) / (2 * WEEKS), chosen.best.step_error
    z = NormalDist().inv_cdf(0.95)
    point, level = (math.ceil(round(demand * weeks + z * error * math.sqrt(weeks), 6)) for weeks in (WEEKS, 2 * WEEKS))
    order = max(0, level - stock) if stock <= point and demand else 0
    product = of(facts, kind, number, "parent") or number
    each = cost(facts, product)
    return {
        "sku": of(facts, kind, number, "sku"),
        "stock": stock,
        "per_week": round(demand, 2),
        "days_left": round(max(stock, 0) * 7 / demand, 1) if demand else None,
        "reorder_point": point,
        "order_quantity": order,
        "cost": None if each is None else money(order * each),
        "product_id": product,
        "variation_id": number if kind == "variation" else None,
    }


def _line(facts: Facts, row: Json) -> Json:
    return _need(facts, row["variation_id"] or row["product_id"], "variation" if row["variation_id"] else "product")


def _totals(facts: Facts, told: Json) -> Json:
    lines = [_line(facts, row) for row in told["lines"]]
    [(label, _)] = [(facts.arguments["labels"][0], None)]
    query = (
        "SELECT json_extract(body, '$.stock_quantity') FROM objects WHERE kind = 'variation' AND"
        " json_extract(body, '$.sku') = ?"
    )
    changed = facts.one(query, label) != facts.was(query, label)
    return {
        "cover_days": 7 * WEEKS,
        "lead_days": 7 * WEEKS,
        "service_level": "0.95",
        "totals": {
            "lines": len(lines),
            "order_pieces": sum(one["order_quantity"] for one in lines),
            "order_cost": str(sum(Decimal(one["cost"]) for one in lines if one["cost"])),
            "pieces_without_cost": sum(one["order_quantity"] for one in lines if not one["cost"]),
            "sold_out": facts.one("SELECT count(*) FROM keepers WHERE stock <= 0"),
        },
        "count": {"rows": 2, "changed": int(changed), "not_found": ["NO-SUCH-SKU"]},
    }


STOCK = Case(
    agent="inventory-planner",
    arguments={"horizon_days": "56", "service_level": "0.95", "lead_time_days": "56"},
    arrange=_counted,
    steps=[
        Step("play_stock_reconcile", lambda seen: {"asset": seen.arguments["count"], "counted_at": NOW}),
        Step("woo_stock_list", {"stock_status": "outofstock"}),
        Step(
            "insights_stock_plan", {"lead_days": 56, "cover_days": 56, "service": 0.95, "due_only": False, "limit": 100}
        ),
        Step("insights_stock_value"),
    ],
    deliver=_plan,
    checks=[Check("", _totals), Check("lines[]", _line)],
    falsify=["insights_stock_plan", "insights_stock_plan:reorder_point", "insights_stock_plan:stock"],
)


async def _a_dress(shop: Demo) -> Json:
    return {"product_ids": [(await shop.do("woo_products_list", search="Velvet Slip Dress"))["items"][0]["id"]]}


def _split(curve: str, pieces: int) -> list[Json]:
    """Pieces over sizes by the largest remainder."""
    shares = {size: Decimal(share) for size, share in (one.split(":") for one in curve.split(","))}
    exact = {size: share * pieces / 100 for size, share in shares.items()}
    given = {size: int(value) for size, value in exact.items()}
    for size in sorted(exact, key=lambda one: given[one] - exact[one])[: pieces - sum(given.values())]:
        given[size] += 1
    return [{"size": size, "share_percent": str(share), "pieces": given[size]} for size, share in shares.items()]


def _product(seen: Seen) -> int:
    return seen.arguments["product_ids"][0]


def _new_size(seen: Seen) -> str:
    have = {one["options"]["Size"] for one in seen("woo_variations_list")["items"]}
    return next(one.split(":")[0] for one in seen.arguments["size_curve"].split(",") if one.split(":")[0] not in have)


def _size(seen: Seen) -> int:
    return next(one["id"] for one in seen("woo_attributes_list")["items"] if one["name"] == "Size")


def _grid(seen: Seen) -> Json:
    before, after = seen.all("woo_variations_list")
    known = {one["id"] for one in before["items"]}
    new = [one for one in after["items"] if one["id"] not in known]
    sold = [one["sold"] for found in seen.all("insights_sales_forecast") for one in found["items"]]
    return {
        "products": [
            {
                "product_id": _product(seen),
                "axes": [
                    {"name": axis, "options": sorted({one["options"][axis] for one in after["items"]})}
                    for axis in ("Size", "Colour")
                ],
                "before": before["total"],
                "wanted": after["total"],
                "made": len(new),
                "gaps": [],
                "cells": [
                    {
                        "variation_id": one["id"],
                        "options": list(one["options"].values()),
                        "sku": one["sku"],
                        "regular_price": one["regular_price"],
                        "stock_quantity": one.get("stock"),
                        "state": "new",
                    }
                    for one in new
                ],
            }
        ],
        "attributes": [
            {
                "attribute_id": _size(seen),
                "name": "Size",
                "terms_added": [seen("woo_attribute_terms_create")["changes"][0]["fields"]["name"]],
            }
        ],
        "curve": {
            "basis": "given",
            "pieces_sold": int(sum(sold)),
            "shares": _split(seen.arguments["size_curve"], int(seen.arguments["pieces"])),
        },
        "changes": seen.changes,
        "unknowns": ["Whether a size was out for a time."],
    }


def _grid_facts(facts: Facts, row: Json) -> Json:
    query = "SELECT count(*) FROM objects WHERE kind = 'variation' AND parent = ? AND status <> 'trash'"
    before, after = facts.was(query, row["product_id"]), facts.one(query, row["product_id"])
    assert [axis["options"] for axis in row["axes"]] == [
        sorted(
            facts.column(
                "SELECT DISTINCT json_extract(a.value, '$.option') FROM objects o, json_each(o.body, '$.attributes') a"
                " WHERE kind = 'variation' AND o.parent = ? AND json_extract(a.value, '$.name') = ?",
                row["product_id"],
                axis["name"],
            )
        )
        for axis in row["axes"]
    ]
    return {"product_id": facts.arguments["product_ids"][0], "before": before, "wanted": after, "made": after - before}


def _cell(facts: Facts, row: Json) -> Json:
    number = row["variation_id"]
    assert facts.was("SELECT id FROM objects WHERE kind = 'variation' AND id = ?", number) is None
    return {
        "variation_id": facts.one("SELECT id FROM objects WHERE kind = 'variation' AND id = ?", number),
        "sku": of(facts, "variation", number, "sku"),
        "regular_price": of(facts, "variation", number, "regular_price"),
        "stock_quantity": of(facts, "variation", number, "stock_quantity"),
    }


GRID = Case(
    agent="variation-planner",
    arguments={"size_curve": "S:23,M:41,L:25,XL:11", "pieces": "70"},
    arrange=_a_dress,
    steps=[
        Step("woo_products_get", lambda seen: {"id": _product(seen)}),
        Step("woo_variations_list", lambda seen: {"product_id": _product(seen), "limit": 100}),
        Step("woo_attributes_list"),
        Step("woo_attribute_terms_list", lambda seen: {"attribute_id": _size(seen)}),
        Step(
            "insights_sales_forecast",
            lambda seen: [{"of": "variation", "id": one["id"]} for one in seen("woo_variations_list")["items"]],
        ),
        Step("woo_attribute_terms_create", lambda seen: {"attribute_id": _size(seen), "name": _new_size(seen)}),
        Step(
            "woo_variations_matrix",
            lambda seen: {
                "product_id": _product(seen),
                "attributes": [{"name": "Size", "options": [_new_size(seen)]}],
                "regular_price": seen("woo_variations_list")["items"][0]["regular_price"],
                "sku": f"{seen('woo_products_get')['sku']}-{{Colour}}-{{Size}}",
            },
        ),
        Step("woo_variations_list", lambda seen: {"product_id": _product(seen), "limit": 100}),
    ],
    deliver=_grid,
    checks=[
        Check("products[]", _grid_facts),
        Check("products[].cells[]", _cell),
        Check(
            "attributes[]",
            lambda facts, row: {
                "attribute_id": facts.one(
                    "SELECT id FROM objects WHERE kind = 'attribute' AND json_extract(body, '$.name') = ?", row["name"]
                ),
                "terms_added": [
                    facts.one(
                        "SELECT json_extract(body, '$.name') FROM objects WHERE kind = 'attribute_term' AND"
                        " parent = ? ORDER BY id DESC",
                        row["attribute_id"],
                    )
                ],
            },
        ),
        Check(
            "curve",
            lambda facts, _: {
                "pieces_sold": facts.one(
                    "SELECT sum(quantity) FROM lines WHERE day < ? AND variation IN (SELECT id FROM objects WHERE"
                    " kind = 'variation' AND parent = ?)",
                    ago(0),
                    facts.arguments["product_ids"][0],
                ),
                "shares": [
                    {"share_percent": share, "pieces": pieces}
                    for share, pieces in (("23", 16), ("41", 29), ("25", 17), ("11", 8))
                ],
            },
        ),
    ],
    falsify=["insights_sales_forecast", "woo_variations_list:total", "woo_variations_list:regular_price"],
)

CASES = [STOCK, GRID]
