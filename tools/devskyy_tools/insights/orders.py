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
from devskyy_tools.shop.session import PAGE, Shop, abreast

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
    shop = ctx.get(Shop)
    wanted = list(dict.fromkeys(("id", "date_created", *fields)))
    query: Json = {"status": list(COUNTED), "order": "asc", "per_page": PAGE, **span.bounds()}
    first = await shop.list(ORDERS, fields=wanted, page=1, **query)
    if first.pages > MOST_PAGES and not newest:
        raise Refused(
            Code.TOO_LARGE,
            f"There are {first.total} orders from {span.first} to {span.last}; one call reads {MOST_PAGES * PAGE}.",
            "Ask for a shorter period.",
        )
    skipped = max(0, first.pages - MOST_PAGES)
    found = {1: first.items} if not skipped else {}
    pages = range(max(2, skipped + 1), first.pages + 1)

    async def one(page: int) -> None:
        found[page] = (await shop.list(ORDERS, fields=wanted, page=page, **query)).items
        await ctx.progress(len(found), first.pages - skipped, f"{len(found) * PAGE} of {first.total} orders read")

    await abreast(one, [(page,) for page in pages])
    items = list({order["id"]: order for page in sorted(found) for order in found[page]}.values())
    return _whole_days(items, span, first.total) if skipped else Orders(items, span)


def _whole_days(items: list[Json], span: Span, total: int) -> Orders:
    """Without the day in which the reading began, of which the first orders may be missing."""
    since = date.fromisoformat(day_of(items[0])) + timedelta(days=1)
    kept = [order for order in items if day_of(order) >= str(since)]
    not_seen = f"Of {total} orders the oldest {total - len(kept)}, before {since}, were not read."
    return Orders(kept, Span(since, span.last), not_seen)


async def refunds_since(ctx: Context, span: Span) -> list[Json]:
    """Refunds made since the span began, with their lines; ``parent_id`` names the order.

    Raises:
        Refused: TOO_LARGE for more than are read.
    """
    shop, found = ctx.get(Shop), list[Json]()
    query: Json = {"per_page": PAGE, "order": "asc", "after": span.bounds()["after"]}
    fields = ("id", "parent_id", "date_created", "amount", "reason", "line_items")
    page, pages = 1, 1
    while page <= pages:
        some = await shop.list(ALL_REFUNDS, fields=fields, page=page, **query)
        if some.pages > MOST_PAGES:
            raise Refused(Code.TOO_LARGE, f"There are {some.total} refunds since {span.first}.", "Begin later.")
        found += some.items
        page, pages = page + 1, some.pages
    return found


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
