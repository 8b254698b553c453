"""wp/v2/users, who am I, and application passwords."""

from __future__ import annotations

import hashlib
import secrets
import string
import uuid
from typing import Any, cast

from devskyy_tools.sandbox import clock, schema, text
from devskyy_tools.sandbox.auth import CAPABILITIES, denied, hashed
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links
from devskyy_tools.sandbox.nouns import lists
from devskyy_tools.sandbox.routing import CONTEXT, FORCE, Endpoint, Route, collection, edits
from devskyy_tools.sandbox.seed import people
from devskyy_tools.sandbox.store import Where

BASE = "/wp/v2/users"
_SIZES = (24, 48, 96)
_ALPHABET = string.ascii_letters + string.digits
_SHOP_META = (
    "variable_product_tour_shown", "activity_panel_inbox_last_read", "activity_panel_reviews_last_read",
    "categories_report_columns", "coupons_report_columns", "customers_report_columns", "orders_report_columns",
    "products_report_columns", "revenue_report_columns", "taxes_report_columns", "variations_report_columns",
    "dashboard_sections", "dashboard_chart_type", "dashboard_chart_interval", "dashboard_leaderboard_rows",
    "order_attribution_install_banner_dismissed", "scheduled_updates_promotion_notice_dismissed", "homepage_layout",
    "homepage_stats", "task_list_tracked_started_tasks", "android_app_banner_dismissed",
    "launch_your_store_tour_hidden", "coming_soon_banner_dismissed",
)  # fmt: skip
_AS_GIVEN = ("first_name", "last_name", "nickname", "url", "name", "locale")


def routes() -> list[Route]:
    own = f"{BASE}/(?P<user>\\d+|me)/application-passwords"
    many = {
        "GET": Endpoint(app_passwords, CONTEXT),
        "POST": Endpoint(create_app_password, schema.create_args("application_password")),
        "DELETE": Endpoint(delete_app_passwords, {}),
    }
    one = {
        "GET": Endpoint(app_password, CONTEXT),
        **edits(rename_app_password, schema.edit_args("application_password")),
        "DELETE": Endpoint(delete_app_password, {}),
    }
    return [
        Route(f"{BASE}/me", "user", {"GET": Endpoint(me, CONTEXT), **edits(update, schema.edit_args("user"))}),
        *_with_heir(
            collection(BASE, "user", items=items, item=item, create=create, update=update, delete=delete, nested=True)
        ),
        Route(own, "application_password", many),
        Route(f"{own}/introspect", "application_password", {"GET": Endpoint(introspect, CONTEXT)}),
        Route(f"{own}/{{uuid:s}}", "application_password", one),
    ]


def _with_heir(found: list[Route]) -> list[Route]:
    for route in found:
        if "DELETE" in route.methods:
            route.methods["DELETE"].args = {**FORCE, "reassign": {"required": True}}
    return found


def avatar(email: str, size: int) -> str:
    digest = hashlib.sha256(email.strip().lower().encode()).hexdigest()
    return f"https://secure.gravatar.com/avatar/{digest}?s={size}&d=mm&r=g"


def avatars(email: str) -> Json:
    return {str(size): avatar(email, size) for size in _SIZES}


def _load(call: Call) -> Json:
    if call.path.endswith("/me"):
        if not call.user.id:
            raise RestError("rest_not_logged_in", "You are not currently logged in.", 401)
        call.params["id"] = call.user.id
    body = call.store.get("user", int(call["id"] or 0))
    if body is None:
        raise RestError("rest_user_invalid_id", "Invalid user ID.", 404)
    return body


def me(call: Call) -> Reply:
    return show(call, _load(call))


def items(call: Call) -> Reply:
    if (call["roles"] or call["capabilities"]) and not call.user.can("list_users"):
        raise denied(call, "rest_user_cannot_view", "Sorry, you are not allowed to filter users by role.")
    if call.edit and not call.user.can("list_users"):
        raise denied(call, "rest_forbidden_context", "Sorry, you are not allowed to edit users.")
    where = Where("user")
    lists.common(call, where)
    if not call.user.can("list_users"):
        written = "SELECT json_extract(body, '$.author') FROM objects WHERE kind = 'post' AND status = 'publish'"
        where.add(f"id IN ({written})")
    _by_role(call, where)
    lists.words(where, call["search"], ["name", "code", "slug"])
    return lists.page_of(call, where, show, sort=_order(call))


def _order(call: Call) -> str | None:
    by, way = call["orderby"], "DESC" if call["order"] == "desc" else "ASC"
    if by == "name":
        return f"name COLLATE NOCASE {way}, id {way}"
    return f"code {way}, id {way}" if by == "email" else None


def _by_role(call: Call, where: Where) -> None:
    if call["roles"]:
        where.holds("roles", call["roles"])


def item(call: Call) -> Reply:
    body = _load(call)
    own = body["id"] == call.user.id
    if call.edit and not own and not call.user.can("list_users"):
        raise denied(call, "rest_user_cannot_view", "Sorry, you are not allowed to edit users.")
    where = Where("post")
    where.add("status = 'publish' AND json_extract(body, '$.author') = ?", body["id"])
    if not own and not call.user.can("list_users") and not call.store.count(where):
        raise denied(call, "rest_user_cannot_view", "Sorry, you are not allowed to list users.")
    return show(call, body)


def show(call: Call, body: Json) -> Reply:
    edit = call.edit
    private: Json = {
        "username": body["login"], "first_name": body["first_name"], "last_name": body["last_name"],
        "email": body["email"],
    }  # fmt: skip
    data: Json = {"id": body["id"], "name": body["name"]}
    if edit:
        data = {"id": body["id"], "username": private.pop("username"), "name": body["name"], **private}
    data |= {
        "url": body["url"],
        "description": body["description"],
        "link": call.site.page(f"author/{body['slug']}/"),
    }
    if edit:
        data |= {"locale": body["locale"], "nickname": body["nickname"]}
    data["slug"] = body["slug"]
    if edit:
        rights = sorted({right for role in body["roles"] for right in CAPABILITIES.get(role, ())})
        data |= {
            "roles": body["roles"],
            "registered_date": f"{body['created']}+00:00",
            "capabilities": {**dict.fromkeys(rights, True), "level_0": True, **dict.fromkeys(body["roles"], True)},
            "extra_capabilities": dict.fromkeys(body["roles"], True),
        }
    data["avatar_urls"] = avatars(body["email"])
    data["meta"] = {"persisted_preferences": []} if edit else []
    data["is_super_admin"] = "administrator" in body["roles"]
    data["woocommerce_meta"] = dict.fromkeys(_SHOP_META, "")
    return Reply(data, links=links(call, f"{BASE}/{body['id']}", BASE))


def create(call: Call) -> Reply:
    if not call.user.can("create_users"):
        raise denied(call, "rest_cannot_create_user", "Sorry, you are not allowed to create new users.")
    for column, value, code, message in (
        ("slug", str(call["username"]).lower(), "existing_user_login", "Sorry, that username already exists!"),
        ("code", call["email"], "existing_user_email", "Sorry, that email address is already used!"),
    ):
        if call.store.rows(f"SELECT 1 FROM objects WHERE kind = 'user' AND {column} = ?", (value,)):  # noqa: S608 # our columns
            raise RestError(code, message, 500)
    roles = _roles(call["roles"]) or ["subscriber"]
    body = people.blank(call.store, call["username"], call["email"], roles, clock.now())
    _apply(call, body)
    call.store.put("user", body)
    call.params["context"] = "edit"
    reply = show(call, body)
    reply.status, reply.headers["Location"] = 201, call.site.rest(f"{BASE}/{body['id']}")
    return reply


def _roles(given: Any) -> list[str]:
    roles = [str(role) for role in cast("list[Any]", given or [])]
    unknown = next((role for role in roles if role not in CAPABILITIES), None)
    if unknown:
        raise RestError("rest_user_invalid_role", f"The role {unknown} does not exist.", 400)
    return roles


def update(call: Call) -> Reply:
    body = _load(call)
    if body["id"] != call.user.id and not call.user.can("edit_users"):
        raise denied(call, "rest_cannot_edit", "Sorry, you are not allowed to edit this user.")
    if call.sent.get("roles"):
        if not call.user.can("promote_users"):
            raise denied(call, "rest_cannot_edit_roles", "Sorry, you are not allowed to edit roles of this user.")
        body["roles"] = _roles(call["roles"])
    _apply(call, body)
    body["modified"] = clock.now()
    call.store.put("user", body)
    call.params["context"] = "edit"
    return show(call, body)


def _apply(call: Call, body: Json) -> None:
    for name in _AS_GIVEN:
        if call.sent.get(name) is not None:
            body[name] = text.plain(call[name])
    if call.sent.get("description") is not None:
        body["description"] = text.kses(call["description"])
    if call.sent.get("email"):
        body["email"] = call["email"]
    if call.sent.get("slug"):
        body["slug"] = text.slugify(call["slug"])


def delete(call: Call) -> Reply:
    body = _load(call)
    if not call.user.can("delete_users"):
        raise denied(call, "rest_user_cannot_delete", "Sorry, you are not allowed to delete this user.")
    if not call["force"]:
        message = "Users do not support trashing. Set 'force=true' to delete."
        raise RestError("rest_trash_not_supported", message, 501)
    heir = str(call["reassign"])
    if heir not in ("", "false") and (not heir.isdigit() or call.store.peek("user", int(heir)) is None):
        raise RestError("rest_user_invalid_reassign", "Invalid user ID for reassignment.", 400)
    _bequeath(call, body["id"], int(heir) if heir.isdigit() else 0)
    call.params["context"] = "edit"
    before = show(call, body).data
    call.store.delete("user", body["id"])
    return Reply({"deleted": True, "previous": before})


def _bequeath(call: Call, owner: int, heir: int) -> None:
    """Give a deleted user's posts to the heir; without one they go to the bin."""
    for kind in ("post", "page"):
        where = Where(kind)
        where.add("json_extract(body, '$.author') = ?", owner)
        for body in call.store.find(where):
            call.store.put(kind, {**body, "author": heir} if heir else {**body, "status": "trash"})


# --- application passwords -------------------------------------------------------------------------------------------


def _owner(call: Call) -> Json:
    if not call.user.id:
        raise RestError("rest_not_logged_in", "You are not currently logged in.", 401)
    wanted = call.user.id if call["user"] == "me" else int(call["user"])
    body = call.store.get("user", wanted)
    if body is None:
        raise RestError("rest_user_invalid_id", "Invalid user ID.", 404)
    if wanted != call.user.id and not call.user.can("edit_users"):
        message = "Sorry, you are not allowed to list application passwords for this user."
        raise denied(call, "rest_cannot_list_application_passwords", message)
    return body


def _shown(call: Call, owner: Json, entry: Json) -> Reply:
    data = {name: entry[name] for name in ("uuid", "app_id", "name", "created", "last_used", "last_ip")}
    place = call.site.rest(f"{BASE}/{owner['id']}/application-passwords/{entry['uuid']}")
    return Reply(data, links={"self": [{"href": place}]})


def app_passwords(call: Call) -> Reply:
    owner = _owner(call)
    return Reply([_shown(call, owner, entry).whole() for entry in owner["app_passwords"]])


def _entry(call: Call, owner: Json) -> Json:
    found = next((entry for entry in owner["app_passwords"] if entry["uuid"] == call["uuid"]), None)
    if found is None:
        raise RestError("rest_application_password_not_found", "Application password not found.", 404)
    return found


def app_password(call: Call) -> Reply:
    owner = _owner(call)
    return _shown(call, owner, _entry(call, owner))


def introspect(call: Call) -> Reply:
    """Say which application password this very request came with."""
    owner = _owner(call)
    entry = next((entry for entry in owner["app_passwords"] if entry["uuid"] == call.user.uuid), None)
    if entry is None:
        message = "Cannot introspect application password."
        raise RestError("rest_no_authenticated_app_password", message, 404)
    return _shown(call, owner, entry)


def create_app_password(call: Call) -> Reply:
    owner = _owner(call)
    secret = "".join(secrets.choice(_ALPHABET) for _ in range(24))
    entry = people.app_password(call["name"], secret, clock.now(), str(uuid.uuid4()))
    entry["app_id"] = call["app_id"] or ""
    entry["hash"] = hashed(secret)
    entry["last_used"] = entry["last_ip"] = None
    owner["app_passwords"].append(entry)
    call.store.put("user", owner)
    reply = _shown(call, owner, entry)
    grouped = " ".join(secret[at : at + 4] for at in range(0, 24, 4))
    reply.data = {**reply.data, "password": grouped}
    reply.status, reply.headers["Location"] = 201, reply.links["self"][0]["href"] if reply.links else ""
    return reply


def rename_app_password(call: Call) -> Reply:
    owner = _owner(call)
    entry = _entry(call, owner)
    entry["name"] = call["name"] or entry["name"]
    call.store.put("user", owner)
    return _shown(call, owner, entry)


def delete_app_password(call: Call) -> Reply:
    owner = _owner(call)
    entry = _entry(call, owner)
    owner["app_passwords"].remove(entry)
    call.store.put("user", owner)
    return Reply({"deleted": True, "previous": _shown(call, owner, entry).data})


def delete_app_passwords(call: Call) -> Reply:
    owner = _owner(call)
    count = len(owner["app_passwords"])
    owner["app_passwords"] = []
    call.store.put("user", owner)
    return Reply({"deleted": True, "count": count})
