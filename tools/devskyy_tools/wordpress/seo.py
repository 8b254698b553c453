"""What search engines are told of a post, page, product or term."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.collections import SEO
from devskyy_tools.shop.nouns import Id, ShopModel
from devskyy_tools.shop.plugin import INSTALL, SEO_FIELD, missing
from devskyy_tools.shop.refusals import plain_text
from devskyy_tools.shop.session import Shop

from .kinds import any_path
from .models import raw

seo = Toolset("seo", timeout=20)

Kind = Annotated[
    str, Field(min_length=1, max_length=60, description="Type or taxonomy: post, page, product, product_cat …")
]


class Seo(ShopModel):
    """Title, description and canonical address for search engines; empty where the site tells its own.

    ``kept_by`` is ``devskyy``, ``yoast`` or ``rankmath``; ``nobody`` where the site has none of them, and then what
    WordPress itself tells is shown.
    """

    id: int
    type: str
    name: str
    link: str | None = None
    title: str = ""
    description: str = ""
    canonical: str = ""
    noindex: bool = False
    kept_by: str = "nobody"
    missing: str | None = None


@seo.tool("read", scopes="content:read", texts="catalogue")
async def wp_seo_get(ctx: Context, type: Kind, id: Id) -> Seo:  # noqa: A002 # the shop's own names
    """Get what search engines are told of a post, page, product or term: title, description, canonical, noindex."""
    found = await ctx.get(Shop).get(SEO, id, type=await any_path(ctx.get(ShopClient), type))
    about = {
        "id": id,
        "type": type,
        "name": plain_text(raw(found.get("title", found.get("name")))),
        "link": found.get("link"),
    }
    if SEO_FIELD in found:
        return Seo(**about, **found[SEO_FIELD])
    needs = f"To write them the site needs the DevSkyy plugin. {INSTALL}"
    return Seo(**about, **_without_plugin(found), missing=needs)


def _without_plugin(found: Mapping[str, Any]) -> dict[str, Any]:
    """What Yoast SEO says of the page by itself, else what WordPress puts into it."""
    head = found.get("yoast_head_json")
    if isinstance(head, dict):
        said = cast("dict[str, Any]", head)
        texts = {name: plain_text(said.get(name) or "") for name in ("title", "description", "canonical")}
        robots = cast("dict[str, Any]", said.get("robots") or {})
        return {**texts, "noindex": robots.get("index") == "noindex", "kept_by": "yoast"}
    return {"title": plain_text(raw(found.get("title", found.get("name")))), "canonical": found.get("link") or ""}


@seo.tool("write", scopes="content:write")
async def wp_seo_update(
    ctx: Context,
    type: Kind,  # noqa: A002 # the shop's own name
    id: Id,  # noqa: A002 # the shop's own name
    title: Annotated[str, Field(max_length=300)] | None = None,
    description: Annotated[str, Field(max_length=1000)] | None = None,
    canonical: Annotated[str, Field(max_length=1000, pattern="^(https?://[^\\s<>\"']+)?$")] | None = None,
    noindex: Annotated[bool, Field(description="Keep it out of search engines.")] | None = None,
) -> None:
    """Change what search engines are told of a post, page, product or term; needs the DevSkyy plugin; "" clears."""
    given = {"title": title, "description": description, "canonical": canonical, "noindex": noindex}
    fields = {name: value for name, value in given.items() if value is not None}
    if not fields:
        raise Refused(Code.INVALID_ARGUMENTS, "Give title, description, canonical or noindex.")
    shop, path = ctx.get(Shop), await any_path(ctx.get(ShopClient), type)
    if SEO_FIELD not in await shop.get(SEO, id, type=path):
        raise missing("Writing SEO fields needs")
    await shop.update(SEO, id, {SEO_FIELD: fields}, type=path)
