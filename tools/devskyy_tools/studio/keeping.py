"""How files of our own making are kept, the same for all tools that make some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from devskyy_mcp.assets.links import KeptFile, kept_file
from devskyy_mcp.assets.provenance import Provenance
from devskyy_mcp.assets.store import Asset, Assets
from devskyy_mcp.context import Context


async def kept(
    ctx: Context,
    content: bytes,
    name: str,
    content_type: str,
    made_of: Sequence[Asset],
    parameters: Mapping[str, Any],
    *,
    size: tuple[int, int] | None = None,
    shown: bool = False,
) -> KeptFile:
    """A file of our making in the store, as results name it."""
    provenance = Provenance(ctx.tool, tuple(one.sha256 for one in made_of), parameters=parameters)
    asset = await ctx.get(Assets).add(content, name, content_type, provenance)
    width, height = size or (None, None)
    return kept_file(asset, width=width, height=height, shown=shown)


def stem(asset: Asset) -> str:
    return PurePath(asset.name).stem
