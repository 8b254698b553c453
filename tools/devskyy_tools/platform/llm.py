"""Language models: which can be asked, and what asking them has cost."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.llm.gateway import Gateway
from devskyy_mcp.llm.names import By, Name, Tier

from .audit import moment

if TYPE_CHECKING:
    from devskyy_mcp.llm.report import Standing

llm = Toolset("llm", timeout=20)


class ModelLine(BaseModel):
    model: str = Field(description="provider/id.")
    tier: Tier
    state: Literal["ready", "resting", "off"]
    why: str | None = Field(default=None, description="Why it can't be asked now.")
    can: list[str]
    context: int = Field(description="Tokens that it takes in.")
    input_usd: float | None = Field(default=None, description="For a million tokens; absent where not known.")
    output_usd: float | None = None
    calls: int = Field(description="Of the last week; errors among them.")
    errors: int
    p50_s: float | None = None
    p95_s: float | None = None


class ModelLines(BaseModel):
    models: list[ModelLine]


class UsageLine(BaseModel):
    name: str
    calls: int
    errors: int
    tokens_in: int
    tokens_cached: int
    tokens_out: int
    cost_usd: float | None = Field(
        default=None, description="Absent where no price is known. Calls without a whole answer count at their most."
    )
    unpriced: int = Field(description="Calls whose price is not known; cost_usd leaves them out.")


class UsageReport(BaseModel):
    since: str
    until: str
    rows: list[UsageLine] = Field(description="The dearest first.")
    total: UsageLine


@llm.tool("read", scopes="usage:read", open_world=False)
async def llm_models_list(ctx: Context, provider: Name | None = None, tier: Tier | None = None) -> ModelLines:
    """List language models: which can be asked now and why not, tier, price, speed and errors of the last week."""
    from devskyy_mcp.llm.report import standings

    return ModelLines(models=[_line(one) for one in await standings(ctx.get(Gateway), provider, tier)])


def _line(one: Standing) -> ModelLine:
    took = one.latency
    return ModelLine(
        model=one.model.name,
        tier=one.model.tier,
        state=one.state,
        why=one.why or None,
        can=sorted(one.model.can),
        context=one.model.context,
        input_usd=one.input_usd,
        output_usd=one.output_usd,
        calls=took.calls,
        errors=took.errors,
        p50_s=took.p50,
        p95_s=took.p95,
    )


@llm.tool("read", scopes="usage:read", open_world=False)
async def llm_usage_report(
    ctx: Context,
    since: Annotated[str, Field(max_length=40, description="Such as 2026-03-01T08:00:00Z.")],
    until: Annotated[str, Field(max_length=40)] | None = None,
    by: By = "model",
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
) -> UsageReport:
    """Sum what language models cost in a time: calls, errors, tokens and dollars by model, agent, person or day."""
    from devskyy_mcp.llm.report import usage

    first = moment(since, "since")
    last = moment(until, "until") if until else datetime.now(UTC)
    # Whose calls they were is told to those who may see the audit; others see their own.
    own = by == "principal" and not ctx.principal.may("audit:read")
    whose = ctx.principal.id if own else None
    rows, total = await usage(ctx.get(Gateway), by, _micros(first), _micros(last), whose, limit)
    return UsageReport(
        since=_iso(first),
        until=_iso(last),
        rows=[UsageLine(**asdict(row)) for row in rows],
        total=UsageLine(**asdict(total)),
    )


def _micros(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
