"""Mails about an order, and receipts: which mail suits it, what is refused, whose address it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contract.client import Shop, ok, refused

pytestmark = pytest.mark.requirement("contract:orders")
DETAILS = "customer_invoice"


async def _order(shop: Shop, email: str = "ada@example.com", **more: Any) -> int:
    product = await shop.product()
    line = {"product_id": product["id"], "quantity": 1}
    order = await shop.make("wc/v3/orders", line_items=[line], billing={"email": email}, **more)
    return int(order["id"])


async def _suiting(shop: Shop, order: int) -> list[str]:
    found = await shop.read(f"wc/v3/orders/{order}/actions/email_templates")
    assert all(set(one) == {"id", "title", "description"} for one in found)
    return [one["id"] for one in found]


async def test_which_mails_suit_follows_from_the_status(wc: Shop) -> None:
    order = await _order(wc)
    assert await _suiting(wc, order) == [DETAILS]
    for status, mail in (
        ("processing", "customer_processing_order"),
        ("on-hold", "customer_on_hold_order"),
        ("completed", "customer_completed_order"),
        ("failed", "customer_failed_order"),
        ("cancelled", DETAILS),
    ):
        await wc.change(f"wc/v3/orders/{order}", status=status)
        assert await _suiting(wc, order) == sorted({DETAILS, mail})


async def test_a_partial_refund_has_a_mail_of_its_own(wc: Shop) -> None:
    order = await _order(wc)
    await wc.make(f"wc/v3/orders/{order}/refunds", amount="1.00", api_refund=False)
    assert await _suiting(wc, order) == [DETAILS, "customer_refunded_order"]


async def test_without_an_address_no_mail_suits(wc: Shop) -> None:
    order = int((await wc.make("wc/v3/orders"))["id"])
    assert await _suiting(wc, order) == []
    for action in ("send_email", "send_order_details"):
        answer = await wc.post(f"wc/v3/orders/{order}/actions/{action}", {"template_id": DETAILS})
        refused(answer, 400, "woocommerce_rest_missing_email")


async def test_a_mail_leaves_a_note(wc: Shop) -> None:
    order = await _order(wc, status="completed")
    base = f"wc/v3/orders/{order}/actions"
    sent = ok(await wc.post(f"{base}/send_email", {"template_id": "customer_completed_order"}))
    assert sent == {"message": "Email template &quot;Completed order&quot; sent to ada@example.com."}
    for action in ("send_order_details", "send_email"):
        sent = ok(await wc.post(f"{base}/{action}", {"template_id": DETAILS}))
        assert sent == {"message": "Order details sent to ada@example.com."}
    notes = [one["note"] for one in await wc.read(f"wc/v3/orders/{order}/notes")]
    assert notes.count("Order details sent to ada@example.com.") == 2


async def test_mails_that_do_not_suit(wc: Shop) -> None:
    base = f"wc/v3/orders/{await _order(wc)}/actions"
    answer = await wc.post(f"{base}/send_email", {"template_id": "customer_completed_order"})
    refused(answer, 400, "woocommerce_rest_invalid_email_template")
    refused(await wc.post(f"{base}/send_email", {"template_id": "nope"}), 400, "rest_invalid_param")
    refused(await wc.post(f"{base}/send_email", {}), 400, "rest_missing_callback_param")
    for method, action in (("GET", "email_templates"), ("POST", "send_order_details")):
        path = f"wc/v3/orders/99999999/actions/{action}"
        answer = await (wc.get(path) if method == "GET" else wc.post(path, {}))
        refused(answer, 404, "woocommerce_rest_not_found")


async def test_a_receipt_is_made_once_unless_anew(wc: Shop) -> None:
    path = f"wc/v3/orders/{await _order(wc)}/receipt"
    refused(await wc.get(path), 404, "woocommerce_rest_not_found")
    first = ok(await wc.post(path, {}))
    assert first["expiration_date"] == str(datetime.now(UTC).date() + timedelta(days=1))
    assert "/wc/file/transient/" in first["receipt_url"]
    assert ok(await wc.post(path, {"expiration_days": 5})) == first == await wc.read(path)
    other = ok(await wc.post(path, {"expiration_days": 5, "force_new": True}))
    assert other["receipt_url"] != first["receipt_url"]
    assert other == await wc.read(path)


async def test_days_that_no_receipt_can_have(wc: Shop) -> None:
    path = f"wc/v3/orders/{await _order(wc)}/receipt"
    for day in ("2020-01-01", "soon"):
        refused(await wc.post(path, {"expiration_date": day}), 400, "woocommerce_rest_invalid_argument")
    refused(await wc.get("wc/v3/orders/99999999/receipt"), 403, "woocommerce_rest_cannot_view")
    refused(await wc.post("wc/v3/orders/99999999/receipt", {}), 403, "woocommerce_rest_cannot_create")
