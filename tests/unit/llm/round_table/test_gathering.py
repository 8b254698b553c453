"""Quorum, grace, replacements and hedges, on short times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import anyio
import pytest

from devskyy_mcp.llm.round_table.drafts import Gathering, quorum

NEVER = 3600.0


@dataclass
class Table:
    """``takes`` are each model's seconds; a negative time is a failure after so long."""

    takes: Mapping[str, float]
    asked: list[int] = field(default_factory=list[int])
    came: list[int] = field(default_factory=list[int])
    late: list[int] = field(default_factory=list[int])
    took: float = 0.0

    async def ask(self, number: int, model: str) -> bool:
        self.asked.append(number)
        seconds = self.takes[model]
        await anyio.sleep(abs(seconds))
        if seconds >= 0:
            self.came.append(number)
        return seconds >= 0

    async def close(self, numbers: object) -> None:
        self.late = list(numbers)  # pyright: ignore[reportArgumentType] # a sequence

    async def gather(self, number: int, ended: dict[int, bool] | None = None, **more: float) -> None:
        times = {"hedge_s": NEVER, "deadline_s": NEVER, "grace": 0.05, **more}
        started = anyio.current_time()
        with anyio.fail_after(20):
            await Gathering(list(self.takes), number, self.ask, self.close, **times).run(ended or {})
        self.took = anyio.current_time() - started


def test_quorums() -> None:
    assert [quorum(number) for number in range(1, 7)] == [1, 2, 2, 3, 3, 4]


@pytest.mark.requirement("round-table:quorum")
async def test_one_that_hangs_is_late() -> None:
    table = Table({"a": 0.01, "b": 0.02, "c": 60})
    await table.gather(3)
    assert (table.came, table.late) == ([1, 2], [3])
    assert table.took < 30


@pytest.mark.requirement("round-table:quorum")
async def test_who_comes_within_the_grace_is_not_late() -> None:
    table = Table({"a": 0, "b": 0, "c": 0.02})
    await table.gather(3, grace=10)
    assert (table.came, table.late) == ([1, 2, 3], [])
    assert table.took < 5, "nobody is waited for once all have come"


@pytest.mark.requirement("round-table:quorum")
async def test_those_that_fail_are_replaced() -> None:
    table = Table({"a": -0.01, "b": 0, "c": -0.01, "d": -0.01, "e": 0})
    await table.gather(3)
    assert (sorted(table.asked), sorted(table.came)) == ([1, 2, 3, 4, 5], [2, 5])


@pytest.mark.requirement("round-table:quorum")
async def test_the_next_is_asked_when_the_quorum_is_late() -> None:
    table = Table({"a": 0, "b": 60, "c": 60, "d": 0})
    await table.gather(3, hedge_s=0.05)
    assert (table.came, table.late) == ([1, 4], [2, 3])


@pytest.mark.requirement("round-table:quorum")
@pytest.mark.parametrize(
    ("takes", "came", "late"),
    [
        ({"a": 0.01, "b": 60}, [1], [2]),
        ({"a": 0, "b": -0.01, "c": 60}, [1], [3]),
        ({"a": 0.01, "b": 0.04}, [1, 2], []),
        ({"a": 0.3, "b": 0.38}, [1, 2], []),
    ],
)
async def test_where_each_is_needed_the_last_get_a_grace_after_the_first(
    takes: dict[str, float], came: list[int], late: list[int]
) -> None:
    table = Table(takes)
    await table.gather(3, last_s=0.1)
    assert (table.came, table.late) == (came, late)
    assert table.took < 10


@pytest.mark.requirement("round-table:quorum")
async def test_where_somebody_is_in_reserve_that_one_is_asked() -> None:
    table = Table({"a": 0, "b": 60, "c": 0})
    await table.gather(2, last_s=0.05, hedge_s=0.3)
    assert (table.came, table.late) == ([1, 3], [2])


@pytest.mark.requirement("round-table:quorum")
async def test_the_deadline_ends_it() -> None:
    table = Table({"a": 0, "b": 60, "c": 60})
    await table.gather(3, deadline_s=0.05)
    assert (table.came, table.late) == ([1], [2, 3])


async def test_all_fail() -> None:
    table = Table({"a": -0.01, "b": -0.01})
    await table.gather(2)
    assert (table.came, table.late) == ([], [])


@pytest.mark.requirement("round-table:resumed")
async def test_what_has_ended_is_not_asked_again() -> None:
    table = Table({"a": 0, "b": 0, "c": 0, "d": 0})
    await table.gather(3, {1: True, 2: False, 4: True})
    assert table.asked == [3]
    table = Table({"a": 0, "b": 0, "c": 0, "d": 0})
    await table.gather(2, {1: True, 2: False})
    assert table.asked == [3]
