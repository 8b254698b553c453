"""Whether a 3D model is fit to be published."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.assets.store import PICTURES
from devskyy_mcp.assets.taking import FilePath, FileUrl, Source, content_of
from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_tools.studio.apart import apart
from devskyy_tools.studio.goods import Category

from .files import ModelAsset, model_of

checked = Toolset("models", timeout=90)

Verdict = Literal["pass", "warn", "fail"]
FileId = Annotated[str | None, Field(max_length=80)]


class Check(BaseModel):
    """One check of the publish gate."""

    model_config = ConfigDict(extra="forbid")
    number: int
    check: str
    verdict: Verdict
    figure: str
    hint: str = Field(description="What to do; empty where nothing is.")


class GateReport(BaseModel):
    """``verdict`` is the worst of the twelve checks."""

    model_config = ConfigDict(extra="forbid")
    verdict: Verdict
    checks: list[Check]


@checked.tool("read", scopes="media:read", open_world=False)
async def three_d_models_check(
    ctx: Context,
    url: FileUrl = None,
    asset: ModelAsset = None,
    path: FilePath = None,
    category: Category | None = None,
    height: Annotated[float | None, Field(gt=0, le=20, description="Metres, as the product states it.")] = None,
    poster: FileId = None,
    alt_text: Annotated[str, Field(max_length=1000)] = "",
    usdz: FileId = None,
    cutout: Annotated[str | None, Field(max_length=80, description="The cut-out photo of a relief.")] = None,
    merchant: Annotated[bool, Field(description="For Google Merchant too.")] = False,
) -> GateReport:
    """Check a 3D model before it is published: validity, size, dimensions, textures, poster, origin; twelve checks."""
    from devskyy_tools.studio.gate import Given, check, verdict

    model, content = await model_of(ctx, Source(url, asset, path))
    given = Given(
        content,
        poster=await _file(ctx, poster, PICTURES),
        usdz=await _file(ctx, usdz, {"model/vnd.usdz+zip": "usdz"}),
        alt=alt_text.strip(),
        category=category,
        stated=(None, height, None),
        cutout=await _file(ctx, cutout, PICTURES),
        made=model.provenance,
        merchant=merchant,
        sha256=model.sha256,
        content_type=model.content_type,
    )
    rows = await apart(check, given)
    return GateReport(verdict=verdict(rows), checks=[Check(**row._asdict()) for row in rows])


async def _file(ctx: Context, asset: str | None, kinds: dict[str, str]) -> bytes | None:
    return await content_of(ctx, await Source(asset=asset).take(ctx, kinds)) if asset else None
