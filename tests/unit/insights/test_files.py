"""Exports of other systems: funnels and tickets from CSV, JSON and mail boxes; wrong ones are told what is wrong."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.assets.store import Assets
from devskyy_mcp.errors import Code
from devskyy_tools.insights.exports import moment
from devskyy_tools.insights.words import signs_of, topic_of
from tests.fakes.demo import Demo

from .conftest import Sql, ago

FUNNEL, TICKETS = "insights_funnel_analyze", "insights_tickets_group"
ROWS = [
    {"step": "view", "count": 1000},
    {"step": "cart", "count": 200},
    {"step": "pay", "count": 90},
    {"step": "order", "count": 60},
]
MBOX = b"""From ada@example.com Sat Nov  1 10:00:00 2026
From: "Ada Lovelace" <ada@example.com>
Subject: =?utf-8?q?R=C3=BCckgabe_M=C3=A4ntel?=
Date: Sat, 01 Nov 2026 10:00:00 +0100
Message-ID: <1@example.com>
Content-Type: text/plain; charset=utf-8

Ich bin Ada Lovelace, Tel. +49 30 901820, IBAN DE89 3704 0044 0532 0130 00.
>From here on it is quoted.
> never shown

From grace@example.com Sun Nov  2 10:00:00 2026
From: Grace Hopper <grace@example.com>
Subject: Still no answer
Date: Sun, 02 Nov 2026 10:00:00 +0000
Content-Type: text/html; charset=utf-8

<p>Second email: I was <b>charged twice</b>! My bank says chargeback.</p>
"""


def saved(tmp_path: Path, content: str | bytes, name: str = "export.csv") -> str:
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(file)


@pytest.mark.requirement("insights:funnel")
async def test_leaks_are_ranked_by_the_money_lost(shop: Demo, sql: Sql) -> None:
    found = await shop.do(FUNNEL, rows=ROWS, order_value="100.00")
    assert [row.get("worth") for row in found["steps"]] == ["24000.00", "7333.33", "3000.00", None]
    assert [row.get("lost") for row in found["steps"]] == [800, 110, 30, None]
    assert found["leaks"] == ["view", "cart", "pay"]
    assert found["conversion"] == "6.0"
    own = await shop.do(FUNNEL, rows=ROWS)
    [(cents, orders)] = sql("SELECT sum(cents), count(*) FROM sales WHERE day >= ?", ago(89))
    assert abs(Decimal(own["order_value"]) - Decimal(cents) / 100 / orders) <= Decimal("0.005")


@pytest.mark.requirement("insights:funnel")
async def test_small_losses_near_the_order_may_cost_more(shop: Demo) -> None:
    rows = [{"step": "view", "count": 1000}, {"step": "cart", "count": 900}, {"step": "order", "count": 450}]
    found = await shop.do(FUNNEL, rows=rows, order_value="10")
    assert found["leaks"] == ["cart", "view"]
    assert [row.get("worth") for row in found["steps"]] == ["500.00", "4500.00", None]


@pytest.mark.requirement("insights:funnel")
async def test_events_count_visitors_who_went_step_by_step(shop: Demo, tmp_path: Path) -> None:
    events = [
        *("a,view,2026-11-01T10:00:00Z", "a,cart,2026-11-01T10:05:00Z", "a,pay,2026-11-01T10:09:00Z"),
        *(
            "b,cart,2026-11-01T10:00:00Z",
            "b,view,2026-11-01T10:01:00Z",
        ),  # the cart came first: it is not behind the view
        *("c,view,2026-11-01T10:00:00Z", "c,view,2026-11-01T10:02:00Z", "c,pay,2026-11-01T10:03:00Z"),
        "d,view,whenever",
    ]
    path = saved(tmp_path, "session_id,event,timestamp\n" + "\n".join(events))
    found = await shop.do(FUNNEL, path=path, steps=["view", "cart", "pay"], order_value="50")
    assert [(row["step"], row["count"]) for row in found["steps"]] == [("view", 3), ("cart", 1), ("pay", 1)]
    assert "1 events without a readable time" in found["notes"][0]
    as_json = [dict(zip(("session_id", "event", "timestamp"), one.split(","), strict=True)) for one in events]
    for text in (json.dumps({"events": as_json}), "\n".join(map(json.dumps, as_json))):
        again = await shop.do(
            FUNNEL, path=saved(tmp_path, text, "e.json"), steps=["view", "cart", "pay"], order_value="50"
        )
        assert again == found


@pytest.mark.requirement("insights:funnel")
async def test_without_orders_the_worth_is_not_known(shop: Demo) -> None:
    shop.shop.store.rows("DELETE FROM objects WHERE kind = 'order'")
    found = await shop.do(FUNNEL, rows=ROWS)
    assert "order_value" not in found
    assert "not known" in found["notes"][0]
    assert found["leaks"] == ["view", "cart", "pay"]


@pytest.mark.requirement("insights:refusals")
@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        ("a,b\n1,2\n", {}, "columns say neither steps nor events: a, b"),
        ("step,count\nview,many\npay,2\n", {}, "Line 2: many is no count"),
        ("step,count\nview,-4\npay,2\n", {}, "Line 2: -4 is no count"),
        ("step,count\nview,4\n", {}, "2 to 30 steps, this one 1"),
        ("step,count\nview,0\npay,0\n", {}, "Nobody came to the first step, view"),
        ("step,count\nview,4\npay,1\n", {"steps": ["cart", "pay"]}, "no step cart"),
        ("session_id,event\na,view\n", {}, "needs steps"),
        ("session_id,count\na,3\n", {"steps": ["a", "b"]}, "no column event"),
        ("step,count\n", {}, "holds no records"),
        ('[{"step": "view"}, 7]', {}, "Record 2 of the JSON is no object"),
        ('{"a": {"b": 1}}', {}, "holds no list of records"),
        ("just words", {}, "The file is no CSV or JSON or MBOX"),
        (b"PK\x03\x04....", {}, "The file is no CSV or JSON or MBOX"),
    ],
)
async def test_wrong_exports_of_steps_are_told(
    shop: Demo, tmp_path: Path, content: str | bytes, arguments: dict[str, Any], said: str
) -> None:
    refused = await shop.refused(FUNNEL, path=saved(tmp_path, content), **arguments)
    assert refused.code is Code.INVALID_ARGUMENTS
    assert said in refused.message


async def test_rows_or_a_file(shop: Demo) -> None:
    assert "not both" in (await shop.refused(FUNNEL, rows=ROWS, url="https://example.com/a.csv")).message
    assert "exactly one" in (await shop.refused(FUNNEL)).message


@pytest.mark.requirement("insights:tickets")
async def test_a_mail_box_is_grouped_and_redacted(shop: Demo, tmp_path: Path) -> None:
    found = await shop.do(TICKETS, path=saved(tmp_path, MBOX, "inbox.mbox"))
    told = json.dumps(found, ensure_ascii=False)
    for secret in ("Ada", "Lovelace", "901820", "0532", "@example.com", "Grace", "never shown"):
        assert secret not in told, secret
    assert (found["tickets"], found["first"], found["last"]) == (2, "2026-11-01", "2026-11-02")
    assert {group["topic"]: group["tickets"] for group in found["groups"]} == {"refund and return": 1, "payment": 1}
    [urgent] = found["urgent"]
    assert set(urgent["signs"]) == {"chargeback", "charged twice", "asked before"}
    assert urgent["place"] == 2
    assert "[name:" in told
    assert "[phone:" in told


@pytest.mark.requirement("insights:tickets")
async def test_nothing_of_a_file_is_kept_that_was_not_uploaded(shop: Demo, tmp_path: Path) -> None:
    await shop.do(TICKETS, path=saved(tmp_path, MBOX, "inbox.mbox"))
    assert await shop.app.services.get(Assets).all() == []


@pytest.mark.requirement("insights:tickets")
async def test_tables_and_json_say_the_same(shop: Demo, tmp_path: Path) -> None:
    rows = [
        {
            "Ticket ID": "T-1",
            "Subject": "Where is my parcel",
            "Description": "Hello, this is Nina Berg.",
            "Requester": "Nina Berg",
        },
        {
            "Ticket ID": "T-2",
            "Subject": "",
            "Description": "No rush, just wondering what the coat is made of",
            "Requester": "",
        },
        {"Ticket ID": "T-3", "Subject": " ", "Description": "", "Requester": "Bo"},
    ]
    table = "Ticket ID;Subject;Description;Requester\n" + "\n".join(";".join(row.values()) for row in rows)
    one = await shop.do(TICKETS, path=saved(tmp_path, table))
    kept = await shop.app.services.get(Assets).put(json.dumps({"tickets": rows}).encode(), "t.json", "upload")
    two = await shop.do(TICKETS, asset=kept.id)
    assert [[t["id"] for t in group["examples"]] for group in one["groups"]] == [["T-1"], ["T-2"]]
    assert [(group["topic"], group["high"], group["normal"], group["low"]) for group in two["groups"]] == [
        ("delivery", 0, 1, 0),
        ("product question", 0, 0, 1),
    ]
    assert (one["left_out"], two["left_out"]) == (1, 1)
    assert "Nina" not in json.dumps([one, two])
    assert "left out: 4" in one["problems"][0]


@pytest.mark.requirement("insights:refusals")
async def test_an_export_without_words_is_told(shop: Demo, tmp_path: Path) -> None:
    refused = await shop.refused(TICKETS, path=saved(tmp_path, "id,status\n1,open\n"))
    assert "no column with what was written: id, status" in refused.message


@pytest.mark.parametrize(
    ("said", "topic", "signs"),
    [
        ("Mein Paket ist noch nicht da", "delivery", []),
        ("J'ai été débitée deux fois, c'est urgent", "payment", ["charged twice", "said so"]),
        ("¿Tienen la talla M?", "size and fit", []),
        ("The dress arrived with a torn seam, my wedding is on friday", "damaged or wrong item", ["needed by a date"]),
        ("Can I have 10% discount code please", "discount", []),
        ("Bonjour, une collaboration avec une influenceuse ?", "press and partners", []),
        ("asdf", "other", []),
    ],
)
def test_topics_and_signs(said: str, topic: str, signs: list[str]) -> None:
    assert topic_of(said) == topic
    assert signs_of(said) == signs


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-11-01", "2026-11-01"),
        ("20261101", "2026-11-01"),
        ("1793500000", "2026-11-01"),
        (1793500000000, "2026-11-01"),
        ("Sun, 01 Nov 2026 10:00:00 +0100", "2026-11-01"),
        ("2026-11-01T23:30:00-03:00", "2026-11-02"),
        ("soon", None),
        ("", None),
        (None, None),
        ("9" * 400, None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_moments(written: object, day: str | None) -> None:
    found = moment(written)
    assert (str(found.date()) if found else None) == day
