"""Plugins and the site's settings: what stops working, what can't be taken back, what is never done from here."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from devskyy_mcp.errors import Code

from . import collections as at
from . import probing
from .draft import Draft

Json = dict[str, Any]
NEEDED = {
    "woocommerce/woocommerce": "every tool for products, orders, customers, coupons and reports stops working, "
    "and visitors can't buy",
    "devskyy": "3D files, SEO fields, redirects and privacy requests of DevSkyy stop working",
}
"""Plugins that DevSkyy works through, by id or by the folder's name, and what stops without them."""


def stops(plugin: str) -> str:
    """What of DevSkyy stops working without the plugin; empty for others."""
    return NEEDED.get(plugin) or next(
        (words for name, words in NEEDED.items() if plugin.partition("/")[0].startswith(name)), ""
    )


async def plugin(draft: Draft) -> None:
    """Code of others comes to the site when a person says so, and once."""
    if draft.kind == "create":
        name = str(draft.body.get("slug") or "")
        await _not_installed(draft, name)
        draft.asks.append(f"Installs code of others on the site: {name}, from wordpress.org.")
        draft.effects.append("The site fetches it from wordpress.org; it stays switched off.")
        draft.leaves.append("request")


async def plugin_switch(draft: Draft) -> None:
    """Code that runs on the site is switched on and off by a person, on a site that answers."""
    status, name = draft.body.get("status"), str(draft.target)
    if draft.kind != "update" or status is None:
        return
    if ill := await probing.ill(draft.shop.client):
        if status == "active":
            draft.refuse(f"the site is not well before this: {ill}", "Put that right first; see wp_health_check.",
                         Code.CONFLICT)  # fmt: skip
        draft.warnings.append(f"The site is not well before this: {ill}")
    draft.asks.append(f"Switches {draft.label} {'on' if status == 'active' else 'off'}: code that runs on every page.")
    draft.effects.append(
        "The front page and the REST index are asked afterwards; if one does not answer, it is switched back."
    )
    if status == "inactive" and (lost := stops(name)):
        draft.asks.append(f"DevSkyy needs {name}: without it {lost}.")
        draft.warnings.append(f"Without {name} {lost}.")


async def _not_installed(draft: Draft, slug: str) -> None:
    for known in (await draft.shop.list(at.PLUGINS, fields=("plugin", "status"))).items:
        if str(known["plugin"]).partition("/")[0] == slug:
            draft.refuse(f"{known['plugin']} is installed, and {known['status']}.", "Use wp_plugins_set_status.",
                         Code.CONFLICT)  # fmt: skip


async def plugin_delete(draft: Draft) -> None:
    """WordPress deletes only what is switched off."""
    if draft.was("status") != "inactive":
        lost = stops(str(draft.target))
        draft.refuse(
            f"it is active{f'; without it {lost}' if lost else ''}.", "Switch it off first: wp_plugins_set_status.",
            Code.CONFLICT,
        )  # fmt: skip
    draft.warnings.append(f"{draft.label}: many plugins delete their tables and settings along with their files.")


async def settings(draft: Draft) -> None:
    """The address is never changed from here; a front page exists; a time zone is one."""
    body = draft.body
    if "url" in body and body["url"] != draft.was("url"):
        draft.refuse("the site's address can't be changed here: every link and this connection would break.",
                     "Change it in wp-admin, with a backup, and WORDPRESS_URL after it.")  # fmt: skip
    if "title" in body and not str(body["title"] or "").strip():
        draft.refuse("a site needs a title.")
    if "timezone" in body and not _is_zone(str(body["timezone"])):
        draft.refuse("timezone must be a name such as Europe/Paris, or UTC.")
    for name in ("page_on_front", "page_for_posts"):
        page = body.get(name)
        if page and (await draft.shop.find(at.PAGES, page) or {}).get("status") != "publish":
            draft.refuse(f"{name}: the site has no published page {page}.", "See wp_pages_list.", Code.NOT_FOUND)
    front = draft.will("page_on_front")
    if front and front == draft.will("page_for_posts"):
        draft.refuse("page_on_front and page_for_posts must be two pages.")
    if draft.will("show_on_front") == "page" and not front:
        draft.refuse("show_on_front page needs page_on_front.", "Give the id of the page.")


def _is_zone(name: str) -> bool:
    if not name:
        return False
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


_SEEN = {
    "title": "its name in every page's title",
    "description": "its tagline",
    "show_on_front": "another front page",
    "page_on_front": "another front page",
    "page_for_posts": "the list of posts at another page",
    "posts_per_page": "another number of posts a page",
    "date_format": "dates in another form",
    "time_format": "times in another form",
    "language": "the site in another language",
    "site_icon": "another icon",
    "site_logo": "another logo",
}


async def settings_foresee(draft: Draft) -> None:
    seen = dict.fromkeys(words for name, words in _SEEN.items() if name in draft.body)
    if seen:
        draft.effects.append(f"Visitors see {', '.join(seen)} at once.")
        draft.leaves.append("public")
    if "timezone" in draft.body:
        draft.effects.append("Times of posts, sales and reports are meant in the new time zone from now on.")
    if "email" in draft.body:
        draft.asks.append("Sends the site's own mails (orders, password resets, errors) to another address.")
    if "default_comment_status" in draft.body:
        draft.effects.append("It holds for posts that are written from now on.")
