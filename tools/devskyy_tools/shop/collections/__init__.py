"""The shop's collections, each declared once; those that rules and other collections speak of are named here, too."""

from __future__ import annotations

from . import content, goods, trade
from .base import NOISE, NOISY_META, STAMP, Collection
from .content import CATEGORIES, COMMENTS, MEDIA, PAGES, POSTS, TAGS
from .goods import (
    ATTRIBUTE_TERMS,
    ATTRIBUTES,
    BRANDS,
    PRODUCT_CATEGORIES,
    PRODUCT_REVIEWS,
    PRODUCT_TAGS,
    PRODUCTS,
    SHIPPING_CLASSES,
    VARIATIONS,
)
from .trade import COUPONS, CUSTOMERS, ORDER_NOTES, ORDERS, REFUNDS

__all__ = [
    "ALL",
    "ATTRIBUTES",
    "ATTRIBUTE_TERMS",
    "BRANDS",
    "CATEGORIES",
    "COMMENTS",
    "COUPONS",
    "CUSTOMERS",
    "MEDIA",
    "NOISE",
    "NOISY_META",
    "ORDERS",
    "ORDER_NOTES",
    "PAGES",
    "POSTS",
    "PRODUCTS",
    "PRODUCT_CATEGORIES",
    "PRODUCT_REVIEWS",
    "PRODUCT_TAGS",
    "REFUNDS",
    "SHIPPING_CLASSES",
    "STAMP",
    "TAGS",
    "VARIATIONS",
    "Collection",
]

ALL: dict[str, Collection] = {
    found.name: found
    for module in (content, goods, trade)
    for found in vars(module).values()
    if isinstance(found, Collection)
}
"""Every collection by its name."""
