"""A launch on every shop that has the plugin: two photos in, a product with a model that turns, and back again."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.assets.store import Assets
from devskyy_tools.shop.signing import Credentials
from tests.browser.walk import CHROMIUM, chromium
from tests.contract.client import Json, Shop, token
from tests.contract.conftest import GIVEN, WOOCOMMERCE, Shops, a_shop
from tests.fakes.demo import Desk, desk_over
from tests.fakes.photos import back_of, draw

pytestmark = [pytest.mark.requirement("play:launch"), pytest.mark.timeout(240)]

GPU = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
SHOWN = """() => customElements.whenDefined('model-viewer').then(() => new Promise((done, failed) => {
    const viewer = document.querySelector('model-viewer');
    viewer.addEventListener('error', event => failed(new Error(JSON.stringify(event.detail))));
    viewer.modelIsVisible ? done() : viewer.addEventListener('poster-dismissed', done, { once: true });
}))"""
TURNED = """() => new Promise(done => {
    const viewer = document.querySelector('model-viewer');
    const look = () => Math.abs(viewer.getCameraOrbit().theta) > 0.05 ? done(true) : requestAnimationFrame(look);
    look();
})"""
LISTS = ("wc/v3/products?status=any", "wp/v2/media?context=edit")
MOVING = {"related_ids"}
"""Drawn by lot, each time."""


@pytest.fixture(params=["sandbox+plugin", *(f"{name}+plugin" for name in WOOCOMMERCE), *GIVEN])
async def shop(request: pytest.FixtureRequest, shops: Shops) -> AsyncGenerator[Shop]:
    async for found in a_shop(shops.access(request.param)):
        spaces = (await found.read(""))["namespaces"]
        if not {"wc/v3", "devskyy/v1"} <= {*spaces}:
            pytest.skip("no WooCommerce with the plugin here")
        yield found


@pytest.fixture
async def desk(shop: Shop, tmp_path: Path) -> AsyncGenerator[Desk]:
    access = shop.access
    login = Credentials(access.user, access.app_password)
    async with desk_over(tmp_path, access.url, login, access.transport) as made, made.app.running(eager=True):
        yield made


async def all_of(shop: Shop) -> Json:
    """Every product outside the bin and every media file, in full."""
    found = [await shop.read(f"{path}&per_page=100&orderby=id") for path in LISTS]
    return [[{name: one[name] for name in one if name not in MOVING} for one in listed] for listed in found]


async def test_two_photos_become_a_page_with_a_model_and_are_taken_back(shop: Shop, desk: Desk) -> None:
    front = draw(22)
    photos = [(front.content, "front.jpg"), (back_of(front, 22).content, "back.jpg")]
    kept = [(await desk.app.services.get(Assets).put(*one, "upload")).id for one in photos]
    before, name, sku = await all_of(shop), f"Tote {token()}", f"X{token()}"
    job = await desk.do("play_product_launch", name=name, photos=kept[:1], back=kept[1], height_cm=40, category="bag")
    ended = await desk.do("jobs_wait", job=job["job"], seconds=50)
    assert ended["state"] == "succeeded", ended
    asked = {"launch": job["job"], "regular_price": "49.00", "sku": sku, "status": "publish"}
    done = await desk.carry_out("play_launch_draft", **asked)
    for one in done["changes"]:
        place = "wc/v3/products" if "product" in one["object"] else "wp/v2/media"
        shop.remember(place, int(one["id"]))
    assert done["state"] == "applied", done
    product = next(int(one["id"]) for one in done["changes"] if one["object"].startswith("new product"))
    held = await desk.do("three_d_products_get", id=product)
    assert (held["kept_by"], held["kind"], held["height"]) == ("plugin", "relief", 0.4)
    page = await shop.read(f"wc/v3/products/{product}")
    assert len(page["images"]) == 2
    if shop.access.transport is None and shutil.which(CHROMIUM):
        await it_turns(page["permalink"])
    assert (await desk.carry_out("changes_undo", change=done["change"]))["state"] == "applied"
    assert await all_of(shop) == before
    left: dict[str, Any] = await shop.read(f"wc/v3/products/{product}")
    assert (left["status"], left["images"]) == ("trash", []), "in the bin, from where a person can have it back"


async def it_turns(page: str) -> None:
    """A visitor's browser shows the model, and the arrow keys turn it."""
    async with chromium(flags=GPU, bypass_csp=False, viewport={"width": 700, "height": 900}) as seen:
        await seen.goto(page, wait_until="domcontentloaded", timeout=90_000)
        await seen.locator("model-viewer").scroll_into_view_if_needed()
        await seen.evaluate(SHOWN)
        await seen.locator("model-viewer").focus()
        for _ in range(4):
            await seen.keyboard.press("ArrowRight")
        assert await seen.evaluate(TURNED)
