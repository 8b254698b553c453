"""Who wins which kind of task, and who is asked next."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from devskyy_mcp.llm.round_table.learn import Candidate, Duel, duels, faded, pick, rate, reliability, wilson

DAY = 86_400_000_000
NAMES = [f"provider/{letter}" for letter in "abcdef"]


@pytest.mark.requirement("round-table:learning")
def test_strengths_come_back() -> None:
    """Bradley and Terry's model finds the strengths that duels were drawn from."""
    chance = random.Random(5)
    true = {"a": 4.0, "b": 2.0, "c": 1.0, "d": 0.5}
    drawn: list[Duel] = []
    for _ in range(4000):
        one, other = chance.sample(sorted(true), 2)
        first = chance.random() < true[one] / (true[one] + true[other])
        drawn.append(Duel(one, other) if first else Duel(other, one))
    found = rate(drawn)
    assert list(found) == ["a", "b", "c", "d"]
    for better, worse in (("a", "b"), ("b", "c"), ("c", "d")):
        assert found[better].strength / found[worse].strength == pytest.approx(2.0, rel=0.2)
    assert all(one.low < one.wins / one.duels < one.high for one in found.values())


@pytest.mark.requirement("round-table:learning")
def test_old_rounds_fade_and_people_count_fivefold() -> None:
    assert faded(1.0, 30) == pytest.approx(0.5)
    past: list[dict[str, Any]] = [
        {"at": 0, "winner": 1, "picked": 2, "compared": False, "models": {1: "a", 2: "b"}},
        {"at": 0, "winner": 1, "picked": None, "compared": True, "models": {1: "a", 2: "b", 3: "c"}},
        {"at": 0, "winner": 1, "picked": None, "compared": False, "models": {1: "a", 2: "b"}},
        {"at": 0, "winner": None, "picked": None, "compared": True, "models": {1: "a"}},
    ]
    assert duels(past, 0) == [Duel("b", "a", 5.0), Duel("a", "b", 1.0), Duel("a", "c", 1.0)]
    assert {duel.weight for duel in duels(past[1:], 60 * DAY)} == {0.25}
    assert rate([]) == {}


@pytest.mark.requirement("round-table:learning")
def test_the_best_are_asked_and_in_one_round_of_ten_somebody_else() -> None:
    known = rate(
        [Duel(NAMES[0], name, 30.0) for name in NAMES[1:]] + [Duel(NAMES[1], name, 30.0) for name in NAMES[2:]]
    )
    candidates = [Candidate(name) for name in NAMES]
    asked = Counter(name for seed in range(2000) for name in pick(candidates, known, 2, str(seed))[:2])
    assert asked[NAMES[0]] > 1900
    others = sum(asked[name] for name in NAMES[2:]) / 2000
    assert 0.10 <= others <= 0.25
    assert pick(candidates, known, 3, "x") == pick(candidates[::-1], known, 3, "x")
    assert sorted(pick(candidates, known, 3, "y")) == NAMES


@pytest.mark.requirement("round-table:learning")
def test_what_costs_more_is_asked_less() -> None:
    candidates = [Candidate("cheap", 0.1, 0.1), Candidate("dear", 1.0, 1.0)]
    first = Counter(pick(candidates, {}, 1, str(seed))[0] for seed in range(2000))
    assert first["cheap"] > first["dear"] * 1.3


def test_intervals() -> None:
    low, high = wilson(8, 10)
    assert (low, high) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))
    assert wilson(0, 0) == (0.0, 1.0)
    assert reliability({"a": (0, 0), "b": (8, 8)}) == {"a": 0.5, "b": pytest.approx(10 / 12)}
