"""Tests of variants in Chromium: kept, without a flicker, from a cache, one at a time, and only with consent."""

from __future__ import annotations

import re
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devskyy_mcp.experiments.assignment import Assigner
from tests.fakes.nginx import serving
from tests.wordpress.bed import Bed, free_ports
from tests.wordpress.pages import Seen, browser, site
from tests.wordpress.test_plugin_variants_counting import CONSENT
from tests.wordpress.variants import counts, must_use

__all__ = ["site"]
PHP = "php8.2-cli php8.2-sqlite3 php8.2-curl php8.2-gd php8.2-mbstring php8.2-xml php8.2-zip php8.2-intl"
pytestmark = [
    pytest.mark.debian(f"{PHP} chromium nginx"),
    pytest.mark.requirement("plugin:variants"),
    pytest.mark.timeout(300),
]
NEW = [{"key": "a", "weight": 0}, {"key": "b", "weight": 1, "content": "As it could be"}]
"""Everybody sees the other name."""
HALVES = [{"key": "a", "weight": 5000}, {"key": "b", "weight": 5000, "content": "As it could be"}]
SLOW = """<?php
add_filter( 'the_content', function ( $content ) { flush(); usleep( 500000 ); return $content; } );"""
"""The page stops behind its title, long enough to be painted."""
PAINTED = """window.painted = [];
(function look() {
    const title = document.querySelector('h1');
    if (title && title.textContent) window.painted.push(title.textContent);
    requestAnimationFrame(look);
})();"""
"""What stood in the title at each frame."""
API = (
    CONSENT
    + """
add_action( 'wp_enqueue_scripts', function () {
    wp_enqueue_script( 'wp-consent-api', '/wp-content/uploads/consent.js', array(), '1', true );
}, PHP_INT_MAX - 100 );"""
)
API_SCRIPT = """window.consent_api = { cookie_prefix: 'wp_consent' };
window.waitfor_consent_hook = location.search.indexOf( 'waits' ) > 0;
function wp_has_consent( category ) {
    return window.waitfor_consent_hook || document.cookie.indexOf( 'wp_consent_' + category + '=allow' ) >= 0;
}"""
"""As WP Consent API does it: registered for the footer, late, and agreeing to all while nobody says which law holds."""
CONTROL = "Object.defineProperty(navigator, 'globalPrivacyControl', { value: true });"
CACHE = """proxy_cache_path {folder}/cache keys_zone=pages:1m;
server {{
    listen 127.0.0.1:{port};
    location / {{
        proxy_pass {url};
        proxy_set_header Host {host};
        proxy_cache pages;
        proxy_cache_valid 200 10m;
        proxy_ignore_headers Cache-Control Expires;
        proxy_hide_header Content-Security-Policy;  # scripts have the site's address, which is another port
        add_header X-Cache $upstream_cache_status;
    }}
}}"""


def a_page(rest: httpx2.Client, name: str, variants: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A post that stands for a product's page, with a test of its title."""
    made = rest.post("wp/v2/posts", json={"title": "As it was", "status": "publish", "content": "x"}).json()
    a_test(rest, name, made["id"], variants, **more)
    return made


def a_test(rest: httpx2.Client, name: str, post: int, variants: list[dict[str, Any]], **more: Any) -> None:
    body = {"key": name, "place": "name", "product_ids": [post], "variants": variants, **more}
    assert rest.post("devskyy/v1/tests", json=body).status_code == 201


async def unit_of(seen: Seen) -> str:
    found = {one.get("name"): one.get("value") for one in await seen.page.context.cookies()}
    return str(found.get("devskyy_unit", ""))


async def with_cookie(seen: Seen, bed: Bed, **cookies: str) -> None:
    await seen.page.context.add_cookies(
        [{"name": name, "value": value, "url": bed.url} for name, value in cookies.items()]
    )


def exposures(seen: Seen) -> int:
    return sum(one.endswith("/exposures") for one in seen.asked)


async def test_a_visitor_keeps_the_variant_and_is_counted_once(bed: Bed, rest: httpx2.Client, site: None) -> None:
    made = rest.post("wp/v2/posts", json={"title": "As it is", "status": "publish", "content": "x"}).json()
    variants = [{"key": "a", "weight": 0}, {"key": "b", "weight": 1, "content": "Another <name>"}]
    body = {"key": "title", "place": "name", "product_ids": [made["id"]], "variants": variants}
    assert rest.post("devskyy/v1/tests", json=body).status_code == 201
    async with browser() as seen:
        async with seen.page.expect_response(lambda answer: answer.url.endswith("/exposures")):
            await seen.open(made)
        for _ in range(2):
            await seen.page.reload()
            assert await seen.page.text_content("h1") == "Another"
        (cookie,) = await seen.page.context.cookies()
        assert (cookie.get("name"), cookie.get("sameSite")) == ("devskyy_unit", "Lax")
        assert re.fullmatch("[0-9a-f]{32}", str(cookie.get("value")))
        shown = {one["key"]: one["shown"] for one in rest.get("devskyy/v1/tests/title").json()["variants"]}
    assert shown == {"a": 0, "b": 1}
    assert seen.complaints == []


@pytest.mark.requirement("experiments:shop-alike")
async def test_visitors_see_what_python_gives_them(bed: Bed, rest: httpx2.Client, site: None) -> None:
    """In as many browsers as it takes to see both, each with the variant that its cookie's id has in Python."""
    made = rest.post("wp/v2/posts", json={"title": "As it was", "status": "publish", "content": "x"}).json()
    variants = [{"key": "a", "weight": 5000}, {"key": "b", "weight": 5000, "content": "As it could be"}]
    body = {"key": "both", "salt": "autumn", "place": "name", "product_ids": [made["id"]], "variants": variants}
    assert rest.post("devskyy/v1/tests", json=body).status_code == 201
    assign, seen_so_far = Assigner("autumn", ["a", "b"], [5000, 5000]), dict[str, int]()
    async with browser() as seen:
        while len(seen_so_far) < 2:
            await seen.page.context.clear_cookies()
            await seen.page.goto("about:blank")
            async with seen.page.expect_response(lambda answer: answer.url.endswith("/exposures")):
                await seen.open(made)
                await seen.page.evaluate("sessionStorage.clear()")
            (cookie,) = await seen.page.context.cookies()
            variant = str(assign(str(cookie.get("value"))))
            assert await seen.page.text_content("h1") == {"a": "As it was", "b": "As it could be"}[variant]
            seen_so_far[variant] = seen_so_far.get(variant, 0) + 1
    counted = {one["key"]: one["shown"] for one in rest.get("devskyy/v1/tests/both").json()["variants"]}
    assert counted == seen_so_far
    assert seen.complaints == []


async def test_nothing_is_painted_that_is_not_shown(bed: Bed, rest: httpx2.Client, site: None) -> None:
    """Of a page that comes slowly no frame has the other title."""
    made = a_page(rest, "painted", NEW)
    with must_use(bed, SLOW):
        async with browser() as seen:
            await seen.page.add_init_script(PAINTED)
            await seen.open(made)
            painted: list[str] = await seen.page.evaluate("window.painted")
            assert await seen.page.text_content("h1") == "As it could be"
    assert len(painted) > 2
    assert set(painted) == {"As it could be"}
    assert seen.complaints == []


@pytest.fixture
def cached(bed: Bed, tmp_path: Path) -> Generator[str]:
    """The address of an nginx in front of the site that keeps its pages."""
    (port,) = free_ports(1)
    text = CACHE.format(folder=tmp_path / "nginx", port=port, url=bed.url, host=bed.url.removeprefix("http://"))
    with serving(tmp_path / "nginx", port, text):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.requirement("experiments:shop-cached")
async def test_a_cached_page_shows_each_visitor_their_own(bed: Bed, rest: httpx2.Client, cached: str) -> None:
    made = a_page(rest, "cached-page", HALVES)
    address = made["link"].replace(bed.url, cached)
    assert httpx2.get(address, timeout=60).headers["x-cache"] == "MISS"
    assign = Assigner("cached-page", ["a", "b"], [5000, 5000])
    units = [f"{number:032x}" for number in range(4)]
    assert {assign(unit) for unit in units} == {"a", "b"}
    async with browser() as seen:
        for unit in units:
            await with_cookie(seen, bed, devskyy_unit=unit)
            await seen.page.goto("about:blank")
            async with seen.page.expect_response(lambda answer: answer.url.endswith("/exposures")):
                answer = await seen.page.goto(address)
                await seen.page.evaluate("sessionStorage.clear()")
            assert answer is not None
            assert answer.headers["x-cache"] == "HIT"
            assert await seen.page.text_content("h1") == {"a": "As it was", "b": "As it could be"}[str(assign(unit))]
    assert sum(counts(rest, "cached-page").values()) == len(units)


@pytest.mark.requirement("experiments:shop-layers")
async def test_a_visitor_is_in_one_test_of_a_page(bed: Bed, rest: httpx2.Client, site: None) -> None:
    made = a_page(rest, "early-title", NEW, layer="titles", slice=[0, 4000])
    other = [NEW[0], {**NEW[1], "content": "As it might be"}]
    a_test(rest, "late-title", made["id"], other, layer="titles", slice=[4000, 8000])
    slices = {"As it could be": (0, 4000), "As it might be": (4000, 8000), "As it was": (8000, 10_000)}
    async with browser() as seen:
        for title, part in slices.items():
            inside = Assigner("x", ["in"], [10_000], "titles", part)
            unit = next(unit for unit in (f"{number:032x}" for number in range(99)) if inside(unit))
            await with_cookie(seen, bed, devskyy_unit=unit)
            await seen.open(made)
            assert await seen.page.text_content("h1") == title
            await seen.page.wait_for_load_state("networkidle")
    assert [counts(rest, name) for name in ("early-title", "late-title")] == [{"a": 0, "b": 1}] * 2
    assert seen.complaints == []


@pytest.mark.requirement("experiments:consent")
@pytest.mark.parametrize("way", ["api", "cookie"])
async def test_without_consent_nobody_is_tracked(bed: Bed, rest: httpx2.Client, site: None, way: str) -> None:
    """No cookie, the page as it is, no exposure; with it all three; and none again when it is taken back."""
    made = a_page(rest, f"asked-by-{way}", NEW)
    (Path(bed.folder) / "wp-content" / "uploads" / "consent.js").write_text(API_SCRIPT)
    name, yes, no = ("wp_consent_statistics", "allow", "deny") if way == "api" else ("banner", "a%3Byes", "a%3Bno")
    rest.post("wp/v2/settings", json={"devskyy_consent_cookie": "" if way == "api" else "banner=;yes"})
    try:
        with must_use(bed, API if way == "api" else "<?php"):
            async with browser() as seen:
                for given, told in (("", 0), (no, 0), (yes, 1), (no, 1)):
                    await with_cookie(seen, bed, **({name: given} if given else {}))
                    await seen.open(made)
                    await seen.page.wait_for_load_state("networkidle")
                    title = "As it could be" if given == yes else "As it was"
                    assert await seen.page.text_content("h1") == title
                    assert bool(await unit_of(seen)) is (given == yes)
                    assert exposures(seen) == told
                    assert await seen.page.evaluate("sessionStorage.length") == told
    finally:
        rest.post("wp/v2/settings", json={"devskyy_consent_cookie": ""})
    assert counts(rest, f"asked-by-{way}") == {"a": 0, "b": 1}
    assert seen.complaints == []


@pytest.mark.requirement("experiments:consent")
async def test_waits_for_a_banner_and_heeds_privacy_control(bed: Bed, rest: httpx2.Client, site: None) -> None:
    made = a_page(rest, "waiting", NEW)
    (Path(bed.folder) / "wp-content" / "uploads" / "consent.js").write_text(API_SCRIPT)
    with must_use(bed, API):
        async with browser() as seen:
            await seen.page.goto(f"{made['link']}?waits=1")
            assert (await seen.page.text_content("h1"), await unit_of(seen)) == ("As it was", "")
            await with_cookie(seen, bed, wp_consent_statistics="allow")
            await seen.page.goto(f"{made['link']}?waits=1")
            assert await seen.page.text_content("h1") == "As it could be"
            await seen.page.add_init_script(CONTROL)
            await seen.page.goto(f"{made['link']}?waits=1")
            assert (await seen.page.text_content("h1"), await unit_of(seen)) == ("As it was", "")
