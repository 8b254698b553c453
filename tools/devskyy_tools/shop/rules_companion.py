"""Redirects, SEO fields, 3D models: what the plugin would refuse is refused before, who will see what is foreseen."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from devskyy_mcp.errors import Code

from . import collections as at
from .draft import Draft
from .plugin import SEO_FIELD

_SOURCE = re.compile(r"/[^/\\?#][^\\?#]*")
_KEPT_FREE = re.compile(r"/(wp-admin|wp-json|wp-includes|wp-content|(wp-login|wp-cron|xmlrpc|index)\.php)?(/|$)", re.I)
_PLACE = re.compile(r"/(?![/\\])[^\\\s<>\"']*")
_ADDRESS = re.compile(r"https?://[^\\\s<>\"'@]+", re.I)
_MARKUP = re.compile(r"<[^>]*>?")
_GARBLED = re.compile(r"<|%[0-9a-f]{2}", re.I)
"""What WordPress would take out of a plain text, or change."""
ENDED = "a test on the shop that has ended does not go on"
STEPS = 5
"""Redirects that are followed one after the other, at most."""


def path_of(address: str) -> str:
    """The path as redirects know it: decoded, without a slash at its end and without a query."""
    return "/" + unquote(urlsplit(address).path).strip("/")


async def redirect(draft: Draft) -> None:
    """A path of this site leads to another place on it, and not in a circle."""
    if "source" in draft.body:
        if not _SOURCE.fullmatch(str(draft.body["source"])):
            draft.refuse("source is a path on this site, such as /old-coats, without host and query.")
        draft.body["source"] = path_of(str(draft.body["source"]))
    source, target = str(draft.will("source")), str(draft.will("target")).strip()
    if _KEPT_FREE.match(source):
        draft.refuse("WordPress itself needs that path.", "Choose another source.")
    if "target" in draft.body:
        await _on_this_site(draft, target)
        draft.body["target"] = target
    if draft.will("status") == "trash":
        return
    found = (await draft.shop.list(at.REDIRECTS, source=source, per_page=1)).items
    if found and found[0]["id"] != draft.target:
        holder = found[0]["id"]
        draft.refuse(f"redirect {holder} has that source.", "Change that one instead.", Code.CONFLICT, id=holder)
    await _no_circle(draft, source, target)


async def _on_this_site(draft: Draft, target: str) -> None:
    if _PLACE.fullmatch(target):
        return
    index: dict[str, Any] = await draft.shop.client.get("/", {"_fields": "url"})
    if not _ADDRESS.fullmatch(target) or urlsplit(target).hostname != urlsplit(str(index.get("url"))).hostname:
        draft.refuse("target must be a place on this site: whoever follows a link of the brand stays there.",
                     "Give a path such as /new-coats.")  # fmt: skip


async def _no_circle(draft: Draft, source: str, target: str) -> None:
    path = path_of(target)
    for _ in range(STEPS):
        if path == source:
            draft.refuse(f"{source} would lead in a circle.", "List redirects to see which one leads back.")
        found = (await draft.shop.list(at.REDIRECTS, source=path, per_page=1)).items
        if not found or found[0]["id"] == draft.target:
            return
        path = path_of(str(found[0]["target"]))
    draft.refuse(f"it would lead over more than {STEPS} redirects.", "Lead to the last place at once.")


async def redirect_foresee(draft: Draft) -> None:
    """Visitors are sent elsewhere at once, and a browser keeps a 301."""
    draft.leaves.append("public")
    source, target = (str(draft.will(name))[:200] for name in ("source", "target"))
    code = draft.will("code") or 301
    kept = "; browsers remember it" if code == 301 else ""
    if draft.kind == "delete":
        draft.effects.append(f"Visitors of {source} are no longer sent on to {target}.")
    elif draft.will("status") != "trash":
        draft.effects.append(f"Visitors of {source} are sent to {target} ({code}{kept}), whatever is at {source}.")


async def seo(draft: Draft) -> None:
    """Plain text in one line, as it is kept."""
    given = draft.body[SEO_FIELD]
    for name in ("title", "description"):
        text = str(given.get(name) or "")
        if _MARKUP.search(text):
            draft.refuse(f"{name} is plain text.", "Leave out HTML and the sign <.")
        if name in given:
            given[name] = " ".join(text.split())


async def seo_foresee(draft: Draft) -> None:
    """Search engines see it the next time they come; a page that leaves their index takes weeks to come back."""
    draft.leaves.append("public")
    given = draft.body[SEO_FIELD]
    if given.get("noindex"):
        draft.warnings.append(f"{draft.label}: search engines will drop the page.")
    elif "noindex" in given:
        draft.effects.append("Search engines may list the page again.")


async def model_foresee(draft: Draft) -> None:
    """Visitors see it with the page's next call; files that it no longer names stay in the media library."""
    draft.leaves.append("public")
    if not draft.will("glb"):
        draft.effects.append("The page shows no 3D model then; its files stay in the media library unless deleted too.")
    elif draft.was("glb") and "glb" in draft.body:
        draft.effects.append("It replaces another model, whose files stay in the media library unless deleted too.")


async def variant_test(draft: Draft) -> None:
    """Of products that there are; a picture of the media library, or an address of the site's own."""
    gone = await draft.shop.missing(at.PRODUCTS, draft.body.get("product_ids") or [])
    if gone:
        draft.refuse(f"there is no product {gone[0]}.", "woo_products_list has them.", Code.NOT_FOUND, missing=gone)
    if draft.kind == "create":
        await _no_collision(draft)
    place = draft.will("place")
    for one in draft.lines("variants"):
        content = str(one.get("content") or "")
        if place == "picture" and content:
            one["content"] = await _picture(draft, content)
        elif found := _GARBLED.search(content):
            draft.refuse(
                f"the content of {one['key']} holds {found[0]!r}, which WordPress takes out of plain texts.",
                "Leave out HTML, the sign <, and % before two of 0-9 and a-f; empty leaves the page as it is.",
            )


async def _no_collision(draft: Draft) -> None:
    """A visitor is in one test of a page at most: those of a layer have slices of their own, others have everybody."""
    mine, layer = set(draft.body["product_ids"]), draft.body.get("layer", "")
    first, end = draft.body.get("slice", (0, 0))
    for other in (await draft.shop.list(at.VARIANT_TESTS, per_page=10_000)).items:
        both = sorted(mine & set(other["product_ids"]))
        apart = layer and other["layer"] == layer and (end <= other["slice"][0] or other["slice"][1] <= first)
        if both and other["live"] and not apart:
            hint = "Stop it, wait for its end, or test other products."
            if other["layer"] and other["layer"] != layer:
                hint = f"It leaves room for others in its layer: give layer {other['layer']} and layer_percent."
            message = f"the test {other['key']} runs on product {both[0]} already, for the same visitors."
            draft.refuse(message, hint, Code.CONFLICT, test=other["key"], product_ids=both)


async def _picture(draft: Draft, given: str) -> str:
    """The address of a picture that the site has, by its id."""
    found = await draft.shop.find(at.MEDIA, int(given)) if given.isdecimal() and len(given) < 12 else None
    if found is None or found.get("media_type") != "image":
        draft.refuse("a variant's picture is the id of a picture in the media library.", "wp_media_list has them.")
    return str(found["source_url"])


async def variant_test_foresee(draft: Draft) -> None:
    """What visitors see changes, and a cookie is set: that is a person's to say."""
    draft.leaves.append("public")
    if draft.kind == "create":
        number = len(draft.body["product_ids"])
        what = f"the {draft.will('place').replace('_', ' ')} of {number} product{'s' if number > 1 else ''}"
        draft.asks.append(f"Visitors of the shop see {what} in {len(draft.body['variants'])} variants.")
        draft.effects.append(
            "Each visitor of these pages who may be counted gets a first-party cookie with a random id, for 90 days."
        )
        if draft.lines("variants")[0].get("content"):
            draft.warnings.append(
                "The control has a content of its own. Who did not agree to be counted sees the page as it is: "
                "leave the control's content empty unless it is what stands there."
            )
        return
    draft.undo = ENDED
    if draft.will("live"):
        draft.asks.append("Visitors of the shop see the variants of a test that had ended.")
    else:
        draft.effects.append("Every visitor sees the pages as they are.")
