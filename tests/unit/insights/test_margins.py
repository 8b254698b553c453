"""Margins and the bridge to profit, once more by SQL; what is not known is said and not guessed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from devskyy_tools.insights.margins import fee_of
from tests.fakes.demo import Demo, demo

from .conftest import Sql, ago, money
from .test_stock import COST

pytestmark = pytest.mark.requirement("insights:margins")
FEES = """SELECT coalesce(sum(CAST(round(json_extract(m.value, '$.value') * 100) AS INTEGER)), 0) FROM sales s,
json_each(s.body, '$.meta') m WHERE json_extract(m.value, '$.key') = '_stripe_fee' AND day BETWEEN ? AND ?"""


async def test_the_bridge_leads_from_full_prices_to_what_is_left(shop: Demo, sql: Sql) -> None:
    first, last = ago(300), ago(100)
    found = await shop.do("insights_margins_report", first=first, last=last, limit=100)
    [(total, shipping, off)] = sql(
        "SELECT sum(cents), sum(shipping), sum(discount) FROM sales WHERE day BETWEEN ? AND ?", first, last
    )
    [(back,)] = sql(
        "SELECT coalesce(sum(b.cents), 0) FROM back b JOIN sales s ON s.id = b.order_id WHERE day BETWEEN ? AND ?",
        first,
        last,
    )
    lines = sql(
        "SELECT product, sum(quantity), sum(cents), sum(full_cents) FROM lines WHERE day BETWEEN ? AND ? GROUP BY 1",
        first,
        last,
    )
    costs = {row[0]: (sql(COST, row[0]) or [(None,)])[0][0] for row in lines}
    cost = sum(row[1] * costs[row[0]] for row in lines if costs[row[0]] is not None)
    [(fees,)] = sql(FEES, first, last)
    assert fees > 0 < back
    bridge = {step["step"]: step["amount"] for step in found["bridge"]}
    assert bridge == {
        "goods at full price": money(sum(row[3] for row in lines)),
        "discounts": money(-off),
        "fees charged": "0.00",
        "shipping charged": money(shipping),
        "taxes": "0.00",
        "= sales": money(total),
        "taxes to pay on": "0.00",
        "refunds": money(-back),
        "= net sales with shipping": money(total - back),
        "cost of goods, where known": money(-cost),
        "payment fees, where known": money(-fees),
        "= left": money(total - back - cost - fees),
    }
    unknown = [row for row in lines if costs[row[0]] is None]
    assert found["complete"] is not bool(unknown)
    if unknown:
        assert found["unknown"][0].startswith(
            f"The cost of {sum(row[1] for row in unknown)} piece{'s' if sum(row[1] for row in unknown) > 1 else ''}"
        )
    by_key = {row["key"]: row for row in found["items"]}
    for product, units, cents, _ in lines:
        row = by_key[str(product)]
        assert (row["units"], row["sales"]) == (units, money(cents))
        if costs[product] is None:
            assert ("margin" in row, row["units_without_cost"]) == (False, units)
        else:
            assert (row["cost"], row["margin"]) == (
                money(units * costs[product]),
                money(cents - units * costs[product]),
            )


async def test_without_costs_nothing_is_guessed(tmp_path: Path) -> None:
    async with demo(tmp_path) as shop:
        found = await shop.do("insights_margins_report", first=ago(300), last=ago(100))
        assert (found["complete"], "margin_percent" in found) == (False, False)
        assert "SHOP_COST_FIELD is not set" in found["unknown"][0]
        assert all("margin" not in row for row in found["items"])


def test_fees_are_taken_from_where_plugins_keep_them() -> None:
    def order(method: str, **meta: object) -> dict[str, object]:
        return {"payment_method": method, "meta_data": [{"key": key, "value": value} for key, value in meta.items()]}

    paypal = {"paypal_fee": {"currency_code": "EUR", "value": "1.10"}, "net_amount": {"value": "30"}}
    assert fee_of(order("stripe", _stripe_fee="0.55", _stripe_currency="EUR"), "EUR") == Decimal("0.55")
    assert fee_of(order("stripe", _stripe_fee="0.55", _stripe_currency="USD"), "EUR") is None
    assert fee_of(order("ppcp-gateway", _ppcp_paypal_fees=paypal), "EUR") == Decimal("1.10")
    assert fee_of(order("ppcp-gateway", _ppcp_paypal_fees={"paypal_fee": "?"}), "EUR") is None
    assert fee_of(order("klarna"), "EUR") is None
    assert fee_of(order("stripe", _stripe_fee="NaN"), "EUR") is None
    assert fee_of(order("bacs"), "EUR") == 0


async def test_pieces_in_several_categories_count_in_each(shop: Demo, sql: Sql) -> None:
    found = await shop.do("insights_margins_report", first=ago(300), last=ago(100), by="category")
    expected = dict(
        sql(
            "SELECT CAST(c.value AS TEXT), sum(quantity) FROM lines JOIN objects p ON p.kind = 'product' AND p.id ="
            " product, json_each(p.body, '$.categories') c WHERE day BETWEEN ? AND ? GROUP BY 1", ago(300), ago(100),
        )
    )  # fmt: skip
    assert {row["key"]: row["units"] for row in found["items"]} == expected
