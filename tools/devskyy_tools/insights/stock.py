"""What to order and when, what the stock is worth, and what of it is dead."""

from __future__ import annotations

import math
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from statistics import NormalDist
from typing import Annotated

import anyio.to_thread
from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.money import text

from . import methods, orders, series
from .goods import Good, Goods, read_goods
from .models import DeadStock, StockPlan, StockPlanRow, StockValue, StockValueRow
from .orders import NONE, Json, Orders
from .period import Span, today
from .series import SEASON, Grid

stock = Toolset("insights_stock", timeout=300)

HISTORY = 730
WEEK = 7
CAVEAT = (
    "Orders tell what was sold: of what was sold out for a time, more would have been, so its demand is taken too low. "
    "What suppliers have been sent already is not known here: take it off."
)


@stock.tool("read", scopes=("reports:read", "catalog:read"), texts="catalogue")
async def insights_stock_plan(
    ctx: Context,
    lead_days: Annotated[int, Field(ge=1, le=365, description="Production, delivery.")] = 30,
    cover_days: Annotated[int, Field(ge=1, le=365, description="How long an order should last.")] = 30,
    service: Annotated[float, Field(ge=0.5, le=0.999, description="Chance not to run out.")] = 0.95,
    category: Annotated[int, Field(ge=1)] | None = None,
    due_only: bool = True,
    limit: Annotated[int, Field(ge=1, le=100)] = 30,
) -> StockPlan:
    """Plan reorders: points and quantities per product or variation from forecast, lead time and service level."""
    now = await today(ctx)
    asked = Span(now - timedelta(days=HISTORY), now - timedelta(days=1))
    found = await orders.read(ctx, ("line_items",), asked, newest=True)
    goods = await read_goods(ctx)
    keepers = [one for one in goods.keepers if category is None or category in {known for known, _ in one.categories}]
    plan = _Plan(lead_days, cover_days, NormalDist().inv_cdf(service))
    rows, idle = await anyio.to_thread.run_sync(lambda: plan.rows(found, goods, keepers))
    info = await ctx.get(ShopClient).info()
    due = [(row, good) for row, good in rows if row.order or not due_only]
    due.sort(key=lambda pair: (pair[0].days_left if pair[0].days_left is not None else math.inf, pair[0].id))
    for row, good in due:
        row.cost = text(good.cost * row.order, info.decimals) if good.cost is not None and row.order else None
    ordered = [(row, good) for row, good in due if row.order]
    return StockPlan(
        lead_days=lead_days,
        cover_days=cover_days,
        service=service,
        items=[row for row, _ in due[:limit]],
        more=max(0, len(due) - limit),
        pieces=sum(row.order for row, _ in ordered),
        cost=text(
            orders.total_of(good.cost * row.order for row, good in ordered if good.cost is not None), info.decimals
        ),
        pieces_without_cost=sum(row.order for row, good in ordered if good.cost is None),
        without_sales=idle,
        currency=info.currency,
        counted=f"{orders.how(found)}, from {found.span.first} to {found.span.last}, per week",
        caveat=CAVEAT,
        not_seen=found.not_seen,
    )


class _Plan:
    """Reorder point and order-up-to level: demand over the time, and safety for its errors in that time.

    Silver, Pyke and Thomas, Inventory and Production Management, §6.7 and §7.9: (s, S) with normal errors that grow
    with the root of time.
    """

    def __init__(self, lead_days: int, cover_days: int, z: float) -> None:
        self.lead, self.whole, self.z = lead_days, lead_days + cover_days, z
        self.horizon = min(26, -(-self.whole // WEEK))

    def rows(self, found: Orders, goods: Goods, keepers: list[Good]) -> tuple[list[tuple[StockPlanRow, Good]], int]:
        """A row for all that was ever sold, and the number of what was not."""
        grid = Grid(found.span, "week")
        wanted = {one.id for one in keepers}

        def keys(line: Json) -> list[int]:
            keeper = goods.keeper(line)
            return [keeper.id] if keeper is not None and keeper.id in wanted else []

        sums = series.by_line(found.items, grid, "units", keys)
        out = [
            (self._row(one, series.since(sums[one.id], grid, one.since)), one)
            for one in keepers
            if any(sums.get(one.id, ()))
        ]
        return out, len(keepers) - len(out)

    def _row(self, good: Good, history: list[float]) -> StockPlanRow:
        if methods.lacking(history, self.horizon):
            weekly = sum(history) / len(history)
            error, basis = math.sqrt(weekly), "average"  # as if pieces were sold by chance, one by one
        else:
            chosen = methods.choose(history, self.horizon, SEASON["week"])
            weekly, error, basis = sum(chosen.steps) / self.horizon, chosen.best.step_error, chosen.best.method
        point, level = (self._level(weekly, error, days) for days in (self.lead, self.whole))
        return StockPlanRow(
            id=good.id,
            product_id=good.product_id if good.product_id != good.id else None,
            name=good.name,
            sku=good.sku or None,
            stock=good.stock,
            per_week=round(weekly, 2),
            days_left=round(max(0, good.stock) / weekly * WEEK, 1) if weekly else None,
            reorder_point=point,
            order=max(0, level - good.stock) if good.stock <= point and weekly else 0,
            basis=basis,
            sold_out=True if good.stock <= 0 else None,
        )

    def _level(self, weekly: float, error: float, days: int) -> int:
        weeks = days / WEEK
        return math.ceil(round(weekly * weeks + self.z * error * math.sqrt(weeks), 6))


@stock.tool("read", scopes=("reports:read", "catalog:read"), texts="catalogue")
async def insights_stock_value(
    ctx: Context,
    pace_days: Annotated[int, Field(ge=7, le=365, description="Sales that weeks of cover go by.")] = 90,
    dead_days: Annotated[int, Field(ge=30, le=730, description="Dead is what was not sold in these.")] = 180,
    limit: Annotated[int, Field(ge=1, le=50)] = 10,
) -> StockValue:
    """Value the stock at cost and at price, with weeks of cover and the dead stock."""
    now = await today(ctx)
    asked = Span(now - timedelta(days=max(pace_days, dead_days) - 1), now)
    found = await orders.read(ctx, ("line_items",), asked, newest=True)
    goods = await read_goods(ctx)
    pace, ever = (
        _sold(found, goods, str(now - timedelta(days=pace_days - 1))),
        _sold(found, goods, str(now - timedelta(days=dead_days - 1))),
    )
    held = sorted(
        (one for one in goods.keepers if one.stock > 0), key=lambda one: (-(one.price or 0) * one.stock, one.id)
    )
    old = str(now - timedelta(days=dead_days))
    dead = [one for one in held if not ever[one.id] and one.since and one.since <= old]
    info = await ctx.get(ShopClient).info()
    weeks, pieces, sold = pace_days / WEEK, sum(one.stock for one in held), sum(pace[one.id] for one in held)

    def rows(some: list[Good]) -> list[StockValueRow]:
        return [_value(one, pace[one.id], weeks, info.decimals) for one in some[:limit]]

    return StockValue(
        currency=info.currency,
        goods=len(held),
        pieces=pieces,
        at_price=_worth(held, info.decimals),
        at_cost=_worth(held, info.decimals, cost=True),
        pieces_without_cost=sum(one.stock for one in held if one.cost is None),
        pieces_without_price=sum(one.stock for one in held if one.price is None),
        weeks_of_cover=round(pieces / (sold / weeks), 1) if sold else None,
        largest=rows(held),
        dead=DeadStock(
            days=dead_days,
            goods=len(dead),
            pieces=sum(one.stock for one in dead),
            at_price=_worth(dead, info.decimals),
            at_cost=_worth(dead, info.decimals, cost=True),
            pieces_without_cost=sum(one.stock for one in dead if one.cost is None),
            items=rows(dead),
        ),
        counted="Stock as it is now, of what counts stock of its own, at today's prices and costs; sold: "
        f"{orders.how(found)}",
        not_seen=found.not_seen,
    )


def _sold(found: Orders, goods: Goods, since: str) -> Counter[int]:
    """Pieces by whose stock they came from."""
    sold = Counter[int]()
    for order in found.items:
        if orders.day_of(order) >= since:
            for line in order["line_items"]:
                keeper = goods.keeper(line)
                if keeper is not None:
                    sold[keeper.id] += int(line["quantity"])
    return sold


def _worth(some: list[Good], decimals: int, *, cost: bool = False) -> str:
    return text(orders.total_of(((one.cost if cost else one.price) or NONE) * one.stock for one in some), decimals)


def _value(good: Good, sold: int, weeks: float, decimals: int) -> StockValueRow:
    def worth(each: Decimal | None) -> str | None:
        return text(each * good.stock, decimals) if each is not None else None

    return StockValueRow(
        id=good.id,
        product_id=good.product_id if good.product_id != good.id else None,
        name=good.name,
        sku=good.sku or None,
        stock=good.stock,
        at_price=worth(good.price),
        at_cost=worth(good.cost),
        sold=sold,
        weeks_of_cover=round(good.stock / (sold / weeks), 1) if sold else None,
    )
