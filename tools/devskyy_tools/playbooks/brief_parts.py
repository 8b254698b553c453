"""The parts of the morning brief, each read by itself so that one that fails takes no other with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from devskyy_mcp.context import Context
from devskyy_tools.shop import money
from devskyy_tools.shop.abreast import abreast
from devskyy_tools.shop.client import ShopInfo
from devskyy_tools.shop.collections import ORDERS, PRODUCT_REVIEWS, PRODUCTS
from devskyy_tools.shop.session import PAGE, Shop
from devskyy_tools.woocommerce.reports import COUNTED, read_orders

from .brief_models import (
    NAME,
    REVIEW,
    DaySales,
    FailedPayments,
    Hook,
    MorningBrief,
    Reviews,
    ReviewToAnswer,
    Sales,
    Stock,
    StockRisk,
    Stuck,
    WaitingOrder,
    brief_text,
)

Json = dict[str, Any]
DAYS = 8
"""Yesterday, and the seven days before."""
SOON = 7
"""Days that stock should last."""
MOST = 5
LOW = 3
"""Stars from which downwards a review wants an answer."""
_ORDER = ("id", "status", "date_created", "total", "currency")
_LINES = ("date_created", "total", "line_items")
_STOCK = ("id", "name", "sku", "parent_id", "manage_stock", "stock_quantity")
_STATUSES = ("pending", "on-hold", "processing")


class Parts:
    """What one brief reads.

    Args:
        ctx: the call's.
        brief: takes what is read.
        zone: the site's time zone; days are its.
        stuck_days: from how many days on an order is stuck.
    """

    def __init__(self, ctx: Context, brief: MorningBrief, zone: tzinfo, stuck_days: int) -> None:
        self.ctx = ctx
        self.shop = ctx.get(Shop)
        self.brief = brief
        self.now = datetime.now(zone).replace(tzinfo=None, microsecond=0)
        self.stuck_days = stuck_days
        self.info: ShopInfo | None = None
        self.lines: list[Json] = []

    async def sales(self) -> None:
        self.info = info = await self.shop.client.info()
        self.brief.currency, self.brief.decimals = info.currency, info.decimals
        today = self.now.date()
        yesterday = today - timedelta(days=1)
        orders = await read_orders(
            self.ctx, _LINES, status=list(COUNTED), order="asc",
            after=f"{today - timedelta(days=DAYS + 1)}T23:59:59", before=f"{today}T00:00:00",
        )  # fmt: skip
        self.lines = [line for order in orders for line in order["line_items"]]
        by_day: dict[str, list[Json]] = defaultdict(list)
        for order in orders:
            by_day[str(order["date_created"])[:10]].append(order)
        earlier = [order for day, some in by_day.items() if day != str(yesterday) for order in some]
        now, then = (self._day(day, by_day[str(day)]) for day in (yesterday, yesterday - timedelta(days=7)))
        move = money.percent_move(Decimal(then.sales), Decimal(now.sales))
        self.brief.sales = Sales(
            yesterday=now,
            same_day_week_before=then,
            week_before=self._day("average day", earlier, DAYS - 1),
            change=None if move is None else f"{move:+.0f} %",
        )

    def _day(self, day: date | str, orders: Sequence[Json], days: int = 1) -> DaySales:
        total = sum((Decimal(order["total"]) for order in orders), Decimal(0)) / days
        pieces = sum(int(line["quantity"]) for order in orders for line in order["line_items"])
        return DaySales(
            day=str(day), sales=self._money(total), orders=round(len(orders) / days), items=round(pieces / days)
        )

    def _money(self, amount: Decimal) -> str:
        decimals = self.info.decimals if self.info else 2
        return money.text(round(amount, decimals), decimals)

    async def stock(self) -> None:
        out = await self.shop.list(PRODUCTS, fields=_STOCK, stock_status="outofstock", status="publish", per_page=MOST)
        sold_out = [self._risk(item, None) for item in out.items]
        self.brief.stock = Stock(out_of_stock=out.total, sold_out=sold_out, running_out=await self._running_out())

    async def _running_out(self) -> list[StockRisk]:
        """What sold lately and will not last; read by SKU, which finds variations too, and by id where it has none."""
        pace: dict[int, int] = defaultdict(int)
        skus: dict[str, None] = {}
        ids: dict[int, None] = {}
        for line in self.lines:
            one = int(line.get("variation_id") or line.get("product_id") or 0)
            pace[one] += int(line["quantity"])
            if line.get("sku"):
                skus[str(line["sku"])] = None
            elif one and not line.get("variation_id"):
                ids[one] = None
        found: dict[int, Json] = {}
        for name, wanted in (("sku", [*skus]), ("include", [*ids])):
            for start in range(0, min(len(wanted), 3 * PAGE), PAGE):
                query: Json = {name: wanted[start : start + PAGE], "status": "publish", "per_page": PAGE}
                page = await self.shop.list(PRODUCTS, fields=_STOCK, **query)
                found |= {int(item["id"]): item for item in page.items}
        risks: list[StockRisk] = []
        for one, item in found.items():
            left = item.get("stock_quantity")
            if item.get("manage_stock") is True and isinstance(left, int) and left > 0 and pace[one]:
                days = left * DAYS // pace[one]
                risks += [self._risk(item, days)] if days <= SOON else []
        return sorted(risks, key=lambda risk: (risk.days_left or 0, risk.id))[:MOST]

    def _risk(self, item: Json, days: int | None) -> StockRisk:
        counted = item.get("stock_quantity") if item.get("manage_stock") is True and days is not None else None
        name = brief_text(item["name"], NAME)
        return StockRisk(
            id=item["id"], product_id=item.get("parent_id") or None, name=name, stock=counted, days_left=days
        )

    async def stuck(self) -> None:
        before = (self.now - timedelta(days=self.stuck_days)).isoformat()
        totals: dict[str, int] = {}
        oldest: list[Json] = []

        async def read(status: str) -> None:
            page = await self.shop.list(
                ORDERS, fields=_ORDER, status=[status], before=before, order="asc", orderby="date", per_page=2
            )
            totals[status] = page.total
            oldest.extend(page.items)

        await abreast(read, [(status,) for status in _STATUSES])
        self.brief.stuck_orders = Stuck(
            days=self.stuck_days,
            pending=totals["pending"],
            on_hold=totals["on-hold"],
            processing=totals["processing"],
            oldest=[
                self._waiting(one) for one in sorted(oldest, key=lambda one: (str(one["date_created"]), one["id"]))
            ],
        )

    def _waiting(self, order: Json) -> WaitingOrder:
        since = datetime.fromisoformat(str(order["date_created"])).replace(tzinfo=None)
        total = f"{order['total']} {order.get('currency') or ''}".strip()
        return WaitingOrder(id=order["id"], status=order["status"], days=(self.now - since).days, total=total)

    async def failed(self) -> None:
        after = f"{self.now.date() - timedelta(days=2)}T23:59:59"
        page = await self.shop.list(ORDERS, fields=_ORDER, status=["failed"], after=after, per_page=MOST)
        self.brief.failed_payments = FailedPayments(
            number=page.total, orders=[self._waiting(one) for one in page.items]
        )

    async def webhooks(self) -> None:
        found: list[Json] = []
        for status in ("disabled", "paused"):
            query = {"status": status, "per_page": MOST, "_fields": "id,name,topic,status"}
            found += (await self.shop.client.page("/wc/v3/webhooks", query)).items
        self.brief.webhooks = [
            Hook(id=one["id"], name=brief_text(one["name"], NAME), topic=brief_text(one["topic"], NAME),
                 status=str(one["status"]))
            for one in found[:MOST]
        ]  # fmt: skip

    async def reviews(self) -> None:
        waiting = await self.shop.list(PRODUCT_REVIEWS, status="hold", per_page=MOST)
        after = (self.now - timedelta(days=7)).isoformat()
        recent = await self.shop.list(PRODUCT_REVIEWS, status="approved", after=after, per_page=PAGE)
        low = [one for one in recent.items if int(one.get("rating") or 0) in range(1, LOW + 1)]
        shown = [*waiting.items[: LOW - 1], *low][: LOW + 1]
        self.brief.reviews = Reviews(
            waiting=waiting.total,
            low_rated=len(low),
            items=[
                ReviewToAnswer(
                    id=one["id"],
                    product=brief_text(one.get("product_name"), NAME),
                    rating=int(one.get("rating") or 0),
                    status=str(one["status"]),
                    text=brief_text(one.get("review"), REVIEW),
                )
                for one in shown
            ],
        )
