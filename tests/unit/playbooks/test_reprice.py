"""Re-pricing with a floor, on the demo shop."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.errors import Code
from devskyy_tools.playbooks.reprice import Rule, ended
from devskyy_tools.shop.client import ShopClient
from tests.fakes.demo import Demo, demo

TOOL = "play_reprice"
WC = "/wc/v3/products"


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Demo]:
    async with demo(tmp_path, shop_cost_field="_cost") as found:
        yield found


async def made(shop: Demo, path: str, body: dict[str, Any]) -> dict[str, Any]:
    return (await shop.app.services.get(ShopClient).write("POST", path, json=body)).json()


async def known(shop: Demo) -> tuple[dict[str, Any], dict[str, int]]:
    """A category with a product of each kind, and their ids: cost 60 where they have one."""
    category = await made(shop, f"{WC}/categories", {"name": "Repriced"})
    cost = [{"key": "_cost", "value": "60"}]
    at = {"categories": [{"id": category["id"]}], "status": "publish"}

    async def product(**fields: Any) -> int:
        return (await made(shop, WC, {"name": "Shirt", **at, **fields}))["id"]

    variable = await product(
        type="variable", meta_data=cost,
        attributes=[{"name": "Size", "options": ["S", "M"], "variation": True}],
    )  # fmt: skip
    own = [{"key": "_cost", "value": "90"}]
    ids = {
        "plain": await product(regular_price="120.00", meta_data=cost),
        "near": await product(regular_price="101.00", meta_data=cost),
        "costless": await product(regular_price="120.00"),
        "priceless": await product(meta_data=cost),
        "variable": variable,
    }
    for size, more in (("S", {}), ("M", {"meta_data": own})):
        one = {"attributes": [{"name": "Size", "option": size}], "regular_price": "120.00", **more}
        ids[size] = (await made(shop, f"{WC}/{variable}/variations", one))["id"]
    return {"category": category["id"]}, ids


async def prices(shop: Demo, ids: dict[str, int]) -> dict[str, str]:
    client = shop.app.services.get(ShopClient)
    found = {name: f"{WC}/{one}" for name, one in ids.items() if name not in "SM"}
    found |= {name: f"{WC}/{ids['variable']}/variations/{ids[name]}" for name in "SM"}
    return {name: (await client.get(path))["regular_price"] for name, path in found.items()}


@pytest.mark.requirement("play:reprice")
async def test_prices_fall_no_further_than_their_floor(shop: Demo) -> None:
    wanted, ids = await known(shop)
    before = await prices(shop, ids)
    # A cost of 60 and a margin of 33 % make a floor of 89.56: 120 - 20 % is 96, 101 - 20 % is 80.80.
    shown = await shop.do(TOOL, filter=wanted, move="-20%", min_margin="33", preview=True)
    assert shown["summary"] == (
        "Would update 1 product and 1 variation; regular_price moves by -20.0 % to -20.0 % in 2 (sum 240.00 → 192.00); "
        "2 below the floor, 1 without a cost, 1 without a price stay as they are."
    )
    assert any("80.80 is below its floor of 89.56 (cost 60.00)" in one for one in shown["warnings"])
    assert any("is below its floor of 134.33 (cost 90.00)" in one for one in shown["warnings"]), (
        "a variation's own cost"
    )
    assert await prices(shop, ids) == before
    done = await shop.do("changes_apply", change=shown["change"])
    assert done["state"] == "applied", done
    after = await prices(shop, ids)
    assert after == {**before, "plain": "96.00", "S": "96.00"}
    undone = await shop.do("changes_undo", change=done["change"])
    assert undone["state"] == "applied", undone
    assert await prices(shop, ids) == before


@pytest.mark.requirement("play:reprice")
async def test_sale_prices_endings_and_no_variations(shop: Demo) -> None:
    wanted, ids = await known(shop)
    done = await shop.do(
        TOOL, filter=wanted, move="-20%", price="sale_price", ending=".90", include_variations=False, min_margin=20
    )
    assert done["state"] == "applied", done
    client = shop.app.services.get(ShopClient)
    assert (await client.get(f"{WC}/{ids['plain']}"))["sale_price"] == "95.90"
    assert (await client.get(f"{WC}/{ids['near']}"))["sale_price"] == "80.90"
    assert (await client.get(f"{WC}/{ids['variable']}/variations/{ids['S']}"))["sale_price"] == ""


@pytest.mark.requirement("play:reprice")
async def test_what_is_all_below_the_floor_changes_nothing(shop: Demo) -> None:
    wanted, _ = await known(shop)
    done = await shop.do(TOOL, filter=wanted, move="-70%", min_margin="10")
    assert (done["state"], done["summary"]) == (
        "nothing_to_change",
        "Nothing to change: 4 below the floor, 1 without a cost, 1 without a price stay as they are.",
    )


@pytest.mark.requirement("play:reprice")
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"move": "-20%", "min_margin": "100"}, "below 100 percent"),
        ({"move": "20"}, None),
        ({"move": "-20", "min_margin": "10"}, "can't be negative"),
        ({"move": "abc"}, "no amount"),
        ({"move": "-5%", "min_margin": "-5"}, "can't be negative"),
        ({"move": "-5%", "ending": ".50"}, "ending"),
        ({"move": "-5%", "filter": {"colour": "red"}}, "colour"),
    ],
)
async def test_bad_rules_are_refused(shop: Demo, given: dict[str, Any], says: str | None) -> None:
    arguments = {"filter": {"ids": [999_999]}, **given}
    if says is None:
        assert (await shop.do(TOOL, **arguments))["state"] == "nothing_to_change"
        return
    refused = await shop.refused(TOOL, **arguments)
    assert refused.code is Code.INVALID_ARGUMENTS
    assert says in refused.message
    assert shop.writes == []


@pytest.mark.requirement("play:reprice")
async def test_without_a_cost_there_is_no_floor(tmp_path: Path) -> None:
    async with demo(tmp_path) as shop:
        refused = await shop.refused(TOOL, filter={}, move="-5%")
        assert "no floor" in refused.message
        assert (await shop.do(TOOL, filter={"ids": [999_999]}, move="-5%", cost_field="_cost"))["state"]


RULE = Rule("-10%", "regular_price", Decimal(0), Decimal(0), None, "_cost", 2)


@pytest.mark.requirement("play:reprice")
@pytest.mark.parametrize(
    ("price", "ending", "to"),
    [
        ("85.40", ".90", "85.90"),
        ("85.39", ".90", "84.90"),
        ("85.40", ".00", "85.00"),
        ("85.50", ".00", "86.00"),
        ("85.44", ".95", "84.95"),
        ("85.45", ".95", "85.95"),
        ("85.49", ".99", "85.99"),
        ("0.20", ".90", "0.90"),
        ("0.30", ".00", "1.00"),
    ],
)
def test_the_nearest_ending(price: str, ending: str, to: str) -> None:
    assert ended(Decimal(price), Decimal(ending)) == Decimal(to)


@pytest.mark.requirement("play:reprice")
def test_floors_are_exact_and_rounded_up() -> None:
    assert RULE._replace(margin=Decimal(30)).floor(Decimal(60)) == Decimal("85.72")
    assert RULE._replace(margin=Decimal(30), tax=Decimal(20)).floor(Decimal(60)) == Decimal("102.86")
    assert RULE._replace(margin=Decimal(30), decimals=0).floor(Decimal(60)) == Decimal(86)
    # 95.20 ends in .00 as 95.00, which is below a floor of 95.10: the next one up is taken.
    up = RULE._replace(ending=".00")
    assert up.of(Decimal("105.78"), Decimal("95.10")) == Decimal("96.00")
