"""Shipments in the field that tracking plugins read; written, corrected, told and taken back."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.errors import Code
from devskyy_tools.sandbox import clock
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.woocommerce.shipments import FIELD
from tests.fakes.demo import Demo, demo

pytestmark = pytest.mark.requirement("shipments:kept")
SAVE, LIST = "woo_shipments_save", "woo_shipments_list"


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Demo]:
    async with demo(tmp_path) as made:
        yield made


@pytest.fixture
async def order(shop: Demo) -> int:
    return await shop.some("woo_orders_list", status="processing")


async def kept(shop: Demo, order: int) -> Any:
    found = await shop.app.services.get(ShopClient).get(f"/wc/v3/orders/{order}")
    return next((one["value"] for one in found["meta_data"] if one["key"] == FIELD), None)


async def test_a_shipment_is_kept_as_the_plugins_keep_it(shop: Demo, order: int) -> None:
    done = await shop.do(SAVE, order_id=order, carrier="DHL", number="JD0146 0003", shipped="2026-11-02")
    assert done["state"] == "applied"
    [entry] = await kept(shop, order)
    assert entry == {
        "tracking_provider": "",
        "custom_tracking_provider": "DHL",
        "custom_tracking_link": "https://www.dhl.com/global-en/home/tracking.html?tracking-id=JD01460003",
        "tracking_number": "JD0146 0003",
        "date_shipped": str(int(datetime(2026, 11, 2, tzinfo=UTC).timestamp())),
        "tracking_id": entry["tracking_id"],
    }
    assert len(entry["tracking_id"]) == 32
    [shown] = (await shop.do(LIST, order_id=order))["items"]
    assert shown == {
        "carrier": "DHL",
        "number": "JD0146 0003",
        "link": entry["custom_tracking_link"],
        "shipped": "2026-11-02",
    }


async def test_several_are_added_corrected_and_taken_back(shop: Demo, order: int) -> None:
    await shop.do(SAVE, order_id=order, carrier="UPS", number="1Z999", shipped="2026-11-02")
    await shop.do(SAVE, order_id=order, carrier="Own van", number="TOUR-7", link="https://example.com/t/7")
    assert (await shop.do(SAVE, order_id=order, carrier="UPS", number="1Z999"))["state"] == "nothing_to_change"
    fixed = await shop.do(SAVE, order_id=order, carrier="UPS", number="1Z998", replaces="1Z999")
    items = (await shop.do(LIST, order_id=order))["items"]
    assert [(one["number"], one.get("link")) for one in items] == [
        ("1Z998", "https://www.ups.com/track?tracknum=1Z998"),
        ("TOUR-7", "https://example.com/t/7"),
    ]
    assert items[0]["shipped"] == "2026-11-02"
    await shop.do("changes_undo", change=fixed["change"])
    assert [one["number"] for one in (await shop.do(LIST, order_id=order))["items"]] == ["1Z999", "TOUR-7"]


async def test_the_first_ones_undo_leaves_nothing(shop: Demo, order: int) -> None:
    done = await shop.do(SAVE, order_id=order, carrier="GLS", number="50123")
    await shop.do("changes_undo", change=done["change"])
    assert await kept(shop, order) is None
    assert (await shop.do(LIST, order_id=order))["items"] == []


async def test_a_preview_sends_nothing(shop: Demo, order: int) -> None:
    shown = await shop.do(SAVE, order_id=order, carrier="DPD", number="0998", preview=True)
    assert shown["state"] == "proposed"
    assert "Shipment 0998 with DPD" in json.dumps(shown)
    assert shop.writes == []


async def test_telling_the_customer_needs_a_person(shop: Demo, order: int) -> None:
    asked = await shop.do(SAVE, order_id=order, carrier="DPD", number="0998", tell_customer=True)
    assert asked["state"] == "waits_for_person"
    assert shop.writes == []
    await shop.agree(asked["change"])
    [note] = [one for one in (await shop.do("woo_order_notes_list", order_id=order))["items"] if one["to_customer"]]
    assert "shipped with DPD" in note["note"]
    assert "0998" in note["note"]


async def test_a_list_from_which_one_was_deleted_is_still_read(shop: Demo, order: int) -> None:
    """PHP writes a list with a gap as an object; plugins of today name their carriers by short names."""
    entry = {"tracking_provider": "dhl-de", "tracking_number": "77", "date_shipped": "1793500000", "tracking_id": "x"}
    body = {"meta_data": [{"key": FIELD, "value": {"1": entry}}]}
    await shop.app.services.get(ShopClient).write("PUT", f"/wc/v3/orders/{order}", json=body)
    [shown] = (await shop.do(LIST, order_id=order))["items"]
    assert shown == {"carrier": "dhl-de", "number": "77", "shipped": "2026-11-01"}
    await shop.do(SAVE, order_id=order, carrier="UPS", number="1Z999")
    assert [one["tracking_number"] for one in await kept(shop, order)] == ["77", "1Z999"]
    assert (await kept(shop, order))[0] == entry


@pytest.mark.parametrize("broken", ["text", 7, [1, "two"], {"tracking_number": "7"}])
async def test_what_is_no_list_of_shipments_is_none(shop: Demo, order: int, broken: object) -> None:
    body = {"meta_data": [{"key": FIELD, "value": broken}]}
    await shop.app.services.get(ShopClient).write("PUT", f"/wc/v3/orders/{order}", json=body)
    assert (await shop.do(LIST, order_id=order))["items"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ({"shipped": "2026-02-30"}, Code.INVALID_ARGUMENTS, "no day of the calendar"),
        ({"shipped": "2199-01-01"}, Code.INVALID_ARGUMENTS, "Nothing can have been shipped"),
        ({"replaces": "NONE-1"}, Code.NOT_FOUND, "has no shipment NONE-1"),
        ({"number": "<b>1</b>"}, Code.INVALID_ARGUMENTS, "number"),
        ({"carrier": "<script>"}, Code.INVALID_ARGUMENTS, "carrier"),
        ({"link": "javascript:alert(1)"}, Code.INVALID_ARGUMENTS, "link"),
        ({"order_id": 999_999}, Code.NOT_FOUND, "no order 999999"),
    ],
)
async def test_wrong_ones_are_told(shop: Demo, order: int, arguments: dict[str, Any], code: Code, said: str) -> None:
    refused = await shop.refused(SAVE, **{"order_id": order, "carrier": "DHL", "number": "JD0146", **arguments})
    assert refused.code is code
    assert said in refused.message


async def test_today_is_the_sites(shop: Demo, order: int) -> None:
    await shop.do(SAVE, order_id=order, carrier="DHL", number="JD0146")
    [shown] = (await shop.do(LIST, order_id=order))["items"]
    assert shown["shipped"] == str(datetime.now(clock.zone()).date())


async def test_an_unpaid_order_is_warned_of(shop: Demo) -> None:
    order = await shop.some("woo_orders_list", status="pending")
    done = await shop.do(SAVE, order_id=order, carrier="DHL", number="JD0146", preview=True)
    assert f"Order {order} is pending." in json.dumps(done)
