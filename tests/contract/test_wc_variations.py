"""Variable products and their variations: derived prices, the bin, and what the parent ignores."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client import Shop, ok, refused, token

pytestmark = pytest.mark.requirement("contract:variations")
SIZES = [{"name": "Size", "visible": True, "variation": True, "options": ["S", "M", "L"]}]


async def _coat(shop: Shop, *prices: str, **more: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Make a variable product with one variation per price."""
    coat = await shop.product(type="variable", attributes=SIZES, **more)
    made = [
        await shop.make(
            f"wc/v3/products/{coat['id']}/variations",
            regular_price=price,
            sku=token(),
            attributes=[{"name": "Size", "option": size}],
        )
        for price, size in zip(prices, ("S", "M", "L"), strict=False)
    ]
    return coat, made


async def test_parent_ignores_a_price(wc: Shop) -> None:
    coat, _ = await _coat(wc)
    assert (coat["regular_price"], coat["price"]) == ("", "")
    assert (await wc.change(f"wc/v3/products/{coat['id']}", regular_price="50.00"))["regular_price"] == ""


async def test_parent_price_is_the_lowest(wc: Shop) -> None:
    coat, made = await _coat(wc, "30.00", "20.00")
    seen = await wc.read(f"wc/v3/products/{coat['id']}")
    assert (seen["price"], seen["type"], seen["has_options"]) == ("20.00", "variable", True)
    assert sorted(seen["variations"]) == sorted(variation["id"] for variation in made)


async def test_parent_price_follows(wc: Shop) -> None:
    coat, (small, _) = await _coat(wc, "30.00", "20.00")
    await wc.change(f"wc/v3/products/{coat['id']}/variations/{small['id']}", regular_price="10.00")
    assert (await wc.read(f"wc/v3/products/{coat['id']}"))["price"] == "10.00"


async def test_variation_carries_its_attribute_and_parent(wc: Shop) -> None:
    coat, (small,) = await _coat(wc, "30.00")
    assert small["parent_id"] == coat["id"]
    assert (small["attributes"][0]["name"], small["attributes"][0]["option"]) == ("Size", "S")
    assert small["name"] == "S"
    assert small["type"] == "variation"


async def test_wrong_parent(wc: Shop) -> None:
    _, (small,) = await _coat(wc, "30.00")
    other = await wc.product(type="variable")
    path = f"wc/v3/products/{other['id']}/variations/{small['id']}"
    refused(await wc.get(path), 404, "woocommerce_rest_product_variation_invalid_id")


async def test_variation_of_an_unknown_product_is_a_fatal_error(wc: Shop) -> None:
    answer = await wc.post("wc/v3/products/99999999/variations", {"regular_price": "5.00"})
    refused(answer, 500, "internal_server_error")


async def test_same_combination_twice(wc: Shop) -> None:
    coat, (small,) = await _coat(wc, "30.00")
    twin = await wc.make(f"wc/v3/products/{coat['id']}/variations", attributes=[{"name": "Size", "option": "S"}])
    assert twin["id"] != small["id"]


@pytest.mark.parametrize(("sent", "stored"), [("25.00", "25.00"), ("abc", ""), ("1,234.50", "1234.50"), ("", "")])
async def test_variation_price_as_the_shop_takes_it(wc: Shop, sent: str, stored: str) -> None:
    coat, (small,) = await _coat(wc, "30.00")
    changed = await wc.change(f"wc/v3/products/{coat['id']}/variations/{small['id']}", regular_price=sent)
    assert (changed["regular_price"], changed["price"]) == (stored, stored)


async def test_unpriced_variation_cannot_be_bought(wc: Shop) -> None:
    coat, (small,) = await _coat(wc, "30.00")
    path = f"wc/v3/products/{coat['id']}/variations/{small['id']}"
    assert (await wc.change(path, regular_price=""))["purchasable"] is False


async def test_sku_of_a_variation_is_unique_in_the_shop(wc: Shop) -> None:
    _, (small,) = await _coat(wc, "30.00")
    error = refused(await wc.post("wc/v3/products", {"name": "x", "sku": small["sku"]}), 400, "product_invalid_sku")
    assert error["data"]["resource_id"] == small["id"]


async def test_stock_managed_by_the_parent(wc: Shop) -> None:
    _, (small,) = await _coat(wc, "30.00", manage_stock=True, stock_quantity=7)
    assert small["manage_stock"] == "parent"
    assert small["stock_quantity"] == 7


async def test_own_stock(wc: Shop) -> None:
    coat, (small,) = await _coat(wc, "30.00")
    path = f"wc/v3/products/{coat['id']}/variations/{small['id']}"
    changed = await wc.change(path, manage_stock=True, stock_quantity=3)
    assert (changed["manage_stock"], changed["stock_quantity"], changed["stock_status"]) == (True, 3, "instock")


async def test_binning_the_parent_bins_the_variations(wc: Shop) -> None:
    coat, (small, _) = await _coat(wc, "30.00", "20.00")
    path = f"wc/v3/products/{coat['id']}"
    ok(await wc.delete(path))
    restored = await wc.change(path, status="publish")
    assert restored["variations"] == []
    assert await wc.read(f"{path}/variations") == []
    binned = await wc.read(f"{path}/variations", status="trash")
    assert small["id"] in [variation["id"] for variation in binned]
    body = {"update": [{"id": variation["id"], "status": "publish"} for variation in binned]}
    ok(await wc.http.post(f"{path}/variations/batch", json=body))
    again = await wc.read(path)
    assert (again["price"], again["purchasable"], len(again["variations"])) == ("20.00", True, 2)


async def test_delete_without_force_bins_a_variation(wc: Shop) -> None:
    coat, (small,) = await _coat(wc, "30.00")
    path = f"wc/v3/products/{coat['id']}/variations/{small['id']}"
    assert ok(await wc.delete(path))["status"] == "publish"
    assert (await wc.read(path))["status"] == "trash"


async def test_variation_deleted_for_good(wc: Shop) -> None:
    coat, (small,) = await _coat(wc, "30.00")
    path = f"wc/v3/products/{coat['id']}/variations/{small['id']}"
    ok(await wc.delete(path, force="true"))
    refused(await wc.get(path), 404, "woocommerce_rest_product_variation_invalid_id")
    assert (await wc.read(f"wc/v3/products/{coat['id']}"))["variations"] == []


async def test_generate_makes_what_is_missing(wc: Shop) -> None:
    coat, _ = await _coat(wc, "30.00")
    answer = ok(await wc.http.post(f"wc/v3/products/{coat['id']}/variations/generate", json={}))
    assert answer["count"] == 2
    assert len(await wc.read(f"wc/v3/products/{coat['id']}/variations")) == 3


async def test_batch_of_variations(wc: Shop) -> None:
    coat, (small, medium) = await _coat(wc, "30.00", "20.00")
    body = {"update": [{"id": small["id"], "regular_price": "31.00"}, {"id": medium["id"], "regular_price": "21.00"}]}
    done = ok(await wc.http.post(f"wc/v3/products/{coat['id']}/variations/batch", json=body))
    assert [variation["price"] for variation in done["update"]] == ["31.00", "21.00"]


async def test_global_list_of_variations(wc: Shop) -> None:
    _, (small,) = await _coat(wc, "30.00")
    assert small["id"] in [variation["id"] for variation in await wc.read("wc/v3/variations", per_page=100)]


async def test_replacing_attributes_empties_those_of_the_variations(wc: Shop) -> None:
    coat, (small,) = await _coat(wc, "30.00")
    path = f"wc/v3/products/{coat['id']}"
    other = [{"name": "Colour", "variation": True, "options": ["Red"]}]
    await wc.change(path, attributes=other)
    assert (await wc.read(f"{path}/variations/{small['id']}"))["attributes"] == []
    await wc.change(path, attributes=SIZES)
    assert (await wc.read(f"{path}/variations/{small['id']}"))["attributes"][0]["option"] == "S"
