"""wc/v3 taxes, their classes, and webhooks."""

from __future__ import annotations

import secrets

from devskyy_tools.sandbox import clock, schema, text
from devskyy_tools.sandbox.auth import require_shop
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links, pages
from devskyy_tools.sandbox.nouns import lists
from devskyy_tools.sandbox.nouns.zones import counted
from devskyy_tools.sandbox.routing import FORCE, Endpoint, Route, collection
from devskyy_tools.sandbox.seed.delivery import tax as tax_of
from devskyy_tools.sandbox.store import Where

BASE = "/wc/v3"
_TOPICS = ("coupon", "customer", "order", "product")
_EVENTS = ("created", "updated", "deleted", "restored")
_CLASSES = {"reduced-rate": "Reduced rate", "zero-rate": "Zero rate"}
_TAX_ORDERS = {
    "id": "id", "order": "json_extract(body, '$.order')", "priority": "json_extract(body, '$.priority')",
}  # fmt: skip


def routes() -> list[Route]:
    get = "GET"
    return [
        Route(
            f"{BASE}/taxes/classes",
            "tax_class",
            {get: Endpoint(tax_classes, {}), "POST": Endpoint(create_class, schema.create_args("tax_class"))},
            nested=False,
        ),
        Route(
            f"{BASE}/taxes/classes/{{slug:s}}",
            "tax_class",
            {get: Endpoint(tax_class, {}), "DELETE": Endpoint(delete_class, FORCE)},
            nested=False,
        ),
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


# --- taxes -----------------------------------------------------------------------------------------------------------


def _classes(call: Call) -> Json:
    return {"standard": "Standard rate", **call.store.option("tax_classes", _CLASSES)}


def _shown_class(call: Call, slug: str) -> Reply:
    around = {"collection": [{"href": call.site.rest(f"{BASE}/taxes/classes")}]}
    return Reply({"slug": slug, "name": _classes(call)[slug]}, links=around)


def tax_classes(call: Call) -> Reply:
    require_shop(call, "list")
    return counted([_shown_class(call, slug).whole() for slug in _classes(call)])


def _slug(call: Call) -> str:
    if call["slug"] not in _classes(call):
        raise RestError("woocommerce_rest_tax_class_invalid_slug", "Invalid slug.", 404)
    return str(call["slug"])


def tax_class(call: Call) -> Reply:
    """Show a class, as a list of one."""
    require_shop(call, "list")
    return Reply([_shown_class(call, _slug(call)).whole()])


def create_class(call: Call) -> Reply:
    require_shop(call, "create")
    name = text.plain(call["name"])
    slug, known = text.slugify(name), call.store.option("tax_classes", _CLASSES)
    if not name:
        raise RestError("woocommerce_rest_tax_class_invalid_name", "Tax class requires a valid name", 400)
    if name in known.values():
        raise RestError("woocommerce_rest_tax_class_exists", "Tax class already exists", 400)
    if slug in known:
        raise RestError("woocommerce_rest_tax_class_slug_exists", "Tax class slug already exists", 400)
    call.store.set_option("tax_classes", {**known, slug: name})
    reply = _shown_class(call, slug)
    reply.status, reply.headers["Location"] = 201, call.site.rest(f"{BASE}/taxes/classes/{slug}")
    return reply


def delete_class(call: Call) -> Reply:
    """Delete a class with its rates."""
    require_shop(call, "delete")
    if not call["force"]:
        raise RestError("woocommerce_rest_trash_not_supported", "Taxes do not support trashing.", 501)
    known = call.store.option("tax_classes", _CLASSES)
    if call["slug"] not in known:
        raise RestError("woocommerce_rest_tax_class_invalid_slug", "Invalid slug.", 404)
    before = _shown_class(call, call["slug"])
    where = Where("tax")
    where.add("json_extract(body, '$.class') = ?", call["slug"])
    for number in call.store.ids(where):
        call.store.delete("tax", number)
    call.store.set_option("tax_classes", {slug: name for slug, name in known.items() if slug != call["slug"]})
    return before


def _known_class(call: Call) -> None:
    """Refuse an unknown class as the schema would; in batches the shop makes it the standard one."""
    known = list(_classes(call))
    if call["class"] is None or call["class"] in known:
        return
    message = f"class is not one of {', '.join(known[:-1])}, and {known[-1]}."
    detail = {"code": "rest_not_in_enum", "message": message, "data": None}
    raise RestError(
        "rest_invalid_param", "Invalid parameter(s): class", 400, params={"class": message}, details={"class": detail}
    )


def taxes(call: Call) -> Reply:
    require_shop(call, "list")
    _known_class(call)
    where = Where("tax")
    if call["class"]:
        where.add("json_extract(body, '$.class') = ?", call["class"])
    found, total = lists.fetch(call, where, f"{_TAX_ORDERS[call['orderby']]} {call['order']}, id {call['order']}")
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
    _known_class(call)
    body = tax_of(call.store.new_id("tax"))
    _apply_tax(call, body)
    reply = _shown_plain(call, "taxes", body)
    reply.status, reply.headers["Location"] = 201, call.site.rest(f"{BASE}/taxes/{body['id']}")
    return reply


def _apply_tax(call: Call, body: Json) -> None:
    for name in body:
        if name not in ("id", "city", "postcode") and call.sent.get(name) is not None:
            body[name] = call[name]
    body["country"], body["state"] = (str(body[name]).upper().replace("*", "") for name in ("country", "state"))
    body["rate"], body["name"] = text.fixed(body["rate"], 4), text.plain(body["name"]) or "Tax"
    for many, last in (("postcodes", "postcode"), ("cities", "city")):
        sent = call.sent.get(many)
        given = sent if sent is not None else [one for one in str(call.sent.get(last) or "").split(";") if one]
        if given:  # an empty list is ignored
            body[many] = [str(one).strip().upper() for one in given]
        else:
            body[many] = (call.store.get("tax", body["id"]) or {}).get(many, [])
        body[last] = body[many][-1] if body[many] else ""
    call.store.put("tax", body)


def update_tax(call: Call) -> Reply:
    require_shop(call, "edit")
    body = _tax(call)
    _known_class(call)
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


def _webhook(call: Call, message: str = "ID is invalid.", status: int = 404) -> Json:
    body = call.store.get("webhook", int(call["id"] or 0))
    if body is None:
        raise RestError("woocommerce_rest_shop_webhook_invalid_id", message, status)
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
    fields = [
        "name",
        "topic",
        "delivery_url",
        "secret",
        *(["status"] if body["modified"] else []),
    ]  # new ones are active
    for name in fields:
        if call.sent.get(name):
            body[name] = str(call[name])
    resource, _, event = body["topic"].partition(".")
    own = body["topic"].startswith(("action.woocommerce_", "action.wc_"))
    if not (resource in _TOPICS and event in _EVENTS) and not own:
        message = f"Webhook topic {'must' if body['modified'] else 'is required and must'} be valid."
        raise RestError("woocommerce_rest_shop_webhook_invalid_topic", message, 400)
    if not body["delivery_url"].startswith(("http://", "https://")):
        message = "Webhook delivery URL must be a valid URL starting with http:// or https://."
        raise RestError("woocommerce_rest_shop_webhook_invalid_delivery_url", message, 400)
    call.store.put("webhook", body)


def update_webhook(call: Call) -> Reply:
    require_shop(call, "edit")
    body = _webhook(call, status=400)
    body["modified"] = clock.now()
    _apply_webhook(call, body)
    return _show_webhook(call, body)


def delete_webhook(call: Call) -> Reply:
    require_shop(call, "delete")
    if not call["force"]:
        raise RestError("woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.", 501)
    body = _webhook(call, "Invalid ID.")
    before = _show_webhook(call, body)
    call.store.delete("webhook", body["id"])
    return before
