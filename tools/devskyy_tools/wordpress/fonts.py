"""Fonts that the site serves or names: families and their faces."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.collections import FONT_FACES, FONT_FAMILIES
from devskyy_tools.shop.nouns import Id, Limit, PageNumber, past_the_end
from devskyy_tools.shop.session import Shop

from .models_site import FontFace, FontFamilies, FontFamily

fonts = Toolset("fonts", timeout=20)


class Face(BaseModel):
    """One file of a family."""

    model_config = ConfigDict(defer_build=True, extra="forbid")
    src: Annotated[str, Field(max_length=2000, description="Address of the font file.")]
    weight: Annotated[str, Field(pattern=r"^[1-9]\d{0,2}( [1-9]\d{0,2})?$|^1000$|^normal$|^bold$")] = "400"
    style: Literal["normal", "italic"] = "normal"


Name = Annotated[str, Field(min_length=1, max_length=100)]
Family = Annotated[str, Field(min_length=1, max_length=200, description='CSS value, "Black Rose", serif.')]
Faces = Annotated[list[Face], Field(max_length=20)]


@fonts.tool("read", scopes="content:read", texts="catalogue")
async def wp_fonts_list(
    ctx: Context,
    id: Annotated[Id, Field(description="One family with its faces.")] | None = None,  # noqa: A002 # the shop's
    page: PageNumber = 1,
    limit: Limit = 20,
) -> FontFamilies:
    """List the font families installed on the site, or get one with its faces."""
    shop = ctx.get(Shop)
    if id is not None:
        one = FontFamily.of(await shop.get(FONT_FAMILIES, id))
        faces = await shop.list(FONT_FACES, font_family_id=id, per_page=100)
        one.faces = [FontFace.of(item) for item in faces.items]
        return FontFamilies(items=[one], total=1, page=1, pages=1)
    found = await shop.list(FONT_FAMILIES, page=page, per_page=limit)
    rows = [FontFamily.of(item) for item in found.items]
    note = past_the_end(page, found.pages)
    return FontFamilies(items=rows, total=found.total, page=page, pages=found.pages, note=note)


@fonts.tool("write", scopes="content:write")
async def wp_fonts_create(
    ctx: Context,
    name: Name,
    slug: Annotated[str, Field(min_length=1, max_length=100, description="Can't change later.")],
    family: Family,
    faces: Faces | None = None,
) -> None:
    """Install a font family with its faces; styles use it as var:preset|font-family|slug."""
    shop = ctx.get(Shop)
    said = {"name": name, "slug": slug, "fontFamily": family}
    made = await shop.create(FONT_FAMILIES, {"font_family_settings": said})
    for face in faces or ():
        await shop.create(FONT_FACES, _face(name, face), font_family_id=made.ref)


@fonts.tool("write", scopes="content:write")
async def wp_fonts_update(
    ctx: Context,
    id: Id,  # noqa: A002 # the shop's own name
    name: Name | None = None,
    family: Family | None = None,
    add_faces: Faces | None = None,
) -> None:
    """Rename a font family, change its CSS value, or add faces to it."""
    shop = ctx.get(Shop)
    said = {key: value for key, value in {"name": name, "fontFamily": family}.items() if value is not None}
    if said:
        await shop.update(FONT_FAMILIES, id, {"font_family_settings": said})
    if add_faces:
        now = FontFamily.of(await shop.get(FONT_FAMILIES, id))
        for face in add_faces:
            await shop.create(FONT_FACES, _face(now.name, face), font_family_id=id)


@fonts.tool("destroy", scopes="content:write")
async def wp_fonts_delete(
    ctx: Context,
    id: Id,  # noqa: A002 # the shop's own name
    face: Annotated[Id, Field(description="Only this face.")] | None = None,
) -> None:
    """Delete a font family, or one face of it, for good; a person is asked."""
    shop = ctx.get(Shop)
    if face is None:
        await shop.delete(FONT_FAMILIES, id)
        return
    known = cast("list[int]", (await shop.get(FONT_FAMILIES, id)).get("font_faces") or [])
    if face not in known:
        raise Refused(Code.NOT_FOUND, f"Font family {id} has no face {face}.", "See wp_fonts_list with id.")
    await shop.delete(FONT_FACES, face, font_family_id=id)


def _face(family: str, face: Face) -> dict[str, Any]:
    said = {"fontFamily": family, "fontWeight": face.weight, "fontStyle": face.style, "src": face.src}
    return {"font_face_settings": said}
