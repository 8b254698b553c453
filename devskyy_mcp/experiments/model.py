"""What a test is registered as, and what is said of it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..errors import Code, Refused
from .assignment import BUCKETS, Assigner

Json = dict[str, Any]
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
Kind = Literal["rate", "mean", "ratio"]
Better = Literal["up", "down"]
State = Literal["running", "stopped"]
Decision = Literal["too_early", "go_on", "stop_efficacy", "stop_harm", "no_difference", "invalid"]
SHOP_METRICS: Mapping[str, Kind] = {"add_to_cart": "rate", "order": "rate", "refund": "rate", "revenue": "mean"}
"""What the companion plugin counts, and as what."""
MOST_UNITS = 50_000_000
MOST_CONTENT = 20_000
"""Characters of a variant's content."""
MOST_ON_SHOP = 2_000
"""As many as the companion plugin takes."""


class _Lazy(BaseModel):
    """Made whole when it is first used: a server that only lists its tools starts sooner."""

    model_config = ConfigDict(defer_build=True)


class _Given(_Lazy):
    model_config = ConfigDict(extra="forbid", strict=True)


class Variant(_Given):
    key: str = Field(max_length=40)
    percent: float
    content: str = Field("", max_length=MOST_CONTENT)


# The primary metric, which needs base (and sd, but for a rate), or a guardrail, which needs margin, the share of the
# control's value that it may worsen. No docstring: models would read it.
class Metric(_Given):
    name: str = Field(max_length=40)
    kind: Kind = Field(description="mean: per unit; ratio: per conversion.")
    better: Better = "up"
    base: float | None = Field(None, ge=1e-9, le=1e12, description="Its value now.")
    sd: float | None = Field(None, gt=0, le=1e12)
    margin: float | None = Field(None, gt=0)


class Design(_Lazy):
    """What is asked for; ``registered`` makes a definition of it."""

    name: str
    hypothesis: str
    unit: str
    variants: Sequence[Variant]
    metric: Metric
    guardrails: Sequence[Metric]
    mde: float
    power: float
    alpha: float
    looks: int
    owner: str
    layer: str = ""
    share: float = 100.0
    place: str = ""
    product_ids: Sequence[int] = ()
    covariate: str = ""
    """What is known of each unit from before the test; empty for nothing."""
    source: str = ""
    """Where the variants come from, such as a round table's id: kept, shown, and nothing else."""
    trust: Literal["untrusted"] | None = None
    """Whether what they come from may hold customers' texts."""


def registered(design: Design, free: tuple[int, int]) -> Json:
    """The definition that is kept: all of the design, with what follows from it.

    Args:
        design: what is asked for.
        free: the slice of its layer that it gets.

    Raises:
        Refused: INVALID_ARGUMENTS for what is no test, with what is wrong.
    """
    from .sequential import inflation
    from .statistics import WINSORISED, sample_size

    _check(design)
    metric = design.metric
    comparisons = len(design.variants) - 1
    signed = design.mde if metric.better == "up" else -design.mde
    level = design.alpha / comparisons
    planned = sample_size(
        metric.kind, metric.base or 0.0, signed, metric.sd or 0.0, level, design.power,
        inflation(level, design.power, design.looks),
    )  # fmt: skip
    if planned > MOST_UNITS:
        raise _wrong(f"It would take {planned:,} {per(metric.kind)} in each variant.", "Give a larger mde.")
    found: Json = {
        "name": design.name,
        "hypothesis": design.hypothesis,
        "unit": design.unit,
        "salt": design.name,
        "variants": [one.model_dump(exclude_defaults=True) for one in design.variants],
        "metric": metric.model_dump(exclude_none=True),
        "guardrails": [one.model_dump(exclude_none=True) for one in design.guardrails],
        "mde": design.mde,
        "power": design.power,
        "alpha": design.alpha,
        "looks": design.looks,
        "planned": planned,
        "stopping": stopping_rule(design.looks, planned, metric.kind),
        "owner": design.owner,
    }
    if any(one.kind != "rate" for one in (metric, *design.guardrails)):
        found["winsorised"] = WINSORISED
    if design.covariate:
        found["covariate"] = design.covariate
    if design.source:
        found["source"] = design.source
    if design.trust:
        found["trust"] = design.trust
    if design.layer:
        found |= {"layer": design.layer, "slice": list(free)}
    if design.place:
        found["shop"] = {"place": design.place, "product_ids": sorted(set(design.product_ids))}
    return found


def per(kind: Kind) -> str:
    """What the plan counts."""
    return "conversions" if kind == "ratio" else "units"


def stopping_rule(looks: int, planned: int, kind: Kind) -> str:
    end = f"at {planned:,} {per(kind)} in each variant"
    if looks == 1:
        return f"One look, {end}."
    return f"At the first of {looks} equal looks that crosses the O'Brien-Fleming bound, else {end}."


def weights(definition: Mapping[str, Any]) -> list[int]:
    """In 10,000ths."""
    return [round(one["percent"] * 100) for one in definition["variants"]]


def assigner(definition: Mapping[str, Any]) -> Assigner:
    keys = [one["key"] for one in definition["variants"]]
    first, end = definition.get("slice", (0, BUCKETS))
    return Assigner(definition["salt"], keys, weights(definition), definition.get("layer", ""), (first, end))


def digest(definition: Mapping[str, Any]) -> str:
    """SHA-256 of the definition as canonical JSON: what a test was registered as, in one word."""
    text = json.dumps(definition, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _check(design: Design) -> None:
    keys = [one.key for one in design.variants]
    metrics = [design.metric, *design.guardrails]
    names = [one.name for one in metrics]
    for name in (design.name, *keys, *names):
        if not _NAME.fullmatch(name):
            raise _wrong(f"{name[:40]!r} is no name.", "Small letters, digits, - and _, 40 at most, a letter first.")
    if not 2 <= len(keys) <= 10 or len(set(keys)) < len(keys):
        raise _wrong("A test has 2 to 10 variants, each with a key of its own.")
    if len(names) > 11 or len(set(names)) < len(names):
        raise _wrong("A test has at most 10 guardrails, and no two metrics of the same name.")
    _check_weights(design.variants)
    _check_numbers(design)
    if design.place:
        _check_shop(design)
    elif design.product_ids:
        raise _wrong("product_ids are for a test on the shop.", "Give shop_place as well, or leave them out.")
    if design.covariate and design.metric.kind == "ratio":
        raise _wrong("CUPED is for rates and means, not for a ratio.", "Leave out covariate.")
    if design.share != 100 and not design.layer:
        raise _wrong("layer_percent is of a layer.", "Give layer as well, or leave it out.")


def _check_weights(variants: Sequence[Variant]) -> None:
    shares = [one.percent * 100 for one in variants]
    fine = all(0.5 < one < BUCKETS and abs(one - round(one)) < 1e-6 for one in shares)
    if not fine or sum(map(round, shares)) != BUCKETS:
        raise _wrong(
            f"The variants' percents make {sum(one.percent for one in variants):g}, not 100.",
            "Give them above 0 and with two decimals at most, so that they make 100: 33.34, 33.33 and 33.33.",
        )


def _check_numbers(design: Design) -> None:
    metric, mde = design.metric, design.mde
    for name, value, least, most in (
        ("power", design.power, 0.5, 0.99),
        ("alpha", design.alpha, 0.001, 0.2),
        ("looks", design.looks, 1, 20),
        ("mde", mde, 1e-4, 10),
        ("layer_percent", design.share, 1, 100),
    ):
        if not least <= value <= most:
            raise _wrong(f"{name} is {value:g}; it lies between {least:g} and {most:g}.")
    if metric.base is None:
        raise _wrong(f"{metric.name} needs base, the control's value as it is now.")
    if metric.kind == "rate":
        goal = metric.base * (1 + mde if metric.better == "up" else 1 - mde)
        if not 0 < metric.base < 1 or not 0 < goal < 1:
            raise _wrong(
                f"A rate lies between 0 and 1; from {metric.base:g} an mde of {mde:g} leads to {goal:g}.",
                "base is a share such as 0.03, mde a share of base such as 0.1 for a tenth more.",
            )
    elif metric.sd is None:
        raise _wrong(f"{metric.name} needs sd, its standard deviation, to plan how many units it takes.")
    for one in design.guardrails:
        if one.margin is None or one.margin >= 1:
            raise _wrong(f"The guardrail {one.name} needs margin, the share of the control's value it may worsen.")


def _check_shop(design: Design) -> None:
    if not 1 <= len(design.product_ids) <= 500:
        raise _wrong("A test on the shop needs product_ids, 500 at most.")
    if design.covariate:
        raise _wrong(
            "Of the shop's visitors nothing is known from before: they are a cookie's random id.",
            "Leave out covariate; a test of customers, that a program counts, can have one.",
        )
    for metric in (design.metric, *design.guardrails):
        if SHOP_METRICS.get(metric.name) != metric.kind:
            kinds = ", ".join(f"{name} as a {kind}" for name, kind in SHOP_METRICS.items())
            raise _wrong(f"The shop does not count {metric.name} as a {metric.kind}.", f"It counts {kinds}.")
    contents = [one.content for one in design.variants]
    if (longest := max(map(len, contents))) > MOST_ON_SHOP:
        raise _wrong(f"A variant shows {longest:,} characters; on the shop {MOST_ON_SHOP:,} are the most.")
    if len(set(contents)) < len(contents):
        raise _wrong("Two variants show the same.", "Give each another content; empty leaves the page as it is.")
    if design.place == "model" and set(contents) - {"", "off"}:
        raise _wrong("For the place model a variant's content is empty or off.")


def _wrong(message: str, hint: str = "") -> Refused:
    return Refused(Code.INVALID_ARGUMENTS, message, hint)


class ExperimentLine(_Lazy):
    name: str
    state: State
    hypothesis: str
    metric: str
    owner: str
    created_at: str
    ended_at: str | None = None
    on_shop: bool
    source: str | None = Field(default=None, description="Where its variants come from.")


class ExperimentLines(_Lazy):
    experiments: list[ExperimentLine]
    next_cursor: str | None = Field(default=None, description="For the next page; absent on the last.")


class Assignment(_Lazy):
    """``variants``: by unit; null for who is not in the test."""

    experiment: str
    variants: dict[str, str | None]


class Counted(_Lazy):
    """What of a batch is new."""

    experiment: str
    counted: int = Field(description="New; what was known already counts once.")
    known: int
    outside: int = Field(description="Not in the test, or never exposed.")
    variants: dict[str, str | None] | None = Field(default=None, description="By unit.")


class ArmView(_Lazy):
    variant: str
    units: int
    value: float | None = Field(default=None, description="Of the primary metric.")
    conversions: int | None = None


class Comparison(_Lazy):
    """A variant against the control, the first one."""

    variant: str
    difference: float
    relative: float | None = None
    low: float = Field(description="Of a confidence interval that holds over all looks.")
    high: float
    z: float
    p: float = Field(description="Two-sided, nominal.")
    p_needed: float = Field(description="Below it this look decides.")
    differs: bool


class GuardrailView(_Lazy):
    metric: str
    variant: str
    control: float
    value: float
    margin: float
    p: float = Field(description="One-sided, that it is worse by the margin or more.")
    holds: bool = Field(description="Worse by less than the margin.")


class Split(_Lazy):
    """Whether the units are split as registered (chi-square); a p below 0.0005 is an alarm."""

    p: float
    ok: bool


class LookView(_Lazy):
    number: int
    of: int
    at: str
    fraction: float = Field(description="Of the planned information.")


class ExperimentResult(_Lazy):
    experiment: str
    state: State
    decision: Decision
    words: str
    hypothesis: str
    sha256: str = Field(description="Of the registered definition.")
    planned: int = Field(description="Units in each variant; of a ratio conversions.")
    fraction: float = Field(description="Of the planned information there is now.")
    split: Split
    arms: list[ArmView] = Field(description="Units as of now; values as of the last look.")
    look: LookView | None = Field(default=None, description="The last; what follows is as of then.")
    comparisons: list[Comparison] | None = None
    guardrails: list[GuardrailView] | None = None
    cuped: float | None = Field(default=None, description="Share of variance that values from before took away.")
    next_look_at: int | None = Field(default=None, description="Units (of a ratio conversions) in each variant.")
    definition: dict[str, Any] = Field(description="As registered.")
    trust: Literal["untrusted"] | None = Field(default=None, description="Customers' texts may be in it.")
