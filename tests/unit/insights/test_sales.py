"""Sales of a period against another: every figure once more by SQL."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from devskyy_mcp.errors import Code
from devskyy_tools.insights import orders
from devskyy_tools.shop.client import Page, ShopClient
from tests.fakes.demo import Demo

from .conftest import Sql, ago, money

pytestmark = pytest.mark.requirement("insights:exact")
SPANS = [((0, 29), (30, 59), "previous"), ((100, 220), (221, 341), "previous"), ((30, 60), None, "year")]
BY = ["product", "category", "country", "coupon"]


def span(first: int, last: int) -> dict[str, str]:
    return {"first": ago(last), "last": ago(first)}


async def analyzed(shop: Demo, now: tuple[int, int], **more: Any) -> dict[str, Any]:
    return await shop.do("insights_sales_analyze", **span(*now), limit=50, **more)


@pytest.mark.parametrize(("now", "before", "against"), SPANS)
async def test_the_sums_are_the_orders(
    shop: Demo, sql: Sql, now: tuple[int, int], before: tuple[int, int] | None, against: str
) -> None:
    found = await analyzed(shop, now, against=against)
    if before is None:
        first, last = (date.fromisoformat(found[name]) for name in ("first", "last"))
        earlier = (str(first.replace(year=first.year - 1)), str(last.replace(year=last.year - 1)))
    else:
        earlier = (ago(before[1]), ago(before[0]))
    assert (found["against_first"], found["against_last"]) == earlier
    for part, days in (("now", (found["first"], found["last"])), ("before", earlier)):
        total, shipping, off, count = sql(
            "SELECT sum(cents), sum(shipping), sum(discount), count(*) FROM sales WHERE day BETWEEN ? AND ?", *days
        )[0]
        [(units,)] = sql("SELECT sum(quantity) FROM lines WHERE day BETWEEN ? AND ?", *days)
        [(back,)] = sql(
            "SELECT coalesce(sum(b.cents), 0) FROM back b JOIN sales s ON s.id = b.order_id WHERE day BETWEEN ? AND ?",
            *days,
        )
        expected = {
            "sales": money(total),
            "shipping": money(shipping),
            "discounts": money(off),
            "refunded": money(back),
            "tax": "0.00",
            "net": money((total or 0) - (shipping or 0) - back),
            "orders": count,
            "units": units or 0,
        }
        assert {name: found[part][name] for name in expected} == expected
        if count:
            assert abs(Decimal(found[part]["average_order"]) - Decimal(total) / 100 / count) <= Decimal("0.005")
    assert Decimal(found["change"]) == Decimal(found["now"]["sales"]) - Decimal(found["before"]["sales"])
    assert sum(map(Decimal, found["moved"].values())) == Decimal(found["change"])


@pytest.mark.parametrize("by", BY)
async def test_what_moved_the_total_is_in_its_parts(shop: Demo, sql: Sql, by: str) -> None:
    found = await analyzed(shop, (100, 220), by=by)
    queries = {
        "product": "SELECT product, sum(cents), count(DISTINCT order_id), sum(quantity) FROM lines WHERE day BETWEEN"
        " ? AND ? GROUP BY 1",
        "category": "SELECT c.value, sum(cents), count(DISTINCT order_id), sum(quantity) FROM lines JOIN objects p ON"
        " p.kind = 'product' AND p.id = product, json_each(p.body, '$.categories') c WHERE day BETWEEN ? AND ?"
        " GROUP BY 1",
        "country": "SELECT country, sum(cents), count(*), sum((SELECT sum(quantity) FROM lines l WHERE l.order_id ="
        " s.id)) FROM sales s WHERE day BETWEEN ? AND ? GROUP BY 1",
        "coupon": "SELECT coalesce(json_extract(c.value, '$.code'), '(none)'), sum(cents), count(*), sum((SELECT"
        " sum(quantity) FROM lines l WHERE l.order_id = s.id)) FROM sales s LEFT JOIN json_each(s.body,"
        " '$.coupon_lines') c WHERE day BETWEEN ? AND ? GROUP BY 1",
    }
    now = {str(row[0]): row[1:] for row in sql(queries[by], found["first"], found["last"])}
    before = {str(row[0]): row[1:] for row in sql(queries[by], found["against_first"], found["against_last"])}
    assert {part["key"] for part in found["parts"]} == now.keys() | before.keys()
    assert found["parts"] == sorted(found["parts"], key=lambda one: (-abs(Decimal(one["change"])), one["key"]))
    for part in found["parts"]:
        sold, was = now.get(part["key"], (0, 0, 0)), before.get(part["key"], (0, 0, 0))
        assert (part["sales"], part["orders"], part["units"]) == (money(sold[0]), *sold[1:])
        assert (part["sales_before"], part["orders_before"], part["units_before"]) == (money(was[0]), *was[1:])
        assert part["change"] == money(sold[0] - was[0])


async def test_others_are_what_is_left_out(shop: Demo, sql: Sql) -> None:
    found = await shop.do("insights_sales_analyze", **span(100, 220), limit=2)
    [(cents, units)] = sql("SELECT sum(cents), sum(quantity) FROM lines WHERE day BETWEEN ? AND ?", ago(220), ago(100))
    parts = [*found["parts"], found["others"]]
    assert len(found["parts"]) == 2
    assert sum(Decimal(one["sales"]) for one in parts) == Decimal(cents) / 100
    assert sum(one["units"] for one in parts) == units


@pytest.mark.parametrize(("by", "length"), [("day", 1), ("week", 7)])
async def test_days_stand_beside_those_in_their_place(shop: Demo, sql: Sql, by: str, length: int) -> None:
    found = await analyzed(shop, (100, 141), by=by)
    first, was = date.fromisoformat(found["first"]), date.fromisoformat(found["against_first"])
    assert [one["key"] for one in found["parts"]] == sorted(one["key"] for one in found["parts"])
    for part in found["parts"]:
        start = date.fromisoformat(part["key"])
        for name, begin in (("sales", start), ("sales_before", was + (start - first))):
            end = begin + timedelta(days=length - 1)
            [(cents,)] = sql("SELECT sum(cents) FROM sales WHERE day BETWEEN ? AND ?", str(begin), str(end))
            assert part[name] == money(cents)
    assert sum(Decimal(one["sales"]) for one in found["parts"]) == Decimal(found["now"]["sales"])


@pytest.mark.requirement("insights:refusals")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"first": "2026-02-30", "last": "2026-03-01"}, "no day of the calendar"),
        ({"first": "2026-03-01"}, "first and last together"),
        ({"first": "2026-03-02", "last": "2026-03-01"}, "the period is empty"),
        ({"first": "2199-03-01", "last": "2199-03-02"}, "still to come"),
        ({"first": "2001-01-01", "last": "2026-01-01"}, "at most"),
        ({"first": "0001-01-01", "last": "0001-01-02"}, "no day on which"),
        ({"first": "2025-01-01", "last": "2025-12-31", "by": "day"}, "too many by day"),
    ],
)
async def test_wrong_periods_are_told(shop: Demo, arguments: dict[str, Any], said: str) -> None:
    refused = await shop.refused("insights_sales_analyze", **arguments)
    assert refused.code is Code.INVALID_ARGUMENTS
    assert said in refused.message


async def test_a_time_without_orders_is_zero(shop: Demo) -> None:
    found = await shop.do("insights_sales_analyze", first="2019-01-01", last="2019-01-31")
    assert (found["now"]["sales"], found["now"]["orders"], found["parts"]) == ("0.00", 0, [])
    assert found["moved"] == {"by_orders": "0.00", "by_average_order": "0.00"}


@pytest.mark.requirement("insights:limits")
async def test_what_is_not_read_is_said(shop: Demo, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "MOST_PAGES", 1)
    whole = span(0, 430)
    refused = await shop.refused("insights_sales_analyze", **whole)
    assert refused.code is Code.TOO_LARGE
    assert "shorter period" in refused.hint
    found = await shop.do("insights_customers_segment", months=24)
    [(since,)] = [(found["first"],)]
    [(count,)] = sql("SELECT count(*) FROM sales WHERE day >= ?", since)
    [(total,)] = sql("SELECT count(*) FROM sales")
    assert 0 < found["orders"] == count < 100
    assert found["not_seen"] == f"Of {total} orders the oldest {total - count}, before {since}, were not read."


@pytest.mark.requirement("insights:limits")
async def test_thousands_of_orders_are_read_a_few_pages_at_a_time(
    shop: Demo, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, more = shop.shop.store, list[dict[str, Any]]()
    for (body,) in sql("SELECT body FROM sales"):
        more += [{**json.loads(body), "id": store.new_id("order")} for _ in range(14)]
    store.put_many("order", more)
    page, under_way, most = ShopClient.page, 0, 0

    async def counted(self: ShopClient, *given: Any, **named: Any) -> Page:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            return await page(self, *given, **named)
        finally:
            under_way -= 1

    monkeypatch.setattr(ShopClient, "page", counted)
    found = await analyzed(shop, (0, 430), by="country")
    [(cents, count)] = sql("SELECT sum(cents), count(*) FROM sales")
    assert (found["now"]["sales"], found["now"]["orders"]) == (money(cents), count)
    assert count > 2000
    assert 1 < most <= 3
