"""Valid arguments for every write tool; a new one needs its own line here, in ``ARGUMENTS``."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from tests.durability.kinds import picture
from tests.fakes.demo import Desk

Arguments = Callable[[Desk], Awaitable[dict[str, Any]]]
_numbers = itertools.count(1)
_RUN = secrets.token_hex(3)
"""Sets what is made on a shop apart from what earlier runs have left there."""
_NAMES = frozenset({"code", "email", "name", "sku", "title"})


def given(**arguments: Any) -> Arguments:
    """Arguments that need nothing of the shop."""

    async def build(_desk: Desk) -> dict[str, Any]:
        return arguments

    return build


def one_of(tool: str, listing: dict[str, Any] | None = None, **arguments: Any) -> Arguments:
    """Arguments for the first object that a tool lists."""

    async def build(desk: Desk) -> dict[str, Any]:
        return {"id": await desk.some(tool, **(listing or {})), **arguments}

    return build


def made(tool: str, body: dict[str, Any], **arguments: Any) -> Arguments:
    """Arguments for an object made for it."""

    async def build(desk: Desk) -> dict[str, Any]:
        return {"id": await create(desk, tool, body), **arguments}

    return build


async def create(desk: Desk, tool: str, body: dict[str, Any]) -> int:
    """The id of a new object, whose name is its own."""
    own = {name: unique(value) if name in _NAMES else value for name, value in body.items()}
    return int((await carry_out(desk, tool, own))["changes"][0]["id"])


async def carry_out(desk: Desk, tool: str, body: dict[str, Any]) -> dict[str, Any]:
    """Do it, with a person's yes where one is asked for. By way of a preview: what is applied is never taken for a
    host's retry, so that each call makes an object of its own.
    """
    shown = await desk.do(tool, **body, preview=True)
    done = await desk.do("changes_apply", change=shown["change"])
    return await desk.agree(done["change"]) if done["state"] == "waits_for_person" else done


def unique(text: str) -> str:
    """The text as no other object has it; an e-mail address stays one."""
    name, at, host = text.partition("@")
    return f"{name}{next(_numbers)}{_RUN}{at}{host}"


def an_order(name: str = "id", **arguments: Any) -> Arguments:
    """Arguments for a new order whose id is called ``name``."""

    async def build(desk: Desk) -> dict[str, Any]:
        return {name: await create(desk, "woo_orders_create", await sold(desk)), **arguments}

    return build


def variation(**arguments: Any) -> Arguments:
    async def build(desk: Desk) -> dict[str, Any]:
        parent = await desk.some("woo_products_list", type="variable", status="publish")
        found = (await desk.do("woo_variations_list", product_id=parent))["items"][0]
        more = {"id": found["id"]} if "attributes" not in arguments else {}
        return {"product_id": parent, **more, **arguments}

    return build


async def new_variation(desk: Desk) -> dict[str, Any]:
    parent = await desk.some("woo_products_list", type="variable", status="publish")
    attributes = (await desk.do("woo_products_get", id=parent))["attributes"]
    options = [{"name": one["name"], "option": one["options"][0]} for one in attributes if one["variation"]]
    return {"product_id": parent, "attributes": options, "regular_price": "50.00"}


async def several(desk: Desk) -> dict[str, Any]:
    found = (await desk.do("woo_products_list", type="simple", status="publish", limit=12))["items"]
    return {"items": [{"id": one["id"], "name": f"{one['name']} II"} for one in found]}


async def sold(desk: Desk) -> dict[str, Any]:
    found = (await desk.do("woo_products_list", type="simple", status="publish", stock_status="instock"))["items"]
    return {"lines": [{"product_id": found[0]["id"], "quantity": 1}], "billing": {"first_name": "Ada", "city": "Lyon"}}


async def stocked(desk: Desk) -> dict[str, Any]:
    sku = unique("STOCK-")
    await carry_out(desk, "woo_products_create", {"name": "Scarf", "sku": sku, "stock_quantity": 3})
    return {"items": [{"sku": sku, "adjust": 1}]}


async def undone(desk: Desk) -> dict[str, Any]:
    done = await carry_out(desk, "wp_tags_create", {"name": unique("linen")})
    return {"change": done["change"]}


async def binned(desk: Desk) -> dict[str, Any]:
    target = await create(desk, "wp_posts_create", {"title": "Thrown away"})
    await desk.do("wp_posts_delete", id=target)
    return {"noun": "posts", "id": target}


async def uploaded(desk: Desk) -> dict[str, Any]:
    number = next(_numbers)
    file = desk.app.settings.data_dir / f"picture{number}.png"
    file.write_bytes(picture(number))
    return {"path": str(file), "title": f"One pixel {number}."}


def a_picture(**arguments: Any) -> Arguments:
    """Arguments for a new picture."""

    async def build(desk: Desk) -> dict[str, Any]:
        return {"id": await create(desk, "wp_media_upload", await uploaded(desk)), **arguments}

    return build


def new(field: str, word: str, **arguments: Any) -> Arguments:
    """Arguments that must be others each time, since the shop keeps them unique."""

    async def build(_desk: Desk) -> dict[str, Any]:
        return {field: unique(word), **arguments}

    return build


COUPON = {"code": "OLD", "discount_type": "percent", "amount": "5"}
ARGUMENTS: dict[str, Arguments] = {
    "changes_undo": undone,
    "woo_categories_create": new("name", "Winter", description="<b>Warm</b>"),
    "woo_categories_delete": made("woo_categories_create", {"name": "Old"}),
    "woo_categories_update": one_of("woo_categories_list", description="New words."),
    "woo_coupons_create": new("code", "TWICE", discount_type="percent", amount="10"),
    "woo_coupons_delete": made("woo_coupons_create", COUPON),
    "woo_coupons_update": made("woo_coupons_create", COUPON, description="New words."),
    "woo_customers_create": new("email", "new@example.com", first_name="Ada"),
    "woo_customers_update": one_of("woo_customers_list", last_name="Lovelace"),
    "woo_order_notes_create": an_order("order_id", note="Called."),
    "woo_orders_create": sold,
    "woo_orders_delete": an_order(),
    "woo_orders_set_status": an_order(status="completed"),
    "woo_orders_update": an_order(customer_note="Ring twice."),
    "woo_products_bulk_update": several,
    "woo_products_create": new("sku", "TWICE-", name="Coat", regular_price="120.00"),
    "woo_products_delete": one_of("woo_products_list", {"type": "variable", "status": "publish"}),
    "woo_products_update": one_of("woo_products_list", short_description="New words."),
    "woo_refunds_create": an_order("order_id", amount="1.00"),
    "woo_stock_update": stocked,
    "woo_variations_create": new_variation,
    "woo_variations_delete": variation(),
    "woo_variations_update": variation(regular_price="51.00"),
    "wp_bin_restore": binned,
    "wp_categories_create": new("name", "Stories"),
    "wp_categories_delete": made("wp_categories_create", {"name": "Old"}),
    "wp_categories_update": made("wp_categories_create", {"name": "Old"}, description="New words."),
    "wp_media_delete": a_picture(),
    "wp_media_update": a_picture(alt_text="New words."),
    "wp_media_upload": uploaded,
    "wp_pages_create": given(title="About"),
    "wp_pages_delete": made("wp_pages_create", {"title": "Old"}),
    "wp_pages_update": made("wp_pages_create", {"title": "Old"}, content="<p>New words.</p>"),
    "wp_posts_create": given(title="New in", content="<p>Now.</p>"),
    "wp_posts_delete": made("wp_posts_create", {"title": "Old"}),
    "wp_posts_update": made("wp_posts_create", {"title": "Old"}, title="New words"),
    "wp_tags_create": new("name", "wool"),
    "wp_tags_delete": made("wp_tags_create", {"name": "silk"}),
    "wp_tags_update": made("wp_tags_create", {"name": "silk"}, description="New words."),
}
"""Valid arguments for each; a new write tool needs its own line here."""
