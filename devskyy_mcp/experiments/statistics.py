"""The arithmetic of results: arms as sums, their difference, guardrails, and whether the split is what it should be.

Standard library only. An arm is known by sums over its units, whatever its size: of values, squares and products.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .sequential import quantile, upper

if TYPE_CHECKING:
    from .model import Better, Kind

SRM_ALARM = 0.0005
"""Below it the split can't be chance (Fabijan et al., KDD 2019): what a result says then is worth nothing."""
WINSORISED = 0.995
"""Share of the values above zero that stay as they are; larger ones count as large as this one."""


@dataclass(frozen=True, slots=True)
class Arm:
    """Sums over the units of one variant.

    Args:
        n: units.
        y: of what is measured: for a rate 1 for who converted, for a mean the unit's total, for a ratio the numerator.
        yy: of its squares.
        x: of what goes with it: for a ratio the denominator, else the unit's value from before, for CUPED.
        xx, xy: of squares and products.
        events: conversions.
    """

    n: int
    y: float
    yy: float
    x: float = 0.0
    xx: float = 0.0
    xy: float = 0.0
    events: int = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value per unit (or per event), with the variance of the estimate."""

    value: float
    variance: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Variant minus control."""

    difference: float
    error: float
    """Standard error; 0 where nothing varies, and then ``z`` is 0, too."""

    @property
    def z(self) -> float:
        return self.difference / self.error if self.error else 0.0

    @property
    def p(self) -> float:
        """Two-sided."""
        return 2 * upper(abs(self.z))

    def interval(self, critical: float) -> tuple[float, float]:
        return self.difference - critical * self.error, self.difference + critical * self.error


def estimate(kind: Kind, arm: Arm) -> Estimate:
    """Of one arm. A rate has the variance p(1-p)/n, a mean s²/n, a ratio that of the delta method.

    The delta method: Deng, Knoblich and Lu, KDD 2018, equation 4.
    """
    n = arm.n
    if n < 2 or (kind == "ratio" and arm.x == 0):
        return Estimate(0.0, 0.0)
    mean = arm.y / n
    if kind == "rate":
        return Estimate(mean, mean * (1 - mean) / n)
    if kind == "mean":
        return Estimate(mean, _variance(arm.y, arm.yy, n) / n)
    ratio, below = arm.y / arm.x, arm.x / n
    spread = _variance(arm.y, arm.yy, n) - 2 * ratio * _covariance(arm, n) + ratio**2 * _variance(arm.x, arm.xx, n)
    return Estimate(ratio, max(spread, 0.0) / (n * below**2))


def difference(control: Estimate, variant: Estimate) -> Difference:
    """Variances are not pooled, so that test and interval say the same."""
    return Difference(variant.value - control.value, math.sqrt(control.variance + variant.variance))


def non_inferior(control: Estimate, variant: Estimate, margin: float, better: Better) -> float:
    """One-sided p of: worse than the control by the margin or more, which is a share of the control's own value.

    Small says that it is not. The margin is of an estimate too, whose variance counts.
    """
    keep = 1 - margin if better == "up" else 1 + margin
    gap = variant.value - keep * control.value
    error = math.sqrt(variant.variance + keep**2 * control.variance)
    if not error:
        return 1.0
    return upper(gap / error if better == "up" else -gap / error)


def cuped(kind: Kind, arms: Sequence[Arm]) -> tuple[list[Estimate], float]:
    """Means freed of what the units' values from before explain, and the share of variance that this takes away.

    One slope for all arms (Deng, Xu, Kohavi and Walker, WSDM 2013); ``x`` is the value from before, and the mean where
    there is none.
    """
    n = sum(arm.n for arm in arms)
    middle = sum(arm.x for arm in arms) / n if n else 0.0
    spread = sum(_variance(arm.x, arm.xx, arm.n) * (arm.n - 1) for arm in arms if arm.n > 1)
    if not spread:
        return [estimate(kind, arm) for arm in arms], 0.0
    slope = sum(_covariance(arm, arm.n) * (arm.n - 1) for arm in arms if arm.n > 1) / spread
    found: list[Estimate] = []
    before = after = 0.0
    for arm in arms:
        if arm.n < 2:
            found.append(Estimate(0.0, 0.0))
            continue
        plain = _variance(arm.y, arm.yy, arm.n)
        left = plain - 2 * slope * _covariance(arm, arm.n) + slope**2 * _variance(arm.x, arm.xx, arm.n)
        found.append(Estimate(arm.y / arm.n - slope * (arm.x / arm.n - middle), max(left, 0.0) / arm.n))
        before, after = before + plain * (arm.n - 1), after + left * (arm.n - 1)
    return found, 1 - after / before if before else 0.0


def srm(counts: Sequence[int], weights: Sequence[float]) -> float:
    """P of the chi-square test that the units are split as the weights say (sample ratio mismatch)."""
    n, whole = sum(counts), sum(weights)
    if not n:
        return 1.0
    pairs = [(count, n * weight / whole) for count, weight in zip(counts, weights, strict=True) if weight]
    return chi_square_p(sum((count - wanted) ** 2 / wanted for count, wanted in pairs), len(pairs) - 1)


def chi_square_p(statistic: float, freedom: int) -> float:
    """P(X > statistic), by the incomplete gamma function's recurrence (Abramowitz and Stegun 26.4.4 and 26.4.5)."""
    if statistic <= 0 or freedom < 1:
        return 1.0
    half = statistic / 2
    total, degree = (math.erfc(math.sqrt(half)), 1) if freedom % 2 else (math.exp(-half), 2)
    while degree < freedom:
        total += math.exp(degree / 2 * math.log(half) - half - math.lgamma(degree / 2 + 1))
        degree += 2
    return min(total, 1.0)


def sample_size(
    kind: Kind, base: float, mde: float, sd: float, alpha: float, power: float, looks_cost: float = 1.0
) -> int:
    """Units per arm (for a ratio events), so that a relative difference of ``mde`` is found with that power.

    ``base`` is the control's value and ``sd`` its standard deviation, which a rate does not need; ``looks_cost`` says
    how much larger the test must be for being looked at several times (``sequential.inflation``).
    """
    wanted = abs(base * mde)
    other = base * (1 + mde)
    spread = base * (1 - base) + other * (1 - other) if kind == "rate" else 2 * sd**2
    needed = (quantile(alpha / 2) + quantile(1 - power)) ** 2 * spread / wanted**2
    return max(2, math.ceil(needed * looks_cost))


def _variance(total: float, squares: float, n: int) -> float:
    return max((squares - total * total / n) / (n - 1), 0.0)


def _covariance(arm: Arm, n: int) -> float:
    return (arm.xy - arm.x * arm.y / n) / (n - 1)
