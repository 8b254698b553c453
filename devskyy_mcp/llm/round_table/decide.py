"""Who won: a pure function of the judges' scores. The same scores and seed give the same decision.

Scores are compared within a judge (z-scores: a strict judge counts as much as a mild one), weighted by how often the
judge agreed with people, and drawn again and again over judges and criteria for the chance that the leader is the best.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import mul
from typing import Literal

DRAWS = 200
NEAR = 1e-9
SURE = 0.60
"""Chance from which on the leader has won without pairwise comparisons."""
RANKING = "ranking"
RANKING_WEIGHT = 0.35
"""Of a judge's own order beside its scores, which tie often: they are whole numbers."""
HALF = 0.5
"""Share of the criteria's weight that must be left of a judge's scores of an answer for them to count."""
Decided = Literal["panel", "pairs", "tie-break", "unjudged", "only-one", "solo", "cascade"]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A judge's scores: per answer and criterion from 1 to 5; those whose evidence was none are left out. ``ranking``
    is its own order, the best first.
    """

    judge: str
    scores: Mapping[int, Mapping[str, float]]
    ranking: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Prior:
    """What is known of an answer apart from judgements, for tie-breaks."""

    chance: float = 0.5
    cost: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Standing:
    """``mean`` in standard deviations of the judges' scores."""

    answer: int
    mean: float
    p_best: float


@dataclass(frozen=True, slots=True)
class Vote:
    """One judge on two answers, shown in both orders; None for a tie."""

    judge: str
    first: int | None
    second: int | None

    @property
    def flipped(self) -> bool:
        """Whether the order decided."""
        return self.first != self.second


def standings(
    sheets: Sequence[Sheet], weights: Mapping[str, float], reliability: Mapping[str, float], seed: str
) -> list[Standing]:
    """The answers that were judged, the best first.

    Args:
        sheets: of the judges; one that scored fewer than two answers compares nothing and is left out.
        weights: of the criteria, which sum up to 1.
        reliability: per judge from 0 to 1; 0.5 where it is not known.
        seed: of the draws.
    """
    shares = {name: weight * (1 - RANKING_WEIGHT) for name, weight in weights.items()} | {RANKING: RANKING_WEIGHT}
    judged = [(sheet.judge, found) for sheet in sheets if (found := _compared(sheet, shares))]
    judged.sort(key=lambda pair: pair[0])
    answers = sorted({answer for _, found in judged for answer in found})
    if not answers:
        return []
    trust = [reliability.get(judge, 0.5) for judge, _ in judged]
    table = [found for _, found in judged]
    means = _means(table, trust, answers, shares)
    wins = _draw(table, trust, answers, shares, random.Random(seed))  # noqa: S311 # no secret
    found = [Standing(answer, means[answer], wins[answer] / DRAWS) for answer in answers]
    return sorted(found, key=lambda one: (-round(one.mean, 9), one.answer))


def _compared(sheet: Sheet, shares: Mapping[str, float]) -> dict[int, dict[str, float]]:
    """The judge's z-scores per answer and criterion: with its mean of the criterion, and the deviation of its sums."""
    places = _places(sheet)
    given = {
        answer: {**scores, **({RANKING: places[answer]} if answer in places else {})}
        for answer, scores in sheet.scores.items()
        if sum(shares[name] for name in scores if name in shares) >= HALF * (1 - RANKING_WEIGHT)
    }
    if len(given) < 2:
        return {}
    middle: dict[str, float] = {}
    for name in shares:
        values = [scores[name] for scores in given.values() if name in scores]
        middle[name] = sum(values) / len(values) if values else 0.0
    off = {
        answer: {name: value - middle[name] for name, value in scores.items() if name in shares}
        for answer, scores in given.items()
    }
    sums = [_sum(one, shares) for one in off.values()]
    centre = sum(sums) / len(sums)
    deviation = (sum((one - centre) ** 2 for one in sums) / len(sums)) ** 0.5 or 1.0
    return {answer: {name: value / deviation for name, value in one.items()} for answer, one in off.items()}


def _places(sheet: Sheet) -> dict[int, float]:
    """Its ranking as scores from 5 to 1; none where it does not rank what it scored."""
    order = [answer for answer in sheet.ranking if answer in sheet.scores]
    if len(order) < 2 or set(order) != set(sheet.scores) or len(order) != len(set(order)):
        return {}
    return {answer: 5.0 - 4.0 * place / (len(order) - 1) for place, answer in enumerate(order)}


def _sum(scores: Mapping[str, float], shares: Mapping[str, float]) -> float:
    there = sum(shares[name] for name in scores)
    return sum(shares[name] * value for name, value in scores.items()) / there if there else 0.0


def _means(
    judged: Sequence[Mapping[int, Mapping[str, float]]],
    trust: Sequence[float],
    answers: Sequence[int],
    shares: Mapping[str, float],
) -> dict[int, float]:
    found: dict[int, float] = {}
    for answer in answers:
        rows = [(weight, one[answer]) for weight, one in zip(trust, judged, strict=True) if answer in one]
        total = sum(weight for weight, _ in rows) or 1.0
        found[answer] = sum(weight * _sum(scores, shares) for weight, scores in rows) / total
    return found


def _draw(
    judged: Sequence[Mapping[int, Mapping[str, float]]],
    trust: Sequence[float],
    answers: Sequence[int],
    shares: Mapping[str, float],
    chance: random.Random,
) -> dict[int, float]:
    """How often each answer is the best, or its share in it, when judges and criteria are drawn with replacement."""
    names = list(shares)
    size, wide = len(judged), len(names)
    flat = [
        [[(one[answer].get(name, 0.0) * shares[name]) for name in names] if answer in one else None for one in judged]
        for answer in answers
    ]
    wins = dict.fromkeys(answers, 0.0)
    for _ in range(DRAWS):
        drawn = [0.0] * size
        for _ in range(size):
            judge = int(chance.random() * size)
            drawn[judge] += trust[judge]
        times = [0.0] * wide
        for _ in range(wide):
            times[int(chance.random() * wide)] += 1.0
        there = [(judge, weight) for judge, weight in enumerate(drawn) if weight]
        best, top = list[int](), float("-inf")
        for answer, rows in zip(answers, flat, strict=True):
            total = weights = 0.0
            for judge, weight in there:
                row = rows[judge]
                if row is not None:
                    weights += weight
                    total += weight * sum(map(mul, row, times))
            mean = total / weights if weights else float("-inf")
            if mean > top + NEAR:
                best, top = [answer], mean
            elif mean > top - NEAR:
                best.append(answer)
        for answer in best:
            wins[answer] += 1 / len(best)
    return wins


@dataclass(frozen=True, slots=True)
class Decision:
    """``p_best`` is None where nobody judged. ``how`` in one word, ``why`` in a sentence."""

    winner: int
    how: Decided
    why: str
    p_best: float | None = None
    order: tuple[int, ...] = ()
    votes: tuple[Vote, ...] = ()


def needs_pairs(found: Sequence[Standing]) -> bool:
    """Whether the two leaders are to be compared once more."""
    return len(found) > 1 and found[0].p_best < SURE


def decided(found: Sequence[Standing], judges: int, votes: Sequence[Vote], priors: Mapping[int, Prior]) -> Decision:
    """The decision.

    Args:
        found: as ``standings`` gives it.
        judges: whose sheets count.
        votes: on the two leaders, where they were asked for.
        priors: of every answer that stands.
    """
    if len(priors) == 1:
        return Decision(next(iter(priors)), "only-one", "Only one answer stood.", None, tuple(priors))
    if judges < 2 or len(found) < 2:
        order = sorted(priors, key=lambda one: _rank(priors[one], one))
        why = "Fewer than two judges could be had, so nobody compared: by earlier wins, then price, then speed."
        return Decision(order[0], "unjudged", why, None, tuple(order))
    order = [one.answer for one in found]
    if not needs_pairs(found):
        why = f"{judges} judges: the chance that it is the best is {found[0].p_best:.0%}."
        return Decision(order[0], "panel", why, found[0].p_best, tuple(order))
    first, second = order[:2]
    points = {first: 0.0, second: 0.0}
    for vote in votes:
        for one in (vote.first, vote.second):
            if one in points:
                points[one] += 1
    if points[first] != points[second]:
        winner = max(points, key=lambda one: points[one])
        why = f"The two best were close; compared in both orders they got {points[first]:.0f} to {points[second]:.0f}."
        return Decision(winner, "pairs", why, found[0].p_best, _first(winner, order), tuple(votes))
    winner = min(points, key=lambda one: _rank(priors[one], one))
    why = "The two best were as good as each other: the one with more earlier wins, else the cheaper, else the faster."
    return Decision(winner, "tie-break", why, found[0].p_best, _first(winner, order), tuple(votes))


def _rank(prior: Prior, answer: int) -> tuple[float, float, float, int]:
    return -round(prior.chance, 6), prior.cost, prior.seconds, answer


def _first(winner: int, order: Sequence[int]) -> tuple[int, ...]:
    return winner, *(one for one in order if one != winner)
