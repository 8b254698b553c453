"""Redirects, SEO fields and personal data, with the plugin on the site and without."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devskyy_tools.shop.signing import Credentials
from tests.fakes.demo import Demo, demo
from tests.fakes.models3d import glb, usdz

pytestmark = pytest.mark.requirement("plugin:tools")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Demo]:
    async with demo(tmp_path, calls_burst=1000) as made:
        yield made


@pytest.fixture
async def without(desk: Demo) -> Demo:
    """A shop that does not have the plugin."""
    desk.shop.site = replace(desk.shop.site, plugin=False)
    return desk


async def redirect(desk: Demo, source: str, target: str) -> int:
    done = await desk.carry_out("wp_redirects_create", source=source, target=target)
    return int(done["changes"][0]["id"])


async def redirects(desk: Demo, **arguments: Any) -> list[tuple[str, str, int]]:
    found = (await desk.do("wp_redirects_list", **arguments))["items"]
    return [(one["source"], one["target"], one["code"]) for one in found]


# ---- redirects -----------------------------------------------------------------------------------------------------


async def test_a_redirect_says_who_is_sent_where(desk: Demo) -> None:
    shown = await desk.do("wp_redirects_create", source="/old-coats/", target="/coats", preview=True)
    assert shown["effects"] == [
        "Visitors of /old-coats are sent to /coats (301; browsers remember it), whatever is at /old-coats."
    ]
    assert desk.writes == []
    done = await desk.do("changes_apply", change=shown["change"])
    assert await redirects(desk) == [("/old-coats", "/coats", 301)]
    await desk.do("changes_undo", change=done["change"])
    assert await redirects(desk) == []
    assert await redirects(desk, status="trash") == [("/old-coats", "/coats", 301)]


async def test_a_redirect_comes_back_from_the_bin(desk: Demo) -> None:
    made = await redirect(desk, "/old", "/new")
    gone = await desk.carry_out("wp_redirects_delete", id=made)
    assert await redirects(desk) == []
    await desk.carry_out("changes_undo", change=gone["change"])
    assert await redirects(desk) == [("/old", "/new", 301)]
    await desk.carry_out("wp_redirects_delete", id=made)
    await desk.carry_out("wp_bin_restore", noun="redirects", id=made)
    assert await redirects(desk) == [("/old", "/new", 301)]


async def test_what_took_the_place_of_a_binned_redirect_stays(desk: Demo) -> None:
    made = await redirect(desk, "/old", "/new")
    await desk.carry_out("wp_redirects_delete", id=made)
    other = await redirect(desk, "/old", "/newer")
    refused = await desk.refused("wp_bin_restore", noun="redirects", id=made)
    assert (refused.code, refused.details["id"]) == ("conflict", other)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ({"source": "old", "target": "/x"}, "invalid_arguments", "path on this site"),
        ({"source": "/", "target": "/x"}, "invalid_arguments", "path on this site"),
        ({"source": "https://sandbox.test/old", "target": "/x"}, "invalid_arguments", "path on this site"),
        ({"source": "/old?a=b", "target": "/x"}, "invalid_arguments", "path on this site"),
        ({"source": "/wp-login.php", "target": "/x"}, "invalid_arguments", "WordPress itself needs"),
        ({"source": "/wp-admin/x", "target": "/x"}, "invalid_arguments", "WordPress itself needs"),
        ({"source": "/old", "target": "https://evil.example/"}, "invalid_arguments", "place on this site"),
        ({"source": "/old", "target": "//evil.example/"}, "invalid_arguments", "place on this site"),
        ({"source": "/old", "target": "/\\evil.example"}, "invalid_arguments", "place on this site"),
        ({"source": "/old", "target": "javascript:x"}, "invalid_arguments", "place on this site"),
        ({"source": "/old", "target": "https://sandbox.test@evil.example/"}, "invalid_arguments", "place on this site"),
        ({"source": "/old", "target": ""}, "invalid_arguments", "place on this site"),
        ({"source": "/old", "target": "/old/"}, "invalid_arguments", "in a circle"),
        ({"source": "/third", "target": "/first"}, "invalid_arguments", "in a circle"),
        ({"source": "/first/", "target": "/x"}, "conflict", "has that source"),
        ({"source": "/old", "target": "/x", "code": 307}, "invalid_arguments", ""),
    ],
)
async def test_refuses_a_redirect_before_anything_is_sent(
    desk: Demo, arguments: dict[str, Any], code: str, says: str
) -> None:
    await redirect(desk, "/first", "/second")
    await redirect(desk, "/second", "/third")
    before = desk.writes
    refused = await desk.refused("wp_redirects_create", **arguments)
    assert (refused.code, says in refused.message) == (code, True), refused.message
    assert desk.writes == before


async def test_an_address_of_the_site_itself_is_taken(desk: Demo) -> None:
    await redirect(desk, "/old", "http://sandbox.test/new")
    assert await redirects(desk) == [("/old", "http://sandbox.test/new", 301)]


async def test_a_change_of_a_redirect_is_no_circle_with_itself(desk: Demo) -> None:
    made = await redirect(desk, "/a", "/b")
    await desk.carry_out("wp_redirects_update", id=made, source="/b", target="/a")
    assert await redirects(desk) == [("/b", "/a", 301)]


# ---- SEO -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "lists"),
    [
        ("post", "wp_posts_list"),
        ("pages", "wp_pages_list"),
        ("product", "woo_products_list"),
        ("product_cat", "woo_categories_list"),
    ],
)
async def test_seo_fields_are_written_and_taken_back(desk: Demo, kind: str, lists: str) -> None:
    one = await desk.some(lists)
    before = await desk.do("wp_seo_get", type=kind, id=one)
    assert (before["title"], before["noindex"], before["kept_by"]) == ("", False, "devskyy")
    asked = {"title": "  Coats &  capes", "canonical": "https://example.com/coats"}
    done = await desk.carry_out("wp_seo_update", type=kind, id=one, **asked)
    after = await desk.do("wp_seo_get", type=kind, id=one)
    assert (after["title"], after["canonical"]) == ("Coats & capes", "https://example.com/coats")
    await desk.carry_out("changes_undo", change=done["change"])
    assert await desk.do("wp_seo_get", type=kind, id=one) == before


async def test_leaving_the_index_is_said_before(desk: Demo) -> None:
    one = await desk.some("wp_posts_list")
    shown = await desk.do("wp_seo_update", type="post", id=one, noindex=True, preview=True)
    assert any("search engines will drop the page" in words for words in shown["warnings"])


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ({"type": "post", "id": 999_999, "title": "x"}, "not_found", "SEO fields 999999"),
        ({"type": "produkt", "id": 1, "title": "x"}, "invalid_arguments", "did you mean product?"),
        ({"type": "post", "id": 0, "title": "x"}, "invalid_arguments", ""),
        ({"type": "post", "title": "a <b>coat</b>"}, "invalid_arguments", "title is plain text"),
        ({"type": "post", "canonical": "javascript:x"}, "invalid_arguments", "canonical"),
        ({"type": "post"}, "invalid_arguments", "Give title"),
    ],
)
async def test_refuses_wrong_seo_fields(desk: Demo, arguments: dict[str, Any], code: str, says: str) -> None:
    given = {"id": await desk.some("wp_posts_list"), **arguments}
    refused = await desk.refused("wp_seo_update", **given)
    assert (refused.code, says in refused.message) == (code, True), refused.message
    assert desk.writes == []


# ---- personal data -------------------------------------------------------------------------------------------------

AMINA = "amina.okafor@example.com"


async def test_shows_what_the_site_holds(desk: Demo) -> None:
    found = await desk.do("wp_privacy_export", email=AMINA)
    assert {one["group"] for one in found["groups"]} == {"user", "comments", "woocommerce_orders"}
    assert "missing" not in found
    assert (await desk.do("wp_privacy_export", email="nobody@example.com"))["groups"] == []


async def test_erasing_waits_for_a_person_and_says_what_stays(desk: Demo) -> None:
    asked = await desk.do("wp_privacy_erase", email=AMINA)
    assert asked["state"] == "waits_for_person"
    assert "1 × User" in asked["effects"][0]
    assert any("can bring it back" in words for words in asked["asks"])
    assert AMINA not in str([asked["summary"], asked["effects"], asked["asks"]])
    assert desk.writes == []
    done = await desk.agree(asked["change"])
    assert done["state"] == "applied"
    assert "Personal data within order" in str(done)
    left = {one["group"] for one in (await desk.do("wp_privacy_export", email=AMINA))["groups"]}
    assert left == {"user", "woocommerce_orders"}
    back = await desk.do("changes_undo", change=done["change"])
    assert "gone for good" in str(back)


async def test_personal_data_are_an_administrators(tmp_path: Path) -> None:
    from devskyy_tools.sandbox import DEMO_PASSWORDS

    name = next(name for name in DEMO_PASSWORDS if name == "editor")
    async with demo(tmp_path, Credentials(name, DEMO_PASSWORDS[name])) as desk:
        for tool in ("wp_privacy_export", "wp_privacy_erase"):
            refused = await desk.refused(tool, email=AMINA)
            assert (refused.code, refused.details["capability"]) == ("forbidden", "manage_options")


# ---- a site without the plugin -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("wp_redirects_list", {}),
        ("wp_redirects_create", {"source": "/old", "target": "/new"}),
        ("wp_redirects_update", {"id": 1, "target": "/new"}),
        ("wp_redirects_delete", {"id": 1}),
        ("wp_seo_update", {"type": "post", "title": "x"}),
        ("wp_privacy_erase", {"email": AMINA}),
    ],
)
async def test_says_that_the_plugin_is_missing(without: Demo, tool: str, arguments: dict[str, Any]) -> None:
    more = {"id": await without.some("wp_posts_list")} if tool == "wp_seo_update" else {}
    refused = await without.refused(tool, **arguments, **more)
    assert (refused.code, "DevSkyy plugin" in refused.message) == ("not_configured", True)
    assert "devskyy plugin build" in refused.hint
    assert without.writes == []


async def test_seo_is_shown_as_far_as_wordpress_tells(without: Demo) -> None:
    one = await without.some("wp_posts_list")
    found = await without.do("wp_seo_get", type="post", id=one)
    assert (found["kept_by"], found["title"], found["canonical"]) == ("nobody", found["name"], found["link"])
    assert "devskyy plugin build" in found["missing"]


async def test_personal_data_are_shown_as_far_as_rest_goes(without: Demo) -> None:
    found = await without.do("wp_privacy_export", email=AMINA)
    assert {one["group"] for one in found["groups"]} == {"user", "customer", "orders"}
    assert "devskyy plugin build" in found["missing"]


@pytest.mark.parametrize(("name", "content"), [("coat.glb", glb()), ("coat.usdz", usdz())])
async def test_a_model_goes_into_the_media_library(desk: Demo, name: str, content: bytes) -> None:
    file = desk.app.settings.data_dir / name
    file.write_bytes(content)
    done = await desk.do("wp_media_upload", path=str(file), title="Coat")
    shown = await desk.do("wp_media_get", id=int(done["changes"][0]["id"]))
    assert shown["url"].endswith(file.suffix)


async def test_a_refused_model_names_the_plugin(without: Demo) -> None:
    file = without.app.settings.data_dir / "coat.glb"
    file.write_bytes(glb())
    refused = await without.refused("wp_media_upload", path=str(file))
    assert "devskyy plugin build" in str(refused.details)
