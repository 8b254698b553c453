"""The shop's collections, each declared once; those that rules and other collections speak of are named here, too."""

from __future__ import annotations

from . import content, goods, people, trade
from .base import NOISE, NOISY_META, STAMP, Collection
from .content import COMMENTS, ITEMS, MEDIA, MEDIA_EDITS, PAGES, POSTS, REVISIONS, TERMS
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
from .people import APP_PASSWORD_SETS, APP_PASSWORDS, USERS
from .trade import COUPONS, CUSTOMERS, ORDER_NOTES, ORDERS, REFUNDS

__all__ = [
    "ALL",
    "APP_PASSWORDS",
    "APP_PASSWORD_SETS",
    "ATTRIBUTES",
    "ATTRIBUTE_TERMS",
    "BRANDS",
    "COMMENTS",
    "COUPONS",
    "CUSTOMERS",
    "ITEMS",
    "MEDIA",
    "MEDIA_EDITS",
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
    "REVISIONS",
    "SHIPPING_CLASSES",
    "STAMP",
    "TERMS",
    "USERS",
    "VARIATIONS",
    "Collection",
]

ALL: dict[str, Collection] = {
    found.name: found
    for module in (content, goods, people, trade)
    for found in vars(module).values()
    if isinstance(found, Collection)
}
"""Every collection by its name."""
