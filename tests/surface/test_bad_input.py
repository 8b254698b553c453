"""Bad input and a bad shop: each is told in words that say what to do, and nothing is written to the shop."""

from __future__ import annotations

import inspect
import socket
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.http import Upstream
from devskyy_mcp.surfaces.http import create_http
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.connection import ShopSettings, connect
from devskyy_tools.shop.signing import Credentials, signer
from tests.fakes.demo import LOGIN, Demo, demo

pytestmark = pytest.mark.requirement("surface:bad-input")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Demo]:
    async with demo(tmp_path) as made:
        yield made


async def dress(desk: Demo, **more: Any) -> dict[str, Any]:
    """A simple product with a counted stock, as the shop has it."""
    found = await desk.do("woo_products_list", type="simple", status="publish", limit=50, **more)
    return next(one for one in found["items"] if one.get("stock", 0) > 0 and "sale_price" not in one)


async def test_unknown_argument(desk: Demo) -> None:
    refused = await desk.refused("woo_products_update", id=1, regular_prise="19.90")
    assert refused.code is Code.INVALID_ARGUMENTS
    assert "regular_prise" in refused.message
    assert "regular_price" in f"{refused.message} {refused.hint}"
    assert not desk.shop.requests


async def test_lists_and_texts_of_the_wrong_length(desk: Demo) -> None:
    for items, says in (
        ([], "at least 1 entry"),
        ([{"id": one, "quantity": 1} for one in range(1, 102)], "at most 100"),
    ):
        refused = await desk.refused("woo_stock_update", items=items)
        assert refused.message.startswith(f"items must have {says}")
    assert (await desk.refused("wp_search", query="")).message == "query must have at least 1 character."
    assert not desk.shop.requests


async def test_unknown_field_of_the_shop(desk: Demo) -> None:
    found = await dress(desk)
    refused = await desk.refused("woo_products_update", id=found["id"], more={"tax_clas": "reduced-rate"})
    assert refused.code is Code.INVALID_ARGUMENTS
    assert "tax_clas" in refused.message
    assert "tax_class" in f"{refused.message} {refused.hint}"
    assert desk.writes == []


PRICES: list[tuple[Any, str]] = [
    ("abc", 'That is no amount; write digits with a decimal point, such as "19.90".'),
    ("", 'An amount can\'t be empty; write it as "19.90".'),
    ("1,234.50", "Write 1234.50 without thousands separators."),
    ("NaN", 'That is no amount; write digits with a decimal point, such as "19.90".'),
    ("-5.00", "An amount can't be negative."),
    (19.9, 'Write the amount as a string, "19.90", not as a number: a float is not exact.'),
]


@pytest.mark.parametrize("tool", ["woo_products_update", "woo_products_bulk_update", "woo_products_create"])
async def test_price(desk: Demo, tool: str) -> None:
    """The shop itself would answer 200 to each, and empty the price or misread it."""
    for price, says in PRICES:
        fields = {"regular_price": price}
        arguments: dict[str, Any] = {
            "woo_products_update": {"id": 1, **fields},
            "woo_products_bulk_update": {"items": [{"id": 1, **fields}]},
            "woo_products_create": {"name": "Coat", **fields},
        }[tool]
        refused = await desk.refused(tool, **arguments)
        assert refused.code is Code.INVALID_ARGUMENTS
        if tool == "woo_products_bulk_update" and price == "-5.00":
            says = f'{says} Write "by:-5.00" to take that much off.'  # only there are moves
        assert refused.message.endswith(f"regular_price is not right: {says}")
    assert not desk.shop.requests


async def test_sale_above_regular(desk: Demo) -> None:
    found = await dress(desk)
    refused = await desk.refused("woo_products_update", id=found["id"], sale_price="9999.00")
    assert refused.code is Code.INVALID_ARGUMENTS
    assert f"the sale price 9999.00 is not below the regular price {found['regular_price']}." in refused.message
    assert refused.hint == "Set a lower sale_price, or clear it with an empty one."
    assert desk.writes == []


async def test_order_of_a_product_that_is_not_there(desk: Demo) -> None:
    refused = await desk.refused("woo_orders_create", lines=[{"product_id": 987654, "quantity": 1}])
    assert refused.code is Code.NOT_FOUND
    assert "987654" in refused.message
    assert desk.writes == []


async def test_oversell(desk: Demo) -> None:
    found = await dress(desk)
    refused = await desk.refused("woo_orders_create", lines=[{"product_id": found["id"], "quantity": 9999}])
    assert refused.code is Code.CONFLICT
    assert f"only {found['stock']} of" in refused.message
    assert refused.hint == "Lower the quantity, or raise the stock first."
    assert desk.writes == []


async def test_a_page_past_the_end(desk: Demo) -> None:
    for tool in ("woo_products_list", "wp_media_list"):
        found = await desk.do(tool, page=999, limit=20)
        assert found["items"] == []
        assert found["total"] > 0
        assert found["note"].startswith("There ")
        assert f"only {found['pages']} page" in found["note"]


async def test_wrong_password(tmp_path: Path) -> None:
    async with demo(tmp_path, Credentials("demo", "wrong wrong wrong wrong wrong wrong")) as desk:
        refused = await desk.refused("woo_products_create", name="Coat", sku="WRONG-1")
        assert refused.code is Code.UPSTREAM_REFUSED
        assert "WORDPRESS_APP_PASSWORD" in refused.hint
        assert "wrong wrong" not in str(refused.as_dict())
        assert desk.writes == []


def test_http_without_local_environment() -> None:
    with pytest.raises(Refused) as caught:
        connect(ShopSettings("http://shop.example.com", "demo", "secret"))
    assert caught.value.code is Code.NOT_CONFIGURED
    assert "the application password would travel in the clear" in caught.value.message
    assert "WORDPRESS_ENVIRONMENT=local" in caught.value.hint


async def test_a_string_of_1_mb(desk: Demo) -> None:
    refused = await desk.refused("woo_products_create", name="Coat", description="x" * 1_000_000)
    assert refused.code is Code.TOO_LARGE
    assert refused.message == "The arguments are larger than 512 KiB."
    assert not desk.shop.requests


async def test_10_000_ids(desk: Demo) -> None:
    items = [{"id": number, "name": "x"} for number in range(1, 10_001)]
    refused = await desk.refused("woo_products_bulk_update", items=items)
    assert refused.code is Code.INVALID_ARGUMENTS
    assert "items" in refused.message
    assert "100" in refused.message
    refused = await desk.refused("woo_products_update", id=1, categories=list(range(1, 10_001)))
    assert refused.code is Code.INVALID_ARGUMENTS
    assert "categories" in refused.message
    assert not desk.shop.requests


async def test_the_shop_answers_with_a_web_page(desk: Demo) -> None:
    desk.shop.faults.html(times=10)
    refused = await desk.refused("woo_products_update", id=1, name="x")
    assert refused.code is Code.UPSTREAM_INVALID
    assert refused.message == "The shop answered with a web page instead of JSON (status 200)."
    assert desk.writes == []


async def test_the_shop_answers_with_half_a_json(desk: Demo) -> None:
    found = await dress(desk)
    desk.shop.faults.truncated(times=10)
    refused = await desk.refused("woo_products_update", id=found["id"], name="x")
    assert refused.code is Code.UPSTREAM_INVALID
    assert refused.message == "The shop answered with JSON that is cut off or damaged (status 200)."
    assert desk.writes == []


async def test_half_a_json_after_a_write_is_read_again(desk: Demo) -> None:
    """The shop has done it: that is found out, and it is not sent again."""
    found = await dress(desk)
    desk.shop.faults.truncated(method="PUT")
    done = await desk.do("woo_products_update", id=found["id"], name="Renamed")
    assert done["state"] == "applied"
    assert desk.writes == [f"PUT /wc/v3/products/{found['id']}"]


async def test_429_with_retry_after(desk: Demo) -> None:
    desk.shop.faults.status(429, retry_after=30, times=10)
    refused = await desk.refused("woo_products_update", id=1, name="x")
    assert refused.code is Code.RATE_LIMITED
    assert refused.message == "The shop accepts no more calls for now."
    assert refused.retryable
    assert refused.retry_after == pytest.approx(30, abs=1)
    assert len(desk.shop.requests) == 1  # not hammered


async def test_429_to_a_write_is_not_sent_again(desk: Demo) -> None:
    found = await dress(desk)
    desk.shop.faults.status(429, retry_after=1, method="PUT", times=10)
    refused = await desk.refused("woo_products_update", id=found["id"], name="x")
    assert refused.code is Code.RATE_LIMITED
    assert "accepts no more calls" in refused.message
    assert len(desk.writes) == 1
    assert (await desk.do("woo_products_get", id=found["id"]))["name"] == found["name"]


def point_at(desk: Demo, port: int, **more: Any) -> None:
    """From now on the shop is at that port of this machine."""
    upstream = Upstream("The shop", f"http://127.0.0.1:{port}", auth=signer(LOGIN), **more)
    desk.app.services.put(ShopClient, ShopClient(upstream))


async def test_the_shop_never_answers(desk: Demo) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        point_at(desk, silent.getsockname()[1], deadline=0.3)
        began = time.monotonic()
        refused = await desk.refused("woo_products_list")
        assert time.monotonic() - began < 2
    assert refused.code is Code.UPSTREAM_TIMEOUT
    assert refused.message == "The shop did not answer in time."
    assert refused.retryable
    assert inspect.signature(Upstream).parameters["deadline"].default < 10  # what a shop gets without this test


async def test_the_connection_is_refused(desk: Demo) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, but nobody listens
        point_at(desk, closed.getsockname()[1])
        await desk.do("changes_list")  # what is loaded at first use is loaded
        began = time.monotonic()
        refused = await desk.refused("woo_products_update", id=1, name="x")
        assert time.monotonic() - began < 0.5
    assert refused.code is Code.UPSTREAM_UNREACHABLE
    assert refused.message == "The shop (127.0.0.1) refuses the connection or can't be reached."
    assert refused.hint == "Check that it is up, and WORDPRESS_URL."


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("woo_products_create", {"name": "Coat", "sku": "ONCE-1", "regular_price": "120.00"}),
        ("woo_products_create", {"name": "Coat without a key"}),
        ("wp_posts_create", {"title": "New in"}),
        ("woo_categories_create", {"name": "Winter"}),
    ],
)
async def test_the_same_create_twice(desk: Demo, tool: str, arguments: dict[str, Any]) -> None:
    first = await desk.do(tool, **arguments)
    again = await desk.do(tool, **arguments)
    assert again["repeated"]
    assert again["change"] == first["change"]
    assert len(desk.writes) == 1


async def test_a_sku_that_is_taken(desk: Demo) -> None:
    found = await dress(desk)
    refused = await desk.refused("woo_products_create", name="Another", sku=found["sku"])
    assert refused.code is Code.CONFLICT
    assert f"SKU {found['sku']} belongs to product {found['id']} already." in refused.message
    assert desk.writes == []


async def test_two_writers_on_one_object(desk: Demo) -> None:
    found = await dress(desk)
    desk.shop.faults.latency(0.2, method="PUT")
    told: list[Refused] = []

    async def second() -> None:
        while not desk.writes:
            await anyio.sleep(0.005)
        told.append(await desk.refused("woo_products_update", id=found["id"], name="Second"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(second)
        await desk.do("woo_products_update", id=found["id"], name="First")
    first = (await desk.do("changes_list", limit=1))["changes"][0]["change"]
    assert told[0].code is Code.CONFLICT
    assert told[0].message == f"Another change ({first}) is being written to one of these objects."
    assert "try again" in told[0].hint
    assert len(desk.writes) == 1
    assert (await desk.do("woo_products_get", id=found["id"]))["name"] == "First"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example", "content-type": "application/json"},
        {"origin": "http://127.0.0.1:9999", "content-type": "application/json"},
        {"origin": "null", "content-type": "application/json"},
        {"sec-fetch-site": "cross-site", "content-type": "application/json"},
        {"host": "evil.example:8000", "content-type": "application/json"},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/api/v1/tools/woo_categories_create", "/mcp"])
async def test_a_web_page_that_posts_to_the_loopback_port(desk: Demo, path: str, headers: dict[str, str]) -> None:
    asgi = create_http(desk.app)
    transport = httpx2.ASGITransport(app=asgi)
    async with (
        asgi.router.lifespan_context(asgi),
        httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", trust_env=False) as page,
    ):
        answer = await page.post(path, content=b'{"name": "Planted"}', headers=headers)
        assert answer.status_code == (415 if len(headers) == 1 else 403)
        assert "access-control-allow-origin" not in answer.headers
        mine = {"origin": "http://127.0.0.1:8000", "content-type": "application/json"}
        if path != "/mcp":  # what is refused is the page, not the call
            assert (await page.post(path, content=b'{"name": "Meant"}', headers=mine)).status_code == 200
    assert desk.writes == ([] if path == "/mcp" else ["POST /wc/v3/products/categories"])
