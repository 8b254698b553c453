"""Arguments that several of WooCommerce's tools take."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from devskyy_tools.shop.money import Money

Name = Annotated[str, Field(min_length=1, max_length=300)]
Html = Annotated[str, Field(description="HTML.", max_length=100_000)]
Sku = Annotated[str, Field(max_length=100)]
Slug = Annotated[str, Field(max_length=200, pattern=r"^[a-z0-9-]*$")]
Price = Annotated[Money, WithJsonSchema({"type": "string", "description": 'E.g. "19.90".'})]
SalePrice = Annotated[
    Money | Literal[""], WithJsonSchema({"type": "string", "description": 'Below the regular price; "" ends the sale.'})
]
SaleDate = Annotated[str, Field(description='Site time, 2026-12-24T00:00:00; "" clears.', max_length=25)]
Quantity = Annotated[int, Field(ge=0, le=1_000_000)]
StockStatus = Literal["instock", "outofstock", "onbackorder"]
Status = Literal["draft", "pending", "private", "publish"]
Ids = Annotated[list[int], Field(max_length=100)]
CategoryIds = Annotated[list[int], Field(max_length=100, description="Replaces the list.")]
MediaIds = Annotated[list[int], Field(max_length=50, description="Media ids, main picture first; replaces the list.")]
ProductId = Annotated[int, Field(ge=1, description="The product's id.")]
OrderId = Annotated[int, Field(ge=1, description="The order's id.")]


class Address(BaseModel):
    """A postal address; only given fields are touched."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    address_1: str | None = None
    address_2: str | None = None
    city: str | None = None
    postcode: str | None = None
    state: str | None = None
    country: Annotated[str, Field(pattern="^[A-Z]{2}$", description="ISO 3166, two letters.")] | None = None
    email: str | None = None
    phone: str | None = None
