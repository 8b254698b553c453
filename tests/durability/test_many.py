"""Several processes on one object, one proposal, one shop that goes away."""

from __future__ import annotations

import pytest

from .conftest import Floor, refuse
from .driver import GROUP
from .kinds import KINDS, bulk, create_keyed, many, prices, product, update


@pytest.mark.requirement("durability:writers")
async def test_a_second_writer_is_told_of_the_first(floor: Floor) -> None:
    case = update(floor.shop, floor.folder)
    rule = floor.proxy.rule("hold_answer", "PUT", times=1)
    first = floor.start(case.tool, case.arguments)
    await rule.hit.wait()
    second = {"id": case.arguments["id"], "short_description": "Wool."}
    told = await floor.call(case.tool, second)
    assert told["refused"]["code"] == "conflict"
    assert floor.journal.state(told["refused"]["details"]["change"]) == "applying"
    assert told["refused"]["retryable"]
    assert len(floor.writes()) == 1
    rule.release.set()
    assert (await first.answer())["data"]["state"] == "applied"
    assert (await floor.call(case.tool, second))["data"]["state"] == "applied"
    assert case.done()
    assert (floor.shop.find(case.writes[1:]) or {})["short_description"] == "Wool."


@pytest.mark.requirement("durability:writers")
async def test_no_update_is_lost_between_two_writers_at_once(floor: Floor) -> None:
    """Both add to the stock that they read; each either has its way on top of the other, or is told of it."""
    made = product(floor.shop, manage_stock=True, stock_quantity=10)
    steps = (1, 10)  # so that the sum tells who has had their way
    running = [floor.start("woo_stock_update", {"items": [{"id": made["id"], "adjust": step}]}) for step in steps]
    answers = [await one.answer() for one in running]
    applied = [step for step, answer in zip(steps, answers, strict=True) if "data" in answer]
    codes = {answer["refused"]["code"] for answer in answers if "refused" in answer}
    assert applied
    assert codes <= {"conflict"}
    assert (floor.shop.find(f"wc/v3/products/{made['id']}") or {})["stock_quantity"] == 10 + sum(applied)


@pytest.mark.requirement("durability:apply-once")
@pytest.mark.parametrize("kind", ["create with sku", "update", "delete to the bin"])
async def test_four_processes_apply_one_proposal(floor: Floor, kind: str) -> None:
    case = KINDS[kind](floor.shop, floor.folder)
    proposed = await floor.call(case.tool, {**case.arguments, "preview": True})
    change = proposed["data"]["change"]
    running = [floor.start("changes_apply", {"change": change}) for _ in range(4)]
    answers = [await one.answer() for one in running]
    assert len(floor.writes()) == 1
    assert {answer["data"]["state"] for answer in answers} <= {"applied", "applying"}
    assert sum("repeated" not in answer["data"] for answer in answers) == 1
    assert case.done()
    assert floor.journal.intents(change) == 1


@pytest.mark.requirement("durability:retry")
async def test_a_host_that_calls_again_right_after_a_kill_makes_no_second_one(floor: Floor) -> None:
    case = create_keyed(floor.shop, floor.folder)
    rule = floor.proxy.rule("hold_request", "POST", case.writes, times=1)
    process = floor.start(case.tool, case.arguments)
    await rule.hit.wait()
    await process.killed()
    again = await floor.call(case.tool, case.arguments)
    assert again["data"]["state"] == "applying"
    assert again["data"]["repeated"]
    rule.release.set()
    await floor.settle()
    later = await floor.call(case.tool, case.arguments)
    assert (later["data"]["state"], later["data"]["repeated"]) == ("applied", True)
    assert len(floor.writes()) == 1
    assert case.done()


@pytest.mark.requirement("durability:lost")
async def test_a_lost_answer_to_a_batch_of_25_is_looked_up(floor: Floor) -> None:
    ids = [one["id"] for one in many(floor.shop, 25)]
    lost = floor.proxy.rule("lose_answer", "POST", "/batch", times=1)
    items = [{"id": one, "regular_price": "81.00"} for one in ids]
    answer = await floor.call("woo_products_bulk_update", {"items": items})
    assert lost.times_used == 1
    assert answer["data"]["state"] == "applied"
    assert len(floor.writes()) == 1
    assert prices(floor.shop, ids) == {"81.00"}


@pytest.mark.requirement("durability:lost")
async def test_a_shop_that_goes_away_during_a_bulk_gets_no_more(floor: Floor) -> None:
    """Connections are refused after the second group: the rest is known not to have been sent."""
    case = bulk(floor.shop, floor.folder)
    rule = floor.proxy.rule("hold_answer", "POST", case.writes, after=1, times=2)
    process = floor.start(case.tool, case.arguments)
    await rule.hit.wait()
    await floor.sent(3)  # the first worker has gone on to the third group, and waits there
    refuse(floor)
    rule.release.set()
    answer = await process.answer()
    change = answer["data"]["change"]
    done = GROUP * len(floor.writes())
    assert answer["data"]["state"] == "partial"
    assert floor.journal.op_states(change) == {"done": done, "not_sent": 100 - done}
    assert floor.journal.locks() == []


@pytest.mark.requirement("durability:lost")
async def test_a_shop_that_is_killed_during_a_bulk_is_asked_when_it_is_back(floor: Floor) -> None:
    case = bulk(floor.shop, floor.folder)
    rule = floor.proxy.rule("hold_request", "POST", case.writes, after=2, times=1)
    process = floor.start(case.tool, case.arguments)
    await rule.hit.wait()
    await floor.sent(3)
    floor.shop.kill()
    rule.release.set()
    try:
        answer = await process.answer()
    finally:
        floor.shop.start()
    assert answer["refused"]["code"] == "outcome_unknown"
    change = answer["refused"]["details"]["change"]["change"]
    await floor.settle()
    states = floor.journal.op_states(change)
    ids = [item["id"] for item in case.arguments["items"]]
    assert states["done"] == sum(prices(floor.shop, [one]) == {"85.00"} for one in ids)
    assert states["done"] + states["not_sent"] == 100
