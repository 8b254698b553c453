"""What products and variations share: money, stock, SKU, own fields (meta_data) and pictures."""

from __future__ import annotations

from typing import Any, cast
from uuid import uuid4

from devskyy_tools.sandbox import clock, text
from devskyy_tools.sandbox.envelope import Call, Json, RestError
from devskyy_tools.sandbox.site import SYMBOL
from devskyy_tools.sandbox.store import Store, Where

TAX_CLASSES = {"reduced-rate": "Reduced rate", "zero-rate": "Zero rate"}
DESIRED_SLUG = "_wp_desired_post_slug"  # what an object in the bin wants to be called when it comes back
_MONEY = ("regular_price", "sale_price")
_MEASURES = ("length", "width", "height")
_SALE_DATES = {"date_on_sale_from": "sale_from", "date_on_sale_to": "sale_to"}

DEFAULTS: Json = {
    "description": "", "sku": "", "price": "", "regular_price": "", "sale_price": "", "sale_from": None,
    "sale_to": None, "virtual": False, "downloadable": False, "downloads": [], "download_limit": -1,
    "download_expiry": -1,
    "tax_status": "taxable", "tax_class": "", "manage_stock": False, "stock_quantity": None, "stock_status": "instock",
    "backorders": "no", "low_stock_amount": None, "weight": "", "dimensions": dict.fromkeys(_MEASURES, ""),
    "shipping_class_id": 0, "menu_order": 0, "global_unique_id": "", "meta": [], "attributes": [],
}  # fmt: skip


def apply_prices(body: Json, sent: Json) -> None:
    """Take prices as text: whatever is no digit, dot or minus disappears, so "abc" empties a price."""
    for name in _MONEY:
        if name in sent:
            body[name] = text.money(sent[name])
    for name, stored in _SALE_DATES.items():
        # null is not seen at all; only an empty text clears a sale date
        if sent.get(name) is not None:
            body[stored] = _sale_date(sent[name], is_gmt=False)
        if sent.get(f"{name}_gmt") is not None:
            body[stored] = _sale_date(sent[f"{name}_gmt"], is_gmt=True)


def _sale_date(value: Any, *, is_gmt: bool) -> str | None:
    """Return a sale's first or last moment; a bare day is its first second at both ends."""
    return clock.to_gmt(str(value), is_gmt=is_gmt) if value else None


def on_sale(body: Json, at: str | None = None) -> bool:
    """Say whether the sale price counts now."""
    if body["type"] == "variable":
        return bool(body.get("child_on_sale"))
    if body["sale_price"] == "" or text.number(body["regular_price"]) <= text.number(body["sale_price"]):
        return False
    at = at or clock.now()
    return (body["sale_from"] or at) <= at and (body["sale_to"] or at) >= at


def price(body: Json) -> str:
    if body["type"] == "variable":
        return body["price"]
    return body["sale_price"] if on_sale(body) else body["regular_price"]


def settle_price(body: Json) -> None:
    """Drop a sale price that is not below the regular one, without a word, and derive the price."""
    sale, regular = body["sale_price"], body["regular_price"]
    if sale != "" and (regular == "" or text.number(sale) >= text.number(regular)):
        body["sale_price"] = ""
    body["price"] = price(body)


def apply_stock(body: Json, sent: Json) -> None:
    """Take stock fields; a quantity without managed stock is ignored, managed stock decides the status."""
    if sent.get("stock_status"):
        body["stock_status"] = sent["stock_status"]
    if "manage_stock" in sent and sent["manage_stock"] is not None:
        body["manage_stock"] = (
            sent["manage_stock"] if sent["manage_stock"] == "parent" else as_bool(sent["manage_stock"])
        )
    if sent.get("backorders"):
        body["backorders"] = sent["backorders"]
    if "low_stock_amount" in sent:
        body["low_stock_amount"] = sent["low_stock_amount"] if sent["low_stock_amount"] != "" else None
    if body["manage_stock"] is not True:
        body["stock_quantity"] = None
        body["backorders"] = "no"
        body["low_stock_amount"] = None
        return
    if "stock_quantity" in sent:
        body["stock_quantity"] = int(text.number(sent["stock_quantity"]))
    elif sent.get("inventory_delta") is not None:
        body["stock_quantity"] = (body["stock_quantity"] or 0) + int(sent["inventory_delta"])
    derive_stock_status(body)


def derive_stock_status(body: Json) -> None:
    if body["manage_stock"] is not True:
        return
    if (body["stock_quantity"] or 0) > 0:
        body["stock_status"] = "instock"
    else:
        body["stock_status"] = "outofstock" if body["backorders"] == "no" else "onbackorder"


def as_bool(value: Any) -> bool:
    return str(value).lower() not in ("false", "0", "", "none", "no")


def apply_physical(body: Json, sent: Json) -> None:
    """Take measures, downloads and tax class; an unknown class becomes the standard one."""
    if "weight" in sent:
        body["weight"] = text.money(sent["weight"])
    if isinstance(sent.get("dimensions"), dict):
        given = cast("Json", sent["dimensions"])
        body["dimensions"] = {
            name: text.money(given[name]) if name in given else body["dimensions"][name] for name in _MEASURES
        }
    if sent.get("downloads") is not None:
        files = [found for found in cast("list[Json]", sent["downloads"]) if found.get("file")]
        body["downloads"] = [
            {"id": found.get("id") or str(uuid4()), "name": found.get("name") or found["file"], "file": found["file"]}
            for found in files
        ]
    if "tax_class" in sent:
        wanted = text.slugify(str(sent["tax_class"] or ""))
        body["tax_class"] = wanted if wanted in TAX_CLASSES or wanted == "parent" else ""


def apply_shipping_class(store: Store, body: Json, sent: Json) -> None:
    if "shipping_class" in sent:
        where = Where("shipping_class")
        where.add("slug = ?", str(sent["shipping_class"] or ""))
        body["shipping_class_id"] = next(iter(store.ids(where)), 0)


def apply_sku(store: Store, body: Json, sent: Json, *, creating: bool) -> None:
    """Take a SKU that no living object has. One in the bin blocks only creates, with another code."""
    if "sku" not in sent:
        return
    sku = text.plain(sent["sku"])
    holders = store.rows(
        "SELECT id, status FROM objects WHERE code = ? AND code <> '' AND kind IN ('product', 'variation') "
        "AND NOT (kind = ? AND id = ?)",
        (sku, "variation" if body["type"] == "variation" else "product", body["id"]),
    )
    alive = next((found for found, status in holders if status != "trash"), None)
    if alive is not None:
        raise RestError(
            "product_invalid_sku", "Invalid or duplicated SKU.", 400, resource_id=alive, unique_sku=free_sku(store, sku)
        )
    if holders and creating:
        message = f"The product with SKU ({sku}) you are trying to insert is already present in the lookup table"
        raise RestError("woocommerce_rest_product_not_created", message, 400)
    body["sku"] = sku


def apply_unique_id(store: Store, body: Json, sent: Json) -> None:
    """Take a GTIN, UPC, EAN or ISBN that no other product has."""
    if "global_unique_id" not in sent:
        return
    number = "".join(c for c in str(sent["global_unique_id"] or "") if c.isdigit() or c in "-X")
    sql = (
        "SELECT id FROM objects WHERE kind IN ('product', 'variation') AND status <> 'trash' AND id <> ? "
        "AND json_extract(body, '$.global_unique_id') = ?"
    )
    holder = store.rows(sql, (body["id"], number)) if number else []
    if holder:
        message = "Invalid or duplicated GTIN, UPC, EAN or ISBN."
        raise RestError("product_invalid_global_unique_id", message, 400, resource_id=holder[0][0])
    body["global_unique_id"] = number


def free_sku(store: Store, sku: str) -> str:
    number = 1
    while store.rows("SELECT 1 FROM objects WHERE code = ?", (f"{sku}-{number}",)):
        number += 1
    return f"{sku}-{number}"


def apply_meta(store: Store, body: Json, sent: Json) -> None:
    """Upsert own fields by id or key; null deletes; numbers come back as text, as from the database."""
    for entry in cast("list[Json]", sent.get("meta_data") or []):
        key, value = str(entry.get("key", "")), entry.get("value")
        own_id = int(entry.get("id") or 0)
        matches = [m for m in body["meta"] if (m["id"] == own_id if own_id else m["key"] == key)]
        if value is None:
            body["meta"] = [m for m in body["meta"] if m not in matches]
        elif matches:
            matches[0]["value"] = stored_value(value)
            matches[0]["key"] = key or matches[0]["key"]
            body["meta"] = [m for m in body["meta"] if m not in matches[1:]]
        elif key:
            body["meta"].append({"id": store.new_id("meta"), "key": key, "value": stored_value(value)})


def stored_value(value: Any) -> Any:
    if isinstance(value, bool):
        return "1" if value else ""
    return cast("Any", value) if isinstance(value, dict | list) else str(value)


def shown_meta(body: Json) -> list[Json]:
    return [{"id": m["id"], "key": m["key"], "value": m["value"]} for m in body["meta"]]


def amount_html(value: str) -> str:
    symbol = f'<span class="woocommerce-Price-currencySymbol">{SYMBOL}</span>'
    return f'<span class="woocommerce-Price-amount amount"><bdi>{symbol}{text.fixed(value)}</bdi></span>'


def price_html(body: Json) -> str:
    """Return the price as the theme shows it, the old one struck through while a sale runs."""
    if body["type"] == "variable":
        low, high = body.get("price_range") or ("", "")
        if low != high:
            spoken = f"Price range: {SYMBOL}{text.fixed(low)} through {SYMBOL}{text.fixed(high)}"
            dash = f'{amount_html(low)} <span aria-hidden="true">&ndash;</span> {amount_html(high)}'
            return f'{dash}<span class="screen-reader-text">{spoken}</span>'.replace(
                'class="woocommerce-Price-amount amount"', 'class="woocommerce-Price-amount amount" aria-hidden="true"'
            )
        if not low or not body.get("child_on_sale"):
            return amount_html(low) if low else ""
        return _struck(body["child_regular"], low)
    now = price(body)
    if now == "":
        return ""
    if not on_sale(body):
        return amount_html(now)
    return _struck(body["regular_price"], now)


def _struck(was: str, now: str) -> str:
    return (
        f'<del aria-hidden="true">{amount_html(was)}</del> <span class="screen-reader-text">Original price was: '
        f'{SYMBOL}{text.fixed(was)}.</span><ins aria-hidden="true">{amount_html(now)}</ins>'
        f'<span class="screen-reader-text">Current price is: {SYMBOL}{text.fixed(now)}.</span>'
    )


def image(call: Call, media_id: int) -> Json | None:
    """Return a picture as products show it; None when its media item is gone."""
    media = call.store.peek("attachment", media_id)
    if media is None:
        return None
    return {
        "id": media["id"],
        "date_created": clock.local(media["created"]),
        "date_created_gmt": media["created"],
        "date_modified": clock.local(media["modified"]),
        "date_modified_gmt": media["modified"],
        "src": call.site.upload(media["file"]),
        "name": media["title"],
        "alt": media["alt_text"],
    }


def responsive_image(call: Call, media_id: int) -> Json | None:
    """Return a picture with what browsers need to choose a size."""
    found = image(call, media_id)
    if found is None:
        return None
    width = (call.store.peek("attachment", media_id) or {"width": 0})["width"]
    return {**found, "srcset": "", "sizes": f"(max-width: {width}px) 100vw, {width}px", "thumbnail": found["src"]}


def take_image(call: Call, given: Json, code: str) -> int:
    """Return the media id of a picture that was sent; its name and alt are written into the media item itself."""
    media_id = int(given.get("id") or 0)
    if not media_id and given.get("src"):
        message = f"Error getting remote image {given['src']}. Error: A valid URL was not provided."
        raise RestError(f"woocommerce_{code}_image_upload_error", message, 400)
    media = call.store.get("attachment", media_id) if media_id else None
    if media is None or not media["mime_type"].startswith("image/"):
        raise RestError(f"woocommerce_{code}_invalid_image_id", f"#{media_id} is an invalid image ID.", 400)
    if given.get("name"):
        media["title"] = text.plain(given["name"])
    if given.get("alt"):
        media["alt_text"] = text.plain(given["alt"])
    if given.get("name") or given.get("alt"):
        call.store.put("attachment", media)
    return media_id


def sale_dates(body: Json) -> Json:
    return {
        "date_on_sale_from": clock.local(body["sale_from"]),
        "date_on_sale_from_gmt": body["sale_from"],
        "date_on_sale_to": clock.local(body["sale_to"]),
        "date_on_sale_to_gmt": body["sale_to"],
    }


def shipping_class(store: Store, body: Json) -> str:
    term = store.peek("shipping_class", body["shipping_class_id"]) if body["shipping_class_id"] else None
    return term["slug"] if term else ""


def to_bin(store: Store, body: Json) -> None:
    """Bin an object: the status is kept in meta, the slug makes room for others."""
    body["meta"] = [m for m in body["meta"] if not m["key"].startswith("_wp_trash_meta_")]
    notes = {"_wp_trash_meta_status": body["status"], "_wp_trash_meta_time": str(_epoch()), DESIRED_SLUG: body["slug"]}
    body["meta"] += [{"id": store.new_id("meta"), "key": key, "value": value} for key, value in notes.items() if value]
    body["slug"] = f"{body['slug']}__trashed" if body["slug"] else ""
    body["status"] = "trash"
    body["modified"] = clock.now()


def from_bin(body: Json) -> str:
    """Return the slug that a restored object had, which is forgotten with that."""
    wanted = next((m["value"] for m in body["meta"] if m["key"] == DESIRED_SLUG), "")
    body["meta"] = [m for m in body["meta"] if m["key"] != DESIRED_SLUG]
    return str(wanted)


def _epoch() -> int:
    import time

    return int(time.time())
