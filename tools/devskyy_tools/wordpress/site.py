"""The site itself, and search over all of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Refused
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.nouns import Limit, PageNumber, past_the_end
from devskyy_tools.shop.refusals import plain_text

from .models import SearchHit, SearchHits, Site

site = Toolset("site", timeout=20)


@site.tool("read", scopes="content:read", core=True, texts="catalogue")
async def wp_site_get(ctx: Context) -> Site:
    """Get the site's name, address, time zone, currency, and the account this server acts as."""
    client = ctx.get(ShopClient)
    index: dict[str, Any] = await client.get(
        "/", {"_fields": "name,description,url,timezone_string,gmt_offset,namespaces"}
    )
    me: dict[str, Any] = {}
    try:
        me = await client.get("/wp/v2/users/me", {"context": "edit", "_fields": "name,roles"})
    except Refused:
        me = {}
    woocommerce = "wc/v3" in index.get("namespaces", [])
    info = await client.info() if woocommerce else None
    return Site(
        name=plain_text(index.get("name", "")),
        description=plain_text(index.get("description", "")),
        url=index.get("url", ""),
        time_zone=index.get("timezone_string") or f"UTC{float(index.get('gmt_offset') or 0):+g}",
        demo=ctx.get(Settings).demo,
        woocommerce=woocommerce,
        currency=info.currency if info else None,
        decimals=info.decimals if info else None,
        signed_in_as=me.get("name"),
        roles=me.get("roles"),
    )


@site.tool("read", scopes="content:read", texts="catalogue")
async def wp_search(
    ctx: Context,
    query: Annotated[str, Field(min_length=1, max_length=200)],
    subtype: Literal["any", "post", "page", "product"] = "any",
    page: PageNumber = 1,
    limit: Limit = 20,
) -> SearchHits:
    """Search everything that visitors can find: posts, pages and products."""
    params = {"search": query, "type": "post", "subtype": subtype, "page": page, "per_page": limit}
    found = await ctx.get(ShopClient).page("/wp/v2/search", params)
    hits = [
        SearchHit(id=item["id"], title=plain_text(item["title"]), type=item["subtype"], url=item["url"])
        for item in found.items
    ]
    return SearchHits(items=hits, total=found.total, page=page, pages=found.pages, note=past_the_end(page, found.pages))
