"""The demo shop, and its own database to count everything once more by SQL."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from devskyy_tools.sandbox import clock
from devskyy_tools.sandbox.seed.history import COST_FIELD
from devskyy_tools.sandbox.store import Store
from tests.fakes.demo import Demo, demo

Sql = Callable[..., list[tuple[Any, ...]]]
LINES = """
CREATE TEMP VIEW sales AS SELECT id, local(created) AS day, body, status,
  CAST(round(json_extract(body, '$.total') * 100) AS INTEGER) AS cents,
  CAST(round(json_extract(body, '$.shipping_total') * 100) AS INTEGER) AS shipping,
  CAST(round(json_extract(body, '$.discount_total') * 100) AS INTEGER) AS discount,
  json_extract(body, '$.customer_id') AS customer, lower(json_extract(body, '$.billing.email')) AS email,
  json_extract(body, '$.billing.country') AS country
  FROM main.objects WHERE kind = 'order' AND status IN ('processing', 'on-hold', 'completed', 'refunded');
CREATE TEMP VIEW lines AS SELECT s.id AS order_id, s.day, json_extract(l.value, '$.product_id') AS product,
  json_extract(l.value, '$.variation_id') AS variation, json_extract(l.value, '$.quantity') AS quantity,
  CAST(round(json_extract(l.value, '$.total') * 100) AS INTEGER) AS cents,
  CAST(round(json_extract(l.value, '$.subtotal') * 100) AS INTEGER) AS full_cents
  FROM sales s, json_each(s.body, '$.line_items') l;
CREATE TEMP VIEW back AS SELECT r.id, r.parent AS order_id,
  CAST(round(json_extract(r.body, '$.amount') * 100) AS INTEGER) AS cents, json_extract(r.body, '$.reason') AS reason,
  r.body FROM main.objects r WHERE r.kind = 'refund';
CREATE TEMP VIEW keepers AS SELECT o.id, o.kind, o.parent, json_extract(o.body, '$.stock_quantity') AS stock,
  CAST(round(json_extract(o.body, '$.price') * 100) AS INTEGER) AS price, local(o.created) AS since
  FROM main.objects o WHERE o.kind IN ('product', 'variation') AND o.status <> 'trash'
  AND json_extract(o.body, '$.manage_stock') = 1;
"""


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Demo]:
    async with demo(tmp_path, shop_cost_field=COST_FIELD) as made:
        yield made


@pytest.fixture
def sql(shop: Demo) -> Sql:
    return sql_of(shop.shop.store)


def sql_of(store: Store) -> Sql:
    db = store._db  # pyright: ignore[reportPrivateUsage] # views and a function that only these tests need

    def local(at: str | None) -> str:
        return (clock.local(at) or "")[:10]

    def ask(query: str, *values: Any) -> list[tuple[Any, ...]]:
        return store.rows(query, values)

    db.create_function("local", 1, local)
    db.executescript(LINES)
    return ask


def today() -> date:
    return datetime.now(clock.zone()).date()


def ago(days: int) -> str:
    return str(today() - timedelta(days=days))


def money(cents: int | None) -> str:
    sign = "-" if (cents or 0) < 0 else ""
    return f"{sign}{abs(cents or 0) // 100}.{abs(cents or 0) % 100:02d}"
