"""One object of every kind that a site is made of."""

from __future__ import annotations

import json

from tests.contract.client import Json, Shop, token
from tests.contract.specimens import wordpress

MARKUP = "<!-- wp:paragraph -->\n<p>x</p>\n<!-- /wp:paragraph -->"


@wordpress
async def pattern(shop: Shop) -> Json:
    return await shop.make("wp/v2/blocks", title="Care", content=MARKUP, status="publish")


@wordpress
async def navigation(shop: Shop) -> Json:
    made = await shop.make("wp/v2/navigation", title="Main", content=MARKUP, status="publish")
    return await shop.read(f"wp/v2/navigation/{made['id']}", context="edit")


@wordpress
async def menu(shop: Shop) -> Json:
    return await shop.make("wp/v2/menus", name=token())


@wordpress
async def menu_item(shop: Shop) -> Json:
    page = await shop.make("wp/v2/pages", title="About", status="publish")
    more = {"type": "post_type", "object": "page", "object_id": page["id"]}
    made = await shop.make("wp/v2/menu-items", menus=(await menu(shop))["id"], title="x", status="publish", **more)
    return await shop.read(f"wp/v2/menu-items/{made['id']}", context="edit")


@wordpress
async def template(shop: Shop) -> Json:
    made = await shop.make("wp/v2/templates", slug=token(), title="Look", content=MARKUP)
    return await shop.read(f"wp/v2/templates/{made['id']}", context="edit")


@wordpress
async def template_part(shop: Shop) -> Json:
    return next(one for one in await shop.read("wp/v2/template-parts") if one["source"] == "theme")


@wordpress
async def theme_in_use(shop: Shop) -> Json:
    found = (await shop.read("wp/v2/themes", status="active"))[0]
    open_ended = ("theme_supports", "tags", "_links")  # another theme supports other things
    return {name: value for name, value in found.items() if name not in open_ended}


@wordpress
async def global_styles(shop: Shop) -> Json:
    (theme,) = await shop.read("wp/v2/themes", status="active")
    found = await shop.read(theme["_links"]["wp:user-global-styles"][0]["href"].partition("/wp-json/")[2])
    return {**found, "settings": {}, "styles": {}}


@wordpress
async def font_family(shop: Shop) -> Json:
    said = {"name": token(), "slug": token(), "fontFamily": "Rose"}
    return await shop.make("wp/v2/font-families", font_family_settings=json.dumps(said))


@wordpress
async def font_face(shop: Shop) -> Json:
    said = {"fontFamily": "Rose", "src": f"{shop.access.url}/wp-content/a.woff2"}
    path = f"wp/v2/font-families/{(await font_family(shop))['id']}/font-faces"
    return await shop.make(path, font_face_settings=json.dumps(said))


@wordpress
async def widget(shop: Shop) -> Json:
    more = {"sidebar": "wp_inactive_widgets", "instance": {"raw": {"content": "x"}}}
    return await shop.make("wp/v2/widgets", id_base="block", **more)


@wordpress
async def sidebar(shop: Shop) -> Json:
    await widget(shop)
    return await shop.read("wp/v2/sidebars/wp_inactive_widgets")


@wordpress
async def widget_type(shop: Shop) -> Json:
    return await shop.read("wp/v2/widget-types/block")


@wordpress
async def plugin(shop: Shop) -> Json:
    return (await shop.read("wp/v2/plugins"))[0]


@wordpress
async def block_type(shop: Shop) -> Json:
    found = await shop.read("wp/v2/block-types/core/paragraph")
    open_ended = (
        "attributes",
        "supports",
        "keywords",
        "editor_style_handles",
        "style_handles",
        "editor_style",
        "style",
    )
    return {name: value for name, value in found.items() if name not in open_ended}


@wordpress
async def health_test(shop: Shop) -> Json:
    return await shop.read("wp-site-health/v1/tests/https-status")
