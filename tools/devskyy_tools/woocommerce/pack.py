"""Declares the WooCommerce pack."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devskyy_mcp.agents.offers import Offers, among
from devskyy_mcp.assets.store import CSV, Assets
from devskyy_mcp.capability import Pack, Resource
from devskyy_mcp.context import Context, Services
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.jobs.service import Jobs
from devskyy_tools.shop.collections import PRODUCTS
from devskyy_tools.shop.provide import provide_shop
from devskyy_tools.shop.session import Shop

from .batches import batches
from .categories import categories, woo_collections_list
from .copies import products, variations  # with the tools that are declared there, in bulk.py and matrix.py
from .coupons import coupons
from .csv_import import imports
from .customers import customers
from .export import exports, read_export, woo_catalog_export
from .gateways import gateways
from .models import Product
from .order_mails import order_mails
from .orders import orders
from .refunds import notes, refunds
from .rejected import read_report
from .reports import reports
from .reviews import reviews
from .settings import settings
from .shipments import shipments
from .shipping import shipping
from .stock import stock
from .system import system
from .taxes import taxes
from .terms import attributes, brands, shipping_classes, tags
from .webhooks import webhooks


async def read_product(ctx: Context, values: Mapping[str, str]) -> dict[str, Any]:
    """What ``woo_products_get`` gives.

    Raises:
        Refused: NOT_FOUND.
    """
    if not values["id"].isdecimal():
        raise Refused(Code.NOT_FOUND, "A product's id is a whole number.", "woo_products_list finds it.")
    found = Product.of(await ctx.get(Shop).get(PRODUCTS, int(values["id"])))
    return found.model_dump(mode="json", exclude_none=True)


async def product_ids(ctx: Context, _variable: str, prefix: str) -> list[str]:
    found = await ctx.get(Shop).list(PRODUCTS, fields=["id"], per_page=100)
    return [str(item["id"]) for item in found.items if str(item["id"]).startswith(prefix)]


async def collection_names(ctx: Context, prefix: str) -> list[str]:
    """The brand's collections, by id and name."""
    found = await woo_collections_list(ctx)
    return await among([f"{item.id} {item.name}" for item in found.items])(ctx, prefix)


def provide(services: Services) -> None:
    """The shop, and the end of exported files with their jobs."""
    provide_shop(services)
    if services.has(Offers):
        services.get(Offers).add("collections", "catalog:read", collection_names)

    async def drop(asset: str) -> None:
        await services.get(Assets).drop(asset)

    services.get(Jobs).leaves(woo_catalog_export.__name__, "asset", drop)


pack = Pack(
    "woocommerce",
    [
        *(products, variations, categories, attributes, tags, brands, shipping_classes, reviews, stock, orders, notes),
        *(order_mails, shipments, refunds, customers, coupons, reports, exports, imports, batches),
        *(settings, shipping, taxes, webhooks, gateways, system),
    ],
    [],
    [
        Resource(
            "devskyy://products/{id}",
            "product",
            "Product",
            "One product in full.",
            read_product,
            scopes=frozenset({"catalog:read"}),
            complete=product_ids,
            texts="catalogue",
        ),
        Resource(
            "devskyy://exports/{id}",
            "export",
            "Export",
            "The file that woo_catalog_export made, by its job's id.",
            read_export,
            mime_type=CSV,
            scopes=frozenset({"catalog:read"}),
            texts="catalogue",
        ),
        Resource(
            "devskyy://reports/{id}",
            "report",
            "Report",
            "Which rows of a file were rejected and why, by the id that the tool's answer gives.",
            read_report,
            mime_type=CSV,
            scopes=frozenset({"catalog:read"}),
            texts="catalogue",
        ),
    ],
    provide,
    phrases=Path(__file__).with_name("phrases.toml"),
)
