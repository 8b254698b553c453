"""A/B tests: registered before they start, counted once per unit, read at registered looks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.experiments.model import (
    SHOP_METRICS,
    Assignment,
    Counted,
    Design,
    ExperimentLines,
    ExperimentResult,
    Metric,
    State,
    Variant,
    weights,
)
from devskyy_mcp.experiments.results import ShopNumbers
from devskyy_mcp.experiments.service import Experiments
from devskyy_mcp.llm.round_table.service import BEST, RoundTable
from devskyy_tools.shop.collections import VARIANT_TESTS
from devskyy_tools.shop.session import Shop

from .models import Cursor

experiments = Toolset("experiments", timeout=30, enabled="enable_ab_testing")

MOST_BATCH = 1000
_ANSWER = re.compile(r"#\d{1,3}")
Name = Annotated[str, Field(max_length=40)]
Unit = Annotated[str, Field(min_length=1, max_length=200)]
Units = Annotated[
    list[Unit], Field(min_length=1, max_length=MOST_BATCH, description="Customer or first-party cookie ids; never IPs.")
]
Trust = Literal["untrusted"] | None
Place = Literal["name", "short_description", "picture", "model"]


class Conversion(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    unit: Unit
    value: float = Field(1.0, ge=-1e12, le=1e12)
    key: str = Field("", max_length=200, description="Such as the order's id; the same counts once.")


@experiments.tool("write", scopes="experiments:write", timeout=60, also=["content:write"])
async def experiments_create(
    ctx: Context,
    name: Annotated[str, Field(max_length=40)],
    hypothesis: Annotated[str, Field(min_length=10, max_length=1000)],
    variants: Annotated[list[Variant], Field(description="Control first.")],
    metric: Metric,
    mde: Annotated[float, Field(description="Relative.")],
    guardrails: list[Metric] | None = None,
    unit: Annotated[str, Field(max_length=60)] = "",
    power: float | None = None,
    alpha: float | None = None,
    looks: int | None = None,
    owner: Annotated[str, Field(max_length=100)] = "",
    layer: Annotated[str, Field(max_length=40)] = "",
    layer_percent: float | None = None,
    shop_place: Place | None = None,
    product_ids: list[Annotated[int, Field(ge=1)]] | None = None,
    covariate: Annotated[str, Field(max_length=200)] = "",
    from_round: Annotated[str, Field(max_length=60, description="Content #2: its answer 2.")] = "",
) -> None:
    """Register and start an A/B test; shop_place: on product pages."""
    if (
        shop_place
        and not from_round
        and (odd := next((one for one in variants if _ANSWER.fullmatch(one.content)), None))
    ):
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"Visitors would read {odd.content!r} as it is.",
            "It stands for a round's answer: say which round's by from_round, or write out the text.",
        )
    source, trust, given = await _handed_over(ctx, from_round, variants)
    design = Design(
        name=name,
        hypothesis=hypothesis,
        unit=unit or ("visitor" if shop_place else "customer"),
        variants=given,
        metric=metric,
        guardrails=guardrails or [],
        mde=mde,
        power=0.8 if power is None else power,
        alpha=0.05 if alpha is None else alpha,
        looks=5 if looks is None else looks,
        owner=owner or ctx.principal.name or ctx.principal.id,
        layer=layer,
        share=100.0 if layer_percent is None else layer_percent,
        place=shop_place or "",
        product_ids=product_ids or [],
        covariate=covariate.strip(),
        source=source,
        trust=trust,
    )
    made = await ctx.get(Experiments).register(ctx, design)
    if shop_place:
        await _place(ctx, made.body, made.ref)


@experiments.tool("read", scopes="experiments:read", open_world=False)
async def experiments_list(
    ctx: Context,
    state: State | None = None,
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
    cursor: Cursor | None = None,
) -> ExperimentLines:
    """List A/B tests, newest first."""
    return await ctx.get(Experiments).page(limit, state, cursor)


@experiments.tool("read", scopes="experiments:read", open_world=False)
async def experiments_assign(ctx: Context, experiment: Name, units: Units) -> Assignment:
    """Tell which variant of a test each unit gets; always the same, stored nowhere. It does not count as shown."""
    return await ctx.get(Experiments).assign(experiment, units)


@experiments.tool("write", scopes="experiments:write", open_world=False, idempotent=True)
async def experiments_expose(
    ctx: Context,
    experiment: Name,
    units: Units,
    before: Annotated[
        list[Annotated[float, Field(ge=-1e12, le=1e12)]] | None,
        Field(max_length=MOST_BATCH, description="The registered covariate."),
    ] = None,
) -> Counted:
    """Count that units were shown their variant of a test, each once however often it is told."""
    return await ctx.get(Experiments).expose(experiment, units, before)


@experiments.tool("write", scopes="experiments:write", open_world=False, idempotent=True)
async def experiments_convert(
    ctx: Context,
    experiment: Name,
    metric: Name,
    events: Annotated[list[Conversion], Field(min_length=1, max_length=MOST_BATCH)],
) -> Counted:
    """Count what exposed units of a test did, each event once; who was never exposed is left out."""
    return await ctx.get(Experiments).convert(experiment, metric, [(one.unit, one.key, one.value) for one in events])


@experiments.tool("read", scopes="experiments:read")
async def experiments_results(ctx: Context, experiment: Name) -> ExperimentResult:
    """Read an A/B test: go on, stop, no difference shown, or invalid, with intervals and guardrails.

    A registered look that is due is made and kept; between looks nothing new is shown.
    """

    async def counts(name: str) -> ShopNumbers:
        return _counts(await ctx.get(Shop).find(VARIANT_TESTS, name) or {"variants": []})

    return await ctx.get(Experiments).results(experiment, counts)


@experiments.tool("destroy", scopes="experiments:write")
async def experiments_stop(
    ctx: Context, experiment: Name, reason: Annotated[str, Field(min_length=3, max_length=500)]
) -> None:
    """Stop an A/B test for good; its numbers stay. A test on the shop shows every visitor the page as it is."""
    definition = await ctx.get(Experiments).stop(ctx, experiment, reason)
    if "shop" in definition:
        shop = ctx.get(Shop)
        if await shop.find(VARIANT_TESTS, experiment) is not None:
            await shop.update(VARIANT_TESTS, experiment, {"live": False})


async def _handed_over(ctx: Context, given: str, variants: list[Variant]) -> tuple[str, Trust, list[Variant]]:
    """The round's id, whether its answers may hold customers' texts, and the variants with them as contents: those
    named by number, else the best one as the last variant's.

    Raises:
        Refused: NOT_FOUND; CONFLICT while the round goes on; INVALID_ARGUMENTS for what is not there, or said twice.
    """
    if not given or not variants:
        return given, None, variants
    wanted = {one.key: int(one.content[1:]) for one in variants if _ANSWER.fullmatch(one.content)}
    view, texts = await ctx.get(RoundTable).texts(ctx.principal, given, wanted.values() or [BEST])
    last = variants[-1]
    if not wanted and last.content:
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"The variant {last.key!r} has a content of its own, and is to get the round's best answer.",
            "Leave its content out, or say which variants get which answers: content '#2' stands for answer 2.",
        )
    contents = {key: texts[number] for key, number in wanted.items()} or {last.key: texts[BEST]}
    return (
        view.round,
        view.trust,
        [one.model_copy(update={"content": contents.get(one.key, one.content)}) for one in variants],
    )


async def _place(ctx: Context, definition: Mapping[str, Any], key: object) -> None:
    """Stage its public part for the shop.

    Raises:
        Refused: FORBIDDEN without the scope to change the shop's pages; NOT_CONFIGURED without the plugin; CONFLICT.
    """
    if not ctx.principal.may("content:write"):
        raise Refused(
            Code.FORBIDDEN,
            "A test on the shop changes its pages, which needs content:write.",
            details={"missing_scopes": ["content:write"], "needed_scopes": ["content:write", "experiments:write"]},
        )
    shop = ctx.get(Shop)
    name = str(definition["name"])
    if await shop.find(VARIANT_TESTS, name) is not None:
        raise Refused(Code.CONFLICT, f"The shop has a test called {name} already.", "Choose a new name.")
    variants = [
        {"key": one["key"], "weight": weight, "content": one.get("content", "")}
        for one, weight in zip(definition["variants"], weights(definition), strict=True)
    ]
    public = {"key": key, "salt": definition["salt"], **definition["shop"], "variants": variants}
    if "layer" in definition:
        public |= {"layer": definition["layer"], "slice": definition["slice"]}
    await shop.create(VARIANT_TESTS, public)


def _counts(test: Mapping[str, Any]) -> ShopNumbers:
    squares = [f"{name}_squares" for name, kind in SHOP_METRICS.items() if kind == "mean"]
    counted = ("shown", *SHOP_METRICS, *squares)
    if missing := [name for name in counted if any(name not in one for one in test["variants"])]:
        raise Refused(
            Code.NOT_CONFIGURED,
            f"The shop's DevSkyy plugin is an older one: it does not count {missing[0]}.",
            "Update the plugin: `devskyy plugin build` makes its file.",
        )
    return {
        str(one["key"]): {"units": one["shown"], **{name: one[name] for name in counted[1:]}}
        for one in test["variants"]
    }
