"""The shop's collections, each declared once; those that rules and other collections speak of are named here, too."""

from __future__ import annotations

from . import content, goods, store, trade
from .base import NOISE, NOISY_META, STAMP, Collection
from .content import CATEGORIES, COMMENTS, MEDIA, PAGES, POSTS, TAGS
from .goods import ATTRIBUTE_TERMS, ATTRIBUTES, PRODUCT_CATEGORIES, PRODUCT_REVIEWS, PRODUCT_TAGS, PRODUCTS, VARIATIONS
from .store import (
    GATEWAYS,
    SETTINGS,
    SETTINGS_GROUPS,
    SHIPPING_METHODS,
    SHIPPING_ZONES,
    SYSTEM_TOOLS,
    TAX_CLASSES,
    TAXES,
    WEBHOOKS,
    ZONE_LOCATIONS,
    ZONE_METHODS,
)
from .trade import COUPONS, CUSTOMERS, ORDER_NOTES, ORDERS, REFUNDS

__all__ = [
    "ALL",
    "ATTRIBUTES",
    "ATTRIBUTE_TERMS",
    "CATEGORIES",
    "COMMENTS",
    "COUPONS",
    "CUSTOMERS",
    "GATEWAYS",
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
    "SETTINGS",
    "SETTINGS_GROUPS",
    "SHIPPING_METHODS",
    "SHIPPING_ZONES",
    "STAMP",
    "SYSTEM_TOOLS",
    "TAGS",
    "TAXES",
    "TAX_CLASSES",
    "VARIATIONS",
    "WEBHOOKS",
    "ZONE_LOCATIONS",
    "ZONE_METHODS",
    "Collection",
]

ALL: dict[str, Collection] = {
    found.name: found
    for module in (content, goods, store, trade)
    for found in vars(module).values()
    if isinstance(found, Collection)
}
"""Every collection by its name."""
