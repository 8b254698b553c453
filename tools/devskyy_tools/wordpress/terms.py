"""Terms of any taxonomy: categories and tags of posts, product categories, tags and brands, those of plugins."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.collections import TERMS
from devskyy_tools.shop.nouns import Id, Limit, PageNumber, Search, past_the_end
from devskyy_tools.shop.session import Shop

from .content import Slug
from .kinds import Taxonomy, taxonomy_path
from .models import Term, TermPage

terms = Toolset("terms", timeout=20)

Name = Annotated[str, Field(min_length=1, max_length=200)]
Description = Annotated[str, Field(max_length=20_000)]
Above = Annotated[int, Field(ge=0, description="The term above; 0: none.")]


@terms.tool("read", scopes="content:read", texts="catalogue")
async def wp_terms_list(
    ctx: Context,
    taxonomy: Taxonomy,
    search: Search = "",
    parent: Above | None = None,
    post: Annotated[Id, Field(description="Only of this post.")] | None = None,
    page: PageNumber = 1,
    limit: Limit = 20,
) -> TermPage:
    """List the terms of a taxonomy: categories, tags, product categories, brands."""
    path = await taxonomy_path(ctx.get(ShopClient), taxonomy, nests=parent is not None)
    asked = {"search": search or None, "parent": parent, "post": post, "page": page, "per_page": limit}
    params: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    fields = ("id", "name", "slug", "count", "parent", "description")
    found = await ctx.get(Shop).list(TERMS, fields=fields, taxonomy=path, **params)
    rows = [Term.of(item) for item in found.items]
    return TermPage(items=rows, total=found.total, page=page, pages=found.pages, note=past_the_end(page, found.pages))


@terms.tool("write", scopes="content:write")
async def wp_terms_create(
    ctx: Context,
    taxonomy: Taxonomy,
    name: Name,
    slug: Slug | None = None,
    description: Description | None = None,
    parent: Above | None = None,
) -> None:
    """Make a new term: a category, tag, brand."""
    path = await taxonomy_path(ctx.get(ShopClient), taxonomy, nests=bool(parent))
    given = {"name": name, "slug": slug, "description": description, "parent": parent or None}
    await ctx.get(Shop).create(TERMS, _given(given), taxonomy=path)


@terms.tool("write", scopes="content:write")
async def wp_terms_update(
    ctx: Context,
    taxonomy: Taxonomy,
    id: Id,  # noqa: A002 # the shop's own name
    name: Name | None = None,
    slug: Slug | None = None,
    description: Description | None = None,
    parent: Above | None = None,
) -> None:
    """Change one term; only given fields are touched."""
    path = await taxonomy_path(ctx.get(ShopClient), taxonomy, nests=bool(parent))
    given = {"name": name, "slug": slug, "description": description, "parent": parent}
    await ctx.get(Shop).update(TERMS, id, _given(given), taxonomy=path)


@terms.tool("destroy", scopes="content:write")
async def wp_terms_delete(ctx: Context, taxonomy: Taxonomy, id: Id) -> None:  # noqa: A002 # the shop's own name
    """Delete one term for good; its objects lose it, and a person is asked."""
    await ctx.get(Shop).delete(TERMS, id, taxonomy=await taxonomy_path(ctx.get(ShopClient), taxonomy))


def _given(fields: dict[str, str | int | None]) -> dict[str, str | int]:
    return {name: value for name, value in fields.items() if value is not None}
