"""kill -9 at each arrow of the road, for every kind of write, and what the next start makes of it."""

from __future__ import annotations

import pytest

from tests.fakes.proxy import Fault

from .conftest import Floor
from .kinds import KINDS, Case, bulk, upload

FAILPOINTS = ("before_intent", "after_intent", "after_answer")
HELD: dict[str, Fault] = {"request_lost": "black_hole", "request_late": "hold_request", "answer_held": "hold_answer"}
DONE = frozenset({"request_late", "answer_held", "after_answer"})


async def kill_at(floor: Floor, case: Case, arrow: str) -> str | None:
    """Let the process that carries out the case die at the arrow; the id of its change, if one is in the journal."""
    before = floor.journal.newest()
    if arrow in FAILPOINTS:
        await floor.start(case.tool, case.arguments, failpoint=arrow).died()
    else:
        fault = HELD[arrow]
        rule = floor.proxy.rule(fault, case.method, case.writes, times=1)
        process = floor.start(case.tool, case.arguments)
        await rule.hit.wait()
        recorded_before_sent(floor)
        await process.killed()
        rule.release.set()
    change = floor.journal.newest()
    return None if change == before else change


def recorded_before_sent(floor: Floor) -> None:
    """While a request is on its way its rows are there: the set, the ops as sent, the audit's intent."""
    change = floor.journal.newest()
    assert change is not None
    assert floor.journal.state(change) == "applying"
    assert "sent" in floor.journal.op_states(change)
    assert floor.journal.intents(change) == 1


@pytest.mark.requirement("durability:kill")
@pytest.mark.parametrize("kind", list(KINDS))
async def test_killed(floor: Floor, kind: str) -> None:
    """One process dies at each arrow; the next start resolves what all of them have left."""
    dead: dict[str, tuple[Case, str | None]] = {}
    for arrow in (*FAILPOINTS, *HELD):
        case = KINDS[kind](floor.shop, floor.folder)
        dead[arrow] = (case, await kill_at(floor, case, arrow))
    await floor.settle()
    for arrow, (case, change) in dead.items():
        done = arrow in DONE
        assert case.done() == done, arrow
        if case.times is not None:
            assert case.times() == done, arrow  # never a second one
        if arrow == "before_intent":
            assert change is None or floor.journal.state(change) == "proposed"  # where a person was asked first
            continue
        assert change is not None, arrow
        assert floor.journal.state(change) == ("applied" if done else "failed"), arrow
        assert floor.journal.op_states(change) == {"done" if done else "not_sent": 1}, arrow
    assert len(floor.writes()) == len(DONE)  # never an unrecorded one
    for arrow in DONE:
        case, change = dead[arrow]
        assert change is not None
        await undo(floor, case, change)


async def undo(floor: Floor, case: Case, change: str) -> None:
    answer = await floor.call("changes_undo", {"change": change})
    if case.undo == "impossible":
        assert answer["data"]["state"] == "nothing_to_change"
        assert answer["data"]["changes"][0]["outcome"] == "impossible"
        return
    assert answer["data"]["state"] == "applied", answer
    assert case.undone is not None
    assert case.undone()


@pytest.mark.requirement("durability:kill")
async def test_an_upload_that_never_left_is_not_taken_for_an_earlier_one_of_the_same_file(floor: Floor) -> None:
    case = upload(floor.shop, floor.folder)
    assert (await floor.call(case.tool, case.arguments))["data"]["state"] == "applied"
    again = {**case.arguments, "title": "The same picture under another title"}
    await floor.start(case.tool, again, failpoint="after_intent").died()
    change = floor.journal.newest()
    assert change is not None
    await floor.settle()
    assert floor.journal.op_states(change) == {"not_sent": 1}


@pytest.mark.requirement("durability:bulk")
@pytest.mark.parametrize(
    ("arrow", "done"),
    [
        ("before_intent", 0),
        ("after_intent", 0),
        ("between_groups", 50),
        ("after_mark", 50),
        ("third_lost", 75),
        ("third_answered", 100),
        ("after_answer", 100),
    ],
)
async def test_bulk_killed(floor: Floor, arrow: str, done: int) -> None:
    """100 products in four groups of 25, two at once."""
    case = bulk(floor.shop, floor.folder)
    held = arrow in ("third_lost", "third_answered")
    if held:
        fault = "black_hole" if arrow == "third_lost" else "hold_answer"
        rule = floor.proxy.rule(fault, "POST", case.writes, after=2, times=1)
        process = floor.start(case.tool, case.arguments)
        await rule.hit.wait()
        await floor.sent(3 if arrow == "third_lost" else 4, case.writes)
        await process.killed()
        rule.release.set()
    else:
        await floor.start(case.tool, case.arguments, failpoint=arrow).died()
    change = floor.journal.newest()
    assert change is not None
    await floor.settle()
    assert len(floor.writes(case.writes)) == done // 25
    states = floor.journal.op_states(change)
    if arrow == "before_intent":
        assert floor.journal.state(change) == "proposed"
        return
    expected = {"done": done, "not_sent": 100 - done}
    assert states == {state: number for state, number in expected.items() if number}
    assert floor.journal.state(change) == ("applied" if done == 100 else "partial" if done else "failed")
    if done:
        answer = await floor.call("changes_undo", {"change": change})
        assert answer["data"]["state"] == "applied"
        assert case.undone is not None
        assert case.undone()
