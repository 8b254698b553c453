"""From full prices to what is left: discounts, taxes, refunds, costs and fees, each where it is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context
from devskyy_tools.shop.client import ShopClient, ShopInfo
from devskyy_tools.shop.draft import plural
from devskyy_tools.shop.money import amount_or_none, text
from devskyy_tools.shop.refusals import plain_text

from . import orders as counting
from .goods import Goods, read_goods
from .models import BridgeStep, MarginRow, Margins
from .orders import NONE, Json, amount, refunded, total_of
from .period import Day, span_of
from .sales import UNKNOWN, cents

margins = Toolset("insights_margins", timeout=300)

By = Literal["product", "category"]
_FIELDS = (
    *("currency", "total", "total_tax", "shipping_total", "line_items", "fee_lines", "refunds", "meta_data"),
    *("payment_method", "cart_tax"),
)
FEES: Mapping[str, str] = {
    "_stripe_fee": "_stripe_currency",
    "_wcpay_transaction_fee": "",
    "_ppcp_paypal_fees": "",
    "PayPal Transaction Fee": "",
    "_paypal_transaction_fee": "",
}
"""Order fields in which payment plugins keep what they took, and the field with its currency where there is one:
WooCommerce Stripe, WooPayments, PayPal Payments, PayPal Standard and its successors."""
FREE = frozenset({"bacs", "cheque", "cod", ""})
"""Ways to pay that WooCommerce brings itself: they take no fee."""


@dataclass
class _Row:
    units: int = 0
    sales: Decimal = NONE
    known_units: int = 0
    known_sales: Decimal = NONE
    cost: Decimal = NONE


@margins.tool("read", scopes=("reports:read", "catalog:read"), texts="catalogue")
async def insights_margins_report(
    ctx: Context,
    first: Day | None = None,
    last: Day | None = None,
    by: By = "product",
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
) -> Margins:
    """Report margins of a period (the last 30 days) where costs are known, and a bridge down to profit."""
    span = await span_of(ctx, first, last)
    found = await counting.read(ctx, _FIELDS, span)
    goods, info = await read_goods(ctx), await ctx.get(ShopClient).info()
    names: dict[str, str] = {}
    rows = _rows(found.items, goods, by, names)
    whole = _whole(_rows(found.items, goods, "product", {}).values())
    unknown = _unknown(found.items, whole, info, cost_field=ctx.get(Settings).shop_cost_field)
    ordered = sorted(rows, key=lambda key: (-(rows[key].known_sales - rows[key].cost), -rows[key].sales, key))
    return Margins(
        first=str(span.first),
        last=str(span.last),
        currency=info.currency,
        orders=len(found.items),
        bridge=_bridge(found.items, whole, info),
        margin_percent=_percent(whole),
        complete=not unknown,
        unknown=unknown,
        by=by,
        items=[_row(key, names.get(key), rows[key], info.decimals) for key in ordered[:limit]],
        more=max(0, len(ordered) - limit),
        counted=f"{counting.how(found)}. Costs as they are entered today, of all pieces sold; whether pieces that came "
        "back can be sold again is not known. Refunds hold their taxes.",
    )


def _rows(orders: list[Json], goods: Goods, by: By, names: dict[str, str]) -> dict[str, _Row]:
    rows: dict[str, _Row] = {}
    for line in (line for order in orders for line in order["line_items"]):
        product = goods.by_id.get(int(line.get("product_id") or 0))
        keys: Sequence[tuple[str, str]] = [
            (str(line.get("product_id") or UNKNOWN), plain_text(line.get("parent_name") or line["name"]))
        ]
        if by == "category":
            categories = product.categories if product is not None else ()
            keys = [(str(one), name) for one, name in categories] or [(UNKNOWN, UNKNOWN)]
        cost, units, sales = goods.cost_of(line), int(line["quantity"]), amount(line["total"])
        for key, name in keys:
            names.setdefault(key, name)
            row = rows.setdefault(key, _Row())
            row.units += units
            row.sales += sales
            if cost is not None:
                row.known_units += units
                row.known_sales += sales
                row.cost += cost * units
    return rows


def _whole(rows: Any) -> _Row:
    whole = _Row()
    for row in cast("list[_Row]", rows):
        whole.units += row.units
        whole.sales += row.sales
        whole.known_units += row.known_units
        whole.known_sales += row.known_sales
        whole.cost += row.cost
    return whole


def _row(key: str, name: str | None, row: _Row, decimals: int) -> MarginRow:
    known = bool(row.known_units)
    return MarginRow(
        key=key,
        name=name,
        units=row.units,
        sales=text(row.sales, decimals),
        cost=text(cents(row.cost, decimals), decimals) if known else None,
        margin=text(cents(row.known_sales - row.cost, decimals), decimals) if known else None,
        margin_percent=_percent(row),
        units_without_cost=row.units - row.known_units,
    )


def _percent(row: _Row) -> str | None:
    return f"{cents((row.known_sales - row.cost) / row.known_sales * 100, 1)}" if row.known_sales else None


def fee_of(order: Mapping[str, Any], currency: str) -> Decimal | None:
    """What the payment of the order took; None where nobody says, or says it in another currency."""
    entries = {str(one.get("key")): one.get("value") for one in cast("list[Json]", order.get("meta_data") or [])}
    for name, currency_field in FEES.items():
        value = entries.get(name)
        if isinstance(value, dict):  # PayPal Payments: {"paypal_fee": {"currency_code": …, "value": …}, …}
            inner: Any = cast("Json", value).get("paypal_fee")
            told = cast("Json", inner) if isinstance(inner, dict) else {}
            value = told.get("value") if told.get("currency_code", currency) == currency else None
        fee = amount_or_none(value)
        if (
            fee is not None
            and fee.is_finite()
            and (not currency_field or entries.get(currency_field, currency) == currency)
        ):
            return abs(fee)
    return NONE if order.get("payment_method") in FREE else None


def _bridge(orders: list[Json], whole: _Row, info: ShopInfo) -> list[BridgeStep]:
    def added(name: str) -> Decimal:
        return total_of(amount(order[name]) for order in orders)

    lines = [line for order in orders for line in order["line_items"]]
    full = total_of(amount(line["subtotal"]) for line in lines)
    extra = total_of(amount(fee["total"]) for order in orders for fee in order.get("fee_lines", ()))
    total, tax, shipping = added("total"), added("total_tax"), added("shipping_total")
    back = total_of(map(refunded, orders))
    fees = total_of(fee for order in orders if (fee := fee_of(order, info.currency)) is not None)
    rounding = total - (whole.sales + extra + shipping + tax)
    left = total - tax - back - whole.cost - fees
    steps: list[tuple[str, Decimal]] = [
        ("goods at full price", full),
        ("discounts", whole.sales - full),
        ("fees charged", extra),
        ("shipping charged", shipping),
        ("taxes", tax),
        *([("rounding", rounding)] if rounding else []),
        ("= sales", total),
        ("taxes to pay on", -tax),
        ("refunds", -back),
        ("= net sales with shipping", total - tax - back),
        ("cost of goods, where known", -whole.cost),
        ("payment fees, where known", -fees),
        ("= left", left),
    ]
    return [BridgeStep(step=name, amount=text(cents(value, info.decimals), info.decimals)) for name, value in steps]


def _unknown(orders: list[Json], whole: _Row, info: ShopInfo, *, cost_field: str) -> list[str]:
    found: list[str] = []
    if whole.units > whole.known_units:
        worth = text(whole.sales - whole.known_sales, info.decimals)
        hint = "" if cost_field else " SHOP_COST_FIELD is not set, which names the custom field with the cost."
        found.append(f"The cost of {plural(whole.units - whole.known_units, 'piece')}, sold for {worth}.{hint}")
    silent = sum(1 for order in orders if fee_of(order, info.currency) is None)
    if silent:
        found.append(f"The payment fees of {plural(silent, 'order')}.")
    foreign = sum(1 for order in orders if order["currency"] != info.currency)
    if foreign:
        found.append(f"{plural(foreign, 'order')} in another currency, counted as if in {info.currency}.")
    return found
