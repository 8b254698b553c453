"""Models that calls name and files that they get, the same for all tools here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Annotated, Any

from pydantic import Field

from devskyy_mcp.assets.links import KeptFile, kept_file
from devskyy_mcp.assets.provenance import Provenance
from devskyy_mcp.assets.store import Asset, Assets
from devskyy_mcp.assets.taking import Source, content_of
from devskyy_mcp.context import Context

GLB = {"model/gltf-binary": "glb"}
ModelAsset = Annotated[str | None, Field(max_length=80, description="Id of a GLB.")]
VariantName = Annotated[str | None, Field(max_length=100, description="Its name in the file.")]


async def model_of(ctx: Context, source: Source) -> tuple[Asset, bytes]:
    """The GLB that a call names, and what its file holds.

    Raises:
        Refused: as ``Source.take``.
    """
    asset = await source.take(ctx, GLB)
    return asset, await content_of(ctx, asset)


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
