"""The arithmetic against statsmodels and scipy, which know nothing of it."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

import numpy as np
import pytest

from devskyy_mcp.experiments import analysis
from devskyy_mcp.experiments.sequential import quantile
from devskyy_mcp.experiments.statistics import (
    Arm,
    chi_square_p,
    cuped,
    difference,
    estimate,
    non_inferior,
    sample_size,
    srm,
)

# They come without types.
proportion, weightstats, multitest, distributions = (
    cast("Any", import_module(name))
    for name in (
        *("statsmodels.stats.proportion", "statsmodels.stats.weightstats", "statsmodels.stats.multitest"),
        "scipy.stats",
    )
)
CompareMeans, DescrStatsW = weightstats.CompareMeans, weightstats.DescrStatsW
CLOSE = 1e-9
Floats = np.ndarray[Any, np.dtype[np.float64]]
RATES = [(600, 20_000, 660, 19_800), (3, 100, 9, 90), (5_000, 10_000, 5_001, 10_000), (40, 50_000, 2, 1_000)]


def arm(y: Floats, x: Floats | None = None) -> Arm:
    x = np.zeros_like(y) if x is None else x
    return Arm(len(y), *(float(one.sum()) for one in (y, y * y, x, x * x, x * y)), events=int((y > 0).sum()))


@pytest.mark.requirement("experiments:statsmodels")
@pytest.mark.parametrize(("a", "n", "b", "m"), RATES)
def test_rates_are_as_statsmodels_has_them(a: int, n: int, b: int, m: int) -> None:
    found = difference(estimate("rate", Arm(n, a, a)), estimate("rate", Arm(m, b, b)))
    wanted = proportion.test_proportions_2indep(b, m, a, n, compare="diff", method="wald")
    assert found.z == pytest.approx(wanted.statistic, abs=CLOSE)
    assert found.p == pytest.approx(wanted.pvalue, abs=CLOSE)
    interval = proportion.confint_proportions_2indep(b, m, a, n, compare="diff", method="wald", alpha=0.05)
    assert found.interval(quantile(0.025)) == pytest.approx(interval, abs=CLOSE)


@pytest.mark.requirement("experiments:statsmodels")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_means_are_as_statsmodels_has_them(seed: int) -> None:
    random = np.random.default_rng(seed)
    one, two = random.gamma(2, 30, 1_000 * seed), random.gamma(2, 31, 900)
    found = difference(estimate("mean", arm(one)), estimate("mean", arm(two)))
    compared = CompareMeans(DescrStatsW(two), DescrStatsW(one))
    assert (found.z, found.p) == pytest.approx(compared.ztest_ind(usevar="unequal"), abs=CLOSE)
    interval = compared.zconfint_diff(usevar="unequal")
    assert found.interval(quantile(0.025)) == pytest.approx(interval, abs=CLOSE)
    larger = CompareMeans(DescrStatsW(two), DescrStatsW(one * 0.95)).ztest_ind(alternative="larger", usevar="unequal")
    p = non_inferior(estimate("mean", arm(one)), estimate("mean", arm(two)), 0.05, "up")
    assert p == pytest.approx(larger[1], abs=CLOSE)
    smaller = CompareMeans(DescrStatsW(two), DescrStatsW(one * 1.1)).ztest_ind(alternative="smaller", usevar="unequal")
    p = non_inferior(estimate("mean", arm(one)), estimate("mean", arm(two)), 0.1, "down")
    assert p == pytest.approx(smaller[1], abs=CLOSE)


@pytest.mark.requirement("experiments:statsmodels")
def test_chi_square_is_as_scipy_has_it() -> None:
    for freedom in range(1, 10):
        for statistic in (0.0, 0.001, 0.5, 1.0, 3.84, 12.0, 60.0, 300.0):
            assert chi_square_p(statistic, freedom) == pytest.approx(
                float(distributions.chi2.sf(statistic, freedom)), abs=CLOSE
            )
    assert srm([5_000, 5_000], [50, 50]) == 1.0
    assert srm([5_000, 5_400], [50, 50]) < 0.0005 < srm([5_000, 5_100], [50, 50])
    assert srm([9_000, 1_000], [90, 10]) == 1.0


@pytest.mark.requirement("experiments:statsmodels")
@pytest.mark.parametrize("seed", range(20))
def test_holm_rejects_what_statsmodels_rejects(seed: int) -> None:
    random = np.random.default_rng(seed)
    found = {f"v{one}": difference(estimate("mean", ZERO), estimate("mean", shifted(z))) for one, z in
             enumerate(random.normal(1.5, 1.2, 5))}  # fmt: skip
    differing: list[str] = []
    analysis._holm(0.05, found, differing, (1.0,), last=True)  # pyright: ignore[reportPrivateUsage] # the step itself
    wanted, *_ = multitest.multipletests([one.p for one in found.values()], alpha=0.05, method="holm")
    assert {key for key, rejected in zip(found, wanted, strict=True) if rejected} == set(differing)


ZERO = Arm(100, 0.0, 100.0)


def shifted(z: float) -> Arm:
    n = 100
    mean = z * (2 / (n - 1)) ** 0.5
    return Arm(n, mean * n, n + n * mean**2)


def test_the_delta_method_tells_the_spread_of_a_ratio() -> None:
    """Against 4,000 real repetitions: the standard error of revenue per order over visitors."""
    random = np.random.default_rng(11)
    orders = random.poisson(0.6, (4_000, 500)).astype(float)
    revenue = orders * random.gamma(3, 20, orders.shape)
    ratios = revenue.sum(1) / orders.sum(1)
    found = [estimate("ratio", arm(revenue[one], orders[one])) for one in range(50)]
    assert found[0].value == pytest.approx(ratios[0])
    assert np.mean([one.variance**0.5 for one in found]) == pytest.approx(ratios.std(), rel=0.05)


def test_cuped_takes_away_what_the_past_explains() -> None:
    """With a correlation of .8, .64 of the variance; the difference stays where it was."""
    random = np.random.default_rng(5)
    past = [random.normal(50, 10, 20_000) for _ in range(2)]
    now = [0.8 * one + random.normal(10 + shift, 6, one.shape) for one, shift in zip(past, (0, 0.4), strict=True)]
    arms = [arm(y, x) for y, x in zip(now, past, strict=True)]
    adjusted, share = cuped("mean", arms)
    assert share == pytest.approx(0.64, abs=0.01)
    plain = difference(*(estimate("mean", one) for one in arms))
    better = difference(*adjusted)
    assert better.error == pytest.approx(plain.error * (1 - share) ** 0.5, rel=0.01)
    assert abs(better.difference - 0.4) < 3 * better.error
    assert cuped("mean", [arm(y) for y in now])[1] == 0.0


@pytest.mark.parametrize(("base", "mde", "power"), [(0.03, 0.2, 0.8), (0.1, 0.05, 0.9), (0.5, -0.1, 0.8)])
def test_the_planned_size_has_the_power(base: float, mde: float, power: float) -> None:
    planned = sample_size("rate", base, mde, 0.0, 0.05, power)
    assert proportion.power_proportions_2indep(base * mde, base, planned, return_results=False) == pytest.approx(
        power, abs=0.002
    )


def test_nothing_and_too_little_are_no_error() -> None:
    empty = Arm(0, 0.0, 0.0)
    for kind in ("rate", "mean", "ratio"):
        found = difference(estimate(kind, empty), estimate(kind, Arm(1, 1.0, 1.0)))
        assert (found.z, found.p) == (0.0, 1.0)
    assert non_inferior(estimate("rate", empty), estimate("rate", empty), 0.1, "up") == 1.0
    assert srm([0, 0], [50, 50]) == 1.0
