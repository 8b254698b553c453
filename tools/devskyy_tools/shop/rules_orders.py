"""Orders, refunds and notes: what the shop takes without looking, and what leaves it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

from devskyy_mcp.changes.model import Ref
from devskyy_mcp.errors import Code

from . import collections as at
from . import money
from .draft import Draft, Json, number, plural

MAILS = {
    "processing": "that the order is being processed",
    "completed": "that the order is complete",
    "on-hold": "that the order is on hold",
    "refunded": "that the order was refunded",
    "failed": "that the payment failed",
    "cancelled": "that the order was cancelled",
}
"""Statuses whose arrival the shop tells by e-mail (WooCommerce's own mails, unless switched off there)."""
TAKES_STOCK = frozenset({"processing", "completed", "on-hold"})
GIVES_STOCK = frozenset({"pending", "cancelled"})


async def order_lines(draft: Draft) -> None:
    """Nonexistent products make empty lines of 0.00, too large quantities negative stock: the shop checks neither."""
    lines = draft.lines("line_items")
    wanted = Counter[Any]()  # of the same product, all lines together
    for line in lines:
        if not line.get("id"):
            wanted[_sold(line)] += _quantity(draft, line)
    for line in lines:
        if line.get("id"):
            await _existing_line(draft, line, wanted)
        else:
            await _new_line(draft, line, wanted[_sold(line)])
    for name in ("fee_lines", "shipping_lines"):
        for line in draft.lines(name):
            for key in ("total", "subtotal"):
                if line.get(key) not in (None, ""):
                    line[key] = money.text(money.parse(line[key], f"{name}.{key}"))


async def _existing_line(draft: Draft, line: Json, wanted: Counter[Any]) -> None:
    """A changed quantity alone would leave the totals as they were; a raised one is not compared with the stock."""
    lines = cast("list[Json]", draft.present.get("line_items") or [])
    old = next((one for one in lines if one.get("id") == line["id"]), None)
    if old is None:
        draft.refuse(f"has no line {line['id']}.", "Get the order to see its lines.", Code.NOT_FOUND)
    for key in ("subtotal", "total"):
        if line.get(key) not in (None, ""):
            line[key] = money.text(money.parse(line[key], f"line_items.{key}"))
    if "meta_data" in line:
        draft.refuse("the meta_data of a line can't be changed.", "Replace the line: quantity 0, and a new line.")
    if "quantity" not in line:
        return
    new, was = number(line["quantity"]), number(old.get("quantity"))
    if new < 0 or new != new.to_integral_value():
        draft.refuse("a quantity is a whole number.")
    if new and was and new != was:
        for key in ("subtotal", "total"):
            line.setdefault(key, money.text((number(old.get(key)) / was * new).quantize(Decimal("0.01"))))
    if new > was:
        await _enough(draft, old, new, was, wanted[_sold(old)])


async def _enough(draft: Draft, line: Json, new: Decimal, was: Decimal, besides: int) -> None:
    """The stock must hold what comes on top of the line; where the order has not taken its own yet, all of it."""
    product_id, variation_id = line.get("product_id"), line.get("variation_id")
    if not product_id:
        return
    sold = await draft.shop.find(at.PRODUCTS, product_id)
    if sold is not None and variation_id:
        sold = await draft.shop.find(at.VARIATIONS, variation_id, product_id=product_id)
    if sold is None:  # gone since it was ordered
        return
    label = f"product {product_id}" + (f", variation {variation_id}" if variation_id else "")
    taken = draft.was("status") in TAKES_STOCK
    _in_stock(draft, sold, label, int(new - was if taken else new) + besides)


def _sold(line: Json) -> str:
    return f"{line.get('product_id')}/{line.get('variation_id') or 0}"


def _quantity(draft: Draft, line: Json) -> int:
    quantity = line.get("quantity", 1)
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
        draft.refuse("a quantity is a whole number of at least 1.")
    return quantity


async def _new_line(draft: Draft, line: Json, quantity: int) -> None:
    product_id = line.get("product_id")
    if isinstance(product_id, Ref) or isinstance(line.get("variation_id"), Ref):
        return
    if not isinstance(product_id, int) or product_id < 1:
        draft.refuse("each line needs a product_id.")
    sold = await draft.shop.find(at.PRODUCTS, product_id)
    if sold is None or sold.get("status") == "trash":
        draft.refuse(
            f"the shop has no product {product_id}; it would make an empty line of it.",
            "List products to find the right id.", Code.NOT_FOUND,
        )  # fmt: skip
    if sold.get("type") == "variable":
        sold = await _variation(draft, product_id, line)
    label = f"product {product_id}" + (f", variation {line['variation_id']}" if line.get("variation_id") else "")
    _in_stock(draft, sold, label, quantity)


async def _variation(draft: Draft, product_id: int, line: Json) -> Json:
    variation_id = line.get("variation_id")
    if not variation_id:
        draft.refuse(f"product {product_id} comes in variations.", "Add the variation_id of the one that is wanted.")
    found = await draft.shop.find(at.VARIATIONS, cast("int", variation_id), product_id=product_id)
    if found is None:
        draft.refuse(f"product {product_id} has no variation {variation_id}.", "List its variations.", Code.NOT_FOUND)
    return found


def _in_stock(draft: Draft, sold: Json, label: str, quantity: int) -> None:
    left = sold.get("stock_quantity")
    backorders = sold.get("backorders", "no") != "no"
    if sold.get("manage_stock") and isinstance(left, int | float) and left < quantity and not backorders:
        draft.refuse(
            f"only {left:g} of {label} are in stock, {quantity} are ordered; the shop would sell them all the same.",
            "Lower the quantity, or raise the stock first.", Code.CONFLICT, in_stock=left,
        )  # fmt: skip
    if not sold.get("manage_stock") and sold.get("stock_status") == "outofstock":
        draft.refuse(f"{label} is out of stock.", "Set its stock first.", Code.CONFLICT)


async def order_coupons(draft: Draft) -> None:
    """A coupon that can't be used would leave a half-made draft order behind."""
    for line in draft.lines("coupon_lines"):
        code = str(line.get("code", ""))
        coupon = await draft.shop.coupon(code)
        if coupon is None:
            draft.refuse(f"the shop has no coupon {code[:60]}.", "List coupons to find the right code.", Code.NOT_FOUND)
        expires = coupon.get("date_expires_gmt")
        if expires and datetime.fromisoformat(str(expires)).replace(tzinfo=UTC) < datetime.now(UTC):
            draft.refuse(f"coupon {code} has expired.", "Choose another, or change its date_expires.", Code.CONFLICT)
        limit = coupon.get("usage_limit")
        if limit and int(coupon.get("usage_count") or 0) >= int(limit):
            draft.refuse(f"coupon {code} has been used up.", "Choose another, or raise its usage_limit.", Code.CONFLICT)


async def order_customer(draft: Draft) -> None:
    """An order for a customer who does not exist would be a guest's."""
    customer = draft.body.get("customer_id")
    asked = [customer] if customer and customer != draft.was("customer_id") else []
    if await draft.shop.missing(at.CUSTOMERS, asked):
        draft.refuse(f"the shop has no customer {customer}.", "List customers to find the right id.", Code.NOT_FOUND)


async def order_foresee(draft: Draft) -> None:
    """Mails, stock and money that follow from an order's status and lines."""
    if draft.kind == "delete":
        if draft.was("status") in TAKES_STOCK:
            draft.warnings.append(f"{draft.label}: its stock stays taken; cancel it first to give the stock back.")
        return
    old = draft.was("status") if draft.kind == "update" else "pending"
    new = draft.body.get("status", "processing" if draft.body.get("set_paid") else old)
    if new != old:
        _status_effects(draft, str(old), str(new))
    if draft.body.get("set_paid"):
        draft.asks.append(f"Moves money: marks {draft.label} as paid.")
        draft.leaves.append("money")
        draft.undo = draft.undo or "the date of payment stays"
    if draft.kind == "update":
        _who_and_what(draft)
    if draft.kind == "update" and "coupon_lines" in draft.body:
        draft.warnings.append(f"{draft.label}: the shop works out its totals anew.")
    if any(line.get("quantity") == 0 for line in draft.lines("line_items")):
        draft.warnings.append(f"{draft.label}: a removed line comes back with another id.")


def _who_and_what(draft: Draft) -> None:
    """Where the goods and the mails go, and what is to be paid, is decided by these fields."""
    if draft.body.keys() & {"billing", "shipping", "customer_id"}:
        draft.leaves.append("goods")
    if draft.body.keys() & {"line_items", "fee_lines", "shipping_lines", "coupon_lines"}:
        draft.leaves.append("money")
    if "customer_note" in draft.body:  # shown in the customer's account, and in the next mail
        draft.leaves.append("message")


def _status_effects(draft: Draft, old: str, new: str) -> None:
    if old == "trash" and new != "completed":
        return  # out of the bin: the shop's mails hang on where an order comes from, but for this one
    if new in MAILS:
        draft.effects.append(f"The shop e-mails {MAILS[new]} ({draft.label}).")
        draft.asks.append(f"Leaves the shop: an e-mail about {draft.label} ({new}).")
        draft.leaves.append("message")
    if new in TAKES_STOCK and old not in TAKES_STOCK | {"trash"}:
        draft.effects.append(f"Stock of the lines of {draft.label} is taken.")
    elif new in GIVES_STOCK and old in TAKES_STOCK:
        draft.effects.append(f"Stock of the lines of {draft.label} is given back.")
    if new == "refunded":
        draft.asks.append(f"Moves money: {draft.label} counts as refunded in full; its stock is not given back.")
        draft.undo = "the shop makes a refund of the whole order, which stays"
        draft.leaves.append("money")
    elif draft.kind == "update":
        draft.warnings.append(
            f"{draft.label}: an undo brings back status and stock, not mails, notes or dates of payment."
        )


async def refund(draft: Draft) -> None:
    """A refund of at most what is left, recorded only, unless the payment method is to pay it back."""
    body = draft.body
    order = await draft.shop.get(at.ORDERS, draft.parent["order_id"])
    currency = str(order.get("currency", ""))
    given = sum((abs(number(item.get("total"))) for item in cast("list[Json]", order.get("refunds") or [])), Decimal(0))
    left = number(order.get("total")) - given
    lines = draft.lines("line_items")
    amount = money.parse(body.get("amount"), "amount") if body.get("amount") is not None else _lines_total(lines)
    if not 0 < amount <= left:
        draft.refuse(
            f"{money.money(amount, currency)} can't be refunded: {money.money(left, currency)} of order "
            f"{draft.parent['order_id']} are left.",
            "Refund at most that.", left=money.text(left),
        )  # fmt: skip
    if lines:
        back = await _given_back(draft) if order.get("refunds") else Counter[Any]()
        _refund_lines(draft, cast("list[Json]", order.get("line_items") or []), lines, back)
    body["amount"] = money.text(amount)
    body.setdefault("api_refund", False)
    body.setdefault("api_restock", bool(lines))
    how = "paid back by the payment method" if body["api_refund"] else "recorded; the money itself is given back by you"
    draft.asks.append(f"Moves money: refunds {money.money(amount, currency)} of order {draft.parent['order_id']}.")
    draft.effects.append(f"The refund is {how}, and the customer is told by e-mail.")
    draft.leaves.extend(("money", "message"))
    if body["api_restock"] and lines:
        draft.effects.append(f"Stock of {plural(len(lines), 'line')} is given back.")
    draft.undo = at.REFUNDS.cannot_undo["create"]


def _lines_total(lines: list[Json]) -> Decimal:
    taxes = [tax for line in lines for tax in cast("list[Json]", line.get("refund_tax") or [])]
    return sum((number(part.get("refund_total")) for part in (*lines, *taxes)), Decimal(0))


async def _given_back(draft: Draft) -> Counter[Any]:
    """How many of each line earlier refunds took back: ``{line id: quantity}``."""
    back = Counter[Any]()
    page = await draft.shop.list(at.REFUNDS, order_id=draft.parent["order_id"], per_page=100)
    for line in (line for one in page.items for line in cast("list[Json]", one.get("line_items") or [])):
        origin = [
            meta for meta in cast("list[Json]", line.get("meta_data") or []) if meta["key"] == "_refunded_item_id"
        ]
        if origin:
            back[int(origin[0]["value"])] += abs(int(number(line.get("quantity"))))
    return back


def _refund_lines(draft: Draft, ordered: list[Json], lines: list[Json], back: Counter[Any]) -> None:
    if len({line.get("id") for line in lines}) < len(lines):
        draft.refuse("a line is named twice; the shop would take only one of them.", "Name each line once.")
    by_id: dict[Any, Json] = {line.get("id"): line for line in ordered}
    for line in lines:
        old = by_id.get(line.get("id"))
        if old is None:
            draft.refuse(f"the order has no line {line.get('id')}.", "Get the order to see its lines.", Code.NOT_FOUND)
        left = number(old.get("quantity")) - back[old["id"]]
        if number(line.get("quantity")) > left:
            draft.refuse(f"line {line.get('id')} has only {left:f} to give back.")


async def note(draft: Draft) -> None:
    """A note to the customer is mailed at once."""
    if not str(draft.body.get("note") or "").strip():
        draft.refuse("a note needs a text.")
    if draft.body.get("customer_note"):
        draft.asks.append(f"Leaves the shop: the note is e-mailed to the customer of order {draft.parent['order_id']}.")
        draft.effects.append("The note is e-mailed to the customer.")
        draft.undo = "the note was e-mailed to the customer"
        draft.leaves.append("message")
