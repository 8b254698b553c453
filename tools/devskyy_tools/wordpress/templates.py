"""Templates and template parts of a block theme: how pages are built around the content."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.collections import TEMPLATE_PARTS, TEMPLATES, Collection
from devskyy_tools.shop.nouns import Search
from devskyy_tools.shop.session import Shop

from .content import Html, Title
from .models_site import Template, Templates

templates = Toolset("templates", timeout=20)

Kind = Literal["template", "part"]
Area = Literal["header", "footer", "uncategorized"]
TemplateId = Annotated[str, Field(min_length=4, max_length=200, description="theme//slug, from the list.")]
Slug = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[a-z0-9_-]+$")]
Description = Annotated[str, Field(max_length=2000)]
_ROW = ("id", "title", "slug", "source", "has_theme_file", "area", "description")
_OF: dict[str, Collection] = {"template": TEMPLATES, "part": TEMPLATE_PARTS}


def _fields(kind: Kind, area: Area | None, **given: Any) -> dict[str, Any]:
    if area is not None and kind == "template":
        raise Refused(Code.INVALID_ARGUMENTS, "Only parts have an area.", "Leave area out, or give kind part.")
    return {name: value for name, value in {**given, "area": area}.items() if value is not None}


@templates.tool("read", scopes="content:read", texts="catalogue")
async def wp_templates_list(ctx: Context, kind: Kind, search: Search = "", area: Area | None = None) -> Templates:
    """List the templates, or the parts such as header and footer, of the theme and of one's own."""
    wanted = {"area": area} if area else {}
    found = await ctx.get(Shop).list(_OF[kind], fields=_ROW, **wanted)
    rows = [Template.of(item) for item in found.items]
    word = search.casefold()
    return Templates(items=[one for one in rows if word in f"{one.id} {one.title}".casefold()])


@templates.tool("read", scopes="content:read", texts="catalogue")
async def wp_templates_get(
    ctx: Context,
    kind: Kind,
    id: TemplateId | None = None,  # noqa: A002 # the shop's own name
    slug: Annotated[str, Field(max_length=100, description="Instead: which one such a page gets.")] = "",
) -> Template:
    """Get one template or part with its block markup, or the template that pages of a slug fall back to."""
    if (id is None) == (not slug):
        raise Refused(Code.INVALID_ARGUMENTS, "Give id or slug.", "slug is like single-product or page-about.")
    if id is not None:
        return Template.of(await ctx.get(Shop).get(_OF[kind], id))
    path = f"{_OF[kind].url()}/lookup"
    found = await ctx.get(ShopClient).get(path, {"slug": slug, "context": "edit"}, f"template for {slug}")
    if not isinstance(found, dict) or "id" not in found:
        raise Refused(Code.NOT_FOUND, f"No template stands for {slug}.", "See wp_templates_list.")
    return Template.of(found)  # pyright: ignore[reportUnknownArgumentType] # JSON tree


@templates.tool("write", scopes="content:write")
async def wp_templates_create(
    ctx: Context,
    kind: Kind,
    slug: Slug,
    title: Title,
    content: Html,
    description: Description | None = None,
    area: Area | None = None,
) -> None:
    """Make a template that pages can be given, or a part for templates."""
    fields = _fields(kind, area, slug=slug, title=title, content=content, description=description)
    await ctx.get(Shop).create(_OF[kind], fields)


@templates.tool("write", scopes="content:write")
async def wp_templates_update(
    ctx: Context,
    kind: Kind,
    id: TemplateId,  # noqa: A002 # the shop's own name
    content: Html | None = None,
    title: Title | None = None,
    description: Description | None = None,
    area: Area | None = None,
) -> None:
    """Change a template or part for all pages that have it; the theme's own file is kept."""
    await ctx.get(Shop).update(
        _OF[kind], id, _fields(kind, area, content=content, title=title, description=description)
    )


@templates.tool("destroy", scopes="content:write")
async def wp_templates_delete(ctx: Context, kind: Kind, id: TemplateId) -> None:  # noqa: A002 # the shop's own name
    """Delete one's own template or part, or reset a changed one to the theme's file; a person is asked."""
    await ctx.get(Shop).delete(_OF[kind], id)
