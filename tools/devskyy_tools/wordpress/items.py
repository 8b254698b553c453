"""Objects of any public type that has no tools of its own: products as content, and what plugins bring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.changes.model import Op
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.client import Page, ShopClient
from devskyy_tools.shop.collections import ITEMS, TERMS
from devskyy_tools.shop.fields import check_more
from devskyy_tools.shop.nouns import Id, Limit, PageNumber, Search, past_the_end
from devskyy_tools.shop.session import Shop

from .content import Html, ListStatus, Status, Title
from .kinds import TypeName, item_type, taxonomy_path
from .models import Item, ItemPage, Post, PostRow

items = Toolset("items", timeout=20)

Terms = Annotated[
    dict[str, Annotated[list[int], Field(max_length=100)]],
    Field(description="{product_cat: [3]}", max_length=20),
]
More = Annotated[dict[str, Any], Field(description="excerpt, slug, date, parent, featured_media …")]
_PRODUCT = "Prices, stock and SKU are not checked here: woo_products_* knows them."


@items.tool("read", scopes="content:read", texts="catalogue")
async def wp_items_list(
    ctx: Context,
    type: TypeName,  # noqa: A002 # the shop's own name
    id: Annotated[Id, Field(description="Get this one in full.")] | None = None,  # noqa: A002 # the shop's own name
    search: Search = "",
    status: ListStatus = "any",
    page: PageNumber = 1,
    limit: Limit = 20,
) -> ItemPage:
    """List the items of any type, such as one of a plugin, or get one in full by its id."""
    client, shop = ctx.get(ShopClient), ctx.get(Shop)
    kind = await item_type(client, type)
    if id is not None:
        obj = await shop.get(ITEMS, id, type=kind["rest_base"])
        whole = Post.of(obj).model_dump()
        return ItemPage(items=[Item(**whole, terms=await _terms_of(client, kind, obj))], total=1, page=1, pages=1)
    params: dict[str, Any] = {"search": search} if search else {}
    params |= {"status": status, "page": page, "per_page": limit}
    fields = ("id", "title", "status", "slug", "date", "link")
    found: Page = await shop.list(ITEMS, fields=fields, type=kind["rest_base"], **params)
    rows = [Item(**PostRow.of(item).model_dump()) for item in found.items]
    return ItemPage(items=rows, total=found.total, page=page, pages=found.pages, note=past_the_end(page, found.pages))


@items.tool("write", scopes="content:write")
async def wp_items_create(
    ctx: Context,
    type: TypeName,  # noqa: A002 # the shop's own name
    title: Title,
    content: Html | None = None,
    status: Status | None = None,
    terms: Terms | None = None,
    more: More | None = None,
) -> None:
    """Make a new item of any type; a draft unless another status is given."""
    given = {"title": title, "content": content, "status": status}
    kind = await item_type(ctx.get(ShopClient), type)
    fields = await _fields(ctx, kind, given, terms, more)
    _warned(kind, await ctx.get(Shop).create(ITEMS, fields, type=kind["rest_base"]))


@items.tool("write", scopes="content:write")
async def wp_items_update(
    ctx: Context,
    type: TypeName,  # noqa: A002 # the shop's own name
    id: Id,  # noqa: A002 # the shop's own name
    title: Title | None = None,
    content: Html | None = None,
    status: Status | None = None,
    terms: Terms | None = None,
    more: More | None = None,
) -> None:
    """Change one item of any type; only given fields are touched."""
    given = {"title": title, "content": content, "status": status}
    kind = await item_type(ctx.get(ShopClient), type)
    fields = await _fields(ctx, kind, given, terms, more)
    _warned(kind, await ctx.get(Shop).update(ITEMS, id, fields, type=kind["rest_base"]))


@items.tool("write", scopes="content:write")
async def wp_items_delete(
    ctx: Context,
    type: TypeName,  # noqa: A002 # the shop's own name
    id: Id,  # noqa: A002 # the shop's own name
) -> None:
    """Move one item of any type to the bin."""
    kind = await item_type(ctx.get(ShopClient), type)
    _warned(kind, await ctx.get(Shop).delete(ITEMS, id, type=kind["rest_base"]))


async def _fields(
    ctx: Context, kind: Mapping[str, Any], given: dict[str, Any], terms: dict[str, list[int]] | None, more: Any
) -> dict[str, Any]:
    """What is written, with terms under their taxonomies' names in addresses.

    Raises:
        Refused: INVALID_ARGUMENTS for a taxonomy that the type does not have; NOT_FOUND for a term.
    """
    client, shop = ctx.get(ShopClient), ctx.get(Shop)
    fields = {**check_more(ITEMS, more or {}), **{name: value for name, value in given.items() if value is not None}}
    paths = await _paths(client, kind)
    for taxonomy, ids in (terms or {}).items():
        path = paths.get(taxonomy) or (taxonomy if taxonomy in paths.values() else "")
        if not path:
            usable = ", ".join(paths) or "none"
            raise Refused(
                Code.INVALID_ARGUMENTS, f"{kind['slug']} has no taxonomy {taxonomy[:60]!r}.", f"It has: {usable}."
            )
        missing = await shop.missing(TERMS, ids, taxonomy=path)
        if missing:
            raise Refused(
                Code.NOT_FOUND, f"{taxonomy} has no {', '.join(map(str, missing))}.", "wp_terms_list has them."
            )
        fields[path] = ids
    return fields


async def _paths(client: ShopClient, kind: Mapping[str, Any]) -> dict[str, str]:
    """The type's taxonomies that can be written here, and their names in addresses."""
    listed = await client.kinds("taxonomies")
    names = cast("list[str]", kind.get("taxonomies") or [])
    return {name: await taxonomy_path(client, name) for name in names if name in listed}


async def _terms_of(client: ShopClient, kind: Mapping[str, Any], obj: Mapping[str, Any]) -> dict[str, list[int]] | None:
    paths = await _paths(client, kind)
    held = {name: cast("list[int]", obj[path]) for name, path in paths.items() if isinstance(obj.get(path), list)}
    return held or None


def _warned(kind: Mapping[str, Any], op: Op | None) -> None:
    if op is not None and kind["slug"] == "product":
        op.warnings.append(f"{op.label}: {_PRODUCT}")
