"""Sales and top sellers, counted from the orders themselves.

WooCommerce's own ``reports/sales`` and ``reports/top_sellers`` read the old order tables: on a shop with
high-performance order storage they answer zero whatever was sold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.collections import ORDERS
from devskyy_tools.shop.money import text
from devskyy_tools.shop.refusals import plain_text
from devskyy_tools.shop.session import Shop

from .models import ReportTotals, SalesDay, SalesReport, TopSeller, TopSellers

reports = Toolset("reports", timeout=60)

Period = Literal["today", "week", "month", "last_month", "year"]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="2026-11-01, site time.")]
COUNTED = ("processing", "on-hold", "completed", "refunded")
MOST_PAGES = 30
"""Pages of 100 orders that one report reads at most; beyond that it says so instead of taking minutes."""
_FIELDS = ("id", "status", "date_created", "total", "total_tax", "shipping_total", "line_items", "refunds")
_MONTHLY_FROM = 62


@dataclass
class _Sum:
    sales: Decimal = Decimal(0)
    orders: int = 0
    items: int = 0


@dataclass
class _Counted:
    """What the orders of a period add up to."""

    whole: _Sum = field(default_factory=_Sum)
    net: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    days: dict[str, _Sum] = field(default_factory=lambda: defaultdict(_Sum))

    def add(self, order: dict[str, Any], group: str) -> None:
        total, pieces = Decimal(order["total"]), sum(int(line["quantity"]) for line in order["line_items"])
        back = sum((abs(Decimal(str(refund.get("total") or 0))) for refund in order.get("refunds", [])), Decimal(0))
        for one in (self.whole, self.days[group]):
            one.sales += total
            one.orders += 1
            one.items += pieces
        self.refunded += back
        self.net += total - Decimal(order["total_tax"]) - Decimal(order["shipping_total"]) - back


async def _range(ctx: Context, period: Period, first: str | None, last: str | None) -> tuple[date, date]:
    """First and last day, in the site's time zone."""
    if first is not None or last is not None:
        if first is None or last is None or _day(first) > _day(last):
            raise Refused(Code.INVALID_ARGUMENTS, "Give first and last together, the earlier day first.")
        return _day(first), _day(last)
    today = datetime.now(await ctx.get(ShopClient).zone()).date()
    month = today.replace(day=1)
    if period == "last_month":
        end = month - timedelta(days=1)
        return end.replace(day=1), end
    starts = {"today": today, "week": today - timedelta(days=6), "month": month, "year": month.replace(month=1)}
    return starts[period], today


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(Code.INVALID_ARGUMENTS, f"{text} is no day of the calendar.") from None


async def _orders(ctx: Context, first: date, last: date) -> list[dict[str, Any]]:
    """The orders that count, oldest first.

    Raises:
        Refused: TOO_LARGE when there are more than a report reads.
    """
    return await read_orders(
        ctx,
        _FIELDS,
        status=list(COUNTED),
        after=f"{first - timedelta(days=1)}T23:59:59",
        before=f"{last + timedelta(days=1)}T00:00:00",
        order="asc",
    )


async def read_orders(ctx: Context, fields: Sequence[str], **params: Any) -> list[dict[str, Any]]:
    """All orders that the list parameters find.

    Raises:
        Refused: TOO_LARGE when there are more than a report reads.
    """
    shop, found, page = ctx.get(Shop), list[dict[str, Any]](), 1
    while True:
        some = await shop.list(ORDERS, fields=fields, per_page=100, page=page, **params)
        if some.pages > MOST_PAGES:
            raise Refused(
                Code.TOO_LARGE,
                f"There are {some.total} orders in that time.",
                "Ask for a shorter time, month by month.",
            )
        found += some.items
        await ctx.progress(page, some.pages, f"{len(found)} of {some.total} orders read")
        if page >= some.pages:
            return found
        page += 1


def _how(orders: int) -> str:
    return f"{orders} orders by their date, with status {', '.join(COUNTED)}"


@reports.tool("read", scopes="reports:read", core=True)
async def woo_reports_sales(
    ctx: Context, period: Period = "week", first: Day | None = None, last: Day | None = None
) -> SalesReport:
    """Get sales, orders, items and refunds of a period (week: the last 7 days), or from first to last day."""
    start, end = await _range(ctx, period, first, last)
    orders, info = await _orders(ctx, start, end), await ctx.get(ShopClient).info()
    length = 7 if (end - start).days > _MONTHLY_FROM else 10
    counted = _Counted()
    for order in orders:
        counted.add(order, str(order["date_created"])[:length])

    def money(amount: Decimal) -> str:
        return text(amount, info.decimals)

    whole = counted.whole
    return SalesReport(
        first=str(start),
        last=str(end),
        currency=info.currency,
        sales=money(whole.sales),
        net=money(counted.net),
        orders=whole.orders,
        items=whole.items,
        refunded=money(counted.refunded),
        average_order=money(round(whole.sales / whole.orders, info.decimals)) if whole.orders else None,
        days=[
            SalesDay(day=day, sales=money(one.sales), orders=one.orders, items=one.items)
            for day, one in sorted(counted.days.items())
        ],
        counted=_how(whole.orders),
    )


@reports.tool("read", scopes="reports:read", texts="catalogue")
async def woo_reports_top_sellers(
    ctx: Context,
    period: Period = "week",
    first: Day | None = None,
    last: Day | None = None,
    limit: Annotated[int, Field(ge=1, le=100)] = 10,
) -> TopSellers:
    """List the products that sold best in a period, by pieces."""
    start, end = await _range(ctx, period, first, last)
    orders, info = await _orders(ctx, start, end), await ctx.get(ShopClient).info()
    names: dict[int, str] = {}
    sold: dict[int, int] = defaultdict(int)
    sales: dict[int, Decimal] = defaultdict(Decimal)
    for line in (line for order in orders for line in order["line_items"] if line.get("product_id")):
        product = int(line["product_id"])
        names.setdefault(product, plain_text(line.get("parent_name") or line["name"]))
        sold[product] += int(line["quantity"])
        sales[product] += Decimal(line["total"])
    best = sorted(sold, key=lambda product: (-sold[product], product))[:limit]
    items = [
        TopSeller(product_id=one, name=names[one], sold=sold[one], sales=text(sales[one], info.decimals))
        for one in best
    ]
    return TopSellers(first=str(start), last=str(end), items=items, counted=_how(len(orders)))


_OWN: dict[str, str] = {
    "reports": "",
    "orders": "orders/totals",
    "products": "products/totals",
    "customers": "customers/totals",
    "coupons": "coupons/totals",
    "reviews": "reviews/totals",
    "sales": "sales",
    "top_sellers": "top_sellers",
}
Own = Literal["reports", "orders", "products", "customers", "coupons", "reviews", "sales", "top_sellers"]


@reports.tool("read", scopes="reports:read", texts="catalogue", cache_ttl=30)
async def woo_reports_totals(
    ctx: Context,
    of: Own,
    period: Annotated[Period | None, Field(description="For sales and top_sellers.")] = None,
) -> ReportTotals:
    """Count orders, products, customers, coupons or reviews by kind; sales are as the shop itself reports them."""
    if period and of not in ("sales", "top_sellers"):
        raise Refused(Code.INVALID_ARGUMENTS, f"The totals of {of} are of all times.", "Leave period out.")
    client = ctx.get(ShopClient)
    path = f"/wc/v3/reports/{_OWN[of]}".rstrip("/")
    found = await client.get(path, {} if of not in ("sales", "top_sellers") else {"period": period or "week"})
    rows = [{name: value for name, value in row.items() if name not in ("_links", "totals")} for row in found]
    note = None
    if of in ("sales", "top_sellers"):
        note = "With high-performance order storage the shop itself reports zero; woo_reports_sales counts the orders."
    currency = (await client.info()).currency if of == "sales" else None
    return ReportTotals(of=of, rows=rows, currency=currency, note=note)
