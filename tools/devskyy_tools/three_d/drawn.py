"""Pictures and films of a 3D model, drawn on this machine."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.assets.links import KeptFile
from devskyy_mcp.assets.store import Asset, Assets
from devskyy_mcp.assets.taking import FilePath, FileUrl, Source, content_of
from devskyy_mcp.capability import JobPolicy, Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.jobs.model import Job
from devskyy_tools.studio.apart import apart
from devskyy_tools.studio.keeping import kept, stem

from .files import ModelAsset, VariantName, model_of

drawn = Toolset("models", timeout=60)

What = Literal["poster", "sheet", "turntable"]
TURNING = 512
"""Pixels of a turntable at most: it is loaded whole before it turns."""


class Renders(BaseModel):
    """Pictures of a model; what was not asked for is null."""

    model_config = ConfigDict(extra="forbid")
    poster: KeptFile | None = None
    sheet: KeptFile | None = Field(default=None, description="Front, three quarters, side, back.")
    turntable: KeptFile | None = Field(default=None, description="Animated WebP.")
    film: KeptFile | None = Field(default=None, description="The same as MP4.")
    renderer: Literal["egl", "numpy"]
    note: str = ""


@drawn.tool("generate", scopes="media:write", job=JobPolicy(deadline=1800), open_world=False, idempotent=True)
async def three_d_models_render(
    ctx: Context,
    url: FileUrl = None,
    asset: ModelAsset = None,
    path: FilePath = None,
    views: Annotated[list[What], Field(min_length=1, max_length=3)] = ["sheet"],  # noqa: B006 # read only
    size: Annotated[int, Field(ge=128, le=1024, description="Pixels; of a turntable at most 512.")] = 768,
    variant: VariantName = None,
    transparent: Annotated[bool, Field(description="The poster's ground.")] = False,
    frames: Annotated[int, Field(ge=8, le=72)] = 36,
) -> Renders:
    """Draw a 3D model: poster, four views on one sheet to judge it by, or a turntable film. Free, on this machine."""
    job, store = ctx.get(Job), ctx.get(Assets)
    model = await store.get(await job.step("take", _take, ctx, Source(url, asset, path)))
    looks = {"size": size, "variant": variant}
    found: dict[str, Any] = {}
    for number, view in enumerate(dict.fromkeys(views)):
        await ctx.progress(number, len(views), f"drawing the {view}")
        if view == "turntable":
            found |= await job.step(view, _turn, ctx, model, min(size, TURNING), variant, frames)
        else:
            found |= await job.step(view, _draw, ctx, model, view, looks, transparent)
    await ctx.progress(len(views), len(views), "all is drawn")
    return Renders(**found)


async def _take(ctx: Context, source: Source) -> str:
    found, _ = await model_of(ctx, source)
    return found.id


async def _draw(
    ctx: Context, model: Asset, view: Literal["poster", "sheet"], looks: dict[str, Any], transparent: bool
) -> dict[str, Any]:
    from devskyy_tools.studio.render import stages

    content, size, variant = await content_of(ctx, model), looks["size"], looks["variant"]
    if view == "poster":
        picture = await apart(stages.poster, content, variant, size, transparent)
    else:
        picture = await apart(stages.sheet, content, variant, size)
    file = await kept(
        ctx, picture.content, f"{stem(model)}-{view}", "image/webp", [model], looks, size=picture.size, shown=True
    )
    return {view: file.model_dump(), "renderer": picture.engine}


async def _turn(ctx: Context, model: Asset, size: int, variant: str | None, frames: int) -> dict[str, Any]:
    from devskyy_tools.studio.render import stages

    turned = await apart(stages.turntable, await content_of(ctx, model), variant, size, frames, seconds=300)
    name, parameters = f"{stem(model)}-turntable", {"size": size, "variant": variant, "frames": frames}
    square = (size, size)
    animation = await kept(ctx, turned.animation, name, "image/webp", [model], parameters, size=square)
    found: dict[str, Any] = {"turntable": animation.model_dump(), "renderer": turned.engine}
    if turned.movie is None:
        return found | {"note": "There is no MP4: pip install 'devskyy-mcp[video]' brings ffmpeg."}
    movie = await kept(ctx, turned.movie, name, "video/mp4", [model], parameters, size=square)
    return found | {"film": movie.model_dump()}
