"""The shop's orders of a stretch of time, read once in pages, and what is counted of each.

WooCommerce's own sales reports answer zero with high-performance order storage, so everything here counts orders.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.collections import ORDERS
from devskyy_tools.shop.collections.trade import ALL_REFUNDS
from devskyy_tools.shop.draft import plural

from .pages import Whole, read_whole
from .period import Span

Json = dict[str, Any]
COUNTED = ("processing", "on-hold", "completed", "refunded")
"""Statuses of orders that are sales; the same as in woo_reports_sales."""
MOST_PAGES = 200
"""Pages of 100 orders that one call reads at most."""
NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders by their date, oldest first. ``span`` is what was seen whole: later than asked where there are more
    orders than are read, and ``not_seen`` says so then.
    """

    items: list[Json]
    span: Span
    not_seen: str | None = None


async def read(ctx: Context, fields: Sequence[str], span: Span, *, newest: bool = False) -> Orders:
    """All orders of the span that count.

    Args:
        ctx: the call's.
        fields: top-level fields of the orders; ``id`` and ``date_created`` come always.
        span: by the orders' own dates.
        newest: of too many orders take the newest instead of refusing.

    Raises:
        Refused: TOO_LARGE for more orders than are read.
    """
    found = await read_whole(
        ctx,
        ORDERS,
        list(dict.fromkeys(("id", "date_created", *fields))),
        most=MOST_PAGES,
        hint="Ask for a shorter period.",
        newest=newest,
        status=list(COUNTED),
        **span.bounds(),
    )
    return _whole_days(found, span) if found.skipped and found.items else Orders(found.items, span)


def _whole_days(found: Whole, span: Span) -> Orders:
    """Without the day in which the reading began, of which the first orders may be missing.

    Raises:
        Refused: TOO_LARGE when that is the last day already.
    """
    since = date.fromisoformat(day_of(found.items[0])) + timedelta(days=1)
    if since > span.last:
        raise Refused(Code.TOO_LARGE, f"On {span.last} alone there are more orders than one call reads.")
    kept = [order for order in found.items if day_of(order) >= str(since)]
    not_seen = f"Of {found.total} orders the oldest {found.total - len(kept)}, before {since}, were not read."
    return Orders(kept, Span(since, span.last), not_seen)


async def refunds_since(ctx: Context, span: Span) -> list[Json]:
    """Refunds made since the span began, with their lines; ``parent_id`` names the order.

    Raises:
        Refused: TOO_LARGE for more than are read.
    """
    fields = ("id", "parent_id", "date_created", "amount", "reason", "line_items")
    found = await read_whole(
        ctx, ALL_REFUNDS, fields, most=MOST_PAGES, hint="Begin later.", after=span.bounds()["after"]
    )
    return found.items


# ---- what is counted of one order ---------------------------------------------------------------------------------


def day_of(order: Json) -> str:
    """The site's day, as the shop writes dates."""
    return str(order["date_created"])[:10]


def amount(value: object) -> Decimal:
    return Decimal(str(value or 0))


def total_of(values: Iterable[Decimal]) -> Decimal:
    return sum(values, NONE)


def refunded(order: Json) -> Decimal:
    """What was given back of the order so far, taxes included."""
    return total_of(abs(amount(one.get("total"))) for one in order.get("refunds", ()))


def net(order: Json) -> Decimal:
    """Without taxes, shipping and what was given back; as woo_reports_sales counts it."""
    return amount(order["total"]) - amount(order["total_tax"]) - amount(order["shipping_total"]) - refunded(order)


def pieces(order: Json) -> int:
    return sum(int(line["quantity"]) for line in order["line_items"])


def how(orders: Orders) -> str:
    return f"{plural(len(orders.items), 'order')} by their date, with status {', '.join(COUNTED)}"
