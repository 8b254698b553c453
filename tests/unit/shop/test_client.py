from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.errors import Code, Refused
from devskyy_tools import sandbox
from devskyy_tools.shop import Credentials, ShopSettings, collections, connect, refusals

from .bench import Bench, make_bench

PRODUCTS = collections.PRODUCTS.url()


async def refusal(bench: Bench, path: str = PRODUCTS, **params: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await bench.client.get(path, params, "product 99999")
    return caught.value


@pytest.mark.requirement("shop:errors")
async def test_errors_say_what_to_do(bench: Bench) -> None:
    missing = await refusal(bench, f"{PRODUCTS}/99999")
    assert (missing.code, missing.message) == (Code.NOT_FOUND, "The shop has no product 99999.")
    wrong = await refusal(bench, per_page=1000)
    assert wrong.code is Code.INVALID_ARGUMENTS
    assert wrong.details["problems"][0]["field"] == "per_page"


@pytest.mark.requirement("shop:errors")
@pytest.mark.parametrize(
    ("status", "body", "code", "says"),
    [
        (500, {"code": "woocommerce_rest_cannot_create_order_refund", "message": "Invalid", "data": 500},
         Code.INVALID_ARGUMENTS, "Invalid"),
        (400, {"code": "term_exists", "message": "There", "data": {"resource_id": 5}}, Code.CONFLICT, "There"),
        (400, {"code": "x", "message": "<strong>Error:</strong> the &quot;sku&quot; &amp; co <script>"},
         Code.INVALID_ARGUMENTS, 'Error: the "sku" & co'),
        (400, {"code": "rest_missing_callback_param", "message": "Missing", "data": {"params": ["name"]}},
         Code.INVALID_ARGUMENTS, "Missing"),
        (404, {"code": "rest_no_route", "message": "No route"}, Code.UPSTREAM_INVALID, "No route"),
        (403, {"code": "woocommerce_rest_cannot_view", "message": "Sorry"}, Code.FORBIDDEN, "Sorry"),
        (501, {"code": "woocommerce_rest_trash_not_supported", "message": "No bin"}, Code.CONFLICT, "No bin"),
        (410, {"code": "woocommerce_rest_already_trashed", "message": "Already"}, Code.CONFLICT, "Already"),
        (500, {"code": "internal_server_error", "message": "<p>There has been a critical error</p>"},
         Code.UPSTREAM_INVALID, "There has been a critical error"),
        (500, ["odd"], Code.UPSTREAM_INVALID, "The shop answered with status 500."),
    ],
)  # fmt: skip
def test_irregular_errors_are_understood(status: int, body: Any, code: Code, says: str) -> None:
    error = refusals.refused(status, body)
    assert error.code is code
    assert error.message == says
    assert error.hint


@pytest.mark.requirement("shop:credentials")
@pytest.mark.parametrize(
    "credentials",
    [
        Credentials("demo", "wrong wrong wrong wrong"),
        Credentials(consumer_key=sandbox.DEMO_KEY, consumer_secret="cs_wrong"),
    ],
)
async def test_wrong_credentials_name_the_setting(credentials: Credentials) -> None:
    error = await refusal(make_bench(credentials, seed=False))
    assert error.code is Code.UPSTREAM_REFUSED
    assert "WORDPRESS_APP_PASSWORD" in error.hint or "WOOCOMMERCE_SECRET" in error.hint
    assert "wrong" not in str(error.as_dict())


@pytest.mark.requirement("shop:credentials")
@pytest.mark.parametrize("base", ["http://sandbox.test", "https://sandbox.test"])
async def test_api_keys_work_on_both_schemes(base: str) -> None:
    key = Credentials(consumer_key=sandbox.DEMO_KEY, consumer_secret=sandbox.DEMO_SECRET)
    bench = make_bench(key, base)
    found = await bench.client.page(PRODUCTS, {"per_page": 2, "search": "a & b=c", "orderby": "date"})
    assert found.total == 0
    assert (await bench.client.page(PRODUCTS, {"per_page": 2})).total > 40


@pytest.mark.requirement("shop:credentials")
def test_http_needs_a_local_shop() -> None:
    with pytest.raises(Refused, match="http address") as caught:
        connect(ShopSettings("http://shop.example.com", "ada", "secret"))
    assert caught.value.code is Code.NOT_CONFIGURED
    assert "WORDPRESS_ENVIRONMENT=local" in caught.value.hint
    assert connect(ShopSettings("http://shop.example.com", "ada", "secret", environment="local"))
    with pytest.raises(Refused, match="no credentials"):
        connect(ShopSettings("https://shop.example.com", "ada"))
    assert "secret" not in repr(ShopSettings("https://shop.example.com", "ada", "secret", "ck", "secret"))


async def test_without_settings_it_is_the_demo_shop(tmp_path: Path) -> None:
    client = connect(None, tmp_path / "data")
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0  # it may be the first to make that folder
    assert (await client.page(PRODUCTS)).total > 40
    await client.aclose()


@pytest.mark.requirement("shop:lists")
async def test_a_page_past_the_end_is_empty_and_has_the_total(bench: Bench) -> None:
    page = await bench.client.page(PRODUCTS, {"page": 99, "per_page": 20})
    assert page.items == []
    assert page.total > 40
    assert page.pages == -(-page.total // 20)


@pytest.mark.requirement("shop:errors")
async def test_web_pages_and_half_a_json_are_told(bench: Bench) -> None:
    bench.faults.html(times=3)
    assert (await refusal(bench)).code is Code.UPSTREAM_INVALID
    bench.faults.clear()
    bench.faults.truncated(times=3)
    error = await refusal(bench)
    assert error.code is Code.UPSTREAM_INVALID
    assert "cut off" in error.message
