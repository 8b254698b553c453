"""The demo brand: enough of everything, the same every time, and real pictures."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from typing import Any, cast

import httpx2
import pytest

from devskyy_tools.sandbox import DEMO_KEY, DEMO_SECRET, create_sandbox
from tests.unit.sandbox.conftest import client

brand = pytest.mark.requirement("sandbox:brand")


async def _all(shop: httpx2.AsyncClient, path: str, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        answer = await shop.get(path, params={"per_page": 100, "page": len(found) // 100 + 1, **params})
        found += answer.json()
        if len(found) >= int(answer.headers["x-wp-total"]):
            return found


@brand
async def test_there_is_enough_of_everything(shop: httpx2.AsyncClient) -> None:
    products, orders = await _all(shop, "wc/v3/products"), await _all(shop, "wc/v3/orders")
    assert len(products) >= 40
    assert {product["type"] for product in products} == {"simple", "variable"}
    assert len(await _all(shop, "wc/v3/variations")) >= 60
    assert len(orders) >= 15
    assert {"pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed"} <= {
        order["status"] for order in orders
    }
    assert any(order["refunds"] for order in orders)
    customers = await _all(shop, "wc/v3/customers")
    assert len(customers) >= 8
    assert all(customer["email"].endswith("@example.com") for customer in customers)
    for path in ("wc/v3/coupons", "wc/v3/products/reviews", "wp/v2/posts", "wp/v2/pages", "wp/v2/media"):
        assert len(await _all(shop, path)) >= 3


@brand
async def test_collections_are_children_of_one_category(shop: httpx2.AsyncClient) -> None:
    categories = await _all(shop, "wc/v3/products/categories")
    (parent,) = [category for category in categories if category["name"] == "Collections"]
    children = {category["name"]: category["count"] for category in categories if category["parent"] == parent["id"]}
    assert set(children) == {"SIGNATURE", "BLACK ROSE", "LOVE HURTS"}
    assert min(children.values()) >= 10


@brand
async def test_every_shop_is_the_same_but_for_dates_and_chance(shop: httpx2.AsyncClient) -> None:
    async with client(create_sandbox()) as other:
        for path in ("wc/v3/products", "wc/v3/orders", "wp/v2/media"):
            assert [_fixed(one) for one in await _all(shop, path)] == [_fixed(one) for one in await _all(other, path)]


def _fixed(body: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in body.items() if "date" not in name and name not in ("related_ids", "modified")
    }


@brand
async def test_pictures_are_real(shop: httpx2.AsyncClient) -> None:
    (media,) = (await shop.get("wp/v2/media", params={"per_page": 1})).json()
    for url in (media["source_url"], media["media_details"]["sizes"]["thumbnail"]["source_url"]):
        answer = await shop.get(url)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert struct.unpack(">II", answer.content[16:24]) == (160, 200)
    length = struct.unpack(">I", answer.content[33:37])[0]
    assert len(zlib.decompress(answer.content[41 : 41 + length])) == 200 * (1 + 3 * 160)


@brand
async def test_without_goods_there_are_still_people_and_settings() -> None:
    async with client(create_sandbox(seed=False)) as shop:
        assert (await shop.get("wc/v3/products")).json() == []
        assert (await shop.get("wp/v2/users/me")).json()["name"] == "Demo"
        assert (await shop.get("wc/v3/data/currencies/current")).json()["code"] == "EUR"


@pytest.mark.requirement("sandbox:addresses")
async def test_addresses_come_from_the_stored_url_with_the_requests_scheme() -> None:
    app = create_sandbox(url="http://stored.example:8081")
    transport = httpx2.ASGITransport(app=cast("Any", app))
    async with httpx2.AsyncClient(transport=transport, base_url="https://asked.example") as shop:
        answer = await shop.get("/wp-json/wc/v3/products", params={"per_page": 1}, auth=(DEMO_KEY, DEMO_SECRET))
    assert answer.headers["link"].startswith("<https://stored.example:8081/wp-json/wc/v3/products?")
    assert answer.json()[0]["images"][0]["src"].startswith("https://stored.example:8081/wp-content/uploads/")


@pytest.mark.requirement("sandbox:cheap")
def test_import_is_cheap() -> None:
    code = (
        "import sys, devskyy_tools.sandbox; "
        "print([name for name in ('sqlalchemy', 'PIL', 'numpy', 'httpx2', 'mcp', 'uvicorn') if name in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": ".:tools"}, check=True
    )
    assert said.stdout.strip() == "[]"
