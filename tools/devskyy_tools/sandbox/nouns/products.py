"""wc/v3/products: list, one, create, update, delete, batch, duplicate, related, names of own fields."""

from __future__ import annotations

import random
from typing import Any, cast

from devskyy_tools.sandbox import clock, text
from devskyy_tools.sandbox.auth import require_shop
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links
from devskyy_tools.sandbox.nouns import goods, lists
from devskyy_tools.sandbox.routing import CONTEXT, Endpoint, Route, collection
from devskyy_tools.sandbox.store import Store, Where, unique_slug

BASE = "/wc/v3/products"
_STATUSES = ("draft", "pending", "private", "publish", "future", "auto-draft", "trash")
_DRAFTS = ("draft", "pending", "auto-draft", "")
_TERMS = {"categories": "product_cat", "tags": "product_tag", "brands": "product_brand"}
_KSES = ("description", "short_description", "purchase_note")
_AS_GIVEN = (
    "featured", "catalog_visibility", "virtual", "downloadable", "download_limit", "download_expiry", "external_url",
    "button_text", "tax_status", "sold_individually", "reviews_allowed", "menu_order", "post_password",
)  # fmt: skip
_ID_LISTS = ("upsell_ids", "cross_sell_ids", "grouped_products")
_DEFAULTS: Json = {
    **goods.DEFAULTS,
    "name": "", "short_description": "", "purchase_note": "", "featured": False, "catalog_visibility": "visible",
    "external_url": "", "button_text": "", "sold_individually": False, "reviews_allowed": True, "post_password": "",
    "upsell_ids": [], "cross_sell_ids": [], "grouped_products": [], "categories": [], "tags": [], "brands": [],
    "images": [], "default_attributes": [], "variations": [], "total_sales": 0, "average_rating": "0", "rating_count": 0,
}  # fmt: skip


def routes() -> list[Route]:
    out = collection(BASE, "product", items=items, item=item, create=create, update=update, delete=delete, batch=True)
    out.append(Route(f"{BASE}/custom-fields/names", "", {"GET": Endpoint(field_names, {})}))
    out.append(Route(f"{BASE}/{{id}}/duplicate", "product", {"POST": Endpoint(duplicate, {})}, nested=False))
    out.append(Route(f"{BASE}/{{id}}/related", "product", {"GET": Endpoint(related, CONTEXT)}, nested=False))
    return out


def blank(store: Store, **given: Any) -> Json:
    """Return a new product's document, with an id and today's dates."""
    at = clock.now()
    base: Json = {"id": store.new_id("product"), "parent": 0, "status": "publish", "type": "simple", "slug": ""}
    copied = {key: list(value) if isinstance(value, list) else value for key, value in _DEFAULTS.items()}
    return {**base, "created": at, "modified": at, **copied, **given}


def load(call: Call, *, status: int = 404) -> Json:
    """Return the product of the call for changing; updates answer 400 where reads answer 404."""
    body = call.store.get("product", int(call["id"] or 0))
    if body is None:
        raise RestError("woocommerce_rest_product_invalid_id", "Invalid ID.", status)
    return body


# --- reading ---------------------------------------------------------------------------------------------------------


def items(call: Call) -> Reply:
    require_shop(call, "list")
    where = Where("product")
    lists.common(call, where)
    lists.statuses(where, call["include_status"] or call["status"])
    if call["exclude_status"]:
        where.among("status", call["exclude_status"], negate=True)
    _filter(call, where)
    return lists.page_of(call, where, show)


def _filter(call: Call, where: Where) -> None:
    if call["type"]:
        where.add("type = ?", call["type"])
    if call["include_types"]:
        where.among("type", call["include_types"])
    if call["exclude_types"]:
        where.among("type", call["exclude_types"], negate=True)
    for name, field in (("category", "categories"), ("tag", "tags"), ("brand", "brands")):
        if call[name]:
            _in_terms(call, where, field, str(call[name]))
    if call["shipping_class"]:
        where.among("json_extract(body, '$.shipping_class_id')", _numbers(call["shipping_class"]))
    if call["sku"]:
        where.among("code", [call["sku"], *(part.strip() for part in str(call["sku"]).split(","))])
    for name in ("featured", "virtual", "downloadable"):
        if call[name] is not None:
            where.add(f"json_extract(body, '$.{name}') = ?", int(call[name]))
    if call["stock_status"]:
        where.add("json_extract(body, '$.stock_status') = ?", call["stock_status"])
    if call["on_sale"] is not None:
        _on_sale(where, wanted=call["on_sale"])
    for name, sign in (("min_price", ">="), ("max_price", "<=")):
        if call[name]:
            where.add(f"amount {sign} ?", text.number(call[name]))
    if call["attribute"] and call["attribute_term"]:
        _has_attribute(call, where)
    _search(call, where)


def _numbers(value: Any) -> list[int]:
    return [int(part) for part in str(value).split(",") if part.strip().isdigit()]


def _in_terms(call: Call, where: Where, field: str, wanted: str) -> None:
    """Match products of the named terms and, for categories and brands, of the terms below them."""
    found, kind = _numbers(wanted), _TERMS[field]
    for term in found:
        below = Where(kind)
        below.add("parent = ?", term)
        found += [child for child in call.store.ids(below) if child not in found]
    marks = ",".join("?" * len(found))
    where.add(f"EXISTS (SELECT 1 FROM json_each(body, '$.{field}') WHERE value IN ({marks}))", *found)


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
    where.add(
        "EXISTS (SELECT 1 FROM json_each(body, '$.attributes') a, json_each(a.value, '$.options') o "
        f"WHERE json_extract(a.value, '$.slug') = ? AND o.value IN ({marks}))",
        f"pa_{taxonomy}",
        *names,
    )


def _search(call: Call, where: Where) -> None:
    texts = ["name", "json_extract(body, '$.description')", "json_extract(body, '$.short_description')"]
    fields = {"name": "name", "sku": "code", "description": texts[1], "short_description": texts[2]}
    chosen = [fields[name] for name in call["search_fields"] or [] if name in fields]
    lists.words(where, call["search"], chosen or texts)
    lists.words(where, call["search_sku"], ["code"])
    lists.words(where, call["search_name_or_sku"], ["name", "code"])


def item(call: Call) -> Reply:
    body = load(call)
    require_shop(call, "read")
    return show(call, body, single=True)


def show(call: Call, body: Json, *, single: bool = False) -> Reply:
    """Return a product with the keys of the real one, in its order."""
    edit, store = call.edit, call.store
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
        **{field: terms_of(store, kind, body[field]) for field, kind in _TERMS.items()},
        "images": [found for media in body["images"] if (found := goods.responsive_image(call, media))],
        "attributes": body["attributes"],
        "default_attributes": body["default_attributes"],
        "variations": body["variations"],
        "grouped_products": body["grouped_products"],
        "menu_order": body["menu_order"],
        "price_html": goods.price_html(body),
        "related_ids": related_ids(store, body),
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
    return Reply(data, headers=headers, links=links(call, f"{BASE}/{body['id']}", BASE))


def permalink(call: Call, body: Json) -> str:
    if body["status"] in (*_DRAFTS, "trash") or not body["slug"]:
        return call.site.page(f"?post_type=product&p={body['id']}")
    return call.site.page(f"product/{body['slug']}/")


def terms_of(store: Store, kind: str, ids: list[int]) -> list[Json]:
    found = [term for term_id in ids if (term := store.peek(kind, term_id))]
    return [{"id": term["id"], "name": term["name"], "slug": term["slug"]} for term in found]


def related_ids(store: Store, body: Json) -> list[int]:
    """Return up to five products of the same categories, drawn anew on every call as the real shop does."""
    pool = _related_pool(store, body["categories"])
    return random.sample(pool, min(5, len(pool))) if body["id"] not in pool else _without(pool, body["id"])


def _without(pool: list[int], own: int) -> list[int]:
    others = [found for found in pool if found != own]
    return random.sample(others, min(5, len(others)))


def _related_pool(store: Store, categories: list[int]) -> list[int]:
    marks = ",".join("?" * len(categories))
    sql = (
        "SELECT id FROM objects WHERE kind = 'product' AND status = 'publish' AND EXISTS "
        f"(SELECT 1 FROM json_each(body, '$.categories') WHERE value IN ({marks})) LIMIT 20"  # marks only
    )
    return [found for (found,) in store.remembered(sql, categories)]


# --- writing ---------------------------------------------------------------------------------------------------------


def create(call: Call) -> Reply:
    require_shop(call, "create")
    if call["id"]:
        raise RestError("woocommerce_rest_product_exists", "Cannot create existing product.", 400)
    body = blank(call.store, type=call["type"] or "simple", status="publish")
    apply(call, body, creating=True)
    call.store.put("product", body)
    call.params["context"] = "edit"
    reply = show(call, body)
    reply.status, reply.headers["Location"] = 201, call.site.rest(f"{BASE}/{body['id']}")
    return reply


def update(call: Call) -> Reply:
    body = load(call, status=400)
    require_shop(call, "edit")
    apply(call, body, creating=False)
    body["modified"] = clock.now()
    call.store.put("product", body)
    call.params["context"] = "edit"
    return show(call, body)


def apply(call: Call, body: Json, *, creating: bool) -> None:
    """Write the sent fields into the product, in the order in which the real shop refuses them."""
    sent = {name: value for name, value in call.params.items() if name in call.body or name in call.query}
    if creating:
        sent = {**call.params, **sent}
    if not creating and sent.get("type") and sent["type"] != body["type"]:
        _change_type(body, sent["type"])
    _apply_words(call.store, body, sent)
    for name in _AS_GIVEN:
        if sent.get(name) is not None:
            body[name] = sent[name]
    for name in _ID_LISTS:
        if name in sent:
            body[name] = [int(found) for found in sent[name] or []]
    goods.apply_physical(body, sent)
    goods.apply_shipping_class(call.store, body, sent)
    goods.apply_sku(call.store, body, sent, creating=creating)
    goods.apply_unique_id(call.store, body, sent)
    if sent.get("attributes") is not None:
        body["attributes"] = _attributes(call.store, cast("list[Json]", sent["attributes"]))
    if sent.get("default_attributes") is not None:
        body["default_attributes"] = _default_attributes(body, cast("list[Json]", sent["default_attributes"]))
    if body["type"] not in ("variable", "grouped"):
        goods.apply_prices(body, sent)
    goods.apply_stock(body, sent)
    _apply_terms(call, body, sent, creating=creating)
    _apply_status(call.store, body, sent)
    if "date_created" in sent or "date_created_gmt" in sent:
        _apply_created(body, sent)
    goods.apply_meta(call.store, body, sent)
    if sent.get("images") is not None:
        body["images"] = [goods.take_image(call, found, "product") for found in cast("list[Json]", sent["images"])]
    if body["type"] == "variable":
        _settle_variable(body, creating=creating)
    else:
        goods.settle_price(body)


def _change_type(body: Json, wanted: str) -> None:
    body["type"] = wanted
    if wanted == "variable":
        body.update(regular_price="", sale_price="", sale_from=None, sale_to=None)


def _apply_words(store: Store, body: Json, sent: Json) -> None:
    if sent.get("name") is not None:
        body["name"] = text.kses(sent["name"]).strip()
    for name in _KSES:
        if sent.get(name) is not None:
            body[name] = text.kses(sent[name])
    if sent.get("slug"):
        body["slug"] = unique_slug(store, "product", text.slugify(str(sent["slug"])), body["id"])
    if not body["name"]:
        body["name"] = "Product"


def _apply_status(store: Store, body: Json, sent: Json) -> None:
    was, wanted = body["status"], sent.get("status") or body["status"]
    body["status"] = wanted = wanted if wanted in _STATUSES else "draft"
    if was == "trash" and wanted != "trash":
        body["slug"] = unique_slug(store, "product", goods.from_bin(body), body["id"])
    if wanted not in (*_DRAFTS, "trash") and not body["slug"]:
        body["slug"] = unique_slug(store, "product", text.slugify(body["name"]) or str(body["id"]), body["id"])


def _apply_created(body: Json, sent: Json) -> None:
    for name, is_gmt in (("date_created", False), ("date_created_gmt", True)):
        if sent.get(name):
            body["created"] = clock.to_gmt(str(sent[name]), is_gmt=is_gmt) or body["created"]


def _apply_terms(call: Call, body: Json, sent: Json, *, creating: bool) -> None:
    """Set categories, tags and brands; unknown ids vanish without a word, no category means the default one."""
    for field, kind in _TERMS.items():
        if sent.get(field) is not None:
            wanted = [_term_id(call.store, kind, entry) for entry in cast("list[Any]", sent[field])]
            body[field] = sorted({found for found in wanted if found})
    if not body["categories"] and (creating or "categories" in sent):
        default = call.store.option("default_product_cat", 0)
        body["categories"] = [default] if default else []


def _term_id(store: Store, kind: str, entry: Any) -> int:
    given = cast("Json", entry) if isinstance(entry, dict) else {"id": entry}
    if given.get("id"):
        return int(given["id"]) if store.peek(kind, int(given["id"])) else 0
    return 0


def _attributes(store: Store, given: list[Json]) -> list[Json]:
    """Return attributes as stored: global ones by id with their names, own ones with the name as slug."""
    out: list[Json] = []
    for place, entry in enumerate(given):
        attribute = store.peek("attribute", int(entry["id"])) if entry.get("id") else None
        if entry.get("id") and attribute is None:
            continue
        name = attribute["name"] if attribute else text.plain(entry.get("name", ""))
        options = entry.get("options") or []
        if isinstance(options, str):
            options = [part.strip() for part in options.split("|")]
        if not name:
            continue
        names = _global_options(store, attribute, options) if attribute else [text.plain(option) for option in options]
        out.append(
            {
                "id": attribute["id"] if attribute else 0,
                "name": name,
                "slug": attribute["slug"] if attribute else name,
                "position": int(entry.get("position", place) or 0),
                "visible": goods.as_bool(entry.get("visible", False)),
                "variation": goods.as_bool(entry.get("variation", False)),
                "options": names,
            }
        )
    return sorted(out, key=lambda entry: entry["position"])


def _global_options(store: Store, attribute: Json, options: list[Any]) -> list[str]:
    """Return the options of a global attribute; terms that are missing come into being."""
    from devskyy_tools.sandbox.nouns.terms import ensure_term

    return [ensure_term(store, "attribute_term", str(option), attribute["id"])["name"] for option in options]


def _default_attributes(body: Json, given: list[Json]) -> list[Json]:
    by_key = {entry["id"] or entry["name"]: entry for entry in body["attributes"]}
    out: list[Json] = []
    for entry in given:
        attribute = by_key.get(entry.get("id") or entry.get("name"))
        if attribute and attribute["variation"]:
            out.append({"id": attribute["id"], "name": attribute["name"], "option": str(entry.get("option", ""))})
    return out


def _settle_variable(body: Json, *, creating: bool) -> None:
    """A variable product has no prices of its own; what it derives changes with its variations only."""
    body.update(regular_price="", sale_price="")
    if creating:
        body["price"] = ""
        if body["manage_stock"] is not True:
            body["stock_status"] = "outofstock"


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


def duplicate(call: Call) -> Reply:
    """Copy a product as a draft, its variations with it; SKUs get a number."""
    source = load(call)
    require_shop(call, "create")
    store, at = call.store, clock.now()
    body = {**source, "id": store.new_id("product"), "name": f"{source['name']} (Copy)", "status": "draft", "slug": ""}
    body |= {"created": at, "modified": at, "total_sales": 0, "rating_count": 0, "average_rating": "0"}
    body["sku"] = goods.free_sku(store, source["sku"]) if source["sku"] else ""
    children: list[int] = []
    for child in _children(store, source["id"]):
        copy = {**child, "id": store.new_id("variation"), "parent": body["id"], "created": at, "modified": at}
        copy["sku"] = goods.free_sku(store, child["sku"]) if child["sku"] else ""
        store.put("variation", copy)
        children.append(copy["id"])
    body["variations"] = children
    store.put("product", body)
    call.params["context"] = "edit"
    return show(call, body)


def related(call: Call) -> Reply:
    body = load(call)
    require_shop(call, "read")
    return Reply(related_ids(call.store, body))


def field_names(call: Call) -> Reply:
    require_shop(call, "list")
    sql = (
        "SELECT DISTINCT json_extract(m.value, '$.key') FROM objects, json_each(body, '$.meta') m "
        "WHERE kind = 'product' AND substr(json_extract(m.value, '$.key'), 1, 1) <> '_' ORDER BY 1"
    )
    return Reply([name for (name,) in call.store.rows(sql)])
