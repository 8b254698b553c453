"""Stock against a count, on the demo shop."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.errors import Code
from devskyy_tools.shop.client import ShopClient
from tests.fakes.demo import Demo, demo

TOOL = "play_stock_reconcile"
WC = "/wc/v3/products"


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Demo]:
    async with demo(tmp_path) as found:
        yield found


async def made(shop: Demo, path: str, **body: Any) -> dict[str, Any]:
    return (await shop.app.services.get(ShopClient).write("POST", path, json=body)).json()


async def known(shop: Demo) -> dict[str, str]:
    """Paths of a shirt of 10 pieces, a dress in two sizes of 5 each, and a belt that is not counted."""
    shirt = await made(shop, WC, name="Shirt", sku="CNT-1", regular_price="10", manage_stock=True, stock_quantity=10)
    sizes = [{"name": "Size", "options": ["S", "M"], "variation": True}]
    dress = await made(shop, WC, name="Dress", sku="CNT-2", type="variable", attributes=sizes)
    found = {"CNT-1": f"{WC}/{shirt['id']}", "CNT-2": f"{WC}/{dress['id']}"}
    for size in "SM":
        one = await made(
            shop, f"{found['CNT-2']}/variations", sku=f"CNT-2-{size}", regular_price="20", manage_stock=True,
            stock_quantity=5, attributes=[{"name": "Size", "option": size}],
        )  # fmt: skip
        found[f"CNT-2-{size}"] = f"{found['CNT-2']}/variations/{one['id']}"
    belt = await made(shop, WC, name="Belt", sku="CNT-3", regular_price="5")
    return {**found, "CNT-3": f"{WC}/{belt['id']}"}


async def stock(shop: Demo, paths: dict[str, str]) -> dict[str, int | None]:
    client = shop.app.services.get(ShopClient)
    return {sku: (await client.get(path))["stock_quantity"] for sku, path in paths.items()}


async def order(shop: Demo, path: str, quantity: int, status: str) -> None:
    ids = [int(part) for part in path.split("/") if part.isdigit()]
    line = {"product_id": ids[0], "quantity": quantity, **({"variation_id": ids[1]} if ids[1:] else {})}
    await made(shop, "/wc/v3/orders", status=status, line_items=[line])


COUNT = "SKU,counted,where\nCNT-1,8,shelf\nCNT-2-S,5,shelf\nCNT-2-M,0,\nCNT-3,4,back room\n"


@pytest.mark.requirement("play:reconcile")
async def test_a_count_sets_products_and_variations_with_one_undo(shop: Demo, tmp_path: Path) -> None:
    paths = await known(shop)
    (tmp_path / "count.csv").write_text(COUNT)
    before = await stock(shop, paths)
    shown = await shop.do(TOOL, path=str(tmp_path / "count.csv"), preview=True)
    assert shown["summary"] == (
        "Would set the stock of 3 SKUs: 1 up by 4, 2 down by 7 pieces; 1 SKU as counted already."
    )
    assert any("counted_at is not given" in one for one in shown["warnings"])
    assert any("its stock was not counted" in one for one in shown["warnings"])
    done = await shop.do("changes_apply", change=shown["change"])
    assert await stock(shop, paths) == {"CNT-1": 8, "CNT-2": None, "CNT-2-S": 5, "CNT-2-M": 0, "CNT-3": 4}
    undone = await shop.do("changes_undo", change=done["change"])
    assert undone["state"] == "applied", undone
    assert await stock(shop, paths) == before


@pytest.mark.requirement("play:reconcile")
async def test_sales_since_the_count_are_taken_off(shop: Demo) -> None:
    paths = await known(shop)
    zone = await shop.app.services.get(ShopClient).zone()
    counted_at = (datetime.now(zone) - timedelta(minutes=5)).replace(tzinfo=None, microsecond=0)
    await order(shop, paths["CNT-1"], 2, "processing")
    await order(shop, paths["CNT-1"], 1, "completed")
    await order(shop, paths["CNT-1"], 4, "pending")
    await order(shop, paths["CNT-2-S"], 3, "on-hold")
    rows = [{"sku": "CNT-1", "counted": 10}, {"sku": "cnt-2-s", "counted": 1}, {"sku": "CNT-2-M", "counted": 6}]
    done = await shop.do(TOOL, rows=rows, counted_at=counted_at.isoformat())
    assert done["state"] == "applied", done
    found = await stock(shop, paths)
    assert (found["CNT-1"], found["CNT-2-S"], found["CNT-2-M"]) == (7, 0, 6)
    assert any("3 orders placed since" in one for one in done["warnings"])
    assert "1 SKU sold more since than was counted: set to 0." in done["warnings"]


@pytest.mark.requirement("play:reconcile")
async def test_what_matches_nothing_or_twice_is_told_and_the_rest_goes(shop: Demo, tmp_path: Path) -> None:
    paths = await known(shop)
    text = "sku;qty\nCNT-1;7\nNOPE;3\nCNT-3;1\ncnt-3;2\nCNT-2;9\n;4\nCNT-2-S;-1\nCNT-2-M;two\n"
    (tmp_path / "count.csv").write_text(text)
    done = await shop.do(TOOL, path=str(tmp_path / "count.csv"))
    assert done["state"] == "applied", done
    assert (await stock(shop, paths))["CNT-1"] == 7
    told = "\n".join(done["warnings"])
    for says in (
        "line 3: No product or variation has the SKU NOPE",
        "line 4: CNT-3 is counted more than once",
        "line 6: CNT-2 is a variable product",
        "7 lines left out in all; devskyy://reports/ast_",
    ):
        assert says in told, told


@pytest.mark.requirement("play:reconcile")
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"rows": [{"sku": "NOPE", "counted": 1}]}, "None of 1 line can be set"),
        ({"rows": [{"sku": "CNT-1", "counted": -1}]}, "greater than or equal to 0"),
        ({"rows": [{"sku": "CNT-1", "counted": 1}], "asset": "ast_1"}, "not both"),
        ({}, "exactly one of url, asset and path"),
        ({"rows": [{"sku": "CNT-1", "counted": 1}], "counted_at": "yesterday"}, "no time"),
        ({"rows": [{"sku": "CNT-1", "counted": 1}], "counted_at": "2999-01-01T00:00:00"}, "still to come"),
        ({"asset": "ast_" + "0" * 64}, "no such asset"),
    ],
)
async def test_bad_counts_are_refused(shop: Demo, given: dict[str, Any], says: str) -> None:
    await known(shop)
    before = len(shop.writes)
    refused = await shop.refused(TOOL, **given)
    assert refused.code in (Code.INVALID_ARGUMENTS, Code.NOT_FOUND)
    assert says in refused.message
    assert len(shop.writes) == before


@pytest.mark.requirement("play:reconcile")
@pytest.mark.parametrize(
    ("text", "says"),
    [("name,counted\nA,1\n", "no column SKU"), ("sku,name\nA,B\n", "no column counted"), ("sku,counted\n", "no lines")],
)
async def test_files_of_another_kind_are_refused(shop: Demo, tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "count.csv").write_text(text)
    assert says in (await shop.refused(TOOL, path=str(tmp_path / "count.csv"))).message
