"""Media files: list, look at, describe, upload, delete."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from devskyy_mcp.assets.store import MEDIA as KINDS
from devskyy_mcp.assets.taking import AssetId, FilePath, Source
from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.taint import Taints
from devskyy_tools.shop import uploads
from devskyy_tools.shop.collections import MEDIA, MEDIA_EDITS
from devskyy_tools.shop.nouns import Id, Noun, Search, ShopModel, optional
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


Percent = Annotated[float, Field(ge=0, le=100)]


class Crop(ShopModel):
    """A part of a picture, in percent of it."""

    left: Percent
    top: Percent
    width: Percent
    height: Percent


@media.tool("write", scopes="media:write")
async def wp_media_edit(
    ctx: Context,
    id: Id,  # noqa: A002 # the shop's own name
    rotate: Annotated[Literal[90, 180, 270], Field(description="Degrees clockwise.")] | None = None,
    crop: Annotated[Crop, Field(description="What is kept, in percent.")] | None = None,
    make_sizes: bool = False,
) -> None:
    """Rotate or crop a picture into a new media file, or make the sizes that it lacks."""
    shop = ctx.get(Shop)
    if make_sizes is bool(rotate or crop):
        raise Refused(Code.INVALID_ARGUMENTS, "Give rotate or crop, or make_sizes=true.")
    picture = await shop.get(MEDIA, id)
    if picture.get("media_type") != "image":
        raise Refused(Code.INVALID_ARGUMENTS, f"{MEDIA.label(id, picture)} is no picture.")
    if make_sizes:
        missing = ", ".join(picture.get("missing_image_sizes") or []) or "none are missing"
        shop.act(
            MEDIA, id, "post-process", {"action": "create-image-subsizes"},
            undo="sizes that were made stay, beside the picture.", effects=[f"Sizes that are made: {missing}."],
        )  # fmt: skip
        return
    changes: list[dict[str, Any]] = [{"type": "rotate", "args": {"angle": rotate}}] if rotate else []
    if crop:
        if crop.width * crop.height == 0 or crop.left + crop.width > 100 or crop.top + crop.height > 100:
            raise Refused(Code.INVALID_ARGUMENTS, "What is kept must be within the picture and not empty.")
        changes.append({"type": "crop", "args": crop.model_dump()})
    await shop.create(MEDIA_EDITS, {"src": picture["source_url"], "modifiers": changes}, media_id=id)


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
    """Upload a picture, or a GLB or USDZ where the site has the DevSkyy plugin, from one of url, asset or path."""
    source = Source(url, asset, path)
    source.check()
    texts = {"title": title, "alt_text": alt_text, "caption": caption}
    fields = {name: value for name, value in texts.items() if value is not None}
    if url and not ctx.agreed and await ctx.get(Taints).marked(ctx.principal.id):
        await _ask_to_fetch(ctx, url, fields)
        return
    await uploads.stage(ctx.get(Shop), await source.take(ctx, KINDS), fields)


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
