"""wc/v3 shipping zones with their places and methods, and the kinds of shipping."""

from __future__ import annotations

from typing import Any, cast

from devskyy_tools.sandbox import schema, text
from devskyy_tools.sandbox.auth import require_shop
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links
from devskyy_tools.sandbox.nouns import values
from devskyy_tools.sandbox.routing import FORCE, Endpoint, Route, edits
from devskyy_tools.sandbox.seed.delivery import KINDS, REST, instance, method_fields
from devskyy_tools.sandbox.store import Where

BASE = "/wc/v3/shipping/zones"
METHODS = "/wc/v3/shipping_methods"
_VIEW: Json = {"context": {"type": "string", "enum": ["view"], "default": "view"}}
_PLACES = ("postcode", "state", "country", "continent")


def routes() -> list[Route]:
    get, post, delete = "GET", "POST", "DELETE"
    zone_args, method_args = schema.create_args("zone"), schema.create_args("zone_method")
    places = {get: Endpoint(locations, {}), **edits(change_locations, {})}
    return [
        Route(BASE, "zone", {get: Endpoint(zones, {}), post: Endpoint(create, zone_args)}, nested=False),
        Route(
            f"{BASE}/{{id}}", "zone",
            {get: Endpoint(zone, {}), **edits(update, schema.edit_args("zone")), delete: Endpoint(remove, FORCE)},
            nested=False,
        ),
        Route(f"{BASE}/{{id}}/locations", "", places),
        Route(
            f"{BASE}/{{id}}/methods", "zone_method",
            {get: Endpoint(methods, {}), post: Endpoint(add_method, method_args)}, nested=False,
        ),
        Route(
            f"{BASE}/{{id}}/methods/{{instance}}", "zone_method",
            {
                get: Endpoint(method, {}), **edits(change_method, schema.edit_args("zone_method")),
                delete: Endpoint(remove_method, FORCE),
            },
            nested=False,
        ),
        Route(METHODS, "shipping_method", {get: Endpoint(kinds, _VIEW)}, nested=False),
        Route(f"{METHODS}/{{id:s}}", "shipping_method", {get: Endpoint(kind, _VIEW)}, nested=False),
    ]  # fmt: skip


def counted(found: list[Json]) -> Reply:
    return Reply(found, headers={"X-WP-Total": str(len(found)), "X-WP-TotalPages": "1" if found else "0"})


# --- zones -----------------------------------------------------------------------------------------------------------


def zones(call: Call) -> Reply:
    require_shop(call, "list")
    found = [REST, *call.store.find(Where("zone"), "json_extract(body, '$.order'), id")]
    return counted([_shown(call, one).whole() for one in found])


def _shown(call: Call, found: Json) -> Reply:
    place = [{"href": call.site.rest(f"{BASE}/{found['id']}/locations")}]
    data = {name: found[name] for name in ("id", "name", "order")}
    return Reply(data, links=links(call, f"{BASE}/{found['id']}", BASE, describedby=place))


def _zone(call: Call) -> Json:
    found = REST if call["id"] == 0 else call.store.get("zone", int(call["id"]))
    if found is None:
        raise RestError("woocommerce_rest_shipping_zone_invalid", "Resource does not exist.", 404)
    return found


def zone(call: Call) -> Reply:
    require_shop(call, "list")
    return _shown(call, _zone(call))


def create(call: Call) -> Reply:
    require_shop(call, "create")
    body: Json = {"id": call.store.new_id("zone"), "name": "", "order": 0, "locations": []}
    _apply(call, body)
    reply = _shown(call, body)
    reply.status, reply.headers["Location"] = 201, call.site.rest(f"{BASE}/{body['id']}")
    return reply


def _apply(call: Call, body: Json) -> None:
    if call.sent.get("name") is not None:
        body["name"] = text.plain(call["name"])
    if call.sent.get("order") is not None:
        body["order"] = call["order"]
    call.store.put("zone", body)


def update(call: Call) -> Reply:
    require_shop(call, "edit")
    body = _zone(call)
    if body is REST:
        raise _closed("woocommerce_rest_shipping_zone_invalid_zone")
    _apply(call, body)
    return _shown(call, body)


def _closed(code: str) -> RestError:
    return RestError(code, 'The "locations not covered by your other zones" zone cannot be updated.', 403)


def remove(call: Call) -> Reply:
    require_shop(call, "edit")
    body = _zone(call)
    if not call["force"]:
        raise RestError("rest_trash_not_supported", "Shipping zones do not support trashing.", 501)
    for one in _methods(call, body):
        call.store.delete("zone_method", one["id"])
    call.store.delete("zone", body["id"])
    return _shown(call, body)


# --- places ----------------------------------------------------------------------------------------------------------


def locations(call: Call) -> Reply:
    require_shop(call, "list")
    found = _zone(call)
    base = f"{BASE}/{found['id']}"
    around = {
        "collection": [{"href": call.site.rest(f"{base}/locations")}], "describes": [{"href": call.site.rest(base)}],
    }  # fmt: skip
    return counted([{**place, "_links": around} for place in found["locations"]])


def change_locations(call: Call) -> Reply:
    """Store the places of a bare list; what has no code, or another type, is left out without a word."""
    require_shop(call, "edit")
    body = _zone(call)
    if body is REST:
        raise _closed("woocommerce_rest_shipping_zone_locations_invalid_zone")
    kept: list[Json] = []
    for place in values.bare_list(call):
        kind = place.get("type") or "country"
        if place.get("code") and kind in _PLACES:
            kept.append({"code": text.plain(str(place["code"])), "type": kind})
    call.store.put("zone", {**body, "locations": kept})
    return locations(call)


# --- methods of a zone -----------------------------------------------------------------------------------------------


def _methods(call: Call, found: Json) -> list[Json]:
    where = Where("zone_method")
    where.add("parent = ?", found["id"])
    return call.store.find(where, "json_extract(body, '$.order'), id")


def methods(call: Call) -> Reply:
    require_shop(call, "list")
    return counted([_shown_method(call, one).whole() for one in _methods(call, _zone(call))])


def _shown_method(call: Call, body: Json, title: str | None = None) -> Reply:
    kind = body["method_id"]
    _, name, about = next(one for one in KINDS if one[0] == kind)
    base = f"{BASE}/{body['parent']}/methods"
    data: Json = {
        "id": body["id"], "instance_id": body["id"], "title": title or body["settings"]["title"],
        "order": body["order"], "enabled": body["enabled"], "method_id": kind, "method_title": name,
        "method_description": f"<p>{about}</p>\n", "settings": method_fields(kind, body["settings"]),
    }  # fmt: skip
    around = {"describes": [{"href": call.site.rest(f"{BASE}/{body['parent']}")}]}
    return Reply(data, links=links(call, f"{base}/{body['id']}", base, **around))


def _method(call: Call) -> Json:
    found = next((one for one in _methods(call, _zone(call)) if one["id"] == call["instance"]), None)
    if found is None:
        raise RestError("woocommerce_rest_shipping_zone_method_invalid", "Resource does not exist.", 404)
    return found


def method(call: Call) -> Reply:
    require_shop(call, "list")
    return _shown_method(call, _method(call))


def add_method(call: Call) -> Reply:
    require_shop(call, "create")
    found, kind = _zone(call), str(call["method_id"])
    if kind not in {one[0] for one in KINDS if one[0] != "pickup_location"}:
        raise RestError("woocommerce_rest_shipping_zone_not_created", "Resource cannot be created.", 500)
    body = instance(call.store.new_id("zone_method"), found["id"], kind, len(_methods(call, found)) + 1)
    return _change(call, body, body["settings"]["title"])


def change_method(call: Call) -> Reply:
    require_shop(call, "edit")
    body = _method(call)
    return _change(call, body, body["settings"]["title"])


def _change(call: Call, body: Json, title: str) -> Reply:
    """Store what was sent; the answer's own title is the one from before, that among the settings is the new one."""
    fields = method_fields(body["method_id"], body["settings"])
    sent = cast("dict[str, Any]", call.sent.get("settings") or {})
    taken = {name: values.valid(fields[name], value) for name, value in sent.items() if name in fields}
    body = {**body, "settings": {**body["settings"], **taken}}
    for name in ("order", "enabled"):
        if call.sent.get(name) is not None:
            body[name] = call[name]
    call.store.put("zone_method", body)
    return _shown_method(call, body, title)


def remove_method(call: Call) -> Reply:
    require_shop(call, "edit")
    body = _method(call)
    if not call["force"]:
        raise RestError("rest_trash_not_supported", "Shipping methods do not support trashing.", 501)
    call.store.delete("zone_method", body["id"])
    return _shown_method(call, body)


# --- kinds of shipping -----------------------------------------------------------------------------------------------


def kinds(call: Call) -> Reply:
    require_shop(call, "list")
    return counted([_shown_kind(call, *one).whole() for one in KINDS])


def kind(call: Call) -> Reply:
    require_shop(call, "read")
    found = next((one for one in KINDS if one[0] == call["id"]), None)
    if found is None:
        raise RestError("woocommerce_rest_shipping_method_invalid", "Resource does not exist.", 404)
    return _shown_kind(call, *found)


def _shown_kind(call: Call, key: str, title: str, about: str) -> Reply:
    data = {"id": key, "title": title, "description": about}
    return Reply(data, links=links(call, f"{METHODS}/{key}", METHODS))
