"""The insights on the demo shop and on real ones: what an order, a refund and a shipment move in each of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from devskyy_tools.shop.signing import Credentials
from tests.contract.client import Json, Shop, token
from tests.fakes.demo import Desk, app_over

pytestmark = pytest.mark.requirement("insights:contract")


@pytest.fixture
async def desk(wc: Shop, tmp_path: Path) -> AsyncGenerator[Desk]:
    login = Credentials(wc.access.user, wc.access.app_password)
    app = app_over(tmp_path, wc.access.url, wc.access.transport, login, calls_burst=1000, shop_cost_field="_unit_cost")
    try:
        yield Desk(app)
    finally:
        await app.close()


async def sold(wc: Shop, product: Json, **more: Any) -> Json:
    line = {"product_id": product["id"], "quantity": 3}
    billing = {"first_name": "Ada", "last_name": "Lovelace", "email": f"{token()}@example.com", "country": "PT"}
    return await wc.make("wc/v3/orders", status="completed", billing=billing, line_items=[line], **more)


def moved(after: Json, before: Json, *names: str) -> list[Any]:
    return [Decimal(str(after[name])) - Decimal(str(before[name])) for name in names]


async def test_an_order_and_a_refund_move_what_they_should(wc: Shop, desk: Desk) -> None:
    cost = [{"key": "_unit_cost", "value": "7.50"}]
    product = await wc.product(regular_price="20.00", manage_stock=True, stock_quantity=10, meta_data=cost)
    names = (
        "insights_sales_analyze",
        "insights_margins_report",
        "insights_customers_segment",
        "insights_refunds_analyze",
    )
    before = {name: await desk.do(name) for name in names}
    fee = [{"key": "_stripe_fee", "value": "1.15"}, {"key": "_stripe_currency", "value": before[names[0]]["currency"]}]
    order = await sold(wc, product, meta_data=fee, payment_method="stripe")
    part = {"id": order["line_items"][0]["id"], "quantity": 1, "refund_total": "20.00"}
    await wc.make(
        f"wc/v3/orders/{order['id']}/refunds", amount="20.00", reason="Too small", api_refund=False, line_items=[part]
    )
    after = {name: await desk.do(name) for name in names}

    assert moved(after[names[0]]["now"], before[names[0]]["now"], "orders", "units", "sales", "refunded", "net") == [
        1,
        3,
        60,
        20,
        40,
    ]
    now, then = ({step["step"]: step["amount"] for step in one[names[1]]["bridge"]} for one in (after, before))
    steps = ("goods at full price", "= sales", "refunds", "cost of goods, where known", "payment fees, where known")
    assert moved(now, then, *steps) == [60, 60, -20, Decimal("-22.50"), Decimal("-1.15")]
    assert moved(now, then, "= left") == [60 - 20 - Decimal("22.50") - Decimal("1.15")]
    assert moved(after[names[2]], before[names[2]], "customers", "orders") == [1, 1]
    back = [one[names[3]] for one in (after, before)]
    assert moved(back[0], back[1], "orders_refunded", "refunded", "unassigned") == [1, 20, 0]
    small = [sum(row["refunds"] for row in one["causes"] if row["cause"] == "too small") for one in back]
    assert small[0] - small[1] == 1

    by_country = await desk.do("insights_sales_analyze", by="country", limit=50)
    assert any(part["key"] == "PT" for part in by_country["parts"])
    [row] = (await desk.do("insights_sales_forecast", of="product", id=product["id"]))["items"]
    assert "not enough data" in row["why"]


async def test_stock_is_valued_at_price_and_cost(wc: Shop, desk: Desk) -> None:
    before = await desk.do("insights_stock_value")
    cost = [{"key": "_unit_cost", "value": "7.50"}]
    await wc.product(regular_price="20.00", manage_stock=True, stock_quantity=10, meta_data=cost)
    parent = await wc.product(type="variable", attributes=[{"name": "Size", "options": ["S"], "variation": True}])
    sizes = f"wc/v3/products/{parent['id']}/variations"
    choice = [{"name": "Size", "option": "S"}]
    await wc.make(sizes, regular_price="5.00", manage_stock=True, stock_quantity=4, attributes=choice)
    after = await desk.do("insights_stock_value")
    assert moved(after, before, "goods", "pieces", "at_price", "at_cost", "pieces_without_cost") == [2, 14, 220, 75, 4]


async def test_shipments_stay_as_they_were_written(wc: Shop, desk: Desk) -> None:
    order = await sold(wc, await wc.product())
    done = await desk.do("woo_shipments_save", order_id=order["id"], carrier="DHL", number="JD01", shipped="2026-11-02")
    await desk.do("woo_shipments_save", order_id=order["id"], carrier="UPS", number="1Z02", shipped="2026-11-03")
    found = (await desk.do("woo_shipments_list", order_id=order["id"]))["items"]
    assert [(one["carrier"], one["number"], one["shipped"]) for one in found] == [
        ("DHL", "JD01", "2026-11-02"),
        ("UPS", "1Z02", "2026-11-03"),
    ]
    kept = await wc.read(f"wc/v3/orders/{order['id']}")
    [field] = [one["value"] for one in kept["meta_data"] if one["key"] == "_wc_shipment_tracking_items"]
    assert [one["tracking_number"] for one in field] == ["JD01", "1Z02"]
    assert done["state"] == "applied"
