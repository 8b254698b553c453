"""A 3D model in the chat: what it is, and a page that turns it where the host shows pages (MCP Apps).

The page gets the file in parts by ``three_d_models_read``, which models are not shown: the bytes pass them by.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import anyio
from pydantic import BaseModel, Field

from devskyy_mcp.assets.links import MOST_SHOWN, KeptFile, kept_file
from devskyy_mcp.assets.store import MODELS, PICTURES, Asset, Assets
from devskyy_mcp.capability import Resource, Toolset, View
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.studio.apart import apart

viewer = Toolset("viewer", timeout=60)

PAGE = "ui://devskyy/model-viewer"
GLB = "model/gltf-binary"
PART = 480_000
"""Bytes of one part: 640 kB in base64, below what hosts take."""
MOST = 700_000
RELIEF = "A relief from photos, not a reconstruction: its depth is assumed."
_FILE = Path(__file__).with_name("viewer.html")
ModelId = Annotated[str, Field(description="The GLB's asset id.", max_length=80)]


class ModelView(BaseModel):
    """A model, and what there is to know of it at one look."""

    model: KeptFile
    dimensions: list[float] = Field(description="Width, height and depth in metres.")
    triangles: int
    materials: int
    textures: int
    variants: list[str] = Field(description="Names of its material variants.")
    notice: str | None = Field(default=None, description="What a person must know of how it was made.")
    sheet: KeptFile | None = Field(default=None, description="A picture of it, where one was drawn.")
    parts: int = Field(description="For three_d_models_read.")


class ModelPart(BaseModel):
    part: int
    parts: int
    base64: str


@viewer.tool("read", scopes="media:read", open_world=False, view=View(PAGE))
async def three_d_models_view(ctx: Context, asset: ModelId) -> ModelView:
    """Show a 3D model to the person, who can turn it, with its size, triangles and variants."""
    model = await _model(ctx, asset)
    content = await anyio.Path(ctx.get(Assets).path(model)).read_bytes()
    facts = await apart(_facts, content)
    sheet = await _sheet(ctx.get(Assets), model)
    return ModelView(
        model=kept_file(model),
        sheet=kept_file(sheet, shown=True) if sheet else None,
        parts=_parts(model),
        **facts,
    )


@viewer.tool("read", scopes="media:read", open_world=False, view=View(for_model=False), most=MOST)
async def three_d_models_read(ctx: Context, asset: ModelId, part: Annotated[int, Field(ge=1)] = 1) -> ModelPart:
    """Read a part of a model's file, for the page that shows it."""
    model = await _model(ctx, asset)
    parts = _parts(model)
    if part > parts:
        raise Refused(Code.INVALID_ARGUMENTS, f"The file has {parts} parts.")
    async with await anyio.open_file(ctx.get(Assets).path(model), "rb") as file:
        await file.seek((part - 1) * PART)
        content = await file.read(PART)
    return ModelPart(part=part, parts=parts, base64=base64.b64encode(content).decode())


async def _page(_ctx: Context, _values: Mapping[str, str]) -> str:
    return await anyio.Path(_FILE).read_text("utf-8")


page = Resource(
    PAGE,
    "model-viewer",
    "Model viewer",
    "The page that turns a 3D model beside three_d_models_view; it loads nothing from elsewhere.",
    _page,
    mime_type="text/html;profile=mcp-app",
    scopes=frozenset({"media:read"}),
    ui={"prefersBorder": True},
)


async def _model(ctx: Context, asset: str) -> Asset:
    found = await ctx.get(Assets).get(asset)
    if found.content_type != GLB:
        also = " Name the GLB that it was made of." if found.content_type in MODELS else ""
        raise Refused(Code.INVALID_ARGUMENTS, f"{found.name} is no GLB.{also}", "assets_list(kind=model) has them.")
    return found


def _parts(model: Asset) -> int:
    return max(1, -(-model.size // PART))


async def _sheet(store: Assets, model: Asset) -> Asset | None:
    """The newest picture with several views of the model, else the newest of it, that a result can show."""
    of_it = [
        one
        for one in await store.all()
        if one.content_type in PICTURES and one.size <= MOST_SHOWN and model.sha256 in one.provenance.get("sources", ())
    ]
    return next((one for one in of_it if "sheet" in one.name), of_it[0] if of_it else None)


def _facts(content: bytes) -> dict[str, Any]:
    """What a file holds, in a process of its own: it may be a stranger's.

    Raises:
        Refused: INVALID_ARGUMENTS, with what is wrong with it.
    """
    from devskyy_tools.studio.gltf.read import read_glb

    glb = read_glb(content)
    seen = glb.scene()
    corners = [(part.positions.min(axis=0), part.positions.max(axis=0)) for part in seen.parts]
    low = [min(float(one[0][axis]) for one in corners) for axis in range(3)] if corners else [0.0] * 3
    high = [max(float(one[1][axis]) for one in corners) for axis in range(3)] if corners else [0.0] * 3
    made = glb.typed.asset.extras
    relief = isinstance(made, dict) and made.get("reconstruction") is False  # pyright: ignore[reportUnknownMemberType] # anybody's
    return {
        "dimensions": [round(top - bottom, 4) for bottom, top in zip(low, high, strict=True)],
        "triangles": sum(len(part.triangles) for part in seen.parts),
        "materials": len(seen.materials),
        "textures": len(glb.typed.images or []),
        "variants": glb.variants,
        "notice": RELIEF if relief else None,
    }
