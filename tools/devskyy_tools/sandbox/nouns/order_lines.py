"""Lines of an order: products, shipping, fees and coupons, and the sums they make. Taxes are off in this shop."""

from __future__ import annotations

import json
from typing import Any

from devskyy_tools.sandbox import clock, text
from devskyy_tools.sandbox.envelope import Call, Json, RestError
from devskyy_tools.sandbox.nouns import goods
from devskyy_tools.sandbox.store import Store, Where

LINES = ("line_items", "shipping_lines", "fee_lines")
_REFERENCES = ("product_id", "method_id", "method_title", "name", "code")


def apply(call: Call, body: Json, kind: str, given: list[Json]) -> None:
    """Add, change or remove lines: null references and a quantity of 0 remove."""
    for entry in given:
        line_id = int(entry.get("id") or 0)
        if any(name in entry and entry[name] is None for name in _REFERENCES) or entry.get("quantity") == 0:
            body[kind] = [line for line in body[kind] if line["id"] != line_id]
            continue
        line: Json = _existing(body[kind], line_id) if line_id else {"id": call.store.new_id("item"), "meta": []}
        if not line_id:
            body[kind].append(line)
        _FILL[kind](call.store, line, entry, new=not line_id)
        _line_meta(call.store, line, entry)


def _existing(lines: list[Json], line_id: int) -> Json:
    found = next((line for line in lines if line["id"] == line_id), None)
    if found is None:
        message = "Order item ID provided is not associated with order."
        raise RestError("woocommerce_rest_invalid_item_id", message, 400)
    return found


def _fill_product(store: Store, line: Json, entry: Json, *, new: bool) -> None:
    changed = False
    if new or entry.get("product_id") or entry.get("variation_id") or entry.get("sku"):
        product_id, variation_id = _reference(store, entry)
        changed = new or (product_id, variation_id) != (line["product_id"], line["variation_id"])
        if changed:
            set_product(store, line, product_id, variation_id, int(entry.get("quantity") or 1))
    if entry.get("quantity") is not None:
        line["quantity"] = int(entry["quantity"])
    for name in ("subtotal", "total"):
        if entry.get(name) is not None:
            line[name] = text.money(entry[name]) or "0"
    if entry.get("name"):
        line["name"] = text.plain(entry["name"])
    if entry.get("tax_class") is not None:
        line["tax_class"] = entry["tax_class"]


def _reference(store: Store, entry: Json) -> tuple[int, int]:
    """Return product and variation of a line; an unknown product is a line without one, not an error."""
    product_id, variation_id = int(entry.get("product_id") or 0), int(entry.get("variation_id") or 0)
    if entry.get("sku") and not product_id and not variation_id:
        return _by_sku(store, str(entry["sku"]))
    if not product_id and not variation_id:
        raise RestError("woocommerce_rest_required_product_reference", "Product ID or SKU is required.", 400)
    variation = store.get("variation", variation_id or product_id)
    if variation:
        return variation["parent"], variation["id"]
    return (product_id, 0) if store.peek("product", product_id) else (0, 0)


def _by_sku(store: Store, sku: str) -> tuple[int, int]:
    found = store.rows(
        "SELECT kind, id, parent FROM objects WHERE code = ? AND kind IN ('product', 'variation')", (sku,)
    )
    if not found:
        return 0, 0
    kind, own, parent = found[0]
    return (own, 0) if kind == "product" else (parent, own)


def set_product(store: Store, line: Json, product_id: int, variation_id: int, quantity: int) -> None:
    """Put a product on a line, at its price of now."""
    product = store.get("product", product_id)
    variation = store.get("variation", variation_id) if variation_id else None
    sold = variation or product
    amount = text.number(goods.price(sold)) * quantity if sold else 0
    name = product["name"] if product else ""
    line.update(product_id=product_id, variation_id=variation_id, quantity=quantity, name=name, tax_class="")
    if variation:
        options = ", ".join(choice["option"] for choice in variation["attributes"])
        line["name"] = f"{name} - {options}" if options else name
        line["parent_name"] = name
        line["meta"] = [_meta(store, choice["slug"], choice["option"]) for choice in variation["attributes"]]
    line["subtotal"] = line["total"] = str(round(amount, 2))


def _meta(store: Store, key: str, value: Any) -> Json:
    return {"id": store.new_id("meta"), "key": key, "value": goods.stored_value(value)}


def _line_meta(store: Store, line: Json, entry: Json) -> None:
    goods.apply_meta(store, line, {"meta_data": entry.get("meta_data")})


def _fill_shipping(store: Store, line: Json, entry: Json, *, new: bool) -> None:
    del store
    if new and not entry.get("method_id"):
        raise RestError("woocommerce_rest_invalid_shipping_item", "Shipping method ID is required.", 400)
    if new:
        line.update(method_title="", method_id="", instance_id="", total="0")
    for name in ("method_title", "method_id", "instance_id"):
        if entry.get(name) is not None:
            line[name] = str(entry[name])
    if entry.get("total") is not None:
        line["total"] = text.money(entry["total"]) or "0"


def _fill_fee(store: Store, line: Json, entry: Json, *, new: bool) -> None:
    del store
    if new and not entry.get("name"):
        raise RestError("woocommerce_rest_invalid_fee_item", "Fee name is required.", 400)
    if new:
        line.update(name="", tax_class="", tax_status="taxable", total="0")
    for name in ("name", "tax_class", "tax_status"):
        if entry.get(name) is not None:
            line[name] = str(entry[name])
    if entry.get("total") is not None:
        line["total"] = text.money(entry["total"]) or "0"


_FILL = {"line_items": _fill_product, "shipping_lines": _fill_shipping, "fee_lines": _fill_fee}


def sum_up(body: Json) -> None:
    """Add the lines up; the order's own total is never taken from the request."""
    goods_total = sum(text.number(line["total"]) for line in body["line_items"])
    before = sum(text.number(line["subtotal"]) for line in body["line_items"])
    shipping = sum(text.number(line["total"]) for line in body["shipping_lines"])
    fees = sum(text.number(line["total"]) for line in body["fee_lines"])
    coupons = sum(text.number(line["discount"]) for line in body["coupon_lines"])
    body["discount_total"] = text.fixed(coupons if body["coupon_lines"] else max(before - goods_total, 0))
    body["shipping_total"] = text.fixed(shipping)
    body["total"] = text.fixed(goods_total + shipping + fees)


# --- coupons ---------------------------------------------------------------------------------------------------------


def apply_coupons(store: Store, body: Json, given: list[Json]) -> None:
    """Replace the order's coupons; a refused one leaves a new order behind as a draft."""
    coupons: list[Json] = []
    have = {line["code"] for line in body["coupon_lines"]}
    for entry in given:
        if entry.get("id"):
            raise RestError("woocommerce_rest_coupon_item_id_readonly", "Coupon item ID is readonly.", 400)
        if not entry.get("code"):
            raise RestError("woocommerce_rest_invalid_coupon", "Coupon code is required.", 400)
        coupons.append(_coupon(store, body, str(entry["code"]).strip().lower(), applied=have))
    for line in body["line_items"]:
        line["total"] = line["subtotal"]
    body["coupon_lines"] = [_discount(store, body, coupon) for coupon in coupons]
    sum_up(body)


def _coupon(store: Store, body: Json, code: str, *, applied: set[str]) -> Json:
    where = Where("coupon")
    where.add("code = ? AND status = 'publish'", code)
    coupon = next(iter(store.find(where)), None)
    if coupon is None:
        raise _invalid(f"Coupon &quot;{code}&quot; cannot be applied because it does not exist.")
    if code in applied:
        return coupon
    if coupon["date_expires"] and coupon["date_expires"] < clock.now():
        raise _invalid(f"Coupon &quot;{code}&quot; has expired.")
    if coupon["usage_limit"] and coupon["usage_count"] >= coupon["usage_limit"]:
        raise _invalid(f"Usage limit for coupon &quot;{code}&quot; has been reached.")
    subtotal = sum(text.number(line["subtotal"]) for line in body["line_items"])
    if text.number(coupon["minimum_amount"]) > subtotal:
        least = goods.amount_html(coupon["minimum_amount"])
        raise _invalid(f"The minimum spend for coupon &quot;{code}&quot; is {least}.")
    return coupon


def _invalid(message: str) -> RestError:
    return RestError("woocommerce_rest_invalid_coupon", message, 400)


def _discount(store: Store, body: Json, coupon: Json) -> Json:
    amount, lines = text.number(coupon["amount"]), _discountable(store, body, coupon)
    base = sum(text.number(line["total"]) for line in lines)
    off = 0.0
    for line in lines:
        total = text.number(line["total"])
        if coupon["discount_type"] == "percent":
            cut = round(total * amount / 100, 2)
        elif coupon["discount_type"] == "fixed_product":
            cut = min(amount * line["quantity"], total)
        else:
            cut = round(min(amount, base) * total / base, 2) if base else 0.0
        line["total"] = text.fixed(total - cut)
        off += cut
    info = json.dumps([coupon["id"], coupon["code"], coupon["discount_type"], int(amount)], separators=(",", ":"))
    return {
        "id": store.new_id("item"), "code": coupon["code"], "discount": f"{round(off, 2):g}",
        "meta": [_meta(store, "coupon_info", info)], "discount_type": coupon["discount_type"],
        "nominal_amount": amount, "free_shipping": coupon["free_shipping"],
    }  # fmt: skip


def _discountable(store: Store, body: Json, coupon: Json) -> list[Json]:
    out: list[Json] = []
    for line in body["line_items"]:
        product = store.peek("product", line["product_id"]) or {"categories": []}
        ids, categories = {line["product_id"], line["variation_id"]}, set(product["categories"])
        if coupon["product_ids"] and not ids & set(coupon["product_ids"]):
            continue
        if ids & set(coupon["excluded_product_ids"]) or categories & set(coupon["excluded_product_categories"]):
            continue
        if coupon["product_categories"] and not categories & set(coupon["product_categories"]):
            continue
        out.append(line)
    return out


# --- showing ---------------------------------------------------------------------------------------------------------


def shown_items(call: Call, lines: list[Json]) -> list[Json]:
    return [_shown_item(call, line) for line in lines]


def _shown_item(call: Call, line: Json) -> Json:
    store = call.store
    product = store.peek("product", line["product_id"]) if line["product_id"] else None
    variation = store.peek("variation", line["variation_id"]) if line["variation_id"] else None
    quantity = line["quantity"] or 1
    price = round(text.number(line["total"]) / quantity, 4)
    return {
        "id": line["id"],
        "name": line["name"],
        "product_id": line["product_id"],
        "variation_id": line["variation_id"],
        "quantity": line["quantity"],
        "tax_class": line["tax_class"],
        "subtotal": text.fixed(line["subtotal"]),
        "subtotal_tax": "0.00",
        "total": text.fixed(line["total"]),
        "total_tax": "0.00",
        "taxes": [],
        "meta_data": line_meta(call, line),
        "sku": ((variation or {}).get("sku") or product["sku"]) if product else None,
        "global_unique_id": (variation or product)["global_unique_id"] if product else None,
        "price": int(price) if price == int(price) else price,
        "image": _line_image(call, product, variation),
        "parent_name": line.get("parent_name"),
    }


def _line_image(call: Call, product: Json | None, variation: Json | None) -> Json:
    media = (variation or {}).get("image") or next(iter((product or {}).get("images", [])), 0)
    found = goods.image(call, media) if media else None
    if found:
        return {"id": str(found["id"]), "src": found["src"]}
    return {"id": "" if product and not variation else 0, "src": ""}


def line_meta(call: Call, line: Json) -> list[Json]:
    out: list[Json] = []
    for entry in goods.shown_meta(line):
        key, value = entry["key"], entry["value"]
        name = _axis_name(call, key) if key[:1] != "_" else key
        out.append({**entry, "display_key": name, "display_value": value})
    return out


def _axis_name(call: Call, key: str) -> str:
    where = Where("attribute")
    where.add("slug = ?", key)
    attribute = next(iter(call.store.find(where)), None)
    return attribute["name"] if attribute else key.capitalize() if key in ("size", "colour", "color") else key


def shown_shipping(call: Call, lines: list[Json]) -> list[Json]:
    return [
        {
            "id": line["id"],
            "method_title": line["method_title"],
            "method_id": line["method_id"],
            "instance_id": line["instance_id"],
            "total": text.fixed(line["total"]),
            "total_tax": "0.00",
            "taxes": [],
            "tax_status": "taxable",
            "meta_data": line_meta(call, line),
        }
        for line in lines
    ]


def shown_fees(call: Call, lines: list[Json]) -> list[Json]:
    return [
        {
            "id": line["id"],
            "name": line["name"],
            "tax_class": line["tax_class"],
            "tax_status": line["tax_status"],
            "amount": "",
            "total": text.fixed(line["total"]),
            "total_tax": "0.00",
            "taxes": [],
            "meta_data": line_meta(call, line),
        }
        for line in lines
    ]


def shown_coupons(call: Call, lines: list[Json]) -> list[Json]:
    return [
        {
            "id": line["id"],
            "code": line["code"],
            "discount": line["discount"],
            "discount_tax": "0",
            "meta_data": line_meta(call, line),
            "discount_type": line["discount_type"],
            "nominal_amount": int(line["nominal_amount"]),
            "free_shipping": line["free_shipping"],
        }
        for line in lines
    ]
