"""The shop's collections, each declared once; those that rules and other collections speak of are named here, too."""

from __future__ import annotations

from . import companion, content, goods, people, site, store, trade
from .base import NOISE, NOISY_META, STAMP, Collection
from .companion import MODELS, PRIVACY, REDIRECTS, SEO, VARIANT_TESTS
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
    "APP_PASSWORDS",
    "APP_PASSWORD_SETS",
    "ATTRIBUTES",
    "ATTRIBUTE_TERMS",
    "BLOCKS",
    "BRANDS",
    "COMMENTS",
    "COUPONS",
    "CUSTOMERS",
    "FONT_FACES",
    "FONT_FAMILIES",
    "GATEWAYS",
    "GLOBAL_STYLES",
    "ITEMS",
    "MEDIA",
    "MEDIA_EDITS",
    "MENUS",
    "MENU_ITEMS",
    "MODELS",
    "NAVIGATION",
    "NOISE",
    "NOISY_META",
    "ORDERS",
    "ORDER_NOTES",
    "PAGES",
    "PLUGINS",
    "POSTS",
    "PRIVACY",
    "PRODUCTS",
    "PRODUCT_CATEGORIES",
    "PRODUCT_REVIEWS",
    "PRODUCT_TAGS",
    "REDIRECTS",
    "REFUNDS",
    "REVISIONS",
    "SEO",
    "SETTINGS",
    "SETTINGS_GROUPS",
    "SHIPPING_CLASSES",
    "SHIPPING_METHODS",
    "SHIPPING_ZONES",
    "SIDEBARS",
    "SITE_SETTINGS",
    "STAMP",
    "SYSTEM_TOOLS",
    "TAXES",
    "TAX_CLASSES",
    "TEMPLATES",
    "TEMPLATE_PARTS",
    "TERMS",
    "USERS",
    "VARIANT_TESTS",
    "VARIATIONS",
    "WEBHOOKS",
    "WIDGETS",
    "ZONE_LOCATIONS",
    "ZONE_METHODS",
    "Collection",
]

ALL: dict[str, Collection] = {
    found.name: found
    for module in (companion, content, goods, people, site, store, trade)
    for found in vars(module).values()
    if isinstance(found, Collection)
}
"""Every collection by its name."""
