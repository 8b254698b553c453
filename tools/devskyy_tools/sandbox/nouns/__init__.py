"""One file per noun of the shop; each gives its routes."""

from __future__ import annotations

from importlib import import_module

from devskyy_tools.sandbox.routing import Route

_FILES = (
    "products", "variations", "terms", "attributes", "orders", "order_mails", "refunds", "coupons", "customers",
    "comments", "reports", "shop_settings", "delivery", "content", "product_posts", "media", "users", "site_info",
)  # fmt: skip


def routes() -> list[Route]:
    """Return the routes of every noun, imported with the first request."""
    return [route for name in _FILES for route in import_module(f"{__name__}.{name}").routes()]
