"""Group-sequential tests: bounds that may be looked at several times, by O'Brien and Fleming's spending function.

Lan and DeMets, Biometrika 70 (1983): of the error ``alpha`` only what the spending function allows is spent at each
look, whenever that is. The bounds come from recursive integration (Armitage, McPherson and Rowe, JRSS A 132, 1969;
Jennison and Turnbull, Group Sequential Methods, 2000, chapter 19). Two-sided and symmetric: each side spends half.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

LARGEST = 8.0
"""Beyond it lies 1e-15: as good as never."""
_NODES = 16
_PANEL = 4.0
"""Width of a panel in standard deviations of the narrower kernel; 16 nodes each then leave an error below 1e-8."""


def upper(z: float) -> float:
    """P(Z > z), also far out."""
    return 0.5 * math.erfc(z / math.sqrt(2))


def quantile(tail: float) -> float:
    """The z with P(Z > z) = tail, exact for small tails."""
    from statistics import NormalDist  # which loads what listing the tools does not need

    return -NormalDist().inv_cdf(tail)


def spent(alpha: float, fraction: float) -> float:
    """What both sides together may have spent at a fraction of the planned information."""
    if fraction <= 0:
        return 0.0
    return 4 * upper(quantile(alpha / 4) / math.sqrt(min(fraction, 1.0)))


@lru_cache(256)
def bounds(alpha: float, fractions: tuple[float, ...], *, last: bool = False) -> tuple[float, ...]:
    """Critical values of ``|z|``, one per look.

    Args:
        alpha: two-sided.
        fractions: of the planned information at each look, growing; above 1 where more came than was planned.
        last: all that is left of alpha is spent at the last look, as when it comes at or beyond the planned end.
    """
    found: list[float] = []
    walk = _Walk()
    before = 0.0
    for number, fraction in enumerate(fractions):
        whole = last and number == len(fractions) - 1
        target = alpha if whole else spent(alpha, fraction)
        walk.step(fraction)
        found.append(_solve(walk.crossing, max(target - before, 0.0)))
        walk.stop(found[-1])
        before = target
    return tuple(found)


def power(alpha: float, fractions: Sequence[float], drift: float) -> float:
    """The probability that a look crosses its bound, on either side; ``drift`` is z as expected at the planned end."""
    walk = _Walk(drift)
    total = 0.0
    for fraction, bound in zip(fractions, bounds(alpha, tuple(fractions), last=True), strict=True):
        walk.step(fraction)
        total += walk.crossing(bound)
        walk.stop(bound)
    return total


@lru_cache(256)
def inflation(alpha: float, wanted: float, looks: int) -> float:
    """By how much a test with so many equal looks must be larger than one with a single look, for the same power."""
    fixed = quantile(alpha / 2) + quantile(1 - wanted)
    if looks == 1:
        return 1.0
    fractions = equal_looks(looks)
    low, high = fixed, fixed * 1.3
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if power(alpha, fractions, middle) > wanted else (middle, high)
    return (high / fixed) ** 2


def equal_looks(looks: int) -> tuple[float, ...]:
    return tuple(number / looks for number in range(1, looks + 1))


class _Walk:
    """z from look to look: its density where no bound has been crossed, as weighted points."""

    def __init__(self, drift: float = 0.0) -> None:
        self._drift = drift
        self._at = 0.0
        self._points: list[tuple[float, float]] = []
        """z and weight of the look before, times the density there."""
        self._slope, self._shift, self._sd = 0.0, 0.0, 1.0
        self._next_at = 0.0

    def step(self, at: float) -> None:
        """Go on to a look: z there is ``slope * before + shift`` with the standard deviation ``sd``."""
        share = self._at / at
        self._slope = math.sqrt(share)
        self._sd = math.sqrt(max(1 - share, 1e-12))
        self._shift = self._drift * (at - self._at) / math.sqrt(at)
        self._next_at = at

    def crossing(self, bound: float) -> float:
        """The probability of crossing it here and no bound before."""
        if not self._points:
            return upper(bound - self._shift) + upper(bound + self._shift)
        total = 0.0
        for z, weight in self._points:
            mean = self._slope * z + self._shift
            total += weight * (upper((bound - mean) / self._sd) + upper((bound + mean) / self._sd))
        return total

    def stop(self, bound: float) -> None:
        """Keep only what is within the bound."""
        width = _PANEL * self._sd
        panels = max(2, math.ceil(2 * bound / width))
        half = bound / panels
        scale = 1 / (self._sd * math.sqrt(2 * math.pi))
        before = [(self._slope * z + self._shift, weight) for z, weight in self._points] or [(self._shift, 1.0)]
        sd, exp, points = self._sd, math.exp, list[tuple[float, float]]()
        for panel in range(panels):
            middle = -bound + half * (2 * panel + 1)
            for node, weight in _legendre():
                z = middle + half * node
                density = scale * sum(share * exp(-0.5 * ((z - mean) / sd) ** 2) for mean, share in before)
                points.append((z, weight * half * density))
        self._points, self._at = points, self._next_at


def _solve(crossing: Callable[[float], float], target: float) -> float:
    low, high = 0.0, LARGEST
    if crossing(high) >= target:
        return high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if crossing(middle) > target else (low, middle)
        if high - low < 1e-10:
            break
    return (low + high) / 2


@lru_cache(1)
def _legendre() -> tuple[tuple[float, float], ...]:
    """Nodes and weights of Gauss and Legendre on [-1, 1]."""
    found: list[tuple[float, float]] = []
    for number in range(_NODES):
        x = math.cos(math.pi * (number + 0.75) / (_NODES + 0.5))
        slope = 1.0
        for _ in range(50):
            one, two = 1.0, 0.0
            for degree in range(1, _NODES + 1):
                one, two = ((2 * degree - 1) * x * one - (degree - 1) * two) / degree, one
            slope = _NODES * (x * one - two) / (x * x - 1)
            x -= one / slope
            if abs(one / slope) < 1e-15:
                break
        found.append((x, 2 / ((1 - x * x) * slope * slope)))
    return tuple(found)
