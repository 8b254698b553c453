"""Variations of a variable product."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.capability import Toolset
from devskyy_tools.shop.collections import VARIATIONS
from devskyy_tools.shop.nouns import Noun, optional, wire_value

from .arguments import Html, Price, Quantity, SaleDate, SalePrice, Sku, Status, StockStatus
from .models import Variation

variations = Toolset("variations", timeout=30)


class Option(BaseModel):
    """One attribute of a variation, by the attribute's name."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)
    name: str
    option: str


Options = Annotated[list[Option], Field(min_length=1, max_length=20, description="E.g. [{name: Size, option: M}].")]

_WRITES: dict[str, Any] = {
    "attributes": Options,
    "regular_price": Price,
    "sale_price": SalePrice,
    "date_on_sale_from": SaleDate,
    "date_on_sale_to": SaleDate,
    "sku": Sku,
    "stock_quantity": Quantity,
    "stock_status": StockStatus,
    "status": Status,
    "description": Html,
    "image": Annotated[int, Field(ge=1, description="Media id of the picture.")],
}

Noun(
    variations,
    VARIATIONS,
    "woo_variations",
    row=Variation,
    full=Variation,
    writes=_WRITES,
    required=("attributes",),
    filters={
        "sku": (Sku, ""),
        "stock_status": (optional(StockStatus), None),
        "on_sale": (optional(bool), None),
    },
    row_fields=(
        "parent_id",
        "id",
        "attributes",
        "status",
        "sku",
        "price",
        "regular_price",
        "sale_price",
        "stock_quantity",
        "stock_status",
    ),
    scope="catalog",
    parent={"product_id": "Id of the variable product."},
    wire={"image": lambda media: {"id": media}, "attributes": wire_value},
    more=True,
    says={
        "list": "List a product's variations, or those of all products, with their options, prices and stock.",
        "create": "Add a variation to a variable product; its options must be among the product's attributes.",
    },
).declare("list", "create", "update", "delete")
