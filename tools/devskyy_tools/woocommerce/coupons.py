"""Coupons."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_tools.shop.collections import COUPONS
from devskyy_tools.shop.nouns import Noun, Search

from .arguments import Ids, Price, SaleDate
from .models import Coupon, CouponRow

coupons = Toolset("coupons", timeout=20)

Count = Annotated[int, Field(ge=1, le=10_000_000)]

_WRITES: dict[str, Any] = {
    "code": Annotated[str, Field(min_length=1, max_length=100)],
    "discount_type": Literal["percent", "fixed_cart", "fixed_product"],
    "amount": Annotated[Price, Field(description="Money, or percent (at most 100) for the type percent.")],
    "description": Annotated[str, Field(max_length=2000)],
    "date_expires": SaleDate,
    "usage_limit": Count,
    "usage_limit_per_user": Count,
    "minimum_amount": Price,
    "maximum_amount": Price,
    "individual_use": bool,
    "free_shipping": bool,
    "exclude_sale_items": bool,
    "product_ids": Ids,
    "product_categories": Ids,
}

Noun(
    coupons,
    COUPONS,
    "woo_coupons",
    row=CouponRow,
    full=Coupon,
    writes=_WRITES,
    required=("code", "discount_type", "amount"),
    filters={"search": (Search, ""), "code": (Annotated[str, Field(max_length=100)], "")},
    row_fields=("id", "code", "discount_type", "amount", "usage_count", "status", "date_expires"),
    scope="catalog",
    more=True,
).declare()
