"""One change over many products: named one by one, or found by a filter and all set alike."""

from __future__ import annotations

from typing import Annotated, cast

from pydantic import Field

from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.collections import PRODUCTS, VARIATIONS
from devskyy_tools.shop.session import Shop

from .many import Many, ProductFields, ProductFilter
from .price_moves import new_prices
from .products import products

NAMED = 100


Items = Annotated[list[ProductFields], Field(max_length=NAMED)]


@products.tool("write", scopes="catalog:write", core=True, timeout=300)
async def woo_products_bulk_update(
    ctx: Context,
    items: Items | None = None,
    filter: ProductFilter | None = None,  # noqa: A002 # what people call it
    set: ProductFields | None = None,  # noqa: A002
    include_variations: bool = False,
) -> None:
    """Change many products with one undo: 100 items, or filter and set (10,000)."""
    if (items is None) == (filter is None) or (filter is None) != (set is None):
        raise Refused(
            Code.INVALID_ARGUMENTS,
            "Give either items, or filter and set together.",
            "An empty filter {} stands for all products.",
        )
    shop = ctx.get(Shop)
    if filter is not None and set is not None:
        if set.id is not None or set.name is not None:
            raise Refused(
                Code.INVALID_ARGUMENTS, "set can't give all products one id or name.", "Use items, or filter.ids."
            )
        await Many(shop, filter, set, variations=include_variations).stage(ctx)
    elif include_variations:
        raise Refused(
            Code.INVALID_ARGUMENTS, "include_variations goes with filter.", "woo_variations_update changes named ones."
        )
    else:
        await _named(shop, items or [])


async def _named(shop: Shop, items: list[ProductFields]) -> None:
    if not items:
        raise Refused(Code.INVALID_ARGUMENTS, "items names no product.", "Give at least one.")
    ids = [item.id for item in items if item.id is not None]
    if len(ids) < len(items):
        raise Refused(Code.INVALID_ARGUMENTS, "Each of items needs the id of its product.", "woo_products_list has it.")
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"These products are named twice: {', '.join(map(str, twice[:10]))}.",
            "Name each once.",
        )
    await shop.prefetch(PRODUCTS, ids)
    for item, target in zip(items, ids, strict=True):
        product = await shop.get(PRODUCTS, target)
        if product.get("type") == "variation":
            await _variation(shop, item, int(product["parent_id"]))
            continue
        label = PRODUCTS.label(target, product)
        await shop.update(PRODUCTS, target, await new_prices(shop.client, product, item.given(), label))


async def _variation(shop: Shop, item: ProductFields, parent: int) -> None:
    """An item that names a variation: the shop reads it as a product, too, but writes it below its own."""
    target, fields = cast("int", item.id), item.given()
    wrong = [name for name in ("name", "categories") if name in fields]
    if wrong:
        raise Refused(
            Code.INVALID_ARGUMENTS, f"{target} is a variation; {wrong[0]} is set on its product, {parent}.",
            details={"product_id": parent},
        )  # fmt: skip
    variation = await shop.get(VARIATIONS, target, product_id=parent)
    label = VARIATIONS.label(target, variation)
    await shop.update(VARIATIONS, target, await new_prices(shop.client, variation, fields, label), product_id=parent)
