"""Contact sheets."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.studio.apart import apart
from devskyy_tools.studio.keeping import kept, stem

from .files import all_taken
from .models import Sheet

sheets = Toolset("sheets", timeout=120)

Caption = Annotated[str, Field(max_length=80)]


@sheets.tool("generate", scopes="media:write", open_world=False, idempotent=True)
async def media_sheets_create(
    ctx: Context,
    assets: Annotated[list[Annotated[str, Field(max_length=80)]], Field(min_length=1, max_length=24)],
    captions: Annotated[
        list[Caption] | None, Field(max_length=24, description="One per asset; its name if left out.")
    ] = None,
    columns: Annotated[int, Field(ge=1, le=8)] | None = None,
) -> Sheet:
    """Put up to 24 pictures on one numbered contact sheet, to see and compare them at a glance."""
    from devskyy_tools.studio.pictures.sheet import sheet

    if captions and len(captions) != len(assets):
        raise Refused(Code.INVALID_ARGUMENTS, f"There are {len(captions)} captions for {len(assets)} assets.")
    pictures = await all_taken(ctx, assets)
    words = captions or [stem(asset) for asset, _ in pictures]
    given = [(content, caption) for (_, content), caption in zip(pictures, words, strict=True)]
    content, *size = await apart(sheet, given, columns, seconds=90)
    made_of = [asset for asset, _ in pictures]
    file = await kept(ctx, content, "contact-sheet", "image/webp", made_of, {}, size=(size[0], size[1]), shown=True)
    return Sheet(file=file, numbers=list(assets))
