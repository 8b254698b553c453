"""wp/v2 search: posts, pages and products, or terms."""

from __future__ import annotations

from typing import Any, cast

from devskyy_tools.sandbox import schema, text
from devskyy_tools.sandbox.envelope import Call, Json, Reply, pages
from devskyy_tools.sandbox.nouns import lists
from devskyy_tools.sandbox.nouns.content import PAGES, POSTS, Content
from devskyy_tools.sandbox.routing import Endpoint, Route
from devskyy_tools.sandbox.store import Where


def routes() -> list[Route]:
    return [Route("/wp/v2/search", "search", {"GET": Endpoint(search, schema.list_args("search"))})]


def search(call: Call) -> Reply:
    """Find published posts, pages and products, or terms."""
    wanted = [str(found) for found in cast("list[Any]", call["subtype"] or ["any"])]
    everything = "any" in wanted
    found: list[Json] = []
    if call["type"] == "term":
        for kind in ("category", "post_tag", "product_brand", "product_cat", "product_tag"):
            if everything or kind in wanted:
                found += _matches(call, kind, published=False)
    elif call["type"] == "post":
        for kind in ("product", "post", "page"):
            if everything or kind in wanted:
                found += _matches(call, kind, published=True)
    per_page, page = int(call["per_page"]), int(call["page"])
    shown = found[(page - 1) * per_page : page * per_page]
    return pages(call, shown, len(found), strict=True)


def _matches(call: Call, kind: str, *, published: bool) -> list[Json]:
    where = Where(kind)
    if published:
        where.add("status = 'publish'")
    for name, negate in (("include", False), ("exclude", True)):
        if call[name]:
            where.among("id", call[name], negate=negate)
    columns = ["name", *(f"json_extract(body, '$.{field}')" for field in ("content", "description"))]
    lists.words(where, call["search"], columns if published else ["name"])
    return [_hit(call, kind, body, published=published) for body in call.store.find(where, "created DESC, id DESC")]


def _hit(call: Call, kind: str, body: Json, *, published: bool) -> Json:
    own = {"post": "posts", "page": "pages"}.get(kind, kind)
    place = call.site.rest(f"/wp/v2/{own}/{body['id']}")
    if kind in ("post", "page"):
        url = Content(POSTS if kind == "post" else PAGES).link(call, body)
    else:
        url = call.site.page(f"{kind.replace('_', '-')}/{body['slug']}/")
    return {
        "id": body["id"],
        "title": text.texturized(body.get("title") or body["name"]),
        "url": url,
        **({"type": "post", "subtype": kind} if published else {"type": kind}),
        "_links": {
            "self": [{"embeddable": True, "href": place}],
            "about": [{"href": call.site.rest(f"/wp/v2/{'types' if published else 'taxonomies'}/{kind}")}],
            "collection": [{"href": call.site.rest("/wp/v2/search")}],
        },
    }
