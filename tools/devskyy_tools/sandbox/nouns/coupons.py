"""wc/v3/coupons."""

from __future__ import annotations

from typing import Any, cast

from devskyy_tools.sandbox import clock, text
from devskyy_tools.sandbox.auth import require_shop
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links
from devskyy_tools.sandbox.nouns import goods, lists
from devskyy_tools.sandbox.routing import Route, collection
from devskyy_tools.sandbox.store import Store, Where

BASE = "/wc/v3/coupons"
_AMOUNTS = ("amount", "minimum_amount", "maximum_amount")
_LIMITS = ("usage_limit", "usage_limit_per_user", "limit_usage_to_x_items")
_LISTS = ("product_ids", "excluded_product_ids", "product_categories", "excluded_product_categories")
_AS_GIVEN = ("discount_type", "individual_use", "free_shipping", "exclude_sale_items")


def routes() -> list[Route]:
    return collection(BASE, "coupon", items=items, item=item, create=create, update=update, delete=delete, batch=True)


def blank(store: Store, code: str, **given: Any) -> Json:
    """Return a new coupon's document."""
    at = clock.now()
    return {
        "id": store.new_id("coupon"), "status": "publish", "type": "shop_coupon", "slug": code, "code": code,
        "created": at, "modified": at, "date_expires": None, "amount": "0.00", "discount_type": "fixed_cart",
        "description": "", "usage_count": 0, "used_by": [], "individual_use": False, "free_shipping": False,
        "exclude_sale_items": False, "minimum_amount": "0.00", "maximum_amount": "0.00", "email_restrictions": [],
        "meta": [], **dict.fromkeys(_LIMITS), **{name: [] for name in _LISTS}, **given,
    }  # fmt: skip


def items(call: Call) -> Reply:
    require_shop(call, "list")
    where = Where("coupon")
    lists.common(call, where)
    lists.statuses(where, call["status"] if call["status"] == "trash" else "any")
    if call["code"]:
        where.add("code = ?", str(call["code"]).lower())
    lists.words(where, call["search"], ["code", "json_extract(body, '$.description')"])
    return lists.page_of(call, where, show)


def load(call: Call, *, status: int = 404) -> Json:
    body = call.store.get("coupon", int(call["id"] or 0))
    if body is None:
        raise RestError("woocommerce_rest_shop_coupon_invalid_id", "Invalid ID.", status)
    return body


def item(call: Call) -> Reply:
    body = load(call)
    require_shop(call, "read")
    return show(call, body)


def show(call: Call, body: Json) -> Reply:
    data: Json = {
        "id": body["id"],
        "code": body["code"],
        "amount": text.fixed(body["amount"]),
        "status": body["status"],
        "date_created": clock.local(body["created"]),
        "date_created_gmt": body["created"],
        "date_modified": clock.local(body["modified"]),
        "date_modified_gmt": body["modified"],
        "discount_type": body["discount_type"],
        "description": body["description"],
        "date_expires": clock.local(body["date_expires"]),
        "date_expires_gmt": body["date_expires"],
        "usage_count": body["usage_count"],
        "individual_use": body["individual_use"],
        "product_ids": body["product_ids"],
        "excluded_product_ids": body["excluded_product_ids"],
        "usage_limit": body["usage_limit"],
        "usage_limit_per_user": body["usage_limit_per_user"],
        "limit_usage_to_x_items": body["limit_usage_to_x_items"],
        "free_shipping": body["free_shipping"],
        "product_categories": body["product_categories"],
        "excluded_product_categories": body["excluded_product_categories"],
        "exclude_sale_items": body["exclude_sale_items"],
        "minimum_amount": text.fixed(body["minimum_amount"]),
        "maximum_amount": text.fixed(body["maximum_amount"]),
        "email_restrictions": body["email_restrictions"],
        "used_by": body["used_by"],
        "meta_data": goods.shown_meta(body),
    }
    return Reply(data, links=links(call, f"{BASE}/{body['id']}", BASE))


def create(call: Call) -> Reply:
    require_shop(call, "create")
    if call["id"]:
        raise RestError("woocommerce_rest_shop_coupon_exists", "Cannot create existing shop_coupon.", 400)
    if not call["code"]:
        message = "The coupon code cannot be empty."
        raise RestError("woocommerce_rest_empty_coupon_code", message, 400)
    body = blank(call.store, "")
    _apply(call, body, call.params)
    call.store.put("coupon", body)
    call.params["context"] = "edit"
    reply = show(call, body)
    reply.status, reply.headers["Location"] = 201, call.site.rest(f"{BASE}/{body['id']}")
    return reply


def update(call: Call) -> Reply:
    body = load(call, status=400)
    require_shop(call, "edit")
    _apply(call, body, {name: call[name] for name in call.sent})
    body["modified"] = clock.now()
    call.store.put("coupon", body)
    call.params["context"] = "edit"
    return show(call, body)


def _apply(call: Call, body: Json, sent: Json) -> None:
    if sent.get("code"):
        body["code"] = body["slug"] = _code(call.store, str(sent["code"]), body["id"])
    for name in _AS_GIVEN:
        if sent.get(name) is not None:
            body[name] = sent[name]
    if sent.get("status"):
        if body["status"] == "trash" != sent["status"]:
            body["slug"] = goods.from_bin(body) or body["code"]
        body["status"] = sent["status"]
    if sent.get("description") is not None:
        body["description"] = text.kses(sent["description"])
    _apply_amounts(body, sent)
    _apply_limits(body, sent)
    for name, is_gmt in (("date_expires", False), ("date_expires_gmt", True)):
        # null is not seen; only an empty text clears the date
        if sent.get(name) is not None:
            body["date_expires"] = clock.to_gmt(str(sent[name]), is_gmt=is_gmt) if sent[name] else None
    goods.apply_meta(call.store, body, sent)


def _apply_amounts(body: Json, sent: Json) -> None:
    for name in _AMOUNTS:
        if sent.get(name) is not None:
            body[name] = text.fixed(text.money(sent[name]))
    if text.number(body["amount"]) < 0 or (body["discount_type"] == "percent" and text.number(body["amount"]) > 100):
        raise RestError("coupon_invalid_amount", "Invalid discount amount.", 400)


def _apply_limits(body: Json, sent: Json) -> None:
    for name in _LIMITS:
        if name in sent:
            body[name] = int(sent[name]) if sent[name] else None
    for name in _LISTS:
        if sent.get(name) is not None:
            body[name] = [int(found) for found in cast("list[Any]", sent[name])]
    if sent.get("email_restrictions") is not None:
        body["email_restrictions"] = [str(found).lower() for found in cast("list[Any]", sent["email_restrictions"])]


def _code(store: Store, given: str, own: int) -> str:
    code = text.plain(given).lower()
    where = Where("coupon")
    where.add("code = ? AND id <> ? AND status <> 'trash'", code, own)
    if store.count(where):
        raise RestError("woocommerce_rest_coupon_code_already_exists", "The coupon code already exists", 400)
    return code


def delete(call: Call) -> Reply:
    body = load(call)
    require_shop(call, "delete")
    call.params["context"] = "edit"
    before = show(call, body)
    if call["force"]:
        call.store.delete("coupon", body["id"])
        return before
    if body["status"] == "trash":
        raise RestError("woocommerce_rest_already_trashed", "The shop_coupon has already been deleted.", 410)
    goods.to_bin(call.store, body)
    call.store.put("coupon", body)
    return before
