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

from .kinds import OWN_TOOLS
from .models import Kind, Kinds, SearchHit, SearchHits, Site

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
    type: Literal["post", "term", "post-format"] = "post",  # noqa: A002 # the shop's own name
    subtype: Annotated[str, Field(max_length=60, description="Only this type or taxonomy, such as product.")] = "any",
    page: PageNumber = 1,
    limit: Limit = 20,
) -> SearchHits:
    """Search everything that visitors can find: posts, pages, products and other types, or terms."""
    params = {"search": query, "type": type, "subtype": subtype, "page": page, "per_page": limit}
    if type == "post-format":
        params.pop("subtype")
    found = await ctx.get(ShopClient).page("/wp/v2/search", params)
    hits = [
        SearchHit(
            id=item["id"], title=plain_text(item["title"]), type=item.get("subtype") or item["type"], url=item["url"]
        )
        for item in found.items
    ]
    return SearchHits(items=hits, total=found.total, page=page, pages=found.pages, note=past_the_end(page, found.pages))


@site.tool("read", scopes="content:read", texts="catalogue")
async def wp_types_list(
    ctx: Context,
    of: Literal["types", "taxonomies", "statuses"] = "types",
    name: Annotated[str, Field(max_length=60, pattern=r"^[\w-]*$", description="Only this one.")] = "",
) -> Kinds:
    """List the site's types of content, its taxonomies, or the statuses that content can have."""
    client = ctx.get(ShopClient)
    if name:
        found = [await client.get(f"/wp/v2/{of}/{name}", {"context": "edit"}, f"{name} among its {of}")]
    else:
        found = list((await client.get(f"/wp/v2/{of}", {"context": "edit"})).values())
    return Kinds(items=[_kind(of, one) for one in found])


def _kind(of: str, one: dict[str, Any]) -> Kind:
    slug, general = str(one.get("slug", "")), {"types": "wp_items_*", "taxonomies": "wp_terms_*"}.get(of)
    visibility: dict[str, Any] = one.get("visibility") or {}
    public = one.get("viewable", visibility.get("public", one.get("public")))
    if one.get("rest_namespace", "wp/v2") != "wp/v2" or (of == "types" and public is False):
        general = None
    return Kind(
        name=slug,
        label=plain_text(one.get("name", "")),
        path=one.get("rest_base"),
        hierarchical=one.get("hierarchical"),
        taxonomies=one.get("taxonomies") or None,
        types=one.get("types") or None,
        public=public,
        tools=OWN_TOOLS.get(slug, general),
    )
