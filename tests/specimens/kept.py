"""Valid arguments for the tools that look after kept files, and that show models: a box that is in the store."""

from __future__ import annotations

from typing import Any

from devskyy_mcp.assets.store import Assets
from tests.fakes.demo import Desk
from tests.fakes.models3d import textured

from .making import Arguments, given


async def a_model(desk: Desk) -> dict[str, Any]:
    kept = await desk.app.services.get(Assets).put(textured(), "box.glb", "upload")
    return {"asset": kept.id}


READS: dict[str, list[Arguments]] = {
    "assets_list": [given(kind="model")],
    "assets_get": [a_model],
    "assets_clean": [given(days=1)],
    "three_d_models_view": [a_model],
    "three_d_models_read": [a_model],
}
