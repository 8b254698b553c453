"""Customers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.collections import CUSTOMERS
from devskyy_tools.shop.nouns import Id, Noun, Search, wire_value
from devskyy_tools.shop.session import Shop

from .arguments import Address
from .models_orders import Customer, CustomerRow, Download, Downloads

customers = Toolset("customers", timeout=20)

Email = Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
PersonName = Annotated[str, Field(max_length=100)]

Noun(
    customers,
    CUSTOMERS,
    "woo_customers",
    row=CustomerRow,
    full=Customer,
    writes={
        "email": Email,
        "first_name": PersonName,
        "last_name": PersonName,
        "billing": Address,
        "shipping": Address,
    },
    required=("email",),
    filters={"search": (Search, ""), "email": (Annotated[str, Field(max_length=254)], "")},
    row_fields=("id", "first_name", "last_name", "username", "email", "date_created"),
    scope="customers",
    wire={"billing": wire_value, "shipping": wire_value},
    says={"list": "List the shop's customers. Use it to find a customer's id by name or e-mail."},
).declare("list", "get", "create", "update")


@customers.tool("destroy", scopes="customers:write")
async def woo_customers_delete(
    ctx: Context,
    id: Id,  # noqa: A002 # the shop's own name
    reassign: Annotated[int, Field(ge=0, description="Who gets what they wrote; 0: it goes, too.")] = 0,
) -> None:
    """Delete a customer's account for good; their orders stay, as a guest's. A person is asked."""
    await ctx.get(Shop).delete(CUSTOMERS, id, reassign=reassign)


@customers.tool("read", scopes="customers:read", texts="catalogue")
async def woo_customers_downloads(ctx: Context, id: Id) -> Downloads:  # noqa: A002 # the shop's own name
    """List the files that a customer has bought and may download."""
    found = await ctx.get(ShopClient).get(CUSTOMERS.url(None, id, "downloads"), what=f"customer {id}")
    return Downloads(items=[Download.of(item) for item in found])
