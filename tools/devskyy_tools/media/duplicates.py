"""Pictures that are there twice, among assets and in the shop's media library."""

from __future__ import annotations

from typing import Annotated, Any

import anyio
from pydantic import Field

from devskyy_mcp.assets.own import OwnFiles
from devskyy_mcp.assets.store import PICTURES
from devskyy_mcp.assets.taking import Source
from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.collections import MEDIA
from devskyy_tools.shop.refusals import plain_text
from devskyy_tools.shop.session import Shop
from devskyy_tools.studio.apart import apart

from .files import taken
from .models import DuplicateGroup, Duplicates, LookAlike

duplicates = Toolset("duplicates", timeout=120)

AssetIds = Annotated[list[Annotated[str, Field(max_length=80)]], Field(max_length=200)]
_PAGE = 100
_LARGEST = 5 << 20
"""Bytes of one small copy."""
_SIZES = ("medium", "woocommerce_thumbnail", "thumbnail", "medium_large")
"""Sub-sizes of WordPress that are compared, the best first; all show the whole picture or nearly so."""


@duplicates.tool("read", scopes="media:read", texts="outside")
async def media_duplicates_find(
    ctx: Context,
    assets: AssetIds | None = None,
    library: Annotated[int, Field(ge=0, le=500, description="Newest pictures of the media library to compare.")] = 0,
) -> Duplicates:
    """Find pictures that look alike, whatever their size or format, among assets and the shop's media library."""
    if not assets and not library:
        raise Refused(Code.INVALID_ARGUMENTS, "There is nothing to compare.", "Give assets, or library=200, or both.")
    members: dict[str, LookAlike] = {}
    contents: dict[str, bytes] = {}
    not_read: list[str] = []
    for one in dict.fromkeys(assets or ()):
        asset, content = await taken(ctx, Source(asset=one))
        members[one], contents[one] = LookAlike(asset=one, name=asset.name), content
    if library:
        await _of_library(ctx, library, members, contents, not_read)
    found, broken = await apart(_compared, contents, seconds=90)
    not_read += [f"{members[key].name}: {why}" for key, why in broken.items()]
    return Duplicates(
        compared=len(contents) - len(broken),
        groups=[
            DuplicateGroup(members=[members[one] for one in group.members], distance=group.distance) for group in found
        ],
        not_read=not_read[:50],
    )


def _compared(contents: dict[str, bytes]) -> tuple[list[Any], dict[str, str]]:
    """The groups, and of what can't be read why."""
    from devskyy_tools.studio.pictures.likeness import Print, groups, print_of

    prints: dict[str, Print] = {}
    broken: dict[str, str] = {}
    for key, content in contents.items():
        try:
            prints[key] = print_of(content)
        except Refused as refused:
            broken[key] = refused.message
    return groups(prints), broken


async def _of_library(
    ctx: Context, most: int, members: dict[str, LookAlike], contents: dict[str, bytes], not_read: list[str]
) -> None:
    shop = ctx.get(Shop)
    fields = ["id", "title", "source_url", "media_details"]
    number, pages = 1, 1
    items: list[dict[str, Any]] = []
    while number <= pages and len(items) < most:
        page = await shop.list(MEDIA, fields=fields, media_type="image", per_page=_PAGE, page=number)
        items += page.items
        number, pages = number + 1, page.pages

    at_once = anyio.CapacityLimiter(8)

    async def read(item: dict[str, Any]) -> None:
        name = plain_text(str(item["title"]["rendered"])) or f"media {item['id']}"
        try:
            async with at_once:
                content = await _thumbnail(ctx.get(OwnFiles), item)
        except Refused as refused:
            not_read.append(f"{name}: {refused.message}")
            return
        members[f"media {item['id']}"] = LookAlike(media=int(item["id"]), name=name)
        contents[f"media {item['id']}"] = content

    async with anyio.create_task_group() as tasks:
        for item in items[:most]:
            tasks.start_soon(read, item)


async def _thumbnail(own: OwnFiles, item: dict[str, Any]) -> bytes:
    """A small copy of a picture, from the shop's own address or a public one that it names."""
    from devskyy_mcp.guard.ssrf import fetch_public

    details: dict[str, Any] = item.get("media_details") or {}  # PHP writes an empty object as []
    sizes: dict[str, Any] = details.get("sizes") or {}
    small: str = next((sizes[name]["source_url"] for name in _SIZES if name in sizes), item["source_url"])
    content = await own.picture(small)
    if content is None:  # as with a CDN
        content = (await fetch_public(small, max_bytes=_LARGEST, content_types=PICTURES)).content
    return content
