"""What comes back, how much of it and why: by product, by size and by the reasons that were written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, cast

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.guard.redact import redactor
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.money import text
from devskyy_tools.shop.refusals import plain_text

from . import orders as counting
from .models_people import RefundAnalysis, RefundCause, RefundRow
from .orders import NONE, Json, amount, refunded, total_of
from .period import Day, span_of
from .sales import UNKNOWN, cents
from .words import NO_CAUSE, cause_of

refunds = Toolset("insights_refunds", timeout=300)

_FIELDS = ("status", "total", "line_items", "refunds", "billing")
EXAMPLES, LONGEST = 3, 140


@dataclass
class _Row:
    name: str = ""
    sold: int = 0
    back: int = 0
    amount: Decimal = NONE


@dataclass
class _Cause:
    refunds: int = 0
    amount: Decimal = NONE
    examples: list[str] = field(default_factory=list[str])


@refunds.tool("read", scopes=("reports:read", "orders:read"), texts="outside")
async def insights_refunds_analyze(
    ctx: Context,
    first: Day | None = None,
    last: Day | None = None,
    size: Annotated[str, Field(min_length=1, max_length=50, description="Name of the attribute.")] = "size",
    limit: Annotated[int, Field(ge=1, le=50)] = 10,
) -> RefundAnalysis:
    """Analyse refunds of a period's orders (the last 90 days): rates and causes by product, size and reason."""
    span = await span_of(ctx, first, last, 90)
    found = await counting.read(ctx, _FIELDS, span)
    by_order = {order["id"]: order for order in found.items}
    given = [one for one in await counting.refunds_since(ctx, span) if one.get("parent_id") in by_order]
    info = await ctx.get(ShopClient).info()
    work = _Work(size.casefold())
    for order in found.items:
        work.sold(order)
    for refund in given:
        work.back(refund, by_order[refund["parent_id"]])
    sales, back = total_of(amount(one["total"]) for one in found.items), total_of(map(refunded, found.items))
    with_refund = sum(1 for order in found.items if order.get("refunds"))
    products = sorted(work.products.items(), key=lambda pair: (-pair[1].amount, -pair[1].back, pair[0]))
    shown = [(key, row) for key, row in products if row.back or row.amount]
    return RefundAnalysis(
        first=str(span.first),
        last=str(span.last),
        currency=info.currency,
        orders=len(found.items),
        orders_refunded=with_refund,
        orders_rate=_rate(with_refund, len(found.items)),
        sales=text(sales, info.decimals),
        refunded=text(back, info.decimals),
        amount_rate=_rate(back, sales),
        unassigned=text(work.unassigned, info.decimals),
        causes=_causes(work.causes, info.decimals),
        products=[_shown(key, row, info.decimals) for key, row in shown[:limit]],
        sizes=[_shown(key, row, info.decimals) for key, row in sorted(work.sizes.items())],
        more=max(0, len(shown) - limit),
        counted=f"{counting.how(found)}, and what was given back of them until now. A refund in full that names no "
        "lines counts for all pieces of its order. Causes are told by the words of the reasons.",
    )


class _Work:
    """Counts pieces sold and pieces that came back, by product and by size."""

    def __init__(self, size: str) -> None:
        self.size = size
        self.products: dict[str, _Row] = defaultdict(_Row)
        self.sizes: dict[str, _Row] = defaultdict(_Row)
        self.causes: dict[str, _Cause] = defaultdict(_Cause)
        self.unassigned = NONE
        self._size_of: dict[int, str] = {}

    def sold(self, order: Json) -> None:
        for line in order["line_items"]:
            if (known := _size(line, self.size)) and line.get("variation_id"):
                self._size_of[int(line["variation_id"])] = known
            for row in self._rows(line):
                row.sold += int(line["quantity"])

    def back(self, refund: Json, order: Json) -> None:
        given, lines = abs(amount(refund["amount"])), cast("list[Json]", refund.get("line_items") or [])
        cause = self.causes[cause_of(str(refund.get("reason") or ""))]
        cause.refunds += 1
        cause.amount += given
        said = redactor(plain_text(refund.get("reason") or ""))[:LONGEST]
        if said and said not in cause.examples and len(cause.examples) < EXAMPLES:
            cause.examples.append(said)
        if not lines and order["status"] == "refunded" and given == amount(order["total"]):
            lines = order["line_items"]
        for line in lines:
            for row in self._rows(line):
                row.back += abs(int(line["quantity"]))
                row.amount += abs(amount(line["total"]))
        self.unassigned += given - total_of(abs(amount(line["total"])) for line in lines)

    def _rows(self, line: Json) -> Iterable[_Row]:
        product = str(line.get("product_id") or UNKNOWN)
        row = self.products[product]
        row.name = row.name or plain_text(line.get("parent_name") or line["name"])
        size = _size(line, self.size) or self._size_of.get(int(line.get("variation_id") or 0), "")
        return [row, self.sizes[size]] if size else [row]


def _size(line: Mapping[str, Any], wanted: str) -> str:
    """The line's choice of the attribute, by its key (``pa_size``) or by the name that people see."""
    for entry in cast("list[Json]", line.get("meta_data") or []):
        names = {str(entry.get("key")).casefold().removeprefix("pa_"), str(entry.get("display_key")).casefold()}
        if wanted in names:
            return plain_text(entry.get("display_value") or entry.get("value"))
    return ""


def _rate(part: Decimal | int, of: Decimal | int) -> str | None:
    return f"{cents(Decimal(part) / Decimal(of) * 100, 1)}" if of else None


def _shown(key: str, row: _Row, decimals: int) -> RefundRow:
    return RefundRow(
        key=key,
        name=row.name or None,
        sold=row.sold,
        back=row.back,
        rate=_rate(row.back, row.sold),
        amount=text(row.amount, decimals),
    )


def _causes(found: Mapping[str, _Cause], decimals: int) -> list[RefundCause]:
    ordered = sorted(found.items(), key=lambda pair: (-pair[1].amount, pair[0]))
    return [
        RefundCause(
            cause=name,
            refunds=one.refunds,
            amount=text(one.amount, decimals),
            examples=one.examples if name != NO_CAUSE and one.examples else None,
        )
        for name, one in ordered
    ]
