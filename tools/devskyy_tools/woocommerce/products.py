"""Products: the regular tools, and one change over many."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.collections import PRODUCTS
from devskyy_tools.shop.nouns import Noun, Search, ids_as_objects, optional, wire_value
from devskyy_tools.shop.session import Shop

from .arguments import (
    CategoryIds,
    Html,
    Ids,
    MediaIds,
    Name,
    Price,
    ProductId,
    Quantity,
    SaleDate,
    SalePrice,
    Sku,
    Status,
    StockStatus,
)
from .models import Product, ProductRow

products = Toolset("products", timeout=30)

BULK = 100
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


class ProductChange(BaseModel):
    """What to change of one product."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)
    id: ProductId
    name: Name | None = None
    status: Status | None = None
    regular_price: Price | None = None
    sale_price: SalePrice | None = None
    date_on_sale_from: SaleDate | None = None
    date_on_sale_to: SaleDate | None = None
    stock_quantity: Quantity | None = None
    stock_status: StockStatus | None = None
    categories: CategoryIds | None = None


@products.tool("write", scopes="catalog:write", core=True, timeout=60)
async def woo_products_bulk_update(
    ctx: Context, items: Annotated[list[ProductChange], Field(min_length=1, max_length=BULK)]
) -> None:
    """Change up to 100 named products in one change set, with an outcome for each and one undo for all."""
    seen = [item.id for item in items]
    twice = sorted({one for one in seen if seen.count(one) > 1})
    if twice:
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"These products are named twice: {', '.join(map(str, twice[:10]))}.",
            "Name each once.",
        )
    shop = ctx.get(Shop)
    await shop.prefetch(PRODUCTS, seen)
    for item in items:
        given = item.model_dump(exclude_none=True, exclude={"id"})
        fields = {name: _WIRE[name](value) if name in _WIRE else wire_value(value) for name, value in given.items()}
        await shop.update(PRODUCTS, item.id, fields)
