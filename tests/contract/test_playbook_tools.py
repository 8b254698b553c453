"""The import and the playbooks, shown, carried out and undone on every shop."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.assets.store import Assets
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.collections import NOISE, NOISY_META
from devskyy_tools.shop.signing import Credentials
from tests.contract.client import Json, Shop, token
from tests.fakes.demo import Desk, desk_over

WC = "wc/v3/products"
FLUID = NOISE | {"total_sales"}


async def agreed(desk: Desk, tool: str, /, **arguments: Any) -> dict[str, Any]:
    """Shown, carried out with a person's yes: the outcome."""
    shown = await desk.do(tool, preview=True, **arguments)
    assert shown["state"] == "proposed", shown
    return await desk.carry_out("changes_apply", change=shown["change"])


@pytest.fixture
async def desk(wc: Shop, tmp_path: Path) -> AsyncGenerator[Desk]:
    login = Credentials(wc.access.user, wc.access.app_password)
    over = desk_over(tmp_path, wc.access.url, login, wc.access.transport)
    async with over as made, made.app.running(eager=True):  # exports are jobs
        yield made


async def whole(shop: Shop, path: str) -> Json:
    """The object without what moves by itself."""
    found = await shop.read(f"{path}?context=edit")
    if "meta_data" in found:
        found["meta_data"] = sorted(
            (one["key"], str(one["value"])) for one in found["meta_data"] if not one["key"].startswith(NOISY_META)
        )
    return {name: value for name, value in found.items() if name not in FLUID}


async def exported(desk: Desk, category: int) -> str:
    made = await desk.do("woo_catalog_export", category=category)
    ended = await desk.do("jobs_wait", job=made["job"], seconds=50)
    store = desk.app.services.get(Assets)
    return store.path(await store.get(ended["result"]["asset"])).read_bytes().decode("utf-8-sig")


@asynccontextmanager
async def tidied(shop: Shop, sku: str, name: str) -> AsyncGenerator[None]:
    """Leaves nothing of an import behind, the bin included, however it ended."""
    try:
        yield
    finally:
        for status in ("any", "trash"):
            listed = await shop.read(f"{WC}?status={status}&per_page=100&_fields=id,sku")
            for one in listed:
                if one["sku"].startswith(sku):
                    shop.remember(WC, one["id"])
        for noun in ("categories", "tags", "brands"):
            for one in await shop.read(f"{WC}/{noun}?search={name}"):
                shop.remember(f"{WC}/{noun}", one["id"])


def edited(text: str, sku: str, **cells: str) -> str:
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    for row in rows:
        if row["SKU"] == sku:
            row |= {name.replace("_", " "): cell for name, cell in cells.items()}
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, [*rows[0]], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@pytest.mark.requirement("catalog:import")
async def test_a_catalogue_comes_in_goes_out_and_comes_in_again(wc: Shop, desk: Desk, tmp_path: Path) -> None:
    sku, top = f"X{token()}", f"Season {token()}"
    async with tidied(wc, sku, top):
        await _there_and_back(wc, desk, tmp_path / "in.csv", sku, top)


async def _there_and_back(wc: Shop, desk: Desk, file: Path, sku: str, top: str) -> None:
    unit = (await wc.read("wc/v3/settings/products/woocommerce_weight_unit"))["value"]
    file.write_text(
        "Type,SKU,Name,Published,Regular price,Sale price,Date sale price ends,Categories,Tags,Brands,Stock,Parent,"
        f"Upsells,Description,Weight ({unit}),Attribute 1 name,Attribute 1 value(s),Attribute 1 visible,"
        "Attribute 1 global\n"
        f'variable,{sku},Coat & <b>co</b>,1,,,,{top} > {top} coats,"{top} a\\, b",{top} brand,,,{sku}-B,'
        'One\\nTwo,1.5,Cut,"Slim, Loose",1,0\n'
        f"variation,{sku}-S,,1,120.00,99.90,2031-12-24,,,,4,{sku},,,,Cut,Slim,,0\n"
        f"variation,{sku}-L,,1,125.00,,,,,,0,{sku},,,,Cut,Loose,,0\n"
        f"simple,{sku}-B,'=Belt,0,20,,,{top},,,3,,,,,,,,\n"
    )
    done = await agreed(desk, "woo_catalog_import", path=str(file))
    assert done["state"] == "applied", done
    again = await desk.do("woo_catalog_import", path=str(file))
    assert again["state"] == "nothing_to_change", again
    coat = (await wc.read(f"{WC}?sku={sku}&status=any&context=edit"))[0]
    belt = (await wc.read(f"{WC}?sku={sku}-B&status=any&context=edit"))[0]
    assert (coat["upsell_ids"], coat["description"], coat["weight"]) == ([belt["id"]], "One\nTwo", "1.5")
    assert (belt["name"], belt["status"]) == ("=Belt", "private")
    small = (await wc.read(f"{WC}?sku={sku}-S"))[0]
    assert (small["sale_price"], small["date_on_sale_to"]) == ("99.90", "2031-12-24T23:59:59")
    category = next(one for one in await wc.read(f"{WC}/categories?search={top}") if one["name"] == top)
    text = await exported(desk, category["id"])
    assert text.count("\n") == 5, text
    file.write_text(text)
    same = await desk.do("woo_catalog_import", path=str(file))
    assert same["state"] == "nothing_to_change", same
    before = [await whole(wc, f"{WC}/{coat['id']}"), await whole(wc, f"{WC}/{coat['id']}/variations/{small['id']}")]
    file.write_text(edited(edited(text, f"{sku}-S", Stock="9", Sale_price=""), sku, Name="Cloak", Categories=top))
    change = await agreed(desk, "woo_catalog_import", path=str(file))
    assert change["state"] == "applied", change
    assert (await wc.read(f"{WC}/{coat['id']}"))["name"] == "Cloak"
    assert (await desk.carry_out("changes_undo", change=change["change"]))["state"] == "applied"
    after = [await whole(wc, f"{WC}/{coat['id']}"), await whole(wc, f"{WC}/{coat['id']}/variations/{small['id']}")]
    assert after == before
    undone = await desk.carry_out("changes_undo", change=done["change"])
    assert undone["state"] == "applied", undone
    assert await wc.read(f"{WC}?sku={sku},{sku}-B,{sku}-S&status=any") == []
    for terms in ("categories", "tags", "brands"):
        assert await wc.read(f"{WC}/{terms}?search={top}") == []


@pytest.mark.requirement("catalog:import")
async def test_variations_of_a_shared_attribute(wc: Shop, desk: Desk, tmp_path: Path) -> None:
    sku, fabric = f"X{token()}", f"Fabric {token()}"[:20]
    await wc.make("wc/v3/products/attributes", name=fabric, slug=token())
    async with tidied(wc, sku, fabric):
        await _shared(wc, desk, tmp_path, sku, fabric)


async def _shared(wc: Shop, desk: Desk, tmp_path: Path, sku: str, fabric: str) -> None:
    file = tmp_path / "in.csv"
    head = "Type,SKU,Name,Regular price,Parent,Attribute 1 name,Attribute 1 value(s),Attribute 1 global\n"
    rows = [f'variable,{sku},Coat,,,{fabric},"Silk, Wool",1', f"variation,{sku}-S,,120.00,{sku},{fabric},Silk,1"]
    file.write_text(head + "\n".join(rows))
    done = await agreed(desk, "woo_catalog_import", path=str(file))
    assert done["state"] == "applied", done
    rows = [rows[0].replace("Wool", "Wool, Linen"), f"variation,{sku}-L,,90.00,{sku},{fabric},Linen,1"]
    file.write_text(head + "\n".join(rows))
    more = await agreed(desk, "woo_catalog_import", path=str(file))
    assert more["state"] == "applied", more
    coat = (await wc.read(f"{WC}?sku={sku}&status=any"))[0]
    found = await wc.read(f"{WC}/{coat['id']}/variations?orderby=id&order=asc")
    assert [one["attributes"][0]["option"] for one in found] == ["Silk", "Linen"]
    assert (await desk.do("woo_catalog_import", path=str(file)))["state"] == "nothing_to_change"
    for change in (more, done):
        assert (await desk.carry_out("changes_undo", change=change["change"]))["state"] == "applied"


@pytest.mark.requirement("catalog:import")
async def test_a_row_that_the_shop_would_garble_stops_the_file(wc: Shop, desk: Desk, tmp_path: Path) -> None:
    known = await wc.product(sku=f"X{token()}", regular_price="30.00")
    file = tmp_path / "in.csv"
    file.write_text(f"SKU,Name,Regular price\n{known['sku']},New,40.00\nX{token()},Other,abc\n")
    refused = await desk.refused("woo_catalog_import", path=str(file))
    assert [(one["line"], one["column"]) for one in refused.details["rejected"]] == [(3, "Regular price")]
    assert (await wc.read(f"{WC}/{known['id']}"))["regular_price"] == "30.00"


@pytest.mark.requirement("play:reprice")
async def test_prices_move_above_their_floor_and_back(wc: Shop, desk: Desk) -> None:
    cost = [{"key": "cost_of_making", "value": "20"}]
    sizes = [{"name": "Size", "options": ["S"], "variation": True}]
    one = await wc.product(regular_price="50.00", meta_data=cost)
    low = await wc.product(regular_price="25.00", meta_data=cost)
    dress = await wc.product(type="variable", attributes=sizes, meta_data=cost)
    option = [{"name": "Size", "option": "S"}]
    small = await wc.make(f"{WC}/{dress['id']}/variations", regular_price="60.00", attributes=option)
    paths = [f"{WC}/{one['id']}", f"{WC}/{low['id']}", f"{WC}/{dress['id']}/variations/{small['id']}"]
    before = [await whole(wc, path) for path in paths]
    done = await agreed(
        desk, "play_reprice", filter={"ids": [one["id"], low["id"], dress["id"]]}, move="-10%", min_margin="20",
        ending=".90", cost_field="cost_of_making",
    )  # fmt: skip
    assert [(await wc.read(path))["regular_price"] for path in paths] == ["44.90", "25.00", "53.90"]
    assert any("22.90 is below its floor of 25.00" in text for text in done["warnings"]), done
    assert (await desk.carry_out("changes_undo", change=done["change"]))["state"] == "applied"
    assert [await whole(wc, path) for path in paths] == before


@pytest.mark.requirement("play:reconcile")
async def test_stock_follows_a_count_less_what_was_sold_since(wc: Shop, desk: Desk) -> None:
    sku = f"X{token()}"
    one = await wc.product(sku=sku, regular_price="5.00", manage_stock=True, stock_quantity=10)
    sizes = [{"name": "Size", "options": ["S"], "variation": True}]
    dress = await wc.product(type="variable", attributes=sizes)
    small = await wc.make(
        f"{WC}/{dress['id']}/variations", sku=f"{sku}-S", regular_price="6.00", manage_stock=True, stock_quantity=1,
        attributes=[{"name": "Size", "option": "S"}],
    )  # fmt: skip
    lines = [{"product_id": one["id"], "quantity": 2}]
    await wc.make("wc/v3/orders", status="processing", line_items=lines)
    paths = [f"{WC}/{one['id']}", f"{WC}/{dress['id']}/variations/{small['id']}"]
    before = [await whole(wc, path) for path in paths]
    zone = await desk.app.services.get(ShopClient).zone()
    since = (datetime.now(zone) - timedelta(minutes=2)).replace(tzinfo=None, microsecond=0).isoformat()
    rows = [{"sku": sku.lower(), "counted": 12}, {"sku": f"{sku}-S", "counted": 4}, {"sku": "no such", "counted": 1}]
    done = await agreed(desk, "play_stock_reconcile", rows=rows, counted_at=since)
    assert [(await wc.read(path))["stock_quantity"] for path in paths] == [10, 4]
    assert done["state"] == "applied", done
    assert (await desk.carry_out("changes_undo", change=done["change"]))["state"] == "applied"
    assert [await whole(wc, path) for path in paths] == before


@pytest.mark.requirement("play:brief")
async def test_the_brief_reads_every_part(wc: Shop, desk: Desk) -> None:
    one = await wc.product(regular_price="5.00")
    failed = await wc.make("wc/v3/orders", status="failed", line_items=[{"product_id": one["id"], "quantity": 1}])
    brief = await desk.do("play_morning_brief")
    assert "not_read" not in brief, brief
    assert failed["id"] in [one["id"] for one in brief["failed_payments"]["orders"]]
    assert brief["currency"]
    assert {*brief} >= {"sales", "stock", "stuck_orders", "webhooks", "reviews", "time_zone", "decimals"}
