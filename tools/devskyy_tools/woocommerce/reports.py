"""Sales and top sellers, as the shop itself counts them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.refusals import plain_text

from .models import SalesReport, TopSeller, TopSellers

reports = Toolset("reports", timeout=30)

Period = Literal["week", "month", "last_month", "year"]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="2026-11-01, site time.")]


def _range(period: Period, first: str | None, last: str | None) -> tuple[str, dict[str, str]]:
    if first is None and last is None:
        return period, {"period": period}
    if first is None or last is None or first > last:
        raise Refused(Code.INVALID_ARGUMENTS, "Give first and last together, the earlier day first.")
    return f"{first} to {last}", {"date_min": first, "date_max": last}


@reports.tool("read", scopes="reports:read", core=True)
async def woo_reports_sales(
    ctx: Context, period: Period = "week", first: Day | None = None, last: Day | None = None
) -> SalesReport:
    """Get sales, orders, items and refunds of a period (week: the last 7 days), or from first to last day."""
    told, params = _range(period, first, last)
    client = ctx.get(ShopClient)
    rows: list[dict[str, Any]] = await client.get("/wc/v3/reports/sales", params)
    row, info = rows[0], await client.info()
    return SalesReport(
        period=told,
        currency=info.currency,
        total_sales=row["total_sales"],
        net_sales=row["net_sales"],
        orders=row["total_orders"],
        items=row["total_items"],
        refunds=str(row["total_refunds"]),
        average_per_day=row["average_sales"],
        days=[
            {"day": day, "sales": values["sales"], "orders": values["orders"], "items": values["items"]}
            for day, values in sorted(_days(row["totals"]).items())
        ],
    )


def _days(totals: Any) -> dict[str, dict[str, Any]]:
    """The shop gives an empty list instead of an empty object."""
    return cast("dict[str, dict[str, Any]]", totals) if isinstance(totals, dict) else {}


@reports.tool("read", scopes="reports:read")
async def woo_reports_top_sellers(
    ctx: Context, period: Period = "week", first: Day | None = None, last: Day | None = None
) -> TopSellers:
    """List the products that sold best in a period."""
    told, params = _range(period, first, last)
    rows: list[dict[str, Any]] = await ctx.get(ShopClient).get("/wc/v3/reports/top_sellers", params)
    items = [
        TopSeller(product_id=int(row["product_id"]), name=plain_text(row["name"]), sold=int(row["quantity"]))
        for row in rows
    ]
    return TopSellers(period=told, items=items)
