"""wp/v2 menus, menu-items and menu-locations: the classic menus. A block theme has no locations."""

from __future__ import annotations

from typing import Any, cast

from devskyy_tools.sandbox import schema, text
from devskyy_tools.sandbox.auth import denied
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links
from devskyy_tools.sandbox.nouns import lists
from devskyy_tools.sandbox.nouns.content import CURIES, raw
from devskyy_tools.sandbox.routing import CONTEXT, Endpoint, Route, collection
from devskyy_tools.sandbox.store import Store, Where

MENUS, ITEMS = "/wp/v2/menus", "/wp/v2/menu-items"
_LABELS = {"page": "Page", "post": "Post", "product": "Product", "category": "Category", "custom": "Custom Link"}
_ITEM = ("url", "attr_title", "description", "type", "object", "object_id", "parent", "menu_order", "target", "status")


def routes() -> list[Route]:
    args = {**schema.create_args("menu"), "locations": {"type": "array", "items": {"type": "string"}}}
    schema.of("menu")["properties"]["locations"] = args["locations"]
    place = "/wp/v2/menu-locations"
    return [
        *collection(MENUS, "menu", items=menus, item=menu, create=create_menu, update=update_menu, delete=delete_menu),
        *collection(ITEMS, "menu_item", items=items, item=item, create=create_item, update=update_item,
                    delete=delete_item, nested=True),
        Route(place, "menu_location", {"GET": Endpoint(locations, CONTEXT)}),
        Route(f"{place}/{{name:s}}", "menu_location", {"GET": Endpoint(location, CONTEXT)}),
    ]  # fmt: skip


def _require(call: Call, code: str = "rest_cannot_view") -> None:
    if not call.user.can("edit_theme_options"):
        raise denied(call, code, "Sorry, you are not allowed to do that.")


def insert_menu(store: Store, name: str) -> Json:
    """Save a new menu and return it."""
    body: Json = {"id": store.new_id("nav_menu"), "name": name, "slug": text.slugify(name), "description": ""}
    body["auto_add"] = False
    store.put("nav_menu", body)
    return body


def insert_item(store: Store, menu_id: int, title: str, place: int, **more: Any) -> Json:
    """Save a new item and return it."""
    own = store.new_id("nav_menu_item")
    body: Json = {
        "id": own, "title": title, "status": "publish", "url": "", "attr_title": "", "description": "",
        "type": "custom", "object": "custom", "object_id": own, "above": 0, "menu_order": place, "target": "",
        "classes": [""], "xfn": [""], "parent": menu_id, **more,
    }  # fmt: skip
    store.put("nav_menu_item", body)
    return body


# --- menus ---


def menus(call: Call) -> Reply:
    _require(call)
    where = Where("nav_menu")
    lists.common(call, where)
    lists.words(where, call["search"], ["name"])
    return lists.page_of(call, where, _show_menu, sort="name COLLATE NOCASE, id")


def _load_menu(call: Call, key: str = "id") -> Json:
    body = call.store.get("nav_menu", int(call[key] or 0))
    if body is None:
        raise RestError("rest_term_invalid", "Term does not exist.", 404)
    return body


def menu(call: Call) -> Reply:
    _require(call)
    return _show_menu(call, _load_menu(call))


def _show_menu(call: Call, body: Json) -> Reply:
    data: Json = {name: body[name] for name in ("id", "description", "name", "slug")}
    data |= {"meta": [], "locations": [], "auto_add": body["auto_add"]}
    more: Json = {
        "about": [{"href": call.site.rest("/wp/v2/taxonomies/nav_menu")}],
        "wp:post_type": [{"href": f"{call.site.rest(ITEMS)}?menus={body['id']}"}],
    }
    return Reply(data, links=links(call, f"{MENUS}/{body['id']}", MENUS, **more, curies=CURIES))


def create_menu(call: Call) -> Reply:
    _require(call, "rest_cannot_create")
    _check_menu(call, 0)
    body = insert_menu(call.store, text.entities(str(call["name"])))
    return _saved_menu(call, body, 201)


def update_menu(call: Call) -> Reply:
    _require(call, "rest_cannot_update")
    body = _load_menu(call)
    _check_menu(call, body["id"])
    return _saved_menu(call, body)


def _check_menu(call: Call, own: int) -> None:
    for place in cast("list[str]", call.sent.get("locations") or []):
        inner: Json = {"code": "rest_invalid_menu_location", "message": "Invalid menu location."}
        inner["data"] = {"location": place}
        raise RestError(
            "rest_invalid_param", "Invalid parameter(s): locations", 400,
            params={"locations": "Invalid menu location."}, details={"locations": inner},
        )  # fmt: skip
    name = text.entities(str(call.sent.get("name") or ""))
    for other in call.store.find(Where("nav_menu")):
        if name and other["name"].lower() == name.lower() and other["id"] != own:
            message = f"The menu name <strong>{name}</strong> conflicts with another menu name. Please try another."
            error = RestError("menu_exists", message, 400, term_id=other["id"])
            error.more = {"additional_data": [other["id"]]}
            raise error


def _saved_menu(call: Call, body: Json, status: int = 200) -> Reply:
    for name in ("description", "auto_add", "slug"):
        if name in call.sent:
            body[name] = call[name]
    if call.sent.get("name"):
        body["name"] = text.entities(str(call["name"]))
    call.store.put("nav_menu", body)
    reply = _show_menu(call, body)
    reply.status = status
    return reply


def delete_menu(call: Call) -> Reply:
    _require(call, "rest_cannot_delete")
    body = _load_menu(call)
    if not call["force"]:
        message = "Menus do not support trashing. Set 'force=true' to delete."
        raise RestError("rest_trash_not_supported", message, 501)
    before = _show_menu(call, body).data
    where = Where("nav_menu_item")
    where.add("parent = ?", body["id"])
    for found in call.store.ids(where):
        call.store.delete("nav_menu_item", found)
    call.store.delete("nav_menu", body["id"])
    return Reply({"deleted": True, "previous": before})


# --- items ---


def items(call: Call) -> Reply:
    _require(call)
    where = Where("nav_menu_item")
    lists.common(call, where)
    if call["menus"]:
        where.among("parent", cast("list[int]", call["menus"]))
    lists.words(where, call["search"], ["name"])
    by = str(call["orderby"] or "menu_order")
    sort = "json_extract(body, '$.menu_order'), id" if by == "menu_order" else None
    return lists.page_of(call, where, _show_item, strict=True, sort=sort)


def _load_item(call: Call) -> Json:
    body = call.store.get("nav_menu_item", int(call["id"] or 0))
    if body is None:
        raise RestError("rest_post_invalid_id", "Invalid post ID.", 404)
    return body


def item(call: Call) -> Reply:
    _require(call)
    return _show_item(call, _load_item(call))


def _object(call: Call, body: Json) -> Json | None:
    return None if body["type"] == "custom" else call.store.peek(str(body["object"]), int(body["object_id"]))


def _show_item(call: Call, body: Json) -> Reply:
    linked = _object(call, body)
    title = body["title"] or (linked or {}).get("title") or (linked or {}).get("name") or ""
    shown = {"raw": title, "rendered": title} if call.edit else {"rendered": title}
    slug = (linked or {}).get("slug", "")
    data: Json = {
        "id": body["id"],
        "title": shown,
        "status": body["status"],
        "url": body["url"] if body["type"] == "custom" else call.site.page(f"{slug}/"),
        **{name: body[name] for name in ("attr_title", "description", "type")},
        "type_label": _LABELS.get(body["object"], body["object"].capitalize()),
        "object": body["object"],
        "object_id": int(body["object_id"]),
        "parent": body["above"],
        **{name: body[name] for name in ("menu_order", "target", "classes", "xfn")},
        "invalid": body["type"] != "custom" and linked is None,
        "meta": [],
        "menus": body["parent"],
    }
    own = f"{ITEMS}/{body['id']}"
    more: Json = {
        "about": [{"href": call.site.rest("/wp/v2/types/nav_menu_item")}],
        "wp:term": [{"taxonomy": "nav_menu", "embeddable": True, "href": f"{call.site.rest(MENUS)}?post={body['id']}"}],
    }
    if body["type"] == "post_type":
        place = call.site.rest(f"/wp/v2/{body['object']}s/{body['object_id']}")
        more["wp:menu-item-object"] = [{"post_type": body["object"], "embeddable": True, "href": place}]
    if call.edit:
        actions = ("publish", "unfiltered-html", "create-menus", "assign-menus")
        more |= {f"wp:action-{name}": [{"href": call.site.rest(own)}] for name in actions}
    return Reply(data, links=links(call, own, ITEMS, **more, curies=CURIES))


def create_item(call: Call) -> Reply:
    _require(call, "rest_cannot_create")
    sent = call.sent
    if str(sent.get("type") or "custom") == "custom" and not sent.get("url"):
        raise RestError("rest_url_required", "The url is required when using a custom menu item type.", 400)
    body = insert_item(call.store, int(sent.get("menus") or 0), "", 1, status="draft")
    reply = _saved_item(call, body)
    reply.status = 201
    return reply


def update_item(call: Call) -> Reply:
    _require(call, "rest_cannot_edit")
    return _saved_item(call, _load_item(call))


def _saved_item(call: Call, body: Json) -> Reply:
    for name in _ITEM:
        if call.sent.get(name) is not None:
            body["above" if name == "parent" else name] = call[name]
    for name in ("classes", "xfn"):
        if call.sent.get(name) is not None:
            body[name] = call[name] or [""]
    if call.sent.get("title") is not None:
        body["title"] = raw(call["title"])
    if call.sent.get("menus"):
        body["parent"] = int(call["menus"])
    if body["type"] == "custom":
        body |= {"object": "custom", "object_id": body["id"]}
    call.store.put("nav_menu_item", body)
    call.params["context"] = "edit"
    return _show_item(call, body)


def delete_item(call: Call) -> Reply:
    _require(call, "rest_cannot_delete")
    body = _load_item(call)
    if not call["force"]:
        message = "Menu items do not support trashing. Set 'force=true' to delete."
        raise RestError("rest_trash_not_supported", message, 501)
    before = _show_item(call, body).data
    call.store.delete("nav_menu_item", body["id"])
    return Reply({"deleted": True, "previous": before})


# --- locations ---


def locations(call: Call) -> Reply:
    """Return the map of places; empty, it is PHP's empty list."""
    _require(call)
    return Reply([])


def location(call: Call) -> Reply:
    _require(call)
    raise RestError("rest_menu_location_invalid", "Invalid menu location.", 404)
