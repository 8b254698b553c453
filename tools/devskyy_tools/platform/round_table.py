"""The round table: several models answer one brief, others judge blindly, the best answer is picked."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from devskyy_mcp.capability import JobPolicy, Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.experiments.service import Experiments
from devskyy_mcp.llm.round_table.brief import (
    LONGEST_PROMPT,
    Criterion,
    HardChecks,
    Kind,
    Mode,
    RubricName,
    freeze,
)
from devskyy_mcp.llm.round_table.models import RoundResult, RoundView, Standings
from devskyy_mcp.llm.round_table.service import RoundTable

round_table = Toolset("round_table", timeout=30, enabled="enable_round_table")

RoundId = Annotated[str, Field(max_length=60, description="The job's id.")]


@round_table.tool("generate", scopes="agents:write", job=JobPolicy(deadline=3600))
async def round_table_start(
    ctx: Context,
    kind: Kind,
    prompt: Annotated[str, Field(min_length=1, max_length=LONGEST_PROMPT)],
    rubric: Annotated[RubricName | list[Criterion], Field(description="3 to 6 criteria.")] = "copy",
    checks: HardChecks | None = None,
    mode: Annotated[Mode, Field(description="fuse: of the best; cascade: cheap first.")] = "compete",
    k: Annotated[int, Field(ge=1, le=6)] = 3,
    budget_usd: Annotated[float, Field(gt=0, le=100)] = 1.0,
    deadline_s: Annotated[float, Field(ge=5, le=600)] = 120.0,
    output_schema: dict[str, Any] | None = None,
    again: Annotated[bool, Field(description="Play it anew.")] = False,
) -> RoundResult:
    """Have several language models answer one brief; others judge blindly and the best answer wins."""
    brief = freeze(
        {
            "kind": kind,
            "prompt": prompt,
            "checks": checks or HardChecks(),
            "mode": mode,
            "k": k,
            "budget_usd": budget_usd,
            "deadline_s": deadline_s,
            "output_schema": output_schema,
        },
        rubric,
    )
    return await ctx.get(RoundTable).play(ctx, brief, again=again)


@round_table.tool("read", scopes="agents:read", open_world=False)
async def round_table_show(ctx: Context, round: RoundId) -> RoundView:  # noqa: A002 # people's word
    """Show a round: every answer, why some were disqualified, scores with evidence, how it was decided, its cost."""
    view = await ctx.get(RoundTable).show(ctx.principal, round)
    return view.model_copy(update={"experiments": await ctx.get(Experiments).made_from(view.round) or None})


@round_table.tool("write", scopes="agents:write", open_world=False, idempotent=True)
async def round_table_pick(
    ctx: Context,
    round: RoundId,  # noqa: A002 # the same
    number: Annotated[int, Field(ge=1, le=20)],
) -> RoundView:
    """Say which answer of a round a person holds for the best. It counts as five rounds, and rates the judges."""
    return await ctx.get(RoundTable).pick(ctx.principal, round, number)


@round_table.tool("read", scopes="agents:read", open_world=False)
async def round_table_standings(ctx: Context, kind: Kind | None = None) -> Standings:
    """Rank language models by rounds won per kind of task, with 95 % intervals, and tell how steady judges are."""
    return await ctx.get(RoundTable).standings(kind)
