"""What a look finds, and what it means: from the arms' sums to a decision in words. Nothing here reads or writes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import sequential, statistics
from .model import Decision, weights
from .statistics import SRM_ALARM, Arm, Difference, Estimate

Json = dict[str, Any]
EMPTY = Arm(0, 0.0, 0.0)
FEWEST_EVENTS = 10
"""In each variant, before a look is made: with fewer the normal approximation is none."""
Data = Mapping[str, Mapping[str, Arm]]
"""What there is of a test now: sums by metric and variant."""


@dataclass(slots=True)
class Looked:
    """A look as it is kept: ``body`` goes into the database and comes back as it was."""

    fraction: float
    decision: Decision
    comparisons: list[Json]
    guardrails: list[Json]
    values: dict[str, Json]
    differing: list[str] = field(default_factory=list[str])
    cuped: float | None = None

    def body(self) -> Json:
        return {name: getattr(self, name) for name in Looked.__slots__}


def fraction(definition: Mapping[str, Any], numbers: Mapping[str, int]) -> float:
    """Of the planned information, by what the plan counts; of the comparison that has the least."""
    keys = [one["key"] for one in definition["variants"]]
    control = numbers.get(keys[0], 0)
    found: list[float] = []
    for key in keys[1:]:
        other = numbers.get(key, 0)
        found.append(2 * control * other / (control + other) / definition["planned"] if control and other else 0.0)
    return min(found)


def due(definition: Mapping[str, Any], share: float) -> int:
    """The number of the registered look that the information has reached; 0 before the first."""
    return min(int(share * definition["looks"] + 1e-9), definition["looks"])


def split(definition: Mapping[str, Any], units: Mapping[str, int]) -> float:
    """P of the check that units are split as registered."""
    return statistics.srm([units.get(one["key"], 0) for one in definition["variants"]], weights(definition))


def look(definition: Mapping[str, Any], data: Data, share: float, earlier: Sequence[Looked]) -> Looked | None:
    """What a look finds; None where there is too little to see anything.

    Args:
        definition: as registered.
        data: all that came so far.
        share: of the planned information there is now.
        earlier: looks before, in order.
    """
    metric = definition["metric"]
    keys = [one["key"] for one in definition["variants"]]
    arms = [data[metric["name"]].get(key, EMPTY) for key in keys]
    if any(arm.events < FEWEST_EVENTS for arm in arms):
        return None
    estimates, cuped = [statistics.estimate(metric["kind"], arm) for arm in arms], None
    if "covariate" in definition:
        estimates, cuped = statistics.cuped(metric["kind"], arms)
    found = [statistics.difference(estimates[0], one) for one in estimates[1:]]
    last = due(definition, share) == definition["looks"]
    fractions = (*(one.fraction for one in earlier), max(share, earlier[-1].fraction + 1e-6 if earlier else share))
    differing = [key for one in earlier[-1:] for key in one.differing]
    critical = _holm(definition["alpha"], dict(zip(keys[1:], found, strict=True)), differing, fractions, last=last)
    comparisons = [
        _comparison(key, one, critical[key], estimates[0], differs=key in differing)
        for key, one in zip(keys[1:], found, strict=True)
    ]
    values = {
        key: {"value": one.value, "conversions": arm.events}
        for key, one, arm in zip(keys, estimates, arms, strict=True)
    }
    decision = _decision(comparisons, metric["better"], last=last)
    guardrails = _guardrails(definition, data)
    return Looked(fractions[-1], decision, comparisons, guardrails, values, differing, cuped)


def _holm(
    alpha: float, found: Mapping[str, Difference], differing: list[str], fractions: tuple[float, ...], *, last: bool
) -> dict[str, float]:
    """Adds to ``differing`` what crosses its bound, and gives each one's bound.

    Holm's step-down with group-sequential bounds (Ye, Li, Liu and Yao, Statistics in Medicine 32, 2013): what is left
    is tested at alpha by the number of hypotheses that are left.
    """
    left = [key for key in found if key not in differing]
    critical = dict.fromkeys(found, sequential.bounds(alpha / len(found), fractions, last=last)[-1])
    while left:
        bound = sequential.bounds(alpha / len(left), fractions, last=last)[-1]
        critical |= dict.fromkeys(left, bound)
        crossed = [key for key in left if abs(found[key].z) >= bound]
        if not crossed:
            break
        strongest = max(crossed, key=lambda key: abs(found[key].z))
        differing.append(strongest)
        left.remove(strongest)
    return critical


def _comparison(key: str, one: Difference, critical: float, control: Estimate, *, differs: bool) -> Json:
    low, high = one.interval(critical)
    return {
        "variant": key,
        "difference": one.difference,
        "relative": one.difference / control.value if control.value else None,
        "low": low,
        "high": high,
        "z": one.z,
        "p": one.p,
        "p_needed": 2 * sequential.upper(critical),
        "differs": differs,
    }


def _guardrails(definition: Mapping[str, Any], data: Data) -> list[Json]:
    keys = [one["key"] for one in definition["variants"]]
    found: list[Json] = []
    for rail in definition["guardrails"]:
        arms = data[rail["name"]]
        control = statistics.estimate(rail["kind"], arms.get(keys[0], EMPTY))
        for key in keys[1:]:
            variant = statistics.estimate(rail["kind"], arms.get(key, EMPTY))
            p = statistics.non_inferior(control, variant, rail["margin"], rail["better"])
            found.append(
                {
                    "metric": rail["name"],
                    "variant": key,
                    "control": control.value,
                    "value": variant.value,
                    "margin": rail["margin"],
                    "p": p,
                    "holds": p < definition["alpha"],
                }
            )
    return found


def _decision(comparisons: Sequence[Json], better: str, *, last: bool) -> Decision:
    differing = [one for one in comparisons if one["differs"]]
    if any((one["difference"] > 0) == (better == "up") for one in differing):
        return "stop_efficacy"
    if len(differing) == len(comparisons):
        return "stop_harm"
    return "no_difference" if last else "go_on"


def words(definition: Mapping[str, Any], found: Looked | None, share: float, p_split: float, *, ended: bool) -> str:
    """The decision as a person reads it."""
    if p_split < SRM_ALARM:
        return (
            f"Invalid: the units are not split as registered (p = {p_split:.2g}), so what was measured can't be "
            "trusted. Find out why, such as redirects, bots or a cache that keeps one variant, and register a new test."
        )
    noun = _noun(definition)
    far = f"{int(share * definition['planned']):,} of {definition['planned']:,} {noun} in each variant"
    if found is None:
        if share and due(definition, share):
            return f"Not enough yet: {far}, but a look needs {FEWEST_EVENTS} conversions in each as well."
        if ended:
            return f"No result: it was stopped at {far}, before its first look."
        return f"Not enough yet: {far}; the first look is due at {next_look(definition, 0):,}."
    if found.decision == "go_on":
        if ended:
            return f"No difference shown: it was stopped at {far}, before a look decided."
        return f"Go on: no bound is crossed yet, at {far}. A look before the next registered one would cost error."
    if found.decision == "no_difference":
        return (
            f"No difference shown with the {definition['planned']:,} {noun} planned in "
            "each variant. That is not a proof that there is none: the interval says how large it may be."
        )
    better = definition["metric"]["better"]
    good = [one for one in found.comparisons if one["differs"] and (one["difference"] > 0) == (better == "up")]
    if found.decision == "stop_harm":
        return "Stop: what was tried is worse than the control. Keep the control."
    best = max(good, key=lambda one: abs(one["difference"]))
    relative = "" if best["relative"] is None else f" by {abs(best['relative']):.1%}"
    broken = sorted(
        {one["metric"] for one in found.guardrails if one["variant"] == best["variant"] and not one["holds"]}
    )
    kept = f" But it is not shown that {' and '.join(broken)} hold: look there before you take it." if broken else ""
    metric = definition["metric"]["name"]
    return f"Stop for efficacy: {best['variant']} is better than the control{relative} in {metric}.{kept}"


def _noun(definition: Mapping[str, Any]) -> str:
    if definition["metric"]["kind"] == "ratio":
        return "conversions"
    return f"{definition['unit']}s" if definition["unit"] in ("visitor", "customer") else "units"


def next_look(definition: Mapping[str, Any], made: int) -> int | None:
    """At how many units or conversions in each variant the next look is due; None after the last."""
    if made >= definition["looks"]:
        return None
    return math.ceil(definition["planned"] * (made + 1) / definition["looks"])
