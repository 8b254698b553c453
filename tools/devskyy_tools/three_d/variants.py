"""The colours and cloths of a product in one 3D model."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.assets.links import KeptFile
from devskyy_mcp.assets.store import PICTURES, Asset
from devskyy_mcp.assets.taking import FilePath, FileUrl, Source, content_of
from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.studio.apart import apart
from devskyy_tools.studio.keeping import kept, stem

from .files import ModelAsset, model_of

variants = Toolset("variants", timeout=90)
EACH = 256
"""Pixels of each variant in the picture of all."""


class Look(BaseModel):
    """One look of the product; give the same name again for another of its materials."""

    model_config = ConfigDict(extra="forbid", strict=True)
    name: Annotated[str, Field(min_length=1, max_length=100)]
    color: Annotated[str | None, Field(pattern="^#[0-9a-fA-F]{6}$", description="The cloth keeps its shading.")] = None
    texture: Annotated[str | None, Field(max_length=80, description="Asset of a picture that replaces the cloth.")] = (
        None
    )
    material: Annotated[str | None, Field(max_length=200, description="The only material that changes.")] = None


class VariantFile(BaseModel):
    """The model with its variants, and a picture of up to nine of them, in their order."""

    model_config = ConfigDict(extra="forbid")
    file: KeptFile
    variants: list[str]
    picture: KeptFile


@variants.tool("generate", scopes="media:write", open_world=False, idempotent=True)
async def three_d_variants_create(
    ctx: Context,
    looks: Annotated[list[Look], Field(min_length=1, max_length=32)],
    url: FileUrl = None,
    asset: ModelAsset = None,
    path: FilePath = None,
) -> VariantFile:
    """Put a product's colours or cloths into one GLB that people can switch; the look it had becomes Original."""
    from devskyy_tools.studio.gltf import dressing
    from devskyy_tools.studio.render import stages

    for look in looks:
        if look.color is None and look.texture is None:
            raise Refused(Code.INVALID_ARGUMENTS, f"{look.name!r} has neither color nor texture.")
    model, content = await model_of(ctx, Source(url, asset, path))
    cloths = {look.texture: await _cloth(ctx, look.texture) for look in looks if look.texture}
    plain = [look.model_dump() for look in looks]
    made, names = await apart(dressing.dressed, content, plain, {name: found[1] for name, found in cloths.items()})
    picture = await apart(stages.looks, made, EACH)
    sources = [model, *(found[0] for found in cloths.values())]
    given = {"looks": plain}
    return VariantFile(
        file=await kept(ctx, made, f"{stem(model)}-variants", "model/gltf-binary", sources, given),
        variants=names,
        picture=await kept(ctx, picture, f"{stem(model)}-variants", "image/webp", sources, given, shown=True),
    )


async def _cloth(ctx: Context, asset: str) -> tuple[Asset, bytes]:
    found = await Source(asset=asset).take(ctx, PICTURES)
    return found, await content_of(ctx, found)
