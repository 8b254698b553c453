"""The library that every tool of a WordPress + WooCommerce shop is written with; it declares no tools itself."""

from __future__ import annotations

from .client import Credentials, Page, ShopClient, ShopInfo
from .collections import ALL, Collection
from .connection import ShopSettings, connect
from .fields import check_more, describe
from .money import Money
from .session import Shop
from .system import ShopSystem

__all__ = [
    "ALL",
    "Collection",
    "Credentials",
    "Money",
    "Page",
    "Shop",
    "ShopClient",
    "ShopInfo",
    "ShopSettings",
    "ShopSystem",
    "check_more",
    "connect",
    "describe",
]
