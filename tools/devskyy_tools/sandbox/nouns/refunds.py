"""wc/v3/orders/{id}/refunds, wc/v3/refunds and order notes."""

from __future__ import annotations

from typing import Any, cast

from devskyy_tools.sandbox import clock, schema, text
from devskyy_tools.sandbox.auth import require_shop
from devskyy_tools.sandbox.envelope import Abrupt, Call, Json, Reply, RestError, links
from devskyy_tools.sandbox.nouns import goods, lists, order_lines, order_states
from devskyy_tools.sandbox.routing import Endpoint, Route, collection
from devskyy_tools.sandbox.store import Store, Where

REFUNDS = "/wc/v3/orders/{order_id}/refunds"
NOTES = "/wc/v3/orders/{order_id}/notes"
_GATEWAYS = ("bacs", "cheque", "cod")


def routes() -> list[Route]:
    return [
        *_deleted_with_force(collection(REFUNDS, "refund", items=items, item=item, create=create, delete=delete)),
        Route("/wc/v3/refunds", "all_refunds", {"GET": Endpoint(everywhere, schema.list_args("all_refunds"))}, False),
        *collection(NOTES, "order_note", items=notes, item=note, create=add_note, delete=delete_note),
    ]


def _deleted_with_force(found: list[Route]) -> list[Route]:
    """Refunds are deleted for good unless the request says otherwise."""
    for route in found:
        if "DELETE" in route.methods:
            route.methods["DELETE"].args = {"force": {"type": "boolean", "default": True}}
    return found


def items(call: Call) -> Reply:
    require_shop(call, "list")
    where = Where("refund")
    where.add("parent = ?", call["order_id"])
    lists.common(call, where)
    return lists.page_of(call, where, show)


def everywhere(call: Call) -> Reply:
    require_shop(call, "list")
    where = Where("refund")
    lists.common(call, where)

    def with_order(inner: Call, body: Json) -> Reply:
        reply = show(inner, body)
        reply.data = {"id": body["id"], "parent_id": body["parent"], **reply.data}
        return reply

    return lists.page_of(call, where, with_order)


def _load(call: Call) -> Json:
    body = call.store.get("refund", int(call["id"]))
    if body is None or body["parent"] != call["order_id"]:
        raise RestError("woocommerce_rest_shop_order_refund_invalid_id", "Invalid ID.", 404)
    return body


def item(call: Call) -> Reply:
    body = _load(call)
    require_shop(call, "read")
    return show(call, body)


def show(call: Call, body: Json) -> Reply:
    data: Json = {
        "id": body["id"],
        "date_created": clock.local(body["created"]),
        "date_created_gmt": body["created"],
        "amount": text.fixed(body["amount"]),
        "reason": body["reason"],
        "refunded_by": body["refunded_by"],
        "refunded_payment": body["refunded_payment"],
        "meta_data": goods.shown_meta(body),
        "line_items": order_lines.shown_items(call, body["line_items"]),
        "shipping_lines": [],
        "tax_lines": [],
        "fee_lines": [],
    }
    base = REFUNDS.replace("{order_id}", str(body["parent"]))
    up: Json = {"up": [{"href": call.site.rest(f"/wc/v3/orders/{body['parent']}")}]}
    return Reply(data, links=links(call, f"{base}/{body['id']}", base, **up))


def create(call: Call) -> Reply:
    """Refund money and, unless told otherwise, put the named lines back into stock."""
    require_shop(call, "create")
    order = call.store.get("order", int(call["order_id"]))
    if order is None:
        raise Abrupt("woocommerce_rest_invalid_order_id", "Invalid order ID.", 404)
    given = _lines(call)
    amount = call["amount"] if call["amount"] is not None else str(sum(text.number(e["refund_total"]) for e in given))
    if text.number(amount) < 0:
        raise Abrupt("woocommerce_rest_invalid_order_refund", "Refund amount must be greater than zero.", 400)
    code = "woocommerce_rest_cannot_create_order_refund"
    rest = round(text.number(order["total"]) - order_states.refunded(call.store, order["id"]), 2)
    if text.number(text.money(amount)) > rest or not any(digit.isdigit() for digit in str(amount)):
        raise Abrupt(code, "Invalid refund amount.")
    if call["api_refund"]:
        known = order["payment_method"] in _GATEWAYS
        problem = "does not support automatic refunds" if known else "does not exist"
        raise Abrupt(code, f"The payment gateway for this order {problem}.")
    lines = _refund_lines(call.store, order, given)
    body = order_states.save_refund(
        call.store, order, text.fixed(text.money(amount)), str(call["reason"] or ""), user=call.user.id, lines=lines
    )
    goods.apply_meta(call.store, body, {"meta_data": call["meta_data"]})
    call.store.put("refund", body)
    if call["api_restock"]:
        _restock(call.store, order, given)
    if text.number(body["amount"]) >= rest > 0 and order["status"] != "refunded":
        order_states.change(call.store, order, "refunded")
    call.store.put("order", {**order, "modified": clock.now()})
    call.params["context"] = "edit"
    reply = show(call, body)
    # the real shop forgets to fill in its own route pattern
    place = f"/wc/v3/orders/(?P<order_id>[\\d]+)/refunds/{body['id']}"
    reply.status, reply.headers["Location"] = 201, call.site.rest(place)
    return reply


def _lines(call: Call) -> list[Json]:
    """Return the refunded lines, sent as a list or keyed by their ids."""
    sent = call.body.get("line_items")
    if isinstance(sent, dict):
        keyed = cast("dict[str, Json]", sent)
        found = [{**entry, "id": int(key)} for key, entry in keyed.items()]
    else:
        found = [dict(entry) for entry in cast("list[Json]", sent or [])]
    return [{"quantity": 0, "refund_total": 0, **entry} for entry in found]


def _refund_lines(store: Store, order: Json, given: list[Json]) -> list[Json]:
    by_id = {line["id"]: line for line in order["line_items"]}
    out: list[Json] = []
    for entry in given:
        line = by_id.get(int(entry.get("id") or 0))
        if line is None:
            continue
        total: Any = text.fixed(-text.number(entry["refund_total"]))
        meta = [{"id": store.new_id("meta"), "key": "_refunded_item_id", "value": str(line["id"])}]
        quantity = -int(text.number(entry["quantity"]))
        out.append(
            {**line, "id": store.new_id("item"), "quantity": quantity, "subtotal": total, "total": total, "meta": meta}
        )
    return out


def _restock(store: Store, order: Json, given: list[Json]) -> None:
    by_id = {line["id"]: line for line in order["line_items"]}
    for entry in given:
        line = by_id.get(int(entry.get("id") or 0))
        quantity = int(text.number(entry["quantity"]))
        if line is None or quantity <= 0 or not order_states.reserved_of(line):
            continue
        moved = order_states.move_stock(store, line, quantity)
        if moved:
            left = max(0, order_states.reserved_of(line) - quantity)
            goods.apply_meta(store, line, {"meta_data": [{"key": "_reduced_stock", "value": left}]})
            product = line["variation_id"] or line["product_id"]
            order_states.add_note(store, order["id"], f"Item #{product} stock increased from {moved[0]} to {moved[1]}.")


def delete(call: Call) -> Reply:
    """Delete the record of a refund: the money stays given, the stock where it is."""
    body = _load(call)
    require_shop(call, "delete")
    if not call["force"]:
        message = "The shop_order_refund does not support trashing."
        raise RestError("woocommerce_rest_trash_not_supported", message, 501)
    call.params["context"] = "edit"
    before = show(call, body)
    call.store.delete("refund", body["id"])
    return before


# --- notes -----------------------------------------------------------------------------------------------------------


def notes(call: Call) -> Reply:
    require_shop(call, "list")
    _order(call)
    where = Where("order_note")
    where.add("parent = ?", call["order_id"])
    if call["type"] in ("customer", "internal"):
        where.add("json_extract(body, '$.customer_note') = ?", int(call["type"] == "customer"))
    found = call.store.find(where, "created DESC, id")
    return Reply([show_note(call, body).whole() for body in found])


def _order(call: Call) -> None:
    if call.store.peek("order", int(call["order_id"])) is None:
        raise RestError("woocommerce_rest_shop_order_invalid_id", "Invalid order ID.", 404)


def _note(call: Call) -> Json:
    _order(call)
    body = call.store.get("order_note", int(call["id"]))
    if body is None or body["parent"] != call["order_id"]:
        raise RestError("woocommerce_rest_invalid_id", "Invalid resource ID.", 404)
    return body


def note(call: Call) -> Reply:
    require_shop(call, "read")
    return show_note(call, _note(call))


def show_note(call: Call, body: Json) -> Reply:
    base = NOTES.replace("{order_id}", str(body["parent"]))
    data: Json = {
        "id": body["id"],
        "author": body["author"],
        "date_created": clock.local(body["created"]),
        "date_created_gmt": body["created"],
        "note": body["note"],
        "customer_note": body["customer_note"],
    }
    found = links(call, f"{base}/{body['id']}", base, up=[{"href": call.site.rest(f"/wc/v3/orders/{body['parent']}")}])
    found["self"][0]["targetHints"] = {"allow": ["GET", "DELETE"]}
    return Reply(data, links=found)


def add_note(call: Call) -> Reply:
    require_shop(call, "create")
    _order(call)
    author = call.user.login if call["added_by_user"] else "WooCommerce"
    body = order_states.add_note(
        call.store, int(call["order_id"]), text.kses(call["note"]), customer=bool(call["customer_note"]), author=author
    )
    reply = show_note(call, body)
    place = f"{NOTES.replace('{order_id}', str(body['parent']))}/{body['id']}"
    reply.status, reply.headers["Location"] = 201, call.site.rest(place)
    return reply


def delete_note(call: Call) -> Reply:
    require_shop(call, "delete")
    if not call["force"]:
        raise RestError("woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.", 501)
    body = _note(call)
    before = show_note(call, body)
    call.store.delete("order_note", body["id"])
    return before
