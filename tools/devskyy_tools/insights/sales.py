"""Sales of a period against another one, by whatever moved them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.money import percent_move, text
from devskyy_tools.shop.refusals import plain_text

from . import orders as counting
from .goods import categories_of
from .models import SalesAnalysis, SalesMoves, SalesPart, SalesSum
from .orders import NONE, Json, Orders, amount, day_of, net, pieces, refunded, total_of
from .period import Against, Day, Span, span_of

sales = Toolset("insights_sales", timeout=300)

By = Literal["product", "category", "country", "coupon", "day", "week"]
_FIELDS = ("total", "total_tax", "shipping_total", "discount_total", "line_items", "refunds", "coupon_lines", "billing")
NO_COUPON = "(none)"
UNKNOWN = "(unknown)"
MOST_GROUPS = 62


@dataclass
class _Group:
    """One group in one period."""

    sales: Decimal = NONE
    units: int = 0
    orders: set[int] = field(default_factory=set[int])


Groups = dict[str, _Group]


@sales.tool("read", scopes="reports:read", texts="catalogue")
async def insights_sales_analyze(
    ctx: Context,
    first: Day | None = None,
    last: Day | None = None,
    against: Annotated[Against, Field(description="Days before, or a year before.")] = "previous",
    by: By = "product",
    limit: Annotated[int, Field(ge=1, le=50)] = 10,
) -> SalesAnalysis:
    """Compare sales of a period (the last 30 days) with an earlier one: what moved the total."""
    span = await span_of(ctx, first, last)
    earlier = span.earlier(against)
    if by in ("day", "week") and span.days > MOST_GROUPS * (1 if by == "day" else 7):
        raise Refused(Code.INVALID_ARGUMENTS, f"{span.days} days are too many by {by}.", "Ask by week, or for less.")
    found, before = await counting.read(ctx, _FIELDS, span), await counting.read(ctx, _FIELDS, earlier)
    info = await ctx.get(ShopClient).info()
    names: dict[str, str] = {}
    grouped = [await _grouped(ctx, one, by, names, span) for one in (found, before)]
    now, then = (
        total_of(amount(one["total"]) for one in found.items),
        total_of(amount(one["total"]) for one in before.items),
    )
    now, then = (total_of(amount(one["total"]) for one in some.items) for some in (found, before))
    in_order = by in ("day", "week")
    parts = _parts(grouped[0], grouped[1], names, info.decimals, in_order=in_order)
    others = None
    if not in_order and len(parts) > limit:
        left = {part.key for part in parts[limit:]}
        parts, others = parts[:limit], _others(left, grouped[0], grouped[1], info.decimals)
    return SalesAnalysis(
        first=str(span.first),
        last=str(span.last),
        against_first=str(earlier.first),
        against_last=str(earlier.last),
        currency=info.currency,
        now=_sum(found.items, info.decimals),
        before=_sum(before.items, info.decimals),
        change=text(now - then, info.decimals),
        change_percent=None if (move := percent_move(then, now)) is None else f"{move:+.1f}",
        moved=_moves(found.items, before.items, info.decimals),
        by=by,
        parts=parts,
        others=others,
        counted=f"{counting.how(found)}, against {len(before.items)}. {_SAYS[by]}",
    )


_SAYS: Mapping[str, str] = {
    "product": "Of products: the lines' totals after discounts, without taxes and shipping.",
    "category": "Of categories: the lines' totals after discounts, without taxes and shipping; a product counts in "
    "each of its categories.",
    "country": "Of countries of the billing address: the orders' totals.",
    "coupon": "Of coupons: the totals of orders that used them; an order with several counts in each.",
    "day": "Of days: the orders' totals, each beside the day of the earlier period that stands in its place.",
    "week": "Of seven days from the one named: the orders' totals, beside those in the same place before.",
}


def _sum(orders: list[Json], decimals: int) -> SalesSum:
    total, count = total_of(amount(one["total"]) for one in orders), len(orders)
    units = sum(pieces(one) for one in orders)

    def added(name: str) -> str:
        return text(total_of(amount(one[name]) for one in orders), decimals)

    return SalesSum(
        sales=text(total, decimals),
        net=text(total_of(net(one) for one in orders), decimals),
        tax=added("total_tax"),
        shipping=added("shipping_total"),
        discounts=added("discount_total"),
        refunded=text(total_of(refunded(one) for one in orders), decimals),
        orders=count,
        units=units,
        average_order=text(cents(total / count, decimals), decimals) if count else None,
        units_per_order=f"{Decimal(units) / count:.2f}" if count else None,
    )


def cents(value: Decimal, decimals: int) -> Decimal:
    """Rounded half up to the shop's decimals."""
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def _moves(found: list[Json], before: list[Json], decimals: int) -> SalesMoves:
    """More orders at the earlier amount per order; the rest is what the amount per order did."""
    now, then = total_of(amount(one["total"]) for one in found), total_of(amount(one["total"]) for one in before)
    more = len(found) - len(before)
    by_orders = cents(then / len(before) * more, decimals) if before else now
    return SalesMoves(by_orders=text(by_orders, decimals), by_average_order=text(now - then - by_orders, decimals))


async def _grouped(ctx: Context, orders: Orders, by: By, names: dict[str, str], span: Span) -> Groups:
    if by == "product":
        return _by_line(orders.items, names, None)
    if by == "category":
        ids = {int(line.get("product_id") or 0) for order in orders.items for line in order["line_items"]} - {0}
        return _by_line(orders.items, names, await categories_of(ctx, ids))
    groups: Groups = defaultdict(_Group)
    for order in orders.items:
        for key in _keys(order, by, orders.span, span):
            group = groups[key]
            group.sales += amount(order["total"])
            group.units += pieces(order)
            group.orders.add(order["id"])
    return groups


def _by_line(orders: list[Json], names: dict[str, str], categories: dict[int, list[tuple[int, str]]] | None) -> Groups:
    groups: Groups = defaultdict(_Group)
    for order in orders:
        for line in order["line_items"]:
            product = int(line.get("product_id") or 0)
            if categories is None:
                keys = [(str(product) if product else UNKNOWN, line.get("parent_name") or line["name"])]
            else:
                keys = [(str(one), name) for one, name in categories.get(product, ())] or [(UNKNOWN, UNKNOWN)]
            for key, name in keys:
                names.setdefault(key, plain_text(name))
                group = groups[key]
                group.sales += amount(line["total"])
                group.units += int(line["quantity"])
                group.orders.add(order["id"])
    return groups


def _keys(order: Json, by: By, own: Span, shown: Span) -> list[str]:
    if by == "country":
        billing: Any = order.get("billing") or {}
        return [str(billing.get("country") or UNKNOWN)]
    if by == "coupon":
        return sorted({plain_text(line["code"]) for line in order.get("coupon_lines", ())}) or [NO_COUPON]
    place = (date.fromisoformat(day_of(order)) - own.first).days
    return [str(shown.first + timedelta(days=place - place % (7 if by == "week" else 1)))]


def _parts(now: Groups, before: Groups, names: dict[str, str], decimals: int, *, in_order: bool) -> list[SalesPart]:
    """What moved the most first; days and weeks in their order."""
    parts = [
        _part(key, names.get(key), now.get(key, _Group()), before.get(key, _Group()), decimals)
        for key in sorted(now.keys() | before.keys())
    ]
    return parts if in_order else sorted(parts, key=lambda one: (-abs(Decimal(one.change)), one.key))


def _others(keys: set[str], now: Groups, before: Groups, decimals: int) -> SalesPart:
    def together(groups: Groups) -> _Group:
        some = [group for key, group in groups.items() if key in keys]
        orders = set[int]().union(*(group.orders for group in some))
        return _Group(total_of(group.sales for group in some), sum(group.units for group in some), orders)

    return _part("(others)", f"{len(keys)} others", together(now), together(before), decimals)


def _part(key: str, name: str | None, now: _Group, before: _Group, decimals: int) -> SalesPart:
    return SalesPart(
        key=key,
        name=name,
        sales=text(now.sales, decimals),
        sales_before=text(before.sales, decimals),
        change=text(now.sales - before.sales, decimals),
        orders=len(now.orders),
        orders_before=len(before.orders),
        units=now.units,
        units_before=before.units,
    )
