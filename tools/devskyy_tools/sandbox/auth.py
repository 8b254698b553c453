"""Who is asking: application passwords, consumer keys over https, OAuth 1.0a over http, and what roles may do."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from devskyy_tools.sandbox.envelope import Call, Json, RestError
from devskyy_tools.sandbox.site import Site
from devskyy_tools.sandbox.store import Store, Where

CLOCK_SKEW = 15 * 60  # seconds between the two clocks that OAuth allows
_OAUTH = ("oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method")
_HASHES = {"HMAC-SHA1": "sha1", "HMAC-SHA256": "sha256"}

_AUTHOR = frozenset({"read", "edit_posts", "publish_posts", "delete_posts", "upload_files"})
_EDITOR = _AUTHOR | {
    "edit_others_posts", "edit_pages", "manage_categories", "moderate_comments", "unfiltered_html",
    "read_private_posts",
}  # fmt: skip
_SHOP = _EDITOR | {"manage_woocommerce", "list_users", "edit_users", "create_customers", "edit_products"}
_ADMIN = _SHOP | {"manage_options", "create_users", "delete_users", "promote_users", "activate_plugins"}
_WOO = frozenset({
    "edit_shop_coupons", "edit_shop_orders", "edit_theme_options", "manage_product_terms", "read_private_products",
    "read_private_shop_coupons", "read_private_shop_orders", "view_woocommerce_reports",
})  # fmt: skip
CAPABILITIES: dict[str, frozenset[str]] = {
    "administrator": _ADMIN | _WOO | {"switch_themes"},
    "shop_manager": _SHOP | _WOO,
    "editor": _EDITOR,
    "author": _AUTHOR,
    "contributor": frozenset({"read", "edit_posts", "delete_posts"}),
    "subscriber": frozenset({"read"}),
    "customer": frozenset({"read"}),
}


@dataclass(frozen=True, slots=True)
class User:
    """The user behind a request; id 0 is nobody. `key` is the consumer key's permission, `uuid` the app password's."""

    id: int = 0
    login: str = ""
    roles: tuple[str, ...] = ()
    key: str = ""
    uuid: str = ""

    def can(self, capability: str) -> bool:
        return any(capability in CAPABILITIES.get(role, ()) for role in self.roles)


NOBODY = User()


def denied(call: Call, code: str, message: str) -> RestError:
    """Return the refusal of a right: 401 for nobody, 403 for somebody."""
    return RestError(code, message, 403 if call.user.id else 401)


_WC_REFUSALS = {
    "list": ("cannot_view", "Sorry, you cannot list resources."),
    "read": ("cannot_view", "Sorry, you cannot view this resource."),
    "create": ("cannot_create", "Sorry, you are not allowed to create resources."),
    "edit": ("cannot_edit", "Sorry, you are not allowed to edit this resource."),
    "delete": ("cannot_delete", "Sorry, you are not allowed to delete this resource."),
    "batch": ("cannot_batch", "Sorry, you are not allowed to batch manipulate this resource."),
}


def require_shop(call: Call, action: str, capability: str = "manage_woocommerce") -> None:
    """Let only those through who run the shop: administrators and shop managers."""
    if not call.user.can(capability):
        code, message = _WC_REFUSALS[action]
        raise denied(call, f"woocommerce_rest_{code}", message)


def hashed(password: str) -> str:
    return hashlib.sha256(password.replace(" ", "").encode()).hexdigest()


def user_from(body: Json, **more: Any) -> User:
    return User(body["id"], body["login"], tuple(body["roles"]), **more)


@dataclass(frozen=True, slots=True)
class Request:
    """The parts of a request that identification looks at."""

    method: str
    path: str
    host: str
    query: list[tuple[str, str]]
    authorization: str


def identify(store: Store, site: Site, request: Request) -> User:
    """Return the user of a request, or NOBODY.

    Raises:
        RestError: credentials that name somebody and do not fit; even public routes then answer 401.
    """
    name, password = _basic(request.authorization)
    if request.path.startswith(("/wc/", "/wc-")):
        user = _by_key(store, site, request, name, password)
        if user or name.startswith("ck_"):
            return user or NOBODY
    if not name or not site.takes_app_passwords:
        return NOBODY
    try:
        return _by_password(store, name, password)
    except RestError:
        if request.path.startswith(("/wc/", "/wc-")):
            return NOBODY  # WooCommerce forgets why it did not know somebody
        raise


def _basic(header: str) -> tuple[str, str]:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, password = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password


def _by_password(store: Store, name: str, password: str) -> User:
    where = Where("user")
    where.add("(slug = ? OR code = ?)", name.lower(), name.lower())
    found = next(iter(store.find(where)), None)
    if found is None and "@" in name:
        raise RestError(
            "invalid_email", "<strong>Error:</strong> Unknown email address. Check again or try your username.", 401
        )
    if found is None:
        message = "<strong>Error:</strong> Unknown username. Check again or try your email address."
        raise RestError("invalid_username", message, 401)
    digest = hashed(password)
    for entry in found["app_passwords"]:
        if hmac.compare_digest(entry["hash"], digest):
            return user_from(found, uuid=entry["uuid"])
    raise RestError("incorrect_password", "The provided password is an invalid application password.", 401)


def _by_key(store: Store, site: Site, request: Request, name: str, password: str) -> User | None:
    query = dict(request.query)
    if not site.secure:
        return _by_signature(store, site, request, query)
    if query.get("consumer_key") and query.get("consumer_secret"):
        name, password = query["consumer_key"], query["consumer_secret"]
    key = _key(store, name)
    if key is None:
        return None
    if not hmac.compare_digest(key["secret"], password):
        raise _not_authentic("Consumer secret is invalid.")
    return _user_of(store, key, request.method)


def _key(store: Store, name: str) -> Json | None:
    return next((key for key in store.option("keys", []) if key["key"] == name), None)


def _user_of(store: Store, key: Json, method: str) -> User:
    reads = method in ("GET", "HEAD", "OPTIONS")
    if not reads and "write" not in key["permissions"]:
        raise _not_authentic("The API key provided does not have write permissions.")
    if reads and method != "OPTIONS" and "read" not in key["permissions"]:
        raise _not_authentic("The API key provided does not have read permissions.")
    body = store.get("user", key["user"])
    return user_from(body, key=key["permissions"]) if body else NOBODY


def _not_authentic(message: str) -> RestError:
    return RestError("woocommerce_rest_authentication_error", message, 401)


def _by_signature(store: Store, site: Site, request: Request, query: dict[str, str]) -> User | None:
    params = list(request.query)
    if request.authorization.lower().startswith("oauth "):
        found = re.findall(r'(\w+)="([^"]*)"', request.authorization)
        params += [(name, unquote(value)) for name, value in found if name.startswith("oauth_")]
        query = dict(params)
    if not any(query.get(name) for name in _OAUTH):
        return None
    missing = [name for name in _OAUTH if not query.get(name)]
    if missing:
        word = "Missing OAuth parameter" if len(missing) == 1 else "Missing OAuth parameters"
        raise RestError("woocommerce_rest_authentication_missing_parameter", f"{word} {', '.join(missing)}", 401)
    key = _key(store, query["oauth_consumer_key"])
    if key is None:
        raise _not_authentic("Consumer key is invalid.")
    _check_signature(site, request, params, query, key["secret"])
    _check_nonce(store, query)
    return _user_of(store, key, request.method)


def _check_signature(
    site: Site, request: Request, params: list[tuple[str, str]], query: dict[str, str], secret: str
) -> None:
    algorithm = _HASHES.get(query["oauth_signature_method"])
    if algorithm is None:
        raise _not_authentic("Invalid signature - signature method is invalid.")
    pairs = sorted(f"{_quoted(k)}={_quoted(v)}" for k, v in params if k != "oauth_signature")
    # The real shop signs with its stored host only; behind an in-process transport any host may stand in the request.
    bases = [site.rest(request.path), f"{site.scheme}://{request.host}/wp-json{request.path}"]
    for base in bases:
        text = "&".join([request.method, _quoted(base), _quoted("&".join(pairs))])
        wanted = base64.b64encode(hmac.new(f"{secret}&".encode(), text.encode(), algorithm).digest()).decode()
        if hmac.compare_digest(wanted, query["oauth_signature"].replace(" ", "+")):
            return
    raise _not_authentic("Invalid signature - provided signature does not match.")


def _check_nonce(store: Store, query: dict[str, str]) -> None:
    at = int(query["oauth_timestamp"]) if query["oauth_timestamp"].isdigit() else 0
    now = int(time.time())
    if abs(now - at) > CLOCK_SKEW:
        raise _not_authentic("Invalid timestamp.")
    if not store.use_nonce(f"{query['oauth_consumer_key']} {query['oauth_nonce']}", at, now - CLOCK_SKEW):
        raise _not_authentic("Invalid nonce - nonce has already been used.")


def _quoted(text: str) -> str:
    return quote(text, safe="~")


def query_pairs(query_string: str) -> list[tuple[str, str]]:
    return parse_qsl(query_string, keep_blank_values=True)
