"""Products: the regular tools."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_tools.shop.collections import PRODUCTS
from devskyy_tools.shop.nouns import Noun, Search, ids_as_objects, optional

from .arguments import (
    CategoryIds,
    Html,
    Ids,
    MediaIds,
    Name,
    Price,
    Quantity,
    SaleDate,
    SalePrice,
    Sku,
    Status,
    StockStatus,
)
from .models import Product, ProductRow

products = Toolset("products", timeout=30)

ListStatus = Literal["any", "draft", "pending", "private", "publish", "trash"]
Type = Literal["simple", "variable", "grouped", "external"]

_WRITES: dict[str, Any] = {
    "name": Name,
    "status": Status,
    "regular_price": Price,
    "sale_price": SalePrice,
    "date_on_sale_from": SaleDate,
    "date_on_sale_to": SaleDate,
    "sku": Sku,
    "stock_quantity": Quantity,
    "stock_status": StockStatus,
    "description": Html,
    "short_description": Html,
    "categories": CategoryIds,
    "tags": Ids,
    "images": MediaIds,
}
_WIRE = {"categories": ids_as_objects, "tags": ids_as_objects, "images": ids_as_objects}
_ROW = ("id", "name", "sku", "type", "status", "price", "regular_price", "sale_price", "stock_quantity", "stock_status")


def _noun(writes: dict[str, Any]) -> Noun:
    return Noun(
        products,
        PRODUCTS,
        "woo_products",
        row=ProductRow,
        full=Product,
        writes=writes,
        required=("name",),
        filters={
            "search": (Search, ""),
            "sku": (Sku, ""),
            "status": (ListStatus, "any"),
            "type": (optional(Type), None),
            "category": (optional(Annotated[int, Field(ge=1, description="Id of a category or collection.")]), None),
            "stock_status": (optional(StockStatus), None),
            "on_sale": (optional(bool), None),
        },
        row_fields=_ROW,
        scope="catalog",
        defaults={"status": "draft"},
        wire=_WIRE,
        more=True,
        core=frozenset({"list", "get", "create", "update"}),
        says={
            "list": "List the shop's products, newest first. Use it to find a product's id before a change.",
            "create": "Make a new product; a draft unless another status is given. Give a sku: it prevents doubles.",
        },
    )


_noun(_WRITES).declare("list", "get", "update", "delete")
_noun({"name": Name, "type": Type, **_WRITES}).declare("create")
