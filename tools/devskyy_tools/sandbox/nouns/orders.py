"""wc/v3/orders: list, one, create, update, delete, batch, and statuses."""

from __future__ import annotations

import secrets
import string
from typing import Any, cast

from devskyy_tools.sandbox import clock, text
from devskyy_tools.sandbox.auth import require_shop
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links
from devskyy_tools.sandbox.nouns import goods, lists, order_lines, order_states
from devskyy_tools.sandbox.routing import Endpoint, Route, collection
from devskyy_tools.sandbox.site import WOOCOMMERCE_VERSION
from devskyy_tools.sandbox.store import Store, Where

BASE = "/wc/v3/orders"
_NAMES = ("first_name", "last_name", "company", "address_1", "address_2", "city", "state", "postcode", "country")
BILLING, SHIPPING = (*_NAMES, "email", "phone"), (*_NAMES, "phone")
_AS_GIVEN = ("currency", "customer_note", "payment_method", "payment_method_title", "transaction_id", "created_via")
_RESUMS = ("billing", "shipping", "line_items", "shipping_lines", "fee_lines", "coupon_lines")
_ALPHABET = string.ascii_letters + string.digits


def routes() -> list[Route]:
    out = collection(BASE, "order", items=items, item=item, create=create, update=update, delete=delete, batch=True)
    out.append(Route(f"{BASE}/statuses", "", {"GET": Endpoint(statuses, {})}))
    return out


def blank(store: Store, **given: Any) -> Json:
    """Return a new order's document."""
    at = clock.now()
    return {
        "id": store.new_id("order"), "parent": 0, "status": "pending", "type": "shop_order", "currency": "EUR",
        "version": WOOCOMMERCE_VERSION, "created": at, "modified": at, "date_paid": None, "date_completed": None,
        "discount_total": "0.00", "shipping_total": "0.00", "total": "0.00", "customer_id": 0,
        "order_key": "wc_order_" + "".join(secrets.choice(_ALPHABET) for _ in range(13)),
        "billing": dict.fromkeys(BILLING, ""), "shipping": dict.fromkeys(SHIPPING, ""), "payment_method": "",
        "payment_method_title": "", "transaction_id": "", "created_via": "rest-api", "customer_note": "", "meta": [],
        "line_items": [], "shipping_lines": [], "fee_lines": [], "coupon_lines": [], "stock_reduced": False,
        "coupons_counted": False, **given,
    }  # fmt: skip


def load(call: Call, *, status: int = 404) -> Json:
    body = call.store.get("order", int(call["id"] or 0))
    if body is None:
        raise RestError("woocommerce_rest_shop_order_invalid_id", "Invalid ID.", status)
    return body


# --- reading ---------------------------------------------------------------------------------------------------------


def items(call: Call) -> Reply:
    require_shop(call, "list")
    where = Where("order")
    lists.common(call, where)
    lists.statuses(where, call["status"])
    if call["customer"] is not None:
        where.add("json_extract(body, '$.customer_id') = ?", call["customer"])
    if call["created_via"]:
        where.among("json_extract(body, '$.created_via')", call["created_via"])
    if call["product"]:
        where.add(
            "EXISTS (SELECT 1 FROM json_each(body, '$.line_items') WHERE json_extract(value, '$.product_id') = ?)",
            call["product"],
        )
    _search(where, str(call["search"] or ""))
    return lists.page_of(call, where, show)


def _search(where: Where, wanted: str) -> None:
    """Find by id, addresses, e-mail, transaction id and the names of lines."""
    if not wanted:
        return
    like = f"%{wanted}%"
    texts = [f"json_extract(body, '$.{kind}.{name}')" for kind in ("billing", "shipping") for name in BILLING]
    named = "EXISTS (SELECT 1 FROM json_each(body, '$.line_items') WHERE json_extract(value, '$.name') LIKE ?)"
    either = " OR ".join([f"{column} LIKE ?" for column in [*texts, "code"]] + [named, "id = ?"])
    where.add(f"({either})", *([like] * (len(texts) + 2)), int(wanted) if wanted.isdigit() else -1)


def item(call: Call) -> Reply:
    body = load(call)
    require_shop(call, "read")
    return show(call, body)


def show(call: Call, body: Json) -> Reply:
    """Return an order with the keys of the real one, in its order."""
    decimals = int(call["dp"]) if call["dp"] is not None else 2
    unpaid = body["status"] in ("pending", "failed") and text.number(body["total"]) > 0
    data: Json = {
        "id": body["id"],
        "parent_id": body["parent"],
        "status": body["status"],
        "currency": body["currency"],
        "version": body["version"],
        "prices_include_tax": False,
        "date_created": clock.local(body["created"]),
        "date_modified": clock.local(body["modified"]),
        "discount_total": text.fixed(body["discount_total"], decimals),
        "discount_tax": text.fixed(0, decimals),
        "shipping_total": text.fixed(body["shipping_total"], decimals),
        "shipping_tax": text.fixed(0, decimals),
        "cart_tax": text.fixed(0, decimals),
        "total": text.fixed(body["total"], decimals),
        "total_tax": text.fixed(0, decimals),
        "customer_id": body["customer_id"],
        "order_key": body["order_key"],
        "billing": body["billing"],
        "shipping": body["shipping"],
        "payment_method": body["payment_method"],
        "payment_method_title": body["payment_method_title"],
        "transaction_id": body["transaction_id"],
        "customer_ip_address": "",
        "customer_user_agent": "",
        "created_via": body["created_via"],
        "customer_note": body["customer_note"],
        "date_completed": clock.local(body["date_completed"]),
        "date_paid": clock.local(body["date_paid"]),
        "cart_hash": "",
        "number": str(body["id"]),
        "meta_data": goods.shown_meta(body),
        "line_items": order_lines.shown_items(call, body["line_items"]),
        "tax_lines": [],
        "shipping_lines": order_lines.shown_shipping(call, body["shipping_lines"]),
        "fee_lines": order_lines.shown_fees(call, body["fee_lines"]),
        "coupon_lines": order_lines.shown_coupons(call, body["coupon_lines"]),
        "refunds": _refunds(call.store, body["id"]),
        "payment_url": call.site.page(f"checkout/order-pay/{body['id']}/?pay_for_order=true&key={body['order_key']}"),
        "is_editable": body["status"] in ("pending", "on-hold", "auto-draft"),
        "needs_payment": unpaid,
        "needs_processing": any(_needs_hands(call.store, line) for line in body["line_items"]),
        "date_created_gmt": body["created"],
        "date_modified_gmt": body["modified"],
        "date_completed_gmt": body["date_completed"],
        "date_paid_gmt": body["date_paid"],
        "currency_symbol": "€" if body["currency"] == "EUR" else body["currency"],
    }
    more: Json = {
        "email_templates": [
            {"embeddable": True, "href": call.site.rest(f"{BASE}/{body['id']}/actions/email_templates")}
        ]
    }
    if body["customer_id"]:
        more["customer"] = [{"href": call.site.rest(f"/wc/v3/customers/{body['customer_id']}")}]
    return Reply(data, links=links(call, f"{BASE}/{body['id']}", BASE, **more))


def _refunds(store: Store, order_id: int) -> list[Json]:
    found = order_states.refunds_of(store, order_id)
    return [{"id": r["id"], "reason": r["reason"], "total": f"-{text.fixed(r['amount'])}"} for r in found]


def _needs_hands(store: Store, line: Json) -> bool:
    product = store.peek("product", line["product_id"]) if line["product_id"] else None
    return product is not None and not (product["virtual"] and product["downloadable"])


# --- writing ---------------------------------------------------------------------------------------------------------


def create(call: Call) -> Reply:
    require_shop(call, "create")
    if call["id"]:
        raise RestError("woocommerce_rest_shop_order_exists", "Cannot create existing shop_order.", 400)
    _check_customer(call)
    body = blank(call.store)
    sent = {**call.params, "status": call.sent.get("status"), "currency": call.sent.get("currency")}
    _apply(call, body, sent)
    order_lines.sum_up(body)
    try:
        if sent.get("coupon_lines"):
            order_lines.apply_coupons(call.store, body, cast("list[Json]", sent["coupon_lines"]))
    except RestError as refused:
        # The shop saves an order before it looks at its coupons, and the order stays.
        body["status"] = "checkout-draft"
        call.store.put("order", body)
        refused.data["new_draft_order_id"] = body["id"]
        refused.keep = True
        raise
    _conclude(call, body, creating=True)
    call.params["context"] = "edit"
    reply = show(call, body)
    reply.status, reply.headers["Location"] = 201, call.site.rest(f"{BASE}/{body['id']}")
    return reply


def update(call: Call) -> Reply:
    body = load(call, status=400)
    require_shop(call, "edit")
    _check_customer(call)
    sent = {name: call[name] for name in call.sent}
    _apply(call, body, sent)
    if any(sent.get(name) is not None for name in _RESUMS):
        order_lines.sum_up(body)
    if sent.get("coupon_lines") is not None:
        order_lines.apply_coupons(call.store, body, cast("list[Json]", sent["coupon_lines"]))
        order_states.count_new_coupons(call.store, body)
    order_states.adjust(call.store, body)
    _conclude(call, body, creating=False)
    call.params["context"] = "edit"
    return show(call, body)


def _check_customer(call: Call) -> None:
    if call["customer_id"] and call.store.peek("user", int(call["customer_id"])) is None:
        raise RestError("woocommerce_rest_invalid_customer_id", "Customer ID is invalid.", 400)


def _apply(call: Call, body: Json, sent: Json) -> None:
    for name, keys in (("billing", BILLING), ("shipping", SHIPPING)):
        if isinstance(sent.get(name), dict):
            _address(body[name], cast("Json", sent[name]), keys)
    for name in _AS_GIVEN:
        if sent.get(name) is not None:
            body[name] = text.plain(sent[name]) if name != "customer_note" else text.kses(sent[name])
    for name, column in (("customer_id", "customer_id"), ("parent_id", "parent")):
        if sent.get(name) is not None:
            body[column] = int(sent[name])
    for kind in order_lines.LINES:
        if isinstance(sent.get(kind), list):
            order_lines.apply(call, body, kind, cast("list[Json]", sent[kind]))
    goods.apply_meta(call.store, body, sent)


def _address(address: Json, given: Json, keys: tuple[str, ...]) -> None:
    if given.get("email") and not _is_email(str(given["email"])):
        raise RestError("order_invalid_billing_email", "Invalid billing email address", 400)
    for key in keys:
        if given.get(key) is not None:
            address[key] = text.plain(given[key])


def _is_email(value: str) -> bool:
    name, _, host = value.partition("@")
    return bool(name) and "." in host


def _conclude(call: Call, body: Json, *, creating: bool) -> None:
    """Bring the order into its status, then complete its payment if that was asked for."""
    wanted = str(call.sent.get("status") or "").removeprefix("wc-")
    if wanted not in order_states.LABELS:
        wanted = "pending" if wanted else ""
    if creating:
        call.store.put("order", body)
    if wanted and wanted != body["status"]:
        order_states.change(call.store, body, wanted)
    elif creating:
        order_states.count_new_coupons(call.store, body)
    if call["set_paid"] is True and (creating or body["status"] in ("pending", "failed", "on-hold")):
        done = bool(body["line_items"]) or not creating
        order_states.change(call.store, body, "processing" if done else "completed", paid=True)
    body["modified"] = clock.now()
    call.store.put("order", body)


def delete(call: Call) -> Reply:
    body = load(call)
    require_shop(call, "delete")
    call.params["context"] = "edit"
    before = show(call, body)
    if call["force"]:
        for refund in order_states.refunds_of(call.store, body["id"]):
            call.store.delete("refund", refund["id"])
        call.store.delete("order", body["id"])
        return before
    if body["status"] == "trash":
        raise RestError("woocommerce_rest_already_trashed", "The shop_order has already been deleted.", 410)
    was = body["status"]
    body["meta"] = _binned_meta(call.store, body, was)
    body["status"] = "trash"
    body["modified"] = clock.now()
    call.store.put("order", body)
    return before


def _binned_meta(store: Store, body: Json, was: str) -> list[Json]:
    import time

    kept = [m for m in body["meta"] if not m["key"].startswith("_wp_trash_meta_")]
    notes = {"_wp_trash_meta_status": f"wc-{was}", "_wp_trash_meta_time": str(int(time.time()))}
    return kept + [{"id": store.new_id("meta"), "key": key, "value": value} for key, value in notes.items()]


def statuses(call: Call) -> Reply:
    require_shop(call, "list")
    return Reply([{"slug": slug, "name": name} for slug, name in order_states.LABELS.items()])
