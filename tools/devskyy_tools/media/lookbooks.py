"""Lookbooks as PDF."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.studio.apart import apart
from devskyy_tools.studio.keeping import kept, stem

from .files import all_taken
from .models import LookbookFile

lookbooks = Toolset("lookbooks", timeout=120)

Caption = Annotated[str, Field(max_length=120)]


@lookbooks.tool("generate", scopes="media:write", open_world=False, idempotent=True)
async def media_lookbooks_create(
    ctx: Context,
    title: Annotated[str, Field(min_length=1, max_length=80)],
    assets: Annotated[list[Annotated[str, Field(max_length=80)]], Field(min_length=1, max_length=40)],
    captions: Annotated[list[Caption] | None, Field(max_length=40, description="One per asset.")] = None,
    shape: Literal["portrait", "landscape"] = "portrait",
    per_page: Literal[1, 2, 4] = 2,
) -> LookbookFile:
    """Lay out pictures and captions as a lookbook, a PDF on A4 with a cover."""
    from devskyy_tools.studio.pictures.lookbook import lookbook

    if captions and len(captions) != len(assets):
        raise Refused(Code.INVALID_ARGUMENTS, f"There are {len(captions)} captions for {len(assets)} assets.")
    pictures = await all_taken(ctx, assets)
    words = captions or [""] * len(assets)
    given = [(content, caption) for (_, content), caption in zip(pictures, words, strict=True)]
    made = await apart(lookbook, title, given, shape, per_page, seconds=110)
    made_of = [asset for asset, _ in pictures]
    name = f"lookbook-{stem(made_of[0])}"
    file = await kept(ctx, made.content, name, "application/pdf", made_of, {"title": title})
    cover = await kept(
        ctx, made.cover, f"{name}-cover", "image/webp", made_of[:1], {"title": title}, size=made.cover_size, shown=True
    )
    return LookbookFile(file=file, pages=made.pages, cover=cover)
