"""3D models for Apple's Quick Look."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from devskyy_mcp.assets.links import KeptFile
from devskyy_mcp.assets.taking import FilePath, FileUrl, Source
from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_tools.studio.apart import apart
from devskyy_tools.studio.keeping import kept, stem

from .files import ModelAsset, VariantName, model_of

usdz = Toolset("usdz", timeout=60)


class UsdzFile(BaseModel):
    """The model as USDZ."""

    model_config = ConfigDict(extra="forbid")
    file: KeptFile
    triangles: int


@usdz.tool("generate", scopes="media:write", open_world=False, idempotent=True)
async def three_d_usdz_create(
    ctx: Context,
    url: FileUrl = None,
    asset: ModelAsset = None,
    path: FilePath = None,
    variant: VariantName = None,
) -> UsdzFile:
    """Turn a GLB into USDZ, which iPhones and iPads show in the room. It holds one variant."""
    from devskyy_tools.studio.usdz import usdz_of

    model, content = await model_of(ctx, Source(url, asset, path))
    made, triangles = await apart(usdz_of, content, variant)
    file = await kept(ctx, made, stem(model), "model/vnd.usdz+zip", [model], {"variant": variant})
    return UsdzFile(file=file, triangles=triangles)
