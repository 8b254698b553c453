"""Plugins through the tools, on every shop: a person is asked, and a site that breaks is switched back."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from devskyy_mcp.errors import Refused
from devskyy_tools.shop.signing import Credentials
from tests.contract.client import Shop, refused, token
from tests.fakes.demo import Desk, desk_over

pytestmark = pytest.mark.requirement("site:plugins")
HEAD = "<?php\n/* Plugin Name: {name} */\n"
BREAKS = (
    "add_action('template_redirect', function () { status_header(500); echo 'broken'; exit; });\n"
    "add_action('rest_api_init', function () { });\n"
)


@pytest.fixture
async def desk(wp: Shop, tmp_path: Path) -> AsyncGenerator[Desk]:
    login = Credentials(wp.access.user, wp.access.app_password)
    async with desk_over(tmp_path, wp.access.url, login, wp.access.transport) as made:
        yield made


@pytest.fixture
def plugin(wp: Shop) -> Generator[str]:
    """An inactive plugin that does nothing."""
    yield from _plugin(wp, "")


@pytest.fixture
def breaking(wp: Shop) -> Generator[str]:
    """An inactive plugin under which the front page answers 500."""
    if not wp.access.folder:
        pytest.skip("the demo shop runs no code: see tests/unit/shop/test_site.py")
    yield from _plugin(wp, BREAKS)


def _plugin(wp: Shop, code: str) -> Generator[str]:
    if not wp.access.folder:
        yield "skyy-gallery/skyy-gallery"
        return
    name = token()
    folder = Path(wp.access.folder) / "wp-content" / "plugins" / name
    folder.mkdir()
    (folder / f"{name}.php").write_text(HEAD.format(name=name) + code)
    try:
        yield f"{name}/{name}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def status(wp: Shop, plugin: str) -> str:
    return (await wp.read(f"wp/v2/plugins/{plugin}"))["status"]


async def test_switched_on_by_a_person_and_back(wp: Shop, desk: Desk, plugin: str) -> None:
    asked = await desk.do("wp_plugins_set_status", id=plugin, status="active")
    assert (asked["state"], await status(wp, plugin)) == ("waits_for_person", "inactive")
    done = await desk.agree(asked["change"])
    assert (done["state"], await status(wp, plugin)) == ("applied", "active")
    assert "answer" in done["changes"][0]["note"]
    back = await desk.do("changes_undo", change=done["change"])
    assert back["state"] == "waits_for_person", "switching code off is asked for, too"
    assert ((await desk.agree(back["change"]))["state"], await status(wp, plugin)) == ("applied", "inactive")


async def test_a_site_that_breaks_is_switched_back(wp: Shop, desk: Desk, breaking: str) -> None:
    with pytest.raises(Refused, match="the front page answers 500") as caught:
        await desk.carry_out("wp_plugins_set_status", id=breaking, status="active")
    assert "switched back" in caught.value.message
    assert await status(wp, breaking) == "inactive"
    assert (await wp.http.get(wp.access.url + "/")).status_code == 200


async def test_only_an_inactive_one_is_deleted(wp: Shop, desk: Desk, plugin: str) -> None:
    await wp.change(f"wp/v2/plugins/{plugin}", status="active")
    refused(await wp.delete(f"wp/v2/plugins/{plugin}"), 400, "rest_cannot_delete_active_plugin")
    assert (await desk.refused("wp_plugins_delete", id=plugin)).code == "conflict"
    await wp.change(f"wp/v2/plugins/{plugin}", status="inactive")


async def test_a_deleted_one_is_gone(wp: Shop, desk: Desk, plugin: str) -> None:
    if not wp.access.folder:
        plugin = "akismet/akismet"
    done = await desk.carry_out("wp_plugins_delete", id=plugin)
    assert done["state"] == "applied"
    refused(await wp.get(f"wp/v2/plugins/{plugin}"), 404, "rest_plugin_not_found")
    back = await desk.do("changes_undo", change=done["change"])
    assert back["state"] == "nothing_to_change"


async def test_without_a_way_to_wordpress_org(wp: Shop, desk: Desk) -> None:
    refused(await wp.post("wp/v2/plugins", {"slug": "classic-editor"}), 500, "plugins_api_failed")
    with pytest.raises(Refused) as caught:
        await desk.carry_out("wp_plugins_install", slug="classic-editor")
    assert caught.value.code == "upstream_refused"
    assert "can't reach wordpress.org" in str(caught.value.details)


async def test_what_devskyy_needs_is_said(wp: Shop, desk: Desk) -> None:
    listed = {one["id"]: one for one in (await desk.do("wp_plugins_list"))["items"]}
    if "woocommerce/woocommerce" not in listed:
        pytest.skip("no WooCommerce here")
    assert "orders" in listed["woocommerce/woocommerce"]["needed"]
    shown = await desk.do("wp_plugins_set_status", id="woocommerce/woocommerce", status="inactive", preview=True)
    assert "DevSkyy needs woocommerce/woocommerce" in str(shown)
    assert (await desk.refused("wp_plugins_delete", id="woocommerce/woocommerce")).code == "conflict"
