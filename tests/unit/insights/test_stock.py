"""What stock is worth and what to order, once more by SQL."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import date
from statistics import NormalDist

import pytest

from devskyy_tools.insights import methods
from tests.fakes.demo import Demo

from .conftest import Sql, ago, money

pytestmark = pytest.mark.requirement("insights:stock")
COST = """SELECT CAST(round(json_extract(m.value, '$.value') * 100) AS INTEGER) FROM objects p,
json_each(p.body, '$.meta') m WHERE p.kind = 'product' AND p.id = ? AND json_extract(m.value, '$.key') = '_unit_cost'"""


async def test_the_value_is_stock_times_price_and_cost(shop: Demo, sql: Sql) -> None:
    found = await shop.do("insights_stock_value", limit=50)
    held = sql("SELECT id, kind, parent, stock, price, since FROM keepers WHERE stock > 0")
    costs = {row[0]: (sql(COST, row[2] if row[1] == "variation" else row[0]) or [(None,)])[0][0] for row in held}
    assert (found["goods"], found["pieces"]) == (len(held), sum(row[3] for row in held))
    assert found["at_price"] == money(sum(row[3] * row[4] for row in held))
    assert found["at_cost"] == money(sum(row[3] * (costs[row[0]] or 0) for row in held))
    assert found["pieces_without_cost"] == sum(row[3] for row in held if costs[row[0]] is None) > 0
    for row in found["largest"]:
        [(stock, price)] = sql("SELECT stock, price FROM keepers WHERE id = ?", row["id"])
        assert (row["stock"], row["at_price"]) == (stock, money(stock * price))
        assert row.get("at_cost") == (None if costs[row["id"]] is None else money(stock * costs[row["id"]]))


async def test_dead_is_what_was_not_sold(shop: Demo, sql: Sql) -> None:
    found = await shop.do("insights_stock_value", dead_days=120, pace_days=120, limit=50)
    sold = {
        row[0]
        for row in sql("SELECT CASE WHEN variation THEN variation ELSE product END FROM lines WHERE day >= ?", ago(119))
    }
    held = sql("SELECT id, stock, price, since FROM keepers WHERE stock > 0 AND since <= ?", ago(120))
    dead = [row for row in held if row[0] not in sold]
    assert 0 < len(dead) < len(held)
    assert (found["dead"]["goods"], found["dead"]["pieces"]) == (len(dead), sum(row[1] for row in dead))
    assert found["dead"]["at_price"] == money(sum(row[1] * row[2] for row in dead))
    assert {row["id"] for row in found["dead"]["items"]} <= {row[0] for row in dead}
    for row in found["largest"]:
        if row["sold"]:
            assert row["weeks_of_cover"] == round(row["stock"] / (row["sold"] / (120 / 7)), 1)


async def test_points_and_quantities_follow_the_forecast(shop: Demo, sql: Sql) -> None:
    found = await shop.do("insights_stock_plan", lead_days=28, cover_days=28, service=0.9, due_only=False, limit=100)
    z, by_forecast, last = NormalDist().inv_cdf(0.9), 0, date.fromisoformat(ago(1))
    weeks_of: dict[int, list[float]] = defaultdict(lambda: [0.0] * 104)
    for one, day, pieces in sql(
        "SELECT coalesce(nullif(variation, 0), product), day, sum(quantity) FROM lines WHERE day BETWEEN ? AND ?"
        " GROUP BY 1, 2", ago(728), ago(1),
    ):  # fmt: skip
        weeks_of[one][103 - (last - date.fromisoformat(day)).days // 7] += pieces
    for row in found["items"]:
        [(since, stock)] = sql("SELECT since, stock FROM keepers WHERE id = ?", row["id"])
        series = weeks_of[row["id"]]
        there = len(series) - 1 - (last - date.fromisoformat(since)).days // 7
        sold = next(place for place, value in enumerate(series) if value)
        series = series[min(there, sold) :]
        if methods.lacking(series, 8):
            demand = sum(series) / len(series)
            error, basis = math.sqrt(demand), "average"
        else:
            chosen = methods.choose(series, 8, 52)
            demand, error, basis = sum(chosen.steps) / 8, chosen.best.step_error, chosen.best.method
            by_forecast += 1
        point, level = (math.ceil(round(demand * weeks + z * error * math.sqrt(weeks), 6)) for weeks in (4, 8))
        assert (row["basis"], row["per_week"], row["stock"]) == (basis, round(demand, 2), stock)
        assert row["reorder_point"] == point
        assert row["order"] == (max(0, level - stock) if stock <= point and demand else 0)
    assert by_forecast >= 10
    assert found["pieces"] == sum(row["order"] for row in found["items"])


async def test_more_service_and_time_never_need_less(shop: Demo) -> None:
    async def points(**arguments: float) -> dict[int, int]:
        found = await shop.do("insights_stock_plan", due_only=False, limit=100, **arguments)
        return {row["id"]: row["reorder_point"] for row in found["items"]}

    low, high = await points(service=0.5), await points(service=0.99)
    assert low.keys() == high.keys()
    assert all(high[one] >= low[one] for one in low)


async def test_only_what_is_due_is_listed_soonest_first(shop: Demo) -> None:
    found = await shop.do("insights_stock_plan", lead_days=60, cover_days=60)
    assert all(row["order"] > 0 and row["stock"] <= row["reorder_point"] for row in found["items"])
    left = [row["days_left"] for row in found["items"]]
    assert left == sorted(left)
    assert "taken too low" in found["caveat"]
    assert any(row.get("sold_out") for row in found["items"])
