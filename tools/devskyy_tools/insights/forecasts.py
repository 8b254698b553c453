"""Demand as it is to be expected, by the method that would have forecast the past best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

import anyio.to_thread
from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.client import ShopClient

from . import methods, orders, series
from .goods import Goods, read_goods
from .models import Forecast, ForecastRow, ForecastStep, MethodScore
from .orders import Json
from .period import Span, today
from .series import SEASON, Every, Grid, Measure

forecasts = Toolset("insights_forecasts", timeout=300)

Of = Literal["total", "category", "product", "variation"]
HISTORY = 730
"""Days that are looked back."""


@dataclass(frozen=True, slots=True)
class Named:
    """One series with whose it is."""

    id: int | None
    name: str
    sku: str
    values: list[float]


@forecasts.tool("read", scopes="reports:read", texts="catalogue")
async def insights_sales_forecast(
    ctx: Context,
    of: Of = "total",
    id: Annotated[int, Field(ge=1, description="Only this one.")] | None = None,  # noqa: A002 # the shop's own name
    measure: Measure = "units",
    every: Every = "week",
    horizon: Annotated[int, Field(ge=1, le=26, description="Days or weeks.")] = 8,
    limit: Annotated[int, Field(ge=1, le=50)] = 20,
) -> Forecast:
    """Forecast demand by a back-tested method, with errors and interval, or say that data are too few."""
    if of == "total" and id is not None:
        raise Refused(Code.INVALID_ARGUMENTS, "The total has no id.", "Say of what the id is: category, product …")
    now = await today(ctx)
    asked = Span(now - timedelta(days=HISTORY), now - timedelta(days=1))
    found = await orders.read(ctx, ("total", "line_items"), asked, newest=True)
    grid = Grid(_begun(found.items, found.span), every)
    if of == "total":
        named = [Named(None, "all orders", "", series.whole(found.items, grid, measure))]
    else:
        named = _series(found.items, grid, measure, of, await read_goods(ctx))
    if id is not None:
        named = [one for one in named if one.id == id]
        if not named:
            raise Refused(Code.NOT_FOUND, f"The shop has no {of} {id} that is or was sold.", "Look it up in a list.")
    named.sort(key=lambda one: (-sum(one.values), one.id or 0))
    rows = await anyio.to_thread.run_sync(
        lambda: [forecast_row(one, grid, horizon, every, steps=len(named) == 1) for one in named]
    )
    info = await ctx.get(ShopClient).info()
    return Forecast(
        of=of,
        measure=measure,
        every=every,
        horizon=horizon,
        begins=str(now),
        currency=info.currency if measure == "sales" else None,
        items=rows[:limit],
        more=max(0, len(rows) - limit),
        without=sum(1 for row in rows if row.method is None),
        counted=f"{orders.how(found)}, from {grid.start(0)} to {grid.span.last}. Orders tell what was sold: what was "
        "sold out looks like no demand. The interval holds if errors stay as in the back-test; it knows of no "
        "campaign, price or season that the history does not show.",
        not_seen=found.not_seen,
    )


def _begun(found: list[Json], span: Span) -> Span:
    """From the first order on: before it there was no shop."""
    if not found:
        return span
    first = min(map(orders.day_of, found))
    return Span(max(span.first, span.first.fromisoformat(first)), span.last)


def _series(found: list[Json], grid: Grid, measure: Measure, of: Of, goods: Goods) -> list[Named]:
    """All that were sold, and all that could have been."""
    names: dict[int, tuple[str, str, str]] = {}
    if of == "category":
        for good in goods.by_id.values():
            names.update((one, (name, "", "")) for one, name in good.categories)

        def keys(line: Mapping[str, Any]) -> list[int]:
            product = goods.by_id.get(int(line.get("product_id") or 0))
            return [one for one, _ in product.categories] if product is not None else []
    else:
        wanted = "product_id" if of == "product" else "variation_id"
        for good in goods.by_id.values():
            if (good.id == good.product_id) == (of == "product"):
                names[good.id] = (good.name, good.sku, good.since)

        def keys(line: Mapping[str, Any]) -> list[int]:
            one = int(line.get(wanted) or 0)
            return [one] if one in names else []

    sums = series.by_line(found, grid, measure, keys)
    nothing = [0.0] * grid.length
    return [
        Named(one, name, sku, series.since(sums.get(one, nothing), grid, first))
        for one, (name, sku, first) in names.items()
    ]


def forecast_row(one: Named, grid: Grid, horizon: int, every: Every, *, steps: bool) -> ForecastRow:
    """The forecast of one series, or why there is none."""
    row = ForecastRow(
        id=one.id, name=one.name, sku=one.sku or None, periods=len(one.values), sold=round(sum(one.values), 2)
    )
    why = methods.lacking(one.values, horizon)
    if why:
        row.why = why
        return row
    chosen = methods.choose(one.values, horizon, SEASON[every])
    expected = sum(chosen.steps)
    row.method, row.expected = chosen.best.method, round(expected, 2)
    row.low, row.high = _interval(expected, chosen.best.total_error)
    row.wape, row.mape = _rounded(chosen.best.wape), _rounded(chosen.best.mape)
    if steps:
        row.tried = [
            MethodScore(
                method=tried.method, wape=_rounded(tried.wape), mape=_rounded(tried.mape), mae=round(tried.mae, 2)
            )
            for tried in chosen.scores
        ]
        row.steps = [
            ForecastStep(start=str(grid.start(grid.length + place)), expected=round(step, 2), low=low, high=high)
            for place, step in enumerate(chosen.steps)
            for low, high in [_interval(step, chosen.best.step_error)]
        ]
    return row


def _interval(expected: float, error: float) -> tuple[float, float]:
    return round(max(0.0, expected - methods.Z80 * error), 2), round(expected + methods.Z80 * error, 2)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
