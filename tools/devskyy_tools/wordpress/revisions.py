"""Revisions: texts as they were after each edit of posts, pages, patterns, menus, templates and styles."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.collections import ALL, REVISIONS
from devskyy_tools.shop.fields import schema_of
from devskyy_tools.shop.nouns import Id, Limit, PageNumber, past_the_end
from devskyy_tools.shop.session import Shop

from .models import Revision, RevisionPage, raw

revisions = Toolset("revisions", timeout=20)

Type = Literal["posts", "pages", "blocks", "navigation", "templates", "template-parts", "global-styles"]
Of = Annotated[str, Field(min_length=1, max_length=200, description="The id of that.")]
_TEXTS = ("title", "content", "excerpt", "settings", "styles", "meta")


@revisions.tool("read", scopes="content:read", texts="catalogue")
async def wp_revisions_list(
    ctx: Context,
    type: Type,  # noqa: A002 # the shop's own name
    of: Of,
    id: Annotated[Id, Field(description="Get this one in full.")] | None = None,  # noqa: A002 # the shop's own name
    page: PageNumber = 1,
    limit: Limit = 20,
) -> RevisionPage:
    """List earlier texts of a post, page, pattern, menu, template or style, or get one in full."""
    shop = ctx.get(Shop)
    if id is not None:
        one = Revision.of(await shop.get(REVISIONS, id, type=type, object=of), whole=True)
        return RevisionPage(items=[one], total=1, page=1, pages=1)
    found = await shop.list(REVISIONS, context="edit", type=type, object=of, page=page, per_page=limit)
    rows = [Revision.of(item) for item in found.items]
    note = past_the_end(page, found.pages)
    return RevisionPage(items=rows, total=found.total, page=page, pages=found.pages, note=note)


@revisions.tool("write", scopes="content:write")
async def wp_revisions_restore(
    ctx: Context,
    type: Type,  # noqa: A002 # the shop's own name
    of: Of,
    id: Id,  # noqa: A002 # the shop's own name
) -> None:
    """Write an earlier text back; the text that is there now becomes a revision itself."""
    shop, collection = ctx.get(Shop), ALL.get(type.replace("-", "_"))
    if collection is None:
        raise Refused(Code.INVALID_ARGUMENTS, f"{type} can't be written by this server.", "Read the revision instead.")
    earlier = await shop.get(REVISIONS, id, type=type, object=of)
    known = schema_of(collection)["fields"]
    fields: dict[str, Any] = {name: earlier[name] for name in _TEXTS if name in earlier and name in known}
    fields |= {name: raw(fields[name]) for name in ("title", "content", "excerpt") if name in fields}
    meta = fields.pop("meta", None)
    if isinstance(meta, dict) and "footnotes" in known["meta"].get("properties", {}):
        fields["meta"] = {"footnotes": str(meta.get("footnotes") or "")}  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] # JSON tree
    if await shop.write_back(collection, of, fields) is None:
        raise Refused(Code.CONFLICT, "The text is as it was in that revision already.", "List others.")


@revisions.tool("destroy", scopes="content:write")
async def wp_revisions_delete(
    ctx: Context,
    type: Literal["posts", "pages", "blocks", "navigation", "templates", "template-parts"],  # noqa: A002 # the shop's
    of: Of,
    id: Id,  # noqa: A002 # the shop's own name
) -> None:
    """Delete one revision for good, where a plugin makes the site allow that; a person is asked."""
    await ctx.get(Shop).delete(REVISIONS, id, type=type, object=of)
