"""WooCommerce's keys: OAuth 1.0a over http, read-only keys, and who may do what."""

from __future__ import annotations

import pytest

from tests.contract.client import OAuth1, Shop, ok, refused, token

pytestmark = pytest.mark.requirement("contract:shop-auth")


async def test_application_password_opens_the_shop(wc: Shop) -> None:
    ok(await wc.get("wc/v3/products"))


@pytest.mark.parametrize(
    "path", ["products", "orders", "customers", "coupons", "settings/general", "products/categories"]
)
async def test_anonymous_calls(wc: Shop, path: str) -> None:
    refused(await wc.http.get(f"wc/v3/{path}", auth=None), 401, "woocommerce_rest_cannot_view")


@pytest.mark.parametrize("path", ["products", "orders", "coupons", "products/categories"])
async def test_anonymous_creates(wc: Shop, path: str) -> None:
    answer = await wc.anonymous("POST", f"wc/v3/{path}", {"name": "x", "code": "x"})
    refused(answer, 401, "woocommerce_rest_cannot_create")


@pytest.mark.parametrize("role", ["editor", "author", "subscriber"])
@pytest.mark.parametrize(
    ("method", "code"), [("GET", "woocommerce_rest_cannot_view"), ("POST", "woocommerce_rest_cannot_create")]
)
async def test_roles_outside_the_shop(wc: Shop, role: str, method: str, code: str) -> None:
    answer = await wc.http.request(
        method, "wc/v3/orders", json={} if method == "POST" else None, auth=await wc.user(role)
    )
    refused(answer, 403, code)


@pytest.mark.parametrize("path", ["products", "orders", "customers", "coupons", "settings/general", "reports/sales"])
async def test_shop_manager_sees_the_shop(wc: Shop, path: str) -> None:
    ok(await wc.http.get(f"wc/v3/{path}", auth=await wc.user("shop_manager")))


async def test_shop_manager_writes_products_and_posts(wc: Shop) -> None:
    auth = await wc.user("shop_manager")
    ok(await wc.post("wc/v3/products", {"name": "x"}, auth=auth), 201)
    ok(await wc.post("wp/v2/posts", {"title": "x"}, auth=auth), 201)


async def test_shop_manager_does_not_manage_the_site(wc: Shop) -> None:
    refused(await wc.http.get("wp/v2/settings", auth=await wc.user("shop_manager")), 403, "rest_forbidden")


async def test_keys_as_basic_over_http_are_ignored(wc: Shop) -> None:
    keys = (wc.access.consumer_key, wc.access.consumer_secret)
    refused(await wc.http.get("wc/v3/products", auth=keys), 401, "woocommerce_rest_cannot_view")


async def test_keys_as_parameters_over_http_are_ignored(wc: Shop) -> None:
    keys = {"consumer_key": wc.access.consumer_key, "consumer_secret": wc.access.consumer_secret}
    answer = await wc.http.get("wc/v3/products", params=keys, auth=None)
    assert answer.status_code == 401


@pytest.mark.parametrize("method", ["SHA256", "SHA1"])
async def test_oauth_reads(wc: Shop, method: str) -> None:
    signed = OAuth1(wc.access.consumer_key, wc.access.consumer_secret, method)
    assert ok(await wc.http.get("wc/v3/products", params={"per_page": "1", "search": "a b"}, auth=signed)) is not None


async def test_oauth_writes_and_the_body_is_not_signed(wc: Shop) -> None:
    signed = OAuth1(wc.access.consumer_key, wc.access.consumer_secret)
    assert ok(await wc.post("wc/v3/products", {"name": "x"}, auth=signed), 201)["name"] == "x"


async def test_oauth_nonce_works_once(wc: Shop) -> None:
    signed = OAuth1(wc.access.consumer_key, wc.access.consumer_secret, nonce=token())
    ok(await wc.http.get("wc/v3/products", auth=signed))
    again = await wc.http.get("wc/v3/products", auth=signed)
    error = refused(again, 401, "woocommerce_rest_authentication_error")
    assert "nonce" in error["message"]


async def test_oauth_wrong_secret(wc: Shop) -> None:
    answer = await wc.http.get("wc/v3/products", auth=OAuth1(wc.access.consumer_key, "cs_" + "0" * 40))
    error = refused(answer, 401, "woocommerce_rest_authentication_error")
    assert "signature" in error["message"]


async def test_oauth_unknown_key(wc: Shop) -> None:
    answer = await wc.http.get("wc/v3/products", auth=OAuth1("ck_" + "0" * 40, "cs_" + "0" * 40))
    error = refused(answer, 401, "woocommerce_rest_authentication_error")
    assert "Consumer key" in error["message"]


async def test_oauth_old_timestamp(wc: Shop) -> None:
    answer = await wc.http.get(
        "wc/v3/products", auth=OAuth1(wc.access.consumer_key, wc.access.consumer_secret, age=3600)
    )
    error = refused(answer, 401, "woocommerce_rest_authentication_error")
    assert "timestamp" in error["message"]


async def test_oauth_missing_parameter(wc: Shop) -> None:
    answer = await wc.http.get("wc/v3/products", params={"oauth_consumer_key": wc.access.consumer_key}, auth=None)
    assert answer.status_code == 401


async def test_read_key_reads_and_does_not_write(wc: Shop) -> None:
    key, secret = wc.access.read_consumer_key, wc.access.read_consumer_secret
    ok(await wc.http.get("wc/v3/products", auth=OAuth1(key, secret)))
    answer = await wc.http.post("wc/v3/products", json={"name": "x"}, auth=OAuth1(key, secret))
    refused(answer, 401, "woocommerce_rest_authentication_error")


async def test_shop_keys_do_not_open_wordpress(wc: Shop) -> None:
    signed = OAuth1(wc.access.consumer_key, wc.access.consumer_secret)
    refused(await wc.http.get("wp/v2/users/me", auth=signed), 401, "rest_not_logged_in")
