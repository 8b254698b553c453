"""The bin: what was deleted without being gone can come back."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.collections import ALL, PRODUCTS
from devskyy_tools.shop.nouns import Id
from devskyy_tools.shop.session import Shop
from devskyy_tools.shop.undoing import restore_variations

from .kinds import item_type

bin_tools = Toolset("bin", timeout=30)

Noun = Literal["posts", "pages", "products", "orders", "coupons", "product_reviews", "comments", "items"]
_USUAL = {"orders": "on-hold", "product_reviews": "hold", "comments": "hold"}
_ORDER = ("pending", "processing", "on-hold", "completed", "cancelled", "failed")
_REVIEW = ("approved", "hold", "spam")
_CONTENT = ("draft", "pending", "private", "publish", "future")
_STATUSES = {"orders": _ORDER, "comments": ("hold", "approved"), "product_reviews": _REVIEW}


@bin_tools.tool("write", scopes=["content:write", "catalog:write", "orders:write"])
async def wp_bin_restore(
    ctx: Context,
    noun: Noun,
    id: Id,  # noqa: A002 # the shop's own name
    status: Annotated[
        str,
        Field(description="Status it gets; draft (orders on-hold, comments, reviews hold) if left out.", max_length=20),
    ] = "",
    type: Annotated[str, Field(max_length=60, description="For items: which type.")] = "",  # noqa: A002 # the shop's
) -> None:
    """Bring a post, page, product, order, comment … back from the bin; a product's variations come with it."""
    shop, collection = ctx.get(Shop), ALL[noun]
    if (noun == "items") is not bool(type):
        raise Refused(Code.INVALID_ARGUMENTS, "type goes with noun=items, and with it only.")
    parent = {"type": (await item_type(ctx.get(ShopClient), type))["rest_base"]} if type else {}
    usable = _STATUSES.get(noun, _CONTENT)
    if status and status not in usable:
        raise Refused(
            Code.INVALID_ARGUMENTS, f"{noun} can't become {status!r}.", f"They can become: {', '.join(usable)}."
        )
    restored = await shop.restore(collection, id, status or _USUAL.get(noun, "draft"), **parent)
    if restored is None:
        raise Refused(
            Code.CONFLICT, f"{collection.label(id)} is not in the bin.", "Lists with status trash show what is."
        )
    if collection is PRODUCTS:
        await restore_variations(shop, id, restored)
