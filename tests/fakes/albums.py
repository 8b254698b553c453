"""Tools whose results name kept files: given at once, by a job, and beside a page of MCP Apps."""

from __future__ import annotations

from pydantic import BaseModel

from devskyy_mcp.assets.links import KeptFile, kept_file
from devskyy_mcp.assets.store import Assets
from devskyy_mcp.capability import JobPolicy, Pack, Resource, Toolset, View
from devskyy_mcp.context import Context
from devskyy_tools.platform.pack import pack as platform

albums = Toolset("albums", timeout=5)
PAGE = "ui://albums/page"


class Album(BaseModel):
    title: str
    pictures: list[KeptFile]
    others: list[KeptFile]


class Part(BaseModel):
    part: int
    base64: str


async def _album(ctx: Context) -> Album:
    files = list(reversed(await ctx.get(Assets).all()))
    pictures = [kept_file(one, shown=True) for one in files if one.content_type.startswith("image/")]
    return Album(
        title="Spring", pictures=pictures, others=[kept_file(one) for one in files if one.source == "albums_add"]
    )


@albums.tool("read", scopes="notes:read", core=True)
async def albums_show(ctx: Context) -> Album:
    """Show all that is kept, pictures as pictures."""
    return await _album(ctx)


@albums.tool("read", scopes="notes:read", core=True, job=JobPolicy(deadline=60))
async def albums_make(ctx: Context) -> Album:
    """Show the same, by a job."""
    return await _album(ctx)


@albums.tool("read", scopes="notes:read", view=View(PAGE))
async def albums_open(ctx: Context) -> Album:
    """Open the page."""
    return await _album(ctx)


@albums.tool("read", scopes="notes:read", view=View(for_model=False), most=700_000)
async def albums_part(ctx: Context) -> Part:  # as every tool
    """Give the page a part."""
    return Part(part=1, base64="A" * 600_000)


async def _page(_ctx: Context, _values: object) -> str:
    return "<!doctype html><title>Album</title>"


def albums_pack() -> Pack:
    page = Resource(PAGE, "page", "Page", "The page.", _page, "text/html;profile=mcp-app", ui={"prefersBorder": True})
    files = next(one for one in platform.resources if one.name == "asset")
    return Pack("albums", [albums], resources=[page, files])
