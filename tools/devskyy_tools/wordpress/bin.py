"""The bin: what was deleted without being gone can come back."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.collections import ALL, PRODUCTS
from devskyy_tools.shop.nouns import Id
from devskyy_tools.shop.session import Shop
from devskyy_tools.shop.undoing import restore_variations

bin_tools = Toolset("bin", timeout=30)

Noun = Literal["posts", "pages", "products", "orders", "coupons", "product_reviews"]
_USUAL = {"orders": "on-hold", "product_reviews": "hold"}
_ORDER = ("pending", "processing", "on-hold", "completed", "cancelled", "failed")
_REVIEW = ("approved", "hold", "spam")
_CONTENT = ("draft", "pending", "private", "publish", "future")


@bin_tools.tool("write", scopes=["content:write", "catalog:write", "orders:write"])
async def wp_bin_restore(
    ctx: Context,
    noun: Noun,
    id: Id,  # noqa: A002 # the shop's own name
    status: Annotated[
        str, Field(description="Status it gets; draft (orders: on-hold, reviews: hold) if left out.", max_length=20)
    ] = "",
) -> None:
    """Bring a post, page, product, order, coupon or review back from the bin; variations come with their product."""
    shop, collection = ctx.get(Shop), ALL[noun]
    usable = {"orders": _ORDER, "product_reviews": _REVIEW}.get(noun, _CONTENT)
    if status and status not in usable:
        raise Refused(
            Code.INVALID_ARGUMENTS, f"{noun} can't become {status!r}.", f"They can become: {', '.join(usable)}."
        )
    restored = await shop.restore(collection, id, status or _USUAL.get(noun, "draft"))
    if restored is None:
        raise Refused(
            Code.CONFLICT, f"{collection.label(id)} is not in the bin.", "Lists with status trash show what is."
        )
    if collection is PRODUCTS:
        await restore_variations(shop, id, restored)
