"""Customers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_tools.shop.collections import CUSTOMERS
from devskyy_tools.shop.nouns import Noun, Search, wire_value

from .arguments import Address
from .models_orders import Customer, CustomerRow

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
