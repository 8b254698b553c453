"""What DevSkyy's own plugin adds: SEO fields on wp/v2, redirects, privacy export and erasure, 3D files."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from devskyy_tools.sandbox import text
from devskyy_tools.sandbox.auth import denied
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, pages
from devskyy_tools.sandbox.nouns import lists
from devskyy_tools.sandbox.routing import CONTEXT, FORCE, Endpoint, Route, edits
from devskyy_tools.sandbox.site import Site
from devskyy_tools.sandbox.store import Store, Where

NAMESPACE = "devskyy/v1"
MODELS = {"glb": "model/gltf-binary", "usdz": "model/vnd.usdz+zip"}
FOLLOWED_AT_MOST = 5
_SEO_OF = {
    **dict.fromkeys(("posts", "pages", "product", "media"), "seo_post"),
    **dict.fromkeys(("categories", "tags", "product_cat", "product_brand", "product_tag"), "seo_term"),
}
"""Routes of wp/v2 whose objects have SEO fields, and where these are kept."""
_SEO: Json = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "title": {"type": "string", "maxLength": 300},
        "description": {"type": "string", "maxLength": 1000},
        "canonical": {"type": "string", "pattern": "^(https?://[^\\s<>\"']+)?$"},
        "noindex": {"type": "boolean"},
        "kept_by": {"type": "string", "enum": ["devskyy", "yoast", "rankmath"], "readonly": True},
    },
}
_NO_SEO: Json = {"title": "", "description": "", "canonical": "", "noindex": False}
_KEPT_FREE = re.compile(r"/(wp-admin|wp-json|wp-includes|wp-content|(wp-login|wp-cron|xmlrpc|index)\.php)?(/|$)", re.I)
_STATUS: Json = {"type": "string", "enum": ["active", "trash"]}
_LIST: Json = {
    **CONTEXT,
    "page": {"type": "integer", "default": 1, "minimum": 1},
    "per_page": {"type": "integer", "default": 10, "minimum": 1, "maximum": 100},
    "search": {"type": "string"},
    "source": {"type": "string"},
    "status": {**_STATUS, "default": "active"},
    "include": {"type": "array", "items": {"type": "integer"}, "default": []},
}
_EDIT: Json = {
    "source": {"type": "string", "maxLength": 1000},
    "target": {"type": "string", "maxLength": 1000},
    "code": {"type": "integer", "enum": [301, 302]},
    "status": _STATUS,
}
_CREATE: Json = {name: {**arg, "required": name in ("source", "target")} for name, arg in _EDIT.items()}
_OF_SOMEBODY: Json = {
    "email": {"type": "string", "format": "email", "required": True},
    "from": {"type": "string", "pattern": r"^\d{1,6}:\d{1,6}$", "default": "0:1"},
}


def routes() -> list[Route]:
    base = f"/{NAMESPACE}"
    many = {"GET": Endpoint(redirects, _LIST), "POST": Endpoint(create, _CREATE)}
    one = {"GET": Endpoint(redirect, {}), **edits(update, _EDIT), "DELETE": Endpoint(delete, FORCE)}
    return [
        Route(base, "", {"GET": Endpoint(_index, {})}),
        Route(f"{base}/redirects", "", many),
        Route(f"{base}/redirects/{{id}}", "", one),
        Route(f"{base}/privacy/export", "", {"GET": Endpoint(export, _OF_SOMEBODY)}),
        Route(f"{base}/privacy/erase", "", {"POST": Endpoint(erase, _OF_SOMEBODY)}),
    ]


def _index(call: Call) -> Reply:
    from devskyy_tools.sandbox.nouns.site_info import namespace

    return namespace(call)


def _allow(call: Call, capability: str) -> None:
    if not call.user.can(capability):
        raise denied(call, "rest_forbidden", "Sorry, you are not allowed to do that.")


# --- SEO fields ------------------------------------------------------------------------------------------------------


def with_seo(found: list[Route]) -> list[Route]:
    """The same routes, those of public types and taxonomies with `devskyy_seo`."""
    return [_with_seo(route) for route in found]


def _with_seo(route: Route) -> Route:
    kept = _SEO_OF.get(route.path.removeprefix("/wp/v2/").removesuffix("/{id}"))
    if kept is None or not route.path.startswith("/wp/v2/"):
        return route
    methods = {
        method: Endpoint(
            _seo_shown(endpoint.handler, kept),
            endpoint.args if method in ("GET", "DELETE") else {**endpoint.args, "devskyy_seo": _SEO},
        )
        for method, endpoint in route.methods.items()
    }
    return Route(route.path, route.noun, methods, route.nested)


def _seo_shown(handler: Callable[[Call], Reply], kept: str) -> Callable[[Call], Reply]:
    def run(call: Call) -> Reply:
        reply = handler(call)
        asked: Json | None = call["devskyy_seo"] if call.method not in ("GET", "HEAD", "DELETE") else None
        if asked is not None:
            held = call.store.get(kept, reply.data["id"]) or {"id": reply.data["id"]}
            call.store.put(kept, held | {name: _cleaned(name, asked[name]) for name in _NO_SEO if name in asked})
        if call.params.get("context") != "embed":
            data: Any = reply.data
            many = cast("list[Json]", data if isinstance(data, list) else [data])
            for shown in many:
                if "id" in shown:
                    shown["devskyy_seo"] = seo(call.store, kept, shown["id"])
        return reply

    return run


def seo(store: Store, kept: str, object_id: int) -> Json:
    held = store.peek(kept, object_id) or {}
    return {name: held.get(name, empty) for name, empty in _NO_SEO.items()} | {"kept_by": "devskyy"}


def _cleaned(name: str, value: Any) -> Any:
    return " ".join(text.plain(value).split()) if name in ("title", "description") else value


# --- redirects -------------------------------------------------------------------------------------------------------


def _show(body: Json) -> Json:
    return {name: body[name] for name in ("id", "source", "target", "code", "status")}


def _path_of(address: str) -> str:
    return "/" + unquote(urlsplit(address).path).strip("/")


def _own_path(site: Site, address: str) -> str | None:
    """The path of what is on this site."""
    host = urlsplit(address).hostname
    return None if host and host != urlsplit(site.url).hostname else _path_of(address)


def _of(store: Store, path: str) -> Json | None:
    where = Where("redirect")
    where.add("slug = ? AND status = 'active'", hashlib.md5(path.encode(), usedforsecurity=False).hexdigest())
    return next(iter(store.find(where)), None)


def _end(store: Store, site: Site, target: str, source: str, own: int = 0) -> str | None:
    for _ in range(FOLLOWED_AT_MOST):
        path = _own_path(site, target)
        if path == source:
            return None
        following = None if path is None else _of(store, path)
        if following is None or following["id"] == own:
            return target
        target = following["target"]
    return None


def followed(store: Store, site: Site, path: str, query: str) -> tuple[int, str] | None:
    """Status and address to which a visitor of the path is sent on."""
    source = _path_of(path)
    found = _of(store, source)
    target = _end(store, site, found["target"], source) if found else None
    if found is None or target is None:
        return None
    target = site.page(target[1:]) if target.startswith("/") else target
    if query and "?" not in target:
        before, mark, behind = target.partition("#")
        target = f"{before}?{query}{mark}{behind}"
    return found["code"], target


def redirects(call: Call) -> Reply:
    _allow(call, "edit_others_pages")
    where = Where("redirect")
    where.add("status = ?", call["status"])
    if call["search"]:
        like = "%" + re.sub(r"([\\%_])", r"\\\1", str(call["search"])) + "%"
        columns = ("$.source", "$.target")
        where.add(
            "(" + " OR ".join(f"json_extract(body, '{one}') LIKE ? ESCAPE '\\'" for one in columns) + ")", like, like
        )
    if call["source"]:
        where.add("json_extract(body, '$.source') = ?", _path_of(call["source"]))
    if call["include"]:
        where.among("id", call["include"])
    found, total = lists.fetch(call, where, "id")
    return pages(call, [_show(body) for body in found], total)


def _load(call: Call) -> Json:
    _allow(call, "edit_others_pages")
    body = call.store.get("redirect", int(call["id"]))
    if body is None:
        raise RestError("devskyy_redirect_invalid_id", "Invalid redirect ID.", 404)
    return body


def redirect(call: Call) -> Reply:
    return Reply(_show(_load(call)))


def create(call: Call) -> Reply:
    _allow(call, "edit_others_pages")
    body = _checked(call, {"id": 0, "code": 301, "status": "active"})
    body["id"] = call.store.new_id("redirect")
    call.store.put("redirect", body)
    return Reply(_show(body), 201, {"Location": call.site.rest(f"/{NAMESPACE}/redirects/{body['id']}")})


def update(call: Call) -> Reply:
    body = _checked(call, _load(call))
    call.store.put("redirect", body)
    return Reply(_show(body))


def _checked(call: Call, present: Json) -> Json:
    """The redirect as it is to be."""
    asked = {name: call.params[name] for name in _EDIT if call.params.get(name) is not None}
    body = present | asked
    body["source"] = _path_of(body["source"])
    body["slug"] = hashlib.md5(body["source"].encode(), usedforsecurity=False).hexdigest()
    if "source" in asked and not re.fullmatch(r"/[^/\\?#][^\\?#]*", asked["source"]):
        raise _refusal("invalid_source", "The source is a path on this site, such as /old, without a query.")
    if _KEPT_FREE.match(body["source"]):
        raise _refusal("invalid_source", "That path is one that WordPress itself needs.")
    if "target" in asked:
        body["target"] = _target(call.site, str(asked["target"]).strip())
    if body["status"] == "trash":
        return body
    other = _of(call.store, body["source"])
    if other and other["id"] != body["id"]:
        message = "There is a redirect of that path."
        raise RestError("devskyy_redirect_exists", message, 409, resource_id=other["id"])
    if _end(call.store, call.site, body["target"], body["source"], body["id"]) is None:
        raise _refusal("loop", "That would lead in a circle, or over more than five redirects.")
    return body


def _target(site: Site, target: str) -> str:
    if re.fullmatch(r"/(?![/\\])[^\\\s<>\"']*", target):
        return target
    if not re.fullmatch(r"https?://[^\\\s<>\"'@]+", target, re.I) or _own_path(site, target) is None:
        message = "The target is a path on this site, or an address on a host that allowed_redirect_hosts names."
        raise _refusal("invalid_target", message)
    return target


def _refusal(code: str, message: str) -> RestError:
    return RestError(f"devskyy_redirect_{code}", message, 400)


def delete(call: Call) -> Reply:
    body = _load(call)
    if call["force"]:
        call.store.delete("redirect", body["id"])
        return Reply({"deleted": True, "previous": _show(body)})
    if body["status"] == "trash":
        raise RestError("rest_already_trashed", "The redirect is in the bin already.", 410)
    body["status"] = "trash"
    call.store.put("redirect", body)
    return Reply(_show(body))


# --- privacy ---------------------------------------------------------------------------------------------------------


def _holding(call: Call, kind: str, field: str) -> list[Json]:
    where = Where(kind)
    where.add(f"json_extract(body, '{field}') = ? COLLATE NOCASE", call["email"])
    return call.store.find(where)


def _pairs(named: Json) -> list[Json]:
    return [{"name": name, "value": str(value)} for name, value in named.items() if value not in ("", None)]


def export(call: Call) -> Reply:
    """As WordPress' and WooCommerce's own exporters have it: the account, comments and reviews, orders."""
    _allow(call, "manage_options")
    if call["from"] != "0:1":
        return Reply({"groups": [], "next": ""})
    said = [
        _pairs(
            {f"Comment {name.title()}": one[name] for name in ("author", "content")}
            | {"Comment Author Email": one["email"]}
        )
        for kind in ("comment", "review")
        for one in _holding(call, kind, "$.email")
    ]
    users = [
        _pairs({"User ID": one["id"], "User Login Name": one["login"], "User Email": one["email"]})
        for one in _holding(call, "user", "$.email")
    ]
    orders = [
        _pairs({"Order Number": one["id"], "Order Total": one["total"], "Billing Address": _address(one["billing"])})
        for one in _holding(call, "order", "$.billing.email")
    ]
    named = (("user", "User", users), ("comments", "Comments", said), ("woocommerce_orders", "Orders", orders))
    groups = [{"group": group, "label": label, "items": items} for group, label, items in named if items]
    return Reply({"groups": groups, "next": ""})


def _address(billing: Json) -> str:
    return ", ".join(str(billing[name]) for name in ("first_name", "last_name", "address_1", "city") if billing[name])


def erase(call: Call) -> Reply:
    """Comments and reviews lose their author, accounts their addresses; orders stay, as a new shop is set up."""
    _allow(call, "manage_options")
    removed = False
    for kind in ("comment", "review"):
        for one in _holding(call, kind, "$.email"):
            call.store.put(kind, one | {"author": "Anonymous", "email": "", "url": "", "user": 0})
            removed = True
    for one in _holding(call, "user", "$.email"):
        kept = {name: dict.fromkeys(one[name], "") for name in ("billing", "shipping")}
        removed = removed or any(any(one[name].values()) for name in kept)
        call.store.put("user", one | kept)
    orders = _holding(call, "order", "$.billing.email")
    messages = [f"Personal data within order {one['id']} has been retained." for one in orders]
    messages.append("Customer download permissions have been retained.")  # WooCommerce says so of everybody
    found: Json = {"removed": removed, "retained": True, "messages": messages, "complete": True, "next": ""}
    return Reply(found)


# --- 3D files --------------------------------------------------------------------------------------------------------


def model_type(ending: str, content: bytes) -> str | None:
    """The media type of a file whose bytes are a GLB or USDZ, as its ending says."""
    good = {"glb": _is_glb, "usdz": _is_usdz}.get(ending)
    return MODELS[ending] if good and good(content) else None


def _is_glb(content: bytes) -> bool:
    if len(content) < 21 or content[:4] != b"glTF":
        return False
    version, length, chunk = struct.unpack("<III", content[4:16])
    return (version, length) == (2, len(content)) and 20 + chunk <= length and content[16:21] == b"JSON{"


def _is_usdz(content: bytes) -> bool:
    if len(content) < 30 or content[:4] != b"PK\x03\x04":
        return False
    flags, method = struct.unpack("<HH", content[6:10])
    name, extra = struct.unpack("<HH", content[26:30])
    called = content[30 : 30 + name].decode("utf-8", "replace")
    stored = method == 0 and not flags & 0x0009
    named = re.search(r"\.usd[ac]?$", called, re.I) is not None
    return stored and named and (30 + name + extra) % 64 == 0 and b"PK\x05\x06" in content[-65557:]
