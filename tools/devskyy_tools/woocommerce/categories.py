"""Product categories, and the brand's collections among them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.collections import PRODUCT_CATEGORIES
from devskyy_tools.shop.nouns import Noun, Search, optional
from devskyy_tools.shop.session import Shop

from .arguments import Html, Name, Slug
from .models import Collections, ProductCategory

categories = Toolset("categories", timeout=20)

Parent = Annotated[int, Field(ge=0, description="Id of the category above; 0 for none.")]
DEMO_PARENT = "collections"
_ROW = ("id", "name", "slug", "count", "parent")

Noun(
    categories,
    PRODUCT_CATEGORIES,
    "woo_categories",
    row=ProductCategory,
    full=ProductCategory,
    writes={"name": Name, "slug": Slug, "description": Html, "parent": Parent},
    required=("name",),
    filters={"search": (Search, ""), "parent": (optional(Parent), None)},
    row_fields=_ROW,
    scope="catalog",
).declare("list", "create", "update", "delete")


@categories.tool("read", scopes="catalog:read", core=True, texts="catalogue")
async def woo_collections_list(ctx: Context) -> Collections:
    """List the brand's collections: their ids filter products and are set as a product's category."""
    shop, setting = ctx.get(Shop), _setting(ctx.get(Settings))
    parent, told = 0, "top-level product categories"
    if setting:
        parent = await _parent(shop, setting)
        told = f"product categories below {setting} (SHOP_COLLECTIONS_PARENT)"
    found = await shop.list(PRODUCT_CATEGORIES, fields=_ROW, parent=parent, per_page=100)
    return Collections(items=[ProductCategory.of(item) for item in found.items], defined_by=told)


def _setting(settings: Settings) -> str:
    return settings.shop_collections_parent or (DEMO_PARENT if settings.demo else "")


async def _parent(shop: Shop, setting: str) -> int:
    if setting.isdigit():
        return int(setting)
    found = await shop.list(PRODUCT_CATEGORIES, fields=["id"], slug=setting)
    if not found.items:
        raise Refused(
            Code.NOT_CONFIGURED,
            f"SHOP_COLLECTIONS_PARENT names {setting[:60]!r}, and the shop has no category of that slug.",
            "Set it to the id or slug of an existing product category, or leave it empty.",
        )
    return int(found.items[0]["id"])
