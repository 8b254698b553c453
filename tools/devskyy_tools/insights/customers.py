"""Who buys again: recency, frequency and money; cohorts, what a customer was worth so far, and who stays away.

Scores are a value's place among all customers in five steps: 1 + 5 × (customers below + half of those
alike) / customers, whole.
"""

from __future__ import annotations

import hmac
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import Annotated, Any

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context
from devskyy_mcp.guard.local_key import signing_secret
from devskyy_tools.shop.client import ShopClient, ShopInfo
from devskyy_tools.shop.money import text

from . import orders as counting
from .models_people import Cohort, Customers, Segment
from .orders import Json, amount, day_of, refunded, total_of
from .period import Span, today
from .sales import cents

customers = Toolset("insights_customers", timeout=300)

_FIELDS = ("total", "refunds", "customer_id", "billing")
RULES = {
    "champions": "R ≥ 4, F ≥ 4",
    "loyal": "R ≥ 3, F ≥ 4",
    "new": "one order, R ≥ 4",
    "promising": "R ≥ 3, not above",
    "at risk": "R ≤ 2, F ≥ 4",
    "big spenders lost": "R ≤ 2, M ≥ 5, not above",
    "lost": "all others",
}
"""The first that fits counts. R: how lately, F: how often, M: sales less refunds, each from 1 to 5."""
STEPS = 5


@dataclass
class _Customer:
    key: str
    orders: list[tuple[str, Decimal]] = field(default_factory=list[tuple[str, Decimal]])

    @property
    def worth(self) -> Decimal:
        return total_of(value for _, value in self.orders)

    @property
    def latest(self) -> str:
        return max(day for day, _ in self.orders)

    @property
    def first(self) -> str:
        return min(day for day, _ in self.orders)


@customers.tool("read", scopes="reports:read")
async def insights_customers_segment(
    ctx: Context,
    months: Annotated[int, Field(ge=3, le=36, description="To look back.")] = 24,
    churn_days: Annotated[int, Field(ge=14, le=730, description="Without an order, and gone.")] = 180,
    examples: Annotated[int, Field(ge=0, le=20)] = 3,
) -> Customers:
    """Segment customers by recency, frequency and money, with cohorts, repeat rate, lifetime value and churn."""
    now = await today(ctx)
    asked = Span(now - timedelta(days=round(months * 30.4375)), now)
    found = await counting.read(ctx, _FIELDS, asked, newest=True)
    people, nobody = _people(found.items)
    info = await ctx.get(ShopClient).info()
    total = total_of(one.worth for one in people)
    orders = sum(len(one.orders) for one in people)
    repeat = sum(1 for one in people if len(one.orders) > 1)
    gone = sum(1 for one in people if one.latest < str(now - timedelta(days=churn_days)))
    return Customers(
        first=str(found.span.first),
        last=str(found.span.last),
        currency=info.currency,
        customers=len(people),
        orders=orders,
        orders_of_nobody=nobody,
        repeat_percent=_percent(repeat, len(people)),
        days_between_orders=_between(people),
        lifetime_value=text(cents(total / len(people), info.decimals), info.decimals) if people else None,
        churned=gone,
        churned_percent=_percent(gone, len(people)),
        segments=_segments(people, total, info, (examples, _secret(ctx))),
        cohorts=_cohorts(people, found.span, info),
        rules=RULES,
        counted=f"{counting.how(found)}; accounts by their id, guests by their e-mail address. What was bought before "
        f"{found.span.first} is not seen: who bought then and again is taken for new.",
        not_seen=found.not_seen,
    )


def _people(orders: list[Json]) -> tuple[list[_Customer], int]:
    """Each customer once, and the number of orders that name none. A guest with an account's address is the account."""
    accounts = {_address(order): int(order["customer_id"]) for order in orders if order.get("customer_id")}
    accounts.pop("", None)
    found: dict[str, _Customer] = {}
    nobody = 0
    for order in orders:
        address = _address(order)
        account = order.get("customer_id") or accounts.get(address)
        key = f"customer {account}" if account else address and f"guest {address}"
        if not key:
            nobody += 1
            continue
        one = found.setdefault(key, _Customer(key))
        one.orders.append((day_of(order), amount(order["total"]) - refunded(order)))
    return list(found.values()), nobody


def _address(order: Json) -> str:
    billing: Any = order.get("billing") or {}
    return str(billing.get("email") or "").strip().casefold()


def called(key: str, secret: bytes) -> str:
    """The customer without a personal datum: guests by a mark that only this installation makes."""
    kind, _, value = key.partition(" ")
    return key if kind == "customer" else f"guest {hmac.digest(secret, value.encode(), 'sha256').hex()[:8]}"


def _secret(ctx: Context) -> bytes:
    return hmac.digest(signing_secret(ctx.get(Settings)).encode(), b"devskyy marks of guests", "sha256")


def _percent(part: int, of: int) -> str | None:
    return f"{cents(Decimal(part) / of * 100, 1)}" if of else None


def _between(people: list[_Customer]) -> int | None:
    gaps = [
        (date.fromisoformat(after) - date.fromisoformat(before)).days
        for one in people
        for before, after in pairwise(sorted(day for day, _ in one.orders))
    ]
    return round(median(gaps)) if gaps else None


def score(values: Iterable[Any]) -> list[int]:
    """Each value's step from 1 to 5, equal values alike."""
    given = list(values)
    ordered = sorted(given)
    return [1 + STEPS * (bisect_left(ordered, one) + bisect_right(ordered, one)) // (2 * len(ordered)) for one in given]


def _segment(recency: int, frequency: int, money: int, orders: int) -> str:
    if recency >= 3 and frequency >= 4:
        return "champions" if recency >= 4 else "loyal"
    if recency >= 3:
        return "new" if orders == 1 and recency >= 4 else "promising"
    if frequency >= 4:
        return "at risk"
    return "big spenders lost" if money >= 5 else "lost"


def _segments(people: list[_Customer], total: Decimal, info: ShopInfo, named: tuple[int, bytes]) -> list[Segment]:
    examples, secret = named
    scores = zip(
        score(one.latest for one in people),
        score(len(one.orders) for one in people),
        score(one.worth for one in people),
        strict=True,
    )
    grouped: dict[str, list[_Customer]] = defaultdict(list)
    for one, (recency, frequency, money) in zip(people, scores, strict=True):
        grouped[_segment(recency, frequency, money, len(one.orders))].append(one)
    out: list[Segment] = []
    for name in RULES:
        some = sorted(grouped[name], key=lambda one: (-one.worth, one.key))
        if some:
            worth, orders = total_of(one.worth for one in some), sum(len(one.orders) for one in some)
            out.append(
                Segment(
                    segment=name,
                    customers=len(some),
                    orders=orders,
                    sales=text(worth, info.decimals),
                    share_of_sales=f"{cents(worth / total * 100, 1)}" if total else "0.0",
                    average_order=text(cents(worth / orders, info.decimals), info.decimals),
                    examples=[called(one.key, secret) for one in some[:examples]],
                )
            )
    return out


def _cohorts(people: list[_Customer], span: Span, info: ShopInfo) -> list[Cohort]:
    """By the month of the first order; the month that is not over yet is counted as far as it went."""
    grouped: dict[str, list[_Customer]] = defaultdict(list)
    for one in people:
        grouped[one.first[:7]].append(one)
    out: list[Cohort] = []
    for month, some in sorted(grouped.items()):
        after = min(12, _months(month, str(span.last)[:7]))
        back = [0] * after
        for one in some:
            for place in {_months(month, day[:7]) for day, _ in one.orders}:
                if 1 <= place <= after:
                    back[place - 1] += 1
        each = cents(total_of(one.worth for one in some) / len(some), info.decimals)
        out.append(Cohort(month=month, customers=len(some), back=back, sales_per_customer=text(each, info.decimals)))
    return out


def _months(first: str, last: str) -> int:
    return (int(last[:4]) - int(first[:4])) * 12 + int(last[5:7]) - int(first[5:7])
