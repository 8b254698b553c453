"""Sums per day or week of what was ordered, as the methods of forecasting take them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from .orders import Json, amount, day_of, pieces
from .period import Span

Every = Literal["day", "week"]
Measure = Literal["units", "sales"]
SEASON: dict[Every, int] = {"day": 7, "week": 52}
DAYS: dict[Every, int] = {"day": 1, "week": 7}


@dataclass(frozen=True, slots=True)
class Grid:
    """Whole periods that end with the span, counted from its last day backwards."""

    span: Span
    every: Every

    @property
    def length(self) -> int:
        return self.span.days // DAYS[self.every]

    def place(self, day: str) -> int:
        """Of the period that the day is in; below 0 before the first."""
        back = (self.span.last - date.fromisoformat(day)).days // DAYS[self.every]
        return self.length - 1 - back

    def start(self, place: int) -> date:
        """First day of the period; those behind the last are still to come."""
        return self.span.last + timedelta(days=1) + timedelta(days=DAYS[self.every] * (place - self.length))


def whole(orders: Iterable[Json], grid: Grid, measure: Measure) -> list[float]:
    """The shop's orders: their totals, or the pieces in them."""
    sums = [0.0] * grid.length
    for order in orders:
        place = grid.place(day_of(order))
        if place >= 0:
            sums[place] += pieces(order) if measure == "units" else float(amount(order["total"]))
    return sums


def by_line(
    orders: Iterable[Json], grid: Grid, measure: Measure, keys: Callable[[Json], Sequence[Any]]
) -> dict[Any, list[float]]:
    """Per key, of which a line of an order may have several: its pieces, or the line's total."""
    found: dict[Any, list[float]] = defaultdict(lambda: [0.0] * grid.length)
    for order in orders:
        place = grid.place(day_of(order))
        if place < 0:
            continue
        for line in order["line_items"]:
            value = float(int(line["quantity"])) if measure == "units" else float(amount(line["total"]))
            for key in keys(line):
                found[key][place] += value
    return dict(found)


def since(series: Sequence[float], grid: Grid, first_day: str) -> list[float]:
    """From the period on in which it was first there, or first sold if that was earlier."""
    sold = next((place for place, value in enumerate(series) if value > 0), len(series))
    there = max(0, grid.place(first_day)) if first_day else sold
    return list(series[min(sold, there) :])
