"""Mails about an order, receipts, refunds of all orders, totals, downloads, and what is deleted for good."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.errors import Code
from tests.fakes.demo import Demo, demo

pytestmark = pytest.mark.requirement("shop:trade")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Demo]:
    async with demo(tmp_path) as found:
        yield found


async def an_order(desk: Demo, **more: Any) -> int:
    product = await desk.some("woo_products_list", type="simple", status="publish", stock_status="instock")
    billing = {"first_name": "Ada", "email": "ada@example.com"}
    done = await desk.do("woo_orders_create", lines=[{"product_id": product}], **{"billing": billing, **more})
    return int(done["changes"][0]["id"])


async def agreed(desk: Demo, tool: str, **arguments: Any) -> dict[str, Any]:
    waits = await desk.do(tool, **arguments)
    assert waits["state"] == "waits_for_person"
    desk.shop.requests.clear()
    done = await desk.agree(waits["change"])
    assert done["state"] == "applied"
    return {**waits, "done": done}


async def test_a_mail_waits_for_a_person_and_says_what_leaves(desk: Demo) -> None:
    order = await an_order(desk)
    mails = await desk.do("woo_order_mails_list", order_id=order)
    assert [one["id"] for one in mails["items"]] == ["customer_invoice"]
    waits = await agreed(desk, "woo_order_mails_send", order_id=order)
    assert any("Leaves the shop" in reason for reason in waits["asks"])
    assert desk.writes == [f"POST /wc/v3/orders/{order}/actions/send_order_details"]
    assert "Order details sent" in str(await desk.do("woo_order_notes_list", order_id=order))
    undone = await desk.do("changes_undo", change=waits["change"])
    assert undone["state"] == "nothing_to_change"
    assert "what was mailed can't be taken back" in str(undone)


async def test_mails_that_do_not_suit_are_refused_before_anything_is_sent(desk: Demo) -> None:
    order = await an_order(desk)
    refused = await desk.refused("woo_order_mails_send", order_id=order, mail="customer_completed_order")
    assert (refused.code, refused.details["mails"]) == (Code.INVALID_ARGUMENTS, ["customer_invoice"])
    silent = await an_order(desk, billing={"first_name": "Ada"})
    assert (await desk.refused("woo_order_mails_send", order_id=silent)).code == Code.CONFLICT
    assert "no e-mail address" in (await desk.do("woo_order_mails_list", order_id=silent))["none"]
    assert (await desk.refused("woo_order_mails_send", order_id=999_999)).code == Code.NOT_FOUND


async def test_a_receipt_is_made_with_a_persons_yes(desk: Demo) -> None:
    order = await an_order(desk)
    missing = await desk.refused("woo_receipts_get", order_id=order)
    assert (missing.code, "woo_receipts_create" in missing.hint) == (Code.NOT_FOUND, True)
    for day in ("2020-01-01", "2026-02-30"):
        assert (await desk.refused("woo_receipts_create", order_id=order, until=day)).code == Code.INVALID_ARGUMENTS
    waits = await agreed(desk, "woo_receipts_create", order_id=order, until="2099-12-31")
    assert any("Makes public" in reason for reason in waits["asks"])
    found = await desk.do("woo_receipts_get", order_id=order)
    assert found["until"] == "2099-12-31"
    assert "/wc/file/transient/" in found["url"]


async def test_refunds_of_all_orders_name_their_order_and_currency(desk: Demo) -> None:
    order = await an_order(desk)
    await agreed(desk, "woo_refunds_create", order_id=order, amount="1.00")
    everywhere = await desk.do("woo_refunds_list", limit=5)
    assert (everywhere["items"][0]["order_id"], everywhere["currency"]) == (order, "EUR")
    assert everywhere["total"] > (await desk.do("woo_refunds_list", order_id=order))["total"] == 1
    target = everywhere["items"][0]["id"]
    await agreed(desk, "woo_refunds_delete", order_id=order, id=target)
    assert (await desk.do("woo_refunds_list", order_id=order))["items"] == []


async def test_what_is_gone_for_good_says_so_before(desk: Demo) -> None:
    order = await an_order(desk)
    await desk.do("woo_order_notes_create", order_id=order, note="Called.")
    note = (await desk.do("woo_order_notes_list", order_id=order))["items"][0]["id"]
    waits = await agreed(desk, "woo_order_notes_delete", order_id=order, id=note)
    assert "the note is gone for good" in str(waits)
    made = await agreed(desk, "woo_customers_create", email="new@example.com")  # after the notes were read
    customer = int(made["done"]["changes"][0]["id"])
    waits = await agreed(desk, "woo_customers_delete", id=customer)
    assert "the account is gone for good" in str(waits)
    assert (await desk.refused("woo_customers_get", id=customer)).code == Code.NOT_FOUND


async def test_statuses_say_which_may_follow(desk: Demo) -> None:
    found = {one["slug"]: one for one in (await desk.do("woo_order_statuses_list"))["items"]}
    assert found["completed"]["next"] == ["processing"]
    assert "next" not in found["refunded"]


@pytest.mark.parametrize("of", ["reports", "orders", "products", "customers", "coupons", "reviews", "top_sellers"])
async def test_totals_of_each_kind(desk: Demo, of: str) -> None:
    found = await desk.do("woo_reports_totals", of=of)
    assert found["rows"]
    assert all("_links" not in row for row in found["rows"])
    if of == "orders":
        assert {"slug", "name", "total"} <= set(found["rows"][0])


async def test_the_shops_own_sales_are_told_with_what_they_miss(desk: Demo) -> None:
    found = await desk.do("woo_reports_totals", of="sales", period="year")
    assert (found["currency"], "total_sales" in found["rows"][0]) == ("EUR", True)
    assert "woo_reports_sales" in found["note"]
    assert (await desk.refused("woo_reports_totals", of="orders", period="year")).code == Code.INVALID_ARGUMENTS


async def test_downloads_of_somebody(desk: Demo) -> None:
    customer = await desk.some("woo_customers_list")
    assert await desk.do("woo_customers_downloads", id=customer) == {"items": []}
    assert (await desk.refused("woo_customers_downloads", id=999_999)).code == Code.NOT_FOUND
