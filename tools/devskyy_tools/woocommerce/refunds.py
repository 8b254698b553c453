"""Refunds and notes of an order."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop import money
from devskyy_tools.shop.collections import ORDER_NOTES, ORDERS, REFUNDS
from devskyy_tools.shop.collections.trade import ALL_REFUNDS
from devskyy_tools.shop.nouns import Id, Limit, PageNumber, past_the_end
from devskyy_tools.shop.session import Shop

from .arguments import OrderId, Price
from .models_orders import OrderNote, OrderNotes, Refund, Refunds

refunds = Toolset("refunds", timeout=30)
notes = Toolset("order_notes", timeout=20)
RefundId = Annotated[int, Field(ge=1, description="The refund's id.")]


@refunds.tool("read", scopes="orders:read", texts="outside")
async def woo_refunds_list(
    ctx: Context,
    order_id: Annotated[int, Field(ge=1, description="Only of this order.")] | None = None,
    page: PageNumber = 1,
    limit: Limit = 20,
) -> Refunds:
    """List what was refunded, of one order or of all, newest first."""
    shop = ctx.get(Shop)
    if order_id is None:
        found = await shop.list(ALL_REFUNDS, page=page, per_page=limit)
    else:
        found = await shop.list(REFUNDS, order_id=order_id, page=page, per_page=limit)
    return Refunds(
        items=[Refund.of(item) for item in found.items],
        total=found.total,
        page=page,
        pages=found.pages,
        currency=(await shop.client.info()).currency,
        note=past_the_end(page, found.pages),
    )


@refunds.tool("destroy", scopes="orders:write")
async def woo_refunds_delete(ctx: Context, order_id: OrderId, id: RefundId) -> None:  # noqa: A002 # the shop's own name
    """Delete the record of a refund for good; the money stays given. A person is asked."""
    await ctx.get(Shop).delete(REFUNDS, id, order_id=order_id)


class RefundLine(BaseModel):
    """Part of an order's line, by the line's id (woo_orders_get has it)."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)
    line_id: Annotated[int, Field(ge=1)]
    quantity: Annotated[int, Field(ge=1)]


@refunds.tool("destroy", scopes="orders:write")
async def woo_refunds_create(
    ctx: Context,
    order_id: OrderId,
    lines: Annotated[list[RefundLine], Field(max_length=100, description="What is sent back.")] | None = None,
    amount: Annotated[Price, Field(description="How much; follows from lines when left out.")] | None = None,
    reason: Annotated[str, Field(max_length=1000)] = "",
    restock: Annotated[bool, Field(description="Put the lines' quantities back in stock.")] = True,
    through_gateway: Annotated[bool, Field(description="Also pay back through the payment gateway.")] = False,
) -> None:
    """Refund an order: give money back to a customer, by lines or by amount. It can't be undone: a person is asked."""
    shop = ctx.get(Shop)
    order = await shop.get(ORDERS, order_id)
    back = sum((abs(Decimal(str(item.get("total") or 0))) for item in order.get("refunds", [])), Decimal(0))
    left = Decimal(order["total"]) - back
    parts = [part_of(order, line) for line in lines or []]
    wanted = amount if amount is not None else sum(map(total_of, parts), Decimal(0))
    if wanted <= 0:
        raise Refused(Code.INVALID_ARGUMENTS, "Say what to refund: lines, or an amount above zero.")
    if wanted > left:
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"{money.rounded(wanted)} {order['currency']} is more than what can be refunded of order {order_id}: "
            f"{money.rounded(left)}.",
            details={"refundable": money.rounded(left), "refunded": money.rounded(back)},
        )
    body: dict[str, Any] = {
        "amount": money.rounded(wanted),
        "reason": reason,
        "api_refund": through_gateway,
        "api_restock": restock and bool(parts),
    }
    if parts:
        body["line_items"] = parts
    await shop.create(REFUNDS, body, order_id=order_id)


def total_of(part: dict[str, Any]) -> Decimal:
    """What a part of a refund gives back, taxes included."""
    taxes = (Decimal(tax["refund_total"]) for tax in part.get("refund_tax", []))
    return Decimal(part["refund_total"]) + sum(taxes, Decimal(0))


def part_of(order: dict[str, Any], line: RefundLine) -> dict[str, Any]:
    """The refund's line: its share of the order's line and of that line's taxes.

    Raises:
        Refused: INVALID_ARGUMENTS when the order has no such line, or not as many.
    """
    found = next((item for item in order["line_items"] if item["id"] == line.line_id), None)
    if found is None or line.quantity > found["quantity"]:
        known = ", ".join(f"{item['id']} ({item['quantity']}×)" for item in order["line_items"])
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"Order {order['id']} has no line {line.line_id} with a quantity of at least {line.quantity}.",
            f"Its lines are: {known}.",
        )

    def share(total: object) -> str:
        return money.rounded(Decimal(str(total)) * line.quantity / found["quantity"])

    taxes = [{"id": tax["id"], "refund_total": share(tax["total"])} for tax in found.get("taxes", []) if tax["total"]]
    part = {"id": line.line_id, "quantity": line.quantity, "refund_total": share(found["total"])}
    return {**part, "refund_tax": taxes} if taxes else part


@notes.tool("read", scopes="orders:read", texts="outside")
async def woo_order_notes_list(ctx: Context, order_id: OrderId, limit: Limit = 50) -> OrderNotes:
    """List the notes on an order, newest first."""
    found = await ctx.get(Shop).list(ORDER_NOTES, order_id=order_id)
    return OrderNotes(items=[OrderNote.of(item) for item in found.items[:limit]])


@notes.tool("write", scopes="orders:write")
async def woo_order_notes_create(
    ctx: Context,
    order_id: OrderId,
    note: Annotated[str, Field(min_length=1, max_length=5000)],
    to_customer: Annotated[bool, Field(description="Mail it to the customer; a person is asked.")] = False,
) -> None:
    """Add a note to an order, for the shop's people or to the customer."""
    await ctx.get(Shop).create(ORDER_NOTES, {"note": note, "customer_note": to_customer}, order_id=order_id)


@notes.tool("destroy", scopes="orders:write")
async def woo_order_notes_delete(ctx: Context, order_id: OrderId, id: Id) -> None:  # noqa: A002 # the shop's own name
    """Delete a note of an order for good; one that was mailed stays with the customer. A person is asked."""
    await ctx.get(Shop).delete(ORDER_NOTES, id, order_id=order_id)
