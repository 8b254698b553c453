"""The site's tools on the demo shop: what is refused before anything is sent, and what happens when the site breaks."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.errors import Refused
from devskyy_tools.shop.rules_site import css_problem, quoted
from devskyy_tools.wordpress.styles import merged
from tests.fakes.demo import Demo, demo

THEME = "maison-skyy"
IDLE = "wp_inactive_widgets"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Demo]:
    async with demo(tmp_path) as made:
        yield made


BAD: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "unknown pattern": ("wp_blocks_update", {"kind": "pattern", "id": 999999, "title": "x"}, "not_found", "no pattern"),
    "categories of a navigation": (
        "wp_blocks_create", {"kind": "navigation", "title": "x", "content": "", "categories": [1]}, "invalid_arguments",
        "no categories",
    ),
    "menu without a name": ("wp_menus_create", {"name": " "}, "invalid_arguments", "needs a name"),
    "menu of the same name": ("wp_menus_create", {"name": "MAIN"}, "conflict", "has this name"),
    "place without a theme": (
        "wp_menus_create", {"name": "Top", "locations": ["primary"]}, "invalid_arguments", "no place called primary",
    ),
    "item of an unknown menu": ("wp_menu_items_create", {"menus": 999999, "url": "/"}, "not_found", "no menu"),
    "template that is there": (
        "wp_templates_create", {"kind": "template", "slug": "index", "title": "x", "content": ""}, "conflict",
        "maison-skyy//index already",
    ),
    "area of a template": (
        "wp_templates_create", {"kind": "template", "slug": "x", "title": "x", "content": "", "area": "header"},
        "invalid_arguments", "Only parts",
    ),
    "theme's own file": (
        "wp_templates_delete", {"kind": "template", "id": f"{THEME}//index"}, "conflict", "as the theme has it",
    ),
    "way out of the path": (
        "wp_templates_update", {"kind": "part", "id": "../../users", "content": ""}, "invalid_arguments", "id",
    ),
    "way up from the themes": (
        "wp_global_styles_get", {"of": "theme", "stylesheet": ".."}, "invalid_arguments", "stylesheet",
    ),
    "neither id nor slug": ("wp_templates_get", {"kind": "part"}, "invalid_arguments", "id or slug"),
    "markup in CSS": ("wp_global_styles_update", {"css": "a{}</style>"}, "invalid_arguments", "markup"),
    "open brace": ("wp_global_styles_update", {"css": "a { color: red;"}, "invalid_arguments", "not closed"),
    "markup in a block's CSS": (
        "wp_global_styles_update", {"styles": {"blocks": {"core/button": {"css": "<b>"}}}}, "invalid_arguments",
        "markup",
    ),
    "slug of a font": ("wp_fonts_create", {"name": "x", "slug": "A b", "family": "x"}, "invalid_arguments", "slug"),
    "font that is there": (
        "wp_fonts_create", {"name": "x", "slug": "skyy-serif", "family": "x"}, "conflict", "has the slug",
    ),
    "font file": (
        "wp_fonts_create", {"name": "x", "slug": "x", "family": "x", "faces": [{"src": "file:///etc/passwd"}]},
        "invalid_arguments", "http",
    ),
    "face of another family": ("wp_fonts_delete", {"id": 999999, "face": 1}, "not_found", "font family"),
    "unknown sidebar": (
        "wp_widgets_create", {"type": "block", "sidebar": "nowhere", "settings": {}}, "not_found", "no sidebar nowhere",
    ),
    "position and more": (
        "wp_widgets_update", {"id": "block-2", "position": 1, "sidebar": IDLE}, "invalid_arguments", "position alone",
    ),
    "installed plugin": ("wp_plugins_install", {"slug": "akismet"}, "conflict", "is installed"),
    "unknown plugin": ("wp_plugins_set_status", {"id": "none/none", "status": "active"}, "not_found", "no plugin"),
    "active plugin": ("wp_plugins_delete", {"id": "woocommerce/woocommerce"}, "conflict", "without it"),
    "address": ("wp_settings_update", {"url": "https://example.com"}, "invalid_arguments", "can't be changed here"),
    "time zone": ("wp_settings_update", {"timezone": "Nope/Zone"}, "invalid_arguments", "Europe/Paris"),
    "empty title": ("wp_settings_update", {"title": ""}, "invalid_arguments", "needs a title"),
    "front page that is not there": (
        "wp_settings_update", {"show_on_front": "page", "page_on_front": 999999}, "not_found", "no published page",
    ),
    "front page left out": ("wp_settings_update", {"show_on_front": "page"}, "invalid_arguments", "page_on_front"),
    "directory without a word": ("wp_library_list", {"of": "block_directory"}, "invalid_arguments", "searched"),
    "unknown pattern name": ("wp_library_list", {"of": "patterns", "name": "none"}, "not_found", "no such entry"),
}  # fmt: skip


@pytest.mark.requirement("site:rules")
@pytest.mark.parametrize("name", sorted(BAD))
async def test_refused_before_anything_is_sent(desk: Demo, name: str) -> None:
    tool, arguments, code, words = BAD[name]
    refused = await desk.refused(tool, **arguments)
    assert (refused.code, desk.writes) == (code, [])
    assert words in f"{refused.message} {refused.hint}"


@pytest.mark.requirement("site:rules")
@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"url": "javascript:alert(1)"}, "url must be"),
        ({}, "needs a url"),
        ({"type": "post_type", "object": "page"}, "object_id"),
        ({"type": "post_type", "object": "page", "object_id": 999999}, "no page 999999"),
        ({"url": "/x", "parent": 999999}, "no other item"),
    ],
)
async def test_items_that_lead_nowhere(desk: Demo, more: dict[str, Any], words: str) -> None:
    menu = await desk.some("wp_menus_list")
    assert words in (await desk.refused("wp_menu_items_create", menus=menu, title="x", **more)).message


async def test_a_new_item_stands_last(desk: Demo) -> None:
    menu = await desk.some("wp_menus_list")
    before = (await desk.do("wp_menu_items_list", menus=menu))["total"]
    await desk.carry_out("wp_menu_items_create", menus=menu, title="Sale", url="/sale")
    assert (await desk.do("wp_menu_items_list", menus=menu))["items"][-1]["order"] == before + 1


@pytest.mark.requirement("site:plugins")
async def test_a_site_that_breaks_is_switched_back(desk: Demo) -> None:
    asked = await desk.do("wp_plugins_set_status", id="skyy-gallery/skyy-gallery", status="active")
    desk.shop.faults.status(500, path="^/$", nth=3)  # after the plan was made anew, and the plugin switched
    with pytest.raises(Refused, match="the front page answers 500") as caught:
        await desk.agree(asked["change"])
    assert "switched back" in caught.value.message
    listed = {one["id"]: one["status"] for one in (await desk.do("wp_plugins_list"))["items"]}
    assert listed["skyy-gallery/skyy-gallery"] == "inactive"
    assert desk.writes == ["PUT /wp/v2/plugins/skyy-gallery/skyy-gallery"] * 2


@pytest.mark.requirement("site:plugins")
async def test_a_site_that_stays_broken_says_what_to_do(desk: Demo) -> None:
    asked = await desk.do("wp_plugins_set_status", id="skyy-gallery/skyy-gallery", status="active")
    desk.shop.faults.status(500, path="^/$", nth=3, times=100)
    with pytest.raises(Refused, match="could not be switched back") as caught:
        await desk.agree(asked["change"])
    assert "wp-content/plugins" in f"{caught.value.hint}{caught.value.details}"


@pytest.mark.requirement("site:plugins")
async def test_nothing_is_switched_on_where_the_site_is_ill(desk: Demo) -> None:
    desk.shop.faults.status(500, path="^/$", times=100)
    refused = await desk.refused("wp_plugins_set_status", id="akismet/akismet", status="active")
    assert (refused.code, desk.writes) == ("conflict", [])


async def test_a_mail_address_is_a_persons_to_change(desk: Demo) -> None:
    assert (await desk.do("wp_settings_update", email="new@example.com"))["state"] == "waits_for_person"


@pytest.mark.requirement("site:health")
async def test_health_says_what_to_do(desk: Demo) -> None:
    found = await desk.do("wp_health_check")
    assert found["summary"] == "1 critical, 2 recommended or not run."
    assert [one["status"] for one in found["checks"]][:3] == ["critical", "recommended", "recommended"]
    assert all(("do" in one) == (one["status"] != "good") for one in found["checks"])
    desk.shop.faults.status(500, path="^/$", times=1)
    assert "the front page answers 500" in str(await desk.do("wp_health_check"))


@pytest.mark.requirement("site:health")
async def test_a_test_that_the_site_lacks(desk: Demo) -> None:
    desk.shop.faults.status(404, path="page-cache$", times=1)
    checks = {one["test"]: one["status"] for one in (await desk.do("wp_health_check"))["checks"]}
    assert checks["page-cache"] in ("missing", "failed")


@pytest.mark.parametrize(
    "of", ["patterns", "pattern_categories", "blocks", "themes", "font_collections", "widget_types", "menu_locations"]
)
async def test_what_there_is_to_choose_from(desk: Demo, of: str) -> None:
    found = await desk.do("wp_library_list", of=of)
    assert found["total"] == len(found["items"])
    assert bool(found["items"]) == (of not in ("font_collections", "menu_locations"))


@pytest.mark.parametrize(
    ("of", "name", "key"),
    [("patterns", f"{THEME}/hero", "content"), ("blocks", "core/heading", "attributes"), ("themes", THEME, "version")],
)
async def test_one_of_them_in_full(desk: Demo, of: str, name: str, key: str) -> None:
    (one,) = (await desk.do("wp_library_list", of=of, name=name))["items"]
    assert (one["name"], key in one["more"]) == (name, True)


async def test_blocks_of_a_namespace_and_by_a_word(desk: Demo) -> None:
    found = await desk.do("wp_library_list", of="blocks", name="woocommerce")
    assert {one["name"].partition("/")[0] for one in found["items"]} == {"woocommerce"}
    assert (await desk.do("wp_library_list", of="blocks", search="HEADING"))["total"] == 1


async def test_the_template_of_a_page(desk: Demo) -> None:
    assert (await desk.do("wp_templates_get", kind="template", slug="single-coat"))["id"] == f"{THEME}//single"
    assert "content" not in (await desk.do("wp_templates_list", kind="part", area="header"))["items"][0]


async def test_looks_of_the_theme(desk: Demo) -> None:
    assert (await desk.do("wp_global_styles_get", of="variations"))["variations"][0]["title"] == "Night"
    assert "spacing" in (await desk.do("wp_global_styles_get", of="theme", stylesheet=THEME))["styles"]


async def test_a_preview_says_who_sees_it(desk: Demo) -> None:
    shown = await desk.do("wp_templates_update", kind="part", id=f"{THEME}//footer", content="<p>x</p>", preview=True)
    assert "every page that has this footer" in str(shown)
    shown = await desk.do("wp_settings_update", title="Skyy", preview=True)
    assert "Visitors see its name" in str(shown)


@pytest.mark.parametrize(
    ("css", "problem"),
    [
        ("a { color: red }", ""),
        ("", ""),
        ("a::before { content: '}'; } /* { */", ""),
        ("@media print { a { color: red } }", ""),
        ("a { } }", "line 1 closes"),
        ("a {\n}\n}", "line 3 closes"),
        ("a {", "a brace is not closed"),
        ("/* a", "a comment is not closed"),
        ("a { content: \"x }", "a quoted text is not closed"),
        ("</style>", "markup"),
    ],
)  # fmt: skip
def test_css(css: str, problem: str) -> None:
    found = css_problem(css)
    assert found.startswith(problem)
    assert bool(found) == bool(problem)


def test_names_of_fonts() -> None:
    assert quoted("Black Rose, serif") == '"Black Rose", serif'
    assert quoted("'Inter 2',generic(kai), sans-serif") == '"Inter 2", generic(kai), sans-serif'


def test_styles_are_merged() -> None:
    old = {"color": {"text": "#000", "background": "#fff"}, "css": "a{}"}
    assert merged(old, {"color": {"text": None}, "css": None}) == {"color": {"background": "#fff"}}
    assert merged(old, {"color": {"text": None, "background": None}}) == {"css": "a{}"}
    assert old["css"] == "a{}"
