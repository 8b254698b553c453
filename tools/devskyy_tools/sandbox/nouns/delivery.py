"""wc/v3 shipping zones and methods, taxes and webhooks."""

from __future__ import annotations

import secrets

from devskyy_tools.sandbox import clock, text
from devskyy_tools.sandbox.auth import require_shop
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links, pages
from devskyy_tools.sandbox.nouns import lists
from devskyy_tools.sandbox.routing import Endpoint, Route, collection
from devskyy_tools.sandbox.seed.settings import METHODS
from devskyy_tools.sandbox.store import Where

BASE = "/wc/v3"
_TOPICS = ("coupon", "customer", "order", "product")
_EVENTS = ("created", "updated", "deleted", "restored")
_TAX_CLASSES = {"standard": "Standard rate", "reduced-rate": "Reduced rate", "zero-rate": "Zero rate"}


def routes() -> list[Route]:
    get = "GET"
    return [
        Route(f"{BASE}/shipping/zones", "zone", {get: Endpoint(zones, {})}, nested=False),
        Route(f"{BASE}/shipping/zones/{{id}}", "zone", {get: Endpoint(zone, {})}, nested=False),
        Route(f"{BASE}/shipping/zones/{{id}}/methods", "zone_method", {get: Endpoint(zone_methods, {})}, nested=False),
        Route(f"{BASE}/shipping/zones/{{id}}/locations", "", {get: Endpoint(zone_locations, {})}),
        Route(f"{BASE}/shipping_methods", "shipping_method", {get: Endpoint(methods, {})}, nested=False),
        Route(f"{BASE}/taxes/classes", "tax_class", {get: Endpoint(tax_classes, {})}, nested=False),
        *collection(
            f"{BASE}/taxes",
            "tax",
            items=taxes,
            item=tax,
            create=create_tax,
            update=update_tax,
            delete=delete_tax,
            batch=True,
        ),
        *collection(
            f"{BASE}/webhooks",
            "webhook",
            items=webhooks,
            item=webhook,
            create=create_webhook,
            update=update_webhook,
            delete=delete_webhook,
            batch=True,
        ),
    ]


def _counted(found: list[Json]) -> Reply:
    return Reply(found, headers={"X-WP-Total": str(len(found)), "X-WP-TotalPages": "1" if found else "0"})


_ZONES: tuple[Json, ...] = (
    {"id": 0, "name": "Locations not covered by your other zones", "order": 0},
    {"id": 1, "name": "European Union", "order": 0},
)


def zones(call: Call) -> Reply:
    require_shop(call, "list")
    return _counted([_shown_zone(call, found).whole() for found in _ZONES])


def _shown_zone(call: Call, found: Json) -> Reply:
    base = f"{BASE}/shipping/zones"
    place = [{"href": call.site.rest(f"{base}/{found['id']}/locations")}]
    return Reply(found, links=links(call, f"{base}/{found['id']}", base, describedby=place))


def _zone(call: Call) -> Json:
    found = next((entry for entry in _ZONES if entry["id"] == call["id"]), None)
    if found is None:
        raise RestError("woocommerce_rest_shipping_zone_invalid", "Resource does not exist.", 404)
    return found


def zone(call: Call) -> Reply:
    require_shop(call, "read")
    return _shown_zone(call, _zone(call))


def zone_methods(call: Call) -> Reply:
    require_shop(call, "list")
    if _zone(call)["id"] == 0:
        return _counted([])
    cost: Json = {"id": "cost", "label": "Cost", "description": "", "type": "text", "value": "6.90", "default": ""}
    base = f"{BASE}/shipping/zones/1/methods"
    method: Json = {
        "id": 1, "instance_id": 1, "title": "Standard delivery", "order": 1, "enabled": True, "method_id": "flat_rate",
        "method_title": "Flat rate", "method_description": "<p>Lets you charge a fixed rate for shipping.</p>",
        "settings": {"cost": {**cost, "tip": "", "placeholder": ""}}, "_links": links(call, f"{base}/1", base),
    }  # fmt: skip
    return _counted([method])


def zone_locations(call: Call) -> Reply:
    require_shop(call, "list")
    codes = [] if _zone(call)["id"] == 0 else ["FR", "DE", "IT", "ES", "NL", "BE", "PT", "PL"]
    return _counted([{"code": code, "type": "country"} for code in codes])


def methods(call: Call) -> Reply:
    require_shop(call, "list")
    base = f"{BASE}/shipping_methods"
    return _counted(
        [
            {"id": key, "title": title, "description": about, "_links": links(call, f"{base}/{key}", base)}
            for key, title, about in METHODS
        ]
    )


# --- taxes -----------------------------------------------------------------------------------------------------------


def tax_classes(call: Call) -> Reply:
    require_shop(call, "list")
    collection_link = {"collection": [{"href": call.site.rest(f"{BASE}/taxes/classes")}]}
    return _counted([{"slug": k, "name": v, "_links": collection_link} for k, v in _TAX_CLASSES.items()])


def taxes(call: Call) -> Reply:
    require_shop(call, "list")
    where = Where("tax")
    if call["class"]:
        where.add("json_extract(body, '$.class') = ?", call["class"])
    found, total = lists.fetch(call, where, "id")
    return pages(call, [_shown_plain(call, "taxes", body).whole() for body in found], total)


def _shown_plain(call: Call, noun: str, body: Json) -> Reply:
    hidden = ("created", "modified", "secret")
    data = {name: value for name, value in body.items() if name not in hidden}
    return Reply(data, links=links(call, f"{BASE}/{noun}/{body['id']}", f"{BASE}/{noun}"))


def _tax(call: Call) -> Json:
    body = call.store.get("tax", int(call["id"] or 0))
    if body is None:
        raise RestError("woocommerce_rest_invalid_id", "Invalid resource ID.", 404)
    return body


def tax(call: Call) -> Reply:
    require_shop(call, "read")
    return _shown_plain(call, "taxes", _tax(call))


def create_tax(call: Call) -> Reply:
    require_shop(call, "create")
    body: Json = {
        "id": call.store.new_id("tax"), "country": "", "state": "", "postcode": "", "city": "", "rate": "0.0000",
        "name": "Tax", "priority": 1, "compound": False, "shipping": True, "order": 0, "class": "standard",
        "postcodes": [], "cities": [],
    }  # fmt: skip
    _apply_tax(call, body)
    reply = _shown_plain(call, "taxes", body)
    reply.status, reply.headers["Location"] = 201, call.site.rest(f"{BASE}/taxes/{body['id']}")
    return reply


def _apply_tax(call: Call, body: Json) -> None:
    for name in body:
        if name != "id" and call.sent.get(name) is not None:
            body[name] = call[name]
    body["rate"] = text.fixed(body["rate"], 4)
    call.store.put("tax", body)


def update_tax(call: Call) -> Reply:
    require_shop(call, "edit")
    body = _tax(call)
    _apply_tax(call, body)
    return _shown_plain(call, "taxes", body)


def delete_tax(call: Call) -> Reply:
    require_shop(call, "delete")
    body = _tax(call)
    if not call["force"]:
        raise RestError("woocommerce_rest_trash_not_supported", "Taxes do not support trashing.", 501)
    call.store.delete("tax", body["id"])
    return _shown_plain(call, "taxes", body)


# --- webhooks --------------------------------------------------------------------------------------------------------


def webhooks(call: Call) -> Reply:
    require_shop(call, "list")
    where = Where("webhook")
    if call["status"] and call["status"] != "all":
        where.add("status = ?", call["status"])
    return lists.page_of(call, where, _show_webhook)


def _show_webhook(call: Call, body: Json) -> Reply:
    resource, _, event = body["topic"].partition(".")
    data: Json = {
        "id": body["id"],
        "name": body["name"],
        "status": body["status"],
        "topic": body["topic"],
        "resource": resource,
        "event": event,
        "hooks": [f"woocommerce_{'new' if event == 'created' else event}_{resource}"],
        "delivery_url": body["delivery_url"],
        "date_created": clock.local(body["created"]),
        "date_created_gmt": body["created"],
        "date_modified": clock.local(body["modified"]),
        "date_modified_gmt": body["modified"] or None,
    }
    base = f"{BASE}/webhooks"
    return Reply(data, links=links(call, f"{base}/{body['id']}", base))


def _webhook(call: Call) -> Json:
    body = call.store.get("webhook", int(call["id"] or 0))
    if body is None:
        raise RestError("woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.", 404)
    return body


def webhook(call: Call) -> Reply:
    require_shop(call, "read")
    return _show_webhook(call, _webhook(call))


def create_webhook(call: Call) -> Reply:
    require_shop(call, "create")
    at = clock.now()
    shown = f"Webhook created on {at.replace('T', ' ')}"
    body: Json = {
        "id": call.store.new_id("webhook"),
        "name": shown,
        "status": "active",
        "created": at,
        "modified": None,
    }
    body |= {"topic": "", "delivery_url": "", "secret": secrets.token_urlsafe(37)}
    _apply_webhook(call, body)
    reply = _show_webhook(call, body)
    reply.status, reply.headers["Location"] = 201, call.site.rest(f"{BASE}/webhooks/{body['id']}")
    return reply


def _apply_webhook(call: Call, body: Json) -> None:
    for name in ("name", "status", "topic", "delivery_url", "secret"):
        if call.sent.get(name) is not None:
            body[name] = str(call[name])
    resource, _, event = body["topic"].partition(".")
    if not (resource in _TOPICS and event in _EVENTS) and not (resource == "action" and event):
        message = "Webhook topic is required and must be valid."
        raise RestError("woocommerce_rest_shop_webhook_invalid_topic", message, 400)
    if not body["delivery_url"].startswith(("http://", "https://")):
        message = "Webhook delivery URL must be a valid URL starting with http:// or https://."
        raise RestError("woocommerce_rest_shop_webhook_invalid_delivery_url", message, 400)
    call.store.put("webhook", body)


def update_webhook(call: Call) -> Reply:
    require_shop(call, "edit")
    body = _webhook(call)
    body["modified"] = clock.now()
    _apply_webhook(call, body)
    return _show_webhook(call, body)


def delete_webhook(call: Call) -> Reply:
    require_shop(call, "delete")
    body = _webhook(call)
    if not call["force"]:
        raise RestError("woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.", 501)
    before = _show_webhook(call, body)
    call.store.delete("webhook", body["id"])
    return before
