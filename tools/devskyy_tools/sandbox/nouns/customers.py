"""wc/v3/customers: the users who buy, with their addresses."""

from __future__ import annotations

from typing import Any, cast

from devskyy_tools.sandbox import clock, text
from devskyy_tools.sandbox.auth import require_shop
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links
from devskyy_tools.sandbox.nouns import goods, lists, users
from devskyy_tools.sandbox.routing import Endpoint, Route, collection
from devskyy_tools.sandbox.seed import people
from devskyy_tools.sandbox.store import Store, Where

BASE = "/wc/v3/customers"
_DELETABLE = ("customer", "subscriber")


def routes() -> list[Route]:
    out = collection(BASE, "customer", items=items, item=item, create=create, update=update, delete=delete, batch=True)
    out.append(Route(f"{BASE}/{{customer_id}}/downloads", "", {"GET": Endpoint(downloads, {})}))
    return out


def items(call: Call) -> Reply:
    require_shop(call, "list")
    where = Where("user")
    lists.common(call, where)
    if call["role"] != "all":
        where.holds("roles", [call["role"] or "customer"])
    if call["email"]:
        where.add("code = ?", call["email"])
    lists.words(where, call["search"], ["name", "code", "slug"])
    way = "DESC" if call["order"] == "desc" else "ASC"
    sort = f"slug {way}, id {way}" if call["orderby"] == "name" else None
    return lists.page_of(call, where, show, sort=sort)


def load(call: Call) -> Json:
    body = call.store.get("user", int(call["id"] or 0))
    if body is None:
        raise RestError("wc_user_invalid_id", "Invalid user ID.", 404)
    return body


def item(call: Call) -> Reply:
    require_shop(call, "read")
    return show(call, load(call))


def show(call: Call, body: Json) -> Reply:
    data: Json = {
        "id": body["id"],
        "date_created": clock.local(body["created"]),
        "date_created_gmt": body["created"],
        "date_modified": clock.local(body["modified"]),
        "date_modified_gmt": body["modified"],
        "email": body["email"],
        "first_name": body["first_name"],
        "last_name": body["last_name"],
        "role": body["roles"][0] if body["roles"] else "",
        "username": body["login"],
        "billing": body["billing"],
        "shipping": body["shipping"],
        "is_paying_customer": _has_paid(call.store, body["id"]),
        "avatar_url": users.avatar(body["email"], 96),
        "meta_data": goods.shown_meta(body),
    }
    return Reply(data, links=links(call, f"{BASE}/{body['id']}", BASE))


def _has_paid(store: Store, user_id: int) -> bool:
    sql = (
        "SELECT DISTINCT json_extract(body, '$.customer_id') FROM objects WHERE kind = 'order' "
        "AND json_extract(body, '$.date_paid') IS NOT NULL"
    )
    return (user_id,) in store.remembered(sql)


def create(call: Call) -> Reply:
    require_shop(call, "create")
    if call["id"]:
        raise RestError("woocommerce_rest_customer_exists", "Cannot create existing resource.", 400)
    email = str(call["email"] or "")
    login = str(call["username"] or _free_login(call.store, email))
    if not _is_email(email):
        raise RestError("customer_invalid_email", "Invalid email address", 400)
    if _taken(call.store, "code", email):
        message = f"An account is already registered with {email}. Please log in or use a different email address."
        raise RestError("registration-error-email-exists", message, 400)
    if _taken(call.store, "slug", login.lower()):
        message = "An account is already registered with that username. Please choose another."
        raise RestError("registration-error-username-exists", message, 400)
    body = people.blank(call.store, login, email, ["customer"], clock.now())
    _apply(call, body, call.params)
    if not call["password"]:
        body["meta"].append({"id": call.store.new_id("meta"), "key": "default_password_nag", "value": "1"})
    call.store.put("user", body)
    call.params["context"] = "edit"
    reply = show(call, body)
    reply.status, reply.headers["Location"] = 201, call.site.rest(f"{BASE}/{body['id']}")
    return reply


def _is_email(value: str) -> bool:
    name, _, host = value.partition("@")
    return bool(name) and "." in host.strip(".")


def _taken(store: Store, column: str, value: str, own: int = 0) -> bool:
    sql = f"SELECT 1 FROM objects WHERE kind = 'user' AND id <> ? AND {column} = ?"  # noqa: S608 # our own columns
    return bool(store.rows(sql, (own, value)))


def _free_login(store: Store, email: str) -> str:
    base = text.slugify(email.partition("@")[0]) or "customer"
    login, number = base, 1
    while _taken(store, "slug", login):
        number += 1
        login = f"{base}{number}"
    return login


def update(call: Call) -> Reply:
    require_shop(call, "edit")
    body = load(call)
    sent = {name: call[name] for name in call.sent}
    email = sent.get("email")
    if email is not None and email != body["email"]:
        if not _is_email(str(email)):
            raise RestError("customer_invalid_email", "Invalid email address", 400)
        if _taken(call.store, "code", str(email), body["id"]):
            raise RestError("woocommerce_rest_customer_invalid_email", "Email address is invalid.", 400)
        body["email"] = email
    if sent.get("username") and sent["username"] != body["login"]:
        raise RestError("woocommerce_rest_customer_invalid_argument", "Username isn't editable.", 400)
    _apply(call, body, sent)
    body["modified"] = clock.now()
    call.store.put("user", body)
    call.params["context"] = "edit"
    return show(call, body)


def _apply(call: Call, body: Json, sent: Json) -> None:
    for name in ("first_name", "last_name"):
        if sent.get(name) is not None:
            body[name] = text.entities(text.plain(sent[name]))
    if body["first_name"] or body["last_name"]:
        body["name"] = f"{body['first_name']} {body['last_name']}".strip()
    for name in ("billing", "shipping"):
        if isinstance(sent.get(name), dict):
            _address(body[name], cast("Json", sent[name]))
    goods.apply_meta(call.store, body, sent)


def _address(address: Json, given: dict[str, Any]) -> None:
    if "email" in given and "email" in address and given["email"] != "" and not _is_email(str(given["email"])):
        raise RestError("customer_invalid_billing_email", "Invalid billing email address", 400)
    for key in address:
        if given.get(key) is not None:
            address[key] = text.plain(given[key])


def delete(call: Call) -> Reply:
    require_shop(call, "delete")
    body = load(call)
    if not call["force"]:
        raise RestError("woocommerce_rest_trash_not_supported", "Customers do not support trashing.", 501)
    role = body["roles"][0] if body["roles"] else ""
    if role not in _DELETABLE:
        message = (
            f"Sorry, users with {role} role cannot be deleted via this endpoint. Allowed roles: customer, subscriber"
        )
        raise RestError("woocommerce_rest_cannot_delete", message, 403)
    call.params["context"] = "edit"
    before = show(call, body)
    call.store.delete("user", body["id"])
    return before


def downloads(call: Call) -> Reply:
    require_shop(call, "read")
    call.params["id"] = call["customer_id"]
    load(call)
    return Reply([])
