"""3D models made small, for the web and for viewers that nobody knows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.assets.links import KeptFile
from devskyy_mcp.assets.taking import FilePath, FileUrl, Source
from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_tools.studio.apart import apart
from devskyy_tools.studio.keeping import kept, stem

from .files import GLB, ModelAsset, model_of

optimised = Toolset("optimised", timeout=120)

Mode = Literal["universal", "compact", "both"]
Side = Literal[512, 1024, 2048, 4096]


class ModelIssue(BaseModel):
    """What was wrong with the file that came in, in the codes of the Khronos validator."""

    model_config = ConfigDict(extra="forbid")
    code: str
    severity: Literal["error", "warning"]
    pointer: str = Field(description="Where in its JSON.")


class SmallModel(BaseModel):
    """One file that was made."""

    model_config = ConfigDict(extra="forbid")
    mode: Literal["universal", "compact"]
    file: KeptFile
    triangles: int


class OptimisedModels(BaseModel):
    """The files, beside what came in. What was wrong with it, and is listed, is right in them."""

    model_config = ConfigDict(extra="forbid")
    size_before: int = Field(description="Bytes.")
    triangles_before: int
    files: list[SmallModel]
    issues: list[ModelIssue]


@optimised.tool("generate", scopes="media:write", open_world=False, idempotent=True)
async def three_d_models_optimize(
    ctx: Context,
    url: FileUrl = None,
    asset: ModelAsset = None,
    path: FilePath = None,
    mode: Annotated[
        Mode, Field(description="compact: WebP and meshopt, for viewers with decoders. universal: JPEG or PNG.")
    ] = "both",
    max_triangles: Annotated[int | None, Field(ge=100, le=5_000_000)] = None,
    texture_size: Annotated[Side, Field(description="Pixels a side, at most.")] = 2048,
) -> OptimisedModels:
    """Make a GLB smaller: quantised, welded, textures capped, compressed, and with fewer triangles if asked."""
    from devskyy_tools.studio.gltf.optimise import optimise_as

    model, content = await model_of(ctx, Source(url, asset, path))
    modes = ("universal", "compact") if mode == "both" else (mode,)
    made = await apart(optimise_as, content, modes, texture_size, max_triangles, seconds=110)
    files: list[SmallModel] = []
    for name, result in zip(modes, made.results, strict=True):
        said = {"mode": name, "max_triangles": max_triangles, "texture_size": texture_size}
        file = await kept(ctx, result.content, f"{stem(model)}-{name}", next(iter(GLB)), [model], said)
        files.append(SmallModel(mode=name, file=file, triangles=result.after))
    issues = [
        ModelIssue(code=issue.code, severity=issue.severity, pointer=issue.pointer)
        for issue in made.issues
        if issue.severity != "info"
    ]
    return OptimisedModels(
        size_before=len(content), triangles_before=made.results[0].before, files=files, issues=issues[:20]
    )
