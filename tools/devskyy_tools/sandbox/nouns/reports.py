"""wc/v3/reports: sales, top sellers and totals, computed from the orders as they are now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from devskyy_tools.sandbox import clock, schema, text
from devskyy_tools.sandbox.auth import require_shop
from devskyy_tools.sandbox.envelope import Call, Json, Reply
from devskyy_tools.sandbox.nouns import order_states
from devskyy_tools.sandbox.routing import Endpoint, Route
from devskyy_tools.sandbox.store import Store, Where

BASE = "/wc/v3/reports"
_COUNTED = ("completed", "processing", "on-hold", "refunded")
_KINDS = {
    "sales": "List of sales reports.",
    "top_sellers": "List of top sellers products.",
    "orders/totals": "Orders totals.",
    "products/totals": "Products totals.",
    "customers/totals": "Customers totals.",
    "coupons/totals": "Coupons totals.",
    "reviews/totals": "Reviews totals.",
}
_PRODUCT_TYPES = {
    "external": "External/Affiliate product",
    "grouped": "Grouped product",
    "simple": "Simple product",
    "variable": "Variable product",
}
_COUPON_TYPES = {
    "percent": "Percentage discount",
    "fixed_cart": "Fixed cart discount",
    "fixed_product": "Fixed product discount",
}


def routes() -> list[Route]:
    args = schema.list_args("sales_report")
    totals: dict[str, Callable[[Call], Reply]] = {
        "orders/totals": orders, "products/totals": products, "customers/totals": customers,
        "coupons/totals": coupons, "reviews/totals": reviews,
    }  # fmt: skip
    return [
        Route(BASE, "", {"GET": Endpoint(index, {})}),
        Route(f"{BASE}/sales", "sales_report", {"GET": Endpoint(sales, args)}, nested=False),
        Route(f"{BASE}/top_sellers", "", {"GET": Endpoint(top_sellers, args)}),
        *(Route(f"{BASE}/{name}", "", {"GET": Endpoint(handler, {})}) for name, handler in totals.items()),
    ]


def index(call: Call) -> Reply:
    require_shop(call, "list")
    out: list[Json] = []
    for slug, about in _KINDS.items():
        place = {"href": call.site.rest(f"{BASE}/{slug}"), "targetHints": {"allow": ["GET"]}}
        found = {"self": [place], "collection": [{"href": call.site.rest(BASE)}]}
        out.append({"slug": slug, "description": about, "_links": found})
    return Reply(out)


def _span(call: Call) -> tuple[date, date]:
    """Return first and last day; without dates or period it is today."""
    today = datetime.now(clock.zone()).date()
    if call["date_min"] or call["date_max"]:
        low = date.fromisoformat(call["date_min"]) if call["date_min"] else today
        return low, date.fromisoformat(call["date_max"]) if call["date_max"] else today
    match call["period"]:
        case "week":
            return today - timedelta(days=6), today
        case "month":
            return today.replace(day=1), today
        case "last_month":
            last = today.replace(day=1) - timedelta(days=1)
            return last.replace(day=1), last
        case "year":
            return today.replace(month=1, day=1), today
        case _:
            return today, today


def _orders(store: Store, low: date, high: date) -> list[Json]:
    where = Where("order")
    where.among("status", _COUNTED)
    where.add("created >= ?", clock.bound(f"{low}T00:00:00", is_gmt=False))
    where.add("created <= ?", clock.bound(f"{high}T23:59:59", is_gmt=False))
    return store.find(where, "created, id")


def sales(call: Call) -> Reply:
    require_shop(call, "list")
    low, high = _span(call)
    by_month = (high - low).days > 92
    groups: dict[str, dict[str, Any]] = {key: _empty() for key in _keys(low, high, by_month=by_month)}
    found, refunds = _orders(call.store, low, high), 0.0
    for order in found:
        day = str(clock.local(order["created"]))[: 7 if by_month else 10]
        group = groups.setdefault(day, _empty())
        back = order_states.refunded(call.store, order["id"])
        refunds += back
        group["sales"] += text.number(order["total"]) - back
        group["orders"] += 1
        group["items"] += sum(line["quantity"] for line in order["line_items"])
        group["shipping"] += text.number(order["shipping_total"])
        group["discount"] += text.number(order["discount_total"])
    total = sum(group["sales"] for group in groups.values())
    shipping = sum(group["shipping"] for group in groups.values())
    days = max(1, len(groups))
    data: Json = {
        "total_sales": text.fixed(total),
        "net_sales": text.fixed(total - shipping),
        "average_sales": text.fixed((total - shipping) / days),
        "total_orders": len(found),
        "total_items": sum(group["items"] for group in groups.values()),
        "total_tax": "0.00",
        "total_shipping": text.fixed(shipping),
        "total_refunds": round(refunds, 2) if refunds % 1 else int(refunds),
        "total_discount": text.fixed(sum(group["discount"] for group in groups.values())),
        "totals_grouped_by": "month" if by_month else "day",
        "totals": {key: _shown(group) for key, group in groups.items()},
        "total_customers": _new_customers(call.store, low, high),
        "_links": {"about": [{"href": call.site.rest(BASE)}]},
    }
    return Reply([data])


def _empty() -> dict[str, Any]:
    return {"sales": 0.0, "orders": 0, "items": 0, "shipping": 0.0, "discount": 0.0}


def _shown(group: dict[str, Any]) -> Json:
    return {
        "sales": text.fixed(group["sales"]),
        "orders": group["orders"],
        "items": group["items"],
        "tax": "0.00",
        "shipping": text.fixed(group["shipping"]),
        "discount": text.fixed(group["discount"]),
        "customers": 0,
    }


def _keys(low: date, high: date, *, by_month: bool) -> list[str]:
    days = [low + timedelta(days=n) for n in range((high - low).days + 1)]
    return list(dict.fromkeys(str(day)[: 7 if by_month else 10] for day in days))


def _new_customers(store: Store, low: date, high: date) -> int:
    where = Where("user")
    where.add("created >= ? AND created <= ?", f"{low}T00:00:00", f"{high}T23:59:59")
    return store.count(where)


def top_sellers(call: Call) -> Reply:
    require_shop(call, "list")
    sold: dict[int, int] = defaultdict(int)
    for order in _orders(call.store, *_span(call)):
        for line in order["line_items"]:
            if line["product_id"]:
                sold[line["product_id"]] += line["quantity"]
    out: list[Json] = []
    for product_id, quantity in sorted(sold.items(), key=lambda pair: (-pair[1], pair[0]))[:12]:
        name = (call.store.peek("product", product_id) or {"name": ""})["name"]
        product = [{"href": call.site.rest(f"/wc/v3/products/{product_id}")}]
        about = [{"href": call.site.rest(BASE)}]
        out.append(
            {
                "name": name,
                "product_id": product_id,
                "quantity": quantity,
                "_links": {"about": about, "product": product},
            }
        )
    return Reply(out)


def _counts(store: Store, kind: str, column: str, condition: str = "1") -> dict[str, int]:
    sql = f"SELECT {column}, count(*) FROM objects WHERE kind = ? AND {condition} GROUP BY 1"  # noqa: S608 # our own columns
    return {str(key): count for key, count in store.rows(sql, (kind,))}


def _totals(names: dict[str, str], counts: dict[str, int]) -> Reply:
    return Reply([{"slug": slug, "name": name, "total": counts.get(slug, 0)} for slug, name in names.items()])


def orders(call: Call) -> Reply:
    require_shop(call, "list")
    return _totals(order_states.LABELS, _counts(call.store, "order", "status"))


def products(call: Call) -> Reply:
    require_shop(call, "list")
    return _totals(_PRODUCT_TYPES, _counts(call.store, "product", "type", "status = 'publish'"))


def coupons(call: Call) -> Reply:
    require_shop(call, "list")
    counts = _counts(call.store, "coupon", "json_extract(body, '$.discount_type')", "status = 'publish'")
    return _totals(_COUPON_TYPES, counts)


def reviews(call: Call) -> Reply:
    require_shop(call, "list")
    counts = _counts(call.store, "review", "json_extract(body, '$.rating')", "status = 'approved'")
    names = {str(stars): f"Rated {stars} out of 5" for stars in range(1, 6)}
    found = _totals(names, counts).data
    return Reply([{**entry, "slug": f"rated_{entry['slug']}_out_of_5"} for entry in found])


def customers(call: Call) -> Reply:
    require_shop(call, "list")
    sql = (
        "SELECT count(DISTINCT json_extract(o.body, '$.customer_id')) FROM objects o, objects u WHERE o.kind = 'order' "
        "AND u.kind = 'user' AND u.id = json_extract(o.body, '$.customer_id') "
        "AND json_extract(o.body, '$.date_paid') IS NOT NULL"
    )
    paying = call.store.rows(sql)[0][0]
    where = Where("user")
    where.holds("roles", ["customer"])
    rest = max(0, call.store.count(where) - paying)
    names = {"paying": "Paying customer", "non_paying": "Non-paying customer"}
    return _totals(names, {"paying": paying, "non_paying": rest})
