"""Assignment: the same everywhere, even, and of one test unlike that of another."""

from __future__ import annotations

import hashlib
from importlib import import_module
from typing import Any, cast

import numpy as np
import pytest

from devskyy_mcp.experiments.assignment import BUCKETS, Assigner, bucket

MANY = 1_000_000
chisquare = cast("Any", import_module("scipy.stats")).chisquare  # it comes without types


@pytest.mark.requirement("experiments:assignment")
def test_a_million_units_are_spread_evenly_and_tests_do_not_follow_each_other() -> None:
    first, second = Assigner("hero", range_of(10), [1000] * 10), Assigner("price", range_of(10), [1000] * 10)
    units = [f"customer-{number}" for number in range(MANY)]
    one, two = (np.fromiter(map(int, map(str, map(assign, units))), np.int8, MANY) for assign in (first, second))
    assert chisquare(np.bincount(one)).pvalue > 0.01
    assert chisquare(np.bincount(two)).pvalue > 0.01
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.01
    assert chisquare(np.bincount(one.astype(int) * 10 + two)).pvalue > 0.01


def range_of(number: int) -> list[str]:
    return [str(one) for one in range(number)]


@pytest.mark.requirement("experiments:assignment")
def test_the_hash_is_the_documented_one() -> None:
    """What the plugin and other programs work out by themselves."""
    assign = Assigner("hero", ["a", "b", "c"], [3334, 3333, 3333])
    for unit in ("1", "customer-7", "é", "", "x" * 200, "\ud800"):
        share = int(hashlib.sha256(f"hero:{unit}".encode(errors="replace")).hexdigest()[:8], 16) / 2**32
        wanted = "a" if share < 0.3334 else "b" if share < 0.6667 else "c"
        assert assign(unit) == wanted
        assert bucket("hero", unit) == int(share * BUCKETS)
    assert Assigner("hero", ["a", "b"], [0, BUCKETS])("1") == "b"


@pytest.mark.requirement("experiments:layers")
def test_tests_of_a_layer_exclude_each_other_and_split_their_part_evenly() -> None:
    halves = [Assigner(name, ["a", "b"], [5000, 5000], "page", part) for name, part in
              (("one", (0, 3000)), ("two", (3000, 10_000)))]  # fmt: skip
    units = [f"u{number}" for number in range(40_000)]
    found = [[assign(unit) for unit in units] for assign in halves]
    assert all((one is None) != (two is None) for one, two in zip(*found, strict=True))
    shares = [sum(one is not None for one in each) / len(units) for each in found]
    assert shares == pytest.approx([0.3, 0.7], abs=0.01)
    for each in found:
        assert chisquare([each.count("a"), each.count("b")]).pvalue > 0.001
