"""Customers' reviews of products."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_tools.shop.collections import PRODUCT_REVIEWS
from devskyy_tools.shop.nouns import Noun, Search, optional

from .models_terms import Review

reviews = Toolset("reviews", timeout=20)

ListStatus = Literal["all", "approved", "hold", "spam", "trash"]
_WRITES: dict[str, Any] = {
    "status": Literal["approved", "hold", "spam"],
    "review": Annotated[str, Field(min_length=1, max_length=20_000)],
    "rating": Annotated[int, Field(ge=1, le=5)],
}

Noun(
    reviews,
    PRODUCT_REVIEWS,
    "woo_reviews",
    row=Review,
    full=Review,
    writes=_WRITES,
    filters={
        "status": (ListStatus, "all"),
        "product": (optional(Annotated[list[int], Field(max_length=100, description="Product ids.")]), None),
        "search": (Search, ""),
    },
    row_fields=(
        *("id", "product_id", "product_name", "rating", "status", "reviewer", "verified", "date_created"),
        "review",
    ),
    scope="catalog",
    says={
        "list": "List customers' reviews, newest first; status hold are those that wait for approval.",
        "update": "Approve, hold or mark a review as spam, or correct it.",
    },
).declare("list", "update", "delete")
