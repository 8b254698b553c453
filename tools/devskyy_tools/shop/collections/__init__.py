"""The shop's collections, each declared once; those that rules and other collections speak of are named here, too."""

from __future__ import annotations

from . import content, goods, site, trade
from .base import NOISE, NOISY_META, STAMP, Collection
from .content import CATEGORIES, COMMENTS, MEDIA, PAGES, POSTS, TAGS
from .goods import ATTRIBUTE_TERMS, ATTRIBUTES, PRODUCT_CATEGORIES, PRODUCT_REVIEWS, PRODUCT_TAGS, PRODUCTS, VARIATIONS
from .site import (
    BLOCKS,
    FONT_FACES,
    FONT_FAMILIES,
    GLOBAL_STYLES,
    MENU_ITEMS,
    MENUS,
    NAVIGATION,
    PLUGINS,
    SIDEBARS,
    SITE_SETTINGS,
    TEMPLATE_PARTS,
    TEMPLATES,
    WIDGETS,
)
from .trade import COUPONS, CUSTOMERS, ORDER_NOTES, ORDERS, REFUNDS

__all__ = [
    "ALL",
    "ATTRIBUTES",
    "ATTRIBUTE_TERMS",
    "BLOCKS",
    "CATEGORIES",
    "COMMENTS",
    "COUPONS",
    "CUSTOMERS",
    "FONT_FACES",
    "FONT_FAMILIES",
    "GLOBAL_STYLES",
    "MEDIA",
    "MENUS",
    "MENU_ITEMS",
    "NAVIGATION",
    "NOISE",
    "NOISY_META",
    "ORDERS",
    "ORDER_NOTES",
    "PAGES",
    "PLUGINS",
    "POSTS",
    "PRODUCTS",
    "PRODUCT_CATEGORIES",
    "PRODUCT_REVIEWS",
    "PRODUCT_TAGS",
    "REFUNDS",
    "SIDEBARS",
    "SITE_SETTINGS",
    "STAMP",
    "TAGS",
    "TEMPLATES",
    "TEMPLATE_PARTS",
    "VARIATIONS",
    "WIDGETS",
    "Collection",
]

ALL: dict[str, Collection] = {
    found.name: found
    for module in (content, goods, site, trade)
    for found in vars(module).values()
    if isinstance(found, Collection)
}
"""Every collection by its name."""
