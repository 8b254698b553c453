"""What wc/v3/products can do beside the usual: copies, related and suggested ones, names of own fields, variations."""

from __future__ import annotations

import random
from typing import Any

from devskyy_tools.sandbox import clock, schema, text
from devskyy_tools.sandbox.auth import require_shop
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, pages
from devskyy_tools.sandbox.nouns import goods
from devskyy_tools.sandbox.routing import CONTEXT, Endpoint, Route
from devskyy_tools.sandbox.store import Store, Where

_IDS: Json = {"type": "array", "items": {"type": "integer"}}
_SUGGESTED: Json = {"categories": _IDS, "tags": _IDS, "limit": {"type": "integer", "default": 5}}
_NAMES: Json = {
    "page": {"type": "integer", "default": 1, "minimum": 1},
    "per_page": {"type": "integer", "default": 10, "minimum": 1, "maximum": 100},
    "search": {"type": "string"},
    "order": {"type": "string", "enum": ["asc", "desc"], "default": "asc"},
}


def routes(base: str, show: Any) -> list[Route]:
    """The routes below ``base``, products shown by ``show(call, body)``."""

    def suggested(call: Call) -> Reply:
        return _suggested(call, show)

    given = {**schema.list_args("product"), **_SUGGESTED}
    return [
        Route(f"{base}/custom-fields/names", "", {"GET": Endpoint(field_names, _NAMES)}),
        Route(f"{base}/suggested-products", "product", {"GET": Endpoint(suggested, given)}, nested=False),
        Route(f"{base}/{{id}}/duplicate", "product", {"POST": Endpoint(duplicate, {})}, nested=False),
        Route(f"{base}/{{id}}/related", "product", {"GET": Endpoint(related, CONTEXT)}, nested=False),
    ]


_RELATED = (
    "SELECT id FROM objects WHERE kind = 'product' AND status = 'publish' AND EXISTS (SELECT 1 FROM "
    "json_each(body, '$.categories') WHERE value IN (SELECT value FROM json_each(?))) LIMIT 20"
)


def related_ids(store: Store, body: Json) -> list[int]:
    """Return up to five products of the same categories, drawn anew on every call as the real shop does."""
    found = store.remembered(_RELATED, [str(body["categories"])])
    others = [other for (other,) in found if other != body["id"]]
    return random.sample(others, min(5, len(others)))


def related(call: Call) -> Reply:
    body = _product(call)
    require_shop(call, "read")
    return Reply({"related_ids": related_ids(call.store, body)})


def _suggested(call: Call, show: Any) -> Reply:
    """Products of any of the categories or tags; without either, any."""
    require_shop(call, "list")
    where = Where("product")
    where.add("status = 'publish'")
    for name in ("categories", "tags"):
        if call[name]:
            where.holds(name, call[name])
    if call["exclude"]:
        where.among("id", call["exclude"], negate=True)
    found = call.store.find(where, "created DESC, id DESC", limit=int(call["limit"] or 5))
    return pages(call, [show(call, body).whole() for body in found], len(found))


def field_names(call: Call) -> Reply:
    """Names of own fields, those that begin with _ left out."""
    require_shop(call, "list")
    sql = (
        "SELECT DISTINCT json_extract(m.value, '$.key') FROM objects, json_each(body, '$.meta') m "
        "WHERE kind = 'product' AND substr(json_extract(m.value, '$.key'), 1, 1) <> '_'"
    )
    wanted = str(call["search"] or "").strip().lower()
    names = {"total_sales", *(name for (name,) in call.store.rows(sql))}  # the one that WooCommerce itself keeps so
    shown = sorted((name for name in names if wanted in name.lower()), reverse=call["order"] == "desc")
    size, number = int(call["per_page"]), int(call["page"])
    return pages(call, shown[(number - 1) * size : number * size], len(shown))


def _product(call: Call) -> Json:
    body = call.store.get("product", int(call["id"] or 0))
    if body is None:
        raise RestError("woocommerce_rest_product_invalid_id", "Invalid product ID.", 404)
    return body


def duplicate(call: Call) -> Reply:
    """Copy a product as a draft, with what the body says, its variations with it; SKUs get a number."""
    source = _product(call)
    require_shop(call, "create")
    store, at = call.store, clock.now()
    name = text.plain(call.sent.get("name") or source["name"])
    body: Json = {**source, "id": store.new_id("product"), "name": f"{name} (Copy)", "status": "draft", "slug": ""}
    body |= {"created": at, "modified": at, "total_sales": 0, "rating_count": 0, "average_rating": "0"}
    body["meta"] = [{**entry, "id": store.new_id("meta")} for entry in source["meta"]]
    goods.apply_meta(store, body, call.sent)
    body["sku"] = goods.free_sku(store, source["sku"]) if source["sku"] else ""
    children: list[int] = []
    where = Where("variation")
    where.add("parent = ? AND status <> 'trash'", source["id"])
    for child in store.find(where):
        copy: Json = {**child, "id": store.new_id("variation"), "parent": body["id"], "created": at, "modified": at}
        copy["sku"] = goods.free_sku(store, child["sku"]) if child["sku"] else ""
        store.put("variation", copy)
        children.append(copy["id"])
    body["variations"] = children
    store.put("product", body)
    return Reply(_inner(body))


def _moment(value: str | None) -> Json | None:
    if not value:
        return None
    return {"date": f"{value.replace('T', ' ')}.000000", "timezone_type": 1, "timezone": "+00:00"}


def _inner(body: Json) -> Json:
    """Return a product as WooCommerce holds it inside, which is what a copy is answered with."""
    as_is = (
        *("id", "name", "slug", "status", "featured", "catalog_visibility", "description", "short_description", "sku"),
        *("global_unique_id", "price", "regular_price", "sale_price", "total_sales", "tax_status", "tax_class"),
        *("manage_stock", "stock_quantity", "stock_status", "backorders", "sold_individually", "weight", "upsell_ids"),
        *("cross_sell_ids", "reviews_allowed", "purchase_note", "default_attributes", "menu_order", "post_password"),
        *("virtual", "downloadable", "shipping_class_id", "downloads", "download_limit", "download_expiry"),
        "average_rating",
    )
    return {
        **{name: body[name] for name in as_is},
        **body["dimensions"],
        "date_created": _moment(body["created"]),
        "date_modified": _moment(body["modified"]),
        "date_on_sale_from": _moment(body["sale_from"]),
        "date_on_sale_to": _moment(body["sale_to"]),
        "low_stock_amount": "" if body["low_stock_amount"] is None else body["low_stock_amount"],
        "parent_id": body["parent"],
        "attributes": {text.slugify(one["slug"]): {} for one in body["attributes"]},
        "category_ids": body["categories"],
        "tag_ids": body["tags"],
        "brand_ids": body["brands"],
        "image_id": str(body["images"][0]) if body["images"] else "",
        "gallery_image_ids": body["images"][1:],
        "rating_counts": [],
        "review_count": 0,
        "cogs_value": None,
        "meta_data": goods.shown_meta(body),
    }


def refuse_variation(call: Call) -> None:
    """A variation can be read as a product, and not be written as one."""
    if call.store.peek("variation", int(call["id"] or 0)) is not None:
        message = (
            "To manipulate product variations you should use the "
            "/products/&lt;product_id&gt;/variations/&lt;id&gt; endpoint."
        )
        raise RestError("woocommerce_rest_invalid_product_id", message, 404)


def as_product(store: Store, body: Json, blank: Json) -> Json:
    """Return a variation in the form of a product's document."""
    from devskyy_tools.sandbox.nouns.variations import chosen

    parent = store.peek("product", body["parent"]) or {"name": "", "attributes": [], "slug": ""}
    options = chosen(body, parent)
    name = f"{parent['name']} - {', '.join(entry['option'] for entry in options)}"
    return {
        **blank,
        **body,
        "name": name,
        "slug": text.slugify(name),
        "attributes": options,
        "images": [body["image"]] if body["image"] else [],
        "total_sales": "0",
        "reviews_allowed": False,
        "average_rating": "0.00",
    }


def with_variations(call: Call, where: Where) -> None:
    """A list by SKU finds variations, too."""
    if call["sku"] or call["search_sku"] or call["search_name_or_sku"]:
        where.parts[0] = "kind IN (?, 'variation')"
