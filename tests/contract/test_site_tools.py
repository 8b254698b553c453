"""Every write tool of the site around the content, shown, carried out and undone on every shop: all is as before."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from devskyy_tools.shop.collections import NOISE
from tests.contract.client import Json, Shop, token
from tests.contract.trips import Trip, Trips, desk_on
from tests.fakes.demo import Desk

pytestmark = pytest.mark.requirement("site:round-trips")
TEXTS = "<!-- wp:paragraph -->\n<p>One &amp; only</p>\n<!-- /wp:paragraph -->"
LINK = '<!-- wp:navigation-link {"label":"Shop","url":"/shop"} /-->'
DATES = frozenset({"date", "date_gmt"})
IDLE = "wp_inactive_widgets"


TRIPS = Trips()
trip = TRIPS.trip


@pytest.fixture
async def desk(wp: Shop, tmp_path: Path) -> AsyncGenerator[Desk]:
    async with desk_on(wp, tmp_path) as made:
        yield made


@trip("wp_blocks_create")
async def pattern_made(shop: Shop) -> Trip:
    return Trip({"kind": "pattern", "title": f"Care {token()}", "content": TEXTS}, ["/wp/v2/blocks"])


@trip("wp_blocks_create")
async def pattern_of_its_own_made(shop: Shop) -> Trip:
    more = {"synced": False, "status": "draft"}
    return Trip({"kind": "pattern", "title": f"Care {token()}", "content": TEXTS, **more})


@trip("wp_blocks_update")
async def pattern_changed(shop: Shop) -> Trip:
    made = await shop.make("wp/v2/blocks", title="Care", content=TEXTS, status="publish")
    new = {"title": "Care & repair", "content": TEXTS.replace("One", "Two"), "slug": token()}
    return Trip({"kind": "pattern", "id": made["id"], **new}, [f"wp/v2/blocks/{made['id']}"])


@trip("wp_blocks_delete")
async def pattern_binned(shop: Shop) -> Trip:
    made = await shop.make("wp/v2/blocks", title=f"Care {token()}", content=TEXTS, status="publish")
    return Trip({"kind": "pattern", "id": made["id"]}, [f"wp/v2/blocks/{made['id']}"])


@trip("wp_blocks_create")
async def navigation_made(shop: Shop) -> Trip:
    return Trip({"kind": "navigation", "title": f"Main {token()}", "content": LINK}, ["/wp/v2/navigation"])


@trip("wp_blocks_update")
async def navigation_changed(shop: Shop) -> Trip:
    made = await shop.make("wp/v2/navigation", title="Main", content=LINK, status="publish")
    new = {"content": LINK.replace("Shop", "Sale"), "status": "draft"}
    return Trip({"kind": "navigation", "id": made["id"], **new}, [f"wp/v2/navigation/{made['id']}"])


@trip("wp_menus_create")
async def menu_made(shop: Shop) -> Trip:
    return Trip({"name": f"Footer {token()}", "description": "Small print."}, ["/wp/v2/menus"])


@trip("wp_menus_update")
async def menu_changed(shop: Shop) -> Trip:
    made = await shop.make("wp/v2/menus", name=token())
    return Trip({"id": made["id"], "name": f"A & B {token()}", "auto_add": True}, [f"wp/v2/menus/{made['id']}"])


@trip("wp_menus_delete")
async def menu_deleted(shop: Shop) -> Trip:
    return Trip({"id": (await shop.make("wp/v2/menus", name=token()))["id"]}, undo="nothing_to_change")


@trip("wp_menu_items_create")
async def link_made(shop: Shop) -> Trip:
    made = await shop.make("wp/v2/menus", name=token())
    return Trip({"menus": made["id"], "title": "Sale", "url": "/sale"}, [f"/wp/v2/menu-items?menus={made['id']}"])


@trip("wp_menu_items_create")
async def link_to_a_page_made(shop: Shop) -> Trip:
    page = await shop.make("wp/v2/pages", title="About", status="publish")
    above = await item(shop)
    more = {"type": "post_type", "object": "page", "object_id": page["id"], "parent": above["id"]}
    return Trip({"menus": above["menus"], "title": "About us", **more})


@trip("wp_menu_items_update")
async def link_changed(shop: Shop) -> Trip:
    made = await item(shop)
    new = {"title": "New & now", "url": "https://example.com/new", "target": "_blank"}
    return Trip({"id": made["id"], **new}, [f"wp/v2/menu-items/{made['id']}"])


@trip("wp_menu_items_delete")
async def link_deleted(shop: Shop) -> Trip:
    return Trip({"id": (await item(shop))["id"]}, undo="nothing_to_change")


async def item(shop: Shop) -> Json:
    menu = await shop.make("wp/v2/menus", name=token())
    return await shop.make("wp/v2/menu-items", menus=menu["id"], title="Shop", url="/shop", status="publish")


@trip("wp_templates_create")
async def template_made(shop: Shop) -> Trip:
    return Trip({"kind": "template", "slug": token(), "title": "Look", "content": TEXTS}, ["/wp/v2/templates"])


@trip("wp_templates_create")
async def part_made(shop: Shop) -> Trip:
    more = {"area": "header", "content": TEXTS}
    return Trip({"kind": "part", "slug": token(), "title": "Top", **more}, ["/wp/v2/template-parts"])


@trip("wp_templates_update")
async def template_of_the_theme_changed(shop: Shop) -> Trip:
    path = await of_theme(shop, "templates")
    return Trip({"kind": "template", "id": path.removeprefix("wp/v2/templates/"), "content": TEXTS}, [path])


@trip("wp_templates_update")
async def part_of_the_theme_changed(shop: Shop) -> Trip:
    path = await of_theme(shop, "template-parts")
    return Trip({"kind": "part", "id": path.removeprefix("wp/v2/template-parts/"), "content": TEXTS}, [path])


@trip("wp_templates_update")
async def own_template_changed(shop: Shop) -> Trip:
    made = await shop.make("wp/v2/templates", slug=token(), title="Look", content=TEXTS)
    new = {"content": TEXTS.replace("One", "Two"), "title": "Look book", "description": "For looks."}
    return Trip({"kind": "template", "id": made["id"], **new}, [f"wp/v2/templates/{made['id']}"])


@trip("wp_templates_delete")
async def changed_template_reset(shop: Shop) -> Trip:
    path = await of_theme(shop, "templates")
    await shop.change(path, content=TEXTS)
    return Trip({"kind": "template", "id": path.removeprefix("wp/v2/templates/")}, undo="nothing_to_change")


async def of_theme(shop: Shop, base: str) -> str:
    """A template or part that is as the theme has it."""
    found = await shop.read(f"wp/v2/{base}")
    return f"wp/v2/{base}/{next(one['id'] for one in found if one['source'] == 'theme')}"


@trip("wp_global_styles_update")
async def styles_changed(shop: Shop) -> Trip:
    look = {"color": {"background": "#faf8f5"}, "typography": {"lineHeight": "1.7"}}
    return Trip({"styles": look, "css": ".wp-block-button { color: #111; }"}, [await styles(shop)])


@trip("wp_global_styles_update")
async def styles_replaced(shop: Shop) -> Trip:
    path = await styles(shop)
    await shop.change(path, styles={"color": {"text": "#222222"}, "spacing": {"blockGap": "2rem"}})
    palette = [{"slug": "rose", "name": "Rose", "color": "#c8102e"}]
    more = {"settings": {"color": {"palette": {"custom": palette}}}}
    return Trip({"styles": {"color": {"text": "#000000"}}, "replace": True, **more}, [path])


async def styles(shop: Shop) -> str:
    """The path of the active theme's styles, without changes."""
    (theme,) = await shop.read("wp/v2/themes", status="active")
    path = theme["_links"]["wp:user-global-styles"][0]["href"].partition("/wp-json/")[2]
    await shop.change(path, styles={}, settings={})
    return path


@trip("wp_fonts_create")
async def font_made(shop: Shop) -> Trip:
    name = token()
    faces = [{"src": f"{shop.access.url}/wp-content/{name}.woff2", "weight": "700"}]
    return Trip({"name": name, "slug": name, "family": f"{name}, serif", "faces": faces}, ["/wp/v2/font-families"])


@trip("wp_fonts_update")
async def font_changed(shop: Shop) -> Trip:
    made = await family(shop)
    return Trip({"id": made["id"], "name": "Black Rose", "family": "Rose"}, [f"wp/v2/font-families/{made['id']}"])


@trip("wp_fonts_update")
async def face_added(shop: Shop) -> Trip:
    made = await family(shop)
    faces = [{"src": f"{shop.access.url}/wp-content/b.woff2", "style": "italic"}]
    return Trip({"id": made["id"], "add_faces": faces}, [f"wp/v2/font-families/{made['id']}"])


@trip("wp_fonts_delete")
async def font_deleted(shop: Shop) -> Trip:
    return Trip({"id": (await family(shop))["id"]}, undo="nothing_to_change")


@trip("wp_fonts_delete")
async def face_deleted(shop: Shop) -> Trip:
    made = await family(shop)
    said = f'{{"fontFamily":"Rose","src":"{shop.access.url}/wp-content/a.woff2"}}'
    path = f"wp/v2/font-families/{made['id']}/font-faces"
    face = await shop.make(path, font_face_settings=said)
    return Trip({"id": made["id"], "face": face["id"]}, undo="nothing_to_change")


async def family(shop: Shop) -> Json:
    name = token()
    said = f'{{"name":"{name}","slug":"{name}","fontFamily":"{name}, serif"}}'
    return await shop.make("wp/v2/font-families", font_family_settings=said)


@trip("wp_widgets_create")
async def widget_made(shop: Shop) -> Trip:
    more = {"sidebar": IDLE, "settings": {"content": TEXTS}}
    return Trip({"type": "block", **more}, [f"wp/v2/sidebars/{IDLE}"])


@trip("wp_widgets_update")
async def widget_changed(shop: Shop) -> Trip:
    made = await widget(shop)
    return Trip({"id": made["id"], "settings": {"content": "<p>New</p>"}}, [f"wp/v2/widgets/{made['id']}"])


@trip("wp_widgets_update")
async def widget_moved_up(shop: Shop) -> Trip:
    for _ in range(2):
        await widget(shop)
    order = (await shop.read(f"wp/v2/sidebars/{IDLE}"))["widgets"]
    return Trip({"id": order[-1], "position": 1}, [f"wp/v2/sidebars/{IDLE}"])


@trip("wp_widgets_delete")
async def widget_deleted(shop: Shop) -> Trip:
    return Trip({"id": (await widget(shop))["id"]}, undo="nothing_to_change")


async def widget(shop: Shop) -> Json:
    instance = {"raw": {"content": "<p>x</p>"}}
    return await shop.make("wp/v2/widgets", id_base="block", sidebar=IDLE, instance=instance)


@trip("wp_settings_update")
async def settings_changed(shop: Shop) -> Trip:
    words = {"title": f"Maison & {token()}", "description": "<3", "timezone": "Europe/Paris", "posts_per_page": 7}
    return Trip(words, ["wp/v2/settings"])


@trip("wp_settings_update")
async def front_page_changed(shop: Shop) -> Trip:
    page = await shop.make("wp/v2/pages", title="Welcome", status="publish")
    return Trip({"show_on_front": "page", "page_on_front": page["id"]}, ["wp/v2/settings"])


async def _seen(wp: Shop, paths: list[str]) -> list[Json]:
    found: list[Json] = []
    for path in paths:
        if path.startswith("/"):
            found.append(len(await wp.read(path[1:])))
            continue
        obj = await wp.read(path, context="edit")
        found.append({name: value for name, value in obj.items() if name not in NOISE | DATES})
    return found


@pytest.mark.parametrize("name", sorted(TRIPS))
async def test_there_and_back(wp: Shop, desk: Desk, name: str) -> None:
    tool, build = TRIPS[name]
    planned = await build(wp)
    before = await _seen(wp, planned.watched)
    shown = await desk.do(tool, **planned.arguments, preview=True)
    assert (shown["state"], await _seen(wp, planned.watched)) == ("proposed", before)
    done = await desk.carry_out(tool, **planned.arguments)
    assert (done["state"], {row["outcome"] for row in done["changes"]}) == ("applied", {"done"}), done
    back = await desk.do("changes_undo", change=done["change"])
    back = await desk.agree(back["change"]) if back["state"] == "waits_for_person" else back
    assert back["state"] == planned.undo, back
    assert await _seen(wp, planned.watched) == before


@pytest.mark.requirement("site:health")
async def test_health_of_every_site(desk: Desk) -> None:
    found = await desk.do("wp_health_check")
    assert {one["test"] for one in found["checks"]} >= {"answers", "https-status", "page-cache"}
    assert all(one["do"] for one in found["checks"] if one["status"] in ("critical", "recommended"))
    assert all("B" in size or "not exist" in size for size in found.get("sizes", {}).values())


@pytest.mark.parametrize(
    ("of", "name"),
    [("patterns", ""), ("blocks", "core/quote"), ("blocks", "core"), ("widget_types", "block"), ("menu_locations", "")],
)
async def test_what_every_site_can_be_built_of(desk: Desk, of: str, name: str) -> None:
    found = await desk.do("wp_library_list", of=of, name=name)
    assert bool(found["items"]) == (of != "menu_locations")
