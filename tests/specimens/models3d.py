"""Valid arguments for the tools of 3D models: a box that is in the store, and a photo to make one of."""

from __future__ import annotations

from typing import Any

from devskyy_mcp.assets.store import Assets
from tests.fakes.demo import Desk
from tests.fakes.models3d import textured
from tests.fakes.photos import draw

from .making import Arguments


def a_model(**arguments: Any) -> Arguments:
    async def build(desk: Desk) -> dict[str, Any]:
        kept = await desk.app.services.get(Assets).put(textured(), "box.glb", "upload")
        return {"asset": kept.id, **arguments}

    return build


def a_photo(**arguments: Any) -> Arguments:
    async def build(desk: Desk) -> dict[str, Any]:
        kept = await desk.app.services.get(Assets).put(draw(23).content, "tee.jpg", "upload")
        return {"asset": kept.id, **arguments}

    return build


READS: dict[str, list[Arguments]] = {
    "three_d_models_check": [a_model(category="bag", height=0.4)],
    "three_d_models_optimize": [a_model(mode="compact", texture_size=512)],
    "three_d_models_render": [a_model(size=128)],
    "three_d_reliefs_create": [a_photo(category="top", height_cm=70)],
    "three_d_usdz_create": [a_model()],
    "three_d_variants_create": [a_model(looks=[{"name": "Navy", "color": "#1b2a55"}])],
}
