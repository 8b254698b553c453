"""Forecasts: the methods against other hands' results, the back-test against a second one, the tool against SQL."""

from __future__ import annotations

import random
from datetime import date, timedelta
from importlib import import_module
from math import sqrt
from typing import Any

import pytest

from devskyy_mcp.errors import Code
from devskyy_tools.insights import methods
from tests.fakes.demo import Demo

from .conftest import Sql, ago, today

pytestmark = pytest.mark.requirement("insights:forecast")
WAVE = [float(10 + 5 * (place % 7) + place % 3) for place in range(60)]


def test_seasonal_naive_repeats_the_last_season() -> None:
    assert methods.seasonal_naive(4)([9, 9, 1, 2, 3, 4], [6], 6) == [[1, 2, 3, 4, 1, 2]]


def test_moving_average_takes_the_latest() -> None:
    assert methods.moving_average(2)([100, 1, 3, 7], [3, 4], 2) == [[2, 2], [5, 5]]


def test_smoothing_is_as_statsmodels_smooths() -> None:
    theirs: Any = import_module("statsmodels.tsa.holtwinters")
    for alpha in (0.1, 0.35, 0.6):
        begin = sum(WAVE[:4]) / 4
        model = theirs.SimpleExpSmoothing(WAVE, initialization_method="known", initial_level=begin)
        fitted = model.fit(smoothing_level=alpha, optimized=False)
        squares, level = methods.smoothed(WAVE, alpha)[-1]
        assert level == pytest.approx(float(fitted.forecast(1)[0]), abs=1e-9)
        assert squares == pytest.approx(float(fitted.sse), rel=1e-9)


def test_tsb_lets_demand_die_out() -> None:
    sold = [3.0, 0.0] * 10
    [[early], [late]] = methods.tsb([*sold, *[0.0] * 30], [20, 50], 1)
    assert late == pytest.approx(early * 0.9**30)
    assert methods.tsb([0.0] * 9, [9], 2) == [[0.0, 0.0]]
    chance, size = 0.5, 3.0  # by hand: half of the first eight periods had a demand of three
    for value in sold:
        chance += 0.1 * ((value > 0) - chance)
    assert early == pytest.approx(chance * size)


@pytest.mark.parametrize("name", ["moving_average", "seasonal_naive", "exponential_smoothing", "tsb"])
def test_nothing_from_later_is_used(name: str) -> None:
    series = [float(value % 3) for value in range(60)]
    method = methods.candidates(series, 7)[name]
    origins = [20, 33, 47]
    assert method(series, origins, 4) == [method(series[:at], [at], 4)[0] for at in origins]
    assert method([*series[:47], *[999.0] * 13], origins, 4) == method(series, origins, 4)


@pytest.mark.parametrize(
    ("history", "horizon", "said"),
    [
        ([1.0] * 18, 8, "18 periods of history, 19 are needed"),
        ([0.0] * 30 + [1.0] * 3, 8, "sold in 3 periods"),
        ([], 1, "0 periods"),
    ],
)
def test_too_little_is_told(history: list[float], horizon: int, said: str) -> None:
    assert said in methods.lacking(history, horizon)
    assert methods.lacking([1.0] * 19, 8) == ""


def test_the_best_is_chosen_by_forecasting_the_past() -> None:
    """The same back-test, written once more: each origin sees nothing of what comes after it."""
    horizon = 5
    chosen = methods.choose(WAVE, horizon, 7)
    assert chosen.best.method == "seasonal_naive"
    for score in chosen.scores:
        method = methods.candidates(WAVE, 7)[score.method]
        errors: list[float] = []
        actual: list[float] = []
        for origin in range(len(WAVE) - horizon - 7, len(WAVE) - horizon + 1):
            real = WAVE[origin : origin + horizon]
            errors += [a - b for a, b in zip(method(WAVE[:origin], [origin], horizon)[0], real, strict=True)]
            actual += real
        assert len(errors) == methods.ORIGINS * horizon
        assert score.wape == pytest.approx(100 * sum(map(abs, errors)) / sum(actual))
        assert score.mape == pytest.approx(
            100 * sum(abs(e) / a for e, a in zip(errors, actual, strict=True)) / len(errors)
        )
        assert score.step_error == pytest.approx(sqrt(sum(e * e for e in errors) / len(errors)))
    assert chosen.steps == WAVE[-7:][:5]


def test_a_constant_is_forecast_exactly() -> None:
    chosen = methods.choose([4.0] * 40, 6, 52)
    assert (chosen.steps, chosen.best.wape, chosen.best.total_error) == ([4.0] * 6, 0.0, 0.0)


def test_four_in_five_totals_lie_in_the_interval() -> None:
    """Of demand by chance, at a level that stays: with 8 overlapping origins the interval is a little narrow."""
    chance, inside = random.Random(20260729), 0
    for _ in range(300):
        series = [float(sum(chance.random() < 0.2 for _ in range(30))) for _ in range(68)]
        known, real = series[:60], sum(series[60:])
        chosen = methods.choose(known, 8, 52)
        spread = methods.Z80 * chosen.best.total_error
        inside += sum(chosen.steps) - spread <= real <= sum(chosen.steps) + spread
    assert 0.6 <= inside / 300 <= 0.92


def weekly(sql: Sql, query: str, first: str, *values: Any) -> list[float]:
    """Sums of whole weeks until yesterday, from the first whole one."""
    end = today() - timedelta(days=1)
    weeks = ((end - date.fromisoformat(first)).days + 1) // 7
    out: list[float] = []
    for place in range(weeks, 0, -1):
        start = end - timedelta(days=7 * place - 1)
        [(found,)] = sql(query, str(start), str(start + timedelta(days=6)), *values)
        out.append(float(found or 0))
    return out


async def test_the_total_is_forecast_from_the_orders(shop: Demo, sql: Sql) -> None:
    [(first,)] = sql("SELECT min(day) FROM sales")
    for measure, query in (
        ("units", "SELECT sum(quantity) FROM lines WHERE day BETWEEN ? AND ?"),
        ("sales", "SELECT sum(cents) / 100.0 FROM sales WHERE day BETWEEN ? AND ?"),
    ):
        found = await shop.do("insights_sales_forecast", measure=measure)
        [row] = found["items"]
        series = weekly(sql, query, first)
        chosen = methods.choose(series, 8, 52)
        assert (row["periods"], row["sold"]) == (len(series), pytest.approx(sum(series)))
        assert row["method"] == chosen.best.method
        assert row["expected"] == pytest.approx(sum(chosen.steps), abs=0.01)
        assert row["low"] <= row["expected"] <= row["high"]
        assert [step["start"] for step in row["steps"]] == [
            str(today() + timedelta(days=7 * week)) for week in range(8)
        ]
        assert {tried["method"] for tried in row["tried"]} >= {"moving_average", "exponential_smoothing"}
        assert len(series) >= 52


async def test_each_product_has_its_series_or_a_reason(shop: Demo, sql: Sql) -> None:
    found = await shop.do("insights_sales_forecast", of="product", limit=50)
    [(count,)] = sql("SELECT count(*) FROM objects WHERE kind = 'product' AND status <> 'trash'")
    assert len(found["items"]) + found["more"] == count
    assert found["without"] == sum(1 for row in found["items"] if "method" not in row)
    for row in found["items"]:
        [(sold,)] = sql("SELECT coalesce(sum(quantity), 0) FROM lines WHERE product = ? AND day < ?", row["id"], ago(0))
        assert row["sold"] <= sold
        assert ("method" in row) != ("why" in row)
    best = found["items"][0]
    [one] = (await shop.do("insights_sales_forecast", of="product", id=best["id"]))["items"]
    assert {name: one[name] for name in best} == best
    assert len(one["steps"]) == 8


@pytest.mark.parametrize("of", ["variation", "category"])
async def test_ids_are_the_shops(shop: Demo, sql: Sql, of: str) -> None:
    found = await shop.do("insights_sales_forecast", of=of, limit=3, horizon=4)
    kind = {"variation": "variation", "category": "product_cat"}[of]
    for row in found["items"]:
        assert sql("SELECT 1 FROM objects WHERE kind = ? AND id = ?", kind, row["id"])
    refused = await shop.refused("insights_sales_forecast", of=of, id=999_999)
    assert refused.code is Code.NOT_FOUND


async def test_days_have_a_week_as_their_season(shop: Demo) -> None:
    [row] = (await shop.do("insights_sales_forecast", every="day", horizon=14))["items"]
    assert "seasonal_naive" in {tried["method"] for tried in row["tried"]}
    assert row["periods"] >= 365


async def test_an_empty_shop_has_no_forecast(shop: Demo) -> None:
    shop.shop.store.rows("DELETE FROM objects WHERE kind IN ('order', 'refund')")
    [row] = (await shop.do("insights_sales_forecast"))["items"]
    assert "not enough data" in row["why"]
    assert (await shop.do("insights_stock_plan"))["items"] == []
    assert (await shop.do("insights_customers_segment"))["customers"] == 0
    assert (await shop.do("insights_margins_report"))["orders"] == 0
    assert (await shop.do("insights_refunds_analyze"))["orders"] == 0


async def test_the_total_has_no_id(shop: Demo) -> None:
    assert (await shop.refused("insights_sales_forecast", id=1)).code is Code.INVALID_ARGUMENTS
