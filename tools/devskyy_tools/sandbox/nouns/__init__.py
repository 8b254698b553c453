"""One file per noun of the shop; each gives its routes."""

from __future__ import annotations

from importlib import import_module

from devskyy_tools.sandbox.routing import Route

_FILES = (
    "products", "variations", "terms", "blog_terms", "attributes", "orders", "order_mails", "refunds", "coupons",
    "customers", "comments", "reports", "shop_settings", "zones", "delivery", "data", "maintenance", "content",
    "product_posts", "media", "users", "site_info", "search", "batch", "blocks", "templates", "menus", "styles",
    "widgets", "plugins", "library",
)  # fmt: skip


def routes(*, plugin: bool = True) -> list[Route]:
    """Return the routes of every noun, imported with the first request; with those of DevSkyy's own plugin."""
    found = [route for name in _FILES for route in import_module(f"{__name__}.{name}").routes()]
    if not plugin:
        return found
    from devskyy_tools.sandbox.nouns import companion, models3d, variants

    return [*companion.with_seo(found), *companion.routes(), *models3d.routes(), *variants.routes()]
