"""Films of pictures and of turntables."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import anyio
from pydantic import Field

from devskyy_mcp.assets.links import KeptFile
from devskyy_mcp.assets.store import Assets
from devskyy_mcp.capability import JobPolicy, Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.jobs.model import Job
from devskyy_tools.studio.apart import apart
from devskyy_tools.studio.keeping import kept, stem

from .files import all_taken
from .models import Film

films = Toolset("films", timeout=60)

Caption = Annotated[str, Field(max_length=120)]


@films.tool("generate", scopes="media:write", open_world=False, idempotent=True, job=JobPolicy(deadline=1800))
async def media_films_create(
    ctx: Context,
    assets: Annotated[list[Annotated[str, Field(max_length=80)]], Field(min_length=1, max_length=30)],
    shape: Literal["square", "portrait", "landscape"] = "square",
    seconds: Annotated[float, Field(ge=1.5, le=30, description="Per picture; of a turntable in all.")] = 3,
    captions: Annotated[list[Caption] | None, Field(max_length=30, description="One per picture.")] = None,
    captions_as: Literal["burnt", "vtt"] = "burnt",
    moving: bool = True,
) -> Film:
    """Make an MP4 of pictures, which fade into each other and slowly move, or of one turntable (animated WebP)."""
    if captions and len(captions) != len(assets):
        raise Refused(Code.INVALID_ARGUMENTS, f"There are {len(captions)} captions for {len(assets)} assets.")
    given = {
        "assets": assets, "shape": shape, "seconds": seconds, "captions": captions or [""] * len(assets),
        "captions_as": captions_as, "moving": moving,
    }  # fmt: skip
    await ctx.progress(0, 1, "drawing the film")
    film = Film.model_validate(await ctx.get(Job).step("film", partial(_film, ctx, given), retries=0))
    await ctx.progress(1, 1, "the film is drawn")
    return film


async def _film(ctx: Context, given: dict[str, Any]) -> dict[str, Any]:
    from devskyy_tools.studio import films as studio

    pictures = await all_taken(ctx, given["assets"])
    made_of = [asset for asset, _ in pictures]
    folder = ctx.get(Assets).workshop(ctx.get(Job).id)
    await anyio.Path(folder).mkdir(parents=True, exist_ok=True)
    try:
        file = folder / "film.mp4"
        burnt = given["captions_as"] == "burnt"
        made = await apart(_drawn, [content for _, content in pictures], given, file, burnt, seconds=1200)
        content = await anyio.Path(file).read_bytes()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    name, size = f"{stem(made_of[0])}-film", studio.SHAPES[given["shape"]]
    parameters = {name: value for name, value in given.items() if name != "assets"}
    film = await kept(ctx, content, name, "video/mp4", made_of, parameters, size=size)
    poster = await kept(ctx, made.poster, f"{name}-poster", "image/jpeg", made_of, {}, size=size)
    captions: KeptFile | None = None
    if given["captions_as"] == "vtt" and any(given["captions"]):
        text = studio.webvtt(given["captions"], given["seconds"])
        captions = await kept(ctx, text.encode(), name, "text/vtt", made_of, {})
    seconds = given["seconds"] if len(pictures) == 1 else studio.length(len(pictures), given["seconds"])
    return Film(file=film, seconds=round(seconds, 2), frames=made.frames, poster=poster, captions=captions).model_dump()


def _drawn(contents: list[bytes], given: dict[str, Any], file: Path, burnt: bool) -> Any:
    """In a process of its own: a single picture that moves is a turntable, all else are pictures."""
    from devskyy_tools.studio import films as studio

    if len(contents) == 1 and studio.moves(contents[0]):
        return studio.from_turntable(contents[0], given["shape"], given["seconds"], file)
    shots = [studio.Shot(content, caption) for content, caption in zip(contents, given["captions"], strict=True)]
    return studio.from_pictures(shots, given["shape"], given["seconds"], file, moving=given["moving"], burnt=burnt)
