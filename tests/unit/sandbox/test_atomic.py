"""Many at once, in one process and in several: what is one in the real shop is one here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from devskyy_tools.sandbox import create_sandbox
from tests.unit.sandbox.conftest import client

atomic = pytest.mark.requirement("sandbox:atomic")


async def _together(shop: httpx2.AsyncClient, path: str, body: dict[str, Any], times: int = 5) -> list[httpx2.Response]:
    answers: list[httpx2.Response] = []

    async def one() -> None:
        answers.append(await shop.post(path, json=body))

    async with anyio.create_task_group() as group:
        for _ in range(times):
            group.start_soon(one)
    return answers


@atomic
async def test_one_sku_is_created_once(shop: httpx2.AsyncClient) -> None:
    answers = await _together(shop, "wc/v3/products", {"name": "x", "sku": "ONCE"})
    assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400, 400]
    (made,) = [answer.json() for answer in answers if answer.status_code == 201]
    refused = [answer.json() for answer in answers if answer.status_code == 400]
    assert {error["data"]["resource_id"] for error in refused} == {made["id"]}


@atomic
async def test_paid_orders_reduce_stock_each(shop: httpx2.AsyncClient) -> None:
    body = {"name": "Coat", "regular_price": "10", "manage_stock": True, "stock_quantity": 3}
    product = (await shop.post("wc/v3/products", json=body)).json()
    order = {"set_paid": True, "line_items": [{"product_id": product["id"], "quantity": 1}]}
    assert {answer.status_code for answer in await _together(shop, "wc/v3/orders", order)} == {201}
    left = (await shop.get(f"wc/v3/products/{product['id']}")).json()
    assert (left["stock_quantity"], left["stock_status"]) == (-2, "outofstock")


@atomic
async def test_a_refused_item_leaves_the_batch_and_nothing_else(shop: httpx2.AsyncClient) -> None:
    body = {"create": [{"name": "Good", "sku": "B-1"}, {"name": "Bad", "sku": "B-1"}, {"name": "Fine", "sku": "B-2"}]}
    made = (await shop.post("wc/v3/products/batch", json=body)).json()["create"]
    assert [item.get("error", {}).get("code") for item in made] == [None, "product_invalid_sku", None]
    assert (await shop.get("wc/v3/products", params={"search": "Bad"})).json() == []


@pytest.mark.requirement("sandbox:survives")
async def test_shop_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    async with client(create_sandbox(path)) as http:
        made = (await http.post("wc/v3/products", json={"name": "Kept", "sku": "KEPT"})).json()
    async with client(create_sandbox(path)) as http:
        again = (await http.get(f"wc/v3/products/{made['id']}", params={"context": "edit"})).json()
        counted = (await http.get("wc/v3/products", params={"per_page": 1})).headers["x-wp-total"]
    assert {**again, "related_ids": []} == {**made, "related_ids": []}
    assert int(counted) == SEEDED_PRODUCTS + 1


SEEDED_PRODUCTS = 43
RACE = """
import asyncio, sys
from pathlib import Path
from devskyy_tools.sandbox import create_sandbox
from tests.unit.sandbox.conftest import client

async def main():
    async with client(create_sandbox(Path(sys.argv[1]))) as http:
        for number in range(20):
            answer = await http.post("wc/v3/products", json={"name": "x", "sku": f"RACE-{number}"})
            print(answer.status_code)

asyncio.run(main())
"""


@atomic
def test_processes_share_one_file(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    create_sandbox(path).state.sandbox.store.close()
    command = [sys.executable, "-c", RACE, str(path)]
    paths = {"PYTHONPATH": ".:tools", "PATH": ""}
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=paths) for _ in range(2)]
    said = "".join(process.communicate()[0] for process in running).split()
    assert (said.count("201"), said.count("400")) == (20, 20)
