"""Specimens for 3D models."""

from __future__ import annotations

from typing import Any

from devskyy_mcp.assets.provenance import Provenance
from devskyy_mcp.assets.store import Assets
from tests.fakes.demo import Desk

from .making import Arguments


async def on_a_product(desk: Desk) -> dict[str, Any]:
    from tests.fakes.models3d import picture, textured

    store, how = desk.app.services.get(Assets), Provenance("test")
    glb = await store.add(textured(), "box", "model/gltf-binary", how)
    poster = await store.add(picture(32).content, "box", "image/png", how)
    product = await desk.some("woo_products_list", status="publish", type="simple")
    return {"id": product, "glb": glb.id, "poster": poster.id, "alt": "A box", "kind": "generated"}


async def of_a_product(desk: Desk) -> dict[str, Any]:
    return {"id": await desk.some("woo_products_list")}


WRITES: dict[str, Arguments] = {"three_d_products_attach": on_a_product}
READS: dict[str, list[Arguments]] = {"three_d_products_get": [of_a_product]}
