"""Stock: what runs low, and setting or moving quantities by SKU or id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.collections import PRODUCTS, VARIATIONS
from devskyy_tools.shop.nouns import Limit, PageNumber, past_the_end
from devskyy_tools.shop.refusals import plain_text
from devskyy_tools.shop.session import Shop

from .arguments import Quantity, Sku, StockStatus
from .models import StockLine, StockLines, pick

stock = Toolset("stock", timeout=40)

Of = Literal["products", "variations"]
_FIELDS = ("id", "name", "sku", "parent_id", "type", "stock_quantity", "stock_status")


@stock.tool("read", scopes="catalog:read", texts="catalogue")
async def woo_stock_list(
    ctx: Context,
    stock_status: StockStatus = "outofstock",
    of: Annotated[Of, Field(description="Sizes and colours are variations.")] = "products",
    page: PageNumber = 1,
    limit: Limit = 50,
) -> StockLines:
    """List products, or variations of all products, by stock status, with the counted quantities."""
    collection = PRODUCTS if of == "products" else VARIATIONS
    found = await ctx.get(Shop).list(collection, fields=_FIELDS, stock_status=stock_status, page=page, per_page=limit)
    lines = [_line(item) for item in found.items]
    return StockLines(
        items=lines, total=found.total, page=page, pages=found.pages, note=past_the_end(page, found.pages)
    )


def _line(item: Mapping[str, Any]) -> StockLine:
    return StockLine(
        id=item["id"],
        product_id=item.get("parent_id") or None,
        name=plain_text(item["name"]),
        stock=item.get("stock_quantity"),
        stock_status=item["stock_status"],
        **pick(item, "sku"),
    )


class StockChange(BaseModel):
    """One quantity: by sku, or by id (with product_id for a variation); set it, or move it by a difference."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)
    sku: Sku | None = None
    id: Annotated[int, Field(ge=1)] | None = None
    product_id: Annotated[int, Field(ge=1, description="Parent product, when id is a variation.")] | None = None
    set: Quantity | None = None
    adjust: Annotated[int, Field(ge=-100_000, le=100_000, description="E.g. -2 or 10.")] | None = None


@stock.tool("write", scopes="catalog:write", core=True, timeout=60)
async def woo_stock_update(
    ctx: Context, items: Annotated[list[StockChange], Field(min_length=1, max_length=100)]
) -> None:
    """Set or move the counted stock of products and variations, found by SKU or id."""
    shop = ctx.get(Shop)
    for number, item in enumerate(items):
        if (item.sku is None) == (item.id is None) or (item.set is None) == (item.adjust is None):
            raise Refused(
                Code.INVALID_ARGUMENTS, f"items.{number}: give sku or id, and set or adjust, exactly one of each."
            )
    await shop.prefetch_skus([item.sku for item in items if item.sku])
    found = [await _found(shop, item) for item in items]
    for parent in (False, True):
        ids = [target for target, above in found if (above is not None) is parent]
        if len(ids) > 1:
            await shop.prefetch(VARIATIONS if parent else PRODUCTS, ids)
    for item, (target, above) in zip(items, found, strict=True):
        await _stage(shop, item, target, above)


async def _found(shop: Shop, item: StockChange) -> tuple[int, int | None]:
    """Id of the product, or of the variation with that of its product."""
    if item.sku is None:
        return cast("int", item.id), item.product_id
    holder = await shop.holder_of_sku(item.sku)
    if holder is None or holder.get("status") == "trash":
        where = "is in the bin" if holder else "has no product or variation"
        raise Refused(
            Code.NOT_FOUND,
            f"The SKU {item.sku[:60]!r} {where}.",
            "wp_bin_restore brings it back." if holder else "woo_products_list finds SKUs.",
        )
    return int(holder["id"]), int(holder["parent_id"]) if holder.get("type") == "variation" else None


async def _stage(shop: Shop, item: StockChange, target: int, parent: int | None) -> None:
    if parent is None:
        product = await shop.get(PRODUCTS, target)
        parent = int(product["parent_id"]) if product.get("type") == "variation" else None
    where: dict[str, Any] = {"product_id": parent} if parent else {}
    collection = VARIATIONS if parent else PRODUCTS
    present = await shop.get(collection, target, **where)
    if present.get("manage_stock") == "parent":
        raise Refused(
            Code.CONFLICT,
            f"{collection.label(target, present)} has no stock of its own: it shares that of product {parent}.",
            f"Change product {parent}'s, or give the variation its own with woo_variations_update (stock_quantity).",
            details={"product_id": parent},
        )
    quantity, now = item.set, present.get("stock_quantity") or 0
    if quantity is None:
        quantity = now + (item.adjust or 0)
        if quantity < 0:
            raise Refused(
                Code.INVALID_ARGUMENTS,
                f"{collection.label(target)} has {now} in stock; {item.adjust} would make it negative.",
                "Adjust by less, or set the counted quantity.",
            )
    await shop.update(collection, target, {"manage_stock": True, "stock_quantity": quantity}, **where)
