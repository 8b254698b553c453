"""A first 3D view of a product from its photos, made on this machine."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.assets.links import KeptFile
from devskyy_mcp.assets.store import PICTURES
from devskyy_mcp.assets.taking import AssetId, FilePath, FileUrl, Source, content_of
from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_tools.studio.apart import apart
from devskyy_tools.studio.goods import Category
from devskyy_tools.studio.keeping import kept, stem

reliefs = Toolset("reliefs", timeout=60)

NOTE = (
    "A relief preview, not a scan: true to the photo from the front and up to some 40 degrees beside it. Its depth is "
    "assumed{back}. Look at it with three_d_models_render before anybody else does."
)


class ReliefMade(BaseModel):
    """A relief of a product."""

    model_config = ConfigDict(extra="forbid")
    glb: KeptFile = Field(description="For every viewer.")
    compact: KeptFile | None = Field(description="The same, small, for viewers with meshopt and WebP.")
    triangles: int
    width_m: float
    height_m: float
    depth_m: float
    cut_out_by: Literal["network", "border", "transparency"]
    confidence: float = Field(description="Of the outline, 0 to 1.")
    back: Literal["photo", "synthetic"]
    warnings: list[str]
    note: str


@reliefs.tool("generate", scopes="media:write", open_world=False, idempotent=True)
async def three_d_reliefs_create(
    ctx: Context,
    url: FileUrl = None,
    asset: AssetId = None,
    path: FilePath = None,
    back: Annotated[str | None, Field(max_length=80, description="Asset: its back, seen from behind.")] = None,
    height_cm: Annotated[float | None, Field(gt=0, le=500, description="The product's own.")] = None,
    category: Category | None = None,
) -> ReliefMade:
    """Make a 3D relief preview from one photo of a product alone on plain ground. Free, without any provider."""
    from devskyy_tools.studio.relief.stages import make

    photo = await Source(url, asset, path).take(ctx, PICTURES)
    behind = await Source(asset=back).take(ctx, PICTURES) if back else None
    made = await apart(
        make,
        await content_of(ctx, photo),
        await content_of(ctx, behind) if behind else None,
        category,
        height_cm,
    )
    sources = [one for one in (photo, behind) if one]
    how = {"method": "relief", "category": category, "height_cm": height_cm, "cut_out_by": made.method}
    name, kind = f"{stem(photo)}-relief", "model/gltf-binary"
    small = made.compact and await kept(ctx, made.compact, f"{name}-compact", kind, sources, how)
    wide, tall, deep = (round(extent, 4) for extent in made.size)
    return ReliefMade(
        glb=await kept(ctx, made.universal, name, kind, sources, how),
        compact=small or None,
        triangles=made.triangles,
        width_m=wide,
        height_m=tall,
        depth_m=deep,
        cut_out_by=made.method,
        confidence=made.confidence,
        back="photo" if behind else "synthetic",
        warnings=list(made.warnings),
        note=NOTE.format(back="" if behind else ", and its back is guessed from the front"),
    )
