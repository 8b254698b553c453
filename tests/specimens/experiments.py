"""Valid arguments for the tools of A/B tests: each makes a test of its own."""

from __future__ import annotations

from typing import Any

from tests.fakes.demo import Desk

from .making import Arguments, carry_out, unique


async def a_design(_desk: Desk) -> dict[str, Any]:
    return {
        "name": unique("title"),
        "hypothesis": "A shorter title sells more dresses",
        "variants": [{"key": "old", "percent": 50.0}, {"key": "new", "percent": 50.0}],
        "metric": {"name": "order", "kind": "rate", "base": 0.03},
        "mde": 0.2,
    }


def a_test(**arguments: Any) -> Arguments:
    """Arguments for a test that runs."""

    async def build(desk: Desk) -> dict[str, Any]:
        design = await a_design(desk)
        await carry_out(desk, "experiments_create", design)
        return {"experiment": design["name"], **arguments}

    return build


UNITS = ["customer-7", "customer-8"]
WRITES: dict[str, Arguments] = {
    "experiments_create": a_design,
    "experiments_stop": a_test(reason="The season is over."),
}
READS: dict[str, list[Arguments]] = {
    "experiments_assign": [a_test(units=UNITS)],
    "experiments_convert": [a_test(metric="order", events=[{"unit": "customer-7", "key": "61"}])],
    "experiments_expose": [a_test(units=UNITS)],
    "experiments_results": [a_test()],
}
