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
Method = Callable[[Sequence[float], int], list[float]]
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
    def forecast(history: Sequence[float], horizon: int) -> list[float]:
        some = history[-window:]
        return [sum(some) / len(some)] * horizon

    return forecast


def seasonal_naive(season: int) -> Method:
    def forecast(history: Sequence[float], horizon: int) -> list[float]:
        return [history[-season + step % season] for step in range(horizon)]

    return forecast


def smoothing(history: Sequence[float], horizon: int) -> list[float]:
    """Simple exponential smoothing; the weight is the one with the least squared errors one period ahead."""
    return [min(_smoothed(history, alpha) for alpha in _ALPHAS)[1]] * horizon


def _smoothed(history: Sequence[float], alpha: float) -> tuple[float, float]:
    begin = history[: min(4, len(history))]
    level, squares = sum(begin) / len(begin), 0.0
    for value in history:
        squares += (value - level) ** 2
        level += alpha * (value - level)
    return squares, level


def tsb(history: Sequence[float], horizon: int, alpha: float = 0.1, beta: float = 0.1) -> list[float]:
    """Chance of any demand times its size, each smoothed: the chance with every period, the size with each demand."""
    sizes = [value for value in history if value > 0]
    if not sizes:
        return [0.0] * horizon
    chance, size = len(sizes) / len(history), sum(sizes) / len(sizes)
    for value in history:
        chance += beta * ((1.0 if value > 0 else 0.0) - chance)
        if value > 0:
            size += alpha * (value - size)
    return [chance * size] * horizon


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
    steps = methods[best.method](history, horizon)
    return Chosen([max(0.0, step) for step in steps], best, scores)


def _score(name: str, method: Method, history: Sequence[float], horizon: int, origins: Sequence[int]) -> Score:
    errors: list[float] = []
    sums: list[float] = []
    shares: list[float] = []
    actual = 0.0
    for origin in origins:
        forecast, real = method(history[:origin], horizon), history[origin : origin + horizon]
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
