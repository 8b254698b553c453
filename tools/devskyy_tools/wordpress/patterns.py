"""Block markup that stands in many places: patterns and navigations; what the site has to build pages of."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast
from urllib.parse import quote

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.collections import BLOCKS, NAVIGATION, Collection
from devskyy_tools.shop.nouns import Id, Limit, PageNumber, Search, past_the_end
from devskyy_tools.shop.refusals import plain_text
from devskyy_tools.shop.session import Shop

from .content import Html, Slug, Title
from .models import raw
from .models_site import Markup, MarkupPage, Named, NamedPage

patterns = Toolset("patterns", timeout=20)

Kind = Literal["pattern", "navigation"]
Status = Literal["draft", "publish"]
Categories = Annotated[list[int], Field(max_length=50, description="Terms of wp_pattern_category.")]
_ROW = ("id", "title", "slug", "status", "wp_pattern_sync_status")
_OF: dict[str, Collection] = {"pattern": BLOCKS, "navigation": NAVIGATION}


def _fields(kind: Kind, categories: list[int] | None, **given: Any) -> dict[str, Any]:
    if categories is not None and kind == "navigation":
        raise Refused(Code.INVALID_ARGUMENTS, "A navigation has no categories.", "Leave categories out.")
    fields = {name: value for name, value in given.items() if value is not None}
    return fields if categories is None else {**fields, "wp_pattern_category": categories}


@patterns.tool("read", scopes="content:read", texts="catalogue")
async def wp_blocks_list(
    ctx: Context,
    kind: Kind,
    search: Search = "",
    status: Literal["any", "draft", "publish", "trash"] = "any",
    page: PageNumber = 1,
    limit: Limit = 20,
) -> MarkupPage:
    """List the site's own patterns, or its navigations (menus of a block theme)."""
    params: dict[str, Any] = {"search": search, "status": status, "page": page, "per_page": limit}
    found = await ctx.get(Shop).list(_OF[kind], fields=_ROW, context="edit", **params)
    rows = [Markup.of(item) for item in found.items]
    note = past_the_end(page, found.pages)
    return MarkupPage(items=rows, total=found.total, page=page, pages=found.pages, note=note)


@patterns.tool("read", scopes="content:read", texts="catalogue")
async def wp_blocks_get(ctx: Context, kind: Kind, id: Id) -> Markup:  # noqa: A002 # the shop's own name
    """Get one pattern or navigation with its block markup."""
    return Markup.of(await ctx.get(Shop).get(_OF[kind], id))


@patterns.tool("write", scopes="content:write")
async def wp_blocks_create(
    ctx: Context,
    kind: Kind,
    title: Title,
    content: Html,
    slug: Slug | None = None,
    status: Status = "publish",
    synced: Annotated[bool, Field(description="Patterns: all copies change together; fixed afterwards.")] = True,
    categories: Categories | None = None,
) -> None:
    """Make a pattern or a navigation of block markup."""
    fields = _fields(kind, categories, title=title, content=content, slug=slug, status=status)
    if not synced and kind == "pattern":
        fields["meta"] = {"wp_pattern_sync_status": "unsynced"}
    await ctx.get(Shop).create(_OF[kind], fields)


@patterns.tool("write", scopes="content:write")
async def wp_blocks_update(
    ctx: Context,
    kind: Kind,
    id: Id,  # noqa: A002 # the shop's own name
    title: Title | None = None,
    content: Html | None = None,
    slug: Slug | None = None,
    status: Status | None = None,
    categories: Categories | None = None,
) -> None:
    """Change a pattern or navigation wherever it stands; only given fields are touched."""
    fields = _fields(kind, categories, title=title, content=content, slug=slug, status=status)
    await ctx.get(Shop).update(_OF[kind], id, fields)


@patterns.tool("write", scopes="content:write")
async def wp_blocks_delete(ctx: Context, kind: Kind, id: Id) -> None:  # noqa: A002 # the shop's own name
    """Move a pattern or navigation to the bin."""
    await ctx.get(Shop).delete(_OF[kind], id)


Of = Literal[
    "patterns", "pattern_categories", "blocks", "block_directory", "themes", "font_collections", "widget_types",
    "menu_locations",
]  # fmt: skip
_PATHS: dict[str, tuple[str, str]] = {
    "patterns": ("block-patterns/patterns", "name"),
    "pattern_categories": ("block-patterns/categories", "name"),
    "blocks": ("block-types", "name"),
    "block_directory": ("block-directory/search", "name"),
    "themes": ("themes", "stylesheet"),
    "font_collections": ("font-collections", "slug"),
    "widget_types": ("widget-types", "id"),
    "menu_locations": ("menu-locations", "name"),
}
_ALONE = frozenset({"blocks", "themes", "font_collections", "widget_types", "menu_locations"})
"""Lists whose entries have addresses of their own."""
_TELLS = {
    "patterns": ("categories", "source"),
    "blocks": ("category", "parent"),
    "block_directory": ("id", "rating", "active_installs", "author"),
    "themes": ("status", "version", "is_block_theme"),
    "widget_types": ("is_multi",),
    "menu_locations": ("menu",),
}
_IN_FULL = {
    "patterns": ("content", "block_types"),
    "blocks": ("attributes", "supports", "styles"),
    "themes": ("theme_supports", "requires_wp", "requires_php", "template"),
    "font_collections": ("categories", "font_families"),
}


@patterns.tool("read", scopes="content:read", texts="outside")
async def wp_library_list(
    ctx: Context,
    of: Of,
    name: Annotated[str, Field(max_length=100, description="Only this one, in full; core for its blocks.")] = "",
    search: Search = "",
    page: PageNumber = 1,
    limit: Limit = 50,
) -> NamedPage:
    """List what the site can be built of: blocks, patterns, themes, types of widgets, fonts, menu places."""
    client = ctx.get(ShopClient)
    if of == "block_directory" and not search:
        raise Refused(Code.INVALID_ARGUMENTS, "The block directory is only searched.", "Give search.")
    rows = await _rows(client, of, name, search)
    whole = bool(name) and len(rows) == 1
    shown = [_named(of, one, whole=whole) for one in rows]
    if of != "block_directory" and search:
        word = search.casefold()
        shown = [one for one in shown if word in f"{one.name} {one.title} {one.description}".casefold()]
    pages = -(-len(shown) // limit)
    part = shown[(page - 1) * limit : page * limit]
    return NamedPage(items=part, total=len(shown), page=page, pages=pages, note=past_the_end(page, pages))


async def _rows(client: ShopClient, of: Of, name: str, search: str) -> list[dict[str, Any]]:
    path, key = _PATHS[of]
    if name and of in _ALONE:
        found = await client.get(f"/wp/v2/{path}/{quote(name, safe='/')}", {"context": "edit"}, f"{of} {name}")
    else:
        found = await client.get(f"/wp/v2/{path}", {"term": search} if of == "block_directory" else {"per_page": 100})
    if isinstance(found, dict):
        entry = cast("dict[str, Any]", found)
        found = [entry] if key in entry else list(entry.values())  # places of menus come as a map
    rows = [cast("dict[str, Any]", one) for one in cast("list[Any]", found) if isinstance(one, dict)]
    if not name or of in _ALONE:
        return rows
    rows = [one for one in rows if one.get(key) == name]
    if not rows:
        raise Refused(Code.NOT_FOUND, f"The site has no such entry in {of}: {name}.", "List them without name.")
    return rows


def _named(of: Of, obj: dict[str, Any], *, whole: bool) -> Named:
    title = obj.get("title") or obj.get("label") or (obj.get("name") if _PATHS[of][1] != "name" else None)
    names = (*_TELLS.get(of, ()), *(_IN_FULL.get(of, ()) if whole else ()))
    more = {name: obj[name] for name in names if obj.get(name) not in (None, "", [], {})}
    return Named(
        name=str(obj.get(_PATHS[of][1], "")),
        title=plain_text(raw(title)) if title else None,
        description=plain_text(raw(obj.get("description")))[:160] or None,
        more=more or None,
    )
