"""Orders, refunds and notes: no checks of stock or product, stock that follows the status, refund rules."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from tests.contract.client import Shop, ok, refused, token

pytestmark = pytest.mark.requirement("contract:orders")


async def _order(shop: Shop, product: dict[str, Any], quantity: int = 2, **more: Any) -> dict[str, Any]:
    return await shop.make("wc/v3/orders", line_items=[{"product_id": product["id"], "quantity": quantity}], **more)


async def _stocked(shop: Shop, quantity: int = 10) -> dict[str, Any]:
    return await shop.product(manage_stock=True, stock_quantity=quantity)


async def _stock(shop: Shop, product: dict[str, Any]) -> int:
    return (await shop.read(f"wc/v3/products/{product['id']}"))["stock_quantity"]


async def test_new_order(wc: Shop) -> None:
    product = await wc.product()
    order = await _order(wc, product)
    assert (order["status"], order["total"], order["currency"]) == ("pending", "40.00", "EUR")
    assert (order["date_paid"], order["date_completed"], order["needs_payment"]) == (None, None, True)
    (line,) = order["line_items"]
    assert (line["product_id"], line["quantity"], line["subtotal"], line["total"]) == (
        product["id"],
        2,
        "40.00",
        "40.00",
    )
    assert (line["price"], order["number"]) == (20, str(order["id"]))


async def test_empty_order(wc: Shop) -> None:
    order = await wc.make("wc/v3/orders")
    assert (order["status"], order["total"], order["line_items"]) == ("pending", "0.00", [])


async def test_total_is_not_writable(wc: Shop) -> None:
    assert (await _order(wc, await wc.product(), total="1.00"))["total"] == "40.00"


async def test_line_total_wins(wc: Shop) -> None:
    product = await wc.product()
    line = {"product_id": product["id"], "quantity": 2, "subtotal": "40.00", "total": "30.00"}
    order = await wc.make("wc/v3/orders", line_items=[line])
    assert (order["total"], order["discount_total"], order["line_items"][0]["price"]) == ("30.00", "10.00", 15)


async def test_quantity_alone_leaves_the_totals(wc: Shop) -> None:
    order = await _order(wc, await wc.product(), 1)
    line = {"id": order["line_items"][0]["id"], "quantity": 3}
    changed = await wc.change(f"wc/v3/orders/{order['id']}", line_items=[line])
    assert (changed["line_items"][0]["quantity"], changed["line_items"][0]["total"], changed["total"]) == (
        3,
        "20.00",
        "20.00",
    )


async def test_unknown_product_makes_an_empty_line(wc: Shop) -> None:
    order = await wc.make("wc/v3/orders", line_items=[{"product_id": 99999999, "quantity": 1}])
    assert (order["total"], order["line_items"][0]["total"]) == ("0.00", "0.00")


async def test_line_without_a_product(wc: Shop) -> None:
    refused(
        await wc.post("wc/v3/orders", {"line_items": [{"quantity": 1}]}),
        400,
        "woocommerce_rest_required_product_reference",
    )


async def test_oversell_goes_negative(wc: Shop) -> None:
    product = await _stocked(wc, 3)
    await _order(wc, product, 10, set_paid=True)
    assert await _stock(wc, product) == -7


async def test_five_paid_at_once_reduce_exactly(wc: Shop) -> None:
    product = await _stocked(wc, 10)
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(lambda: _order(wc, product, 1, set_paid=True))
    assert await _stock(wc, product) == 5


async def test_set_paid(wc: Shop) -> None:
    order = await _order(wc, await wc.product(), set_paid=True)
    assert order["status"] == "processing"
    assert order["date_paid"]


@pytest.mark.parametrize(
    ("status", "left"),
    [
        ("pending", 10),
        ("processing", 8),
        ("on-hold", 8),
        ("completed", 8),
        ("cancelled", 10),
        ("failed", 10),
    ],
)
async def test_stock_of_a_new_order(wc: Shop, status: str, left: int) -> None:
    product = await _stocked(wc)
    await _order(wc, product, status=status)
    assert await _stock(wc, product) == left


@pytest.mark.parametrize(
    ("walk", "stocks"),
    [
        (["processing", "completed"], [8, 8]),
        (["processing", "cancelled", "processing"], [8, 10, 8]),
        (["completed", "pending"], [8, 10]),
        (["completed", "pending", "cancelled", "processing", "failed"], [8, 10, 10, 8, 8]),
        (["on-hold", "processing", "refunded", "failed"], [8, 8, 8, 8]),
    ],
)
async def test_any_status_to_any_and_the_stock_that_follows(wc: Shop, walk: list[str], stocks: list[int]) -> None:
    product = await _stocked(wc)
    order = await _order(wc, product)
    seen: list[int] = []
    for status in walk:
        assert (await wc.change(f"wc/v3/orders/{order['id']}", status=status))["status"] == status
        seen.append(await _stock(wc, product))
    assert seen == stocks


async def test_completed_has_a_date(wc: Shop) -> None:
    order = await _order(wc, await wc.product(), status="completed")
    assert order["date_completed"]
    back = await wc.change(f"wc/v3/orders/{order['id']}", status="pending")
    assert back["date_completed"]


async def test_refunded_refunds_everything_and_keeps_it(wc: Shop) -> None:
    order = await _order(wc, await wc.product(), status="processing")
    path = f"wc/v3/orders/{order['id']}"
    await wc.change(path, status="refunded")
    (refund,) = await wc.read(f"{path}/refunds")
    assert refund["amount"] == "40.00"
    assert len((await wc.change(path, status="processing"))["refunds"]) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"status": "lost"}, "rest_invalid_param"),
        ({"currency": "XYZ"}, "rest_invalid_param"),
        ({"billing": {"email": "no address"}}, "rest_invalid_param"),
        ({"customer_id": 99999999}, "woocommerce_rest_invalid_customer_id"),
        ({"line_items": "x"}, "rest_invalid_param"),
        ({"set_paid": "maybe"}, "rest_invalid_param"),
    ],
)
async def test_refused_bodies(wc: Shop, body: dict[str, Any], code: str) -> None:
    refused(await wc.post("wc/v3/orders", body), 400, code)


async def test_bad_coupon_leaves_a_draft_order(wc: Shop) -> None:
    product = await wc.product()
    body = {"line_items": [{"product_id": product["id"], "quantity": 1}], "coupon_lines": [{"code": token()}]}
    error = refused(await wc.post("wc/v3/orders", body), 400, "woocommerce_rest_invalid_coupon")
    left = error["data"]["new_draft_order_id"]
    wc.remember("wc/v3/orders", left)
    assert (await wc.read(f"wc/v3/orders/{left}"))["status"] == "checkout-draft"


async def test_coupon_takes_off(wc: Shop) -> None:
    coupon = await wc.make("wc/v3/coupons", code=token(), discount_type="percent", amount="10")
    order = await _order(wc, await wc.product(), coupon_lines=[{"code": coupon["code"]}])
    assert (order["total"], order["discount_total"]) == ("36.00", "4.00")
    assert (order["coupon_lines"][0]["code"], order["coupon_lines"][0]["discount"]) == (coupon["code"], "4")


async def test_shipping_and_fees_add_up(wc: Shop) -> None:
    order = await _order(
        wc,
        await wc.product(),
        shipping_lines=[{"method_id": "flat_rate", "method_title": "Post", "total": "5.00"}],
        fee_lines=[{"name": "Gift", "total": "2.00"}],
    )
    assert (order["total"], order["shipping_total"], order["fee_lines"][0]["total"]) == ("47.00", "5.00", "2.00")


async def test_line_removed_and_added_has_a_new_id(wc: Shop) -> None:
    product = await wc.product()
    order = await _order(wc, product)
    path, line = f"wc/v3/orders/{order['id']}", order["line_items"][0]["id"]
    assert (await wc.change(path, line_items=[{"id": line, "product_id": None}]))["line_items"] == []
    again = await wc.change(path, line_items=[{"product_id": product["id"], "quantity": 2}])
    assert again["line_items"][0]["id"] != line


async def test_unknown_line(wc: Shop) -> None:
    order = await _order(wc, await wc.product())
    answer = await wc.put(f"wc/v3/orders/{order['id']}", {"line_items": [{"id": 99999999, "quantity": 1}]})
    refused(answer, 400, "woocommerce_rest_invalid_item_id")


async def test_search_finds_address_and_transaction(wc: Shop) -> None:
    word = token()
    order = await _order(wc, await wc.product(), billing={"email": f"{word}@example.com"}, transaction_id=f"x{word}")
    for term in (f"{word}@example.com", f"x{word}"):
        assert [found["id"] for found in await wc.read("wc/v3/orders", search=term)] == [order["id"]]


async def test_filters(wc: Shop) -> None:
    product = await wc.product()
    order = await _order(wc, product, status="on-hold")
    for query, found in {
        "": 1,
        "status=on-hold": 1,
        "status=completed": 0,
        "status=any": 1,
        "customer=99999999": 0,
    }.items():
        assert len(await wc.read(f"wc/v3/orders?product={product['id']}&{query}")) == found, query
    assert [one["id"] for one in await wc.read("wc/v3/orders", include=order["id"])] == [order["id"]]


async def test_newest_by_modified_after(wc: Shop) -> None:
    order = await _order(wc, await wc.product())
    found = await wc.read(
        "wc/v3/orders",
        modified_after="2020-01-01T00:00:00",
        dates_are_gmt="true",
        orderby="id",
        order="desc",
        status="any",
    )
    assert found[0]["id"] == order["id"]


async def test_meta_stamp_can_be_read_back(wc: Shop) -> None:
    order = await _order(wc, await wc.product(), meta_data=[{"key": "_stamp", "value": "a/1"}])
    seen = await wc.read(f"wc/v3/orders/{order['id']}")
    assert {"_stamp": "a/1"}.items() <= {entry["key"]: entry["value"] for entry in seen["meta_data"]}.items()


async def test_bin_and_restore_do_not_touch_stock(wc: Shop) -> None:
    product = await _stocked(wc)
    order = await _order(wc, product, status="processing")
    path = f"wc/v3/orders/{order['id']}"
    assert ok(await wc.delete(path))["status"] == "processing"
    assert (await wc.read(path))["status"] == "trash"
    refused(await wc.delete(path), 410, "woocommerce_rest_already_trashed")
    assert await _stock(wc, product) == 8
    assert (await wc.change(path, status="processing"))["status"] == "processing"
    assert await _stock(wc, product) == 8


async def test_deleted_for_good_does_not_restock(wc: Shop) -> None:
    product = await _stocked(wc)
    order = await _order(wc, product, status="processing")
    ok(await wc.delete(f"wc/v3/orders/{order['id']}", force="true"))
    refused(await wc.get(f"wc/v3/orders/{order['id']}"), 404, "woocommerce_rest_shop_order_invalid_id")
    assert await _stock(wc, product) == 8


async def test_refund_by_hand(wc: Shop) -> None:
    order = await _order(wc, await wc.product(), status="completed")
    path = f"wc/v3/orders/{order['id']}"
    refund = ok(
        await wc.http.post(f"{path}/refunds", json={"amount": "5.00", "reason": "Late", "api_refund": False}), 201
    )
    assert (refund["amount"], refund["reason"], refund["refunded_payment"]) == ("5.00", "Late", False)
    seen = await wc.read(path)
    assert seen["refunds"] == [{"id": refund["id"], "reason": "Late", "total": "-5.00"}]
    assert (seen["status"], seen["total"]) == ("completed", "40.00")


async def test_refund_through_a_gateway_that_cannot(wc: Shop) -> None:
    order = await _order(wc, await wc.product(), status="completed", payment_method="bacs")
    answer = await wc.http.post(f"wc/v3/orders/{order['id']}/refunds", json={"amount": "5.00"})
    refused(answer, 500, "woocommerce_rest_cannot_create_order_refund")


@pytest.mark.parametrize(
    ("amount", "code", "data"),
    [
        ("50.00", "woocommerce_rest_cannot_create_order_refund", 500),
        ("-5.00", "woocommerce_rest_invalid_order_refund", 400),
        ("abc", "woocommerce_rest_cannot_create_order_refund", 500),
    ],
)
async def test_refund_of_a_wrong_amount_is_a_500(wc: Shop, amount: str, code: str, data: int) -> None:
    order = await _order(wc, await wc.product(), status="completed")
    answer = await wc.http.post(f"wc/v3/orders/{order['id']}/refunds", json={"amount": amount, "api_refund": False})
    assert refused(answer, 500, code)["data"] == data


async def test_refund_of_nothing_is_made(wc: Shop) -> None:
    order = await _order(wc, await wc.product(), status="completed")
    answer = await wc.http.post(f"wc/v3/orders/{order['id']}/refunds", json={"amount": "0", "api_refund": False})
    assert ok(answer, 201)["amount"] == "0.00"


async def test_refund_amount_must_be_text(wc: Shop) -> None:
    order = await _order(wc, await wc.product(), status="completed")
    answer = await wc.http.post(f"wc/v3/orders/{order['id']}/refunds", json={"amount": 5, "api_refund": False})
    refused(answer, 400, "rest_invalid_param")


@pytest.mark.parametrize(("restock", "left"), [(True, 9), (False, 8)])
async def test_refund_with_lines_restocks_when_asked(wc: Shop, restock: bool, left: int) -> None:
    product = await _stocked(wc)
    order = await _order(wc, product, status="completed")
    line = {"id": order["line_items"][0]["id"], "quantity": 1, "refund_total": 20}
    body = {"amount": "20.00", "api_refund": False, "api_restock": restock, "line_items": [line]}
    refund = ok(await wc.http.post(f"wc/v3/orders/{order['id']}/refunds", json=body), 201)
    assert (refund["line_items"][0]["quantity"], refund["line_items"][0]["total"]) == (-1, "-20.00")
    assert await _stock(wc, product) == left


async def test_full_refund_sets_the_status(wc: Shop) -> None:
    order = await _order(wc, await wc.product(), status="completed")
    path = f"wc/v3/orders/{order['id']}"
    ok(await wc.http.post(f"{path}/refunds", json={"amount": "40.00", "api_refund": False}), 201)
    assert (await wc.read(path))["status"] == "refunded"


async def test_refund_record_is_deleted_for_good_without_force(wc: Shop) -> None:
    order = await _order(wc, await wc.product(), status="completed")
    path = f"wc/v3/orders/{order['id']}/refunds"
    refund = ok(await wc.http.post(path, json={"amount": "5.00", "api_refund": False}), 201)
    refused(await wc.delete(f"{path}/{refund['id']}", force="false"), 501, "woocommerce_rest_trash_not_supported")
    ok(await wc.delete(f"{path}/{refund['id']}"))
    refused(await wc.get(f"{path}/{refund['id']}"), 404, "woocommerce_rest_shop_order_refund_invalid_id")
    assert await wc.read(path) == []


async def test_broken_address_of_a_new_refund(wc: Shop) -> None:
    order = await _order(wc, await wc.product(), status="completed")
    answer = await wc.http.post(f"wc/v3/orders/{order['id']}/refunds", json={"amount": "5.00", "api_refund": False})
    assert "(?P<" in answer.headers["location"]


async def test_notes(wc: Shop) -> None:
    order = await _order(wc, await wc.product(), status="processing")
    path = f"wc/v3/orders/{order['id']}/notes"
    note = ok(await wc.http.post(path, json={"note": "Packed", "customer_note": True}), 201)
    assert (note["note"], note["customer_note"]) == ("Packed", True)
    assert note["id"] in [one["id"] for one in await wc.read(path, type="customer")]
    assert len(await wc.read(path)) > 1
    refused(await wc.delete(f"{path}/{note['id']}"), 501, "woocommerce_rest_trash_not_supported")
    ok(await wc.delete(f"{path}/{note['id']}", force="true"))
    refused(await wc.get(f"{path}/{note['id']}"), 404, "woocommerce_rest_invalid_id")


async def test_note_needs_a_text(wc: Shop) -> None:
    order = await _order(wc, await wc.product())
    error = refused(
        await wc.http.post(f"wc/v3/orders/{order['id']}/notes", json={}), 400, "rest_missing_callback_param"
    )
    assert error["data"]["params"] == ["note"]


async def test_status_changes_write_notes(wc: Shop) -> None:
    order = await _order(wc, await wc.product())
    path = f"wc/v3/orders/{order['id']}"
    before = len(await wc.read(f"{path}/notes"))
    await wc.change(path, status="on-hold")
    assert len(await wc.read(f"{path}/notes")) > before


async def test_leaf_of_an_address(wc: Shop) -> None:
    order = await _order(wc, await wc.product(), billing={"city": "Berlin", "first_name": "Ada"})
    changed = await wc.change(f"wc/v3/orders/{order['id']}", billing={"city": "Hamburg"})
    assert (changed["billing"]["city"], changed["billing"]["first_name"]) == ("Hamburg", "Ada")


async def test_whole_address_with_an_empty_email(wc: Shop) -> None:
    order = await _order(wc, await wc.product(), billing={"city": "Berlin"})
    answer = await wc.put(f"wc/v3/orders/{order['id']}", {"billing": order["billing"] | {"city": "Hamburg"}})
    refused(answer, 400, "rest_invalid_param")


async def test_batch_of_orders(wc: Shop) -> None:
    one, two = [await _order(wc, await wc.product()) for _ in range(2)]
    body = {"update": [{"id": one["id"], "status": "on-hold"}, {"id": two["id"], "status": "completed"}]}
    done = ok(await wc.http.post("wc/v3/orders/batch", json=body))
    assert [order["status"] for order in done["update"]] == ["on-hold", "completed"]


async def test_order_statuses(wc: Shop) -> None:
    statuses = {status["slug"] for status in await wc.read("wc/v3/orders/statuses")}
    assert {"pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed"} <= statuses
