"""wc/v3/products/{id}/variations and wc/v3/variations; what a parent takes over from its variations."""

from __future__ import annotations

from copy import deepcopy
from itertools import product as combinations
from typing import Any, cast

from devskyy_tools.sandbox import clock, schema, text
from devskyy_tools.sandbox.auth import require_shop
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links
from devskyy_tools.sandbox.nouns import goods, lists
from devskyy_tools.sandbox.routing import Endpoint, Route, collection
from devskyy_tools.sandbox.store import Store, Where

BASE = "/wc/v3/products/{product_id}/variations"
_AS_GIVEN = ("virtual", "downloadable", "download_limit", "download_expiry", "tax_status", "menu_order")
_STATUSES = ("draft", "pending", "private", "publish", "future", "trash")


def routes() -> list[Route]:
    out = collection(BASE, "variation", items=items, item=item, create=create, update=update, delete=delete, batch=True)
    out.append(Route(f"{BASE}/generate", "variation", {"POST": Endpoint(generate, {})}, nested=False))
    out.append(
        Route("/wc/v3/variations", "variation", {"GET": Endpoint(everywhere, schema.list_args("variation"))}, False)
    )
    return out


def blank(store: Store, parent: int, **given: Any) -> Json:
    """Return a new variation's document."""
    at = clock.now()
    base: Json = {
        "id": store.new_id("variation"),
        "parent": parent,
        "status": "publish",
        "type": "variation",
        "slug": "",
    }
    return {
        **base,
        "created": at,
        "modified": at,
        **deepcopy(goods.DEFAULTS),
        "tax_class": "parent",
        "image": 0,
        **given,
    }


def items(call: Call) -> Reply:
    require_shop(call, "list")
    where = Where("variation")
    where.add("parent = ?", call["product_id"])
    return _page(call, where)


def everywhere(call: Call) -> Reply:
    require_shop(call, "list")
    return _page(call, Where("variation"))


def _page(call: Call, where: Where) -> Reply:
    lists.common(call, where)
    lists.statuses(where, call["include_status"] or call["status"])
    lists.goods(call, where)
    if call["on_sale"] is not None:
        sale = "(json_extract(body, '$.sale_price') <> '')"
        where.add(sale if call["on_sale"] else f"NOT {sale}")
    if call["has_price"] is not None:
        where.add("amount IS NOT NULL" if call["has_price"] else "amount IS NULL")
    lists.words(where, call["search"], ["code", "json_extract(body, '$.description')"])
    return lists.page_of(call, where, show)


def load(call: Call) -> Json:
    """Return the variation of the call; under another product's path it does not exist."""
    body = call.store.get("variation", int(call["id"] or 0))
    if body is None or body["parent"] != call["product_id"]:
        raise RestError("woocommerce_rest_product_variation_invalid_id", "Invalid ID.", 404)
    return body


def item(call: Call) -> Reply:
    body = load(call)
    require_shop(call, "read")
    return show(call, body)


def show(call: Call, body: Json) -> Reply:
    """Return a variation with the keys of the real one; SKU and stock come from the parent where it has none."""
    store = call.store
    parent = store.peek("product", body["parent"]) or {}
    from_parent = body["manage_stock"] is False and parent.get("manage_stock") is True
    stock = parent if from_parent else body
    description = body["description"] if call.edit else text.paragraphs(body["description"])
    price, quantity = goods.price(body), stock["stock_quantity"]
    data: Json = {
        "id": body["id"],
        "type": "variation",
        "date_created": clock.local(body["created"]),
        "date_created_gmt": body["created"],
        "date_modified": clock.local(body["modified"]),
        "date_modified_gmt": body["modified"],
        "description": description,
        "permalink": _permalink(call, parent, body),
        "sku": body["sku"] or parent.get("sku", ""),
        "global_unique_id": body["global_unique_id"],
        "price": price,
        "regular_price": body["regular_price"],
        "sale_price": body["sale_price"],
        **goods.sale_dates(body),
        "on_sale": goods.on_sale(body),
        "status": body["status"],
        "purchasable": price != "",
        "virtual": body["virtual"],
        "downloadable": body["downloadable"],
        "downloads": body["downloads"],
        "download_limit": body["download_limit"],
        "download_expiry": body["download_expiry"],
        "tax_status": body["tax_status"],
        "tax_class": body["tax_class"],
        "manage_stock": "parent" if from_parent else body["manage_stock"],
        "stock_quantity": quantity,
        "stock_status": stock["stock_status"],
        "backorders": stock["backorders"],
        "backorders_allowed": stock["backorders"] != "no",
        "backordered": stock["manage_stock"] is True and stock["backorders"] != "no" and (quantity or 0) < 0,
        "low_stock_amount": body["low_stock_amount"],
        "weight": body["weight"] or parent.get("weight", ""),
        "dimensions": _dimensions(body, parent),
        "shipping_class": goods.shipping_class(store, body),
        "shipping_class_id": body["shipping_class_id"],
        "image": goods.image(call, body["image"]) if body["image"] else None,
        "attributes": chosen(body, parent),
        "menu_order": body["menu_order"],
        "meta_data": goods.shown_meta(body),
        "name": ", ".join(entry["option"] for entry in chosen(body, parent)),
        "parent_id": body["parent"],
    }
    base = BASE.replace("{product_id}", str(body["parent"]))
    up: Json = {"up": [{"href": call.site.rest(f"/wc/v3/products/{body['parent']}")}]}
    return Reply(data, links=links(call, f"{base}/{body['id']}", base, **up))


def _dimensions(body: Json, parent: Json) -> Json:
    above = parent.get("dimensions", {})
    return {name: value or above.get(name, "") for name, value in body["dimensions"].items()}


def _permalink(call: Call, parent: Json, body: Json) -> str:
    from urllib.parse import urlencode

    query = {f"attribute_{entry['slug']}": entry["option"] for entry in chosen(body, parent)}
    base = call.site.page(f"product/{parent.get('slug', '')}/")
    return f"{base}?{urlencode(query)}" if query else base


def chosen(body: Json, parent: Json) -> list[Json]:
    """Return the chosen options of the axes that the parent has now; others wait until it has them again."""
    axes = {(axis["id"], axis["name"]) for axis in parent.get("attributes", []) if axis["variation"]}
    return [entry for entry in body["attributes"] if (entry["id"], entry["name"]) in axes]


def create(call: Call) -> Reply:
    require_shop(call, "create")
    if call.store.peek("product", int(call["product_id"])) is None:
        message = "<p>There has been a critical error on this website.</p>"  # PHP's fatal error, told by WordPress
        raise RestError("internal_server_error", message, 500)
    if call["id"]:
        raise RestError("woocommerce_rest_product_variation_exists", "Cannot create existing product_variation.", 400)
    body = blank(call.store, call["product_id"], status=_status(call["status"]))
    _apply(call, body, creating=True)
    call.store.put("variation", body)
    _touch_parent(call.store, body["parent"])
    call.params["context"] = "edit"
    reply = show(call, body)
    # the real shop forgets to fill in its own route pattern
    reply.status, reply.headers["Location"] = (
        201,
        call.site.rest(f"/wc/v3/products/(?P<product_id>[\\d]+)/variations/{body['id']}"),
    )
    return reply


def update(call: Call) -> Reply:
    body = load(call)
    require_shop(call, "edit")
    _apply(call, body, creating=False)
    body["modified"] = clock.now()
    call.store.put("variation", body)
    _touch_parent(call.store, body["parent"])
    call.params["context"] = "edit"
    return show(call, body)


def _status(value: Any) -> str:
    return str(value or "publish") if (value or "publish") in _STATUSES else "draft"


def _apply(call: Call, body: Json, *, creating: bool) -> None:
    sent = {name: value for name, value in call.params.items() if name in call.body or name in call.query or creating}
    if sent.get("status"):
        body["status"] = _status(sent["status"])
    if sent.get("description") is not None:
        body["description"] = text.kses(sent["description"])
    for name in _AS_GIVEN:
        if sent.get(name) is not None:
            body[name] = sent[name]
    goods.apply_sku(call.store, body, sent, creating=creating)
    goods.apply_unique_id(call.store, body, sent)
    if isinstance(sent.get("image"), dict):
        image = cast("Json", sent["image"])
        body["image"] = goods.take_image(call, image, "variation") if image.get("id") or image.get("src") else 0
    elif "image" in sent and creating is False:
        body["image"] = 0
    goods.apply_physical(body, sent)
    goods.apply_shipping_class(call.store, body, sent)
    goods.apply_stock(body, sent)
    goods.apply_prices(body, sent)
    if sent.get("attributes") is not None:
        body["attributes"] = _attributes(call.store, body["parent"], cast("list[Json]", sent["attributes"]))
    goods.apply_meta(call.store, body, sent)
    goods.settle_price(body)


def _attributes(store: Store, parent_id: int, given: list[Json]) -> list[Json]:
    """Return the chosen options, one for each of the parent's attributes that make variations."""
    parent = store.peek("product", parent_id) or {"attributes": []}
    out: list[Json] = []
    for attribute in parent["attributes"]:
        found = next((e for e in given if (e.get("id") or 0) == attribute["id"] and _same(e, attribute)), None)
        if attribute["variation"] and found and found.get("option"):
            slug = attribute["slug"] if attribute["id"] else text.slugify(attribute["name"])
            option = _option(attribute, str(found["option"]))
            out.append({"id": attribute["id"], "name": attribute["name"], "slug": slug, "option": option})
    return out


def _same(entry: Json, attribute: Json) -> bool:
    if attribute["id"]:
        return True
    return text.slugify(str(entry.get("name", ""))) == text.slugify(attribute["name"])


def _option(attribute: Json, wanted: str) -> str:
    by_slug = {text.slugify(option): option for option in attribute["options"]}
    return by_slug.get(text.slugify(wanted), wanted)


def delete(call: Call) -> Reply:
    body = load(call)
    require_shop(call, "delete")
    call.params["context"] = "edit"
    before = show(call, body)
    if call["force"]:
        call.store.delete("variation", body["id"])
    elif body["status"] == "trash":
        raise RestError("woocommerce_rest_already_trashed", "The product_variation has already been deleted.", 410)
    else:
        goods.to_bin(call.store, body)
        call.store.put("variation", body)
    _touch_parent(call.store, body["parent"])
    return before


def generate(call: Call) -> Reply:
    """Make a variation for every combination of options that has none; with ``delete`` those that fit none go."""
    require_shop(call, "create")
    parent = call.store.get("product", call["product_id"])
    if parent is None:
        raise RestError("woocommerce_rest_product_invalid_id", "Invalid product ID.", 404)
    axes = [entry for entry in parent["attributes"] if entry["variation"]]
    have = {tuple(e["option"] for e in body["attributes"]) for body in children(call.store, parent["id"])}
    made = 0
    for options in combinations(*(axis["options"] for axis in axes)):
        if options in have or not axes:
            continue
        picked = [{"id": a["id"], "name": a["name"], "option": o} for a, o in zip(axes, options, strict=True)]
        body = blank(call.store, parent["id"])
        body["attributes"] = _attributes(call.store, parent["id"], picked)
        body |= deepcopy(call.sent.get("default_values") or {})
        goods.apply_meta(call.store, body, call.sent)
        goods.derive_stock_status(body)
        goods.settle_price(body)
        call.store.put("variation", body)
        made += 1
    gone = _delete_unmatched(call.store, parent["id"], axes) if call.sent.get("delete") else None
    _touch_parent(call.store, parent["id"])
    return Reply({"count": made} if gone is None else {"count": made, "deleted_count": gone})


def _delete_unmatched(store: Store, product_id: int, axes: list[Json]) -> int:
    possible = set(combinations(*(axis["options"] for axis in axes)))
    gone = [one for one in children(store, product_id) if tuple(e["option"] for e in one["attributes"]) not in possible]
    for one in gone:
        store.delete("variation", one["id"])
    return len(gone)


def children(store: Store, product_id: int) -> list[Json]:
    """Return the variations that are not in the bin, in the order the parent lists them."""
    where = Where("variation")
    where.add("parent = ? AND status <> 'trash'", product_id)
    return store.find(where, "json_extract(body, '$.menu_order'), id")


def derive_parent(store: Store, parent: Json) -> None:
    """Take price, sale and stock status of a variable product from its published variations."""
    found = children(store, parent["id"])
    visible = [child for child in found if child["status"] == "publish" and goods.price(child) != ""]
    by_price = sorted(visible, key=lambda child: text.number(goods.price(child)))
    parent["variations"] = [child["id"] for child in found if child["status"] in ("publish", "private")]
    parent["price"] = goods.price(by_price[0]) if by_price else ""
    parent["price_range"] = [parent["price"], goods.price(by_price[-1])] if by_price else None
    parent["child_on_sale"] = any(goods.on_sale(child) for child in visible)
    parent["child_regular"] = by_price[0]["regular_price"] if by_price else ""
    if parent["manage_stock"] is True:
        goods.derive_stock_status(parent)
    else:
        has = {child["stock_status"] for child in found if child["status"] in ("publish", "private")}
        parent["stock_status"] = next((s for s in ("instock", "onbackorder") if s in has), "outofstock")


def _touch_parent(store: Store, product_id: int) -> None:
    parent = store.get("product", product_id)
    if parent is None or parent["type"] != "variable" or parent["status"] == "trash":
        return
    derive_parent(store, parent)
    parent["modified"] = clock.now()
    store.put("product", parent)
