"""wc/v3/products/attributes: the axes of choice that products share."""

from __future__ import annotations

from devskyy_tools.sandbox import text
from devskyy_tools.sandbox.auth import require_shop
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links
from devskyy_tools.sandbox.routing import Route, collection
from devskyy_tools.sandbox.store import Where

BASE = "/wc/v3/products/attributes"
LONGEST_SLUG = 28
_RESERVED = frozenset(
    {"author", "category", "day", "name", "order", "page", "post", "product", "tag", "term", "type", "year"}
)


def routes() -> list[Route]:
    return collection(
        BASE, "attribute", items=items, item=item, create=create, update=update, delete=delete, batch=True
    )


def items(call: Call) -> Reply:
    require_shop(call, "list")
    found = call.store.find(Where("attribute"), "name, id")
    headers = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": "1"}
    return Reply([show(call, body).whole() for body in found], headers=headers)


def load(call: Call) -> Json:
    body = call.store.get("attribute", int(call["id"] or 0))
    if body is None:
        raise RestError("woocommerce_rest_taxonomy_invalid", "Resource does not exist.", 404)
    return body


def item(call: Call) -> Reply:
    body = load(call)
    require_shop(call, "read")
    return show(call, body)


def show(call: Call, body: Json) -> Reply:
    data = {name: body[name] for name in ("id", "name", "slug", "type", "order_by", "has_archives")}
    return Reply(data, links=links(call, f"{BASE}/{body['id']}", BASE))


def create(call: Call) -> Reply:
    require_shop(call, "create")
    body: Json = {"id": call.store.new_id("attribute"), "name": "", "slug": ""}
    body |= {"type": "select", "order_by": "menu_order", "has_archives": False}
    _apply(call, body)
    call.store.put("attribute", body)
    reply = show(call, body)
    reply.status, reply.headers["Location"] = 201, call.site.rest(f"{BASE}/{body['id']}")
    return reply


def update(call: Call) -> Reply:
    body = load(call)
    require_shop(call, "edit")
    _apply(call, body)
    call.store.put("attribute", body)
    return show(call, body)


def _apply(call: Call, body: Json) -> None:
    if call["name"]:
        body["name"] = text.plain(call["name"])
    if not body["name"]:
        raise RestError("woocommerce_rest_cannot_create", "Please, provide an attribute name.", 400)
    # a change that does not name the slug makes a new one of the name
    body["slug"] = _slug(call, str(call["slug"] or body["name"]), body)
    for name in ("type", "order_by", "has_archives"):
        if call[name] is not None:
            body[name] = call[name]


def _slug(call: Call, wanted: str, body: Json) -> str:
    slug, code = text.slugify(wanted).removeprefix("pa_"), "edit" if body["slug"] else "create"
    # what a batch itself has made is not known to the shop before the next request
    known = call.store.remembered("SELECT slug FROM objects WHERE kind = 'attribute'")
    problem = ""
    if len(slug) > LONGEST_SLUG:
        problem = f"is too long ({LONGEST_SLUG} characters max). Shorten it, please."
    elif slug in _RESERVED:
        problem = "is not allowed because it is a reserved term. Change it, please."
    elif body["slug"] != f"pa_{slug}" and (f"pa_{slug}",) in known:
        problem = "is already in use. Change it, please."
    if problem:
        raise RestError(f"woocommerce_rest_cannot_{code}", f'Slug "{slug}" {problem}', 400)
    return f"pa_{slug}"


def delete(call: Call) -> Reply:
    """Delete an attribute for good, asked with force or without: products lose it, its terms are gone."""
    body = load(call)
    require_shop(call, "delete")
    before = show(call, body)
    terms = Where("attribute_term")
    terms.add("parent = ?", body["id"])
    for term_id in call.store.ids(terms):
        call.store.delete("attribute_term", term_id)
    holders = Where("product")
    holders.add(
        "EXISTS (SELECT 1 FROM json_each(body, '$.attributes') WHERE json_extract(value, '$.id') = ?)", body["id"]
    )
    for product in call.store.find(holders):
        product["attributes"] = [entry for entry in product["attributes"] if entry["id"] != body["id"]]
        call.store.put("product", product)
    call.store.delete("attribute", body["id"])
    return before
