"""One change over all products that a filter finds, on the demo shop."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.app import local_principal
from devskyy_mcp.changes.asking import Person
from devskyy_mcp.context import Context
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.woocommerce import many
from tests.fakes.demo import Demo, demo

TOOL = "woo_products_bulk_update"
WC = "/wc/v3/products"


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Demo]:
    async with demo(tmp_path) as found:
        yield found


async def client(shop: Demo) -> ShopClient:
    return shop.app.services.get(ShopClient)


async def make(shop: Demo, number: int, **fields: Any) -> list[int]:
    """New products past DevSkyy, in a category of their own: their ids."""
    at = await client(shop)
    found: list[int] = []
    for start in range(0, number, 100):
        items = [
            {"name": f"Shirt {one}", "regular_price": "80.00", "status": "publish", **fields}
            for one in range(start, min(start + 100, number))
        ]
        answer = await at.write("POST", f"{WC}/batch", json={"create": items}, deadline=60)
        found += [one["id"] for one in answer.json()["create"]]
    return found


async def category(shop: Demo, name: str = "Sale") -> int:
    answer = await (await client(shop)).write("POST", f"{WC}/categories", json={"name": name})
    return answer.json()["id"]


async def products(shop: Demo, **params: Any) -> list[dict[str, Any]]:
    return (await (await client(shop)).page(WC, {"per_page": 100, "context": "edit", "status": "any", **params})).items


async def agree(shop: Demo, change: str) -> dict[str, Any]:
    ctx = Context(local_principal(), shop.app.services, surface="page")
    view = await shop.app.changes.decided(ctx, change, Person("Grace", "page"), agreed=True)
    return view.model_dump(mode="json", exclude_none=True)


async def carry_out(shop: Demo, change: str) -> dict[str, Any]:
    async def alive(_conn: Any) -> None:
        pass

    ctx = Context(local_principal(), shop.app.services, surface="job")
    view = await shop.app.changes.carry_out(ctx, change, alive)
    return view.model_dump(mode="json", exclude_none=True)


@pytest.mark.requirement("bulk:filter")
async def test_a_price_move_over_a_category(shop: Demo) -> None:
    sale = await category(shop)
    ids = await make(shop, 12, categories=[{"id": sale}])
    await (await client(shop)).write("PUT", f"{WC}/{ids[0]}", json={"regular_price": "99.99"})
    asked = await shop.do(TOOL, filter={"category": sale}, set={"regular_price": "-15%"})
    assert asked["state"] == "waits_for_person"
    assert asked["summary"] == (
        "Would update 12 products; regular_price moves by -15.0 % to -15.0 % in 12 (sum 979.99 → 832.99)."
    )
    assert asked["changes"][0]["fields"] == {"regular_price": ["99.99", "84.99"]}
    done = await agree(shop, asked["change"])
    assert done["state"] == "applied"
    assert [one["regular_price"] for one in await products(shop, category=sale, orderby="id", order="asc")] == [
        "84.99",
        *["68.00"] * 11,
    ]
    undone = await shop.do("changes_undo", change=done["change"])
    await agree(shop, undone["change"])
    assert {one["regular_price"] for one in await products(shop, category=sale)} == {"99.99", "80.00"}


@pytest.mark.requirement("bulk:filter")
@pytest.mark.parametrize(
    ("given", "price", "sale"),
    [
        ({"regular_price": "19.90"}, "19.90", ""),
        ({"regular_price": "+2.50"}, "82.50", ""),
        ({"regular_price": "-80"}, "0.00", ""),
        ({"sale_price": "-20%"}, "80.00", "64.00"),
        ({"sale_price": "-0.05"}, "80.00", "79.95"),
        ({"regular_price": "+10%", "sale_price": "-50%"}, "88.00", "44.00"),
        ({"regular_price": "-33.333%"}, "53.33", ""),
    ],
)
async def test_prices_are_set_or_moved(shop: Demo, given: dict[str, str], price: str, sale: str) -> None:
    ids = await make(shop, 2)
    done = await shop.do(TOOL, filter={"ids": ids}, set=given, preview=True)
    await agree(shop, done["change"])
    assert {(one["regular_price"], one["sale_price"]) for one in await products(shop, include=ids)} == {(price, sale)}


@pytest.mark.requirement("bulk:filter")
async def test_a_move_per_named_product(shop: Demo) -> None:
    one, two = await make(shop, 2)
    done = await shop.do(TOOL, items=[{"id": one, "regular_price": "-10%"}, {"id": two, "name": "Coat"}])
    assert done["state"] == "applied"
    found = {product["id"]: product for product in await products(shop, include=[one, two])}
    assert (found[one]["regular_price"], found[two]["name"]) == ("72.00", "Coat")


@pytest.mark.requirement("bulk:filter")
async def test_every_condition_counts(shop: Demo) -> None:
    sale = await category(shop)
    answer = await (await client(shop)).write("POST", f"{WC}/tags", json={"name": "bulk"})
    tag = answer.json()["id"]
    rest = {"categories": [{"id": sale}]}
    meant = await make(
        shop, 1, **rest, tags=[{"id": tag}], regular_price="50", sale_price="40", stock_status="onbackorder"
    )
    await make(shop, 1, **rest, tags=[{"id": tag}], regular_price="50", stock_status="onbackorder")
    await make(shop, 1, **rest, regular_price="50", sale_price="40", stock_status="onbackorder")
    await make(shop, 1, **rest, tags=[{"id": tag}], regular_price="50", sale_price="45", stock_status="onbackorder")
    await make(shop, 1, **rest, tags=[{"id": tag}], regular_price="50", sale_price="40", status="draft")
    given = {
        "category": sale, "tag": tag, "on_sale": True, "stock_status": "onbackorder", "min_price": "40",
        "max_price": "41", "status": "publish", "type": "simple", "search": "Shirt",
    }  # fmt: skip
    plan = await shop.do(TOOL, filter=given, set={"status": "private"}, preview=True)
    assert [row["id"] for row in plan["changes"]] == [str(meant[0])]


@pytest.mark.requirement("bulk:variations")
async def test_prices_of_variable_products_are_those_of_their_variations(shop: Demo) -> None:
    parent = (await products(shop, type="variable"))[0]
    path = f"{WC}/{parent['id']}/variations"
    before = {
        one["id"]: one for one in (await (await client(shop)).page(path, {"per_page": 100, "status": "any"})).items
    }
    without = await shop.do(TOOL, filter={"ids": [parent["id"]]}, set={"regular_price": "+10.00"}, preview=True)
    assert without["state"] == "nothing_to_change"
    assert "include_variations" in " ".join(without["warnings"])
    plan = await shop.do(
        TOOL, filter={"ids": [parent["id"]]}, set={"regular_price": "+10.00"}, include_variations=True, preview=True
    )
    assert plan["counts"] == {"update": len(before)}
    await agree(shop, plan["change"])
    after = (await (await client(shop)).page(path, {"per_page": 100, "status": "any"})).items
    assert len(after) == len(before) > 1
    for one in after:
        assert float(one["regular_price"]) == float(before[one["id"]]["regular_price"]) + 10


@pytest.mark.requirement("bulk:filter")
async def test_what_the_shop_would_garble_is_left_out_and_told(shop: Demo) -> None:
    cheap = await make(shop, 2, regular_price="5.00")
    fine = await make(shop, 3)
    plan = await shop.do(TOOL, filter={"ids": [*cheap, *fine, 999_999]}, set={"regular_price": "-6"}, preview=True)
    assert plan["counts"] == {"update": 3}
    told = "\n".join(plan["warnings"])
    assert told.count("Left out: ") == 2
    assert "below zero" in told
    assert "1 id match no product" in told


@pytest.mark.requirement("bulk:filter")
async def test_a_filter_that_matches_nothing(shop: Demo) -> None:
    found = await shop.do(TOOL, filter={"search": "no such thing", "on_sale": True}, set={"status": "draft"})
    assert found["state"] == "nothing_to_change"
    assert found["summary"] == "Nothing to change: no product matches search no such thing, on_sale True."
    ids = await make(shop, 2)
    same = await shop.do(TOOL, filter={"ids": ids}, set={"regular_price": "80"})
    assert same["summary"] == "Nothing to change: all 2 products that match are as asked already."
    assert shop.writes == ["POST /wc/v3/products/batch"]


@pytest.mark.requirement("bulk:filter")
@pytest.mark.parametrize("everything", [{}, {"min_price": "0"}])
async def test_a_filter_that_matches_everything_asks_explicitly(shop: Demo, everything: dict[str, Any]) -> None:
    total = (await (await client(shop)).page(WC, {"per_page": 1, "status": "any"})).total
    plan = await shop.do(TOOL, filter=everything, set={"stock_status": "onbackorder"}, preview=True)
    assert f"Matches every product of the shop ({total})." in plan["asks"]
    some = await shop.do(TOOL, filter={"type": "variable"}, set={"status": "draft"}, preview=True)
    assert not any("every product" in why for why in some["asks"])


@pytest.mark.requirement("bulk:filter")
async def test_a_filter_that_finds_too_many_says_what_to_narrow(shop: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "MOST", 10)
    refused = await shop.refused(TOOL, filter={}, set={"status": "draft"})
    assert refused.code is Code.INVALID_ARGUMENTS
    assert "at most 10 can be changed" in refused.message
    assert "category" in refused.hint


@pytest.mark.requirement("bulk:filter")
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "either items, or filter and set"),
        ({"filter": {}}, "either items, or filter and set"),
        ({"set": {"status": "draft"}, "items": [{"id": 1}]}, "either items, or filter and set"),
        ({"filter": {}, "set": {}}, "set names no field"),
        ({"filter": {}, "set": {"name": "Dress"}}, "one id or name"),
        ({"filter": {}, "set": {"regular_price": "10%"}}, "with its sign"),
        ({"filter": {}, "set": {"regular_price": "1,234.50"}}, "Write 1234.50"),
        ({"filter": {}, "set": {"regular_price": "abc"}}, "no amount"),
        ({"filter": {"colour": "red"}, "set": {"status": "draft"}}, "colour is not an argument"),
        ({"filter": {}, "set": {"categories": [99_999]}}, "no product category 99999"),
        ({"items": []}, "names no product"),
        ({"items": [{"name": "x"}]}, "needs the id"),
        ({"items": [{"id": 61, "name": "x"}], "include_variations": True}, "goes with filter"),
    ],
)
async def test_bad_input_is_refused_in_words(shop: Demo, given: dict[str, Any], says: str) -> None:
    refused = await shop.refused(TOOL, **given)
    assert says in refused.message
    assert shop.writes == []


@pytest.mark.requirement("bulk:requests")
async def test_a_hundred_products_take_eight_requests(shop: Demo) -> None:
    sale = await category(shop)
    await make(shop, 100, categories=[{"id": sale}])
    shop.shop.requests.clear()
    plan = await shop.do(TOOL, filter={"category": sale}, set={"regular_price": "+1.00"}, preview=True)
    done = await agree(shop, plan["change"])
    assert done["counts"] == {"done": 100}
    assert len(shop.shop.requests) <= 8, [f"{one.method} {one.path}" for one in shop.shop.requests]


@pytest.mark.requirement("bulk:job")
async def test_four_hundred_products_with_variations_as_one_job_and_one_undo(shop: Demo) -> None:
    sale = await category(shop)
    ids = await make(shop, 400, categories=[{"id": sale}])
    shop.shop.requests.clear()
    plan = await shop.do(TOOL, filter={"category": sale}, set={"regular_price": "-25%"}, preview=True)
    assert (len(plan["changes"]), plan["more"]) == (20, 380)
    started = await agree(shop, plan["change"])
    assert started["state"] == "applying"
    changed = ids[17]
    await (await client(shop)).write("PUT", f"{WC}/{changed}", json={"regular_price": "75.00"})
    before = len(shop.shop.requests)
    done = await carry_out(shop, plan["change"])
    assert done["counts"] == {"skipped": 1, "done": 399}
    assert "regular_price is 75.00, was 80.00" in done["changes"][0]["note"]
    assert len(shop.shop.requests) - before == 2 * 8  # a list and a batch for each 50
    async with shop.app.services.get(Database).read() as conn:
        from devskyy_mcp.changes import pages

        kept = await pages.in_order(conn, plan["change"], 0, 1)
    assert kept[0].outcome.inverse == {"regular_price": "80.00"}
    undoing = await shop.do("changes_undo", change=plan["change"])
    await agree(shop, undoing["change"])
    undone = await carry_out(shop, undoing["change"])
    assert (undone["state"], undone["counts"]) == ("applied", {"done": 399})
    found = {one["regular_price"] for page in range(1, 5) for one in await products(shop, category=sale, page=page)}
    assert found == {"80.00", "75.00"}
