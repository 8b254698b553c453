"""What a customer gets about an order: the shop's own mails, and a receipt to look at."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, cast

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.collections import ORDERS
from devskyy_tools.shop.refusals import plain_text
from devskyy_tools.shop.session import Shop

from .arguments import OrderId
from .models_orders import OrderEmail, OrderEmails, Receipt

order_mails = Toolset("order_mails", timeout=30)

DETAILS = "customer_invoice"
"""The one mail that suits every order: its details, with a link to pay where it is not paid."""
_MAILED = "what was mailed can't be taken back"
_PUBLISHED = "whoever has the receipt's address sees it until its day"


async def _templates(ctx: Context, order_id: int) -> list[dict[str, Any]]:
    path = ORDERS.url(None, order_id, "actions", "email_templates")
    return cast("list[dict[str, Any]]", await ctx.get(ShopClient).get(path, what=f"order {order_id}"))


@order_mails.tool("read", scopes="orders:read")
async def woo_order_mails_list(ctx: Context, order_id: OrderId) -> OrderEmails:
    """List the mails that the shop can send to the customer about an order as it stands."""
    found = await _templates(ctx, order_id)
    items = [
        OrderEmail(id=one["id"], title=plain_text(one["title"]), description=plain_text(one["description"]))
        for one in found
    ]
    return OrderEmails(items=items, none=None if items else "The order has no e-mail address, or is in the bin.")


@order_mails.tool("destroy", scopes="orders:write")
async def woo_order_mails_send(
    ctx: Context,
    order_id: OrderId,
    mail: Annotated[str, Field(max_length=100, description="Its id; woo_order_mails_list has them.")] = DETAILS,
) -> None:
    """Send a customer one of the shop's mails about an order, by default its details. A person is asked."""
    shop = ctx.get(Shop)
    billing: dict[str, str] = (await shop.get(ORDERS, order_id)).get("billing") or {}
    if not billing.get("email"):
        raise Refused(
            Code.CONFLICT, f"Order {order_id} has no e-mail address.", "Set billing.email with woo_orders_update first."
        )
    known = [str(one["id"]) for one in await _templates(ctx, order_id)]
    if mail not in known:
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"{mail!r} is no mail that suits order {order_id}.",
            f"As it stands it can get: {', '.join(known) or 'none'}.",
            details={"mails": known},
        )
    says = f"Leaves the shop: the mail {mail} about order {order_id}, to the order's e-mail address."
    action, body = ("send_order_details", {}) if mail == DETAILS else ("send_email", {"template_id": mail})
    shop.act(
        ORDERS, order_id, f"actions/{action}", body, undo=_MAILED, asks=[says], leaves=["message"],
        effects=["The customer is e-mailed, and a note on the order says so."],
    )  # fmt: skip


@order_mails.tool("read", scopes="orders:read")
async def woo_receipts_get(ctx: Context, order_id: OrderId) -> Receipt:
    """Get the public address of an order's receipt, where one has been made."""
    path = ORDERS.url(None, order_id, "receipt")
    try:
        found = await ctx.get(ShopClient).get(path, what=f"receipt of order {order_id}")
    except Refused as refused:
        if refused.code is Code.NOT_FOUND:
            refused.hint = "woo_receipts_create makes one; woo_orders_list finds orders."
        raise
    return Receipt(url=found["receipt_url"], until=found["expiration_date"])


@order_mails.tool("destroy", scopes="orders:write")
async def woo_receipts_create(
    ctx: Context,
    order_id: OrderId,
    until: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="Its last day; tomorrow if left out.")]
    | None = None,
    force_new: Annotated[bool, Field(description="A new address even if there is one.")] = False,
) -> None:
    """Make a receipt of an order at a public address; woo_receipts_get tells it. A person is asked."""
    body: dict[str, Any] = {"force_new": True} if force_new else {}
    if until is not None:
        body["expiration_date"] = _coming(until)
    shop = ctx.get(Shop)
    await shop.get(ORDERS, order_id)
    says = f"Makes public: a page with the receipt of order {order_id}, for whoever knows its address."
    shop.act(
        ORDERS, order_id, "receipt", body, undo=_PUBLISHED, asks=[says], leaves=["public"],
        effects=["The page shows the order's lines, sums, and how it was paid."],
    )  # fmt: skip


def _coming(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Refused(Code.INVALID_ARGUMENTS, f"{text} is no day of the calendar.") from None
    if day < date.today():  # noqa: DTZ011 # the shop compares days of UTC; one day more or less is no matter
        raise Refused(Code.INVALID_ARGUMENTS, f"{text} is past.", "Name a day to come.")
    return text
