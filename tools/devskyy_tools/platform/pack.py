"""Declares the platform's pack."""

from __future__ import annotations

from pathlib import Path

from devskyy_mcp.agents.offers import Offers
from devskyy_mcp.capability import Pack, Registry, Resource
from devskyy_mcp.changes.model import Systems
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context, Services
from devskyy_mcp.db.database import Database
from devskyy_mcp.experiments.service import SYSTEM, Experiments
from devskyy_mcp.find.tools import ToolIndex
from devskyy_tools.shop.provide import provide_shop

from .agents import agents, server
from .assets import asset_ids, assets, read_asset
from .audit import audit
from .experiments import experiments
from .jobs import job_ids, jobs, read_job
from .llm import llm
from .reports import changes, read_csv, read_json  # with the tool that is declared there
from .resources import change_ids, read_change, read_result
from .tools import tools


async def _jobs(ctx: Context, prefix: str) -> list[str]:
    return await job_ids(ctx, "id", prefix)


async def _changes(ctx: Context, prefix: str) -> list[str]:
    return await change_ids(ctx, "id", prefix)


async def _experiments(ctx: Context, prefix: str) -> list[str]:
    lines = await ctx.get(Experiments).page(100, None, None)
    return [line.name for line in lines.experiments if line.name.startswith(prefix)]


def _provide(services: Services) -> None:
    if services.has(Offers):
        services.get(Offers).add("experiments", "experiments:read", _experiments)
        services.get(Offers).add("jobs", "jobs:read", _jobs)
        services.get(Offers).add("changes", "changes:read", _changes)
    services.share(
        ToolIndex, lambda found: ToolIndex(found.get(Registry), found.get(Settings).cache_dir / "find/tools")
    )
    provide_shop(services)
    services.share(Experiments, lambda found: Experiments(found.get(Database)))
    services.get(Systems).add(SYSTEM, lambda: services.get(Experiments))


pack = Pack(
    "platform",
    toolsets=[tools, changes, jobs, assets, audit, agents, server, llm, experiments],
    resources=[
        Resource(
            "devskyy://changes/{id}",
            "change",
            "Change",
            "One change: what was planned or done, with outcomes.",
            read_change,
            scopes=frozenset({"changes:read"}),
            complete=change_ids,
        ),
        Resource(
            "devskyy://change-reports/{report}/json",
            "change-report",
            "What changed, as JSON",
            "All that a report of changes_report has, with whole values.",
            read_json,
            scopes=frozenset({"changes:read"}),
        ),
        Resource(
            "devskyy://change-reports/{report}/csv",
            "change-report-csv",
            "What changed, as CSV",
            "The same, a row per field.",
            read_csv,
            mime_type="text/csv",
            scopes=frozenset({"changes:read"}),
            texts="outside",
        ),
        Resource(
            "devskyy://results/{id}",
            "result",
            "Result",
            "A result that was too large to be given at once, whole, for a day.",
            read_result,
        ),
        Resource(
            "devskyy://assets/{id}",
            "asset",
            "Kept file",
            "A picture, 3D model, film or table that this server keeps, in its own media type.",
            read_asset,
            mime_type="application/octet-stream",
            scopes=frozenset({"media:read"}),
            complete=asset_ids,
        ),
        Resource(
            "devskyy://jobs/{id}",
            "job",
            "Job",
            "One job: how far it is, and what it gave.",
            read_job,
            scopes=frozenset({"jobs:read"}),
            complete=job_ids,
        ),
    ],
    provides=_provide,
    phrases=Path(__file__).with_name("phrases.toml"),
)
