"""What came back, once more by SQL; reasons are told apart by their words and redacted."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from devskyy_tools.insights.words import cause_of
from tests.fakes.demo import Demo

from .conftest import Sql, ago, money

pytestmark = pytest.mark.requirement("insights:refunds")
BACK = """SELECT json_extract(l.value, '$.product_id') AS product, -json_extract(l.value, '$.quantity') AS quantity,
-CAST(round(json_extract(l.value, '$.total') * 100) AS INTEGER) AS cents, (SELECT json_extract(m.value, '$.value') FROM
json_each(l.value, '$.meta') m WHERE json_extract(m.value, '$.key') = 'pa_size') AS size
FROM back b JOIN sales s ON s.id = b.order_id, json_each(b.body, '$.line_items') l WHERE s.day BETWEEN ?1 AND ?2
UNION ALL SELECT json_extract(l.value, '$.product_id'), json_extract(l.value, '$.quantity'),
CAST(round(json_extract(l.value, '$.total') * 100) AS INTEGER), (SELECT json_extract(m.value, '$.value') FROM
json_each(l.value, '$.meta') m WHERE json_extract(m.value, '$.key') = 'pa_size')
FROM sales s, json_each(s.body, '$.line_items') l WHERE s.status = 'refunded' AND s.day BETWEEN ?1 AND ?2"""


async def test_rates_by_product_and_size(shop: Demo, sql: Sql) -> None:
    first, last = ago(400), ago(20)
    found = await shop.do("insights_refunds_analyze", first=first, last=last, limit=50)
    days = (first, last)
    [(orders, sales)] = sql("SELECT count(*), sum(cents) FROM sales WHERE day BETWEEN ? AND ?", *days)
    [(back, refunded)] = sql(
        "SELECT sum(b.cents), count(DISTINCT s.id) FROM back b JOIN sales s ON s.id = b.order_id"
        " WHERE day BETWEEN ? AND ?",
        *days,
    )
    assert (found["orders"], found["orders_refunded"]) == (orders, refunded)
    assert (found["sales"], found["refunded"]) == (money(sales), money(back))
    assert Decimal(found["orders_rate"]) == (Decimal(100 * refunded) / orders).quantize(Decimal("0.1"))
    assert len(found["products"]) >= 5
    for row in found["products"]:
        [(pieces, cents)] = sql(
            f"SELECT sum(quantity), sum(cents) FROM ({BACK}) WHERE product = {int(row['key'])}", *days
        )
        [(sold,)] = sql(
            "SELECT sum(quantity) FROM lines WHERE day BETWEEN ? AND ? AND product = ?", *days, int(row["key"])
        )
        assert (row["sold"], row["back"], row["amount"]) == (sold, pieces, money(cents))
    sizes = {row["key"]: (row["back"], row["amount"]) for row in found["sizes"] if row["back"]}
    expected = sql(f"SELECT size, sum(quantity), sum(cents) FROM ({BACK}) WHERE size IS NOT NULL GROUP BY 1", *days)
    assert sizes == {size: (pieces, money(cents)) for size, pieces, cents in expected}
    [(lines,)] = sql(f"SELECT sum(cents) FROM ({BACK})", *days)
    assert found["unassigned"] == money(back - lines)


async def test_causes_are_told_by_the_reasons(shop: Demo, sql: Sql) -> None:
    found = await shop.do("insights_refunds_analyze", first=ago(400), last=ago(0))
    expected: dict[str, list[int]] = {}
    for reason, cents in sql(
        "SELECT reason, b.cents FROM back b JOIN sales s ON s.id = b.order_id WHERE day >= ?", ago(400)
    ):
        expected.setdefault(cause_of(reason), []).append(cents)
    assert {one["cause"]: (one["refunds"], one["amount"]) for one in found["causes"]} == {
        cause: (len(some), money(sum(some))) for cause, some in expected.items()
    }
    assert {"too small", "too large", "not said"} <= expected.keys()


async def test_reasons_are_redacted(shop: Demo, sql: Sql) -> None:
    [(body,)] = sql("SELECT body FROM back WHERE reason = 'Too large' LIMIT 1")
    shop.shop.store.put("refund", {**json.loads(body), "reason": "Too large; write to nina.lindqvist@example.com"})
    told = json.dumps(await shop.do("insights_refunds_analyze", first=ago(400), last=ago(0)))
    assert "nina" not in told.lower()
    assert "[email:" in told


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("", "not said"),
        ("Order fully refunded.", "not said"),
        ("Zu klein, bitte eine Nummer größer", "too small"),
        ("trop grand", "too large"),
        ("Me queda grande", "too large"),
        ("Runs small and the zip is broken", "damaged or faulty"),
        ("I ordered red and you sent blue, wrong colour", "wrong item"),
        ("difettoso", "damaged or faulty"),
        ("arrived after the party, too late", "too late"),
        ("Ich habe es mir anders überlegt, gefällt mir nicht", "changed mind"),
        ("just because", "other"),
    ],
)
def test_words_of_several_languages(reason: str, cause: str) -> None:
    assert cause_of(reason) == cause
