"""A process that stands still for longer than others wait for it, and then goes on."""

from __future__ import annotations

import signal

import pytest

from .conftest import Floor
from .kinds import bulk, update


@pytest.mark.requirement("durability:stopped")
async def test_stopped_before_sending_sends_nothing_late(floor: Floor) -> None:
    case = update(floor.shop, floor.folder)
    process = floor.start(case.tool, case.arguments, stop="after_intent")
    await process.stopped()
    await floor.settle()
    change = floor.journal.newest()
    assert change is not None
    assert floor.journal.op_states(change) == {"not_sent": 1}
    process.signal(signal.SIGCONT)
    answer = await process.answer()
    assert answer["refused"]["code"] == "upstream_refused"
    assert floor.writes() == []
    assert floor.journal.state(change) == "failed"


@pytest.mark.requirement("durability:stopped")
async def test_stopped_between_two_groups_leaves_the_rest_to_whoever_settled_it(floor: Floor) -> None:
    case = bulk(floor.shop, floor.folder)
    process = floor.start(case.tool, case.arguments, stop="between_groups")
    await process.stopped()
    await floor.settle()
    change = floor.journal.newest()
    assert change is not None
    assert floor.journal.op_states(change) == {"done": 50, "not_sent": 50}
    process.signal(signal.SIGCONT)
    answer = await process.answer()
    assert answer["data"]["state"] == "partial"
    assert len(floor.writes()) == 2
    assert floor.journal.op_states(change) == {"done": 50, "not_sent": 50}
    assert floor.journal.locks() == []


@pytest.mark.requirement("durability:stopped")
async def test_a_late_answer_corrects_what_was_concluded_without_it(floor: Floor) -> None:
    """The shop takes longer than SHOP_MAX_SECONDS: what it did is recorded all the same."""
    case = update(floor.shop, floor.folder)
    rule = floor.proxy.rule("hold_request", "PUT", case.writes, times=1)
    process = floor.start(case.tool, case.arguments)
    await rule.hit.wait()
    process.signal(signal.SIGSTOP)
    await floor.settle()
    change = floor.journal.newest()
    assert change is not None
    assert floor.journal.op_states(change) == {"not_sent": 1}
    rule.release.set()
    await floor.sent(1)
    process.signal(signal.SIGCONT)
    answer = await process.answer()
    assert answer["data"]["state"] == "applied"
    assert (floor.journal.state(change), floor.journal.op_states(change)) == ("applied", {"done": 1})
    assert case.done()
    await floor.settle()
