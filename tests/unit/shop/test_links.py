"""Links on pages and posts: broken ones, detours, and those that must not be followed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devskyy_mcp.app import local_principal
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.ssrf import follow_public
from devskyy_mcp.guard.taint import Taints
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.wordpress import links
from tests.fakes.demo import Demo, demo

pytestmark = pytest.mark.requirement("links:checked")
WEB = {
    "https://good.example.org/": (200, ""),
    "https://gone.example.org/": (404, ""),
    "https://old.example.org/": (301, "https://older.example.org/a"),
    "https://older.example.org/a": (302, "https://good.example.org/"),
    "https://loop.example.org/": (302, "https://loop.example.org/"),
    "https://inside.example.org/": (302, "http://10.0.0.1/"),
}


async def resolve(host: str, _port: int) -> Sequence[str]:
    if host == "nowhere.example.org":
        raise OSError
    return ["10.0.0.7"] if host == "private.example.org" else ["93.184.215.14"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The web, and what was asked of it."""
    seen: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        url = str(request.url.copy_with(host=request.headers["host"]))
        seen.append(url)
        assert "authorization" not in request.headers
        assert "cookie" not in request.headers
        status, location = WEB[url]
        return httpx2.Response(status, headers={"location": location} if location else None)

    follow = partial(follow_public, resolve=resolve, transport=httpx2.MockTransport(answer))
    monkeypatch.setattr(links, "follow_public", follow)
    return seen


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Demo]:
    async with demo(tmp_path) as made:
        yield made


async def page(shop: Demo, *addresses: str, title: str = "Linked") -> int:
    body = {
        "title": title,
        "status": "publish",
        "content": "".join(f'<p><a href="{one}">See</a></p>' for one in addresses),
    }
    return (await shop.app.services.get(ShopClient).write("POST", "/wp/v2/pages", json=body)).json()["id"]


def urls(found: list[dict[str, Any]]) -> list[str]:
    return [one["url"] for one in found]


async def test_the_sites_own_links_are_asked_of_it_unsigned(shop: Demo, asked: list[str]) -> None:
    found = await shop.do("wp_links_check")
    assert urls(found["broken"]) == ["http://sandbox.test/repairs/"]
    assert found["broken"][0]["status"] == 404
    assert found["broken"][0]["found_in"][0]["title"] == "Care for what you keep"
    [moved] = found["redirected"]
    assert [one.split()[0] for one in moved["chain"]] == ["301", "200"]
    assert asked == []
    assert shop.writes == []
    assert found["links"] == found["good"] + 2


async def test_other_sites_are_followed_to_their_end(shop: Demo, asked: list[str]) -> None:
    target = await page(shop, *WEB, "https://nowhere.example.org/", "https://good.example.org/#part", title="Web")
    found = await shop.do("wp_links_check", of="pages")
    broken = {one["url"]: one for one in found["broken"]}
    assert {one.split("//")[1].split(".")[0] for one in broken} == {"gone", "loop", "nowhere"}
    assert broken["https://gone.example.org/"]["status"] == 404
    assert "can't be found" in broken["https://nowhere.example.org/"]["why"]
    redirected = {one["url"]: one["chain"] for one in found["redirected"]}
    assert redirected["https://old.example.org/"] == [
        "301 https://old.example.org/", "302 https://older.example.org/a", "200 https://good.example.org/",
    ]  # fmt: skip
    assert redirected.keys() == {"https://old.example.org/", "https://older.example.org/a"}
    assert broken["https://gone.example.org/"]["found_in"] == [
        {"id": target, "type": "page", "title": "Web", "text": "See"}
    ]
    assert found["not_checked"] == {"leads into a private network, or is no address of the web": 1}


async def test_private_networks_and_doors_are_left_alone(shop: Demo, asked: list[str]) -> None:
    left = (
        "https://private.example.org/", "http://127.0.0.1:8080/", "http://metadata/", "mailto:a@example.com",
        "tel:+49301", "javascript:alert(1)", "/wp-admin/post.php?post=1", "/shop/?add-to-cart=12",
        "/my-account/?customer-logout=1",
        "https://good.example.org/?_wpnonce=1",
    )  # fmt: skip
    await page(shop, *left)
    found = await shop.do("wp_links_check", of="pages")
    assert asked == []
    assert found["broken"] == []
    assert sum(found["not_checked"].values()) == len(left)
    paths = [one.path for one in shop.shop.requests if not one.path.startswith("/wp")]
    assert all("wp-admin" not in path and "my-account" not in path for path in paths)


async def test_loops_and_the_same_link_in_many_places(shop: Demo, asked: list[str]) -> None:
    for number in range(7):
        await page(shop, "https://gone.example.org/", "https://loop.example.org/", title=f"P{number}")
    found = await shop.do("wp_links_check", of="pages")
    broken = {one["url"]: one for one in found["broken"]}
    assert "redirects more than 5 times" in broken["https://loop.example.org/"]["why"]
    gone = broken["https://gone.example.org/"]
    assert (len(gone["found_in"]), gone["places"]) == (5, 7)
    assert asked.count("https://gone.example.org/") == 1


async def test_limits_are_said(shop: Demo, asked: list[str]) -> None:
    await page(shop, "https://good.example.org/", "https://gone.example.org/")
    found = await shop.do("wp_links_check", of="pages", most=1, limit=1)
    assert found["read"] == 1 < found["of"]
    assert "were not read" in found["note"]
    assert found["not_checked"] == {"beyond the 1 links of one call": 1}
    inside = await shop.do("wp_links_check", of="pages", external=False)
    assert asked == ["https://good.example.org/"]
    assert inside["not_checked"] == {"links to other sites were not asked for": 2}


async def test_after_customers_texts_nothing_outside_is_asked(shop: Demo, asked: list[str]) -> None:
    await page(shop, "https://good.example.org/?said=secret", "/about-the-house/")
    await shop.app.services.get(Taints).mark(local_principal().id)
    found = await shop.do("wp_links_check", of="pages")
    assert asked == []
    assert [why for why in found["not_checked"] if "was read shortly before" in why]
    assert found["good"] >= 1


async def test_following_ends_in_time() -> None:
    class Slow(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            import anyio

            await anyio.sleep_forever()
            raise AssertionError

    with pytest.raises(Refused) as caught:
        await follow_public("https://good.example.org/", deadline=0.05, resolve=resolve, transport=Slow())
    assert caught.value.code is Code.UPSTREAM_TIMEOUT
