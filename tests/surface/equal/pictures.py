"""What the tools of pictures and films are called with: a picture that was uploaded, and one that is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devskyy_mcp.app import App
from devskyy_mcp.assets.store import Assets
from devskyy_tools.sandbox.seed.pictures import COLOURS, draw

from .inputs import ABSENT, Case, Choices

WORKED: dict[str, dict[str, Any]] = {
    "media_credentials_read": {},
    "media_pictures_describe": {"name": "Coat"},
    "media_pictures_edit": {"steps": [{"do": "crop", "ratio": "1:1"}]},
    "media_pictures_resize": {"widths": [64], "formats": ["webp"]},
}
TOGETHER: dict[str, dict[str, Any]] = {
    "media_duplicates_find": {},
    "media_films_create": {"seconds": 1.5},
    "media_lookbooks_create": {"title": "Autumn"},
    "media_sheets_create": {},
}


async def known_pictures(app: App) -> dict[str, Choices]:
    """Values for the arguments of each tool."""
    coat = (await app.services.get(Assets).put(draw("coat", COLOURS["Rose"]), "coat.png", "upload")).id
    one: dict[str, dict[str, Any]] = {tool: {"asset": [coat, "0" * 64], "product_id": [ABSENT]} for tool in WORKED}
    one["media_pictures_edit"] |= {"steps": [{"do": "canvas"}, {"do": "shadow"}, {"do": "blur"}, {}]}
    return {**one, **{tool: {"assets": [coat, "0" * 64]} for tool in TOGETHER}}


def picture_cases(own: Mapping[str, Choices]) -> list[Case]:
    """A call of each that goes well."""
    found = [Case(tool, {"asset": own[tool]["asset"][0], **more}, True) for tool, more in WORKED.items()]
    return found + [Case(tool, {"assets": [own[tool]["assets"][0]], **more}, True) for tool, more in TOGETHER.items()]
