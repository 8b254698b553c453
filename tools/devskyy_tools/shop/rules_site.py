"""Patterns, menus, templates, styles, fonts and widgets: what visitors will see, and what the site would garble."""

from __future__ import annotations

import re
from typing import Any, cast
from urllib.parse import urlsplit

from devskyy_mcp.errors import Code

from . import collections as at
from . import rules_markup as markup
from .collections import Collection
from .draft import Draft

Json = dict[str, Any]
RESETS = "resets"
"""Note of a change to a theme's file: undoing it takes the changed copy away."""
INACTIVE = "wp_inactive_widgets"
_SHOWN_ON = {
    "index": "every page without a template of its own",
    "front-page": "the front page",
    "home": "the list of posts",
    "single": "every post",
    "page": "every page",
    "archive": "every archive",
    "search": "the results of a search",
    "404": "the page for what is not found",
    "single-product": "every product",
    "archive-product": "the shop's list of products",
    "page-cart": "the cart",
    "page-checkout": "the checkout",
    "order-confirmation": "the thanks after an order",
}
_LINK = re.compile(r"(https?://|/|#|\?|mailto:|tel:)\S*", re.IGNORECASE)
_FONT_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PLAIN_FONT = re.compile(r"[A-Za-z-]+|generic\([A-Za-z-]+\)")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_QUOTED = re.compile(r"""("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')""")


async def blocks_foresee(draft: Draft) -> None:
    """A synced pattern or a navigation changes wherever it stands."""
    status = draft.will("status") or "draft"
    if draft.kind == "create" and status != "publish":
        return
    if draft.kind == "delete":
        draft.effects.append(f"Where {draft.label} stands, visitors see nothing in its place.")
    elif draft.kind == "update":
        draft.effects.append(f"Visitors see it changed wherever {draft.label} stands, at once.")
    draft.leaves.append("public")


async def template(draft: Draft) -> None:
    """A slug that the theme has already would become another one with a number."""
    slug = draft.body.get("slug")
    if draft.kind == "create" and slug:
        for known in (await draft.shop.list(draft.collection, fields=("id", "slug"))).items:
            if known.get("slug") == slug:
                draft.refuse(
                    f"the theme has {known['id']} already.", "Change that one instead.", Code.CONFLICT, id=known["id"]
                )


async def template_foresee(draft: Draft) -> None:
    """Who sees it, and that a theme's own file is no longer used."""
    if draft.kind == "update" and draft.was("source") == "theme":
        draft.effects.append("The theme's own file is kept; undoing this goes back to it.")
        draft.note[RESETS] = True
    where = _where(draft)
    if draft.kind == "create" and not where:
        draft.effects.append("Nobody sees it before a page is given this template.")
        return
    draft.effects.append(f"Visitors see it at once on {where or 'the pages that have it'}.")
    draft.leaves.append("public")


def _where(draft: Draft) -> str:
    slug = str(draft.will("slug") or "")
    if draft.collection is at.TEMPLATE_PARTS:
        area = draft.will("area") or "uncategorized"
        return f"every page that has this {'part' if area == 'uncategorized' else area}"
    found = _SHOWN_ON.get(slug)
    if found is None and (kind := slug.partition("-")[0]) in ("single", "page", "archive", "category", "tag"):
        found = f"what {slug} names" if kind != slug else None
    return found or ""


async def template_delete(draft: Draft) -> None:
    """A file of the theme's can't be deleted, only what was changed in it."""
    if draft.was("source") == "theme":
        draft.refuse("it is as the theme has it; there is nothing to reset.", "Update it to change it.", Code.CONFLICT)
    back = draft.was("has_theme_file")
    shown = f" on {_where(draft)}" if _where(draft) else ""
    draft.effects.append(
        f"Visitors see the theme's own {draft.collection.noun} again{shown}."
        if back
        else f"Pages with this {draft.collection.noun} fall back to another one."
    )
    draft.leaves.append("public")


async def menu(draft: Draft) -> None:
    """Two menus can't have one name, and a menu goes only where the theme has a place for it."""
    name = draft.body.get("name")
    if draft.kind == "create" and not str(name or "").strip():
        draft.refuse("a menu needs a name.")
    if name and name != draft.was("name"):
        for known in (await draft.shop.list(at.MENUS, search=str(name), per_page=100, fields=("id", "name"))).items:
            if str(known["name"]).casefold() == str(name).casefold() and known["id"] != draft.target:
                draft.refuse(
                    f"menu {known['id']} has this name.", "Choose another name, or change that menu.", Code.CONFLICT,
                    id=known["id"],
                )  # fmt: skip
    wanted = cast("list[str]", draft.body.get("locations") or [])
    if wanted:
        places = cast("Json | list[Any]", await draft.shop.client.get("/wp/v2/menu-locations"))
        known = set(places) if isinstance(places, dict) else set[str]()
        if missing := [one for one in wanted if one not in known]:
            draft.refuse(
                f"the theme has no place called {', '.join(missing)}.",
                f"It has: {', '.join(sorted(known))}."
                if known
                else "A block theme has none: use a navigation (wp_blocks_update, kind navigation) instead.",
            )


async def menu_foresee(draft: Draft) -> None:
    places = cast("list[str]", draft.will("locations") or [])
    if places:
        draft.effects.append(f"Visitors see it at once in: {', '.join(map(str, places))}.")
        draft.leaves.append("public")


async def menu_item(draft: Draft) -> None:
    """A link leads somewhere; what is below another stands in the same menu."""
    body = draft.body
    if draft.kind == "create":
        if not body.get("menus"):
            draft.refuse("an item needs a menu.", "Give menu: its id, from wp_menus_list.")
        body.setdefault("status", "publish")
        await _known(draft, at.MENUS, body["menus"], "menu")
        if not body.get("menu_order"):  # the site would put every new item first
            there = await draft.shop.list(at.MENU_ITEMS, menus=[body["menus"]], per_page=1, fields=("id",))
            staged = sum(op.collection == at.MENU_ITEMS.name and op.kind == "create" for op in draft.shop.unit.ops)
            body["menu_order"] = there.total + staged + 1
    kind = draft.will("type") or "custom"
    url = body.get("url")
    if kind == "custom" and draft.kind == "create" and not url:
        draft.refuse("a custom item needs a url.", "Give url, or type, object and object_id.")
    if kind == "custom" and url and not _LINK.fullmatch(str(url)):
        draft.refuse("url must be http(s)://…, /path, #anchor, mailto: or tel:.")
    if kind != "custom" and draft.kind == "create" and not body.get("object_id"):
        draft.refuse(f"an item of type {kind} needs object and object_id.")
    if body.get("object_id") and (among := _objects(str(draft.will("object") or ""))):
        await _known(draft, among, body["object_id"], among.noun)
    if body.get("parent"):
        above = await draft.shop.find(at.MENU_ITEMS, body["parent"])
        if above is None or above.get("menus") != draft.will("menus") or body["parent"] == draft.target:
            draft.refuse(f"parent {body['parent']} is no other item of the same menu.", "See wp_menu_items_list.")


def _objects(name: str) -> Collection | None:
    return {
        "page": at.PAGES, "post": at.POSTS, "product": at.PRODUCTS, "product_cat": at.PRODUCT_CATEGORIES,
    }.get(name)  # fmt: skip


async def _known(draft: Draft, collection: Collection, target: Any, what: str) -> None:
    if isinstance(target, int) and await draft.shop.find(collection, target) is None:
        draft.refuse(f"the site has no {what} {target}.", "List them to find the right id.", Code.NOT_FOUND)


async def menu_item_foresee(draft: Draft) -> None:
    if (draft.will("status") or "publish") == "publish":
        draft.effects.append("Visitors see it at once where the menu is shown.")
        draft.leaves.append("public")


async def styles(draft: Draft) -> None:
    """CSS that is none would be dropped by browsers, and markup in it is refused by WordPress."""
    given = cast("Json", draft.body.get("styles") or {})
    texts = [given.get("css"), *(one.get("css") for one in _blocks(given))]
    for css in texts:
        if isinstance(css, str) and css:
            if problem := css_problem(css):
                draft.refuse(f"css: {problem}", "Send CSS only: rules like .wp-block-button { color: #111; }.")
            if "@import" in css or re.search(r"url\(\s*['\"]?https?:", css):
                draft.warnings.append(f"{draft.label}: the CSS fetches from another address for every visitor.")


def _blocks(styles: Json) -> list[Json]:
    blocks = styles.get("blocks")
    found = cast("Json", blocks).values() if isinstance(blocks, dict) else ()
    return [cast("Json", one) for one in found if isinstance(one, dict)]


def css_problem(css: str) -> str:
    """What is wrong with a style sheet, in words; empty when nothing is (CSS Syntax Level 3 §5, braces and quotes)."""
    if re.search(r"</?\w", css):
        return "markup is not allowed in it."
    bare = _COMMENT.sub("", css)
    if "/*" in bare:
        return "a comment is not closed."
    bare = _QUOTED.sub("", bare)
    if '"' in bare or "'" in bare:
        return "a quoted text is not closed."
    depth = 0
    for number, line in enumerate(bare.split("\n"), 1):
        for sign in line:
            depth += (sign == "{") - (sign == "}")
            if depth < 0:
                return f"line {number} closes a brace that nothing opened."
    return "a brace is not closed." if depth else ""


async def styles_foresee(draft: Draft) -> None:
    draft.effects.append("Visitors see the new look on every page at once.")
    draft.leaves.append("public")


def quoted(families: str) -> str:
    """The list of families with quotes where the shop puts them (``WP_Font_Utils::sanitize_font_family``)."""
    names = [one.strip().strip("\"'") for one in families.split(",")]
    return ", ".join(one if _PLAIN_FONT.fullmatch(one) else f'"{one}"' for one in names if one)


async def font_family(draft: Draft) -> None:
    """A family has a name, a slug of its own that can't change, and a CSS value."""
    given = cast("Json", draft.body.get("font_family_settings") or {})
    if given.get("fontFamily"):
        given["fontFamily"] = quoted(str(given["fontFamily"]))
    if draft.kind != "create":
        return
    slug = str(given.get("slug") or "")
    if not _FONT_SLUG.fullmatch(slug):
        draft.refuse("slug must be lower-case words joined by -, such as black-rose.")
    for known in (await draft.shop.list(at.FONT_FAMILIES, slug=slug, per_page=1)).items:
        draft.refuse(f"font family {known['id']} has the slug {slug}.", "Change that one instead.", Code.CONFLICT)


async def font_face(draft: Draft) -> None:
    """Files of other hosts are fetched by each visitor's browser."""
    given = cast("Json", draft.body.get("font_face_settings") or {})
    given["fontFamily"] = quoted(str(given.get("fontFamily") or ""))
    sources = cast("list[str]", given["src"] if isinstance(given.get("src"), list) else [given.get("src")])
    for one in sources:
        parts = urlsplit(str(one or ""))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            draft.refuse("src must be the http(s) address of a font file (woff2, woff, ttf, otf).")
        if parts.hostname != draft.shop.client.host:
            draft.warnings.append(
                f"{draft.label}: visitors' browsers fetch the file from {parts.hostname}, which learns their addresses."
            )
    draft.leaves.append("public")


async def widget(draft: Draft) -> None:
    """The site takes any sidebar's name, and the widget is then nowhere; what could run in its texts is taken out."""
    settings = cast("Json", cast("Json", draft.body.get("instance") or {}).get("raw") or {})
    for name, text in settings.items():
        if isinstance(text, str) and "<" in text:
            settings[name] = await markup.publishable(draft, name, text)
    place = draft.body.get("sidebar")
    if draft.kind == "create" and not draft.body.get("id_base"):
        draft.refuse("a widget needs a type.", "Give type, such as block: see wp_library_list, widget_types.")
    if place and place != INACTIVE:
        known = [one["id"] for one in (await draft.shop.list(at.SIDEBARS, fields=("id",))).items]
        if place not in known:
            draft.refuse(f"the theme has no sidebar {place}.", f"It has: {', '.join(known)}.", Code.NOT_FOUND)


async def widget_foresee(draft: Draft) -> None:
    place = draft.will("sidebar")
    if place and place != INACTIVE:
        draft.effects.append(f"Visitors see it at once in {place}.")
        draft.leaves.append("public")


async def sidebar(draft: Draft) -> None:
    """Only widgets that there are, each once."""
    wanted = cast("list[str]", draft.body.get("widgets") or [])
    known = {one["id"] for one in (await draft.shop.list(at.WIDGETS, fields=("id",))).items}
    if missing := [one for one in wanted if one not in known]:
        draft.refuse(f"there is no widget {', '.join(map(str, missing))}.", "See wp_widgets_list.", Code.NOT_FOUND)
    draft.body["widgets"] = list(dict.fromkeys(wanted))
