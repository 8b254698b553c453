"""Specimens for 3D models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from devskyy_mcp.assets.provenance import Provenance
from devskyy_mcp.assets.store import Assets
from devskyy_mcp.db.database import Database
from devskyy_mcp.jobs.events import Events
from devskyy_tools.playbooks.launch import Launch, play_product_launch
from devskyy_tools.playbooks.launch_copy import Facts, drafted
from tests.fakes.demo import Desk
from tests.fakes.elsewhere import Hands

from .making import Arguments, numbers, unique


async def on_a_product(desk: Desk) -> dict[str, Any]:
    from tests.fakes.models3d import picture, textured

    store, how = desk.app.services.get(Assets), Provenance("test")
    glb = await store.add(textured(), "box", "model/gltf-binary", how)
    poster = await store.add(picture(32).content, "box", "image/png", how)
    product = await desk.some("woo_products_list", status="publish", type="simple")
    return {"id": product, "glb": glb.id, "poster": poster.id, "alt": "A box", "kind": "generated"}


async def of_a_product(desk: Desk) -> dict[str, Any]:
    return {"id": await desk.some("woo_products_list")}


async def a_launch(desk: Desk) -> dict[str, Any]:
    """Of what a launch made, as its job ended: two files, since no worker runs here."""
    from devskyy_mcp.assets.links import kept_file
    from devskyy_tools.studio.gltf.write import write_glb
    from tests.fakes.models3d import box, picture

    store, how, job = desk.app.services.get(Assets), Provenance("test"), f"job_launch{next(numbers)}"
    model = replace(box(), extras={"method": "relief", "reconstruction": False})
    glb = await store.add(write_glb(model), "coat", "model/gltf-binary", how)
    front = await store.add(picture(32).content, "coat", "image/png", how)
    made = Launch(
        name=unique("Coat"),
        made_by="relief",
        model=kept_file(glb),
        poster=kept_file(front),
        pictures=[kept_file(front)],
        responsive=[],
        texts=drafted("Coat", Facts(kind="coat"), ["front"], 90),
        warnings=[],
        next="",
    )
    hands = Hands(desk.app.services.get(Database), desk.app.services.get(Events))
    await hands.add(job, "local", play_product_launch.__name__)
    await hands.move(job, "succeeded", finished_at=1, result=made.model_dump(mode="json", exclude_none=True))
    return {"launch": job, "regular_price": "19.90", "sku": unique("LAUNCH-")}


WRITES: dict[str, Arguments] = {"play_launch_draft": a_launch, "three_d_products_attach": on_a_product}
READS: dict[str, list[Arguments]] = {"three_d_products_get": [of_a_product]}
