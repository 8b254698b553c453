"""Valid arguments for the tools of pictures and films, which work on files that were uploaded."""

from __future__ import annotations

from typing import Any

from devskyy_mcp.assets.store import Assets
from devskyy_tools.sandbox.seed.pictures import COLOURS, draw
from devskyy_tools.shop.client import ShopClient
from tests.fakes.demo import Desk

from .making import Arguments


async def uploaded(desk: Desk) -> str:
    """The id of a picture in the store."""
    return (await desk.app.services.get(Assets).put(draw("coat", COLOURS["Rose"]), "coat.png", "upload")).id


def on_a_picture(**arguments: Any) -> Arguments:
    async def build(desk: Desk) -> dict[str, Any]:
        return {"asset": await uploaded(desk), **arguments}

    return build


def on_pictures(**arguments: Any) -> Arguments:
    async def build(desk: Desk) -> dict[str, Any]:
        return {"assets": [await uploaded(desk)], **arguments}

    return build


async def photographed(desk: Desk) -> dict[str, Any]:
    return {"name": "Coat", "photos": [await uploaded(desk)], "model": "none"}


async def of_a_product(desk: Desk) -> dict[str, Any]:
    speaks = any(route.startswith("/wc/v3") for route in (await desk.app.services.get(ShopClient).get("/"))["routes"])
    facts = {"product_id": await desk.some("woo_products_list")} if speaks else {"name": "Coat"}
    return {"asset": await uploaded(desk), **facts}


READS: dict[str, list[Arguments]] = {
    "media_credentials_read": [on_a_picture()],
    "media_credentials_sign": [on_a_picture()],
    "media_duplicates_find": [on_pictures(), on_pictures(library=5)],
    "media_films_create": [on_pictures(seconds=1.5)],
    "media_lookbooks_create": [on_pictures(title="Autumn", captions=["The coat"])],
    "media_pictures_describe": [of_a_product],
    "media_pictures_edit": [on_a_picture(steps=[{"do": "canvas", "ratio": "1:1"}, {"do": "upscale", "factor": 2}])],
    "media_pictures_resize": [on_a_picture(widths=[64], formats=["webp", "jpeg"])],
    "media_sheets_create": [on_pictures(captions=["The coat"])],
    "play_product_launch": [photographed],
}
