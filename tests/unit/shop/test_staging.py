"""What is staged, with how many requests, and what becomes of it."""

from __future__ import annotations

import pytest

from devskyy_mcp.changes.model import JournalOp, Ref
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop import collections as at

from .bench import Bench

PRODUCTS = at.PRODUCTS


@pytest.mark.requirement("shop:requests")
async def test_a_single_update_is_two_requests(bench: Bench) -> None:
    product = await bench.first(type="simple", status="publish")
    bench.requests()
    shop, unit = bench.call()
    op = await shop.update(PRODUCTS, product["id"], {"name": "Night coat", "menu_order": product["menu_order"]})
    path = f"/wc/v3/products/{product['id']}"
    assert bench.requests() == [f"GET {path}"]
    assert op is not None
    assert op.body == {"name": "Night coat"}
    assert op.before == {"name": product["name"]}
    done = await bench.commit(unit)
    assert bench.requests() == [f"PUT {path}"]
    assert done[0].state == "done"


@pytest.mark.requirement("shop:requests")
async def test_a_hundred_updates_are_three_requests_and_their_undo_too(bench: Bench) -> None:
    shop, unit = bench.call()
    for number in range(100):
        await shop.create(PRODUCTS, {"name": f"Row {number}", "regular_price": "10", "status": "draft"})
    made = await bench.commit(unit)
    ids = [int(str(item.outcome.object_id)) for item in made]
    bench.requests()
    shop, unit = bench.call()
    await shop.prefetch(PRODUCTS, ids)
    for one in ids:
        await shop.update(PRODUCTS, one, {"regular_price": "11"})
    assert bench.requests() == ["GET /wc/v3/products"]
    done = await bench.commit(unit)
    assert bench.requests() == ["POST /wc/v3/products/batch"] * 2
    assert {item.state for item in done} == {"done"}
    undone, _ = await bench.undo(done)
    assert len(bench.requests()) == 3
    assert {item.state for item in undone} == {"done"}


@pytest.mark.requirement("shop:no-op")
async def test_equal_fields_vanish(bench: Bench) -> None:
    target, _ = await bench.create(PRODUCTS, {"name": "A & B", "regular_price": "30", "status": "draft"})
    shop, unit = bench.call()
    same = {"regular_price": "30.0", "sale_price": None, "name": "A & B", "manage_stock": False}
    assert await shop.update(PRODUCTS, target, same) is None
    assert unit.ops == []


@pytest.mark.requirement("shop:deterministic")
async def test_staging_twice_gives_one_hash_and_only_reads(bench: Bench) -> None:
    product = await bench.first(type="simple")
    hashes: list[str] = []
    bench.requests()
    for _ in range(2):
        shop, unit = bench.call()
        await shop.update(PRODUCTS, product["id"], {"regular_price": "77", "short_description": "New"})
        await shop.create(PRODUCTS, {"name": "x", "sku": "HASH-1", "regular_price": "5"})
        await shop.delete(PRODUCTS, product["id"])
        hashes.append(unit.hash())
    assert hashes[0] == hashes[1]
    assert all(request.startswith("GET ") for request in bench.requests())


@pytest.mark.requirement("shop:overlay")
async def test_reads_show_what_is_staged_and_no_stale_prices(bench: Bench) -> None:
    product = await bench.first(type="simple", status="publish", on_sale=False)
    shop, unit = bench.call()
    await shop.update(PRODUCTS, product["id"], {"regular_price": "77"})
    seen = await shop.get(PRODUCTS, product["id"])
    assert seen["regular_price"] == "77.00"
    assert "price" not in seen
    await shop.update(PRODUCTS, product["id"], {"name": "Both"})
    assert [op.body for op in unit.ops] == [{"regular_price": "77.00", "name": "Both"}]
    listed = await shop.list(PRODUCTS, include=[product["id"]])
    assert listed.items[0]["name"] == "Both"


@pytest.mark.requirement("shop:not-taken")
async def test_what_the_shop_drops_is_told(bench: Bench) -> None:
    target, _ = await bench.create(PRODUCTS, {"name": "x", "status": "draft"})
    done = await bench.update(PRODUCTS, target, {"tax_class": "no-such-class", "name": "y"})
    assert done.state == "not_taken"
    assert "did not take tax_class" in done.outcome.notes[0]


@pytest.mark.requirement("shop:dependent-ops")
async def test_a_variable_product_with_variations_is_one_plan_and_one_undo(bench: Bench) -> None:
    shop, unit = bench.call()
    attribute = {"name": "Size", "options": ["S", "M"], "variation": True, "visible": True}
    parent = await shop.create(
        PRODUCTS, {"name": "Coat", "type": "variable", "status": "draft", "attributes": [attribute]}
    )
    for size in ("S", "M"):
        fields = {"regular_price": "30", "attributes": [{"name": "Size", "option": size}]}
        await shop.create(at.VARIATIONS, fields, product_id=parent.ref)
    await shop.update(PRODUCTS, parent.ref, {"status": "publish"})
    assert unit.ops[3].target == Ref(1)
    bench.requests()
    done = await bench.commit(unit)
    assert len(bench.requests()) == 3
    assert [item.state for item in done] == ["done"] * 4
    undone, unit = await bench.undo(done)
    assert [(op.kind, op.collection) for op in unit.ops] == [("delete", "products")]
    assert undone[0].state == "done"


@pytest.mark.requirement("shop:lost-answers")
@pytest.mark.parametrize("committed", [True, False])
async def test_lost_answers_are_found_or_not_sent(bench: Bench, committed: bool) -> None:
    target, _ = await bench.create(PRODUCTS, {"name": "x", "regular_price": "10", "status": "draft"})
    plans: list[list[JournalOp]] = []
    for number in range(3):
        shop, unit = bench.call()
        if number == 0:
            await shop.update(PRODUCTS, target, {"regular_price": "12"})
        elif number == 1:
            await shop.create(PRODUCTS, {"name": "Lost", "status": "draft"})
            await shop.create(PRODUCTS, {"name": "Lost", "status": "draft"})
        else:
            await shop.delete(PRODUCTS, target)
        bench.faults.lost(committed=committed, path="/wc/v3/products")
        done = await bench.commit(unit, f"chg_{number}")
        bench.faults.clear()
        assert {item.state for item in done} == {"unknown"}
        plans.append(done)
        found = await bench.system.look(done)
        assert [one.state for one in found] == ["done" if committed else "not_sent"] * len(done)
        assert len({one.object_id for one in found if committed}) == (len(done) if committed else 0)
        if number == 0 and committed:
            assert found[0].inverse == {"regular_price": "10.00"}


@pytest.mark.requirement("shop:lost-answers")
async def test_a_gateways_page_leaves_the_outcome_open_and_a_refusal_does_not(bench: Bench) -> None:
    target, _ = await bench.create(PRODUCTS, {"name": "x", "status": "draft"})
    for fault, state in (("html", "unknown"), ("truncated", "unknown"), ("502", "unknown")):
        shop, unit = bench.call()
        await shop.update(PRODUCTS, target, {"name": fault})
        if fault == "502":
            bench.faults.status(502, method="PUT")
        else:
            getattr(bench.faults, fault)(method="PUT")
        done = await bench.commit(unit)
        assert done[0].state == state, fault
        assert done[0].outcome.error


@pytest.mark.requirement("shop:batch-outcomes")
async def test_one_bad_item_of_a_batch_fails_alone(bench: Bench) -> None:
    first, _ = await bench.create(PRODUCTS, {"name": "a", "status": "draft"})
    second, _ = await bench.create(PRODUCTS, {"name": "b", "status": "draft"})
    shop, unit = bench.call()
    await shop.update(PRODUCTS, first, {"name": "A"})
    await shop.update(PRODUCTS, second, {"name": "B"})
    await bench.client.write("DELETE", PRODUCTS.url(None, first), params={"force": True})
    done = await bench.commit(unit)
    assert [item.state for item in done] == ["failed", "done"]
    assert done[0].outcome.error is not None
    assert done[0].outcome.error["code"] == "not_found"


@pytest.mark.requirement("shop:bin")
async def test_binned_objects_must_be_restored_first(bench: Bench) -> None:
    target, _ = await bench.create(PRODUCTS, {"name": "x", "sku": "BIN-1", "status": "draft"})
    await bench.client.write("DELETE", PRODUCTS.url(None, target))
    shop, unit = bench.call()
    with pytest.raises(Refused, match="is in the bin") as caught:
        await shop.update(PRODUCTS, target, {"name": "y"})
    assert caught.value.code is Code.CONFLICT
    with pytest.raises(Refused, match="which is in the bin") as caught:
        await shop.create(PRODUCTS, {"name": "z", "sku": "BIN-1"})
    assert "Restore that one" in caught.value.hint
    assert caught.value.details["id"] == target
    assert await shop.delete(PRODUCTS, target) is None
    assert unit.ops == []


@pytest.mark.requirement("shop:locks")
async def test_keys_of_what_is_written(bench: Bench) -> None:
    shop, unit = bench.call()
    product = await bench.first(type="simple")
    await shop.update(PRODUCTS, product["id"], {"name": "q"})
    await shop.create(PRODUCTS, {"name": "q", "sku": "KEY-1"})
    await shop.create(at.PRODUCT_CATEGORIES, {"name": "q"})
    keys = [bench.system.object_keys(op) for op in unit.ops]
    assert keys == [[f"products/{product['id']}"], ["products:sku=key-1"], []]


def test_ids_are_numbers() -> None:
    for bad in ("../users", 0, -1, True, "1/2", "", None, "٣"):
        with pytest.raises(Refused):
            PRODUCTS.url(None, bad if bad is not None else "x")
    with pytest.raises(Refused):
        at.VARIATIONS.url({}, 5)
    assert at.VARIATIONS.url({"product_id": 12}, 5) == "/wc/v3/products/12/variations/5"


async def test_a_tool_that_reads_cannot_stage(bench: Bench) -> None:
    shop, _ = bench.call()
    shop.ctx.unit = None
    with pytest.raises(Refused) as caught:
        await shop.create(PRODUCTS, {"name": "x"})
    assert caught.value.code is Code.INTERNAL
