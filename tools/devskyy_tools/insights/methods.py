"""Ways to forecast a series of sums per week or day, and how the best of them is chosen: by how well each would have
forecast what is known by now.

Exponential smoothing after Brown (1956) and Hyndman & Athanasopoulos, Forecasting: Principles and Practice, §8.1; for
series with many zeros TSB, Teunter, Syntetos and Babai (2011), which lets demand die out; errors as in §5.8.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

ORIGINS = 8
"""How often each method forecasts the past, each time one period later."""
FEWEST_ORIGINS = 4
TRAINED = 8
"""Periods that a method has seen at least before it forecasts."""
SOLD_IN = 4
"""Periods with sales, at least."""
Z80 = 1.2815515655446004
"""Quantile .9 of the normal distribution: between minus and plus this lie 80 %."""
ALPHA, BETA = 0.1, 0.1
"""Weights of TSB: of a demand in its size, of a period in its chance."""
Forecasts = list[list[float]]
Method = Callable[[Sequence[float], Sequence[int], int], Forecasts]
"""From each origin, a number of periods known by then, forecasts of as many periods as the horizon has; what
comes after an origin has no part in its forecast."""
_ALPHAS = tuple(step / 20 for step in range(1, 13))


@dataclass(frozen=True, slots=True)
class Score:
    """Of one method in the back-test; percentages are None where nothing was sold in what was forecast."""

    method: str
    wape: float | None
    mape: float | None
    mae: float
    step_error: float
    total_error: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """The best method's forecast, and the errors by which it was chosen: root mean squares, of one period and of the
    sum over the horizon.
    """

    steps: list[float]
    best: Score
    scores: list[Score]


def moving_average(window: int) -> Method:
    def forecast(history: Sequence[float], origins: Sequence[int], horizon: int) -> Forecasts:
        return [[sum(some) / len(some)] * horizon for at in origins for some in [history[max(0, at - window) : at]]]

    return forecast


def seasonal_naive(season: int) -> Method:
    def forecast(history: Sequence[float], origins: Sequence[int], horizon: int) -> Forecasts:
        return [[history[at - season + step % season] for step in range(horizon)] for at in origins]

    return forecast


def smoothing(history: Sequence[float], origins: Sequence[int], horizon: int) -> Forecasts:
    """Simple exponential smoothing; the weight is the one with the least squared errors one period ahead until then."""
    runs = [smoothed(history, alpha) for alpha in _ALPHAS]
    return [[min(run[at] for run in runs)[1]] * horizon for at in origins]


def smoothed(history: Sequence[float], alpha: float) -> list[tuple[float, float]]:
    """Squared errors and level after each number of periods; begins at the mean of the first four."""
    begin = history[:4]
    level, squares = sum(begin) / len(begin), 0.0
    found = [(squares, level)]
    for value in history:
        squares += (value - level) ** 2
        level += alpha * (value - level)
        found.append((squares, level))
    return found


def tsb(history: Sequence[float], origins: Sequence[int], horizon: int) -> Forecasts:
    """Chance of any demand times its size, each smoothed: the chance with every period, the size with each demand."""
    begin = history[:TRAINED]
    chance, size = sum(1 for value in begin if value > 0) / len(begin), 0.0
    levels = [chance * size]
    for value in history:
        chance += BETA * ((1.0 if value > 0 else 0.0) - chance)
        if value > 0:
            size = size + ALPHA * (value - size) if size else value
        levels.append(chance * size)
    return [[levels[at]] * horizon for at in origins]


def candidates(history: Sequence[float], season: int) -> dict[str, Method]:
    """The methods that this series can be forecast by, the simplest first."""
    found: dict[str, Method] = {"moving_average": moving_average(8 if season > 7 else 28)}
    if len(history) >= season + TRAINED:
        found["seasonal_naive"] = seasonal_naive(season)
    found["exponential_smoothing"] = smoothing
    if any(value <= 0 for value in history):
        found["tsb"] = tsb
    return found


def lacking(history: Sequence[float], horizon: int) -> str:
    """Why there is no honest forecast; empty when there is."""
    needed = TRAINED + horizon + FEWEST_ORIGINS - 1
    if len(history) < needed:
        return f"not enough data: {len(history)} periods of history, {needed} are needed for this horizon"
    sold_in = sum(1 for value in history if value > 0)
    if sold_in < SOLD_IN:
        return f"not enough data: sold in {sold_in} periods, {SOLD_IN} are needed"
    return ""


def choose(history: Sequence[float], horizon: int, season: int) -> Chosen:
    """The method with the least squared errors in a rolling-origin back-test, and its forecast. Absolute errors would
    favour forecasts of nothing for what sells now and then: their least is at the median.

    ``lacking`` must have been asked before.
    """
    count = min(ORIGINS, len(history) - horizon - TRAINED + 1)
    origins = range(len(history) - horizon - count + 1, len(history) - horizon + 1)
    methods = candidates(history[: origins[0]], season)
    scores = [_score(name, method, history, horizon, origins) for name, method in methods.items()]
    best = min(scores, key=lambda one: one.step_error)
    [steps] = methods[best.method](history, [len(history)], horizon)
    return Chosen([max(0.0, step) for step in steps], best, scores)


def _score(name: str, method: Method, history: Sequence[float], horizon: int, origins: Sequence[int]) -> Score:
    errors: list[float] = []
    sums: list[float] = []
    shares: list[float] = []
    actual = 0.0
    for origin, forecast in zip(origins, method(history, origins, horizon), strict=True):
        real = history[origin : origin + horizon]
        missed = [guess - value for guess, value in zip(forecast, real, strict=True)]
        errors += missed
        sums.append(sum(missed))
        shares += [abs(miss) / value for miss, value in zip(missed, real, strict=True) if value > 0]
        actual += sum(real)
    absolute = sum(map(abs, errors))
    return Score(
        method=name,
        wape=100 * absolute / actual if actual > 0 else None,
        mape=100 * sum(shares) / len(shares) if shares else None,
        mae=absolute / len(errors),
        step_error=sqrt(sum(miss * miss for miss in errors) / len(errors)),
        total_error=sqrt(sum(miss * miss for miss in sums) / len(sums)),
    )
