"""Media files: list, look at, describe, upload, delete."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from devskyy_mcp.assets.store import PICTURES, Assets
from devskyy_mcp.assets.taking import AssetId, FilePath, Source
from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.guard.taint import Taints
from devskyy_tools.shop.collections import MEDIA
from devskyy_tools.shop.nouns import Noun, Search, optional
from devskyy_tools.shop.session import Shop

from .models import Media, MediaRow

media = Toolset("media", timeout=40)

Title = Annotated[str, Field(max_length=300)]
Alt = Annotated[str, Field(max_length=1000, description="What the picture shows, for those who don't see it.")]
Caption = Annotated[str, Field(max_length=5000)]
Kind = Literal["image", "video", "audio", "application"]

Noun(
    media,
    MEDIA,
    "wp_media",
    row=MediaRow,
    full=Media,
    writes={"title": Title, "alt_text": Alt, "caption": Caption, "description": Caption},
    filters={"search": (Search, ""), "media_type": (optional(Kind), None)},
    row_fields=("id", "title", "source_url", "mime_type", "alt_text"),
    scope="media",
    says={"delete": "Delete one media file for good; products and posts lose it, and a person is asked."},
).declare("list", "get", "update", "delete")


@media.tool("write", scopes="media:write", core=True)
async def wp_media_upload(
    ctx: Context,
    url: Annotated[str | None, Field(description="Public https address of a picture.", max_length=2000)] = None,
    asset: AssetId = None,
    path: FilePath = None,
    title: Title | None = None,
    alt_text: Alt | None = None,
    caption: Caption | None = None,
) -> None:
    """Upload a picture to the media library, from one of url, asset or path."""
    source = Source(url, asset, path)
    source.check()
    texts = {"title": title, "alt_text": alt_text, "caption": caption}
    fields = {name: value for name, value in texts.items() if value is not None}
    if url and not ctx.agreed and await ctx.get(Taints).marked(ctx.principal.id):
        await _ask_to_fetch(ctx, url, fields)
        return
    found = await source.take(ctx, PICTURES)
    file = {
        "sha256": found.sha256,
        "path": str(ctx.get(Assets).path(found)),
        "name": found.name,
        "type": found.content_type,
    }
    op = await ctx.get(Shop).create(MEDIA, {"file": file, **fields})
    op.note["shown"] = {"file": found.name, "kilobytes": max(1, found.size // 1000), **fields}


async def _ask_to_fetch(ctx: Context, url: str, fields: dict[str, str]) -> None:
    """Stage the address alone: asking for the picture would tell whoever answers there what the address holds.

    Once a person has agreed it is fetched, which makes another plan of it, and that one is shown before it is sent.
    """
    from devskyy_mcp.guard.ssrf import check_url

    await check_url(url, resolve=_unasked)
    op = await ctx.get(Shop).create(MEDIA, {"file": {"url": url}, **fields})
    op.leaves.append("request")
    op.effects.append("Once agreed the picture is fetched; it is then shown, and uploaded after a second yes.")


async def _unasked(_host: str, _port: int) -> list[str]:
    """A public address, whatever the name: looking it up would tell its owner something as well."""
    return ["1.1.1.1"]
