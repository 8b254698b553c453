"""Which model is asked: a pure function of the want, the models and the facts, with every reason told.

Those that can't do it, must not, or are down are passed over. Of the rest go first, in this order: what the caller
prefers; where the job has a limit in money, those whose price is known; the nearest tier; the highest worth, which is
the chance that it gives the best answer less what it costs and how long it takes, each compared with the dearest and
the slowest of the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from .asking import TIERS, Choice, Facts, Latency, Need, PassedOver, Tier, Want
from .models import Model
from .port import Image, Request, Usage
from .prices import ASSUMED, cost, per_million

UNKNOWN_CHANCE = 0.5
COST_WEIGHT = 0.3
LATENCY_WEIGHT = 0.2
TYPICAL_OUT = 500
"""Tokens of an answer as it is compared; what is reserved is ``max_output``."""


@dataclass(frozen=True, slots=True)
class Size:
    """A request's size, which decides what it may cost and who can take it.

    Args:
        tokens: what goes in, at most.
        max_output: what may come out.
        needs: what the request shows that it needs.
        schema_with_tools: whether it has both at once.
        cached: whether it marks what is to be cached, which costs more the first time.
    """

    tokens: int
    max_output: int
    needs: frozenset[Need]
    schema_with_tools: bool
    cached: bool

    @property
    def worst(self) -> Usage:
        """The most that its call can use."""
        if self.cached:
            return Usage(cache_write_5m=self.tokens, output=self.max_output)
        return Usage(input=self.tokens, output=self.max_output)


def size_of(request: Request, tokens: int) -> Size:
    needs: set[Need] = set()
    if request.tools and request.tool_choice != "none":
        needs.add("tools")
    if request.output is not None:
        needs.add("json_schema")
    blocks = [block for message in request.messages for block in message.blocks]
    if any(isinstance(block, Image) for block in blocks):
        needs.add("vision")
    cached = any(getattr(block, "cache", False) for block in (*request.system, *blocks))
    both = {"tools", "json_schema"} <= needs
    return Size(tokens, request.max_output, frozenset(needs), both, cached)


@dataclass(frozen=True, slots=True)
class Chosen:
    """``worst`` is the most that the call can cost in US dollars; ``assumed`` says that no price is known."""

    model: Model
    choice: Choice
    worst: Decimal
    assumed: bool


def choose(want: Want, size: Size, models: Mapping[str, Model], out: Mapping[str, str], facts: Facts) -> Chosen | None:
    """The model to ask, or None when none is left (``unfit`` tells of each why).

    Args:
        want: what is asked for.
        size: of the request.
        models: all there are, by name.
        out: models and providers that this ask must not use any more, and why.
        facts: of now.
    """
    passed = unfit(want, size, models, {**facts.down, **out})
    fit = [model for name, model in models.items() if name not in passed]
    if not fit:
        return None
    worths = _worths(fit, size, facts)
    order = sorted(
        fit,
        key=lambda model: (
            _wish(want, model),
            _blind(want, worths[model.name]),
            _step(want.tier, model),
            -worths[model.name].worth,
        ),
    )
    best = order[0]
    told = [PassedOver(name, why) for name, why in passed.items()]
    told += [PassedOver(one.name, _less(want, best, one, worths)) for one in order[1:]]
    worst = cost(best.provider, best.id, best.override, size.worst)
    because = _because(want, best, worths[best.name], len(order))
    usd = None if worst is None else float(worst)
    choice = Choice(best.provider, best.id, because, tuple(told), usd)
    return Chosen(best, choice, ASSUMED.of(size.worst) if worst is None else worst, worst is None)


def unfit(want: Want, size: Size, models: Mapping[str, Model], down: Mapping[str, str]) -> dict[str, str]:
    """Models that can't be asked, and why."""
    found: dict[str, str] = {}
    for name, model in models.items():
        why = down.get(model.provider) or down.get(name) or _lacks(want, size, model)
        if why:
            found[name] = why
    return found


def _lacks(want: Want, size: Size, model: Model) -> str:
    if want.only and not _among(want.only, model):
        return "it is not among those that were asked for"
    if _among(want.exclude, model):
        return "it is excluded"
    missing = sorted((want.needs | size.needs) - model.can)
    if missing:
        return f"it has no {' and no '.join(missing)}"
    if size.schema_with_tools and not model.schema_with_tools:
        return "it takes no schema together with tools"
    needed = max(size.tokens + size.max_output, want.context)
    if needed > model.context:
        return f"its context has {model.context:,} tokens, and this takes about {needed:,}"
    if size.max_output > model.max_output:
        return f"it answers with {model.max_output:,} tokens at most, and {size.max_output:,} are asked for"
    return ""


def _among(names: tuple[str, ...], model: Model) -> bool:
    return model.provider in names or model.name in names


def _wish(want: Want, model: Model) -> int:
    for place, name in enumerate(want.prefer):
        if name in {model.provider, model.name}:
            return place
    return len(want.prefer)


def _step(tier: Tier, model: Model) -> int:
    """How far from the tier: itself, then dearer ones, then cheaper ones."""
    steps = TIERS.index(model.tier) - TIERS.index(tier)
    return steps if steps >= 0 else len(TIERS) - steps


def _blind(want: Want, worth: _Worth) -> bool:
    """Whether nobody can say what the model costs, and there is a limit to hold: it would be taken for the dearest."""
    return want.job_usd is not None and worth.usd is None


@dataclass(frozen=True, slots=True)
class _Worth:
    chance: float | None
    usd: float | None
    latency: Latency
    worth: float


def _worths(fit: list[Model], size: Size, facts: Facts) -> dict[str, _Worth]:
    usd = {model.name: _typical(model, size) for model in fit}
    dearest = max((one for one in usd.values() if one is not None), default=0.0) or 1.0
    seconds = {name: one.p50 for name, one in facts.latency.items() if name in usd and one.p50 is not None}
    slowest = max(seconds.values(), default=0.0) or 1.0
    middle = sorted(seconds.values())[len(seconds) // 2] if seconds else 0.0
    found: dict[str, _Worth] = {}
    for name, price in usd.items():
        chance = facts.learned.get(name)
        costly = 1.0 if price is None else price / dearest
        slow = seconds.get(name, middle) / slowest
        worth = (UNKNOWN_CHANCE if chance is None else chance) - COST_WEIGHT * costly - LATENCY_WEIGHT * slow
        found[name] = _Worth(chance, price, facts.latency.get(name, Latency()), round(worth, 9))
    return found


def _typical(model: Model, size: Size) -> float | None:
    rates = per_million(model.provider, model.id, model.override)
    if rates is None:
        return None
    return float(rates[0] * size.tokens + rates[1] * min(size.max_output, TYPICAL_OUT)) / 1_000_000


def _because(want: Want, best: Model, worth: _Worth, number: int) -> tuple[str, ...]:
    said: list[str] = []
    if _wish(want, best) < len(want.prefer):
        said.append("The caller prefers it.")
    if best.tier == want.tier:
        said.append(f"It is of the tier {want.tier}.")
    else:
        said.append(f"No model of the tier {want.tier} can be had; it is the nearest, {best.tier}.")
    if number > 1:
        said.append(f"Of {number} that could do it: {_facts(worth)}.")
    return tuple(said)


def _facts(worth: _Worth) -> str:
    parts = ["no price known" if worth.usd is None else f"about ${worth.usd:.6f}"]
    if worth.latency.p50 is not None:
        parts.append(f"{worth.latency.p50:.1f} s")
    if worth.chance is not None:
        parts.append(f"best answer with a chance of {worth.chance:.0%}")
    return ", ".join(parts)


def _less(want: Want, best: Model, other: Model, worths: Mapping[str, _Worth]) -> str:
    if _wish(want, other) > _wish(want, best):
        return f"the caller prefers {best.name}"
    if _blind(want, worths[other.name]) and not _blind(want, worths[best.name]):
        return "its price is not known, and there is a limit in money"
    if _step(want.tier, other) > _step(want.tier, best):
        return f"its tier is {other.tier}"
    return f"less worth: {_facts(worths[other.name])}"
