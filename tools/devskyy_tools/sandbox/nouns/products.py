"""wc/v3/products: list, one, create, update, delete, batch."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from devskyy_tools.sandbox import clock, text
from devskyy_tools.sandbox.auth import require_shop
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links
from devskyy_tools.sandbox.nouns import goods, lists, product_extras, product_fields
from devskyy_tools.sandbox.nouns.product_fields import DRAFTS, TERMS
from devskyy_tools.sandbox.routing import Route, collection
from devskyy_tools.sandbox.store import Store, Where

BASE = "/wc/v3/products"
_DEFAULTS: Json = {
    **goods.DEFAULTS,
    "name": "", "short_description": "", "purchase_note": "", "featured": False, "catalog_visibility": "visible",
    "external_url": "", "button_text": "", "sold_individually": False, "reviews_allowed": True, "post_password": "",
    "upsell_ids": [], "cross_sell_ids": [], "grouped_products": [], "categories": [], "tags": [], "brands": [],
    "images": [], "default_attributes": [], "variations": [], "total_sales": 0, "average_rating": "0",
    "rating_count": 0,
}  # fmt: skip


def routes() -> list[Route]:
    out = collection(BASE, "product", items=items, item=item, create=create, update=update, delete=delete, batch=True)
    return [*out, *product_extras.routes(BASE, show)]


def blank(store: Store, **given: Any) -> Json:
    """Return a new product's document, with an id and today's dates."""
    at = clock.now()
    base: Json = {"id": store.new_id("product"), "parent": 0, "status": "publish", "type": "simple", "slug": ""}
    return {**base, "created": at, "modified": at, **deepcopy(_DEFAULTS), **given}


def load(call: Call, *, status: int = 404) -> Json:
    """Return the product of the call for changing; updates answer 400 where reads answer 404."""
    body = call.store.get("product", int(call["id"] or 0))
    if body is None:
        product_extras.refuse_variation(call)
        raise RestError("woocommerce_rest_product_invalid_id", "Invalid ID.", status)
    return body


# --- reading ---------------------------------------------------------------------------------------------------------


def items(call: Call) -> Reply:
    require_shop(call, "list")
    where = Where("product")
    product_extras.with_variations(call, where)
    lists.common(call, where)
    lists.statuses(where, call["include_status"] or call["status"])
    if call["exclude_status"]:
        where.among("status", call["exclude_status"], negate=True)
    _filter(call, where)
    return lists.page_of(call, where, show)


def _filter(call: Call, where: Where) -> None:
    for name, values, negate in (
        ("type", [call["type"]], False),
        ("include_types", call["include_types"], False),
        ("exclude_types", call["exclude_types"], True),
    ):
        if call[name]:
            where.among("type", values, negate=negate)
    for name, field in (("category", "categories"), ("tag", "tags"), ("brand", "brands")):
        if call[name]:
            _in_terms(call, where, field, str(call[name]))
    if call["shipping_class"]:
        where.among("json_extract(body, '$.shipping_class_id')", _numbers(call["shipping_class"]))
    if call["on_sale"] is not None:
        _on_sale(where, wanted=call["on_sale"])
    if call["attribute"] and call["attribute_term"]:
        _has_attribute(call, where)
    lists.goods(call, where)
    if call["featured"] is not None:
        where.add("json_extract(body, '$.featured') = ?", int(call["featured"]))
    _search(call, where)


def _numbers(value: Any) -> list[int]:
    return [int(part) for part in str(value).split(",") if part.strip().isdigit()]


def _in_terms(call: Call, where: Where, field: str, wanted: str) -> None:
    """Match products of the named terms and, for categories and brands, of the terms below them."""
    found, kind = _numbers(wanted), TERMS[field]
    for term in found:
        below = Where(kind)
        below.add("parent = ?", term)
        found += [child for child in call.store.ids(below) if child not in found]
    where.holds(field, found)


def _on_sale(where: Where, *, wanted: bool) -> None:
    at = clock.now()
    running = (
        "(coalesce(json_extract(body, '$.child_on_sale'), 0) OR (type <> 'variable' "
        "AND json_extract(body, '$.sale_price') <> '' AND coalesce(json_extract(body, '$.sale_from'), '') <= ? "
        "AND coalesce(json_extract(body, '$.sale_to'), '9') >= ?))"
    )
    where.add(running if wanted else f"NOT {running}", at, at)


def _has_attribute(call: Call, where: Where) -> None:
    taxonomy = str(call["attribute"]).removeprefix("pa_")
    names = [t["name"] for i in _numbers(call["attribute_term"]) if (t := call.store.peek("attribute_term", i))]
    marks = ",".join("?" * len(names))
    tables = "json_each(body, '$.attributes') a, json_each(a.value, '$.options') o"
    named = f"json_extract(a.value, '$.slug') = ? AND o.value IN ({marks})"
    where.add(f"EXISTS (SELECT 1 FROM {tables} WHERE {named})", f"pa_{taxonomy}", *names)  # noqa: S608 # marks only


def _search(call: Call, where: Where) -> None:
    texts = ["name", "json_extract(body, '$.description')", "json_extract(body, '$.short_description')"]
    fields = {"name": "name", "sku": "code", "description": texts[1], "short_description": texts[2]}
    chosen = [fields[name] for name in lists.texts(call["search_fields"]) if name in fields]
    lists.words(where, call["search"], chosen or texts)
    lists.words(where, call["search_sku"], ["code"])
    lists.words(where, call["search_name_or_sku"], ["name", "code"])


def item(call: Call) -> Reply:
    body = call.store.get("variation", int(call["id"] or 0)) or load(call)
    require_shop(call, "read")
    return show(call, body, single=True)


def show(call: Call, body: Json, *, single: bool = False) -> Reply:
    """Return a product with the keys of the real one, in its order."""
    edit, store = call.edit, call.store
    if body["type"] == "variation":
        body = product_extras.as_product(store, body, deepcopy(_DEFAULTS))
    shown = text.paragraphs if not edit else str
    quantity, managed = body["stock_quantity"], body["manage_stock"]
    data: Json = {
        "id": body["id"],
        "name": body["name"],
        "slug": body["slug"],
        "permalink": permalink(call, body),
        "date_created": clock.local(body["created"]),
        "date_created_gmt": body["created"],
        "date_modified": clock.local(body["modified"]),
        "date_modified_gmt": body["modified"],
        "type": body["type"],
        "status": body["status"],
        "featured": body["featured"],
        "catalog_visibility": body["catalog_visibility"],
        "description": shown(body["description"]),
        "short_description": shown(body["short_description"]),
        "sku": body["sku"],
        "price": (price := goods.price(body)),
        "regular_price": body["regular_price"],
        "sale_price": body["sale_price"],
        **goods.sale_dates(body),
        "on_sale": goods.on_sale(body),
        "purchasable": price != "" and body["type"] not in ("external", "grouped"),
        "total_sales": body["total_sales"],
        "virtual": body["virtual"],
        "downloadable": body["downloadable"],
        "downloads": body["downloads"],
        "download_limit": body["download_limit"],
        "download_expiry": body["download_expiry"],
        "external_url": body["external_url"],
        "button_text": body["button_text"],
        "tax_status": body["tax_status"],
        "tax_class": body["tax_class"],
        "manage_stock": managed,
        "stock_quantity": quantity,
        "backorders": body["backorders"],
        "backorders_allowed": body["backorders"] != "no",
        "backordered": managed is True and body["backorders"] != "no" and (quantity or 0) < 0,
        "low_stock_amount": body["low_stock_amount"],
        "sold_individually": body["sold_individually"],
        "weight": body["weight"],
        "dimensions": body["dimensions"],
        "shipping_required": not body["virtual"],
        "shipping_taxable": not body["virtual"] and body["tax_status"] in ("taxable", "shipping"),
        "shipping_class": goods.shipping_class(store, body),
        "shipping_class_id": body["shipping_class_id"],
        "reviews_allowed": body["reviews_allowed"],
        "average_rating": body["average_rating"],
        "rating_count": body["rating_count"],
        "upsell_ids": body["upsell_ids"],
        "cross_sell_ids": body["cross_sell_ids"],
        "parent_id": body["parent"],
        "purchase_note": shown(body["purchase_note"]),
        **{field: terms_of(store, kind, body[field]) for field, kind in TERMS.items()},
        "images": [found for media in body["images"] if (found := goods.responsive_image(call, media))],
        "attributes": body["attributes"],
        "default_attributes": body["default_attributes"],
        "variations": body["variations"],
        "grouped_products": body["grouped_products"],
        "menu_order": body["menu_order"],
        "price_html": goods.price_html(body),
        "related_ids": product_extras.related_ids(store, body),
        "meta_data": goods.shown_meta(body),
        "stock_status": body["stock_status"],
        "has_options": body["type"] == "variable",
        "post_password": body["post_password"],
        "global_unique_id": body["global_unique_id"],
    }
    if edit:
        data["permalink_template"] = call.site.page("product/%pagename%/")
        data["generated_slug"] = text.slugify(body["name"])
    headers = {"Link": f'<{data["permalink"]}>; rel="alternate"; type="text/html"'} if single else {}
    up: Json = {"up": [{"href": call.site.rest(f"{BASE}/{body['parent']}")}]} if body["parent"] else {}
    return Reply(data, headers=headers, links=links(call, f"{BASE}/{body['id']}", BASE, **up))


def permalink(call: Call, body: Json) -> str:
    if body["status"] in (*DRAFTS, "trash") or not body["slug"]:
        return call.site.page(f"?post_type=product&p={body['id']}")
    return call.site.page(f"product/{body['slug']}/")


def terms_of(store: Store, kind: str, ids: list[int]) -> list[Json]:
    found = [term for term_id in ids if (term := store.peek(kind, term_id))]
    return [{"id": term["id"], "name": term["name"], "slug": term["slug"]} for term in found]


# --- writing ---------------------------------------------------------------------------------------------------------


def create(call: Call) -> Reply:
    require_shop(call, "create")
    if call["id"]:
        raise RestError("woocommerce_rest_product_exists", "Cannot create existing product.", 400)
    body = blank(call.store, type=call["type"] or "simple", status="publish")
    product_fields.apply(call, body, creating=True)
    call.store.put("product", body)
    call.params["context"] = "edit"
    reply = show(call, body)
    reply.status, reply.headers["Location"] = 201, call.site.rest(f"{BASE}/{body['id']}")
    return reply


def update(call: Call) -> Reply:
    body = load(call, status=400)
    require_shop(call, "edit")
    product_fields.apply(call, body, creating=False)
    body["modified"] = clock.now()
    call.store.put("product", body)
    call.params["context"] = "edit"
    return show(call, body)


def delete(call: Call) -> Reply:
    body = load(call)
    require_shop(call, "delete")
    call.params["context"] = "edit"
    before = show(call, body)
    if call["force"]:
        _remove(call.store, body)
        return before
    if body["status"] == "trash":
        raise RestError("woocommerce_rest_already_trashed", "The product has already been deleted.", 410)
    for child in _children(call.store, body["id"]):
        if child["status"] != "trash":
            goods.to_bin(call.store, child)
            call.store.put("variation", child)
    goods.to_bin(call.store, body)
    body["variations"] = []
    call.store.put("product", body)
    return before


def _children(store: Store, product_id: int) -> list[Json]:
    where = Where("variation")
    where.add("parent = ?", product_id)
    return store.find(where)


def _remove(store: Store, body: Json) -> None:
    for child in _children(store, body["id"]):
        store.delete("variation", child["id"])
    store.delete("product", body["id"])
