"""Filters and orders that the lists of posts, products, orders and coupons share."""

from __future__ import annotations

from typing import Any, cast

from devskyy_tools.sandbox import clock, text
from devskyy_tools.sandbox.envelope import Call, Json, Reply, pages
from devskyy_tools.sandbox.store import Where

_BOUNDS = {
    "after": "created > ?",
    "before": "created < ?",
    "modified_after": "modified > ?",
    "modified_before": "modified < ?",
}
ORDERS = {
    "date": "created",
    "date_gmt": "created",
    "modified": "modified",
    "id": "id",
    "title": "name COLLATE NOCASE",
    "name": "name COLLATE NOCASE",
    "slug": "slug",
    "parent": "parent",
    "price": "amount",
    "menu_order": "json_extract(body, '$.menu_order')",
    "popularity": "json_extract(body, '$.total_sales')",
    "sales": "json_extract(body, '$.total_sales')",
    "rating": "CAST(json_extract(body, '$.average_rating') AS REAL)",
    "author": "json_extract(body, '$.author')",
    "count": "json_extract(body, '$.count')",
    "description": "json_extract(body, '$.description')",
    "random": "random()",
    "registered_date": "created",
}


def common(call: Call, where: Where) -> None:
    """Add include, exclude, parent, slug and the date bounds, as far as the route has them."""
    for name, column in (("include", "id"), ("exclude", "id"), ("parent", "parent"), ("parent_exclude", "parent")):
        values = call[name]
        if isinstance(values, list) and values:
            where.among(column, cast("list[int]", values), negate="exclude" in name)
    if call["slug"]:
        where.among("slug", texts(call["slug"]))
    for name, condition in _BOUNDS.items():
        if call[name] and (bound := clock.bound(call[name], is_gmt=bool(call["dates_are_gmt"]))):
            where.add(condition, bound)


def texts(value: Any) -> list[str]:
    """Return a filter's values, sent as a list or with commas."""
    if isinstance(value, list):
        return cast("list[str]", value)
    return [part for part in str(value or "").split(",") if part]


def statuses(where: Where, wanted: Any) -> None:
    """Add a status filter; any means all but the bin and unfinished drafts."""
    chosen = texts(wanted)
    if "any" in chosen or not chosen:
        where.among("status", ("trash", "auto-draft"), negate=True)
    else:
        where.among("status", chosen)


def words(where: Where, search: Any, columns: list[str]) -> None:
    """Add a search: each word must stand in one of the columns."""
    for word in str(search or "").split():
        like = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        condition = " OR ".join(f"{column} LIKE ? ESCAPE '\\'" for column in columns)
        where.add(f"({condition})", *([like] * len(columns)))


def goods(call: Call, where: Where) -> None:
    """Add the filters that products and variations share: SKU, kind of goods, stock status and price."""
    if call["sku"]:
        where.among("code COLLATE NOCASE", [call["sku"], *(part.strip() for part in str(call["sku"]).split(","))])
    if call["stock_status"]:
        where.add("json_extract(body, '$.stock_status') = ?", call["stock_status"])
    for name in ("virtual", "downloadable"):
        if call[name] is not None:
            where.add(f"json_extract(body, '$.{name}') = ?", int(call[name]))
    for name, sign in (("min_price", ">="), ("max_price", "<=")):
        if call[name]:
            where.add(f"amount {sign} ?", text.number(call[name]))


def order(call: Call) -> str:
    """Return the ORDER BY of a list, ids last so that pages never overlap."""
    by, way = str(call["orderby"] or "date"), "ASC" if call["order"] == "asc" else "DESC"
    if by in ("include", "post__in") and call["include"]:
        cases = " ".join(f"WHEN {int(found)} THEN {place}" for place, found in enumerate(call["include"]))
        return f"CASE id {cases} END"
    return f"{ORDERS.get(by, 'created')} {way}, id {way}"


def fetch(call: Call, where: Where, sort: str | None = None) -> tuple[list[Json], int]:
    """Return one page of objects and the count of all."""
    per_page = int(call["per_page"] or 10)
    offset = call["offset"] if call["offset"] is not None else (int(call["page"] or 1) - 1) * per_page
    found = call.store.find(where, sort or order(call), limit=per_page, offset=int(offset))
    return found, call.store.count(where)


def page_of(call: Call, where: Where, show: Any, *, strict: bool = False, sort: str | None = None) -> Reply:
    """Return the page of a list, each object shown by `show(call, body)` as a Reply."""
    found, total = fetch(call, where, sort)
    return pages(call, [show(call, body).whole() for body in found], total, strict=strict)
