"""What a status does: dates, notes, stock, sales and coupon counts. Any status may follow any other."""

from __future__ import annotations

from devskyy_tools.sandbox import clock, text
from devskyy_tools.sandbox.envelope import Json
from devskyy_tools.sandbox.nouns import goods
from devskyy_tools.sandbox.store import Store, Where

LABELS = {
    "pending": "Pending payment",
    "processing": "Processing",
    "on-hold": "On hold",
    "completed": "Completed",
    "cancelled": "Cancelled",
    "refunded": "Refunded",
    "failed": "Failed",
    "checkout-draft": "Draft",
}
_TAKES_STOCK = ("processing", "completed", "on-hold")
_GIVES_BACK = ("pending", "cancelled")
_PAID = ("processing", "completed")
_RESERVED = "_reduced_stock"
_REFUND_NOTE = (
    "Order status set to refunded. To return funds to the customer you will need to issue a refund through your "
    "payment gateway."
)


def add_note(store: Store, order_id: int, note: str, *, customer: bool = False, author: str = "WooCommerce") -> Json:
    """Save a note on an order and return it."""
    at = clock.now()
    body: Json = {
        "id": store.new_id("order_note"), "parent": order_id, "note": note, "customer_note": customer, "author": author,
        "created": at, "modified": at,
    }  # fmt: skip
    store.put("order_note", body)
    return body


def change(store: Store, order: Json, wanted: str, *, paid: bool = False) -> None:
    """Put an order into a status with all that follows; `paid` is the shop's own 'payment complete'."""
    was = order["status"]
    order["status"] = wanted
    if wanted in _PAID and not order["date_paid"]:
        order["date_paid"] = clock.now()
    if wanted == "completed":
        order["date_completed"] = clock.now()
    if was == wanted:
        return
    notes: list[str] = []
    if paid:
        notes.append("Payment complete.")
    elif was not in ("trash", "auto-draft"):
        notes.append(f"Order status changed from {LABELS.get(was, was)} to {LABELS.get(wanted, wanted)}.")
    if wanted in _TAKES_STOCK and not order["stock_reduced"]:
        notes += _take(store, order)
    elif wanted in _GIVES_BACK and order["stock_reduced"]:
        notes += _give_back(store, order)
    if wanted == "refunded":
        notes = [_REFUND_NOTE, *notes]
        refund_rest(store, order)
    for note in notes:
        add_note(store, order["id"], note)
    _count_coupons(store, order)


def refund_rest(store: Store, order: Json) -> None:
    """Record the rest of an order as refunded; nothing is restocked by that."""
    rest = round(text.number(order["total"]) - refunded(store, order["id"]), 2)
    if rest > 0:
        save_refund(store, order, text.fixed(rest), "Order fully refunded.")


def refunded(store: Store, order_id: int) -> float:
    return sum(text.number(refund["amount"]) for refund in refunds_of(store, order_id))


def refunds_of(store: Store, order_id: int) -> list[Json]:
    where = Where("refund")
    where.add("parent = ?", order_id)
    return store.find(where, "created DESC, id")


def save_refund(
    store: Store, order: Json, amount: str, reason: str, *, user: int = 1, lines: list[Json] | None = None
) -> Json:
    """Save the record of a refund and return it."""
    at = clock.now()
    kind = "full" if text.number(amount) >= text.number(order["total"]) else "partial"
    meta = [{"id": store.new_id("meta"), "key": "_refund_type", "value": kind}]
    body: Json = {
        "id": store.new_id("refund"), "parent": order["id"], "amount": amount, "reason": reason, "refunded_by": user,
        "refunded_payment": False, "line_items": lines or [], "meta": meta, "created": at, "modified": at,
    }  # fmt: skip
    store.put("refund", body)
    return body


def move_stock(store: Store, line: Json, by: int) -> tuple[int, int] | None:
    """Change the stock behind a line and return before and after; None when nothing is counted there."""
    for kind, own in (("variation", line["variation_id"]), ("product", line["product_id"])):
        body = store.get(kind, own) if own else None
        if body is None or body["manage_stock"] is not True:
            continue
        before = body["stock_quantity"] or 0
        body["stock_quantity"] = before + by
        body["modified"] = clock.now()
        goods.derive_stock_status(body)
        store.put(kind, body)
        return before, before + by
    return None


def _take(store: Store, order: Json) -> list[str]:
    """Reduce stock once; nothing stops it from falling below zero."""
    order["stock_reduced"] = True
    moves = [_reserve(store, line, line["quantity"]) for line in order["line_items"]]
    for line in order["line_items"]:
        _count_sale(store, line["product_id"], line["quantity"])
    return [f"Stock levels reduced: {', '.join(found)}"] if (found := [move for move in moves if move]) else []


def _reserve(store: Store, line: Json, quantity: int) -> str:
    moved = move_stock(store, line, -quantity)
    if moved is None:
        return ""
    had = int(text.number(next((m["value"] for m in line["meta"] if m["key"] == _RESERVED), 0)))
    goods.apply_meta(store, line, {"meta_data": [{"key": _RESERVED, "value": had + quantity}]})
    return f"{line['name']} ({moved[0]}&rarr;{moved[1]})"


def _give_back(store: Store, order: Json) -> list[str]:
    order["stock_reduced"] = False
    moves: list[str] = []
    for line in order["line_items"]:
        _count_sale(store, line["product_id"], -line["quantity"])
        reserved = reserved_of(line)
        moved = move_stock(store, line, reserved) if reserved else None
        if moved:
            moves.append(f"{line['name']} ({moved[0]}&rarr;{moved[1]})")
        line["meta"] = [m for m in line["meta"] if m["key"] != _RESERVED]
    return [f"Stock levels increased: {', '.join(moves)}"] if moves else []


def reserved_of(line: Json) -> int:
    return int(text.number(next((m["value"] for m in line["meta"] if m["key"] == _RESERVED), 0)))


def adjust(store: Store, order: Json) -> None:
    """After an edit of lines of an order that has taken stock, take or give the difference."""
    if not order["stock_reduced"]:
        return
    moves: list[str] = []
    for line in order["line_items"]:
        difference = line["quantity"] - reserved_of(line)
        if difference and (move := _reserve(store, line, difference)):
            moves.append(move)
    if moves:
        add_note(store, order["id"], f"Adjusted stock: {', '.join(moves)}")


def _count_sale(store: Store, product_id: int, by: int) -> None:
    product = store.get("product", product_id) if product_id else None
    if product:
        product["total_sales"] = max(0, product["total_sales"] + by)
        store.put("product", product)


def _count_coupons(store: Store, order: Json) -> None:
    """Count a coupon's use once per order, and take it back when the order ends without a sale."""
    used = order["status"] in ("pending", "processing", "completed", "on-hold")
    if used == order["coupons_counted"]:
        return
    order["coupons_counted"] = used
    for line in order["coupon_lines"]:
        where = Where("coupon")
        where.add("code = ?", line["code"])
        for coupon in store.find(where):
            who = str(order["customer_id"] or order["billing"]["email"])
            coupon["usage_count"] = max(0, coupon["usage_count"] + (1 if used else -1))
            if used:
                coupon["used_by"].append(who)
            elif who in coupon["used_by"]:
                coupon["used_by"].remove(who)
            store.put("coupon", coupon)


def count_new_coupons(store: Store, order: Json) -> None:
    """Count coupons that were put on an order just now."""
    order["coupons_counted"] = False
    _count_coupons(store, order)
