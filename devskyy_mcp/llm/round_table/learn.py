"""What rounds have taught: who wins which kind of task, and whom to ask next.

Models are compared by Bradley and Terry's model over the duels of all rounds (who won a round beat each other answer of
it), fitted by minorization-maximization (Hunter 2004, Ann. Statist. 32:384), each duel weighted by its age. Whom to ask
is drawn by Thompson sampling, so that little-known models are tried in the measure that they may be good.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HALF_LIFE_DAYS = 30.0
HUMAN = 5.0
"""A person's pick counts as so many rounds."""
EXPLORED = 0.12
"""Share of rounds in which one of those asked is drawn evenly from the rest."""
COST_WEIGHT = 0.15
LATENCY_WEIGHT = 0.10
STEPS = 200
NEAR = 1e-9
Z = 1.959964
"""Of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Duel:
    """``weight`` 1 for a round of now that the panel decided."""

    winner: str
    loser: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Rating:
    """How a model stands in a kind of task.

    Args:
        strength: Bradley–Terry's, 1 for the average.
        wins: weighted duels won, of ``duels``.
        low, high: 95 % interval (Wilson) of the share of duels won.
    """

    model: str
    strength: float
    wins: float
    duels: float
    low: float
    high: float

    @property
    def chance(self) -> float:
        """Of giving a better answer than an average model."""
        return self.strength / (1 + self.strength)


def faded(weight: float, age_days: float) -> float:
    """The weight of something that is so old."""
    return weight * 0.5 ** (max(0.0, age_days) / HALF_LIFE_DAYS)


def rate(duels: Iterable[Duel]) -> dict[str, Rating]:
    """The models that took part, the strongest first. Each is taken to have won and lost once against an average one,
    so that one lucky round makes nobody a champion.
    """
    won: dict[str, float] = {}
    met: dict[tuple[str, str], float] = {}
    for duel in duels:
        won[duel.winner] = won.get(duel.winner, 0.0) + duel.weight
        won.setdefault(duel.loser, 0.0)
        pair = (min(duel.winner, duel.loser), max(duel.winner, duel.loser))
        met[pair] = met.get(pair, 0.0) + duel.weight
    strengths = _fit(won, met)
    total = dict.fromkeys(won, 0.0)
    for pair, weight in met.items():
        for one in pair:
            total[one] += weight
    order = sorted(strengths, key=lambda name: (-strengths[name], name))
    return {
        name: Rating(name, strengths[name], won[name], total[name], *wilson(won[name], total[name])) for name in order
    }


def _fit(won: Mapping[str, float], met: Mapping[tuple[str, str], float]) -> dict[str, float]:
    strength = dict.fromkeys(sorted(won), 1.0)
    for _ in range(STEPS):
        share = {name: 2.0 / (value + 1.0) for name, value in strength.items()}
        for (one, other), weight in met.items():
            each = weight / (strength[one] + strength[other])
            share[one] += each
            share[other] += each
        moved = {name: (won[name] + 1.0) / share[name] for name in strength}
        off = max((abs(math.log(moved[name] / strength[name])) for name in strength), default=0.0)
        strength = moved
        if off < NEAR:
            break
    return strength


def wilson(wins: float, number: float) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927); 0 to 1 where nothing is known."""
    if number <= 0:
        return 0.0, 1.0
    share, z2 = wins / number, Z * Z
    middle = (share + z2 / (2 * number)) / (1 + z2 / number)
    half = Z / (1 + z2 / number) * math.sqrt(share * (1 - share) / number + z2 / (4 * number * number))
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who may be asked. ``cost`` and ``seconds`` each as a share of the dearest and the slowest."""

    model: str
    cost: float = 0.0
    seconds: float = 0.0


def pick(candidates: Sequence[Candidate], ratings: Mapping[str, Rating], number: int, seed: str) -> list[str]:
    """All candidates in the order they are to be asked: the first ``number`` are, the others stand in reserve.

    In one of eight rounds the last of those asked is drawn evenly from the others, whatever is known of them.
    """
    chance = random.Random(seed)  # noqa: S311 # no secret
    drawn: dict[str, float] = {}
    for one in sorted(candidates, key=lambda one: one.model):
        rating = ratings.get(one.model)
        wins, losses = (rating.wins, rating.duels - rating.wins) if rating else (0.0, 0.0)
        quality = chance.betavariate(1 + max(0.0, wins), 1 + max(0.0, losses))
        drawn[one.model] = quality - COST_WEIGHT * one.cost - LATENCY_WEIGHT * one.seconds
    order = sorted(drawn, key=lambda name: (-drawn[name], name))
    if 0 < number < len(order) and chance.random() < EXPLORED:
        guest = order.pop(number + int(chance.random() * (len(order) - number)))
        order.insert(number - 1, guest)
    return order


def reliability(agreed: Mapping[str, tuple[int, int]]) -> dict[str, float]:
    """Per judge how far it is to be trusted, from (times its best was the people's pick, times there was a pick)."""
    return {judge: (right + 2.0) / (number + 4.0) for judge, (right, number) in agreed.items()}


def duels(rounds: Iterable[Mapping[str, Any]], now: int) -> list[Duel]:
    """Of rounds: ``at`` (microseconds), ``picked`` (by a person, or None), ``winner``, ``models`` by answer's number,
    ``compared``: whether somebody had compared the answers.
    """
    found: list[Duel] = []
    for one in rounds:
        human = one["picked"] is not None
        best = one["picked"] if human else one["winner"]
        models: Mapping[int, str] = one["models"]
        if best not in models or not (human or one["compared"]):
            continue
        weight = faded(HUMAN if human else 1.0, (now - one["at"]) / 86_400_000_000)
        found += [Duel(models[best], name, weight) for name in models.values() if name != models[best]]
    return found
