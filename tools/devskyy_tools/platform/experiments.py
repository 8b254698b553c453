"""A/B tests: registered before they start, counted once per unit, read at registered looks."""

from __future__ import annotations

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
    Guardrail,
    Name,
    PrimaryMetric,
    State,
    Variant,
    weights,
)
from devskyy_mcp.experiments.service import Experiments
from devskyy_tools.shop.collections import VARIANT_TESTS
from devskyy_tools.shop.session import Shop

from .models import Cursor

experiments = Toolset("experiments", timeout=30, enabled=lambda settings: settings.enable_ab_testing)

MOST_BATCH = 1000
Unit = Annotated[str, Field(min_length=1, max_length=200)]
Units = Annotated[
    list[Unit], Field(min_length=1, max_length=MOST_BATCH, description="Customer or first-party cookie ids; never IPs.")
]
Place = Literal["name", "short_description", "picture", "model"]


class Conversion(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    unit: Unit
    value: float = Field(1.0, ge=-1e12, le=1e12)
    key: str = Field("", max_length=200, description="Such as the order's id; the same counts once.")


@experiments.tool("write", scopes="experiments:write", timeout=60)
async def experiments_create(
    ctx: Context,
    name: Name,
    hypothesis: Annotated[str, Field(min_length=10, max_length=1000)],
    variants: Annotated[list[Variant], Field(min_length=2, max_length=10, description="The control first.")],
    metric: PrimaryMetric,
    mde: Annotated[float, Field(ge=1e-4, le=10, description="Smallest difference worth finding, a share of base.")],
    guardrails: Annotated[list[Guardrail], Field(max_length=10)] = [],  # noqa: B006 # pydantic copies it
    unit: Annotated[str, Field(max_length=60)] = "customer",
    power: Annotated[float, Field(ge=0.5, le=0.99)] = 0.8,
    alpha: Annotated[float, Field(ge=0.001, le=0.2)] = 0.05,
    looks: Annotated[int, Field(ge=1, le=20)] = 5,
    owner: Annotated[str, Field(max_length=100)] = "",
    layer: Annotated[str, Field(max_length=40, description="Tests of one layer exclude each other.")] = "",
    share: Annotated[float, Field(ge=1, le=100, description="Percent of the layer.")] = 100.0,
    place: Annotated[Place | None, Field(description="Test on product pages, by the DevSkyy plugin.")] = None,
    product_ids: Annotated[list[Annotated[int, Field(ge=1)]], Field(max_length=500)] = [],  # noqa: B006
) -> None:
    """Register an A/B test for good and start it. What is registered decides how its result is read."""
    design = Design(
        name=name,
        hypothesis=hypothesis,
        unit="visitor" if place else unit,
        variants=variants,
        metric=metric,
        guardrails=guardrails,
        mde=mde,
        power=power,
        alpha=alpha,
        looks=looks,
        owner=owner or ctx.principal.name or ctx.principal.id,
        layer=layer,
        share=share,
        place=place or "",
        product_ids=product_ids,
    )
    made = await ctx.get(Experiments).register(ctx, design)
    if place:
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
        Field(max_length=MOST_BATCH, description="The metric before the test, for CUPED."),
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

    async def counts(name: str) -> Mapping[str, Mapping[str, int]]:
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
    await shop.create(VARIANT_TESTS, public)


def _counts(test: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    return {
        str(one["key"]): {"units": int(one["shown"]), **{name: int(one[name]) for name in SHOP_METRICS}}
        for one in test["variants"]
    }
