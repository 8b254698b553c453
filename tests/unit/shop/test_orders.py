"""Orders, refunds, notes, coupons and customers: what the shop takes without looking, and what leaves it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop import collections as at
from devskyy_tools.woocommerce.refunds import RefundLine, part_of, total_of
from devskyy_tools.wordpress.bin import wp_bin_restore

from .bench import Bench

ORDERS = at.ORDERS
Json = dict[str, Any]


async def product(bench: Bench, **fields: Any) -> int:
    base = {"name": "Silk dress", "regular_price": "20", "manage_stock": True, "stock_quantity": 10}
    return (await bench.create(at.PRODUCTS, {**base, **fields}))[0]


async def order(bench: Bench, quantity: int = 2, **fields: Any) -> Json:
    line = {"product_id": await product(bench), "quantity": quantity}
    target, _ = await bench.create(ORDERS, {"status": "pending", "line_items": [line], **fields})
    return await bench.raw(ORDERS, target)


async def refused(bench: Bench, collection: Any, fields: Json, **parent: int) -> Refused:
    shop, unit = bench.call()
    with pytest.raises(Refused) as caught:
        await shop.create(collection, fields, **parent)
    assert unit.ops == []
    return caught.value


@pytest.mark.requirement("shop:order-rules")
async def test_lines_that_the_shop_would_take_wrongly(bench: Bench) -> None:
    there, few = await product(bench), await product(bench, stock_quantity=1)
    variable = (await bench.first(type="variable"))["id"]
    for line, says in [
        ({"product_id": 99999, "quantity": 1}, "no product 99999"),
        ({"product_id": few, "quantity": 2}, "only 1 of"),
        ({"product_id": variable, "quantity": 1}, "comes in variations"),
        ({"product_id": variable, "variation_id": 99999, "quantity": 1}, "no variation 99999"),
        ({"product_id": there, "quantity": 0}, "at least 1"),
        ({"product_id": there, "quantity": 1.5}, "whole number"),
        ({"quantity": 1}, "needs a product_id"),
    ]:
        assert says in (await refused(bench, ORDERS, {"line_items": [line]})).message
    half = {"product_id": there, "quantity": 6}  # 10 are there
    assert "12 are ordered" in (await refused(bench, ORDERS, {"line_items": [half, dict(half)]})).message
    many = await product(bench, stock_quantity=1, backorders="notify")
    shop, _ = bench.call()
    await shop.create(ORDERS, {"line_items": [{"product_id": many, "quantity": 2}]})


@pytest.mark.requirement("shop:order-rules")
@pytest.mark.parametrize(("status", "most"), [("pending", 10), ("processing", 10)])
async def test_a_raised_quantity_is_compared_with_the_stock(bench: Bench, status: str, most: int) -> None:
    """Ten there were, two are in the order: one that is processed has taken them, one that is pending has not."""
    made = await order(bench, status=status)
    line = made["line_items"][0]["id"]
    shop, unit = bench.call()
    with pytest.raises(Refused, match="are in stock"):
        await shop.update(ORDERS, made["id"], {"line_items": [{"id": line, "quantity": most + 1}]})
    assert unit.ops == []
    await shop.update(ORDERS, made["id"], {"line_items": [{"id": line, "quantity": most}]})


@pytest.mark.requirement("shop:order-rules")
async def test_bad_coupons_leave_no_draft_order(bench: Bench) -> None:
    line = {"product_id": await product(bench), "quantity": 1}
    await bench.create(at.COUPONS, {"code": "over", "amount": "5", "date_expires": "2020-01-01T00:00:00"})
    for code, says in (("nope", "no coupon nope"), ("OVER", "expired")):
        bench.requests()
        error = await refused(bench, ORDERS, {"line_items": [line], "coupon_lines": [{"code": code}]})
        assert says in error.message
        assert all(request.startswith("GET ") for request in bench.requests())


@pytest.mark.requirement("shop:order-rules")
async def test_a_quantity_takes_its_totals_along(bench: Bench) -> None:
    made = await order(bench)
    line = made["line_items"][0]["id"]
    before = await bench.raw(ORDERS, made["id"])
    done = await bench.update(ORDERS, made["id"], {"line_items": [{"id": line, "quantity": 3}]})
    assert done.op.body == {"line_items": [{"id": line, "quantity": 3, "subtotal": "60.00", "total": "60.00"}]}
    assert done.state == "done"
    assert Decimal((await bench.raw(ORDERS, made["id"]))["total"]) == 60
    await bench.undo([done])
    assert await bench.raw(ORDERS, made["id"]) == before


@pytest.mark.requirement("shop:order-effects")
@pytest.mark.parametrize(
    ("status", "mail", "stock"),
    [("processing", True, "is taken"), ("completed", True, "is taken"), ("cancelled", True, ""), ("failed", True, "")],
)
async def test_what_a_status_brings_about(bench: Bench, status: str, mail: bool, stock: str) -> None:
    made = await order(bench)
    shop, unit = bench.call()
    await shop.update(ORDERS, made["id"], {"status": status})
    op = unit.ops[0]
    assert any("e-mail" in text for text in op.asks) is mail
    assert any("Stock" in text for text in op.effects) is bool(stock)
    assert "example.com" not in str([op.asks, op.effects, op.warnings, op.label])


@pytest.mark.requirement("shop:undo-exact")
@pytest.mark.parametrize("status", ["processing", "on-hold", "cancelled"])
async def test_undo_of_a_status_restores_status_and_stock(bench: Bench, status: str) -> None:
    made = await order(bench)
    sold = made["line_items"][0]["product_id"]
    before = await bench.raw(ORDERS, made["id"])
    done = await bench.update(ORDERS, made["id"], {"status": status})
    await bench.undo([done])
    after = await bench.raw(ORDERS, made["id"])
    dates = {"date_paid", "date_paid_gmt", "date_completed", "date_completed_gmt"}
    assert {k: v for k, v in after.items() if k not in dates} == {k: v for k, v in before.items() if k not in dates}
    assert (await bench.raw(at.PRODUCTS, sold))["stock_quantity"] == 10


@pytest.mark.requirement("shop:undo-exact")
async def test_undo_writes_back_single_leaves(bench: Bench) -> None:
    made = await order(bench, billing={"first_name": "Ada", "city": "Rome"})
    done = await bench.update(ORDERS, made["id"], {"billing": {"city": "Paris"}})
    assert done.outcome.inverse == {"billing": {"city": "Rome"}}
    undone, _ = await bench.undo([done])
    assert undone[0].state == "done"
    removed = await bench.update(
        ORDERS, made["id"], {"line_items": [{"id": made["line_items"][0]["id"], "quantity": 0}]}
    )
    assert (await bench.raw(ORDERS, made["id"]))["line_items"] == []
    await bench.undo([removed])
    line = (await bench.raw(ORDERS, made["id"]))["line_items"][0]
    assert (line["quantity"], Decimal(line["total"])) == (2, 40)


@pytest.mark.requirement("shop:undo-exact")
async def test_a_binned_order_comes_back(bench: Bench) -> None:
    made = await order(bench)
    before = await bench.raw(ORDERS, made["id"])
    shop, unit = bench.call()
    await shop.delete(ORDERS, made["id"])
    done = await bench.commit(unit)
    undone, _ = await bench.undo(done)
    assert undone[0].state == "done"
    assert await bench.raw(ORDERS, made["id"]) == before


@pytest.mark.requirement("shop:refund-rules")
async def test_refunds_move_money_and_stay(bench: Bench) -> None:
    made = await order(bench)
    await bench.update(ORDERS, made["id"], {"status": "processing"})
    for amount, says in (("40.01", "40.00"), ("0", "can't be refunded"), ("abc", "no amount")):
        assert says in (await refused(bench, at.REFUNDS, {"amount": amount}, order_id=made["id"])).message
    line = {"id": made["line_items"][0]["id"], "quantity": 3, "refund_total": 5}
    assert "only 2" in (await refused(bench, at.REFUNDS, {"line_items": [line]}, order_id=made["id"])).message
    _, done = await bench.create(at.REFUNDS, {"amount": "15", "reason": "late"}, order_id=made["id"])
    assert "refunds 15.00 EUR" in done.op.asks[0]
    assert done.op.body["api_refund"] is False
    assert "25.00" in (await refused(bench, at.REFUNDS, {"amount": "25.01"}, order_id=made["id"])).message
    _, unit = await bench.undo([done])
    assert [left.state for left in unit.left] == ["impossible"]


@pytest.mark.requirement("shop:refund-rules")
async def test_no_line_is_refunded_twice(bench: Bench) -> None:
    made = await order(bench)
    line = {"id": made["line_items"][0]["id"], "quantity": 1, "refund_total": "20.00"}
    twice = await refused(bench, at.REFUNDS, {"line_items": [line, dict(line)]}, order_id=made["id"])
    assert "named twice" in twice.message
    await bench.create(at.REFUNDS, {"line_items": [line], "amount": "10"}, order_id=made["id"])
    again = {"line_items": [{**line, "quantity": 2}], "amount": "20"}
    assert "only 1 to give back" in (await refused(bench, at.REFUNDS, again, order_id=made["id"])).message


@pytest.mark.requirement("shop:refund-rules")
def test_a_refunded_line_takes_its_taxes_along() -> None:
    line = {"id": 7, "quantity": 3, "total": "30.00", "taxes": [{"id": 1, "total": "5.70"}, {"id": 2, "total": ""}]}
    part = part_of({"id": 1, "line_items": [line]}, RefundLine(line_id=7, quantity=2))
    assert part["refund_tax"] == [{"id": 1, "refund_total": "3.80"}]
    assert total_of(part) == Decimal("23.80")


@pytest.mark.requirement("shop:bin")
async def test_nothing_comes_back_in_a_status_that_it_can_not_have(bench: Bench) -> None:
    made = await order(bench)
    shop, unit = bench.call()
    await shop.delete(ORDERS, made["id"])
    assert unit.ops[0].warnings == []  # nothing was taken from stock for an unpaid order
    await bench.commit(unit)
    shop, _ = bench.call()
    with pytest.raises(Refused, match="can't become 'refunded'"):
        await wp_bin_restore(shop.ctx, "orders", made["id"], "refunded")


@pytest.mark.requirement("shop:order-effects")
async def test_notes_to_customers_leave_the_shop(bench: Bench) -> None:
    made = await order(bench)
    _, private = await bench.create(at.ORDER_NOTES, {"note": "packed & sent"}, order_id=made["id"])
    _, public = await bench.create(at.ORDER_NOTES, {"note": "hello", "customer_note": True}, order_id=made["id"])
    assert (private.op.asks, bool(private.op.undo)) == ([], False)
    assert (len(public.op.asks), bool(public.op.undo)) == (1, True)
    assert private.state == public.state == "done"
    undone, unit = await bench.undo([private, public])
    assert [op.collection for op in unit.ops] == ["order_notes"]
    assert undone[0].state == "done"
    assert [left.state for left in unit.left] == ["impossible"]


@pytest.mark.requirement("shop:coupon-rules")
async def test_coupons(bench: Bench) -> None:
    target, made = await bench.create(at.COUPONS, {"code": "NewYear", "discount_type": "percent", "amount": "20"})
    assert made.state == "done"
    for fields, code in [
        ({"code": "newyear", "amount": "5"}, Code.CONFLICT),
        ({"code": "x", "discount_type": "percent", "amount": "120"}, Code.INVALID_ARGUMENTS),
        ({"code": "x", "amount": "abc"}, Code.INVALID_ARGUMENTS),
        ({"amount": "5"}, Code.INVALID_ARGUMENTS),
        ({"code": "  ", "amount": "5"}, Code.INVALID_ARGUMENTS),
        ({"code": "x", "amount": "5", "date_expires": "yesterday"}, Code.INVALID_ARGUMENTS),
    ]:
        assert (await refused(bench, at.COUPONS, fields)).code is code
    before = await bench.raw(at.COUPONS, target)
    fields = {"date_expires": "2030-01-01T00:00:00", "usage_limit": 5, "amount": "25", "minimum_amount": "10"}
    done = await bench.update(at.COUPONS, target, fields)
    assert done.state == "done"
    await bench.undo([done])
    assert await bench.raw(at.COUPONS, target) == before


@pytest.mark.requirement("shop:customer-rules")
async def test_customers(bench: Bench) -> None:
    fields = {"email": "new@example.com", "first_name": "Ada", "billing": {"city": "Rome", "email": "new@example.com"}}
    target, made = await bench.create(at.CUSTOMERS, fields)
    assert made.op.asks
    assert "password" not in made.op.body
    assert (await refused(bench, at.CUSTOMERS, {"email": "new@example.com"})).details["id"] == target
    before = await bench.raw(at.CUSTOMERS, target)
    done = await bench.update(at.CUSTOMERS, target, {"billing": {"city": "Paris"}, "last_name": "L"})
    assert done.outcome.inverse == {"billing": {"city": "Rome"}, "last_name": ""}
    await bench.undo([done])
    assert await bench.raw(at.CUSTOMERS, target) == before
    undone, _ = await bench.undo([made])
    assert undone[0].state == "done"


@pytest.mark.requirement("shop:lost-answers")
async def test_lost_orders_refunds_notes_and_coupons_are_found_once(bench: Bench) -> None:
    made = await order(bench)
    await bench.update(ORDERS, made["id"], {"status": "processing"})
    line = {"product_id": await product(bench), "quantity": 1}
    plans: list[tuple[Any, Json, Json]] = [
        (ORDERS, {"line_items": [line]}, {}),
        (at.REFUNDS, {"amount": "1"}, {"order_id": made["id"]}),
        (at.ORDER_NOTES, {"note": "lost"}, {"order_id": made["id"]}),
        (at.COUPONS, {"code": "lost", "amount": "1"}, {}),
        (at.CUSTOMERS, {"email": "lost@example.com"}, {}),
    ]
    for collection, fields, parent in plans:
        for committed in (False, True):
            shop, unit = bench.call()
            await shop.create(collection, fields, **parent)
            bench.faults.lost(committed=committed, method="POST")
            done = await bench.commit(unit, f"chg_{committed}")
            bench.faults.clear()
            assert done[0].state == "unknown"
            found = await bench.system.look(done)
            assert found[0].state == ("done" if committed else "not_sent"), collection.name
