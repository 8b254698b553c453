"""wc/v3/orders/{id}/actions and /receipt: the mails that suit an order, and a page with its receipt."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime, timedelta

from devskyy_tools.sandbox.auth import require_shop
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError
from devskyy_tools.sandbox.nouns import order_states
from devskyy_tools.sandbox.nouns.orders import BASE
from devskyy_tools.sandbox.routing import Endpoint, Route
from devskyy_tools.sandbox.text import entities as escaped

_MAILS = {
    "customer_invoice": ("Order details", "Order detail emails can be sent to customers containing their order "
                         "information and payment links."),
    "customer_completed_order": ("Completed order", "Order complete emails are sent to customers when their orders are "
                                 "marked completed and usually indicate that their orders have been shipped."),
    "customer_failed_order": ("Failed order", "Failed order emails are sent to customers when their orders are marked "
                              "as failed."),
    "customer_on_hold_order": ("Order on-hold", "This is an order notification sent to customers containing order "
                               "details after an order is placed on-hold from Pending, Cancelled or Failed order "
                               "status."),
    "customer_processing_order": ("Processing order", "This is an order notification sent to customers containing "
                                  "order details after payment."),
    "customer_refunded_order": ("Refunded order", "Order refunded emails are sent to customers when their orders are "
                                "refunded."),
}  # fmt: skip
_OTHERS = (
    "new_order", "cancelled_order", "customer_cancelled_order", "failed_order", "customer_note",
    "customer_reset_password", "customer_new_account", "customer_pos_completed_order", "customer_pos_refunded_order",
)  # fmt: skip
_BY_STATUS = {status: f"customer_{status.replace('-', '_')}_order" for status in
              ("completed", "failed", "on-hold", "processing", "refunded")}  # fmt: skip


def routes() -> list[Route]:
    template: Json = {"template_id": {"type": "string", "enum": [*_MAILS, *_OTHERS], "required": True}}
    days: Json = {"expiration_days": {"type": "integer", "default": 1}, "force_new": {"type": "boolean"}}
    actions = f"{BASE}/{{id}}/actions"
    return [
        Route(f"{actions}/email_templates", "", {"GET": Endpoint(templates, {})}),
        Route(f"{actions}/send_email", "", {"POST": Endpoint(send_email, template)}),
        Route(f"{actions}/send_order_details", "", {"POST": Endpoint(send_details, {})}),
        Route(f"{BASE}/{{id}}/receipt", "", {"GET": Endpoint(receipt, {}), "POST": Endpoint(make_receipt, days)}),
    ]


def _order(call: Call) -> Json:
    body = call.store.get("order", int(call["id"]))
    if body is None:
        raise RestError("woocommerce_rest_not_found", "Order not found", 404)
    require_shop(call, "read")
    return body


def _suiting(call: Call, order: Json) -> list[str]:
    if not order["billing"]["email"] or order["status"] == "trash":
        return []
    found = {"customer_invoice", _BY_STATUS.get(order["status"], "customer_invoice")}
    if 0 < order_states.refunded(call.store, order["id"]) < float(order["total"]):
        found.add("customer_refunded_order")
    return sorted(found)


def templates(call: Call) -> Reply:
    found = _suiting(call, _order(call))
    return Reply([{"id": name, "title": _MAILS[name][0], "description": _MAILS[name][1]} for name in found])


def send_email(call: Call) -> Reply:
    """Pretend to send a mail: the demo shop has no mail server. The order keeps a note of it."""
    order, wanted = _order(call), str(call["template_id"])
    email = _address(order)
    if wanted not in _suiting(call, order):
        message = f"{escaped(wanted)} is not a valid template for this order."
        raise RestError("woocommerce_rest_invalid_email_template", message, 400)
    if wanted == "customer_invoice":
        return send_details(call)
    return _sent(call, order, f"Email template &quot;{_MAILS[wanted][0]}&quot; sent to {email}.")


def send_details(call: Call) -> Reply:
    order = _order(call)
    return _sent(call, order, f"Order details sent to {_address(order)}.")


def _address(order: Json) -> str:
    email = order["billing"]["email"]
    if not email:
        raise RestError("woocommerce_rest_missing_email", "Order does not have an email address.", 400)
    return escaped(email)


def _sent(call: Call, order: Json, message: str) -> Reply:
    order_states.add_note(call.store, order["id"], message, author=call.user.login)
    return Reply({"message": message})


# --- receipts --------------------------------------------------------------------------------------------------------


def receipt(call: Call) -> Reply:
    require_shop(call, "read")
    found = _made(call, _known(call, "view"))
    if found is None:
        raise RestError("woocommerce_rest_not_found", "Receipt not found", 404)
    return _shown(call, found)


def _known(call: Call, may: str) -> int:
    """The order's id; who asks for one that isn't there is told as who may not see it."""
    if call.store.get("order", int(call["id"])) is None:
        raise RestError(f"woocommerce_rest_cannot_{may}", f"Sorry, you cannot {may} resources.", 403)
    return int(call["id"])


def _made(call: Call, order: int) -> Json | None:
    found: Json | None = call.store.option("receipts", {}).get(str(order))
    return found if found and found["until"] >= str(datetime.now(UTC).date()) else None


def _shown(call: Call, found: Json) -> Reply:
    day = date.fromisoformat(found["until"])
    name = f"{day.year:03x}{day.month:01x}{day.day:02x}{found['name']}"
    return Reply({"receipt_url": call.site.page(f"wc/file/transient/{name}"), "expiration_date": found["until"]})


def make_receipt(call: Call) -> Reply:
    require_shop(call, "create")
    order, today = _known(call, "create"), datetime.now(UTC).date()
    if (found := _made(call, order)) and not call["force_new"]:
        return _shown(call, found)
    until = call["expiration_date"] or str(today + timedelta(days=int(call["expiration_days"])))
    try:
        day = date.fromisoformat(str(until))
    except ValueError:
        message = f"{escaped(str(until))} is not a valid date, expected format: YYYY-MM-DD"
        raise RestError("woocommerce_rest_invalid_argument", message, 400) from None
    if day < today:
        message = f"The supplied expiration date, {until}, is in the past"
        raise RestError("woocommerce_rest_invalid_argument", message, 400)
    made: Json = {"name": secrets.token_hex(16), "until": str(day)}
    call.store.set_option("receipts", {**call.store.option("receipts", {}), str(order): made})
    return _shown(call, made)
