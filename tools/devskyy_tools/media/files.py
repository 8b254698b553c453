"""Files that calls name and files that they get, the same for all tools here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from devskyy_mcp.assets.store import PICTURES, Asset
from devskyy_mcp.assets.taking import Source, content_of
from devskyy_mcp.context import Context


async def taken(ctx: Context, source: Source, kinds: Mapping[str, str] = PICTURES) -> tuple[Asset, bytes]:
    """The picture that a call names, and what its file holds.

    Raises:
        Refused: as ``Source.take``.
    """
    asset = await source.take(ctx, kinds)
    return asset, await content_of(ctx, asset)


async def all_taken(ctx: Context, ids: Sequence[str]) -> list[tuple[Asset, bytes]]:
    """The same for assets, in their order."""
    return [await taken(ctx, Source(asset=one)) for one in ids]
