"""Valid arguments for the tools of the site around the content, and texts that have been revised."""

from __future__ import annotations

from typing import Any

from devskyy_tools.shop.client import ShopClient
from tests.fakes.demo import Desk

from .making import Arguments, carry_out, create, given, made, unique

IDLE = "wp_inactive_widgets"
_OWN: dict[str, tuple[str, dict[str, Any]]] = {
    "posts": ("wp_posts", {}),
    "pages": ("wp_pages", {}),
    "blocks": ("wp_blocks", {"kind": "pattern"}),
    "navigation": ("wp_blocks", {"kind": "navigation"}),
    "templates": ("wp_templates", {"kind": "template"}),
    "template-parts": ("wp_templates", {"kind": "part"}),
}
REVISED = (*_OWN, "global-styles")
"""What has revisions, as wp_revisions_* call it."""


def paragraph(words: str) -> str:
    return f"<!-- wp:paragraph -->\n<p>{words}</p>\n<!-- /wp:paragraph -->"


def revision_of(kind: str) -> Arguments:
    """Arguments for the oldest text of one that was changed twice."""

    async def build(desk: Desk) -> dict[str, Any]:
        of = await (_restyled(desk) if kind == "global-styles" else _rewritten(desk, *_OWN[kind]))
        listed = await desk.do("wp_revisions_list", type=kind, of=of)
        return {"type": kind, "of": of, "id": listed["items"][-1]["id"]}

    return build


async def _rewritten(desk: Desk, tool: str, own: dict[str, Any]) -> str:
    slug = {"slug": unique("look")} if tool == "wp_templates" else {}
    body = {**own, **slug, "title": "First", "content": paragraph("One.")}
    made = (await carry_out(desk, f"{tool}_create", body))["changes"][0]["id"]
    target = made if slug else int(made)
    for words in ("Two.", "Three."):
        await carry_out(desk, f"{tool}_update", {**own, "id": target, "content": paragraph(words)})
    return str(target)


async def _restyled(desk: Desk) -> str:
    for colour in ("one", "two"):
        await carry_out(desk, "wp_global_styles_update", {"css": f".{unique(colour)} {{ color: #c8102e; }}"})
    return str((await desk.do("wp_global_styles_get"))["id"])


def block(kind: str, **arguments: Any) -> Arguments:
    """Arguments for a new pattern or navigation."""
    return made("wp_blocks_create", {"kind": kind, "title": "Care", "content": paragraph("x")}, kind=kind, **arguments)


def binned(noun: str, kind: str) -> Arguments:
    async def build(desk: Desk) -> dict[str, Any]:
        target = await block(kind)(desk)
        await carry_out(desk, "wp_blocks_delete", target)
        return {"noun": noun, "id": target["id"]}

    return build


def new_template(kind: str) -> Arguments:
    async def build(_desk: Desk) -> dict[str, Any]:
        return {"kind": kind, "slug": unique("look"), "title": "Look", "content": paragraph("Look.")}

    return build


def own_template(kind: str, **arguments: Any) -> Arguments:
    async def build(desk: Desk) -> dict[str, Any]:
        done = await carry_out(desk, "wp_templates_create", await new_template(kind)(desk))
        return {"kind": kind, "id": done["changes"][0]["id"], **arguments}

    return build


def of_the_theme(kind: str, **arguments: Any) -> Arguments:
    """Arguments for a template or part that is as the theme has it."""

    async def build(desk: Desk) -> dict[str, Any]:
        found = (await desk.do("wp_templates_list", kind=kind))["items"]
        return {"kind": kind, "id": next(one["id"] for one in found if one["source"] == "theme"), **arguments}

    return build


async def a_menu(desk: Desk) -> int:
    return await create(desk, "wp_menus_create", {"name": "Footer"})


async def a_link(desk: Desk) -> dict[str, Any]:
    return {"menus": await a_menu(desk), "title": "Sale", "url": "/sale"}


def menu_item(**arguments: Any) -> Arguments:
    async def build(desk: Desk) -> dict[str, Any]:
        return {"id": await create(desk, "wp_menu_items_create", await a_link(desk)), **arguments}

    return build


def face(desk: Desk, name: str, **more: str) -> dict[str, str]:
    """A file of the site's own: WordPress takes no address whose host it can't look up."""
    return {"src": f"{desk.app.services.get(ShopClient).upstream.base_url}/wp-content/{name}.woff2", **more}


async def a_family(desk: Desk) -> dict[str, Any]:
    name = unique("rose")
    return {"name": name, "slug": name, "family": name, "faces": [face(desk, name)]}


async def renamed_family(desk: Desk) -> dict[str, Any]:
    return {**await font()(desk), "name": "New words", "add_faces": [face(desk, "bold", weight="700")]}


def font(**arguments: Any) -> Arguments:
    async def build(desk: Desk) -> dict[str, Any]:
        done = await carry_out(desk, "wp_fonts_create", await a_family(desk))
        return {"id": int(done["changes"][0]["id"]), **arguments}

    return build


async def one_face(desk: Desk) -> dict[str, Any]:
    family = (await font()(desk))["id"]
    faces = (await desk.do("wp_fonts_list", id=family))["items"][0]["faces"]
    return {"id": family, "face": faces[0]["id"]}


WIDGET = {"type": "block", "sidebar": IDLE, "settings": {"content": "<p>x</p>"}}


def widget(**arguments: Any) -> Arguments:
    async def build(desk: Desk) -> dict[str, Any]:
        done = await carry_out(desk, "wp_widgets_create", WIDGET)
        return {"id": done["changes"][0]["id"], **arguments}

    return build


async def the_last_widget(desk: Desk) -> dict[str, Any]:
    for _ in range(2):
        await carry_out(desk, "wp_widgets_create", WIDGET)
    place = (await desk.do("wp_widgets_list", sidebar=IDLE))["items"][0]
    return {"id": place["widgets"][-1]["id"], "position": 1}


def in_library(of: str, otherwise: str) -> Arguments:
    """Arguments for the first entry of a list, or for one that few sites have."""

    async def build(desk: Desk) -> dict[str, Any]:
        found = (await desk.do("wp_library_list", of=of, limit=1))["items"]
        return {"of": of, "name": found[0]["name"] if found else otherwise}

    return build


WRITES: dict[str, Arguments] = {
    "wp_blocks_create": given(kind="pattern", title="Care", content=paragraph("Wash cold.")),
    "wp_blocks_delete": block("pattern"),
    "wp_blocks_update": block("pattern", title="New words"),
    "wp_fonts_create": a_family,
    "wp_fonts_delete": font(),
    "wp_fonts_update": renamed_family,
    "wp_global_styles_update": given(css="a { color: #c8102e; }"),
    "wp_menu_items_create": a_link,
    "wp_menu_items_delete": menu_item(),
    "wp_menu_items_update": menu_item(title="New words"),
    "wp_menus_create": given(name="Small print"),
    "wp_menus_delete": made("wp_menus_create", {"name": "Old"}),
    "wp_menus_update": made("wp_menus_create", {"name": "Old"}, description="New words."),
    "wp_plugins_delete": given(id="akismet/akismet"),
    "wp_plugins_install": given(slug="classic-editor"),
    "wp_plugins_set_status": given(id="skyy-gallery/skyy-gallery", status="active"),
    "wp_settings_update": given(description="New words."),
    "wp_templates_create": new_template("template"),
    "wp_templates_delete": own_template("template"),
    "wp_templates_update": of_the_theme("part", content=paragraph("New words.")),
    "wp_widgets_create": given(**WIDGET),
    "wp_widgets_delete": widget(),
    "wp_widgets_update": widget(settings={"content": "<p>New words.</p>"}),
}
FURTHER: dict[str, list[Arguments]] = {
    "wp_blocks_create": [given(kind="navigation", title="Main", content=paragraph("x"))],
    "wp_blocks_delete": [block("navigation")],
    "wp_blocks_update": [block("navigation", title="New words")],
    "wp_fonts_delete": [one_face],
    "wp_templates_create": [new_template("part")],
    "wp_templates_delete": [own_template("part")],
    "wp_templates_update": [own_template("template", title="New words")],
    "wp_widgets_update": [the_last_widget],
}
READS: dict[str, list[Arguments]] = {
    "wp_blocks_get": [block("pattern"), block("navigation")],
    "wp_fonts_list": [given(), font()],
    "wp_global_styles_get": [given(of=of) for of in ("own", "theme", "variations")],
    "wp_library_list": [
        given(of="block_directory", search="slider"),
        *(given(of=of) for of in ("pattern_categories", "blocks", "themes", "widget_types")),
        given(of="blocks", name="core"),
        given(of="blocks", name="core/quote"),
        in_library("patterns", "none"),
        in_library("themes", "none"),
        in_library("widget_types", "block"),
        in_library("font_collections", "google-fonts"),
        in_library("menu_locations", "primary"),
    ],
    "wp_templates_get": [
        of_the_theme("template"),
        of_the_theme("part"),
        given(kind="template", slug="page-about"),
        given(kind="part", slug="header"),
    ],
    "wp_widgets_list": [given(), given(sidebar=IDLE)],
}
