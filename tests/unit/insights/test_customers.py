"""Customers: scores, segments, cohorts and figures once more by SQL; nobody can be told from a result."""

from __future__ import annotations

import json
from decimal import Decimal
from statistics import median

import pytest

from devskyy_tools.insights.customers import score
from tests.fakes.demo import Demo

from .conftest import Sql, ago, money

pytestmark = pytest.mark.requirement("insights:customers")
PEOPLE = """
WITH net AS (SELECT s.id, s.day,
  s.cents - coalesce((SELECT sum(cents) FROM back b WHERE b.order_id = s.id), 0) AS cents, s.email AS who FROM sales s),
p AS (SELECT who, max(day) AS latest, min(day) AS first, count(*) AS orders, sum(cents) AS worth FROM net GROUP BY who),
n AS (SELECT count(*) AS n FROM p),
s AS (SELECT p.*,
  1 + 5 * ((SELECT count(*) FROM p q WHERE q.latest < p.latest)
    + (SELECT count(*) FROM p q WHERE q.latest <= p.latest)) / (2 * n) AS r,
  1 + 5 * ((SELECT count(*) FROM p q WHERE q.orders < p.orders) + (SELECT count(*) FROM p q WHERE q.orders <= p.orders))
    / (2 * n) AS f,
  1 + 5 * ((SELECT count(*) FROM p q WHERE q.worth < p.worth) + (SELECT count(*) FROM p q WHERE q.worth <= p.worth))
    / (2 * n) AS m FROM p, n)
SELECT who, first, latest, orders, worth, CASE
  WHEN r >= 4 AND f >= 4 THEN 'champions' WHEN r >= 3 AND f >= 4 THEN 'loyal' WHEN orders = 1 AND r >= 4 THEN 'new'
  WHEN r >= 3 THEN 'promising' WHEN f >= 4 THEN 'at risk' WHEN m >= 5 THEN 'big spenders lost' ELSE 'lost' END FROM s
"""


async def test_segments_are_those_of_sql(shop: Demo, sql: Sql) -> None:
    found = await shop.do("insights_customers_segment")
    people = sql(PEOPLE)
    assert (found["customers"], found["orders"]) == (len(people), sum(row[3] for row in people))
    assert found["orders"] == sql("SELECT count(*) FROM sales")[0][0]
    total = sum(row[4] for row in people)
    assert abs(Decimal(found["lifetime_value"]) - Decimal(total) / 100 / len(people)) <= Decimal("0.005")
    assert len(found["segments"]) >= 4
    for segment in found["segments"]:
        some = [row for row in people if row[5] == segment["segment"]]
        assert (segment["customers"], segment["orders"]) == (len(some), sum(row[3] for row in some))
        assert segment["sales"] == money(sum(row[4] for row in some))
    assert sum(one["customers"] for one in found["segments"]) == len(people)


async def test_cohorts_churn_and_repeats(shop: Demo, sql: Sql) -> None:
    found = await shop.do("insights_customers_segment", churn_days=90)
    people = sql(PEOPLE)
    gone = [row for row in people if row[2] < ago(90)]
    assert found["churned"] == len(gone) > 0
    again = sum(1 for row in people if row[3] > 1)
    assert Decimal(found["repeat_percent"]) == (Decimal(100 * again) / len(people)).quantize(Decimal("0.1"))
    assert {one["month"]: one["customers"] for one in found["cohorts"]} == dict(
        sql(f"SELECT substr(first, 1, 7), count(*) FROM ({PEOPLE.replace('WITH', 'WITH', 1)}) GROUP BY 1")
    )
    for cohort in found["cohorts"]:
        for place, back in enumerate(cohort["back"], 1):
            month = (int(cohort["month"][:4]) * 12 + int(cohort["month"][5:]) - 1) + place
            wanted = f"{month // 12:04d}-{month % 12 + 1:02d}"
            [(count,)] = sql(
                "SELECT count(DISTINCT email) FROM sales WHERE substr(day, 1, 7) = ? AND email IN (SELECT email"
                " FROM sales GROUP BY email HAVING substr(min(day), 1, 7) = ?)", wanted, cohort["month"],
            )  # fmt: skip
            assert back == count
    gaps = [
        row[0]
        for row in sql(
            "SELECT julianday(day) - julianday(lag(day) OVER (PARTITION BY email ORDER BY day, id)) AS gap FROM sales"
        )
        if row[0] is not None
    ]
    assert found["days_between_orders"] == round(median(gaps))


async def test_nobody_can_be_told(shop: Demo, sql: Sql) -> None:
    told = json.dumps(await shop.do("insights_customers_segment", examples=20), ensure_ascii=False).lower()
    for (billing,) in sql("SELECT DISTINCT json_extract(body, '$.billing') FROM sales"):
        person = json.loads(billing)
        for name in ("email", "last_name", "address_1", "phone", "postcode"):
            assert not person[name] or person[name].lower() not in told
    assert "guest " in told
    assert "customer " in told


async def test_a_guest_with_an_accounts_address_is_the_account(shop: Demo, sql: Sql) -> None:
    before = await shop.do("insights_customers_segment")
    store = shop.shop.store
    [(body,)] = sql("SELECT body FROM sales WHERE customer > 0 ORDER BY id LIMIT 1")
    store.put("order", {**json.loads(body), "customer_id": 0})
    again = await shop.do("insights_customers_segment")
    assert (again["customers"], again["orders"]) == (before["customers"], before["orders"])


def test_scores_are_places_in_five_steps() -> None:
    assert score([1, 2, 3, 4, 5]) == [1, 2, 3, 4, 5]
    assert score([7]) == [3]
    assert score([1, 1, 1, 1]) == [3, 3, 3, 3]
    assert score([]) == []
