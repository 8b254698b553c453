"""The writable fields of a product: what is taken, cleaned, looked up, refused or silently dropped."""

from __future__ import annotations

from typing import Any, cast

from devskyy_tools.sandbox import clock, text
from devskyy_tools.sandbox.envelope import Call, Json
from devskyy_tools.sandbox.nouns import goods
from devskyy_tools.sandbox.nouns.terms import ensure_term
from devskyy_tools.sandbox.store import Store, unique_slug

DRAFTS = ("draft", "pending", "auto-draft", "")
TERMS = {"categories": "product_cat", "tags": "product_tag", "brands": "product_brand"}
_STATUSES = ("draft", "pending", "private", "publish", "future", "auto-draft", "trash")
_KSES = ("description", "short_description", "purchase_note")
_AS_GIVEN = (
    "featured", "catalog_visibility", "virtual", "downloadable", "download_limit", "download_expiry", "external_url",
    "button_text", "tax_status", "sold_individually", "reviews_allowed", "menu_order", "post_password",
)  # fmt: skip
_ID_LISTS = ("upsell_ids", "cross_sell_ids", "grouped_products")


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
            body[name] = [int(found) for found in cast("list[Any]", sent[name] or [])]
    goods.apply_physical(body, sent)
    goods.apply_shipping_class(call.store, body, sent)
    goods.apply_sku(call.store, body, sent, creating=creating)
    goods.apply_unique_id(call.store, body, sent)
    _apply_attributes(call.store, body, sent)
    if body["type"] not in ("variable", "grouped"):
        goods.apply_prices(body, sent)
    goods.apply_stock(body, sent)
    _apply_terms(call, body, sent, creating=creating)
    _apply_status(call.store, body, sent)
    _apply_created(body, sent)
    goods.apply_meta(call.store, body, sent)
    if sent.get("images") is not None:
        body["images"] = [goods.take_image(call, found, "product") for found in cast("list[Json]", sent["images"])]
    if body["type"] == "variable":
        _settle_variable(body, creating=creating)
    else:
        goods.settle_price(body)


def _apply_attributes(store: Store, body: Json, sent: Json) -> None:
    if sent.get("attributes") is not None:
        body["attributes"] = _attributes(store, cast("list[Json]", sent["attributes"]))
    if sent.get("default_attributes") is not None:
        body["default_attributes"] = _default_attributes(body, cast("list[Json]", sent["default_attributes"]))


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
    if wanted not in (*DRAFTS, "trash") and not body["slug"]:
        body["slug"] = unique_slug(store, "product", text.slugify(body["name"]) or str(body["id"]), body["id"])


def _apply_created(body: Json, sent: Json) -> None:
    for name, is_gmt in (("date_created", False), ("date_created_gmt", True)):
        if sent.get(name):
            body["created"] = clock.to_gmt(str(sent[name]), is_gmt=is_gmt) or body["created"]


def _apply_terms(call: Call, body: Json, sent: Json, *, creating: bool) -> None:
    """Set categories, tags and brands; unknown ids vanish without a word, no category means the default one."""
    for field, kind in TERMS.items():
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
        given_options: Any = entry.get("options") or []
        options = given_options.split("|") if isinstance(given_options, str) else cast("list[Any]", given_options)
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
    """Return the options of a global attribute in its terms' order; terms that are missing come into being."""
    terms = [ensure_term(store, "attribute_term", str(option), attribute["id"]) for option in options]
    by = {"id": "id", "menu_order": "menu_order"}.get(attribute["order_by"], "name")
    return [term["name"] for term in sorted(terms, key=lambda term: (term[by], term["name"]))]


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
