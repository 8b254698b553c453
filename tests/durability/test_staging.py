"""Every write tool, staged twice: one and the same plan, and nothing but reads on the way."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest

from devskyy_mcp.app import installed_packs
from devskyy_mcp.capability import Registry
from devskyy_mcp.db.database import Database
from devskyy_mcp.db.tables import change_sets
from tests.fakes.demo import Demo, demo

from .kinds import picture

Arguments = Callable[[Demo], Awaitable[dict[str, Any]]]
TOOLS = sorted(name for name, tool in Registry(installed_packs()).tools.items() if tool.stages)


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Demo]:
    """One for all: what a tool's arguments need is made anew or found, and staging changes nothing."""
    folder = tmp_path_factory.mktemp("staging")
    (folder / "picture.png").write_bytes(picture(7))
    async with demo(folder, calls_burst=1000) as made:
        yield made


def given(**arguments: Any) -> Arguments:
    """Arguments that need nothing of the shop."""

    async def build(_desk: Demo) -> dict[str, Any]:
        return arguments

    return build


def one_of(tool: str, listing: dict[str, Any] | None = None, **arguments: Any) -> Arguments:
    """Arguments for the first object that a tool lists."""

    async def build(desk: Demo) -> dict[str, Any]:
        return {"id": await desk.some(tool, **(listing or {})), **arguments}

    return build


def made(tool: str, body: dict[str, Any], **arguments: Any) -> Arguments:
    """Arguments for an object made for it."""

    async def build(desk: Demo) -> dict[str, Any]:
        return {"id": await create(desk, tool, body), **arguments}

    return build


async def create(desk: Demo, tool: str, body: dict[str, Any]) -> int:
    return int((await carry_out(desk, tool, body))["changes"][0]["id"])


async def carry_out(desk: Demo, tool: str, body: dict[str, Any]) -> dict[str, Any]:
    """Do it, with a person's yes where the tests before have read customers' texts."""
    done = await desk.do(tool, **body)
    return await desk.agree(done["change"]) if done["state"] == "waits_for_person" else done


def an_order(name: str = "id", **arguments: Any) -> Arguments:
    """Arguments for a new order whose id is called ``name``."""

    async def build(desk: Demo) -> dict[str, Any]:
        return {name: await create(desk, "woo_orders_create", await sold(desk)), **arguments}

    return build


def variation(**arguments: Any) -> Arguments:
    async def build(desk: Demo) -> dict[str, Any]:
        parent = await desk.some("woo_products_list", type="variable", status="publish")
        found = (await desk.do("woo_variations_list", product_id=parent))["items"][0]
        more = {"id": found["id"]} if "attributes" not in arguments else {}
        return {"product_id": parent, **more, **arguments}

    return build


async def new_variation(desk: Demo) -> dict[str, Any]:
    parent = await desk.some("woo_products_list", type="variable", status="publish")
    attributes = (await desk.do("woo_products_get", id=parent))["attributes"]
    options = [{"name": one["name"], "option": one["options"][0]} for one in attributes if one["variation"]]
    return {"product_id": parent, "attributes": options, "regular_price": "50.00"}


async def several(desk: Demo) -> dict[str, Any]:
    found = (await desk.do("woo_products_list", type="simple", status="publish", limit=12))["items"]
    return {"items": [{"id": one["id"], "name": f"{one['name']} II"} for one in found]}


async def sold(desk: Demo) -> dict[str, Any]:
    found = (await desk.do("woo_products_list", type="simple", status="publish", stock_status="instock"))["items"]
    return {"lines": [{"product_id": found[0]["id"], "quantity": 1}], "billing": {"first_name": "Ada", "city": "Lyon"}}


async def undone(desk: Demo) -> dict[str, Any]:
    done = await carry_out(desk, "woo_categories_create", {"name": "Autumn"})
    return {"change": done["change"]}


async def binned(desk: Demo) -> dict[str, Any]:
    target = await create(desk, "wp_posts_create", {"title": "Thrown away"})
    await desk.do("wp_posts_delete", id=target)
    return {"noun": "posts", "id": target}


async def uploaded(desk: Demo) -> dict[str, Any]:
    return {"path": str(desk.app.settings.data_dir / "picture.png"), "title": "One pixel"}


async def repriced(desk: Demo) -> dict[str, Any]:
    more = {"meta_data": [{"key": "cost", "value": "20.00"}]}
    made = await create(desk, "woo_products_create", {"name": "Coat", "regular_price": "120.00", "more": more})
    return {"filter": {"ids": [made]}, "move": "-5%", "cost_field": "cost", "min_margin": "30"}


async def imported(desk: Demo) -> dict[str, Any]:
    file = desk.app.settings.data_dir / "goods.csv"
    file.write_text("SKU,Name,Regular price,Categories\nTWICE-2,Coat,120.00,New > Coats\nTWICE-3,Hat,20.00,New\n")
    return {"path": str(file)}


COUPON = {"code": "OLD", "discount_type": "percent", "amount": "5"}
ARGUMENTS: dict[str, Arguments] = {
    "changes_undo": undone,
    "play_reprice": repriced,
    "play_stock_reconcile": given(rows=[{"sku": "MS-LVH-12", "counted": 3}], counted_at="2026-01-01T00:00:00"),
    "woo_catalog_import": imported,
    "woo_categories_create": given(name="Winter", description="<b>Warm</b>"),
    "woo_categories_delete": one_of("woo_categories_list"),
    "woo_categories_update": one_of("woo_categories_list", description="New words."),
    "woo_coupons_create": given(code="TWICE", discount_type="percent", amount="10"),
    "woo_coupons_delete": made("woo_coupons_create", COUPON),
    "woo_coupons_update": made("woo_coupons_create", COUPON, description="New words."),
    "woo_customers_create": given(email="new@example.com", first_name="Ada"),
    "woo_customers_update": one_of("woo_customers_list", last_name="Lovelace"),
    "woo_order_notes_create": an_order("order_id", note="Called."),
    "woo_orders_create": sold,
    "woo_orders_delete": an_order(),
    "woo_orders_set_status": an_order(status="completed"),
    "woo_orders_update": an_order(customer_note="Ring twice."),
    "woo_products_bulk_update": several,
    "woo_products_create": given(name="Coat", regular_price="120.00", sku="TWICE-1"),
    "woo_products_delete": one_of("woo_products_list", {"type": "variable", "status": "publish"}),
    "woo_products_update": one_of("woo_products_list", short_description="New words."),
    "woo_refunds_create": an_order("order_id", amount="1.00"),
    "woo_stock_update": given(items=[{"sku": "MS-LVH-12", "adjust": 1}]),
    "woo_variations_create": new_variation,
    "woo_variations_delete": variation(),
    "woo_variations_update": variation(regular_price="51.00"),
    "wp_bin_restore": binned,
    "wp_categories_create": given(name="Stories"),
    "wp_categories_delete": made("wp_categories_create", {"name": "Old"}),
    "wp_categories_update": made("wp_categories_create", {"name": "Old"}, description="New words."),
    "wp_media_delete": one_of("wp_media_list"),
    "wp_media_update": one_of("wp_media_list", alt_text="New words."),
    "wp_media_upload": uploaded,
    "wp_pages_create": given(title="About"),
    "wp_pages_delete": made("wp_pages_create", {"title": "Old"}),
    "wp_pages_update": made("wp_pages_create", {"title": "Old"}, content="<p>New words.</p>"),
    "wp_posts_create": given(title="New in", content="<p>Now.</p>"),
    "wp_posts_delete": made("wp_posts_create", {"title": "Old"}),
    "wp_posts_update": made("wp_posts_create", {"title": "Old"}, title="New words"),
    "wp_tags_create": given(name="wool"),
    "wp_tags_delete": made("wp_tags_create", {"name": "silk"}),
    "wp_tags_update": made("wp_tags_create", {"name": "silk"}, description="New words."),
}
"""Valid arguments for each; a new write tool needs its own line here."""


def test_each_write_tool_has_arguments() -> None:
    assert sorted(ARGUMENTS) == TOOLS


@pytest.mark.requirement("changes:deterministic")
@pytest.mark.parametrize("tool", TOOLS)
async def test_staged_twice_is_one_plan_and_only_reads(desk: Demo, tool: str) -> None:
    arguments = await ARGUMENTS[tool](desk)
    desk.shop.requests.clear()
    shown = [await desk.do(tool, **arguments, preview=True) for _ in range(2)]
    assert [one["state"] for one in shown] == ["proposed", "proposed"]
    async with desk.app.services.get(Database).read() as conn:
        query = change_sets.select().where(change_sets.c.id.in_([one["change"] for one in shown]))
        rows = (await conn.execute(query)).mappings().all()
    assert len(rows) == 2
    assert rows[0]["plan_hash"] == rows[1]["plan_hash"]
    assert desk.writes == []
