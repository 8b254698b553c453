"""Stock: what runs low, and setting or moving quantities by SKU or id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

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

_FIELDS = ("id", "name", "sku", "parent_id", "type", "stock_quantity", "stock_status")


@stock.tool("read", scopes="catalog:read", texts="catalogue")
async def woo_stock_list(
    ctx: Context, stock_status: StockStatus = "outofstock", page: PageNumber = 1, limit: Limit = 50
) -> StockLines:
    """List products by stock status, with the counted quantities."""
    shop = ctx.get(Shop)
    found = await shop.list(PRODUCTS, fields=_FIELDS, stock_status=stock_status, page=page, per_page=limit)
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
    await shop.prefetch(PRODUCTS, [item.id for item in items if item.id and not item.product_id])
    for item in items:
        await _stage(shop, item)


async def _stage(shop: Shop, item: StockChange) -> None:
    target, parent = item.id, item.product_id
    if item.sku is not None:
        target, parent = await _by_sku(shop, item.sku)
    where: dict[str, Any] = {"product_id": parent} if parent else {}
    collection = VARIATIONS if parent else PRODUCTS
    assert target is not None
    quantity = item.set
    if quantity is None:
        now = (await shop.get(collection, target, **where)).get("stock_quantity")
        quantity = (now or 0) + (item.adjust or 0)
        if quantity < 0:
            raise Refused(
                Code.INVALID_ARGUMENTS,
                f"{collection.label(target)} has {now or 0} in stock; {item.adjust} would make it negative.",
                "Adjust by less, or set the counted quantity.",
            )
    await shop.update(collection, target, {"manage_stock": True, "stock_quantity": quantity}, **where)


async def _by_sku(shop: Shop, sku: str) -> tuple[int, int | None]:
    found = await shop.list(PRODUCTS, fields=("id", "parent_id", "type"), sku=sku)
    if not found.items:
        raise Refused(
            Code.NOT_FOUND, f"No product or variation has the SKU {sku[:60]!r}.", "woo_products_list finds SKUs."
        )
    item = found.items[0]
    return int(item["id"]), int(item["parent_id"]) if item.get("type") == "variation" else None
