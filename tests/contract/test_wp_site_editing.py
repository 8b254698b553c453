"""Patterns, menus, templates, styles, fonts, widgets, plugins as the shops answer for them, quirks included."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.client import Json, Shop, ok, refused, token

pytestmark = pytest.mark.requirement("contract:site-editing")
MARKUP = "<!-- wp:paragraph -->\n<p>x</p>\n<!-- /wp:paragraph -->"
IDLE = "wp_inactive_widgets"


async def theme(wp: Shop) -> str:
    (active,) = await wp.read("wp/v2/themes", status="active")
    return active["stylesheet"]


# --- patterns and navigations ---


async def test_a_pattern_is_raw_for_all_readers(wp: Shop) -> None:
    made = await wp.make("wp/v2/blocks", title="Care", content=MARKUP, status="publish")
    seen = await wp.read(f"wp/v2/blocks/{made['id']}")
    assert (seen["title"], seen["content"]["raw"]) == ({"raw": "Care"}, MARKUP)


async def test_a_pattern_that_is_not_synced(wp: Shop) -> None:
    meta = {"wp_pattern_sync_status": "unsynced"}
    made = await wp.make("wp/v2/blocks", title="Care", content=MARKUP, status="publish", meta=meta)
    assert (made["wp_pattern_sync_status"], made["wp_pattern_category"]) == ("unsynced", [])


async def test_patterns_go_to_the_bin_and_come_back(wp: Shop) -> None:
    made = await wp.make("wp/v2/blocks", title=token(), content=MARKUP, status="publish")
    path = f"wp/v2/blocks/{made['id']}"
    assert ok(await wp.delete(path))["status"] == "trash"
    refused(await wp.delete(path), 410, "rest_already_trashed")
    assert (await wp.change(path, status="publish"))["status"] == "publish"


async def test_a_navigation_is_rendered_for_readers(wp: Shop) -> None:
    link = '<!-- wp:navigation-link {"label":"Shop","url":"/shop"} /-->'
    made = await wp.make("wp/v2/navigation", title="Main", content=link, status="publish")
    assert set((await wp.read(f"wp/v2/navigation/{made['id']}"))["title"]) == {"rendered"}
    assert (await wp.read(f"wp/v2/navigation/{made['id']}", context="edit"))["content"]["raw"] == link


@pytest.mark.parametrize("noun", ["blocks", "navigation"])
async def test_each_edit_of_markup_is_kept(wp: Shop, noun: str) -> None:
    made = await wp.make(f"wp/v2/{noun}", title="Kept", content=MARKUP, status="publish")
    path = f"wp/v2/{noun}/{made['id']}"
    for word in ("y", "z"):
        await wp.change(path, content=MARKUP.replace("x", word))
    kept = await wp.read(f"{path}/revisions", context="edit")
    assert kept[0]["content"]["raw"] == MARKUP.replace("x", "z")
    refused(await wp.delete(f"{path}/revisions/{kept[0]['id']}", force="true"), 403, "rest_cannot_delete")


@pytest.mark.parametrize("noun", ["blocks", "navigation", "menu-items"])
async def test_unknown_ids(wp: Shop, noun: str) -> None:
    refused(await wp.get(f"wp/v2/{noun}/99999999"), 404, "rest_post_invalid_id")


# --- menus ---


async def test_menus_have_no_bin(wp: Shop) -> None:
    made = await wp.make("wp/v2/menus", name=token())
    refused(await wp.delete(f"wp/v2/menus/{made['id']}"), 501, "rest_trash_not_supported")
    assert ok(await wp.delete(f"wp/v2/menus/{made['id']}", force="true"))["deleted"] is True
    refused(await wp.get(f"wp/v2/menus/{made['id']}"), 404, "rest_term_invalid")


async def test_menu_names_are_unique(wp: Shop) -> None:
    made = await wp.make("wp/v2/menus", name=token())
    body = refused(await wp.post("wp/v2/menus", {"name": made["name"]}), 400, "menu_exists")
    assert (body["data"]["term_id"], body["additional_data"]) == (made["id"], [made["id"]])


async def test_a_menu_needs_a_name(wp: Shop) -> None:
    body = refused(await wp.post("wp/v2/menus", {}), 400, "rest_missing_callback_param")
    assert body["data"]["params"] == ["name"]


async def test_a_place_that_the_theme_lacks(wp: Shop) -> None:
    made = await wp.make("wp/v2/menus", name=token())
    body = refused(await wp.put(f"wp/v2/menus/{made['id']}", {"locations": ["top"]}), 400, "rest_invalid_param")
    assert body["data"]["details"]["locations"]["code"] == "rest_invalid_menu_location"


async def test_a_block_theme_has_no_places_for_menus(wp: Shop) -> None:
    assert await wp.read("wp/v2/menu-locations") == []
    refused(await wp.get("wp/v2/menu-locations/top"), 404, "rest_menu_location_invalid")


async def menu_item(wp: Shop, **more: Any) -> Json:
    menu = await wp.make("wp/v2/menus", name=token())
    body = {"menus": menu["id"], "title": "Shop", "url": "/shop", "status": "publish", **more}
    return await wp.make("wp/v2/menu-items", **body)


async def test_a_custom_item_needs_an_address(wp: Shop) -> None:
    menu = await wp.make("wp/v2/menus", name=token())
    refused(await wp.post("wp/v2/menu-items", {"menus": menu["id"], "title": "x"}), 400, "rest_url_required")


async def test_every_new_item_is_the_first(wp: Shop) -> None:
    first = await menu_item(wp)
    second = await wp.make("wp/v2/menu-items", menus=first["menus"], title="B", url="/b", status="publish")
    assert (first["menu_order"], second["menu_order"]) == (1, 1)
    await wp.change(f"wp/v2/menu-items/{second['id']}", menu_order=2)
    listed = await wp.read("wp/v2/menu-items", menus=first["menus"])
    assert [one["id"] for one in listed] == [first["id"], second["id"]]


async def test_an_item_for_a_page_has_its_address(wp: Shop) -> None:
    page = await wp.make("wp/v2/pages", title="About", status="publish")
    more = {"type": "post_type", "object": "page", "object_id": page["id"], "url": ""}
    made = await menu_item(wp, **more)
    assert (made["url"].rstrip("/"), made["type_label"]) == (page["link"].rstrip("/"), "Page")


async def test_items_have_no_bin(wp: Shop) -> None:
    made = await menu_item(wp)
    refused(await wp.delete(f"wp/v2/menu-items/{made['id']}"), 501, "rest_trash_not_supported")


# --- templates ---


async def test_a_new_template_is_custom(wp: Shop) -> None:
    slug = token()
    made = await wp.make("wp/v2/templates", slug=slug, title="Look", content=MARKUP)
    assert made["id"] == f"{await theme(wp)}//{slug}"
    assert (made["source"], made["has_theme_file"], made["is_custom"]) == ("custom", False, True)
    assert ok(await wp.delete(f"wp/v2/templates/{made['id']}", force="true"))["deleted"] is True
    refused(await wp.get(f"wp/v2/templates/{made['id']}"), 404, "rest_template_not_found")


@pytest.mark.parametrize(("noun", "slug"), [("templates", "index"), ("template-parts", "header")])
async def test_a_change_of_the_themes_file_and_its_reset(wp: Shop, noun: str, slug: str) -> None:
    path = f"wp/v2/{noun}/{await theme(wp)}//{slug}"
    before = await wp.read(path)
    assert (before["source"], before["wp_id"], before["modified"]) == ("theme", 0, False)
    refused(await wp.delete(path, force="true"), 400, "rest_invalid_template")
    assert (await wp.get(f"{path}/revisions")).status_code in (400, 403)  # the latter before WordPress 6.6
    try:
        changed = await wp.change(path, content=MARKUP)
        assert (changed["source"], changed["origin"], changed["has_theme_file"]) == ("custom", "theme", True)
        assert changed["content"]["raw"] == MARKUP
    finally:
        await wp.delete(path, force="true")
    assert (await wp.read(path))["content"] == before["content"]


async def test_a_template_in_the_bin_shows_the_themes(wp: Shop) -> None:
    path = f"wp/v2/templates/{await theme(wp)}//index"
    await wp.change(path, content=MARKUP)
    ok(await wp.delete(path))
    assert (await wp.read(path))["source"] == "theme"


async def test_edits_of_a_template_are_kept(wp: Shop) -> None:
    made = await wp.make("wp/v2/templates", slug=token(), title="Look", content=MARKUP)
    path = f"wp/v2/templates/{made['id']}"
    await wp.change(path, content=MARKUP.replace("x", "y"))
    (kept,) = await wp.read(f"{path}/revisions")
    assert (kept["id"], kept["status"], kept["parent"]) == (made["id"], "inherit", made["wp_id"])
    one = await wp.read(f"{path}/revisions/{kept['wp_id']}")
    assert one["content"]["raw"] == MARKUP.replace("x", "y")
    refused(await wp.delete(f"{path}/revisions/{kept['wp_id']}"), 501, "rest_trash_not_supported")
    assert ok(await wp.delete(f"{path}/revisions/{kept['wp_id']}", force="true"))["deleted"] is True
    assert await wp.read(f"{path}/revisions") == []


async def test_what_a_page_falls_back_to(wp: Shop) -> None:
    found = await wp.read("wp/v2/templates/lookup", slug="nothing-of-the-kind")
    assert found["slug"] == "index"
    refused(await wp.get("wp/v2/templates/lookup"), 400, "rest_missing_callback_param")


async def test_a_part_looked_up_is_a_template(wp: Shop) -> None:
    assert (await wp.read("wp/v2/template-parts/lookup", slug="header"))["type"] == "wp_template"


async def test_parts_by_area(wp: Shop) -> None:
    slug = token()
    made = await wp.make("wp/v2/template-parts", slug=slug, title="Top", area="header", content=MARKUP)
    listed = await wp.read("wp/v2/template-parts", area="header")
    assert made["id"] in [one["id"] for one in listed]
    assert {one["area"] for one in listed} == {"header"}


async def test_a_template_of_another_theme(wp: Shop) -> None:
    refused(await wp.get("wp/v2/templates/nope//index"), 404, "rest_template_not_found")


# --- styles and themes ---


async def styles(wp: Shop) -> str:
    (active,) = await wp.read("wp/v2/themes", status="active")
    return active["_links"]["wp:user-global-styles"][0]["href"].partition("/wp-json/")[2]


async def test_styles_are_replaced_whole(wp: Shop) -> None:
    path = await styles(wp)
    await wp.change(path, styles={"color": {"background": "#fff"}, "spacing": {"blockGap": "1rem"}})
    changed = await wp.change(path, styles={"color": {"text": "#000"}})
    assert changed["styles"] == {"color": {"text": "#000"}}
    assert (await wp.change(path, styles={}))["styles"] == {}


async def test_markup_in_css(wp: Shop) -> None:
    body = {"styles": {"css": "body{}</style><script>"}}
    refused(await wp.put(await styles(wp), body), 400, "rest_custom_css_illegal_markup")


async def test_edits_of_styles_are_kept(wp: Shop) -> None:
    path = await styles(wp)
    await wp.change(path, styles={"color": {"background": "#fafafa"}})
    kept = (await wp.read(f"{path}/revisions"))[0]
    assert kept["styles"] == {"color": {"background": "#fafafa"}}
    assert (await wp.read(f"{path}/revisions/{kept['id']}"))["styles"] == kept["styles"]
    await wp.change(path, styles={})


async def test_styles_of_the_theme(wp: Shop) -> None:
    path = f"wp/v2/global-styles/themes/{await theme(wp)}"
    assert {"settings", "styles"} <= set(await wp.read(path))
    assert all(one["title"] for one in await wp.read(f"{path}/variations"))


@pytest.mark.parametrize("path", ["global-styles/themes/none", "themes/none"])
async def test_unknown_theme(wp: Shop, path: str) -> None:
    refused(await wp.get(f"wp/v2/{path}"), 404, "rest_theme_not_found")


async def test_unknown_styles(wp: Shop) -> None:
    refused(await wp.get("wp/v2/global-styles/99999999"), 404, "rest_global_styles_not_found")


# --- fonts ---


async def family(wp: Shop) -> Json:
    said = {"name": token(), "slug": token(), "fontFamily": "Black Rose 2, serif"}
    return await wp.make("wp/v2/font-families", font_family_settings=json.dumps(said))


async def test_names_of_fonts_are_quoted(wp: Shop) -> None:
    assert (await family(wp))["font_family_settings"]["fontFamily"] == '"Black Rose 2", serif'


async def test_the_slug_of_a_font_is_unique_and_fixed(wp: Shop) -> None:
    made = await family(wp)
    path = "wp/v2/font-families"
    said = made["font_family_settings"]
    refused(await wp.post(path, {"font_family_settings": json.dumps(said)}), 400, "rest_duplicate_font_family")
    body = {"font_family_settings": json.dumps({"slug": token()})}
    refused(await wp.put(f"{path}/{made['id']}", body), 400, "rest_invalid_param")
    changed = await wp.change(f"{path}/{made['id']}", font_family_settings=json.dumps({"name": "Rose"}))
    assert changed["font_family_settings"] == {**said, "name": "Rose"}


@pytest.mark.parametrize("said", ["{bad", "[]"])
async def test_settings_of_fonts_are_json(wp: Shop, said: str) -> None:
    refused(await wp.post("wp/v2/font-families", {"font_family_settings": said}), 400, "rest_invalid_param")


async def test_faces_belong_to_a_family(wp: Shop) -> None:
    made = await family(wp)
    path = f"wp/v2/font-families/{made['id']}/font-faces"
    said = {"fontFamily": "Rose", "fontWeight": "700", "src": f"{wp.access.url}/wp-content/a.woff2"}
    face = await wp.make(path, font_face_settings=json.dumps(said))
    assert (await wp.read(f"wp/v2/font-families/{made['id']}"))["font_faces"] == [face["id"]]
    refused(await wp.delete(f"{path}/{face['id']}"), 501, "rest_trash_not_supported")
    refused(await wp.put(f"{path}/{face['id']}", {}), 404, "rest_no_route")
    refused(await wp.get("wp/v2/font-families/99999999/font-faces"), 404, "rest_post_invalid_parent")


async def test_font_collections_come_from_wordpress_org(wp: Shop) -> None:
    assert await wp.read("wp/v2/font-collections") == []
    refused(await wp.get("wp/v2/font-collections/google-fonts"), 500, "font_collection_json_missing")
    refused(await wp.get("wp/v2/font-collections/none"), 404, "rest_font_collection_not_found")


# --- widgets ---


async def widget(wp: Shop, sidebar: str = IDLE) -> Json:
    instance = {"raw": {"content": "<p>x</p>"}}
    return await wp.make("wp/v2/widgets", id_base="block", sidebar=sidebar, instance=instance)


async def test_a_widget_and_its_place(wp: Shop) -> None:
    made = await widget(wp)
    assert made["instance"]["raw"] == {"content": "<p>x</p>"}
    assert made["id"] in (await wp.read(f"wp/v2/sidebars/{IDLE}"))["widgets"]
    assert "instance" not in await wp.read(f"wp/v2/widgets/{made['id']}")


async def test_any_sidebar_is_taken(wp: Shop) -> None:
    assert (await widget(wp, "nowhere"))["sidebar"] == "nowhere"
    assert await wp.read("wp/v2/widgets", sidebar="nothing-there") == []


async def test_widgets_without_force_become_inactive(wp: Shop) -> None:
    made = await widget(wp, "nowhere")
    assert ok(await wp.delete(f"wp/v2/widgets/{made['id']}"))["sidebar"] == IDLE
    assert ok(await wp.delete(f"wp/v2/widgets/{made['id']}", force="true"))["deleted"] is True
    refused(await wp.get(f"wp/v2/widgets/{made['id']}"), 404, "rest_widget_not_found")


@pytest.mark.parametrize("kind", [{}, {"id_base": "nope"}])
async def test_widgets_of_no_type(wp: Shop, kind: Json) -> None:
    refused(await wp.post("wp/v2/widgets", {"sidebar": IDLE, **kind}), 400, "rest_invalid_widget")


async def test_the_order_in_a_sidebar(wp: Shop) -> None:
    first, second = await widget(wp), await widget(wp)
    wanted = [second["id"], first["id"]]
    shown = (await wp.change(f"wp/v2/sidebars/{IDLE}", widgets=[*wanted, "nope-1"]))["widgets"]
    assert shown[:2] == wanted
    assert "nope-1" not in shown


@pytest.mark.parametrize(
    ("path", "code"), [("sidebars/none", "rest_sidebar_not_found"), ("widget-types/none", "rest_widget_type_invalid")]
)
async def test_unknown_places_and_types(wp: Shop, path: str, code: str) -> None:
    refused(await wp.get(f"wp/v2/{path}"), 404, code)


# --- what the site is built of, plugins, health ---


async def test_block_types(wp: Shop) -> None:
    assert (await wp.read("wp/v2/block-types/core/paragraph"))["title"] == "Paragraph"
    assert all(one["name"].startswith("core/") for one in await wp.read("wp/v2/block-types/core"))
    refused(await wp.get("wp/v2/block-types/core/none"), 404, "rest_block_type_invalid")


async def test_registered_patterns(wp: Shop) -> None:
    names = {one["name"] for one in await wp.read("wp/v2/block-patterns/patterns", _fields="name")}
    assert "core/query-standard-posts" in names
    assert {"name", "label"} <= set((await wp.read("wp/v2/block-patterns/categories"))[0])


async def test_the_block_directory_is_at_wordpress_org(wp: Shop) -> None:
    refused(await wp.get("wp/v2/block-directory/search", term="map"), 500, "plugins_api_failed")
    refused(await wp.get("wp/v2/block-directory/search"), 400, "rest_missing_callback_param")


async def test_plugins(wp: Shop) -> None:
    found = (await wp.read("wp/v2/plugins"))[0]
    assert (await wp.read(f"wp/v2/plugins/{found['plugin']}"))["name"] == found["name"]
    refused(await wp.get("wp/v2/plugins/nope/nope"), 404, "rest_plugin_not_found")
    refused(await wp.put(f"wp/v2/plugins/{found['plugin']}", {"status": "nope"}), 400, "rest_invalid_param")


@pytest.mark.parametrize("name", ["background-updates", "https-status", "authorization-header", "page-cache"])
async def test_health(wp: Shop, name: str) -> None:
    found = await wp.read(f"wp-site-health/v1/tests/{name}")
    assert found["status"] in ("good", "recommended", "critical")
    assert found["test"] == name.replace("-", "_")


async def test_sizes(wp: Shop) -> None:
    answer = await wp.get("wp-site-health/v1/directory-sizes")  # SQLite has no size of a database
    if answer.status_code != 200:
        refused(answer, 500, "not_available")
    else:
        assert "wordpress_size" in answer.json()


@pytest.mark.parametrize(
    "path", ["menus", "menu-items", "plugins", "sidebars", "widgets", "font-families", "templates", "block-types"]
)
async def test_nobody_sees_how_the_site_is_built(wp: Shop, path: str) -> None:
    answer = await wp.anonymous("GET", f"wp/v2/{path}")
    assert answer.status_code == 401
    assert answer.json()["code"].startswith("rest_")


async def test_a_setting_that_is_no_address(wp: Shop) -> None:
    refused(await wp.put("wp/v2/settings", {"email": "x"}), 400, "rest_invalid_param")


async def test_settings_that_mean_nothing_are_taken_silently(wp: Shop) -> None:
    before = await wp.read("wp/v2/settings")
    ok(await wp.put("wp/v2/settings", {"timezone": "Nope/Zone", "colour": "red"}))
    assert (await wp.read("wp/v2/settings"))["timezone"] == before["timezone"]
