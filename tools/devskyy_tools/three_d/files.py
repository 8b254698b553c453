"""Models that calls name and files that they get, the same for all tools here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from devskyy_mcp.assets.store import Asset
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
