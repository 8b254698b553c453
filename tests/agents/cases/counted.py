"""What the shop's own database says of a period, a product or a stock, counted by SQL."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from devskyy_tools.sandbox import clock
from tests.agents.cases.frame import Facts, Json
from tests.unit.insights.conftest import money
from tests.unit.insights.test_customers import PEOPLE
from tests.unit.insights.test_stock import COST

NOW = datetime.now(clock.zone()).replace(microsecond=0, tzinfo=None).isoformat()
"""The shop's own time."""
BODY = "SELECT json_extract(body, ?) FROM objects WHERE kind = ? AND id = ?"
NAME = "SELECT json_extract(body, '$.name') FROM objects WHERE kind = ? AND id = ?"
PAID = "status IN ('processing', 'on-hold', 'completed', 'refunded')"


def pick(found: Json, *names: str) -> Json:
    """Some fields of a result; what it leaves out is null."""
    return {name: found.get(name) for name in names}


def percent(part: Any, whole: Any, places: str = "0.1") -> str | None:
    """A share in percent, None of nothing."""
    if not whole:
        return None
    return str((Decimal(100) * Decimal(part) / Decimal(whole)).quantize(Decimal(places), ROUND_HALF_UP))


def of(facts: Facts, kind: str, number: int, name: str) -> Any:
    """One field of a thing in the shop."""
    return facts.one(BODY, f"$.{name}", kind, number)


def sums(facts: Facts, first: str, last: str) -> Json:
    """What the orders of a period come to."""
    [(total, shipping, off, count)] = facts.sql(
        "SELECT coalesce(sum(cents), 0), coalesce(sum(shipping), 0), coalesce(sum(discount), 0), count(*) FROM sales"
        " WHERE day BETWEEN ? AND ?",
        first,
        last,
    )
    units = facts.one("SELECT coalesce(sum(quantity), 0) FROM lines WHERE day BETWEEN ? AND ?", first, last)
    back = facts.one(
        "SELECT coalesce(sum(b.cents), 0) FROM back b JOIN sales s ON s.id = b.order_id WHERE day BETWEEN ? AND ?",
        first,
        last,
    )
    each = (Decimal(total) / 100 / count).quantize(Decimal("0.01"), ROUND_HALF_UP) if count else None
    return {
        "sales": money(total),
        "net": money(total - shipping - back),
        "refunded": money(back),
        "discounts": money(off),
        "shipping": money(shipping),
        "tax": "0.00",
        "orders": count,
        "units": units,
        "average_order": each and str(each),
    }


PARTS = {
    "product": "SELECT coalesce(sum(cents), 0), count(DISTINCT order_id), coalesce(sum(quantity), 0) FROM lines"
    " WHERE day BETWEEN ? AND ? AND CAST(product AS TEXT) = ?",
    "country": "SELECT coalesce(sum(cents), 0), count(*), 0 FROM sales WHERE day BETWEEN ? AND ? AND country = ?",
    "category": "SELECT coalesce(sum(cents), 0), count(DISTINCT order_id), coalesce(sum(quantity), 0) FROM lines JOIN"
    " objects p ON p.kind = 'product' AND p.id = product, json_each(p.body, '$.categories') c WHERE day BETWEEN ? AND ?"
    " AND CAST(c.value AS TEXT) = ?",
}


def part(facts: Facts, by: str, key: str, first: str, last: str) -> tuple[int, int, int]:
    """Cents, orders and pieces of one product, country or category in a period."""
    [row] = facts.sql(PARTS[by], first, last, key)
    return row


def cost(facts: Facts, product: int) -> int | None:
    """Cents that a piece costs, where the shop knows it."""
    return facts.one(COST, product)


def held(facts: Facts, product: int) -> int | None:
    """Pieces of a product in stock, over its variations."""
    return facts.one("SELECT sum(stock) FROM keepers WHERE (kind = 'product' AND id = ?1) OR parent = ?1", product)


def segment_size(facts: Facts, segment: str) -> int:
    """How many customers are in a segment, by SQL alone."""
    return len([row for row in facts.sql(PEOPLE) if row[5] == segment])
