"""What the doctor says about shops in every bad state, by the answers that real ones give in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest

from devskyy_mcp.app import build
from devskyy_mcp.config import Settings
from devskyy_mcp.http import Upstream
from devskyy_mcp.ops.doctor import Finding, examine
from devskyy_tools.shop.connection import ShopSettings
from devskyy_tools.shop.doctor import look
from devskyy_tools.wordpress.pack import pack

pytestmark = pytest.mark.requirement("cli:doctor")

URL = "https://shop.example.com"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LOGIN = ShopSettings(URL, "ada", "secret words")
KEY = ShopSettings("http://shop.test", consumer_key="ck_1", consumer_secret="cs_1", environment="local")
PAGE = httpx2.Response(200, html="<!DOCTYPE html><title>Just a moment</title>")
INDEX: dict[str, Any] = {
    "url": URL,
    "home": URL,
    "namespaces": ["wp/v2", "wc/v3"],
    "authentication": {"application-passwords": {"endpoints": {}}},
}
GOOD: dict[str, Any] = {
    "/wp-json/": INDEX,
    "/wp-json/wp/v2/users/me": {"roles": ["shop_manager"]},
    "/wp-json/wc/v3/products": [{"id": 1}],
    "/wp-json/wp/v2/media": [],
    "/": httpx2.Response(200, html="<html>a shop</html>"),
}


def index(**changed: Any) -> dict[str, Any]:
    return {"/wp-json/": INDEX | changed}


def error(status: int, code: str, message: str = "No.") -> httpx2.Response:
    return httpx2.Response(status, json={"code": code, "message": message, "data": {"status": status}})


async def told(answers: Mapping[str, Any], settings: ShopSettings = LOGIN) -> tuple[list[Finding], list[str]]:
    """The findings about a shop that gives these answers, and the methods that it saw."""
    seen: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.method)
        given = answers[request.url.path]
        if isinstance(given, httpx2.Response):
            return httpx2.Response(given.status_code, headers=given.headers, content=given.content)
        return httpx2.Response(200, json=given, headers={"Date": format_datetime(NOW)})

    transport = httpx2.MockTransport(answer)
    shop = Upstream("The shop", settings.url, transport=transport)
    return await look(shop, shop, settings, lambda: NOW), seen


async def test_a_shop_that_is_set_up_well_and_only_read() -> None:
    found, seen = await told(GOOD)
    assert [finding.level for finding in found] == ["ok"] * 4
    assert set(seen) == {"GET"}


@pytest.mark.parametrize(
    ("namespaces", "role", "level", "do"),
    [
        (["wp/v2"], "editor", "ok", ""),
        (["wp/v2"], "author", "problem", "Editor"),
        (["wp/v2", "wc/v3"], "editor", "problem", "Shop manager"),
    ],
)
async def test_an_editor_will_do_where_there_is_no_woocommerce(
    namespaces: list[str], role: str, level: str, do: str
) -> None:
    found, _ = await told(GOOD | index(namespaces=namespaces) | {"/wp-json/wp/v2/users/me": {"roles": [role]}})
    (said,) = [finding for finding in found if "has the role" in finding.what]
    assert said.level == level
    assert do in said.do


@pytest.mark.parametrize(
    ("changed", "level", "what", "do"),
    [
        (index(namespaces=["wp/v2"]), "problem", "no WooCommerce", "Plugins"),
        (index(authentication=[]), "problem", "Application passwords are switched off", "allow"),
        (
            {"/wp-json/": INDEX | {"url": "https://www.example.com"}},
            "warning",
            "calls itself https://www",
            "own address",
        ),
        ({"/wp-json/": PAGE}, "problem", "a web page instead of JSON", "security plugin"),
        ({"/wp-json/": error(401, "rest_forbidden")}, "problem", "refuses its REST API", "security plugin"),
        (
            {"/wp-json/": httpx2.Response(404, html="<html>"), "/": INDEX},
            "problem",
            "permalinks are plain",
            "Permalinks",
        ),
        (
            {"/wp-json/": httpx2.Response(404, html="<html>")},
            "problem",
            "no WordPress at this address",
            "WORDPRESS_URL",
        ),
        (
            {"/wp-json/": httpx2.Response(404, html="<html>"), "/": INDEX | {"url": f"{URL}/blog"}},
            "problem",
            f"but at {URL}/blog",
            f"Set WORDPRESS_URL to {URL}/blog",
        ),
        (
            {"/wp-json/wp/v2/users/me": error(401, "incorrect_password")},
            "problem",
            "WORDPRESS_APP_PASSWORD is wrong",
            "Application Passwords",
        ),
        ({"/wp-json/wp/v2/users/me": error(401, "invalid_username")}, "problem", "no user ada", "WORDPRESS_USERNAME"),
        ({"/wp-json/wp/v2/users/me": error(401, "rest_not_logged_in")}, "problem", "takes no notice", "SetEnvIf"),
        ({"/wp-json/wp/v2/users/me": {"roles": ["editor"]}}, "problem", "ada has the role editor", "Shop manager"),
        ({"/wp-json/wc/v3/products": error(403, "woocommerce_rest_cannot_view")}, "problem", "not let ada in", "Shop"),
        ({"/wp-json/wc/v3/products": error(401, "x")}, "problem", "does not let us in", "WOOCOMMERCE_KEY"),
        (
            {"/wp-json/wp/v2/media": error(400, "rest_invalid_param")},
            "warning",
            "no .glb files",
            "devskyy plugin build",
        ),
    ],
)
async def test_what_is_wrong_and_what_to_do(changed: dict[str, Any], level: str, what: str, do: str) -> None:
    found, _ = await told(GOOD | changed)
    bad = [finding for finding in found if finding.level != "ok"]
    assert [finding.level for finding in bad] == [level]
    assert what in bad[0].what
    assert do in bad[0].do


async def test_over_http_application_passwords_are_off() -> None:
    settings = ShopSettings("http://shop.test", "ada", "secret words", environment="local")
    found, _ = await told(GOOD | {"/wp-json/": INDEX | {"url": settings.url, "authentication": []}}, settings)
    (bad,) = [finding for finding in found if finding.level != "ok"]
    assert "over http" in bad.what
    assert "WP_ENVIRONMENT_TYPE" in bad.do


async def test_a_key_that_is_wrong_and_one_without_a_user() -> None:
    own = {"/wp-json/": INDEX | {"url": KEY.url}}
    refused = error(401, "woocommerce_rest_authentication_error", "Consumer key is invalid.")
    found, _ = await told(GOOD | own | {"/wp-json/wc/v3/products": refused}, KEY)
    assert [finding.level for finding in found] == ["ok", "warning", "problem"]
    assert "Consumer key is invalid" in found[2].what
    assert "Read/Write" in found[2].do


async def test_clocks_that_are_apart_spoil_signatures() -> None:
    late = httpx2.Response(
        200, json=INDEX | {"url": KEY.url}, headers={"Date": format_datetime(NOW - timedelta(minutes=20))}
    )
    found, _ = await told(GOOD | {"/wp-json/": late}, KEY)
    assert any(finding.level == "problem" and "20 minutes apart" in finding.what for finding in found)


@pytest.mark.parametrize(
    ("given", "what", "do"),
    [
        ({"wordpress_url": "http://shop.example.com"}, "in the clear", "WORDPRESS_ENVIRONMENT=local"),
        (
            {"wordpress_url": "http://127.0.0.1:9", "wordpress_environment": "local"},
            "no credentials",
            "WORDPRESS_USERNAME",
        ),
        (
            {
                "wordpress_url": "http://127.0.0.1:9",
                "wordpress_environment": "local",
                "wordpress_username": "ada",
                "wordpress_app_password": "secret words",
            },
            "refuses the connection",
            "Check that it is up",
        ),
    ],
)
async def test_the_doctor_of_a_whole_installation(
    app_settings: Settings, given: dict[str, Any], what: str, do: str
) -> None:
    settings = Settings.model_validate({**app_settings.model_dump(exclude_unset=True), **given})
    app = build(settings, [pack])
    async with app.running(eager=False):
        found = (await examine(app.services))["shop"]
    assert [finding.level for finding in found] == ["problem"]
    assert what in found[0].what
    assert do in found[0].do
    assert "secret" not in str(found)


async def test_the_demo_shop(app_settings: Settings) -> None:
    app = build(app_settings, [pack])
    async with app.running(eager=False):
        found = (await examine(app.services))["shop"]
    assert [finding.level for finding in found] == ["ok"]
    assert "demo shop" in found[0].what
