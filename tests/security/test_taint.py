"""Who has read customers' texts: how long that counts, where it is kept, and what it asks a person for."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import anyio
import pytest

from devskyy_mcp.app import local_principal
from devskyy_mcp.changes.decide import after_customers_texts
from devskyy_mcp.changes.model import Op, OpKind
from devskyy_mcp.changes.stage import Unit
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard import ssrf
from devskyy_mcp.guard.taint import SPARE, Taints
from devskyy_mcp.jobs.events import Events
from tests.fakes.demo import demo
from tests.fakes.elsewhere import Hands

from .test_gate import EVIL, PICTURE

ME = local_principal()
SHORTLY = "Text from customers or the web was read shortly before"


def planned(kind: OpKind = "update", **more: Any) -> Unit:
    unit = Unit()
    unit.add(Op("shop", kind, "posts", 1, {"title": "x"}, **more))
    return unit


@pytest.mark.parametrize(
    ("unit", "privileged", "told"),
    [
        (planned(), False, ""),
        (planned(leaves=["message"]), False, "sends a message to a customer"),
        (planned(leaves=["public", "request"]), False, "makes text or files public, has an address fetched"),
        (planned(undo="gone"), False, "can't be undone"),
        (planned("act"), False, "sets something going outside"),
        (planned(), True, "touches accounts or settings"),
    ],
)
def test_what_the_gate_is_about(unit: Unit, privileged: bool, told: str) -> None:
    found = after_customers_texts(unit, privileged=privileged)
    assert (told in found) if told else (found == "")


class Clock:
    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at


@pytest.mark.requirement("gate:person")
async def test_what_was_free_before_needs_a_person_after_reading(tmp_path: Path) -> None:
    async with demo(tmp_path) as box:
        post = await box.some("wp_posts_list", status="publish")
        assert (await box.do("wp_posts_update", id=post, content="one"))["state"] == "applied"
        await box.do("woo_orders_list")
        waits = await box.do("wp_posts_update", id=post, content="two")
        assert waits["state"] == "waits_for_person"
        [why] = waits["asks"]
        assert why.startswith(f"{SHORTLY}, and this makes text or files public:")
        assert (await box.agree(waits["change"]))["state"] == "applied"


@pytest.mark.requirement("gate:person")
async def test_work_inside_the_shop_goes_on(tmp_path: Path) -> None:
    async with demo(tmp_path) as box:
        await box.do("woo_orders_list")
        product = await box.some("woo_products_list", status="publish", type="simple", stock_status="instock")
        price = float((await box.do("woo_products_get", id=product))["regular_price"])
        for tool, fields in (
            ("woo_products_update", {"id": product, "regular_price": f"{price + 1:.2f}"}),
            ("woo_products_update", {"id": product, "stock_quantity": 9}),
            ("woo_products_create", {"name": "A draft", "sku": "DRAFT-1", "description": "Not public yet."}),
            ("wp_posts_create", {"title": "A draft", "content": "Not public yet."}),
        ):
            assert (await box.do(tool, **fields))["state"] == "applied", tool


@pytest.mark.requirement("gate:person")
async def test_a_proposal_from_before_is_decided_anew(tmp_path: Path) -> None:
    async with demo(tmp_path) as box:
        post = await box.some("wp_posts_list", status="publish")
        shown = await box.do("wp_posts_update", id=post, content="new", preview=True)
        assert "asks" not in shown
        await box.do("woo_orders_list")
        waits = await box.do("changes_apply", change=shown["change"])
        assert waits["state"] == "waits_for_person"
        assert SHORTLY in waits["asks"][0]
        assert (await box.agree(shown["change"]))["state"] == "applied"


@pytest.mark.requirement("gate:person")
async def test_an_address_is_not_fetched_before_a_person_agrees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[str] = []

    async def fetch(url: str, **_: Any) -> ssrf.Download:
        fetched.append(url)
        return ssrf.Download(url, "image/png", PICTURE, "")

    monkeypatch.setattr(ssrf, "fetch_public", fetch)
    async with demo(tmp_path) as box:
        await box.do("woo_orders_list")
        shown = await box.do("wp_media_upload", url=EVIL, preview=True)
        waits = await box.do("wp_media_upload", url=EVIL)
        assert waits["state"] == "waits_for_person"
        assert waits["changes"][0]["fields"]["file"] == {"url": EVIL}
        assert (await box.do("changes_apply", change=shown["change"]))["state"] == "waits_for_person"
        assert fetched == []
        with pytest.raises(Refused) as caught:
            await box.agree(waits["change"])
        assert caught.value.code is Code.STALE
        assert (fetched, box.writes) == ([EVIL], [])
        second = caught.value.details["change"]
        assert second["changes"][0]["fields"]["file"] == "collect.png"
        assert (await box.agree(second["change"]))["state"] == "applied"


@pytest.mark.requirement("gate:privileged")
async def test_a_lost_payment_is_not_resolved_on_a_texts_word(tmp_path: Path) -> None:
    async with demo(tmp_path, worker="off") as box:
        hands = Hands(box.app.services.get(Database), box.app.services.get(Events))
        await hands.add("job_review", "local")
        await hands.review("job_review")
        await box.do("woo_orders_list")
        refused = await box.refused("jobs_resolve", job="job_review", action="resubmit")
        assert refused.code is Code.WAITS_FOR_PERSON
        change = refused.details["change"]["change"]
        assert f"devskyy approve {change}" in refused.hint
        assert (await box.do("jobs_get", job="job_review"))["state"] == "needs_review"
        assert (await box.agree(change))["state"] == "applied"
        assert (await box.do("jobs_get", job="job_review"))["state"] == "queued"


async def test_a_mark_ends_and_is_renewed(tmp_path: Path) -> None:
    clock, db = Clock(), Database(tmp_path / "a.db")
    taints = Taints(db, 3600, clock)
    await taints.mark("ada")
    clock.at += 3599
    assert await taints.marked("ada")
    await taints.mark("ada")
    clock.at += 3599
    assert await taints.marked("ada")
    assert not await taints.marked("bob")
    clock.at += 1 + SPARE
    assert not await taints.marked("ada")
    await db.close()


@pytest.mark.requirement("trust:marked")
async def test_reading_again_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, db = Clock(), Database(tmp_path / "a.db")
    taints, writes = Taints(db, 3600, clock), 0
    begin = db.begin

    def counted() -> Any:
        nonlocal writes
        writes += 1
        return begin()

    monkeypatch.setattr(db, "begin", counted)
    for _ in range(100):
        await taints.mark("ada")
        clock.at += 1
    assert writes == 1
    clock.at += SPARE
    await taints.mark("ada")
    assert writes == 2
    await db.close()


@pytest.mark.requirement("trust:marked")
async def test_a_mark_holds_in_every_database_and_process(database_url: str) -> None:
    database = Database(database_url, migrate=True)
    one, other = Taints(database, 60), Taints(database, 60)
    await one.mark("ada")
    await one.mark("bob")
    assert await other.marked("ada")
    assert await other.marked("bob")
    assert not await other.marked("eve")
    await database.close()


@pytest.mark.requirement("trust:fails-closed")
async def test_where_nobody_can_tell_a_person_is_asked(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    db = Database(folder / "a.db")
    taints = Taints(db, 3600)
    assert not await taints.marked("ada")
    shutil.move(folder, tmp_path / "away")
    assert await taints.marked("ada")
    await taints.mark("bob")  # reading goes on
    assert await taints.marked("bob")
    shutil.move(tmp_path / "away", folder)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(taints.run)
        other = Taints(db, 3600)
        with anyio.fail_after(10):
            while not await other.marked("bob"):
                await anyio.sleep(0.05)
        tasks.cancel_scope.cancel()
    await db.close()
