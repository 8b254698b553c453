"""The shop's errors, in all their irregular forms, as our own: plain words, one code, what to do."""

from __future__ import annotations

import html
import re
from typing import Any, cast

from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.http import Answer, UpstreamError

_TAG = re.compile(r"<[^>]{0,200}>")
_SPACE = re.compile(r"\s+")
LONGEST = 300

_CREDENTIALS = (
    "Check WORDPRESS_USERNAME and WORDPRESS_APP_PASSWORD; an application password is made under Users → Profile."
)
_KEYS = "Check WOOCOMMERCE_KEY and WOOCOMMERCE_SECRET, and that the key may read and write."
_ROLE = "Give the user of WORDPRESS_USERNAME the role Shop manager (or Editor where only posts and pages are used)."
_WRONG_LOGIN = frozenset(
    {"incorrect_password", "invalid_username", "invalid_email", "rest_not_logged_in", "application_passwords_disabled"}
)
_WRONG_KEY = frozenset({"woocommerce_rest_authentication_error", "woocommerce_rest_cannot_authenticate"})
_CODES: dict[str, tuple[Code, str]] = {
    "rest_no_route": (
        Code.UPSTREAM_INVALID,
        "WooCommerce may be missing or switched off, or WORDPRESS_URL is not the shop's own address.",
    ),
    "term_exists": (Code.CONFLICT, "Use the one that exists, or choose another name or slug."),
    "product_invalid_sku": (Code.CONFLICT, "Use the product that has this SKU, or choose another SKU."),
    "woocommerce_rest_product_not_created": (
        Code.CONFLICT,
        "A product in the bin may have this SKU: restore that one instead, or choose another SKU.",
    ),
    "woocommerce_rest_coupon_code_already_exists": (
        Code.CONFLICT,
        "Change the coupon that exists, or choose another code.",
    ),
    "registration-error-email-exists": (Code.CONFLICT, "Change the customer who has this e-mail address instead."),
    "registration-error-username-exists": (Code.CONFLICT, "Choose another user name."),
    "plugins_api_failed": (
        Code.UPSTREAM_REFUSED,
        "The site can't reach wordpress.org, or there is no such plugin: see wp_health_check.",
    ),
    "rest_upload_sideload_error": (
        Code.INVALID_ARGUMENTS,
        "The shop does not take this file: use JPEG, PNG or WebP. For GLB and USDZ the site needs the DevSkyy plugin: "
        "`devskyy plugin build`.",
    ),
    "rest_upload_hash_mismatch": (Code.UPSTREAM_INVALID, "The file was damaged on its way; try again."),
    "woocommerce_rest_cannot_create_order_refund": (
        Code.INVALID_ARGUMENTS,
        "Refund at most what is left of the order; without the payment gateway where it can't pay back.",
    ),
}


def plain_text(text: object) -> str:
    """The text without tags and entities, on one line, at most 300 characters."""
    bare = html.unescape(_TAG.sub(" ", html.unescape(str(text))))
    bare = _SPACE.sub(" ", bare).strip()
    return bare if len(bare) <= LONGEST else f"{bare[: LONGEST - 1]}…"


def refused(status: int, body: Any, what: str = "") -> UpstreamError:
    """The error for an answer of status 400 or above.

    Args:
        status: of the HTTP answer; the body's own ``data.status`` is not believed, in batches it is wrong.
        body: the parsed JSON, ``{code, message, data: {status, params?} | int}``, or a batch item's ``error``.
        what: how people call the object, for "not found".
    """
    fields: dict[str, Any] = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    code, data = str(fields.get("code", "")), fields.get("data")
    data = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    message = plain_text(fields.get("message", "")) or f"The shop answered with status {status}."
    details: dict[str, Any] = {"shop_code": code[:100]} if code else {}
    details |= _facts(data)
    kind, hint = _kind(status, code, details)
    if kind is Code.NOT_FOUND:
        message = f"The shop has no {what or 'such object'}."
    if code == "rest_no_route" and "disabled" in message:  # of shipping zones, where the shop ships nowhere
        kind, hint = Code.CONFLICT, "Set woocommerce_ship_to_countries of the group general (woo_settings_update)."
    retryable = False if code == "rest_no_route" else None
    return UpstreamError(kind, message, hint, retryable, details=details, reached="answered")


def _facts(data: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    params = data.get("params")
    if isinstance(params, dict):
        facts["problems"] = [
            {"field": str(name)[:100], "problem": plain_text(text)}
            for name, text in list(cast("dict[str, Any]", params).items())[:20]
        ]
    elif isinstance(params, list):
        facts["problems"] = [
            {"field": str(name)[:100], "problem": "is required"} for name in cast("list[Any]", params)[:20]
        ]
    for name in ("resource_id", "new_draft_order_id"):
        if isinstance(data.get(name), int):
            facts[name] = data[name]
    return facts


def _kind(status: int, code: str, details: dict[str, Any]) -> tuple[Code, str]:
    if code in _WRONG_LOGIN:
        return Code.UPSTREAM_REFUSED, _CREDENTIALS
    if code in _WRONG_KEY:
        return Code.UPSTREAM_REFUSED, _KEYS
    if code in _CODES:
        return _CODES[code]
    if "resource_id" in details:
        return Code.CONFLICT, f"The shop has it already, with id {details['resource_id']}."
    if code.endswith(("_trash_not_supported", "_already_trashed", "already_trashed")):
        return (
            Code.CONFLICT,
            "It is in the bin already." if status == 410 else "It has no bin: it can only be deleted for good.",
        )
    if status == 401:
        return Code.UPSTREAM_REFUSED, f"{_CREDENTIALS} With a key and secret: {_KEYS}"
    if status == 403:
        return Code.FORBIDDEN, _ROLE
    if status in (404, 410) or code.endswith(("_invalid_id", "_invalid_page_number")):
        return Code.NOT_FOUND, "List them to find the right id."
    if status == 413:
        return Code.TOO_LARGE, "Send fewer items at a time."
    if status in (400, 409, 412, 422):
        return Code.INVALID_ARGUMENTS, "Correct the arguments and try again."
    if code and code != "internal_server_error":
        return Code.UPSTREAM_REFUSED, "The shop could not do it; its error log may say why."
    return Code.UPSTREAM_INVALID, "The shop failed; its error log should say why. Look before trying again."


def of_answer(answer: Answer, what: str = "") -> UpstreamError | None:
    """The error that an answer stands for; None when it is a good one."""
    if answer.status < 400:
        return None
    try:
        body = answer.json()
    except UpstreamError as error:
        return error
    return refused(answer.status, body, what)


def wire(error: Refused) -> dict[str, Any]:
    """The error as an Outcome holds it."""
    return error.as_dict()
