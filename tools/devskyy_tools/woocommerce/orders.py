"""Orders: the regular tools, taking an order, and moving its status."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.collections import ORDERS
from devskyy_tools.shop.nouns import Noun, optional, wire_value
from devskyy_tools.shop.refusals import plain_text
from devskyy_tools.shop.session import Shop

from .arguments import Address, OrderId
from .models_orders import Order, OrderRow, OrderStatus, OrderStatuses

orders = Toolset("orders", timeout=30)

Status = Literal["pending", "processing", "on-hold", "completed", "cancelled", "failed"]
ListStatus = Literal["any", "pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "trash"]
Moment = Annotated[str, Field(description="Site time, 2026-11-01T00:00:00.", max_length=25)]
Note = Annotated[str, Field(max_length=5000)]

_ROW = ("id", "status", "date_created", "total", "currency", "line_items", "customer_id", "billing")

Noun(
    orders,
    ORDERS,
    "woo_orders",
    row=OrderRow,
    full=Order,
    writes={"customer_note": Note, "billing": Address, "shipping": Address},
    filters={
        "search": (Annotated[str, Field(max_length=200, description="Number, name, e-mail or transaction id.")], ""),
        "status": (ListStatus, "any"),
        "customer": (optional(Annotated[int, Field(ge=1, description="A customer's id.")]), None),
        "product": (optional(Annotated[int, Field(ge=1, description="Only orders with this product.")]), None),
        "after": (optional(Moment), None),
        "before": (optional(Moment), None),
    },
    row_fields=_ROW,
    scope="orders",
    wire={"billing": wire_value, "shipping": wire_value},
    more=True,
    core=frozenset({"list", "get"}),
    says={"list": "List the shop's orders, newest first, by status, customer, product or time."},
).declare("list", "get", "update", "delete")


class Line(BaseModel):
    """One thing that is ordered."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)
    product_id: Annotated[int, Field(ge=1)]
    variation_id: Annotated[int, Field(ge=1)] | None = None
    quantity: Annotated[int, Field(ge=1, le=10_000)] = 1


@orders.tool("write", scopes="orders:write")
async def woo_orders_create(
    ctx: Context,
    lines: Annotated[list[Line], Field(min_length=1, max_length=100)],
    status: Literal["pending", "processing", "on-hold"] = "pending",
    customer_id: Annotated[int, Field(ge=1)] | None = None,
    billing: Address | None = None,
    shipping: Address | None = None,
    coupons: Annotated[list[str], Field(max_length=10, description="Coupon codes.")] | None = None,
    customer_note: Note | None = None,
) -> None:
    """Take an order, for example by phone. Products, stock and coupons are checked before anything is sent."""
    fields: dict[str, Any] = {"status": status, "line_items": wire_value(lines)}
    given = {"customer_id": customer_id, "billing": billing, "shipping": shipping, "customer_note": customer_note}
    fields |= {name: wire_value(value) for name, value in given.items() if value is not None}
    if coupons:
        fields["coupon_lines"] = [{"code": code} for code in coupons]
    await ctx.get(Shop).create(ORDERS, fields)


_NEXT: dict[str, frozenset[str]] = {
    "pending": frozenset({"processing", "on-hold", "completed", "cancelled", "failed"}),
    "on-hold": frozenset({"pending", "processing", "completed", "cancelled", "failed"}),
    "processing": frozenset({"on-hold", "completed", "cancelled", "failed"}),
    "completed": frozenset({"processing"}),
    "failed": frozenset({"pending", "processing", "on-hold", "cancelled"}),
    "cancelled": frozenset({"pending", "processing", "on-hold"}),
    "refunded": frozenset(),
}
"""The shop itself lets any status follow any other; these are the ones that make sense in a shop's work."""


@orders.tool("read", scopes="orders:read", cache_ttl=300)
async def woo_order_statuses_list(ctx: Context) -> OrderStatuses:
    """List the statuses that orders can have, those of plugins too, and which may follow which."""
    found = await ctx.get(ShopClient).get(f"{ORDERS.url()}/statuses")
    return OrderStatuses(
        items=[
            OrderStatus(slug=one["slug"], name=plain_text(one["name"]), next=sorted(_NEXT.get(one["slug"], ())) or None)
            for one in found
        ]
    )


@orders.tool("write", scopes="orders:write", core=True)
async def woo_orders_set_status(ctx: Context, id: OrderId, status: Status) -> None:  # noqa: A002 # the shop's own name
    """Move an order to its next status. Stock and e-mails follow, and the preview states them."""
    shop = ctx.get(Shop)
    order = await shop.get(ORDERS, id)
    now = str(order["status"])
    if status != now and status not in _NEXT.get(now, frozenset(_NEXT)):
        allowed = ", ".join(sorted(_NEXT.get(now, ()))) or "none"
        raise Refused(
            Code.CONFLICT,
            f"Order {id} is {now}; it can't become {status}.",
            f"From {now} it can become: {allowed}."
            + (" Money goes back with woo_refunds_create." if now == "completed" else ""),
            details={"status": now},
        )
    await shop.update(ORDERS, id, {"status": status})
